//! A coherent picture of a campaign, taken at one moment, for the screens and for `--json`.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::cause::Failure;
use super::event::Event;
use super::spec::Spec;
pub use crate::batch::JobState;
use crate::batch::{JobId, JobKey, NodeState};
use crate::checkpoint::{ChainId, ExitClass, Generation, Phase, Saving, image};
use crate::quantity::Unit;

/// The campaign at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// The campaign's name.
    pub name: String,
    /// The campaign file, as frozen.
    pub spec_file: PathBuf,
    /// Its output folder.
    pub output: PathBuf,
    /// Where the terrain comes from when it is not measured.
    pub terrain_note: Option<String>,
    /// The wait between tiles, if any, as the spec says it.
    pub paced: Option<String>,
    /// The batch system.
    pub cluster: ClusterView,
    /// Whether this session may act.
    pub access: Access,
    /// Its chains, in the order of their months.
    pub chains: Vec<ChainView>,
    /// The nodes.
    pub nodes: Vec<NodeView>,
    /// What happened last, in words and in the order in which it happened, newest last; what is not journalled yet too.
    pub history: Vec<HistoryLine>,
    /// All maps are there and verified.
    pub complete: bool,
}

/// The batch system.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterView {
    /// Its name and version, or why there is none: "not submitted yet", "computed here".
    pub name: String,
    /// Scheduler seconds in one real second.
    pub time_scale: f64,
    /// The last answer is this old, seconds; `None` before the first.
    pub answer_age: Option<u64>,
    /// Why the last query failed, if it did: the rest then shows what was known before.
    pub error: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
}

/// Whether this session may act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Access {
    /// It may: the lease is its own, or free for who acts.
    Writer,
    /// It may not.
    ReadOnly {
        /// Who does, or why it cannot, in words.
        why: String,
    },
}

/// One chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChainView {
    /// Its name.
    pub id: ChainId,
    /// What people call it: its months, with its year and scenario where it has them.
    #[serde(skip)]
    pub label: String,
    /// Its months.
    pub months: Vec<u8>,
    /// Where it stands.
    pub state: ChainState,
    /// Work done, sealed or not, in `unit`.
    pub tiles: u64,
    /// Work in the last generation.
    pub sealed_tiles: u64,
    /// Work in all; 0 when not known: of tiles none is done then.
    pub total: u64,
    /// What the work is counted in.
    pub unit: Unit,
    /// Its links.
    pub links: Vec<LinkView>,
    /// Links on another node than the link before.
    pub hops: u32,
    /// Submissions by us.
    pub attempts: u32,
    /// Resubmissions by the batch system.
    pub resubmissions: u32,
    /// Its generations on disk, oldest first.
    pub generations: Vec<GenerationView>,
    /// The job now in the batch system.
    pub job: Option<JobView>,
    /// The job that the last submission became, as long as the batch system has not shown it.
    pub unseen: Option<u64>,
    /// All its jobs that the batch system knows, ended ones and that one too, oldest first.
    pub jobs: Vec<JobView>,
    /// What the running link does.
    pub phase: Option<Phase>,
    /// Work in a minute of the running link, the campaign's pace at most.
    pub tiles_per_minute: Option<f64>,
    /// How long this session has seen the heartbeat unchanged, seconds; `None` when no link runs.
    pub silent_for: Option<u64>,
    /// Seconds left until the end at the present rate.
    pub eta: Option<u64>,
    /// How long before the walltime its program is saved; `None` where it is not saved by a dump.
    pub margin: Option<MarginView>,
    /// Nothing of its program is kept before it ends: a checkpoint would be its end.
    pub unsaved: bool,
    /// Nodes that its last attempt leaves out, as its program does not fit there.
    pub left_out: Vec<String>,
    /// What its running link says a person is to know, as that its program cannot be checkpointed.
    pub said: Option<String>,
    /// Why it failed.
    pub failure: Option<FailureView>,
    /// Its finished maps.
    pub maps: Vec<MapView>,
    /// The newest picture of its map as it fills.
    pub quicklook: Option<PathBuf>,
    /// Its logs, newest last.
    pub logs: Vec<PathBuf>,
}

/// How long before the walltime a program is saved.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MarginView {
    /// Seconds of the batch system's time before the walltime; the larger of the next two.
    pub seconds: u64,
    /// The campaign's margin.
    pub fixed_seconds: u64,
    /// What follows from the measurement, once there is one.
    pub measured_seconds: Option<u64>,
    /// Bytes of an image, by the running program's memory, else by the last image.
    pub bytes: Option<u64>,
    /// Bytes a second that the last dump has brought to the disk.
    pub bytes_per_second: Option<f64>,
}

impl MarginView {
    /// Of this campaign, by what saving takes as far as it was measured. `time_scale`: seconds of the batch system in one.
    #[must_use]
    pub fn of(spec: &Spec, saving: Option<Saving>, time_scale: f64) -> Self {
        let fixed_seconds = spec.margin.seconds();
        let spare = Duration::try_from_secs_f64(spec.latest_stop() / 2.0 / time_scale).unwrap_or_default();
        let measured = saving.map(|saving| image::lead(saving.bytes, saving.bytes_per_second, spare));
        let measured_seconds = measured.map(|lead| (lead.as_secs_f64() * time_scale).ceil() as u64);
        Self {
            seconds: measured_seconds.unwrap_or(0).max(fixed_seconds),
            fixed_seconds,
            measured_seconds,
            bytes: saving.map(|saving| saving.bytes),
            bytes_per_second: saving.map(|saving| saving.bytes_per_second),
        }
    }
}

/// What saving took last, as a generation tells.
#[must_use]
pub fn saving_of(generation: &Generation) -> Option<Saving> {
    let bytes_per_second = generation.image.as_ref()?.bandwidth()?;
    Some(Saving { bytes: generation.bytes, bytes_per_second })
}

/// Where a chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum ChainState {
    /// Not submitted.
    Planned,
    /// An intent is journalled, the submission not confirmed: never retried before it is looked up.
    SubmissionUnknown,
    /// In the queue.
    Waiting,
    /// A link runs.
    Running,
    /// A link checkpointed; the batch system makes the next job.
    Between,
    /// The running link has not been heard of for too long.
    Silent,
    /// Ended without completing; waits for a person.
    Failed,
    /// Deleted by a person.
    Stopped,
    /// Every map is there and verified.
    Complete,
}

impl ChainState {
    /// Nothing more happens to such a chain without a person.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Planned | Self::Failed | Self::Stopped | Self::Complete)
    }
}

/// One link.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinkView {
    /// Its number.
    pub link: u32,
    /// Its job.
    pub job_id: String,
    /// Its node.
    pub node: String,
    /// The version of its program.
    pub program: String,
    /// The number of its engine.
    pub numerics: u32,
    /// Twelve hexadecimal digits that stand for the inputs that it computed from, when they are known.
    pub inputs: Option<String>,
    /// Milliseconds since 1970.
    pub started_ms: i64,
    /// Milliseconds since 1970, when it ended by itself.
    pub ended_ms: Option<i64>,
    /// The generation it resumed, with those it rejected, in words.
    pub resumed: Option<String>,
    /// How it ended, in words; `None` while it runs, or when it was killed.
    pub end: Option<String>,
    /// How it ended by itself.
    pub class: Option<ExitClass>,
    /// It runs on another node than the link before.
    pub hop: bool,
}

/// One generation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GenerationView {
    /// Its number.
    pub number: u32,
    /// The link that sealed it.
    pub link: u32,
    /// Bytes of all its files.
    pub bytes: u64,
    /// The work it holds.
    pub tiles: u64,
    /// In what.
    pub unit: Unit,
    /// The class of processors that the program in it goes on with, where that matters.
    pub processors: Option<String>,
    /// Milliseconds since 1970.
    pub sealed_ms: i64,
    /// What is wrong with it, in words: such a generation is passed over on resume and its numbers are 0.
    pub damage: Option<String>,
}

/// A job of a chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobView {
    /// Its number.
    pub id: u64,
    /// How many times it was restarted under this number.
    #[serde(skip_serializing_if = "is_zero")]
    pub restart: u32,
    /// The attempt it belongs to.
    pub attempt: u32,
    /// Its state in the batch system's word.
    #[serde(serialize_with = "as_word")]
    pub state: JobState,
    /// The node it runs or ran on.
    pub node: Option<String>,
    /// How it ended: `exit code 99`, `signal 9`, `no exit code` when it was killed or never started.
    pub end: Option<String>,
    /// The job that the batch system made it from.
    pub resubmitted_from: Option<u64>,
    /// Seconds since 1970.
    pub submitted: Option<i64>,
    /// Seconds since 1970.
    pub started: Option<i64>,
    /// Seconds since 1970.
    pub stopped: Option<i64>,
    /// Why it waits or what happened, in the batch system's words.
    pub message: String,
    /// Seconds since 1970 when the batch system expects to start it.
    pub expected_start: Option<i64>,
}

fn as_word<S: Serializer>(state: &JobState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(state)
}

/// Most batch systems never restart a job under its number.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(restart: &u32) -> bool {
    *restart == 0
}

impl JobView {
    /// The run that it is, as links name it.
    #[must_use]
    pub fn run(&self) -> String {
        JobKey { id: JobId(self.id), restart: self.restart }.to_string()
    }
}

impl ChainView {
    /// Its last attempt failed before the batch system had a job of it.
    #[must_use]
    pub fn never_taken(&self) -> bool {
        self.failure.as_ref().is_some_and(|view| view.failure.is_without_job())
    }

    /// The state of the job now in the batch system.
    #[must_use]
    pub fn job_state(&self) -> Option<&JobState> {
        self.job.as_ref().map(|job| &job.state)
    }

    /// Where it runs now: the link, once it has begun, and the node. `None` when no job of it is on a node.
    #[must_use]
    pub fn place(&self) -> Option<(Option<u32>, &str)> {
        let newest = self.links.last();
        match &self.job {
            Some(job) if job.started.is_some() || job.node.is_some() => {
                match newest.filter(|l| l.ended_ms.is_none() && l.job_id == job.run()) {
                    Some(link) => Some((Some(link.link), job.node.as_deref().unwrap_or(&link.node))),
                    None => job.node.as_deref().map(|node| (None, node)),
                }
            }
            Some(_) => None,
            None => {
                let runs = matches!(self.state, ChainState::Running | ChainState::Silent);
                let open = newest.filter(|l| runs && l.ended_ms.is_none())?;
                Some((Some(open.link), &open.node))
            }
        }
    }
}

/// Why a chain failed; its sentences: [`crate::words`].
#[derive(Debug, Clone, PartialEq)]
pub struct FailureView {
    /// What happened.
    pub failure: Failure,
    /// What people call the chain.
    pub chain: String,
    /// Its months.
    pub months: Vec<u8>,
}

/// A finished map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapView {
    /// The file.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeView {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: NodeState,
    /// The chains that run on it.
    pub chains: Vec<ChainId>,
}

/// One thing that happened; its sentence: [`crate::words`].
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryLine {
    /// When it happened, milliseconds since 1970, by the clock of who did it where that is known.
    pub happened_ms: i64,
    /// When a session took it down, milliseconds since 1970.
    pub at_ms: i64,
    /// The chain.
    pub chain: Option<ChainId>,
    /// What.
    pub event: Event,
    /// The first of the checkpoints in a row that it tells of, where it is not the only one.
    pub since: Option<u32>,
}
