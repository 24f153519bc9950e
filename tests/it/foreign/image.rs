//! Programs are dumped, and go on from their images.

use std::fs;

use alpsckpt::foreign::{Backend, Clocks, Ended, Network, Then, TroubleKind};

use super::{PATIENCE, Scene, User, criu, dump, end, names_in, parent, until, users};
use crate::support::have_programs;

/// Counts, and says of what it keeps; ends with 5.
const COUNTING: &str = "umask 027; cd /; declare -i n=0; trap 'echo usr1' USR1; (trap '' USR1; exec sleep 600) & \
    while [ ! -e \"$0/stop\" ]; do n+=1; echo \"n $n\"; sleep 0.01; done; \
    echo \"end $MARK $(umask) $PWD $(jobs -r | wc -l) $$\"; exit 5";

#[test]
fn a_program_is_dumped_and_goes_on_any_number_of_times() {
    let test = "a_program_is_dumped_and_goes_on_any_number_of_times";
    let Some(criu) = criu(test) else { return };
    for user in users(test) {
        let scene = Scene::new(user, Some(criu.clone()));
        let count = || {
            let said = scene.said();
            let last = said.lines().rev().find_map(|line| line.strip_prefix("n ")?.parse::<u64>().ok());
            last.unwrap_or(0)
        };
        let program = scene.program(&["bash", "-c", COUNTING, scene.folder.path().to_str().unwrap()]);
        let first = scene.image("first");
        let mut supervised = scene.supervised();
        supervised.start(&program).unwrap();
        until("it counts", || count() > 3);
        let clocks = dump(&mut supervised, &first, Then::Ends);
        assert!(supervised.tasks().is_empty() && supervised.ended().is_err());
        let at_dump = count();
        // A second image of the restored one, which is restored again; then the first again, as if the second were bad.
        let second = scene.image("second");
        supervised = scene.supervised();
        supervised.restore(&program, &first, clocks).unwrap();
        until("it counts on", || count() > at_dump);
        let later = dump(&mut supervised, &second, Then::Ends);
        assert!(later.monotonic > clocks.monotonic && later.boottime > clocks.boottime);
        for (image, clocks) in [(&second, later), (&first, clocks), (&second, later)] {
            let _ = fs::remove_file(scene.path("stop"));
            let mut supervised = scene.supervised();
            supervised.restore(&program, image, clocks).unwrap();
            let before = scene.said().matches("usr1").count();
            supervised.signal(nix::libc::SIGUSR1).unwrap();
            until("it gets the signal", || scene.said().matches("usr1").count() > before);
            fs::write(scene.path("stop"), "").unwrap();
            assert_eq!(end(&mut supervised), Ended::Code(5), "{user:?}");
        }
        let said = scene.said();
        assert_eq!(said.matches("end an environment 0027 / 1 1002").count(), 3, "{user:?}: {said}");
        assert_eq!(said.matches("usr1").count(), 3, "one for each: {said}");
    }
}

#[test]
fn what_a_shell_leaves_behind_is_in_the_image() {
    let test = "what_a_shell_leaves_behind_is_in_the_image";
    let Some(criu) = criu(test) else { return };
    let scene = Scene::new(User::Own, Some(criu));
    let mut supervised = scene.supervised();
    // A daemon of a shell that has ended, in a session of its own; the program waits for its word.
    let script = "(setsid bash -c 'while [ ! -e ask ]; do sleep 0.01; done; echo answer > answer' &) ; echo ready; \
                  while [ ! -e answer ]; do sleep 0.01; done; cat answer; exit 4";
    let program = scene.shell(script);
    supervised.start(&program).unwrap();
    scene.wait_for("ready");
    until("the daemon is the tree's", || supervised.tasks().len() >= 3);
    let mut clocks = Clocks::default();
    for generation in 0..2 {
        let image = scene.image(&format!("image{generation}"));
        clocks = dump(&mut supervised, &image, Then::Ends);
        supervised = scene.supervised();
        supervised.restore(&program, &image, clocks).unwrap();
        let tasks = supervised.tasks();
        let parents: Vec<_> = tasks.iter().filter_map(|task| parent(*task)).collect();
        let root =
            tasks.iter().find(|task| parent(**task).is_some_and(|above| !tasks.contains(&above))).unwrap();
        let below = parents.iter().filter(|above| *above == root).count();
        assert!(below >= 2, "the tree's root takes in what is left: {below} of {tasks:?}");
    }
    assert!(clocks.monotonic > 0);
    fs::write(scene.path("ask"), "").unwrap();
    assert_eq!(end(&mut supervised), Ended::Code(4));
    assert!(scene.said().contains("answer"));
}

/// CRIU itself lets an image with such a file be restored once, and one of a program that goes on not at all.
#[test]
fn a_removed_file_with_other_names_is_there_at_each_restore() {
    let test = "a_removed_file_with_other_names_is_there_at_each_restore";
    let Some(criu) = criu(test) else { return };
    for user in users(test) {
        let scene = Scene::new(user, Some(criu.clone()));
        let script = "echo kept > a; ln a b; exec 7<a; rm a; echo ready; while [ ! -e stop ]; do sleep 0.01; done; \
                      cat <&7; [ b -ef /proc/self/fd/7 ] && echo same";
        let program = scene.shell(script);
        let mut supervised = scene.supervised();
        supervised.start(&program).unwrap();
        scene.wait_for("ready");
        let refused = scene.image("refused");
        let trouble =
            supervised.dump(&refused, Then::Ends, PATIENCE, &mut |_| Err("no".to_owned())).unwrap_err();
        if trouble.cure.contains("before 6.10") {
            // The kernel of Debian 12 is such a one.
            assert!(
                trouble.kind == TroubleKind::Undumpable && supervised.ended().unwrap().is_none(),
                "{trouble}"
            );
            continue;
        }
        assert_eq!(trouble.kind, TroubleKind::Refused, "{trouble}");
        let images = ["periodic", "last"].map(|name| scene.image(name));
        let links =
            || names_in(scene.folder.path()).into_iter().filter(|n| n.starts_with("link_remap")).collect();
        let none: Vec<String> = links();
        assert!(none.is_empty(), "{user:?}: {none:?}");
        let mut clocks = dump(&mut supervised, &images[0], Then::Runs);
        clocks = Clocks { monotonic: dump(&mut supervised, &images[1], Then::Ends).monotonic, ..clocks };
        for (at, image) in [&images[0], &images[1], &images[1], &images[0]].into_iter().enumerate() {
            let mut supervised = scene.supervised();
            supervised.restore(&program, image, clocks).unwrap();
            fs::write(scene.path("stop"), "").unwrap();
            assert_eq!(end(&mut supervised), Ended::Code(0), "{user:?}: {}", scene.said());
            assert_eq!(scene.said().matches("kept\nsame").count(), at + 1, "{user:?}: {}", scene.said());
            fs::remove_file(scene.path("stop")).unwrap();
        }
        for image in &images {
            // It is not asked of a folder that is somebody else's.
            if user == User::Ordinary {
                std::os::unix::fs::chown(image, Some(0), None).unwrap();
            }
            alpsckpt::foreign::criu::forget(image);
        }
        let left: Vec<String> = links();
        assert!(left.is_empty(), "{user:?}: {left:?}");
    }
}

/// Connects to itself over TCP, and keeps time; `ask` has it say what it has seen.
const PYTHON: &str = "
import os, socket, threading, time
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
peer, _ = server.accept()
client.sendall(b'before ')
start = time.monotonic()
print('ready', flush=True)
while not os.path.exists('ask'):
    time.sleep(0.01)
client.sendall(b'after')
got = b''
while len(got) < 12:
    got += peer.recv(100)
print(got.decode(), 'elapsed' if 0 <= time.monotonic() - start < 600 else 'jumped', flush=True)
raise SystemExit(7)
";

#[test]
fn tcp_within_the_program_and_its_clock_go_on() {
    let test = "tcp_within_the_program_and_its_clock_go_on";
    let Some(criu) = criu(test) else { return };
    if !have_programs(test, &["python3"]) {
        return;
    }
    for user in users(test) {
        let scene = Scene::new(user, Some(criu.clone()));
        let mut program = scene.program(&["python3", "-c", PYTHON]);
        let mut supervised = scene.supervised();
        // In the node's network such a program cannot be dumped, and runs on.
        supervised.start(&program).unwrap();
        scene.wait_for("ready");
        let trouble =
            supervised.dump(&scene.image("shared"), Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
        // CRIU before 4.2 asks sockets what newer kernels (6.18, not 6.1) do not tell of them.
        let too_old = criu.version < (4, 2, 0) && trouble.kind == TroubleKind::Unavailable;
        assert_eq!(
            trouble.kind,
            if too_old { TroubleKind::Unavailable } else { TroubleKind::Undumpable },
            "{user:?}: {trouble}"
        );
        let cure = if too_old { "alpsckpt kit criu --suite sid" } else { "network: Private" };
        assert!(trouble.cure.contains(cure), "{user:?}: {trouble}");
        fs::write(scene.path("ask"), "").unwrap();
        assert_eq!(end(&mut supervised), Ended::Code(7), "{user:?}: {}", scene.said());
        fs::remove_file(scene.path("ask")).unwrap();
        fs::remove_file(scene.path("out")).unwrap();

        program.network = Network::Private;
        supervised.start(&program).unwrap();
        scene.wait_for("ready");
        if too_old {
            let trouble =
                supervised.dump(&scene.image("old"), Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
            assert!(trouble.cure.contains(cure), "{user:?}: {trouble}");
            fs::write(scene.path("ask"), "").unwrap();
            assert_eq!(end(&mut supervised), Ended::Code(7), "{user:?}: {}", scene.said());
            continue;
        }
        let clocks = dump(&mut supervised, &scene.image("image"), Then::Ends);
        // As on a node that was booted a million seconds before this one, or will be after it.
        for shift in [-1_000_000_i64, 1_000_000] {
            let ns = |clock: u64| clock.saturating_add_signed(shift * 1_000_000_000);
            let mut early = scene.supervised();
            let clocks = Clocks { monotonic: ns(clocks.monotonic), boottime: ns(clocks.boottime) };
            early.restore(&program, &scene.path("image"), clocks).unwrap();
        }
        let mut supervised = scene.supervised();
        supervised.restore(&program, &scene.path("image"), clocks).unwrap();
        fs::write(scene.path("ask"), "").unwrap();
        assert_eq!(end(&mut supervised), Ended::Code(7), "{user:?}: {}", scene.said());
        assert!(scene.said().contains("before after elapsed"), "{user:?}: {}", scene.said());
    }
}
