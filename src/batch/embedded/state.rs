//! What the cluster knows: the sum of its log's events.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::config::Config;
use super::setting::Setting;
use super::told::{self, ALIVE, ToldJob, ToldNode};
use crate::batch::{Ending, JobId, JobState, Submission, Token};

/// A moment by two clocks: the one that no one sets (seconds since boot) to reckon with, the calendar's for display.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Moment {
    pub(super) monotonic: f64,
    pub(super) unix: i64,
}

impl Moment {
    /// Now.
    pub(super) fn now() -> Self {
        // Neither clock can fail on Linux; zero would only make a job wait.
        let monotonic = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)
            .map_or(0.0, |t| std::time::Duration::from(t).as_secs_f64());
        let unix = std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_secs() as i64);
        Self { monotonic, unix }
    }
}

/// One thing that happened, as logged. Variants and fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum ClusterEvent {
    /// The server runs under this boot of the machine.
    Boot { boot: String },
    /// A job entered the queue: by a client, or made from `from` by the scheduler.
    Submitted {
        job: JobId,
        array: JobId,
        from: Option<JobId>,
        submission: Box<Submission>,
        /// The client's; none was written by older programs.
        #[serde(default)]
        setting: Option<Box<Setting>>,
        at: Moment,
    },
    /// A waiting job got a node.
    Chosen { job: JobId, node: String, at: Moment },
    /// Its wrapper was started.
    Launched { job: JobId },
    /// Its script runs.
    Running { job: JobId, at: Moment },
    /// The checkpoint signal was sent: by the scheduler, or asked by the user.
    Signalled { job: JobId, by_user: bool },
    /// A waiting job is not started until it is released.
    Held { job: JobId },
    /// A held job waits again.
    Released { job: JobId },
    /// It is to be killed.
    KillDecided { job: JobId, cause: KillCause, at: Moment },
    /// It ended.
    Ended { job: JobId, end: JobEnd, resubmit: bool, at: Moment },
    /// A node lost its power, or got it back.
    Power { node: String, on: bool },
    /// The server's word for a node changed.
    NodeIs { node: String, state: String },
    /// The planned fault of this place in the settings happened.
    Fault { index: usize },
}

/// Why a job is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KillCause {
    /// Its walltime is over.
    Walltime,
    /// Its owner deleted it.
    Deleted,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum JobEnd {
    /// Its command ended with this raw wait status.
    Status(i32),
    /// Its command never ran: the type of the event and the cause in words.
    NotStarted { event: String, what: String },
    /// It was killed as decided.
    Killed,
    /// Its node did not answer to the kill.
    Exterminated,
    /// Its wrapper is gone without a status: the machine was restarted, or someone killed it.
    Vanished,
}

/// What is known of a job.
#[derive(Debug, Clone)]
pub(super) struct JobRecord {
    pub(super) id: JobId,
    pub(super) array: JobId,
    /// Its place in the attempt, from 1.
    pub(super) nth: u32,
    pub(super) from: Option<JobId>,
    pub(super) submission: Submission,
    /// What its processes are to have of its client.
    pub(super) setting: Option<Box<Setting>>,
    pub(super) state: JobState,
    pub(super) node: Option<String>,
    pub(super) submitted: Moment,
    pub(super) started: Option<Moment>,
    pub(super) stopped: Option<Moment>,
    pub(super) status: Option<i32>,
    pub(super) kill: Option<(KillCause, Moment)>,
    /// Its node lost power under it: whatever it leaves behind is not seen.
    pub(super) lost: bool,
    /// It ended and its successor is not yet made.
    pub(super) owes_successor: bool,
    pub(super) message: String,
    pub(super) events: Vec<(String, String)>,
}

impl JobRecord {
    fn note(&mut self, kind: &str, text: impl Into<String>) {
        self.events.push((kind.to_owned(), text.into()));
    }

    /// As clients see it.
    pub(super) fn view(&self) -> ToldJob {
        ToldJob {
            id: self.id,
            array_id: self.array,
            name: self.submission.token.0.clone(),
            state: self.state.clone(),
            node: self.node.clone(),
            ended: self.status.map(Ending::of_wait_status),
            resubmitted_from: self.from,
            submitted: self.submitted.unix,
            started: self.started.map_or(0, |m| m.unix),
            stopped: self.stopped.map_or(0, |m| m.unix),
            expected_start: None,
            message: self.message.clone(),
            events: self.events.clone(),
            owes_successor: self.owes_successor,
        }
    }
}

/// A node, as the server sees it and as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodeRecord {
    pub(super) name: String,
    pub(super) state: String,
    pub(super) powered: bool,
}

/// Why a job waits.
const WAITS: &str = "waits for a free node";

/// Everything the cluster knows.
#[derive(Debug, Clone)]
pub(super) struct ClusterState {
    pub(super) config: Config,
    pub(super) jobs: BTreeMap<JobId, JobRecord>,
    /// The jobs not yet over, or that owe a successor.
    pub(super) open: BTreeSet<JobId>,
    pub(super) attempts: BTreeMap<Token, JobId>,
    pub(super) nodes: Vec<NodeRecord>,
    pub(super) faults_done: BTreeSet<usize>,
    pub(super) boot: String,
}

impl ClusterState {
    /// A cluster to which nothing has happened yet.
    pub(super) fn new(config: Config) -> Self {
        let node = |name: &String| NodeRecord { name: name.clone(), state: ALIVE.to_owned(), powered: true };
        let nodes = config.nodes.iter().map(node).collect();
        Self {
            config,
            jobs: BTreeMap::new(),
            open: BTreeSet::new(),
            attempts: BTreeMap::new(),
            nodes,
            faults_done: BTreeSet::new(),
            boot: String::new(),
        }
    }

    /// The number of the next job.
    pub(super) fn next_id(&self) -> u64 {
        self.jobs.last_key_value().map_or(1, |(id, _)| id.0 + 1)
    }

    /// The jobs not yet over.
    pub(super) fn active(&self) -> impl Iterator<Item = &JobRecord> {
        self.open.iter().filter_map(|id| self.jobs.get(id)).filter(|j| !j.state.is_over())
    }

    /// The jobs that occupy `node`.
    pub(super) fn on_node<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a JobRecord> {
        self.active().filter(move |j| j.node.as_deref() == Some(node))
    }

    /// The jobs of an attempt, by its first.
    pub(super) fn attempt(&self, array: JobId) -> impl Iterator<Item = &JobRecord> {
        self.jobs.range(array..).map(|(_, j)| j).filter(move |j| j.array == array)
    }

    /// The node with this name.
    pub(super) fn node(&self, name: &str) -> Option<&NodeRecord> {
        self.nodes.iter().find(|n| n.name == name)
    }

    /// The nodes as clients see them.
    pub(super) fn node_views(&self) -> Vec<ToldNode> {
        let view = |n: &NodeRecord| ToldNode {
            name: n.name.clone(),
            state: n.state.clone(),
            jobs: self.on_node(&n.name).map(|j| j.id).collect(),
        };
        self.nodes.iter().map(view).collect()
    }

    /// A job as clients see it. A waiting one is expected to start when a node is surely free for it: the n-th in the
    /// queue when the n-th walltime from now is over.
    pub(super) fn view(&self, job: &JobRecord) -> ToldJob {
        let mut view = job.view();
        if job.state == JobState::Waiting {
            let scale = self.config.time_scale;
            let over =
                |j: &JobRecord| Some(j.started?.unix + (j.submission.walltime as f64 / scale).ceil() as i64);
            let mut ends: Vec<i64> = self.active().filter_map(over).collect();
            ends.sort_unstable();
            let before = self.active().filter(|j| j.state == JobState::Waiting && j.id < job.id).count();
            view.expected_start = ends.get(before).copied();
        }
        view
    }

    /// Takes one event in. Events about what is not there change nothing.
    pub(super) fn apply(&mut self, event: &ClusterEvent) {
        match event {
            ClusterEvent::Boot { boot } => self.boot_changed(boot),
            ClusterEvent::Submitted { job, array, from, submission, setting, at } => {
                self.submitted((*job, *array, *from), submission, setting.as_deref(), *at);
            }
            ClusterEvent::Power { node, on } => self.power(node, *on),
            ClusterEvent::NodeIs { node, state } => {
                if let Some(n) = self.nodes.iter_mut().find(|n| n.name == *node) {
                    n.state.clone_from(state);
                }
            }
            ClusterEvent::Fault { index } => {
                self.faults_done.insert(*index);
            }
            ClusterEvent::Chosen { job, .. }
            | ClusterEvent::Launched { job }
            | ClusterEvent::Running { job, .. }
            | ClusterEvent::Signalled { job, .. }
            | ClusterEvent::Held { job }
            | ClusterEvent::Released { job }
            | ClusterEvent::KillDecided { job, .. }
            | ClusterEvent::Ended { job, .. } => {
                if let Some(record) = self.jobs.get_mut(job) {
                    record.apply(event);
                    if record.state.is_over() && !record.owes_successor {
                        self.open.remove(job);
                    }
                }
            }
        }
    }

    fn submitted(
        &mut self,
        (job, array, from): (JobId, JobId, Option<JobId>),
        submission: &Submission,
        setting: Option<&Setting>,
        at: Moment,
    ) {
        if let Some(former) = from.and_then(|f| self.jobs.get_mut(&f)) {
            former.owes_successor = false;
            let why = if former.status.is_some() {
                "type idempotent & exit code = 99 & duration > 60s"
            } else {
                "due to event CPUSET_ERROR"
            };
            former.note(told::RESUBMITTED, format!("Resubmitting job {} => {job} ({why})", former.id));
            self.open.remove(&former.id);
        } else {
            self.attempts.insert(submission.token.clone(), job);
        }
        let nth = 1 + self.attempt(array).count() as u32;
        let record = JobRecord {
            id: job,
            array,
            nth,
            from,
            submission: submission.clone(),
            setting: setting.cloned().map(Box::new),
            state: JobState::Waiting,
            node: None,
            submitted: at,
            started: None,
            stopped: None,
            status: None,
            kill: None,
            lost: false,
            owes_successor: false,
            message: WAITS.to_owned(),
            events: Vec::new(),
        };
        self.jobs.insert(job, record);
        self.open.insert(job);
    }

    fn power(&mut self, node: &str, on: bool) {
        let Some(record) = self.nodes.iter_mut().find(|n| n.name == node) else { return };
        record.powered = on;
        if on {
            ALIVE.clone_into(&mut record.state);
            return;
        }
        for id in &self.open {
            if let Some(job) = self.jobs.get_mut(id)
                && job.node.as_deref() == Some(node)
                && !job.state.is_over()
            {
                job.lost = true;
            }
        }
    }

    fn boot_changed(&mut self, boot: &str) {
        boot.clone_into(&mut self.boot);
        // The clock that times were reckoned by began anew, and no process of a job is left: each will be found gone.
        for id in &self.open {
            if let Some(job) = self.jobs.get_mut(id) {
                job.lost = false;
            }
        }
    }
}

impl JobRecord {
    fn apply(&mut self, event: &ClusterEvent) {
        match event {
            ClusterEvent::Chosen { node, .. } => {
                self.state = JobState::ToLaunch;
                self.node = Some(node.clone());
                self.message.clear();
            }
            ClusterEvent::Launched { .. } => self.state = JobState::Launching,
            ClusterEvent::Running { at, .. } => {
                self.state = JobState::Running;
                self.started = Some(*at);
            }
            ClusterEvent::Signalled { by_user, .. } => {
                let kind = if *by_user { "CHECKPOINT_SUCCESS" } else { "CHECKPOINT_SUCCESSFULL" };
                self.note(kind, format!("The job {} was notified to checkpoint itself", self.id));
            }
            ClusterEvent::Held { .. } if self.state == JobState::Waiting => {
                self.state = JobState::Hold;
                "held until it is resumed".clone_into(&mut self.message);
            }
            ClusterEvent::Released { .. } if self.state == JobState::Hold => {
                self.state = JobState::Waiting;
                WAITS.clone_into(&mut self.message);
            }
            ClusterEvent::KillDecided { cause, at, .. } => self.kill_decided(*cause, *at),
            ClusterEvent::Ended { end, resubmit, at, .. } => {
                self.stopped = Some(*at);
                self.owes_successor = *resubmit;
                self.ended(end);
            }
            _ => {}
        }
    }

    fn kill_decided(&mut self, cause: KillCause, at: Moment) {
        self.kill = Some((cause, at));
        let id = self.id;
        match cause {
            KillCause::Deleted => {
                self.note(told::DELETED, format!("User owner requested to frag the job {id}"));
            }
            KillCause::Walltime => {
                self.note(told::DELETED, format!("User root requested to frag the job {id}"));
                self.note(told::OVER_WALLTIME, format!("Job [{id}] reached its walltime"));
            }
        }
    }

    fn ended(&mut self, end: &JobEnd) {
        self.state = JobState::Error;
        match end {
            JobEnd::Status(status) => {
                self.state = JobState::Terminated;
                self.status = Some(*status);
            }
            JobEnd::NotStarted { event, what } => {
                self.note(event, what.clone());
                self.message.clone_from(what);
            }
            JobEnd::Killed => "Job killed by Leon".clone_into(&mut self.message),
            JobEnd::Exterminated => {
                self.note(told::EXTERMINATED, format!("[Leon] Job {} exterminated by Leon", self.id));
                "Job exterminated by Leon".clone_into(&mut self.message);
            }
            JobEnd::Vanished => {
                let what = "its processes are gone without an exit status";
                self.note(told::EXTERMINATED, format!("[Leon] Job {} exterminated by Leon: {what}", self.id));
                format!("Job exterminated by Leon: {what}").clone_into(&mut self.message);
            }
        }
    }
}
