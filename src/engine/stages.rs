//! Where the time of a computation goes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A stage of computing a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reading and decoding the window of the terrain model.
    Reading,
    /// Finding the skylines.
    Skylines,
    /// Placing the suns of each patch.
    Suns,
    /// Sky view and radiation.
    Sums,
    /// Coarse grids, clouds, quotient, temperature.
    Products,
}

/// Time spent in each stage since the engine was opened, summed over threads.
#[derive(Debug, Default)]
pub(super) struct Stages([AtomicU64; Stage::ALL.len()]);

impl Stage {
    /// All, in the order they are gone through.
    pub const ALL: [Self; 5] = [Self::Reading, Self::Skylines, Self::Suns, Self::Sums, Self::Products];
}

impl Stages {
    /// Does something that belongs to a stage.
    pub(super) fn during<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let result = work();
        if let Some(sum) = self.0.get(stage as usize) {
            sum.fetch_add(begin.elapsed().as_nanos() as u64, Ordering::Relaxed);
        }
        result
    }

    /// The time spent in each.
    pub(super) fn spent(&self) -> Vec<(Stage, Duration)> {
        let sums = self.0.iter().map(|sum| Duration::from_nanos(sum.load(Ordering::Relaxed)));
        Stage::ALL.into_iter().zip(sums).collect()
    }
}
