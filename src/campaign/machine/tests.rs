use super::*;
use crate::batch::{By, End, Ending, GO_ON, How, JobState, Next, NodeState};
use crate::campaign::cause::{Cause, Failure};
use crate::campaign::event::JobStage;
use crate::campaign::notice::Notice;
use crate::campaign::snapshot::FailureView;
use crate::checkpoint::{ExitClass, LinkNumber, UnfitNode};
use crate::quantity::Unit;

/// A failure as people read it.
#[derive(Debug)]
struct Sentences {
    class: String,
    cause: String,
    hint: String,
}

impl Sentences {
    fn of(failure: Failure) -> Self {
        let view = FailureView { failure, chain: "m01".to_owned(), months: vec![1] };
        Self { class: view.class(), cause: view.cause(), hint: view.hint() }
    }
}

fn m01() -> ChainId {
    ChainId::of_months(&[1])
}

fn token(attempt: u32) -> Token {
    Token(format!("camp.m01.{attempt}.abcdef"))
}

fn job(id: u64, attempt: u32, state: JobState, ended: Option<Ending>) -> Job {
    Job {
        id: JobId(id),
        restart: 0,
        array_id: JobId(id),
        name: token(attempt).0,
        end: end_of(&state, ended),
        state,
        node: Some("dahu-2".to_owned()),
        resubmitted_from: None,
        submitted: 1000,
        started: 1000,
        stopped: 5000,
        expected_start: None,
        message: String::new(),
    }
}

/// As a batch system tells it that runs again what ended with [`GO_ON`].
fn end_of(state: &JobState, ended: Option<Ending>) -> Option<End> {
    match (state, ended) {
        (JobState::Error, _) => Some(killed(How::Other(String::new()))),
        (_, Some(Ending::Code(GO_ON))) => Some(End { next: Next::Successor, ..End::of(Ending::Code(GO_ON)) }),
        (_, Some(ending)) => Some(End::of(ending)),
        (JobState::Terminated, None) => Some(End::untold()),
        _ => None,
    }
}

fn killed(how: How) -> End {
    End::killed(how, By::Site)
}

fn link(number: u32, job: u64, end: Option<(ExitClass, u64)>) -> LinkOnDisk {
    LinkOnDisk {
        start: LinkStart {
            job_id: job.to_string(),
            node: "dahu-2".to_owned(),
            ..LinkStart::unreadable(LinkNumber(number))
        },
        end: end.map(|(class, tiles)| LinkEnd {
            class,
            message: format!("{class:?} at dem.tif"),
            sealed: None,
            tiles,
            unit: Unit::Tiles,
            ended_ms: 0,
            unfit: None,
        }),
    }
}

/// A machine run by hand: state, doubts, observation.
#[derive(Default)]
struct World {
    state: State,
    doubts: Doubts,
    seen: Observation,
    journal: Vec<Event>,
    elsewhere: Vec<u32>,
}

impl World {
    /// With attempt 1 submitted as job 10.
    fn submitted() -> Self {
        let mut world = Self::default();
        let chain = m01();
        world.take(Event::SubmitIntent {
            chain: chain.clone(),
            attempt: 1,
            token: token(1),
            recovered: false,
        });
        world.take(Event::Submitted { chain: chain.clone(), attempt: 1, job: JobId(10) });
        world.seen.disk.insert(chain, DiskView::default());
        world
    }

    fn take(&mut self, event: Event) {
        self.state.apply(&event);
        self.journal.push(event);
    }

    /// One look at these jobs; the deletions asked for.
    fn look(&mut self, jobs: &[Job]) -> Vec<u64> {
        let nodes = self.seen.batch.take().map(|b| b.nodes.clone()).unwrap_or_default();
        self.seen.batch = Some(BatchView::new(jobs.to_vec(), nodes).into());
        let decisions = decide(&self.state, &self.seen, &mut self.doubts);
        let mut deleted = Vec::new();
        for decision in decisions {
            match decision {
                Decision::Record(event) => self.take(event),
                Decision::Delete { job, .. } => deleted.push(job.0),
                Decision::Elsewhere { link, .. } => self.elsewhere.push(link.0),
            }
        }
        assert_eq!(fold(&self.journal), self.state, "the journal alone gives the same state");
        deleted
    }

    fn stage(&self) -> Stage {
        self.state.chain(&m01()).stage.clone()
    }

    fn disk(&mut self) -> &mut DiskView {
        self.seen.disk.entry(m01()).or_default()
    }

    /// As it is told.
    fn failure(&self) -> Sentences {
        match self.stage() {
            Stage::Failed(failure) => Sentences::of(failure),
            other => panic!("not failed but {other:?}"),
        }
    }
}

#[test]
fn an_intent_without_outcome_is_unknown_until_two_answers_lack_it_for_long_enough() {
    let mut world = World::default();
    world.seen.limits.settle_ms = 1000;
    world.take(Event::SubmitIntent { chain: m01(), attempt: 1, token: token(1), recovered: false });
    assert_eq!(world.stage(), Stage::Unknown);
    world.look(&[]);
    world.seen.now_ms = 999;
    world.look(&[]);
    assert_eq!(world.stage(), Stage::Unknown);
    world.seen.now_ms = 1000;
    world.look(&[]);
    assert_eq!(world.failure().class, "submission lost");
    assert_eq!(world.state.tokens(), [token(1)], "it is looked up for ever after");
}

#[test]
fn the_job_of_a_lost_attempt_that_appears_after_the_next_one_is_deleted() {
    let mut world = World::default();
    let intent =
        |attempt| Event::SubmitIntent { chain: m01(), attempt, token: token(attempt), recovered: false };
    world.take(intent(1));
    world.take(Event::SubmitLost { chain: m01(), attempt: 1 });
    world.take(intent(2));
    world.take(Event::Submitted { chain: m01(), attempt: 2, job: JobId(20) });
    let second = job(20, 2, JobState::Running, None);
    assert_eq!(world.look(&[second.clone(), job(10, 1, JobState::Waiting, None)]), [10]);
    let late = Notice::LateJob { attempt: 1, job: JobId(10), ended: None };
    let told = world.journal.iter().find(|e| matches!(e, Event::Noticed { notice, .. } if *notice == late));
    assert!(told.expect("it is told").words().contains("job 10"));
    assert_eq!(world.look(&[second, job(10, 1, JobState::Error, None)]), [0u64; 0]);
    assert_eq!(world.stage(), Stage::Live);
}

#[test]
fn an_intent_whose_job_is_found_is_submitted() {
    let mut world = World::default();
    world.take(Event::SubmitIntent { chain: m01(), attempt: 1, token: token(1), recovered: false });
    world.look(&[]);
    world.look(&[job(10, 1, JobState::Waiting, None)]);
    assert_eq!(world.stage(), Stage::Live);
    assert_eq!(world.state.chain(&m01()).attempts[&1].job, Some(JobId(10)));
}

#[test]
fn an_attempt_found_only_on_disk_is_adopted() {
    let mut world = World::default();
    world.disk().attempts = vec![(3, token(3))];
    world.look(&[job(10, 3, JobState::Running, None)]);
    assert_eq!((world.stage(), world.state.chain(&m01()).last_attempt()), (Stage::Live, 3));
}

#[test]
fn a_silent_batch_system_decides_nothing() {
    let mut world = World::submitted();
    world.seen.batch = None;
    assert_eq!(decide(&world.state, &world.seen, &mut world.doubts), []);
}

#[test]
fn a_job_is_resubmitted_by_the_batch_system_and_counted() {
    let mut world = World::submitted();
    world.disk().links = vec![link(1, 10, Some((ExitClass::Checkpointed, 5)))];
    let first = job(10, 1, JobState::Terminated, Some(Ending::Code(99)));
    world.look(std::slice::from_ref(&first));
    assert_eq!(world.stage(), Stage::Live, "its successor is awaited");
    let second = Job { resubmitted_from: Some(JobId(10).into()), ..job(11, 1, JobState::Waiting, None) };
    world.look(&[first, second]);
    let record = world.state.chain(&m01());
    assert_eq!((record.stage.clone(), record.resubmissions()), (Stage::Live, 1));
}

#[test]
fn exit_99_without_successor_fails_after_a_second_look() {
    let mut world = World::submitted();
    let next = Next::TooShort { ran: 42, uncounted: 60 };
    let end = End { next, ..End::of(Ending::Code(GO_ON)) };
    let short = Job { end: Some(end), ..job(10, 1, JobState::Terminated, None) };
    world.look(std::slice::from_ref(&short));
    assert_eq!(world.stage(), Stage::Live);
    world.look(&[short]);
    assert_eq!(world.failure().class, "not resubmitted");
    assert!(
        world
            .failure()
            .cause
            .contains("after 42 s: the batch system resubmits only jobs that ran for more than 60 s"),
        "{}",
        world.failure().cause
    );
}

#[test]
fn a_chain_given_up_too_early_goes_on_when_its_job_appears() {
    let mut world = World::submitted();
    world.look(&[]);
    world.look(&[]);
    assert_eq!(world.failure().class, "vanished");
    world.look(&[job(10, 1, JobState::Running, None)]);
    assert_eq!(world.stage(), Stage::Live);
}

#[test]
fn of_jobs_that_the_batch_system_forgot_the_last_link_of_the_attempt_tells_how_it_ended() {
    let run = |restart: u32| JobKey { id: JobId(10), restart };
    let named = |number: u32, restart: u32, end| {
        let mut link = link(number, 10, end);
        link.start.job_id = run(restart).to_string();
        link
    };
    let input = Some((ExitClass::Input, 2));
    let forgotten = |links: Vec<LinkOnDisk>, seen: &[Job]| {
        let mut world = World::submitted();
        world.disk().links = links;
        if !seen.is_empty() {
            world.look(seen);
        }
        world.look(&[]);
        assert_eq!(world.stage(), Stage::Live, "an absence is to last");
        world.look(&[]);
        world.failure()
    };
    let told = forgotten(vec![named(1, 0, Some((ExitClass::Checkpointed, 1))), named(2, 1, input)], &[]);
    assert_eq!(told.class, "input");
    assert!(told.cause.contains("Input at dem.tif (job 10.1 on dahu-2)"), "{told:?}");
    let said_so = forgotten(vec![named(1, 0, Some((ExitClass::Complete, 9)))], &[]);
    assert_eq!(said_so.class, "not complete");
    // None that ended, one that was to go on, one of another attempt, one before the last run.
    let of_another = link(1, 9, input);
    let later = Job { restart: 1, resubmitted_from: Some(run(0)), ..job(10, 1, JobState::Running, None) };
    for (links, seen) in [
        (vec![named(1, 0, None)], vec![]),
        (vec![named(1, 0, Some((ExitClass::Checkpointed, 1)))], vec![]),
        (vec![of_another], vec![]),
        (vec![named(1, 0, input)], vec![later]),
    ] {
        assert_eq!(forgotten(links.clone(), &seen).class, "vanished", "{links:?}");
    }
}

#[test]
fn a_node_that_did_not_fit_is_left_out_though_its_job_is_forgotten() {
    let mut world = World::submitted();
    world.disk().links = vec![unfit(1, 10, "dahu-2")];
    world.look(&[]);
    world.look(&[]);
    assert_eq!((world.failure().class.as_str(), world.elsewhere), ("unfit node", vec![1]));
}

#[test]
fn each_restart_under_one_number_is_a_resubmission_though_nobody_saw_all() {
    let mut world = World::submitted();
    let run = |restart, from: Option<JobKey>| Job {
        restart,
        resubmitted_from: from,
        ..job(10, 1, JobState::Running, None)
    };
    world.look(&[run(0, None)]);
    world.look(&[run(3, Some(JobKey { id: JobId(10), restart: 2 }))]);
    assert_eq!((world.state.chain(&m01()).resubmissions(), world.stage()), (3, Stage::Live));
}

#[test]
fn who_had_a_job_deleted_is_told() {
    for (by, who) in [
        (By::User, "job 10 was deleted by its user: gone"),
        (By::Administrator, "job 10 was deleted by an administrator: gone"),
        (By::Unknown, "job 10 was deleted: gone"),
    ] {
        let mut world = World::submitted();
        let end = Some(End::killed(How::Deleted("gone".to_owned()), by));
        world.look(&[Job { end, ..job(10, 1, JobState::Error, None) }]);
        assert!(world.failure().cause.contains(who), "{:?}", world.failure());
    }
}

#[test]
fn only_complete_ron_completes_a_chain() {
    let mut world = World::submitted();
    let done = job(10, 1, JobState::Terminated, Some(Ending::Code(0)));
    world.disk().links = vec![link(1, 10, Some((ExitClass::Complete, 9)))];
    world.look(std::slice::from_ref(&done));
    assert_eq!(world.failure().class, "not complete");
    world.disk().complete = true;
    world.look(&[done]);
    assert_eq!(world.stage(), Stage::Complete);
    world.take(Event::Stopped { chain: m01() });
    assert_eq!(world.stage(), Stage::Complete, "nothing undoes completion");
}

#[test]
fn each_way_to_die_has_its_class_and_says_why() {
    let killed = |how| Job { end: Some(killed(how)), ..job(10, 1, JobState::Error, None) };
    let ended = |ending| job(10, 1, JobState::Terminated, Some(ending));
    let cases = [
        (killed(How::NodeDied), "node died", "node dahu-2 died"),
        (killed(How::Walltime), "walltime", "killed at its walltime"),
        (killed(How::Deleted("User alice requested".to_owned())), "deleted", "User alice"),
        (killed(How::NotStarted("cannot write".to_owned())), "output", "cannot write"),
        (killed(How::Other("bad cpuset".to_owned())), "batch system", "bad cpuset"),
        (killed(How::Other(String::new())), "batch system", "it does not say why"),
        (ended(Ending::Signal(9)), "signal", "SIGKILL"),
        (ended(Ending::Signal(12)), "signal", "before its script could keep it"),
        (ended(Ending::Code(78)), "setup", "78"),
        (ended(Ending::Code(127)), "no program", "127"),
        (ended(Ending::Code(65)), "input", "65"),
        (ended(Ending::Code(3)), "exit code", "3"),
    ];
    for (job, class, cause) in cases {
        let mut world = World::submitted();
        world.look(std::slice::from_ref(&job));
        let failure = world.failure();
        assert!(failure.class == class && failure.cause.contains(cause), "{job:?}: {failure:?}");
        assert!(failure.hint.contains("resubmit m01"), "{failure:?}");
    }
}

#[test]
fn a_suspected_node_means_that_it_died() {
    let mut world = World::submitted();
    let node =
        Node { name: "dahu-2".to_owned(), state: NodeState::Lost("gone".to_owned()), jobs: Vec::new() };
    world.seen.batch = Some(BatchView::new(Vec::new(), vec![node]).into());
    world.look(&[job(10, 1, JobState::Error, None)]);
    assert_eq!(world.failure().class, "node died");
}

#[test]
fn the_links_own_words_come_before_the_batch_systems() {
    for (class, word) in [
        (ExitClass::Input, "input"),
        (ExitClass::DiskFull, "disk full"),
        (ExitClass::Output, "output"),
        (ExitClass::Fenced, "fenced"),
        (ExitClass::Internal, "internal"),
        (ExitClass::Foreign, "foreign checkpoint"),
        (ExitClass::Setup, "setup"),
        (ExitClass::NoProgress, "no progress"),
        (ExitClass::TooManyLinks, "too many links"),
        (ExitClass::Unable, "unable"),
        (ExitClass::Program(5), "program"),
    ] {
        let mut world = World::submitted();
        world.disk().links = vec![link(1, 10, Some((class, 2)))];
        world.look(&[job(10, 1, JobState::Terminated, Some(Ending::Code(class.code())))]);
        assert_eq!(world.failure().class, word);
        assert!(world.failure().cause.contains("at dem.tif"));
    }
}

#[test]
fn a_stop_deletes_until_nothing_lives_and_what_appears_late_too() {
    let mut world = World::submitted();
    world.take(Event::StopIntent { chain: m01(), why: None });
    assert_eq!(world.look(&[job(10, 1, JobState::Running, None)]), [10]);
    assert_eq!(world.look(&[job(10, 1, JobState::Running, None)]), [10]);
    assert_eq!(world.look(&[job(10, 1, JobState::Error, None)]), [0u64; 0]);
    assert_eq!(world.stage(), Stage::Stopped);
    assert_eq!(world.look(&[job(11, 1, JobState::Waiting, None)]), [11]);
    assert_eq!(world.stage(), Stage::Stopping { why: None });
}

#[test]
fn too_many_links_stop_the_chain_between_two_of_them() {
    let mut world = World::submitted();
    world.seen.limits.max_links = 2;
    let over = |id| job(id, 1, JobState::Terminated, Some(Ending::Code(99)));
    world.disk().links = vec![
        link(1, 10, Some((ExitClass::Checkpointed, 5))),
        link(2, 11, Some((ExitClass::Checkpointed, 9))),
    ];
    assert_eq!(world.look(&[over(10), over(11), job(12, 1, JobState::Waiting, None)]), [12]);
    world.look(&[over(10), over(11), job(12, 1, JobState::Error, None)]);
    assert_eq!(world.failure().class, "too many links");
}

#[test]
fn a_link_beyond_the_limit_is_ended_while_it_runs_when_nobody_looked_in_between() {
    let mut world = World::submitted();
    world.seen.limits.max_links = 2;
    let over = |id| job(id, 1, JobState::Terminated, Some(Ending::Code(99)));
    let checkpointed = |n, job, tiles| link(n, job, Some((ExitClass::Checkpointed, tiles)));
    world.disk().links = vec![checkpointed(1, 10, 5), link(2, 11, None)];
    assert_eq!(world.look(&[over(10), job(11, 1, JobState::Running, None)]), [0u64; 0]);
    world.disk().links = vec![checkpointed(1, 10, 5), checkpointed(2, 11, 9), link(3, 12, None)];
    assert_eq!(world.look(&[over(10), over(11), job(12, 1, JobState::Running, None)]), [12]);
    world.look(&[over(10), over(11), job(12, 1, JobState::Error, None)]);
    assert_eq!(world.failure().class, "too many links");
}

#[test]
fn links_without_progress_stop_the_chain() {
    let mut world = World::submitted();
    let over = |id| job(id, 1, JobState::Terminated, Some(Ending::Code(99)));
    let checkpointed = |n, job, tiles| link(n, job, Some((ExitClass::Checkpointed, tiles)));
    world.disk().links = vec![checkpointed(1, 10, 5), checkpointed(2, 11, 5)];
    assert_eq!(world.look(&[over(10), over(11), job(12, 1, JobState::Waiting, None)]), [0u64; 0]);
    world.disk().links.push(checkpointed(3, 12, 5));
    assert_eq!(world.look(&[over(10), over(11), over(12), job(13, 1, JobState::Waiting, None)]), [13]);
    world.look(&[over(10), over(11), over(12), job(13, 1, JobState::Error, None)]);
    assert_eq!(world.failure().class, "no progress");
}

#[test]
fn a_refused_attempt_fails_at_once_and_has_no_token_to_look_up() {
    let mut world = World::default();
    world.take(Event::SubmitIntent { chain: m01(), attempt: 1, token: token(1), recovered: false });
    world.take(Event::SubmitRefused { chain: m01(), attempt: 1, text: "walltime too long".to_owned() });
    let failure = world.failure();
    assert_eq!((failure.class.as_str(), failure.cause.as_str()), ("refused", "walltime too long"));
    assert!(failure.hint.contains("set another `walltime`"), "{}", failure.hint);
    assert_eq!(world.state.tokens(), []);
}

/// A link that ended because its node does not fit the program.
fn unfit(number: u32, job: u64, node: &str) -> LinkOnDisk {
    let mut link = link(number, job, Some((ExitClass::Unable, 2)));
    link.start.node = node.to_owned();
    if let Some(end) = &mut link.end {
        end.unfit = Some(UnfitNode::Processor);
    }
    link
}

/// A job that ended as such a link does.
fn unable(id: u64, attempt: u32) -> Job {
    job(id, attempt, JobState::Terminated, Some(Ending::Code(69)))
}

#[test]
fn a_node_that_does_not_fit_asks_for_an_attempt_without_it_until_there_is_one() {
    let mut world = World::submitted();
    world.disk().links = vec![link(1, 10, Some((ExitClass::Checkpointed, 2))), unfit(2, 11, "dahu-2")];
    let jobs = [job(10, 1, JobState::Terminated, Some(Ending::Code(99))), unable(11, 1)];
    world.look(&jobs);
    let failure = world.failure();
    assert_eq!((failure.class.as_str(), &world.elsewhere), ("unfit node", &vec![2]));
    assert!(failure.hint.contains("by itself") && failure.hint.contains("without dahu-2"), "{failure:?}");
    world.look(&jobs);
    assert_eq!(world.elsewhere, [2, 2], "as long as it is not done");
    let without = vec!["dahu-2".to_owned()];
    world.take(Event::Elsewhere { chain: m01(), attempt: 2, link: LinkNumber(2), without: without.clone() });
    world.take(Event::SubmitIntent { chain: m01(), attempt: 2, token: token(2), recovered: false });
    world.take(Event::Submitted { chain: m01(), attempt: 2, job: JobId(12) });
    world.look(&[job(10, 1, JobState::Terminated, Some(Ending::Code(99))), unable(11, 1)]);
    assert_eq!((world.stage(), world.elsewhere.len()), (Stage::Live, 2));
    assert!(world.journal.iter().any(|e| e.words().contains("submitted without dahu-2")));
    // It comes to this node all the same: leaving it out is in vain.
    world.disk().left_out = without.into_iter().collect();
    world.disk().links.push(unfit(3, 12, "dahu-2"));
    world.look(&[unable(11, 1), unable(12, 2)]);
    assert_eq!((world.failure().class.as_str(), world.elsewhere.len()), ("unfit node", 2));
    assert!(world.failure().hint.contains("`properties`"), "{:?}", world.failure());
}

#[test]
fn nodes_that_do_not_fit_are_left_out_a_few_times_in_a_row_and_not_for_ever() {
    let mut world = World::submitted();
    let mut jobs = Vec::new();
    let mut round = |world: &mut World, number: u32, of_a_person: bool| {
        let (attempt, id) = (number, u64::from(number) + 9);
        if number > 1 {
            if !of_a_person {
                let without = Vec::new();
                world.take(Event::Elsewhere { chain: m01(), attempt, link: LinkNumber(number - 1), without });
            }
            world.take(Event::SubmitIntent {
                chain: m01(),
                attempt,
                token: token(attempt),
                recovered: false,
            });
            world.take(Event::Submitted { chain: m01(), attempt, job: JobId(id) });
        }
        world.disk().links.push(unfit(number, id, &format!("dahu-{number}")));
        jobs.push(unable(id, attempt));
        world.elsewhere.clear();
        world.look(&jobs);
        world.elsewhere.clone()
    };
    for number in 1..=5 {
        assert_eq!(round(&mut world, number, false), [number]);
    }
    assert_eq!(round(&mut world, 6, false), [0u32; 0]);
    assert!(world.failure().hint.contains("resubmit m01 --campaign FILE"), "{:?}", world.failure());
    assert_eq!(round(&mut world, 7, true), [7], "a person begins anew");
    // Whose own fault it is goes nowhere, nor what was deleted.
    let mut world = World::submitted();
    world.disk().links = vec![link(1, 10, Some((ExitClass::Unable, 2)))];
    world.look(&[unable(10, 1)]);
    assert_eq!((world.failure().class.as_str(), world.elsewhere.len()), ("unable", 0));
    let mut world = World::submitted();
    world.disk().links = vec![unfit(1, 10, "dahu-2")];
    world.take(Event::StopIntent { chain: m01(), why: None });
    world.look(&[unable(10, 1)]);
    assert_eq!((world.stage(), world.elsewhere.len()), (Stage::Stopped, 0));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn any_event() -> impl Strategy<Value = Event> {
        let attempt = 1u32..4;
        let chain = m01();
        (0usize..9, attempt, 10u64..14, any::<bool>()).prop_map(move |(kind, attempt, id, flag)| {
            let chain = chain.clone();
            let job = JobId(id);
            match kind {
                0 => Event::SubmitIntent { chain, attempt, token: token(attempt), recovered: flag },
                1 => Event::Submitted { chain, attempt, job },
                2 => Event::SubmitRefused { chain, attempt, text: String::new() },
                3 => Event::SubmitLost { chain, attempt },
                4 => Event::JobSeen {
                    chain,
                    attempt,
                    job: job.into(),
                    stage: if flag { JobStage::Over } else { JobStage::OnNode },
                    node: None,
                    resubmitted_from: None,
                    ending: None,
                },
                5 => Event::StopIntent { chain, why: None },
                6 => Event::Stopped { chain },
                7 => Event::Failed { chain, failure: Failure::of(Cause::Vanished) },
                _ => Event::LinkSeen {
                    chain,
                    link: LinkNumber(attempt),
                    job_id: id.to_string(),
                    node: String::new(),
                },
            }
        })
    }

    proptest! {
        /// Whatever the journal says in whatever order: only the last attempt is ever alive, and one that may have a
        /// job is never forgotten.
        #[test]
        fn any_order_of_events_leaves_one_live_attempt_and_loses_no_token(
            events in proptest::collection::vec(any_event(), 0..40),
        ) {
            let state = fold(&events);
            let record = state.chain(&m01());
            if let Stage::Unknown | Stage::Live = record.stage {
                prop_assert!(!record.attempts[&record.last_attempt()].refused);
            }
            for attempt in record.attempts.values() {
                prop_assert_eq!(state.tokens().contains(&attempt.token), !attempt.refused);
                prop_assert!(!(attempt.refused && attempt.job.is_some()));
            }
        }

        /// Deciding twice on the same observation records nothing new the second time, but for absences.
        #[test]
        fn deciding_settles(states in proptest::collection::vec(0u8..5, 0..4)) {
            let mut world = World::submitted();
            let jobs: Vec<Job> = (10..).zip(&states).map(|(id, state)| match state {
                0 => job(id, 1, JobState::Waiting, None),
                1 => job(id, 1, JobState::Running, None),
                2 => job(id, 1, JobState::Terminated, Some(Ending::Code(99))),
                3 => job(id, 1, JobState::Error, None),
                _ => job(id, 1, JobState::Unknown("odd".to_owned()), None),
            }).collect();
            for _ in 0..3 {
                world.look(&jobs);
            }
            let before = world.journal.len();
            world.look(&jobs);
            prop_assert_eq!(world.journal.len(), before);
        }
    }
}
