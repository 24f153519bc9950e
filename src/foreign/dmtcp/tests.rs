//! The life of a program under DMTCP, by a stand-in that answers as DMTCP does, or by the real one that `ALPSCKPT_DMTCP` names.

mod place;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::foreign::tasks::{Obstacle, TaskScan, Tool, hindrances};
use drafts::is_image;
use place::{COUNT, ChainPlace};

const LIMIT: Duration = Duration::from_mins(2);

fn end(backend: &mut Dmtcp) -> Result<Ended, Trouble> {
    let until = Instant::now() + LIMIT;
    loop {
        if let Some(ended) = backend.ended()? {
            return Ok(ended);
        }
        assert!(Instant::now() < until, "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// All numbers up to `last`, each after the one before; some perhaps again, from where an image was taken.
fn assert_complete(said: &[u32], last: u32) {
    assert_eq!(said.last(), Some(&last), "{said:?}");
    let steps = said.windows(2).filter(|pair| pair[1] > pair[0]);
    assert!(steps.clone().all(|pair| pair[1] == pair[0] + 1), "{said:?}");
    assert!((1..=last).all(|i| said.contains(&i)), "{said:?}");
}

#[test]
fn a_program_ends_in_the_next_job_with_its_own_status() {
    for mode in ["", "early"] {
        let place = ChainPlace::new();
        fs::write(place.path("state/mode"), mode).unwrap();
        let program = place.program(COUNT, &["60", "7"]);
        let mut first = place.backend();
        first.start(&program).unwrap();
        place.wait_for_line(5);
        let image = place.path("image");
        let mut seen = None;
        let seal = &mut |clocks| {
            let whole =
                fs::read_dir(&image).unwrap().flatten().any(|e| is_image(&e.file_name().to_string_lossy()));
            let lines = place.said().len();
            std::thread::sleep(Duration::from_millis(60));
            // It stands while it is sealed.
            seen = Some((clocks, whole && place.said().len() == lines));
            Ok(())
        };
        first.dump(&image, Then::Ends, LIMIT, seal).unwrap();
        let (clocks, good) = seen.unwrap();
        assert!(good, "the image is not whole, or the program does not stand");
        assert!(first.tasks().is_empty());
        place.quiet();
        assert!(place.said().len() < 60);

        let mut second = place.backend();
        second.restore(&program, &image, clocks).unwrap();
        let tasks = second.tasks();
        assert!(!tasks.is_empty());
        // What made its clocks' namespace is none of the program's.
        let look = TaskScan { tool: Tool::Dmtcp, everywhere: vec![place.path("")], ..TaskScan::default() };
        let found = hindrances(&tasks, &look);
        assert!(found.iter().all(|hindrance| hindrance.kind != Obstacle::Container), "{found:?}");
        assert_eq!(end(&mut second).unwrap(), Ended::Code(7));
        assert_complete(&place.said(), 60);
        place.quiet();
    }
}

#[test]
fn a_program_runs_on_after_an_image_and_when_one_is_refused_or_fails() {
    let place = ChainPlace::new();
    let program = place.program(COUNT, &["100", "0"]);
    let mut backend = place.backend();
    backend.start(&program).unwrap();
    place.wait_for_line(3);
    backend.dump(&place.path("image"), Then::Runs, LIMIT, &mut |_| Ok(())).unwrap();
    let count = |folder: &str| fs::read_dir(place.path(folder)).unwrap().count();
    assert!(count("image") >= 2);
    fs::create_dir(place.path("refused")).unwrap();
    let refuse = &mut |_| Err("the disk is full".to_owned());
    let trouble = backend.dump(&place.path("refused"), Then::Ends, LIMIT, refuse).unwrap_err();
    assert!(trouble.kind == TroubleKind::Refused && trouble.what.contains("the disk is full"), "{trouble}");
    if !place.real {
        fs::create_dir(place.path("none")).unwrap();
        fs::write(place.path("state/mode"), "refuse").unwrap();
        let trouble = backend.dump(&place.path("none"), Then::Ends, LIMIT, &mut |_| Ok(())).unwrap_err();
        assert!(trouble.what.contains("not in running state"), "{trouble}");
        fs::write(place.path("state/mode"), "stuck").unwrap();
        let limit = Duration::from_millis(200);
        let trouble = backend.dump(&place.path("none"), Then::Ends, limit, &mut |_| Ok(())).unwrap_err();
        assert!(
            trouble.kind == TroubleKind::TimedOut && trouble.what.contains("no whole image"),
            "{trouble}"
        );
        let trouble = backend.dump(&place.path("none"), Then::Ends, limit, &mut |_| Ok(())).unwrap_err();
        assert!(trouble.what.contains("still being written"), "{trouble}");
        assert_eq!(count("none"), 0);
    }
    assert_eq!(end(&mut backend).unwrap(), Ended::Code(0));
    assert_eq!(place.said(), (1..=100).collect::<Vec<_>>());
    place.quiet();
}

#[test]
fn ends_are_told_as_the_program_made_them() {
    let place = ChainPlace::new();
    for (script, ended) in [
        ("exit 0", Ended::Code(0)),
        ("exit 99", Ended::Code(99)),
        ("kill -9 $$", Ended::Signal(9)),
        ("kill -15 $$", Ended::Signal(15)),
    ] {
        let mut backend = place.backend();
        backend.start(&place.program(script, &[])).unwrap();
        assert_eq!(end(&mut backend).unwrap(), ended, "{script}");
    }
    // What DMTCP ends for its own fault has not ended by itself.
    let mut backend = place.backend();
    backend.start(&place.program("exit $DMTCP_FAIL_RC", &[])).unwrap();
    let trouble = end(&mut backend).unwrap_err();
    assert!(trouble.what.contains("DMTCP found itself at fault"), "{trouble}");
    // A signal reaches the program, and only it decides.
    let mut backend = place.backend();
    backend.start(&place.program("trap 'exit 3' TERM; echo 1; while :; do sleep 0.02; done", &[])).unwrap();
    place.wait_for_line(1);
    backend.signal(15).unwrap();
    assert_eq!(end(&mut backend).unwrap(), Ended::Code(3));
    assert!(backend.signal(15).is_err() && backend.ended().is_err());
    place.quiet();
}

#[test]
fn a_program_has_no_descriptors_but_its_streams() {
    let place = ChainPlace::new();
    // One that is inherited by all that this process starts.
    let (_read, write) = nix::unistd::pipe().unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&write);
    let mut backend = place.backend();
    let looks = "if [ -e /proc/self/fd/$1 ]; then exit 1; fi";
    backend.start(&place.program(looks, &[&number.to_string()])).unwrap();
    assert_eq!(end(&mut backend).unwrap(), Ended::Code(0));
    place.quiet();
}

#[test]
fn an_end_by_dmtcp_is_no_end_of_the_program() {
    let place = ChainPlace::new();
    let mut backend = place.backend();
    backend.start(&place.program(COUNT, &["100000", "0"])).unwrap();
    place.wait_for_line(1);
    let coordinator = &backend.running.as_ref().unwrap().coordinator;
    // Anybody on the node may do this. The program's status is then 0.
    assert!(coordinator.command(&place.tools, "--kill", LIMIT).unwrap().status.success());
    let trouble = end(&mut backend).unwrap_err();
    assert!(trouble.what.contains("DMTCP ended the program before its end"), "{trouble}");
    place.quiet();
}

#[test]
fn coordinators_that_a_job_has_left_are_ended_by_the_next_although_they_ignore_sigterm() {
    let place = ChainPlace::new();
    let mut lost = place.backend();
    lost.start(&place.program(COUNT, &["100000", "0"])).unwrap();
    let left = place.coordinators();
    assert_eq!(left.len(), 1);
    // As when the job's process is killed: nobody ends its coordinator.
    let tasks = lost.tasks();
    std::mem::forget(lost);
    let mut next = place.backend();
    next.start(&place.program("exit 4", &[])).unwrap();
    assert!(!place.coordinators().contains(&left[0]));
    assert_eq!(end(&mut next).unwrap(), Ended::Code(4));
    processes::signal(&tasks, Signal::SIGKILL);
    place.quiet();
}

#[test]
fn what_dmtcp_would_not_protect_is_refused() {
    let place = ChainPlace::of_stand_in();
    let mut header = b"\x7fELF\x02\x01\x01".to_vec();
    header.resize(64, 0);
    for (at, value) in [(16, 2), (18, 62), (20, 1), (52, 64), (54, 56)] {
        header[at] = value;
    }
    let stand = |name: &str, content: &[u8]| {
        fs::write(place.path(name), content).unwrap();
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    stand("static", &header);
    stand("script", format!("#!{}\n", place.path("static").display()).as_bytes());
    for (word, words) in
        [("./static", "linked statically"), ("./script", "linked statically"), ("nowhere", "no such program")]
    {
        let mut program = place.program("", &[]);
        program.arguments = vec![word.into()];
        let trouble = place.backend().start(&program).unwrap_err();
        assert!(trouble.what.contains(words), "{word}: {trouble}");
    }
    fs::write(place.path("state/unprotected"), "").unwrap();
    let mut backend = place.backend();
    backend.patience = Duration::from_millis(300);
    let trouble = backend.start(&place.program(COUNT, &["100000", "0"])).unwrap_err();
    assert!(
        trouble.kind == TroubleKind::Undumpable && trouble.what.contains("without DMTCP's protection"),
        "{trouble}"
    );
    assert!(backend.tasks().is_empty());
    let mut private = place.program("", &[]);
    private.network = Network::Private;
    assert_eq!(place.backend().start(&private).unwrap_err().kind, TroubleKind::Unavailable);
    place.quiet();
}

#[test]
fn an_image_that_cannot_be_restored_leaves_nothing_running() {
    let place = ChainPlace::of_stand_in();
    let program = place.program(COUNT, &["5", "0"]);
    let clocks = Shift::default().seen_now();
    let trouble = place.backend().restore(&program, &place.path("image"), clocks).unwrap_err();
    assert!(trouble.kind == TroubleKind::Damaged && trouble.what.contains("no image"), "{trouble}");
    fs::write(place.path("image/ckpt_sh_1.dmtcp"), "").unwrap();
    let mut backend = place.backend();
    let trouble = backend.restore(&program, &place.path("image"), clocks).unwrap_err();
    assert!(trouble.what.contains("doesn't match the header"), "{trouble}");
    assert!(backend.tasks().is_empty() && place.said().is_empty());
    place.quiet();
}

#[test]
fn a_folder_without_all_of_dmtcp_is_told() {
    let place = ChainPlace::of_stand_in();
    assert_eq!(place.tools.version, "4.1.1");
    let nothing = find(Some(&place.path("chain"))).unwrap_err();
    assert!(
        nothing.what.contains("there is no dmtcp_launch") && nothing.cure.contains("ALPSCKPT_DMTCP"),
        "{nothing}"
    );
    fs::remove_file(place.path("bin/dmtcp_restart")).unwrap();
    let lacking = find(Some(place.folder.path())).unwrap_err();
    assert!(lacking.what.contains("lacks dmtcp_restart"), "{lacking}");
}
