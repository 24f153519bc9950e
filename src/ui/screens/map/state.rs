//! The pictures that were read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::campaign::snapshot::Snapshot;
use crate::checkpoint::{ChainId, Quicklook};

/// A picture that was read, with the range of its colours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    /// The file.
    pub(crate) path: PathBuf,
    /// What it holds.
    pub(crate) look: Quicklook,
    /// The values of the lowest and the highest colour; `None` while no pixel is valid.
    pub(crate) range: Option<(f32, f32)>,
    /// The colours from lowest to highest.
    pub(crate) colours: Vec<[u8; 3]>,
}

impl Picture {
    /// The colour of a value; `None` for NaN, or while there is no range.
    pub(crate) fn colour(&self, value: f32) -> Option<[u8; 3]> {
        let (low, high) = self.range.filter(|_| !value.is_nan())?;
        let part = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 };
        let last = self.colours.len().checked_sub(1)?;
        self.colours.get((part * last as f32).round() as usize).copied()
    }
}

/// The pictures of the months.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct State {
    /// Those that were read.
    pub(crate) pictures: BTreeMap<ChainId, Picture>,
    /// Why the picture of a chain could not be read.
    pub(crate) error: Option<(ChainId, String)>,
}

impl State {
    /// A picture was read, or could not be.
    pub(crate) fn take(&mut self, chain: ChainId, result: Result<Picture, String>) {
        match result {
            Ok(picture) => {
                self.pictures.insert(chain, picture);
                self.error = None;
            }
            Err(why) => self.error = Some((chain, why)),
        }
    }

    /// Forgets those of chains that are no more.
    pub(crate) fn keep(&mut self, snapshot: &Snapshot) {
        self.pictures.retain(|id, _| snapshot.chains.iter().any(|c| c.id == *id));
    }
}
