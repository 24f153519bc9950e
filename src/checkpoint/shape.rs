//! What a chain's generations must fit, and what of them is held.

use super::generation::TileRecord;
use crate::durable::DurableError;
use crate::layout::LinkNumber;

/// What a chain's generations must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The frozen spec's hash.
    pub spec: String,
    /// Hashes of earlier frozen specs of the same work: their tiles count as well.
    pub lineage: Vec<String>,
    /// The number of the engine: tiles of another are not resumed.
    pub numerics: u32,
    /// The chain was begun anew after this link: what it and earlier ones sealed does not count. 0: never.
    pub after: LinkNumber,
    /// The layers' names, in the engine's order.
    pub layers: Vec<String>,
    /// For each tile the numbers of its blocks in a map.
    pub blocks: Vec<Vec<u32>>,
}

/// A tile that need not be computed again.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldTile {
    /// The link whose parts hold its blocks.
    pub link: LinkNumber,
    /// Where they lie.
    pub record: TileRecord,
}

/// Why no generation could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The folder cannot be read at all.
    #[error(transparent)]
    File(#[from] DurableError),
    /// The newest generation belongs to another spec or a later version.
    #[error("{0}")]
    Foreign(String),
    /// The link was asked to stop meanwhile.
    #[error("stopped while verifying, as asked")]
    Stopped,
}

/// In words why a file does not count; an error where that is not for this program to say.
pub(super) fn why_bad(e: DurableError) -> Result<String, ResumeError> {
    match &e {
        // A disk that is out of reach says nothing about what is on it: giving up work for it would be wrong. A block that
        // cannot be read in spite of all patience is as good as lost.
        DurableError::Io { source, .. }
            if source.kind() == std::io::ErrorKind::PermissionDenied
                || (e.is_passing() && source.raw_os_error() != Some(nix::errno::Errno::EIO as i32)) =>
        {
            Err(e.into())
        }
        DurableError::UnknownForm { .. } => Err(ResumeError::Foreign(e.to_string())),
        _ => Ok(e.to_string()),
    }
}

/// The file name of a layer's map.
#[must_use]
pub fn map_file(layer: &str) -> String {
    format!("{layer}.tif")
}
