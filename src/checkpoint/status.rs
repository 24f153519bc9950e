//! A link's heartbeat and the small picture of its map.

use serde::{Deserialize, Serialize};

use super::generation::GenerationNumber;
use super::link::LinkNumber;

/// A link's own status file, replaced at each heartbeat ([`HEARTBEAT`]).
///
/// Its age is how long the reader's own monotonic clock has seen `counter` unchanged; never the file's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The link that writes it.
    pub link: LinkNumber,
    /// Grows by one at each heartbeat.
    pub counter: u64,
    /// What it does.
    pub phase: Phase,
    /// Tiles done (sealed or not), of `total`.
    pub tiles: u64,
    /// Tiles of the chain.
    pub total: u64,
    /// Tiles in the last sealed generation.
    pub sealed_tiles: u64,
    /// The last sealed generation.
    pub generation: Option<GenerationNumber>,
    /// Tiles computed per minute by this link, without the waits of a pace.
    pub tiles_per_minute: f64,
    /// Memory in use, bytes (resident set).
    pub memory: u64,
    /// Seconds until this link will checkpoint and stop by its own view of the walltime.
    pub seconds_left: Option<u64>,
}

/// How often a link writes its status.
pub const HEARTBEAT: std::time::Duration = std::time::Duration::from_secs(1);

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Opens its inputs and verifies the generation it resumes.
    Opening,
    /// Computes tiles.
    Computing,
    /// Seals a generation.
    Sealing,
    /// Puts the finished maps together and verifies them.
    Finishing,
    /// Checkpointed early; stays until the batch system counts its exit code.
    Waiting,
}

/// A small picture of one layer of the map as it fills.
#[derive(Debug, Clone, PartialEq)]
pub struct Quicklook {
    /// The layer's name.
    pub layer: String,
    /// Its unit.
    pub unit: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Row by row from the north; NaN: not computed yet or no data.
    pub values: Vec<f32>,
}
