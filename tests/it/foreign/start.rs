//! Programs start as they expect to, get signals, and end as they end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use alpsckpt::foreign::inside::SupervisorOptions;
use alpsckpt::foreign::{Backend, Ended, Network, Supervised, Then, TroubleKind};

use super::{PATIENCE, Scene, User, end, users};
use crate::support::{can_unshare, have_programs};

#[test]
fn a_program_starts_as_it_expects_and_its_status_is_true() {
    for user in users("a_program_starts_as_it_expects_and_its_status_is_true") {
        let scene = Scene::new(user, None);
        let script = "echo \"$MARK:$$:$PWD:$(ls /proc/self/fd | wc -w)\"; grep -E 'Cap(Prm|Eff|Inh|Amb)|SigBlk|SigIgn|NoNew' \
                      /proc/self/status; umask; exit 5";
        let mut supervised = scene.supervised();
        supervised.start(&scene.shell(script)).unwrap();
        assert_eq!(end(&mut supervised), Ended::Code(5), "{user:?}");
        let said = scene.said();
        // `ls` has its own.
        let first = format!("an environment:1002:{}:4", scene.folder.path().display());
        assert_eq!(said.lines().next(), Some(first.as_str()), "{user:?}: {said}");
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb", "SigBlk"] {
            assert!(said.contains(&format!("{set}:\t0000000000000000")), "{user:?}: {said}");
        }
        // The two that the C library keeps for itself are ignored in each program that `posix_spawn` has started.
        assert!(
            ["000000000", "180000000"].iter().any(|own| said.contains(&format!("SigIgn:\t0000000{own}"))),
            "{said}"
        );
        assert!(said.contains("NoNewPrivs:\t1"), "{said}");
    }
}

#[test]
fn signals_reach_the_program_and_kill_it_truly() {
    for user in users("signals_reach_the_program_and_kill_it_truly") {
        let scene = Scene::new(user, None);
        let mut supervised = scene.supervised();
        supervised
            .start(&scene.shell("trap 'echo got' USR2; echo ready; while :; do sleep 0.01; done"))
            .unwrap();
        scene.wait_for("ready");
        assert_eq!(supervised.ended().unwrap(), None);
        let tasks = supervised.tasks();
        assert!(tasks.len() >= 2, "{tasks:?}");
        assert!(supervised.signal(64).is_err() && supervised.signal(0).is_err());
        supervised.signal(nix::libc::SIGUSR2).unwrap();
        scene.wait_for("got");
        supervised.signal(nix::libc::SIGTERM).unwrap();
        assert_eq!(end(&mut supervised), Ended::Signal(15), "{user:?}");
        for (signal, how) in [("SEGV", 11), ("KILL", 9), ("ABRT", 6)] {
            supervised.start(&scene.shell(&format!("kill -{signal} $$"))).unwrap();
            assert_eq!(end(&mut supervised), Ended::Signal(how), "{user:?}");
        }
        supervised.start(&scene.shell("trap '' TERM; echo deaf; sleep 600 & sleep 600; echo never")).unwrap();
        scene.wait_for("deaf");
        let tasks = supervised.tasks();
        supervised.kill();
        assert!(tasks.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()), "{tasks:?}");
        assert!(supervised.ended().unwrap_err().what.contains("was ended"));
        assert!(supervised.signal(15).is_err());
    }
}

#[test]
fn what_cannot_be_started_says_why() {
    if !can_unshare("what_cannot_be_started_says_why", "--user") {
        return;
    }
    let scene = Scene::new(User::Own, None);
    // By hand, where it would mount over the machine's own /proc.
    let by_hand = std::process::Command::new(&scene.program).args(["job", "init"]).output().unwrap();
    let told = String::from_utf8_lossy(&by_hand.stderr).into_owned();
    assert!(by_hand.status.code() == Some(70) && told.contains("the first process of namespaces"), "{told}");
    let mut supervised = scene.supervised();
    let missing = supervised.start(&scene.program(&["/nowhere/program"])).unwrap_err();
    assert!(missing.what.contains("/nowhere/program") && missing.what.contains("No such file"), "{missing}");
    let mut elsewhere = scene.shell("true");
    elsewhere.directory = "/nowhere".into();
    let trouble = supervised.start(&elsewhere).unwrap_err();
    assert!(trouble.what.contains("the folder /nowhere"), "{trouble}");
    let mut unwritable = scene.shell("true");
    unwritable.output = "/nowhere/out".into();
    let trouble = supervised.start(&unwritable).unwrap_err();
    assert!(trouble.what.contains("/nowhere/out"), "{trouble}");
    let trouble = supervised.dump(&scene.image("none"), Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Unavailable, "without CRIU: {trouble}");
    // It can be used again.
    supervised.start(&scene.shell("exit 3")).unwrap();
    assert_eq!(end(&mut supervised), Ended::Code(3));
}

#[test]
fn a_node_that_forbids_namespaces_is_told_with_what_root_must_do() {
    let test = "a_node_that_forbids_namespaces_is_told_with_what_root_must_do";
    if !have_programs(test, &["unshare", "mount"]) || !can_unshare(test, "--user") {
        return;
    }
    let scene = Scene::new(User::Own, None);
    let own = scene.program.display();
    // The limits are those of a user namespace: one of its own spoils nothing for others.
    let limited = |kind: &str| {
        let set = format!("echo 0 > /proc/sys/user/max_{kind}_namespaces");
        (
            format!("exec unshare --user --map-root-user sh -c '{set}; exec {own} \"$@\"' x \"$@\""),
            format!("max_{kind}_namespaces"),
        )
    };
    let mut nodes: Vec<(String, String)> = ["user", "pid", "mnt", "time", "net"].map(limited).into();
    if nix::unistd::geteuid().is_root() {
        let covered =
            format!("exec unshare --mount sh -c 'mount -t tmpfs none /proc/sys; exec {own} \"$@\"' x \"$@\"");
        nodes.push((covered, "parts of /proc are covered".to_owned()));
        let chroot = format!(
            "exec unshare --mount sh -c 'mount --rbind / /mnt && exec chroot /mnt {own} \"$@\"' x \"$@\""
        );
        nodes.push((chroot, "never allowed in a chroot".to_owned()));
    }
    for (script, words) in nodes {
        let wrapper = scene.path("node");
        fs::write(&wrapper, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
        let options = SupervisorOptions { program: wrapper, ..SupervisorOptions::default() };
        let mut supervised = Supervised::new(None, options);
        let mut program = scene.shell("true");
        program.network = Network::Private;
        let trouble = supervised.start(&program).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Unavailable, "{words}: {trouble}");
        assert!(trouble.cure.contains(&words), "{words}: {trouble}");
    }
}
