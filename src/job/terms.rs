//! What a link is to do, when it must stop, what it tells while it runs, and how it ended.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::origin::Origin;
use crate::campaign::spec::Spec;
use crate::checkpoint::{Chain, ExitClass, GenerationNumber, LinkNumber, Phase};

/// When a link must stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Set by a signal (the batch system's, SIGTERM, Ctrl-C).
    pub asked: Arc<AtomicBool>,
    /// When to checkpoint by the link's own view of the walltime.
    pub deadline: Option<Instant>,
    /// When the batch system ends the job.
    pub end: Option<Instant>,
    /// An end before this moment, to go on in a next link, would not be counted by the batch system: stay until then.
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
    pub chain: Chain,
    /// The batch system's job, or `local`.
    pub job_id: String,
    /// The node.
    pub node: String,
    /// Threads to compute with.
    pub threads: u32,
    /// When to stop.
    pub stop: Stop,
    /// Where it comes from.
    pub origin: Origin,
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

/// Waits until `until`, `wake` permitting; looks every few milliseconds.
pub(super) fn wait_until(until: Instant, wake: &dyn Fn() -> bool) {
    const STEP: Duration = Duration::from_millis(20);
    while !wake() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        std::thread::sleep(left.min(STEP));
    }
}
