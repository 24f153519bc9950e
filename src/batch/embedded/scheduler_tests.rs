//! The scheduler's rules, without a process: each test plays the world's part through observations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::config::{Config, Fault, default_config};
use super::scheduler::{Observations, Step, pass_period, step};
use super::state::{ClusterEvent, ClusterState, KillCause, Moment};
use super::wrapper::{Exit, ScriptEnd};
use crate::batch::{Ending, JobId, JobState, Submission, Token};

/// A cluster whose processes and clock the test makes.
struct World {
    state: ClusterState,
    now: f64,
    seen: Observations,
    done: Vec<Step>,
}

impl World {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = default_config();
        change(&mut config);
        let seen = Observations { pass: true, ..Observations::default() };
        Self { state: ClusterState::new(config), now: 1000.0, seen, done: Vec::new() }
    }

    fn moment(&self) -> Moment {
        Moment { monotonic: self.now, unix: 1_800_000_000 + self.now as i64 }
    }

    fn submit(&mut self, token: &str, walltime: u64, checkpoint: u64) -> JobId {
        let submission = Submission {
            token: Token(token.to_owned()),
            script: PathBuf::from("/job.sh"),
            directory: PathBuf::from("/"),
            walltime,
            checkpoint,
            stdout: PathBuf::from("out"),
            stderr: PathBuf::from("err"),
            site: BTreeMap::new(),
            not_on: BTreeSet::new(),
        };
        let job = JobId(self.state.next_id());
        let (submission, setting, at) = (Box::new(submission), None, self.moment());
        self.state.apply(&ClusterEvent::Submitted { job, array: job, from: None, submission, setting, at });
        job
    }

    /// Steps until nothing changes; scripts start, and killed ones die, at once.
    fn settle(&mut self) {
        for _ in 0..20 {
            let actions = step(&self.state, self.moment(), &self.seen);
            let at = self.moment();
            for action in &actions {
                match action {
                    Step::Record(event) => self.state.apply(event),
                    Step::Launch(job) => {
                        self.state.apply(&ClusterEvent::Launched { job: *job });
                        self.seen.started.insert(*job, at);
                    }
                    Step::Kill(job) => {
                        self.seen.killed.insert(*job);
                    }
                    Step::Signal(_) => {}
                }
            }
            let busy = actions
                .iter()
                .any(|a| !matches!(a, Step::Signal(_) | Step::Record(ClusterEvent::Signalled { .. })));
            self.done.extend(actions);
            if !busy {
                return;
            }
        }
        panic!("the scheduler does not settle: {:?}", self.done);
    }

    fn pass(&mut self, seconds: f64) {
        self.now += seconds;
        self.settle();
    }

    fn exit(&mut self, job: JobId, status: i32) {
        self.seen.exits.insert(job, Exit { how: ScriptEnd::Status(status), at: self.moment() });
        self.settle();
    }

    fn states(&self) -> Vec<JobState> {
        self.state.jobs.values().map(|j| j.state.clone()).collect()
    }

    fn node(&self, job: JobId) -> &str {
        self.state.jobs[&job].node.as_deref().unwrap()
    }

    fn signals(&self) -> usize {
        self.done.iter().filter(|a| matches!(a, Step::Signal(_))).count()
    }

    fn has_event(&self, job: JobId, kind: &str) -> bool {
        self.state.jobs[&job].events.iter().any(|(k, _)| k == kind)
    }
}

const EXIT_99: i32 = 99 << 8;

#[test]
fn a_job_waits_for_a_node_that_it_does_not_leave_out_and_holds_up_nobody() {
    let mut world = World::new(|config| config.nodes.truncate(2));
    let [one, other] = ["dahu-1", "dahu-2"];
    let picky = |world: &mut World, token: &str| {
        let job = world.submit(token, 3600, 300);
        world.state.jobs.get_mut(&job).unwrap().submission.not_on = [one.to_owned()].into();
        job
    };
    let first = picky(&mut world, "m01");
    let (second, third) = (picky(&mut world, "m02"), world.submit("m03", 3600, 300));
    world.settle();
    assert_eq!((world.node(first), world.node(third)), (other, one));
    assert_eq!(world.state.jobs[&second].state, JobState::Waiting);
    // What the batch system makes of it leaves the node out too.
    world.pass(60.5);
    world.exit(third, 0);
    world.exit(first, EXIT_99);
    let successor = world.state.jobs.values().find(|job| job.from == Some(first)).unwrap().id;
    assert_eq!((world.node(second), &world.state.jobs[&successor].state), (other, &JobState::Waiting));
}

#[test]
fn an_exit_99_after_more_than_60_s_makes_a_new_job_of_the_same_array_on_another_node() {
    let mut world = World::new(|_| ());
    let first = world.submit("m01", 3600, 300);
    world.settle();
    world.pass(60.5);
    world.exit(first, EXIT_99);
    let second = JobId(2);
    let successor = &world.state.jobs[&second];
    assert_eq!((successor.array, successor.from, successor.nth), (first, Some(first), 2));
    assert_eq!(successor.state, JobState::Running);
    assert_ne!(world.node(first), world.node(second));
    assert!(world.has_event(first, "RESUBMIT_JOB_AUTOMATICALLY"));
    assert_eq!(world.state.view(&world.state.jobs[&first]).ended, Some(Ending::Code(99)));
}

#[test]
fn a_held_job_keeps_no_node_and_lets_others_pass_until_it_is_released() {
    let mut world = World::new(|c| c.nodes.truncate(1));
    let (held, other) = (world.submit("m01", 3600, 300), world.submit("m02", 3600, 300));
    world.state.apply(&ClusterEvent::Held { job: held });
    world.settle();
    assert_eq!(world.states(), [JobState::Hold, JobState::Running]);
    assert_eq!(world.state.view(&world.state.jobs[&held]).expected_start, None);
    // What runs cannot be held.
    world.state.apply(&ClusterEvent::Held { job: other });
    world.pass(70.0);
    world.exit(other, 0);
    assert_eq!(world.states(), [JobState::Hold, JobState::Terminated], "a free node tempts it not");
    world.state.apply(&ClusterEvent::Released { job: held });
    world.settle();
    assert_eq!(world.states(), [JobState::Running, JobState::Terminated]);
}

#[test]
fn no_other_end_makes_a_new_job() {
    for (ran, status) in [(60.0, EXIT_99), (59.0, EXIT_99), (500.0, 0), (500.0, 1 << 8), (500.0, 9)] {
        let mut world = World::new(|_| ());
        let job = world.submit("m01", 3600, 300);
        world.settle();
        world.pass(ran);
        world.exit(job, status);
        assert_eq!(world.states(), [JobState::Terminated], "{status} after {ran} s");
        assert!(world.state.open.is_empty());
    }
}

#[test]
fn scaled_time_scales_the_60_s_rule_and_the_pass() {
    let mut world = World::new(|c| c.time_scale = 600.0);
    let job = world.submit("m01", 36000, 600);
    world.settle();
    world.pass(0.11);
    world.exit(job, EXIT_99);
    assert_eq!(world.state.jobs.len(), 2);
    assert!((pass_period(1.0) - 11.0).abs() < 1e-9 && (pass_period(600.0) - 0.05).abs() < 1e-9);
}

#[test]
fn the_signal_comes_at_each_pass_from_the_margin_on_and_the_kill_at_the_walltime() {
    let mut world = World::new(|_| ());
    let job = world.submit("m01", 120, 30);
    world.settle();
    world.pass(89.0);
    assert_eq!(world.signals(), 0);
    world.pass(2.0);
    world.pass(11.0);
    world.seen.pass = false;
    world.pass(1.0);
    assert_eq!(world.signals(), 2, "only at passes");
    world.seen.pass = true;
    world.pass(20.0);
    assert_eq!(world.states(), [JobState::Error]);
    assert!(world.has_event(job, "WALLTIME"));
    assert_eq!(world.state.jobs[&job].status, None);
    world.exit(job, EXIT_99);
    assert_eq!(world.state.jobs.len(), 1, "a job that was killed is not made anew");
}

#[test]
fn a_kill_that_was_decided_outweighs_an_exit_99_that_came_after() {
    let mut world = World::new(|_| ());
    let job = world.submit("m01", 3600, 300);
    world.settle();
    world.pass(100.0);
    let at = world.moment();
    world.state.apply(&ClusterEvent::KillDecided { job, cause: KillCause::Deleted, at });
    world.exit(job, EXIT_99);
    assert_eq!(world.states(), [JobState::Error]);
    assert!(world.state.open.is_empty());
}

#[test]
fn a_dead_node_stays_alive_in_the_servers_eyes_until_300_s_after_the_walltime() {
    let fault = Fault { job_name_contains: "m06".to_owned(), nth: 1, after_seconds: 40.0 };
    let mut world = World::new(|c| c.faults.push(fault));
    let other = world.submit("m01", 6000, 30);
    let job = world.submit("m06", 120, 30);
    world.settle();
    world.pass(41.0);
    let node = world.node(job).to_owned();
    assert!(world.done.contains(&Step::Kill(job)));
    world.seen.exits.insert(job, Exit { how: ScriptEnd::Status(9), at: world.moment() });
    world.pass(60.0);
    assert!(world.has_event(job, "CHECKPOINT_SUCCESSFULL"), "the event says only that a signal was sent");
    assert_eq!(world.signals(), 0);
    world.pass(20.0);
    world.pass(290.0);
    assert_eq!(world.states(), [JobState::Running, JobState::Running]);
    assert_eq!(world.state.node(&node).unwrap().state, "Alive");
    world.pass(11.0);
    assert_eq!(world.states(), [JobState::Running, JobState::Error]);
    assert!(world.has_event(job, "EXTERMINATE_JOB"));
    assert_eq!(world.state.node(&node).unwrap().state, "Suspected");
    assert_eq!(world.state.jobs[&other].state, JobState::Running);
    // It happens once, and the node gets no job until it is back.
    let next = ["m06-2", "m06-3"].map(|t| world.submit(t, 600, 30));
    world.pass(50.0);
    assert_ne!(world.node(next[0]), node);
    assert_eq!(world.state.jobs[&next[1]].state, JobState::Waiting);
    world.state.apply(&ClusterEvent::Power { node: node.clone(), on: true });
    world.settle();
    assert_eq!(world.node(next[1]), node);
}

#[test]
fn a_job_sent_to_a_dead_node_that_nobody_noticed_is_made_anew_elsewhere() {
    let mut world = World::new(|c| c.nodes.truncate(2));
    let node = world.state.nodes[0].name.clone();
    world.state.apply(&ClusterEvent::Power { node: node.clone(), on: false });
    let job = world.submit("m01", 600, 30);
    world.settle();
    assert_eq!(world.states(), [JobState::Error, JobState::Running]);
    assert!(world.has_event(job, "CPUSET_ERROR") && world.has_event(job, "RESUBMIT_JOB_AUTOMATICALLY"));
    assert_eq!(world.state.node(&node).unwrap().state, "Suspected");
}

#[test]
fn a_job_killed_on_a_node_that_came_back_ends_at_once() {
    let mut world = World::new(|_| ());
    let job = world.submit("m01", 600, 30);
    world.settle();
    let node = world.node(job).to_owned();
    world.state.apply(&ClusterEvent::Power { node: node.clone(), on: false });
    world.settle();
    world.state.apply(&ClusterEvent::Power { node: node.clone(), on: true });
    world.pass(601.0);
    assert_eq!(world.states(), [JobState::Error]);
    assert!(!world.has_event(job, "EXTERMINATE_JOB"));
    assert_eq!(world.state.node(&node).unwrap().state, "Alive");
}

#[test]
fn a_vanished_wrapper_ends_its_job_only_when_nothing_of_it_is_left() {
    let mut world = World::new(|_| ());
    let job = world.submit("m01", 600, 30);
    world.settle();
    world.seen.gone.insert(job);
    let actions = step(&world.state, world.moment(), &world.seen);
    assert_eq!(actions, [Step::Kill(job)]);
    world.settle();
    assert_eq!(world.states(), [JobState::Error]);
    assert!(world.has_event(job, "EXTERMINATE_JOB"));
}

#[test]
fn the_last_node_is_taken_when_no_other_is_free() {
    let mut world = World::new(|c| c.nodes.truncate(2));
    let (job, _other) = (world.submit("m01", 3600, 300), world.submit("m02", 3600, 300));
    world.settle();
    let last = world.node(job).to_owned();
    world.pass(100.0);
    world.exit(job, EXIT_99);
    assert_eq!(world.node(JobId(3)), last);
}

#[test]
fn without_the_preference_a_chain_stays_on_its_node_as_under_oar() {
    let mut world = World::new(|c| c.prefer_other_node = false);
    let job = world.submit("m01", 3600, 300);
    world.settle();
    world.pass(100.0);
    world.exit(job, EXIT_99);
    assert_eq!(world.node(job), world.node(JobId(2)));
}

#[test]
fn slots_fill_the_emptiest_node_first_and_jobs_wait_in_order() {
    let mut world = World::new(|c| (c.slots, c.nodes) = (2, vec!["a".to_owned(), "b".to_owned()]));
    let jobs: Vec<JobId> = (0..6).map(|n| world.submit(&format!("m{n}"), 3600, 300)).collect();
    world.settle();
    let nodes: Vec<&str> = jobs[..4].iter().map(|j| world.node(*j)).collect();
    assert_eq!(nodes, ["a", "b", "a", "b"]);
    assert_eq!(world.states()[4..], [JobState::Waiting, JobState::Waiting]);
    world.pass(10.0);
    world.exit(jobs[1], 0);
    assert_eq!(world.node(jobs[4]), "b");
    assert_eq!(world.states()[5], JobState::Waiting);
}

#[test]
fn a_replayed_log_gives_the_same_cluster_also_between_an_end_and_its_successor() {
    let mut world = World::new(|_| ());
    let job = world.submit("m01", 3600, 300);
    let before = world.state.clone();
    world.settle();
    world.pass(100.0);
    world.exit(job, EXIT_99);
    let events = world.done.iter().filter_map(|a| match a {
        Step::Record(event) => Some(event.clone()),
        Step::Launch(job) => Some(ClusterEvent::Launched { job: *job }),
        _ => None,
    });
    let mut replayed = before;
    for event in events {
        let is_successor = matches!(&event, ClusterEvent::Submitted { from: Some(_), .. });
        let event: ClusterEvent = serde_json::from_slice(&serde_json::to_vec(&event).unwrap()).unwrap();
        if is_successor {
            // A crash here: the debt is in the state, and the next step pays it.
            let actions = step(&replayed, world.moment(), &Observations::default());
            assert!(
                matches!(&actions[..], [Step::Record(ClusterEvent::Submitted { from: Some(from), .. })] if *from == job)
            );
        }
        replayed.apply(&event);
    }
    assert_eq!(format!("{replayed:?}"), format!("{:?}", world.state));
}

#[test]
fn after_a_restart_of_the_machine_running_jobs_are_found_gone() {
    let mut world = World::new(|_| ());
    let job = world.submit("m01", 600, 30);
    world.settle();
    let node = world.node(job).to_owned();
    world.state.apply(&ClusterEvent::Power { node, on: false });
    world.state.apply(&ClusterEvent::Boot { boot: "another".to_owned() });
    world.now = 5.0;
    world.seen = Observations { gone: [job].into(), ..Observations::default() };
    world.settle();
    assert_eq!(world.states(), [JobState::Error]);
}
