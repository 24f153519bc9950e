//! One link of a chain.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::campaign::spec::Spec;
use crate::checkpoint::{ChainId, ExitClass, GenerationNumber, LinkNumber, Phase};

/// When a link must stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Set by a signal (SIGUSR2, SIGTERM, Ctrl-C).
    pub asked: Arc<AtomicBool>,
    /// When to checkpoint by the link's own view of the walltime.
    pub deadline: Option<Instant>,
    /// An exit 99 before this moment would not be counted by the batch system: stay until then.
    pub not_before: Option<Instant>,
}

/// How a link runs.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The campaign's spec with absolute paths, frozen.
    pub spec: Spec,
    /// Its hash.
    pub spec_hash: String,
    /// The chain.
    pub chain: ChainId,
    /// Its months.
    pub months: Vec<u8>,
    /// The batch system's job, or `local`.
    pub job_id: String,
    /// The node.
    pub node: String,
    /// Threads to compute with.
    pub threads: u32,
    /// When to stop.
    pub stop: Stop,
}

/// What a link reports while it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// Tiles done.
    pub tiles: u64,
    /// Tiles in all.
    pub total: u64,
}

/// How a link ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The link.
    pub link: Option<LinkNumber>,
    /// How.
    pub class: ExitClass,
    /// In words.
    pub message: String,
    /// The last generation sealed.
    pub sealed: Option<GenerationNumber>,
}

/// Runs one link of a chain in the campaign whose output folder is `output`: the same for a first run and a resumed one.
///
/// Never panics on what it finds on disk; every end, good or bad, is an [`Outcome`] and is recorded as the link's end.
pub fn run_chain(_output: &Path, _options: &RunOptions, _report: &(dyn Fn(&Progress) + Sync)) -> Outcome {
    unimplemented!()
}
