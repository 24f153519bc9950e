//! Where the time of a computation goes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// A stage of computing a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ComputeStage {
    /// Reading and decoding the window of the terrain model.
    Reading,
    /// Finding the horizons.
    #[serde(rename = "skylines")]
    Horizons,
    /// Placing the suns of each patch.
    Suns,
    /// Sky view and radiation.
    Sums,
    /// Coarse grids, clouds, quotient, temperature.
    Products,
}

/// Time spent in each stage since the engine was opened, summed over threads.
#[derive(Debug, Default)]
pub(super) struct Stages([AtomicU64; ComputeStage::ALL.len()]);

impl ComputeStage {
    /// All, in the order they are gone through.
    pub const ALL: [Self; 5] = [Self::Reading, Self::Horizons, Self::Suns, Self::Sums, Self::Products];
}

impl Stages {
    /// Does something that belongs to a stage.
    pub(super) fn during<T>(&self, stage: ComputeStage, work: impl FnOnce() -> T) -> T {
        let begin = own_time();
        let result = work();
        if let Some(sum) = self.0.get(stage as usize) {
            sum.fetch_add(own_time().saturating_sub(begin).as_nanos() as u64, Ordering::Relaxed);
        }
        result
    }

    /// The time spent in each.
    pub(super) fn spent(&self) -> Vec<(ComputeStage, Duration)> {
        let sums = self.0.iter().map(|sum| Duration::from_nanos(sum.load(Ordering::Relaxed)));
        ComputeStage::ALL.into_iter().zip(sums).collect()
    }
}

/// Time that this thread has had of a core.
fn own_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}
