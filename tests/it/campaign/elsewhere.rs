//! A chain whose program does not fit the node that its job came to: submitted again without that node.

use alpsckpt::batch::{JobId, JobState};
use alpsckpt::campaign::controller::{ActionKind, Controller, Reach};
use alpsckpt::campaign::snapshot::{ChainState, Snapshot};
use alpsckpt::checkpoint::{ExitClass, LinkEnd, LinkNumber, UnfitNode};
use alpsckpt::durable::sealed;
use alpsckpt::quantity::Unit;

use super::{BTreeSet, Fault, Stage, chain, january};

/// The link of this number, of the job of the same number, ends as on a node that does not fit.
fn does_not_fit(stage: &Stage, number: u32, unfit: UnfitNode) {
    stage.start_link(&january(), number, &number.to_string(), 1);
    let end = LinkEnd {
        class: ExitClass::Unable,
        message: format!("the program is not restored on dahu-{number}: it lacks avx512f"),
        sealed: None,
        tiles: 4,
        unit: Unit::Tiles,
        ended_ms: 9,
        unfit: Some(unfit),
    };
    let dir = stage.campaign().chain(&january());
    sealed::replace(&dir.link_end(LinkNumber(number)), &end).expect("written");
    stage.with(|c| {
        let job = c.job(JobId(u64::from(number)));
        (job.state, job.end) = (JobState::Terminated, super::ended(69));
    });
}

fn screen(stage: &Stage) -> Controller {
    let reach = Reach { resident: true, ..stage.reach() };
    Controller::open_with(&stage.output(), reach).expect("the campaign opens")
}

fn left_out(stage: &Stage) -> Vec<String> {
    stage.with(|c| c.not_on.iter().cloned().collect())
}

fn jobs(stage: &Stage) -> usize {
    stage.with(|c| c.jobs.len())
}

fn seen(controller: &mut Controller) -> (ChainState, Snapshot) {
    let snapshot = controller.refresh().expect("a snapshot");
    (chain(&snapshot, &january()).state, snapshot)
}

#[test]
fn an_open_screen_submits_it_again_without_the_node_and_says_so() {
    let stage = Stage::new();
    let mut command = stage.create().expect("made");
    command.act(&ActionKind::Submit.on(january())).expect("submitted");
    does_not_fit(&stage, 1, UnfitNode::Other);
    // Who only looks tells what will be done, and does nothing.
    let (state, snapshot) = seen(&mut command);
    let failure = chain(&snapshot, &january()).failure.clone().expect("a failure");
    assert_eq!((state, failure.class.as_str(), jobs(&stage)), (ChainState::Failed, "unfit node", 1));
    assert!(failure.hint.contains("an open screen"), "{failure:?}");
    drop(command);

    let mut screen = screen(&stage);
    let (state, _) = seen(&mut screen);
    assert_eq!((state, jobs(&stage), left_out(&stage)), (ChainState::Waiting, 2, vec!["dahu-1".to_owned()]));
    let (state, snapshot) = seen(&mut screen);
    assert_eq!((state, jobs(&stage)), (ChainState::Waiting, 2), "once");
    assert_eq!(chain(&snapshot, &january()).left_out, ["dahu-1"]);
    let told = "the node of link 1 does not fit the program: attempt 2 is submitted without dahu-1";
    assert!(snapshot.history.iter().any(|line| line.text == told), "{:?}", snapshot.history);
    does_not_fit(&stage, 2, UnfitNode::Processor);
    assert_eq!(seen(&mut screen).0, ChainState::Waiting);
    assert_eq!(left_out(&stage), ["dahu-1", "dahu-2"]);
    // The next session knows it from the journal and the disk, as does one whose journal is lost.
    drop(screen);
    std::fs::remove_file(stage.campaign().journal()).expect("removed");
    let (state, snapshot) = seen(&mut stage.open());
    assert_eq!((state, chain(&snapshot, &january()).attempts, jobs(&stage)), (ChainState::Waiting, 3, 3));
    stage.check().expect("nothing twice");
}

#[test]
fn a_person_who_resubmits_it_takes_the_nodes_again_that_may_have_been_mended() {
    let stage = Stage::new();
    let mut screen = {
        stage.create().expect("made").act(&ActionKind::Submit.on(january())).expect("submitted");
        screen(&stage)
    };
    does_not_fit(&stage, 1, UnfitNode::Other);
    stage.with(|c| c.faults = vec![Fault::Refuse]);
    let (state, snapshot) = seen(&mut screen);
    let failure = chain(&snapshot, &january()).failure.clone().expect("a failure");
    assert_eq!((state, failure.class.as_str(), jobs(&stage)), (ChainState::Failed, "refused", 1));
    assert_eq!(seen(&mut screen).0, ChainState::Failed, "what is refused is not asked for again");
    let said = screen.act(&ActionKind::Resubmit.on(january())).expect("submitted");
    assert!(!said.contains("dahu-1") && stage.with(|c| c.not_on == BTreeSet::new()), "{said}");
    does_not_fit(&stage, 2, UnfitNode::Processor);
    let said = {
        let mut command = stage.open();
        command.refresh().expect("a snapshot");
        command.act(&ActionKind::Resubmit.on(january())).expect("submitted")
    };
    assert!(said.contains("not on dahu-2, where its program does not fit"), "{said}");
    assert_eq!((left_out(&stage), jobs(&stage)), (vec!["dahu-2".to_owned()], 3));
}
