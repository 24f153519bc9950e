//! Looking takes nothing and tells the truth; acting takes the lease for as long as it lasts.

use std::fs;

use alpsckpt::batch::{JobId, JobState};
use alpsckpt::campaign::controller::{ActionKind, ControlError, Controller};
use alpsckpt::campaign::event::Event;
use alpsckpt::campaign::journal;
use alpsckpt::campaign::lease::{Holder, Lease, UNCHANGED_MS};
use alpsckpt::campaign::snapshot::{Access, ChainState, ChainView};
use alpsckpt::checkpoint::{ExitClass, Generation, GenerationNumber, LinkEnd, LinkNumber, MapRecord, Status};
use alpsckpt::durable::{atomic, sealed};
use alpsckpt::engine::NUMERICS;
use alpsckpt::quantity::Unit;

use super::{Ordering, Stage, chain, complete, january, state};
use crate::support::contents;

fn january_of(controller: &mut Controller) -> ChainView {
    chain(&controller.refresh().expect("a snapshot"), &january()).clone()
}

/// The texts of January's history, oldest first.
fn told(controller: &mut Controller) -> Vec<String> {
    let history = controller.refresh().expect("a snapshot").history;
    history.into_iter().filter(|line| line.chain == Some(january())).map(|line| line.text).collect()
}

fn run(stage: &Stage, job: u64) {
    stage.with(|c| {
        let job = c.job(JobId(job));
        (job.state, job.node, job.started) = (JobState::Running, Some("dahu-1".to_owned()), 100);
    });
}

/// A campaign whose January is computed by the first link of its first job.
fn running() -> (Stage, Controller) {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    run(&stage, 1);
    stage.start_link(&january(), 1, "1", 1);
    (stage, controller)
}

fn generation(stage: &Stage, number: u32, link: u32, sealed_ms: i64) {
    let dir = stage.campaign().chain(&january());
    let generation = Generation {
        form: 1,
        written_by: String::new(),
        number: GenerationNumber(number),
        link: LinkNumber(link),
        spec: "x".to_owned(),
        sealed_ms,
        tiles: 2 + u64::from(number),
        total: 10,
        unit: Unit::Tiles,
        bytes: 1,
        segments: vec![],
        numerics: NUMERICS,
        maps: vec![],
        image: None,
    };
    atomic::create_folder(&dir.generations()).expect("made");
    sealed::replace(&dir.generation(GenerationNumber(number)), &generation).expect("written");
}

#[test]
fn two_sessions_look_and_act_in_turn_and_neither_holds_the_campaign() {
    let stage = Stage::new();
    let mut first = stage.create().expect("made");
    let mut second = stage.open();
    let lease = stage.campaign().lease();
    first.act(&ActionKind::Submit.on(january())).expect("submitted");
    assert!(!lease.exists(), "it is given back");
    let before = contents(&stage.output());
    for session in [&mut first, &mut second] {
        assert_eq!(session.refresh().expect("a snapshot").access, Access::Writer);
        assert_eq!(january_of(session).state, ChainState::Waiting);
    }
    assert_eq!(contents(&stage.output()), before, "who looks writes nothing");
    second.act(&ActionKind::Stop.on(january())).expect("the other only looks");
    assert_eq!((state(&mut second), state(&mut first)), (ChainState::Stopped, ChainState::Stopped));
    first.act(&ActionKind::Resubmit.on(january())).expect("and now the first again");
    assert_eq!(state(&mut second), ChainState::Waiting);
}

#[test]
fn one_that_acts_is_waited_for_and_one_that_holds_it_for_long_is_named() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    let mut other = Lease::new(&stage.campaign().lease());
    assert!(other.tend(0).expect("taken"));
    let snapshot = controller.refresh().expect("a snapshot");
    assert_eq!(snapshot.access, Access::Writer, "it acts for a moment");
    let refused = controller.act(&ActionKind::Submit.on(january())).expect_err("it is held");
    assert!(matches!(refused, ControlError::ReadOnly { .. }), "{refused}");
    assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
    assert!(refused.hint().contains("the same command again"), "{}", refused.hint());
    stage.later();
    let Access::ReadOnly { why } = controller.refresh().expect("a snapshot").access else {
        panic!("it is held for minutes");
    };
    assert!(why.contains("holds this campaign"), "{why}");
    drop(other);
    controller.act(&ActionKind::Submit.on(january())).expect("it is free");
    assert_eq!(controller.refresh().expect("a snapshot").access, Access::Writer);
}

#[test]
fn the_same_command_given_again_passes_over_the_lease_of_a_dead_host() {
    let stage = Stage::new();
    drop(stage.create().expect("made"));
    let gone = Holder { host: "gone".to_owned(), ..Holder::this_process() };
    sealed::replace(&stage.campaign().lease(), &gone).expect("written");
    let submit = || stage.open().act(&ActionKind::Submit.on(january()));
    let refused = submit().expect_err("it may live");
    assert!(refused.to_string().contains("on gone"), "{refused}");
    assert!(refused.hint().contains("30 s"), "{}", refused.hint());
    stage.clock.fetch_add(UNCHANGED_MS - 1, Ordering::SeqCst);
    // Who looks in between neither takes it nor spoils the wait.
    stage.open().refresh().expect("a snapshot");
    assert!(submit().is_err());
    stage.clock.fetch_add(1, Ordering::SeqCst);
    submit().expect("another process, and the wait of the first counts");
    assert!(!stage.campaign().lease().exists());
}

#[test]
fn what_is_only_seen_is_shown_and_journalled_by_who_next_acts() {
    let (stage, _resident) = running();
    let before = fs::read(stage.campaign().journal()).expect("a journal");
    for mut looker in [stage.open(), stage.open()] {
        assert!(told(&mut looker).iter().any(|text| text == "link 1 began on dahu-1"));
    }
    assert_eq!(fs::read(stage.campaign().journal()).expect("a journal"), before);
    stage.open().act(&ActionKind::Checkpoint.on(january())).expect("asked");
    let journalled = journal::read(&stage.campaign().journal()).expect("read").entries;
    let seen = journalled.iter().filter(|e| matches!(e.event, Event::LinkSeen { .. })).count();
    assert_eq!(seen, 1);
    let link = journalled.iter().find(|e| matches!(e.event, Event::LinkSeen { .. })).expect("it");
    assert_eq!(link.happened_ms, Some(5), "when the link said that it began");
}

#[test]
fn a_job_whose_heart_beats_is_never_missing_and_one_without_is_after_a_while() {
    let (stage, mut controller) = running();
    assert_eq!(state(&mut controller), ChainState::Running);
    drop(controller);
    // From now on the batch system answers that there is nothing, to one process after the other.
    let jobs = stage.with(|c| std::mem::take(&mut c.jobs));
    for counter in 2..6 {
        stage.later();
        stage.beat(&january(), 1, counter);
        let mut single = stage.open();
        assert_eq!(january_of(&mut single).state, ChainState::Running);
        let refused = single.act(&ActionKind::Resubmit.on(january())).expect_err("its job lives");
        assert!(refused.to_string().contains("has a job"), "{refused}");
    }
    stage.later();
    // No beat since the last look, and still no job.
    let failed = january_of(&mut stage.open());
    assert_eq!(failed.failure.map(|f| f.class).as_deref(), Some("vanished"));
    assert_eq!(state(&mut stage.open()), ChainState::Failed, "and so for who comes next");
    // It was there all the time.
    stage.with(|c| c.jobs = jobs);
    assert_ne!(state(&mut stage.open()), ChainState::Failed);
    assert_eq!(stage.with(|c| c.submissions.len()), 1);
}

#[test]
fn a_chain_that_lost_its_maps_is_not_complete_and_can_be_resubmitted() {
    let (stage, mut controller) = running();
    let map = |file: &str, bytes| MapRecord {
        file: file.to_owned(),
        bytes,
        crc: 0,
        head: 0,
        range: (0.0, 1.0),
        valid: 0,
    };
    let maps = stage.campaign().maps();
    fs::write(maps.join("svf.tif"), "abc").expect("written");
    fs::write(maps.join("total_m01.tif"), "abcde").expect("written");
    let record = complete(&stage, 1, vec![map("svf.tif", 3), map("total_m01.tif", 5)]);
    stage.end_link(&january(), 1, ExitClass::Complete);
    stage.with(|c| {
        let job = c.job(JobId(1));
        (job.state, job.end) = (JobState::Terminated, super::ended(0));
    });
    let seen = january_of(&mut controller);
    assert_eq!((seen.state, seen.tiles, seen.total), (ChainState::Complete, 10, 10));
    assert!(controller.act(&ActionKind::Resubmit.on(january())).is_err(), "nothing is to be done");

    let cause = |controller: &mut Controller| {
        let seen = january_of(controller);
        assert_eq!(seen.state, ChainState::Failed);
        let failure = seen.failure.expect("why");
        assert!(
            failure.class == "maps lost" && failure.hint.contains("alpsckpt resubmit m01"),
            "{failure:?}"
        );
        failure.cause
    };
    fs::write(maps.join("total_m01.tif"), "abcd").expect("cut");
    assert!(cause(&mut controller).contains("total_m01.tif has 4 bytes instead of 5"));
    fs::remove_file(maps.join("svf.tif")).expect("removed");
    let said = cause(&mut stage.open());
    assert!(said.contains("svf.tif is missing, and 1 more of 2 maps"), "{said}");
    fs::write(maps.join("svf.tif"), "abc").expect("put back");
    fs::write(maps.join("total_m01.tif"), "abcde").expect("put back");
    assert_eq!(state(&mut controller), ChainState::Complete, "they are there again");

    fs::remove_file(record).expect("removed");
    // A fresh process has only the journal, which the last action wrote.
    assert!(cause(&mut controller).contains("complete.ron is not there"));
    controller.act(&ActionKind::Resubmit.on(january())).expect("submitted again");
    assert_eq!(state(&mut stage.open()), ChainState::Waiting);
    assert_eq!(stage.with(|c| c.live("m01").len()), 1);
}

#[test]
fn a_resubmitted_chain_is_told_by_its_own_job_when_the_batch_system_is_silent() {
    let (stage, mut controller) = running();
    assert_eq!(state(&mut controller), ChainState::Running);
    controller.act(&ActionKind::Stop.on(january())).expect("stopped");
    stage.end_link(&january(), 1, ExitClass::Checkpointed);
    assert_eq!(state(&mut controller), ChainState::Stopped);
    controller.act(&ActionKind::Resubmit.on(january())).expect("submitted again");
    stage.with(|c| c.down = true);
    let seen = january_of(&mut stage.open());
    assert_eq!((seen.state, seen.unseen, seen.place()), (ChainState::Waiting, Some(2), None));
    stage.with(|c| c.down = false);
    assert_eq!(january_of(&mut stage.open()).unseen, None);
    // Its job has a node before its link has begun: that is where it is, not where the former link was.
    stage.with(|c| {
        let job = c.job(JobId(2));
        (job.state, job.node, job.started) = (JobState::Running, Some("dahu-7".to_owned()), 200);
    });
    let seen = january_of(&mut controller);
    assert_eq!((seen.place(), seen.links.len()), (Some((None, "dahu-7")), 1));
}

#[test]
fn what_is_done_stays_while_a_new_link_opens_its_inputs_and_when_it_dies_there() {
    let (stage, mut controller) = running();
    generation(&stage, 2, 1, 7);
    stage.end_link(&january(), 1, ExitClass::Checkpointed);
    stage.start_link(&january(), 2, "1", 1);
    let path = stage.campaign().chain(&january()).status(LinkNumber(2));
    let status: Status = sealed::read(&path).expect("a status");
    sealed::replace(&path, &Status { tiles: 0, total: 0, ..status }).expect("written");
    let opening = january_of(&mut controller);
    assert_eq!((opening.state, opening.tiles, opening.total), (ChainState::Running, 4, 10));
    stage.with(|c| c.job(JobId(1)).state = JobState::Error);
    let killed = january_of(&mut controller);
    assert_eq!((killed.state, killed.tiles, killed.total), (ChainState::Failed, 4, 10));
}

#[test]
fn silence_is_an_event_and_tells_no_end_of_the_work() {
    let (stage, mut controller) = running();
    assert!(january_of(&mut controller).eta.is_some());
    stage.later();
    let silent = january_of(&mut controller);
    assert_eq!((silent.state, silent.eta, silent.silent_for), (ChainState::Silent, None, Some(100)));
    let said = "link 1 on dahu-1 is silent: its heartbeat stands still";
    assert_eq!(told(&mut controller).iter().filter(|text| *text == said).count(), 1);
    // A single command knows it from what the one before has seen.
    let single = january_of(&mut stage.open());
    assert_eq!((single.state, single.silent_for), (ChainState::Silent, Some(100)));
    stage.beat(&january(), 1, 2);
    assert_eq!(state(&mut controller), ChainState::Running);
    assert_eq!(told(&mut controller).last().map(String::as_str), Some("link 1 is heard of again"));
}

#[test]
fn events_stand_in_the_order_in_which_they_happened_and_seals_in_a_row_are_one_line() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    // All of it is found at once, hours later; job times are whole seconds.
    stage.with(|c| {
        let job = c.job(JobId(1));
        (job.submitted, job.started, job.stopped) = (100, 100, 100);
        (job.state, job.end) = (JobState::Terminated, super::ended(99));
        let former = job.clone();
        let next = c.new_job(&former.name, Some(&former));
        let job = c.job(next);
        (job.submitted, job.started, job.state) = (100, 101, JobState::Running);
    });
    stage.start_link(&january(), 1, "1", 1);
    let dir = stage.campaign().chain(&january());
    let mut start: alpsckpt::checkpoint::LinkStart =
        sealed::read(&dir.link_start(LinkNumber(1))).expect("one");
    start.started_ms = 100_200;
    sealed::replace(&dir.link_start(LinkNumber(1)), &start).expect("written");
    for (number, at) in [(1, 100_300), (2, 100_500), (3, 100_600)] {
        generation(&stage, number, 1, at);
    }
    let message = "it says".to_owned();
    let class = ExitClass::Checkpointed;
    let end =
        LinkEnd { class, message, sealed: None, tiles: 4, unit: Unit::Tiles, ended_ms: 100_900, unfit: None };
    sealed::replace(&dir.link_end(LinkNumber(1)), &end).expect("written");
    let snapshot = controller.refresh().expect("a snapshot");
    let lines = snapshot.history.iter().filter(|l| l.happened_ms < 1_000_000 && l.chain.is_some());
    let lines: Vec<(i64, &str)> = lines.map(|l| (l.happened_ms / 1_000, l.text.as_str())).collect();
    assert_eq!(
        lines,
        [
            (100, "link 1 began on dahu-1"),
            (100, "generations 1 to 3 sealed, the last with 5 tiles"),
            (100, "link 1 ended with 4 tiles sealed: it says"),
            (100, "job 1 ended with exit code 99"),
            (101, "job 2 runs"),
        ]
    );
}
