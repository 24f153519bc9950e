//! The pure state machine that decides.
//!
//! ```text
//!  journal ──fold──▶ State ─┐
//!                           ├─decide──▶ decisions: events to journal, jobs to delete
//!  disk, batch system ──▶ Observation
//! ```
//! [`State`] holds what was decided and done; an [`Observation`] what links and the batch system show now. Nothing
//! here reads a file, a clock or a random number. A failed chain waits for a person, but for one whose node does not fit
//! its program: that is to be submitted again without the node, a few times in a row at most.

mod decide;
mod failure;
mod state;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch::{Job, JobId, JobKey, Node, Token};
use crate::checkpoint::{ChainId, GenerationNumber, LinkEnd, LinkNumber, LinkStart};
use crate::quantity::Unit;

use super::event::Event;

pub use decide::{decide, live_jobs};
pub(in crate::campaign) use decide::{jobs_of, stage_of};
pub(in crate::campaign) use failure::{foreground_gone, of_foreground};
pub use state::{Attempt, ChainRecord, SeenJob, Stage, State, fold};

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Journal this.
    Record(Event),
    /// Delete this job, after what stands before it is journalled.
    Delete {
        /// The chain.
        chain: ChainId,
        /// The job.
        job: JobId,
    },
    /// Submit the chain again without the node of its last link, after what stands before it is journalled.
    Elsewhere {
        /// The chain.
        chain: ChainId,
        /// The link.
        link: LinkNumber,
    },
}

/// What disk and batch system show at one moment.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// The monotonic clock, milliseconds.
    pub now_ms: u64,
    /// The batch system's answer about all known tokens; `None`: no (certain) answer this time.
    pub batch: Option<Arc<BatchView>>,
    /// What each chain has on disk.
    pub disk: BTreeMap<ChainId, DiskView>,
    /// How a chain may run.
    pub limits: Limits,
}

/// The batch system's answer.
#[derive(Debug, Clone, Default)]
pub struct BatchView {
    /// All jobs of all known tokens, ended ones too.
    pub jobs: Vec<Job>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Where the jobs of each name stand among them: every chain asks for its own, several times a round.
    named: HashMap<String, Vec<usize>>,
    /// Where each run stands.
    runs: HashMap<JobKey, usize>,
}

impl BatchView {
    /// These jobs and nodes.
    #[must_use]
    pub fn new(jobs: Vec<Job>, nodes: Vec<Node>) -> Self {
        let mut view = Self { jobs, nodes, ..Self::default() };
        for (at, job) in view.jobs.iter().enumerate() {
            match view.named.get_mut(&job.name) {
                Some(all) => all.push(at),
                None => drop(view.named.insert(job.name.clone(), vec![at])),
            }
            view.runs.entry(job.key()).or_insert(at);
        }
        view
    }

    /// The jobs of an attempt, in their order.
    pub fn of(&self, token: &Token) -> impl Iterator<Item = &Job> {
        self.named.get(&token.0).into_iter().flatten().filter_map(|at| self.jobs.get(*at))
    }

    /// One run of a job.
    #[must_use]
    pub fn run(&self, run: JobKey) -> Option<&Job> {
        self.jobs.get(*self.runs.get(&run)?)
    }
}

/// What one chain has on disk.
#[derive(Debug, Clone, Default)]
pub struct DiskView {
    /// The months of the chain.
    pub months: Vec<u8>,
    /// Attempts with their tokens, in order.
    pub attempts: Vec<(u32, Token)>,
    /// The nodes that the last attempt leaves out.
    pub left_out: BTreeSet<String>,
    /// Nothing of its program is kept before it ends.
    pub unsaved: bool,
    /// Its links, in order.
    pub links: Vec<LinkOnDisk>,
    /// Its good generations: number, tiles, finished maps, bytes; oldest first.
    pub generations: Vec<SealedGeneration>,
    /// `complete.ron` is there and good, and every map that it names.
    pub complete: bool,
    /// What is wrong with `complete.ron` or with the maps, in words.
    pub lost: Option<String>,
    /// `complete.ron` is there and good, but not all of its maps.
    pub lost_maps: bool,
    /// The link that has not ended by itself, and the counter of its heartbeat.
    pub beat: Option<(LinkNumber, u64)>,
    /// Whether that heartbeat has stood still for too long; `None` while nothing is known.
    pub silent: Option<bool>,
}

/// One link's files.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkOnDisk {
    /// How it began.
    pub start: LinkStart,
    /// How it ended by itself.
    pub end: Option<LinkEnd>,
}

impl LinkOnDisk {
    /// It ended because its node does not fit the program of the chain, and another may.
    pub(in crate::campaign) fn is_unfit(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.unfit.is_some())
    }
}

/// One good generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedGeneration {
    /// Its number.
    pub number: GenerationNumber,
    /// The work it holds.
    pub tiles: u64,
    /// In what.
    pub unit: Unit,
    /// Its finished maps.
    pub maps: usize,
    /// Bytes of its files.
    pub bytes: u64,
}

/// How a chain may run, and how long to wait before an absence counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most links since a person last submitted the chain.
    pub max_links: u32,
    /// How long an absence must last before it counts, milliseconds: a submission in flight when its session died,
    /// a resubmission that the batch system has not made yet.
    pub settle_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_links: 50, settle_ms: 0 }
    }
}

/// Absences seen so far, and since when on the observations' clock. Kept by the caller from one decision to the next,
/// also by way of a file, lest a session that only looks for a moment never becomes sure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubts(BTreeMap<ChainId, Doubted>);

/// A doubt, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Doubted {
    doubt: Doubt,
    /// The heartbeat at that moment: a job whose heart beats on is not missing, whatever the batch system says.
    beat: Option<(LinkNumber, u64)>,
    since_ms: u64,
}

/// What seems to be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Doubt {
    /// The job of this attempt, whose submission had no outcome.
    Submission(u32),
    /// A job that is over, with nothing certain said of how.
    End(JobKey),
    /// Any job of this attempt, which was submitted.
    Vanished(u32),
}
