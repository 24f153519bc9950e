//! What a command says of a chain that another client, a run in the foreground or a damaged disk has had its part in.

use std::fs;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use alpsckpt::batch::{JobId, JobState};
use alpsckpt::campaign::controller::{ActionKind, ControlError, Controller, Reach, Submission};
use alpsckpt::campaign::snapshot::{ChainState, ChainView};
use alpsckpt::checkpoint::{ExitClass, LinkNumber, LinkStart, MapRecord};
use alpsckpt::durable::sealed;

use super::{Fault, Ordering, Stage, chain, complete, january, state};
use crate::support;

fn january_of(controller: &mut Controller) -> ChainView {
    chain(&controller.refresh().expect("a snapshot"), &january()).clone()
}

#[test]
fn an_edited_file_taken_beside_a_running_job_does_not_make_it_silent() {
    let stage = Stage::new();
    // This machine has been up for hours.
    stage.clock.store(30_000_000, Ordering::SeqCst);
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    stage.with(|c| c.job(JobId(1)).state = JobState::Running);
    stage.start_link(&january(), 1, "1", 1);
    assert_eq!(state(&mut controller), ChainState::Running);
    drop(controller);
    stage.beat(&january(), 1, 2);
    let edited = stage.loaded(&Stage::text().replace("01:00:00", "02:00:00"));
    let mut again = Controller::create_with(&edited, &stage.choice(), stage.reach()).expect("taken");
    assert_eq!(again.taken().len(), 1);
    let seen = january_of(&mut again);
    assert_eq!((seen.state, seen.silent_for), (ChainState::Running, Some(0)));
    drop(again);
    let seen = january_of(&mut stage.open());
    assert_eq!((seen.state, seen.silent_for), (ChainState::Running, Some(0)));
}

/// A reach whose clock goes on by 20 s at each look at it.
fn hurried(stage: &Stage) -> Reach {
    let (reach, clock) = (stage.reach(), Arc::clone(&stage.clock));
    Reach { now_ms: Box::new(move || clock.fetch_add(20_000, Ordering::SeqCst)), ..reach }
}

#[test]
fn a_submission_given_again_after_a_kill_waits_until_it_is_known_what_came_of_it() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    stage.with(|c| c.faults = vec![Fault::Down]);
    assert!(controller.act(&ActionKind::Submit.on(january())).is_err());
    // What acts says what to do, and nothing is done.
    let refused = controller.act(&ActionKind::Resubmit.on(january())).expect_err("not known yet");
    assert!(matches!(refused, ControlError::NotSure { .. }), "{refused}");
    assert!(refused.hint().contains("same command again in a minute"), "{}", refused.hint());
    drop(controller);
    let mut again = Controller::open_with(&stage.output(), hurried(&stage)).expect("opens");
    let view = again.sure_of(&january()).expect("certain in the end");
    assert!(view.state == ChainState::Failed && view.never_taken(), "{view:?}");
    assert!(matches!(again.submit_if_new(&view), Ok(Submission::Done(_))), "it is submitted");
    assert_eq!(stage.with(|c| c.live("m01").len()), 1);
    drop(again);
    // One whose answer was lost has a job, which is found.
    let june = alpsckpt::checkpoint::ChainId::of_months(&[6]);
    let mut controller = stage.open();
    stage.with(|c| c.faults = vec![Fault::AnswerLost]);
    assert!(controller.act(&ActionKind::Submit.on(june.clone())).is_err());
    assert_eq!(controller.sure_of(&june).expect("known").state, ChainState::Waiting);
    // And without a batch system it is said that it is to be given again.
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    stage.with(|c| (c.faults, c.down) = (vec![Fault::Down], true));
    assert!(controller.act(&ActionKind::Submit.on(january())).is_err());
    assert!(matches!(controller.sure_of(&january()), Err(ControlError::Unasked { .. })));
}

#[test]
fn what_another_has_just_submitted_is_left_as_it_is() {
    let stage = Stage::new();
    let mut one = stage.create().expect("made");
    let seen = january_of(&mut one);
    assert_eq!(seen.state, ChainState::Planned);
    stage.open().act(&ActionKind::Submit.on(january())).expect("another is faster");
    match one.submit_if_new(&seen) {
        Ok(Submission::Left(now)) => assert_eq!(now.state, ChainState::Waiting),
        other => panic!("{other:?}"),
    }
    // Complete ones too, and those that wait.
    let seen = january_of(&mut one);
    assert!(matches!(one.submit_if_new(&seen), Ok(Submission::Left(_))));
    assert_eq!(stage.with(|c| c.submissions.len()), 1);
}

fn map(stage: &Stage, file: &str, bytes: &[u8]) -> MapRecord {
    fs::write(stage.campaign().maps().join(file), bytes).expect("written");
    let (bytes, crc) = (bytes.len() as u64, crc32fast::hash(bytes));
    MapRecord { file: file.to_owned(), bytes, crc, head: 0, range: (0.0, 1.0), valid: 0 }
}

/// The class, cause and hint of January's failure.
fn failure(stage: &Stage) -> [String; 3] {
    let seen = january_of(&mut stage.open());
    let failure = seen.failure.unwrap_or_else(|| panic!("{:?}", seen.state));
    [failure.class, failure.cause, failure.hint]
}

#[test]
fn the_end_of_a_run_in_the_foreground_is_told_as_that_of_a_job() {
    let stage = Stage::new();
    stage.create().expect("made");
    stage.start_link(&january(), 1, "local", 1);
    stage.end_link(&january(), 1, ExitClass::DiskFull);
    let [class, cause, hint] = failure(&stage);
    assert_eq!(class, "disk full");
    assert!(cause.contains("the run in the foreground"), "{cause}");
    assert!(hint.contains("make room") && hint.contains("`alpsckpt resubmit m01`"), "{hint}");
    // Complete, and a map is gone.
    stage.end_link(&january(), 1, ExitClass::Complete);
    let maps = vec![map(&stage, "svf.tif", b"abc"), map(&stage, "total_m01.tif", b"abcde")];
    complete(&stage, 1, maps);
    assert_eq!(state(&mut stage.open()), ChainState::Complete);
    fs::remove_file(stage.campaign().maps().join("svf.tif")).expect("removed");
    let [class, cause, hint] = failure(&stage);
    assert_eq!(class, "maps lost");
    assert!(cause.contains("svf.tif is missing"), "{cause}");
    assert!(hint.contains("`alpsckpt resubmit m01`"), "{hint}");
    // That works as told.
    stage.open().act(&ActionKind::Resubmit.on(january())).expect("submitted");
}

#[test]
fn a_map_whose_bytes_are_not_what_was_computed_is_put_aside_and_its_chain_resubmitted() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    stage.start_link(&january(), 1, "1", 1);
    let maps = vec![map(&stage, "svf.tif", b"abc"), map(&stage, "total_m01.tif", b"abcde")];
    complete(&stage, 1, maps);
    stage.end_link(&january(), 1, ExitClass::Complete);
    super::fails(&stage, 1);
    assert_eq!(state(&mut controller), ChainState::Complete);
    assert_eq!(controller.put_damaged_aside(&january()).expect("looked at"), [""; 0], "all is well");
    assert!(controller.act(&ActionKind::Resubmit.on(january())).is_err());
    assert!(controller.begin_anew(&january(), None).is_err(), "it has its maps");
    drop(controller);
    let spoilt = stage.campaign().maps().join("total_m01.tif");
    fs::write(&spoilt, b"abXde").expect("spoilt");
    let mut controller = stage.open();
    assert_eq!(state(&mut controller), ChainState::Complete, "as long as it was");
    let said = controller.put_damaged_aside(&january()).expect("put aside");
    assert!(said.len() == 1 && said[0].contains("total_m01.tif.damaged"), "{said:?}");
    assert_eq!(fs::read(spoilt.with_file_name("total_m01.tif.damaged")).expect("it is kept"), b"abXde");
    assert!(!spoilt.exists() && stage.campaign().maps().join("svf.tif").exists());
    controller.act(&ActionKind::Resubmit.on(january())).expect("submitted");
    assert_eq!(state(&mut stage.open()), ChainState::Waiting);
}

#[test]
fn on_a_full_disk_the_end_of_a_run_and_what_acts_say_that_there_is_no_room() {
    const TEST: &str = "on_a_full_disk_the_end_of_a_run_and_what_acts_say_that_there_is_no_room";
    let stage = Stage::new();
    fs::create_dir(stage.output()).expect("made");
    let mount = |arguments: &[&str]| {
        Command::new("mount").args(arguments).arg(stage.output()).status().is_ok_and(|s| s.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"]) {
        return support::skip(TEST, "no tmpfs can be mounted (root is needed)");
    }
    stage.create().expect("made");
    let mut process = Command::new("true").spawn().expect("a process");
    process.wait().expect("it ends");
    stage.start_link(&january(), 1, "local", 1);
    let path = stage.campaign().chain(&january()).link_start(LinkNumber(1));
    let start: LinkStart = sealed::read(&path).expect("a link");
    let node = alpsckpt::job::entry::host_name();
    sealed::replace(&path, &LinkStart { pid: process.id(), node, ..start }).expect("written");
    assert_eq!(failure(&stage)[0], "killed");
    let fill = stage.output().join("fill");
    let mut full = fs::File::create(&fill).expect("a file");
    while full.write_all(&[1; 4096]).is_ok() {}
    drop(full);
    let [class, cause, hint] = failure(&stage);
    let acted = stage.open().act(&ActionKind::Resubmit.on(january()));
    fs::remove_file(&fill).expect("removed");
    let roomy = stage.open().act(&ActionKind::Resubmit.on(january()));
    let unmounted = Command::new("umount").arg("-l").arg(stage.output()).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert!(class == "disk full" && hint.contains("make room"), "{class}: {cause}: {hint}");
    match acted {
        Err(ControlError::File(e)) => assert!(e.is_disk_full(), "{e}"),
        other => panic!("{other:?}"),
    }
    roomy.expect("with room it is submitted");
}

#[test]
fn an_edit_that_would_be_refused_is_known_before_it_is_given() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    let mut refusal = |text: &str| controller.refusal(&stage.loaded(text)).expect("looked at");
    assert!(refusal(&Stage::text().replace("01:00:00", "02:00:00")).is_none());
    let left_out = refusal(&Stage::text().replace("[1, 6]", "[6]")).expect("refused");
    assert!(left_out.to_string().contains("has begun m01"), "{left_out}");
    assert!(left_out.hint().contains("leave m01 as it is"), "{}", left_out.hint());
    assert!(refusal(&Stage::text().replace("[1, 6]", "[1]")).is_none(), "June was not begun");
}

#[test]
fn the_history_grows_in_time_and_begins_with_the_campaign() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    // The batch system counts whole seconds, by a clock that is a little behind.
    let second = controller.refresh().expect("a snapshot").history[0].happened_ms / 1_000 - 2;
    stage.with(|c| {
        let job = c.job(JobId(1));
        (job.submitted, job.started, job.state) = (second, second, JobState::Running);
    });
    let history = controller.refresh().expect("a snapshot").history;
    let times: Vec<i64> = history.iter().map(|line| line.happened_ms).collect();
    assert!(times.is_sorted(), "{history:?}");
    let at = |words: &str| {
        history
            .iter()
            .position(|line| line.text.contains(words))
            .unwrap_or_else(|| panic!("{words}: {history:?}"))
    };
    assert_eq!(at("campaign made"), 0);
    assert!(at("submitting attempt 1") < at("job 1 runs"), "{history:?}");
}
