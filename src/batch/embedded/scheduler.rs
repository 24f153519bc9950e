//! The scheduler's decisions: a pure function of what is known, the clock and what was seen of the processes.

use std::collections::{BTreeMap, BTreeSet};

use super::manner::UNCOUNTED;
use super::state::{ClusterEvent, ClusterState, JobEnd, JobRecord, KillCause, Moment};
use super::told::{ALIVE, SUSPECTED};
use super::wrapper::{Exit, ScriptEnd};
use crate::batch::{GO_ON, JobId, JobState};

/// Seconds between two passes of the part that watches walltimes ("Sarko": every 10 to 12 s).
const PASS: f64 = 11.0;
/// The shortest real time between two passes of a scaled cluster.
const SHORTEST_PASS: f64 = 0.05;
/// How long a dead node is asked to kill a job before it is given up (`JOBDEL_WALLTIME`).
const KILL_ATTEMPTS: f64 = 300.0;
/// The raw wait status of the exit code that has a job made again.
const EXIT_GO_ON: i32 = (GO_ON as i32) << 8;

/// What was seen of the processes since the last step, and of the time.
#[derive(Debug, Clone, Default)]
pub(super) struct Observations {
    /// Scripts that run, since when.
    pub(super) started: BTreeMap<JobId, Moment>,
    /// Scripts that ended.
    pub(super) exits: BTreeMap<JobId, Exit>,
    /// Jobs whose wrapper is gone without a status.
    pub(super) gone: BTreeSet<JobId>,
    /// Jobs of which no process is left after a kill.
    pub(super) killed: BTreeSet<JobId>,
    /// Jobs whose wrapper could not be started, and why.
    pub(super) not_launched: BTreeMap<JobId, String>,
    /// A pass is due.
    pub(super) pass: bool,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// To be logged, then taken in.
    Record(ClusterEvent),
    /// Start the job's wrapper.
    Launch(JobId),
    /// Send the checkpoint signal to what the job's script became.
    Signal(JobId),
    /// Kill all processes of the job.
    Kill(JobId),
}

/// Real seconds between two passes.
pub(super) fn pass_period(time_scale: f64) -> f64 {
    (PASS / time_scale).max(SHORTEST_PASS)
}

/// Decides what follows from what is known and seen.
pub(super) fn step(state: &ClusterState, now: Moment, seen: &Observations) -> Vec<Step> {
    let mut decisions = Decisions { state, now, seen, actions: Vec::new(), next_id: state.next_id() };
    for id in &state.open {
        if let Some(job) = state.jobs.get(id) {
            decisions.follow(job);
        }
    }
    decisions.faults();
    decisions.place();
    decisions.actions
}

struct Decisions<'a> {
    state: &'a ClusterState,
    now: Moment,
    seen: &'a Observations,
    actions: Vec<Step>,
    next_id: u64,
}

impl Decisions<'_> {
    fn record(&mut self, event: ClusterEvent) {
        self.actions.push(Step::Record(event));
    }

    fn end(&mut self, job: &JobRecord, end: JobEnd, resubmit: bool, at: Moment) {
        self.record(ClusterEvent::Ended { job: job.id, end, resubmit, at });
    }

    /// Scheduler seconds since a moment.
    fn since(&self, moment: Moment) -> f64 {
        (self.now.monotonic - moment.monotonic) * self.state.config.time_scale
    }

    fn follow(&mut self, job: &JobRecord) {
        if job.owes_successor {
            return self.resubmit(job);
        }
        if job.state.is_queued() || job.state.is_over() {
            return;
        }
        if job.lost && !self.seen.killed.contains(&job.id) {
            self.actions.push(Step::Kill(job.id));
        }
        if job.kill.is_some() {
            return self.killing(job);
        }
        if !job.lost && self.has_ended(job) {
            return;
        }
        match job.state {
            JobState::ToLaunch => self.launch(job),
            JobState::Launching => {
                if let Some(at) = self.seen.started.get(&job.id) {
                    self.record(ClusterEvent::Running { job: job.id, at: *at });
                }
            }
            _ if self.seen.pass => self.watch_walltime(job),
            _ => {}
        }
    }

    fn resubmit(&mut self, job: &JobRecord) {
        let (id, array, from) = (JobId(self.next_id), job.array, Some(job.id));
        self.next_id += 1;
        let submission = Box::new(job.submission.clone());
        let setting = job.setting.clone();
        self.record(ClusterEvent::Submitted { job: id, array, from, submission, setting, at: self.now });
    }

    fn launch(&mut self, job: &JobRecord) {
        let node = job.node.as_deref().and_then(|n| self.state.node(n));
        if let Some(node) = node.filter(|n| !n.powered) {
            // A job that cannot be started is made anew whatever its type, and its node is not believed any more.
            let what = format!("[bipbip] OAR suspects nodes for the job {}: {}", job.id, node.name);
            self.record(ClusterEvent::NodeIs { node: node.name.clone(), state: SUSPECTED.to_owned() });
            let end = JobEnd::NotStarted { event: "CPUSET_ERROR".to_owned(), what };
            self.end(job, end, true, self.now);
        } else {
            self.actions.push(Step::Launch(job.id));
        }
    }

    /// Decides on the end of a job that nobody killed, if it ended.
    fn has_ended(&mut self, job: &JobRecord) -> bool {
        if let Some(what) = self.seen.not_launched.get(&job.id) {
            let end = JobEnd::NotStarted { event: "LAUNCHING_ERROR".to_owned(), what: what.clone() };
            self.end(job, end, false, self.now);
            return true;
        }
        if let Some(exit) = self.seen.exits.get(&job.id) {
            let started = job.started.or_else(|| self.seen.started.get(&job.id).copied());
            if job.started.is_none()
                && let Some(at) = started
            {
                self.record(ClusterEvent::Running { job: job.id, at });
            }
            let ran = started.map_or(0.0, |s| exit.at.monotonic - s.monotonic) * self.state.config.time_scale;
            let (end, resubmit) = match &exit.how {
                ScriptEnd::Status(status) => {
                    (JobEnd::Status(*status), *status == EXIT_GO_ON && ran > UNCOUNTED.as_secs_f64())
                }
                ScriptEnd::NotStarted { event, what } => {
                    (JobEnd::NotStarted { event: event.clone(), what: what.clone() }, false)
                }
            };
            self.end(job, end, resubmit, exit.at);
            return true;
        }
        if self.seen.gone.contains(&job.id) {
            if self.seen.killed.contains(&job.id) {
                self.end(job, JobEnd::Vanished, false, self.now);
            } else {
                // The script may have outlived its wrapper.
                self.actions.push(Step::Kill(job.id));
            }
            return true;
        }
        false
    }

    fn killing(&mut self, job: &JobRecord) {
        let Some((_, since)) = job.kill else { return };
        let powered = job.node.as_deref().and_then(|n| self.state.node(n)).is_none_or(|n| n.powered);
        if job.lost && !powered {
            if self.since(since) >= KILL_ATTEMPTS {
                self.end(job, JobEnd::Exterminated, false, self.now);
                if let Some(node) = job.node.clone() {
                    self.record(ClusterEvent::NodeIs { node, state: SUSPECTED.to_owned() });
                }
            }
        } else if self.seen.killed.contains(&job.id) {
            self.end(job, JobEnd::Killed, false, self.now);
        } else {
            self.actions.push(Step::Kill(job.id));
        }
    }

    fn watch_walltime(&mut self, job: &JobRecord) {
        let Some(started) = job.started else { return };
        let ran = self.since(started);
        let (walltime, margin) = (job.submission.walltime, job.submission.checkpoint);
        if ran >= walltime as f64 {
            self.record(ClusterEvent::KillDecided { job: job.id, cause: KillCause::Walltime, at: self.now });
            self.actions.push(Step::Kill(job.id));
        } else if margin > 0 && ran >= walltime.saturating_sub(margin) as f64 {
            self.record(ClusterEvent::Signalled { job: job.id, by_user: false });
            // The event says that a signal was sent, even for a dead node.
            if !job.lost {
                self.actions.push(Step::Signal(job.id));
            }
        }
    }

    /// Nodes that lose power by plan. The delay is in real seconds.
    fn faults(&mut self) {
        for (index, fault) in self.state.config.faults.iter().enumerate() {
            if self.state.faults_done.contains(&index) {
                continue;
            }
            let struck = self.state.active().find(|j| {
                j.nth == fault.nth
                    && j.submission.token.0.contains(&fault.job_name_contains)
                    && j.kill.is_none()
                    && !self.seen.exits.contains_key(&j.id)
                    && j.started.is_some_and(|s| self.now.monotonic - s.monotonic >= fault.after_seconds)
            });
            if let Some(node) = struck.and_then(|j| j.node.clone()) {
                self.record(ClusterEvent::Fault { index });
                self.record(ClusterEvent::Power { node, on: false });
            }
        }
    }

    /// Gives nodes to waiting jobs, in the order of their numbers.
    fn place(&mut self) {
        let slots = self.state.config.slots as usize;
        let mut free: Vec<(&str, usize)> = self
            .state
            .nodes
            .iter()
            .filter(|n| n.state == ALIVE)
            .map(|n| (n.name.as_str(), slots.saturating_sub(self.state.on_node(&n.name).count())))
            .collect();
        for job in self.state.active().filter(|j| j.state == JobState::Waiting) {
            let Some(at) = self.choose(job, &free) else {
                // One that leaves nodes out waits for others: those behind it need not.
                if job.submission.not_on.is_empty() {
                    break;
                }
                continue;
            };
            if let Some((node, left)) = free.get_mut(at) {
                *left -= 1;
                let node = (*node).to_owned();
                self.actions.push(Step::Record(ClusterEvent::Chosen { job: job.id, node, at: self.now }));
            }
        }
    }

    /// The node for a job: the emptiest other than its attempt's last one, or that one first, as the settings say.
    fn choose(&self, job: &JobRecord, free: &[(&str, usize)]) -> Option<usize> {
        let last =
            self.state.attempt(job.array).filter(|j| j.id < job.id).filter_map(|j| j.node.as_deref()).last();
        let wanted = |name: &str| !job.submission.not_on.contains(name);
        let candidates = free.iter().enumerate().filter(|(_, (name, left))| *left > 0 && wanted(name));
        let rank = |&(at, (name, left)): &(usize, &(&str, usize))| {
            let is_last = Some(*name) == last;
            let wrong = is_last == self.state.config.prefer_other_node;
            (last.is_some() && wrong, std::cmp::Reverse(*left), at)
        };
        candidates.min_by_key(rank).map(|(at, _)| at)
    }
}
