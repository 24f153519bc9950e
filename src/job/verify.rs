//! Are the maps what was computed?

use std::path::{Path, PathBuf};

use crate::checkpoint::{CampaignDir, ChainId};

/// One map, reopened and compared with the record of its chain.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Verified {
    /// The map.
    pub path: PathBuf,
    /// Its valid pixels.
    pub valid: u64,
    /// Lowest and highest value.
    pub range: Option<(f32, f32)>,
    /// What does not fit, in words; empty for a good map.
    pub problems: Vec<String>,
}

/// Reopens every map of a chain: every block's checksum as recorded when computed, valid pixels = the DEM's, values
/// within the layer's physical range.
///
/// # Errors
/// When the chain has no readable record of its maps.
pub fn verify_chain(
    _campaign: &CampaignDir,
    _chain: &ChainId,
    _dem: &Path,
) -> Result<Vec<Verified>, crate::durable::DurableError> {
    unimplemented!()
}
