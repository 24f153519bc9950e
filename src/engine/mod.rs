//! The science: from a terrain model and coarse climate grids to 25 m maps of radiation and temperature.
//!
//! It knows no campaign and no screen: a [`Request`] names resolved files and numbers, an [`Engine`] opened from it
//! computes one tile after another, in any order, with the same bits whatever the number of threads.

#[cfg(test)]
mod against_pvlib;
mod atmosphere;
mod azimuths;
mod bspline;
mod checks;
mod coarse;
pub mod crs;
mod cure;
mod finding;
#[cfg(test)]
mod fixtures;
pub mod geotiff;
pub mod grid;
mod horizon;
pub mod identity;
mod inputs;
mod lanes;
mod layers;
mod load;
pub mod model;
mod narrowed;
mod numerics;
pub mod picture;
mod products;
mod projection;
mod radiation;
pub mod request;
mod shadow;
mod sky_view;
mod spares;
mod stages;
mod sun;
mod surface;
pub mod synthetic;
mod terrain;
mod tile;
mod tiling;
mod vector;

pub use azimuths::Azimuths;
pub use checks::{Examination, Look, Seen};
pub use coarse::resample;
pub use finding::{Doubt, Finding, Severity};
pub use layers::{Layer, Steps, layer_named, layers_of};
pub use model::{Atmosphere, DiffuseModel, Model, Mornings, North, Shadow, SkyView, Summing};
pub use numerics::NUMERICS;
pub use request::{Compression, Field, MonthInputs, Product, RegionBox, Request, Storage, TemperatureInput};
pub use stages::Stage;
pub use tile::{Engine, Ground};
pub use tiling::{Computed, Piece, Tile, Tiling};
pub use vector::Vectors;

use std::path::{Path, PathBuf};

use crate::quantity;

/// One thing that is wrong with an input: what, where and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what} ({cure})", file.display())]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// What was found and what was expected.
    pub what: String,
    /// What to do about it.
    pub cure: String,
    /// It was another when it was read before: maps must not be made of both.
    pub changed: bool,
}

impl Problem {
    /// A problem of `file`.
    pub fn new(file: &Path, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), what: what.into(), cure: cure.into(), changed: false }
    }

    /// `file` is not what it was when it was read before: `place` tells where, `since` who read it when.
    #[must_use]
    pub fn changed(file: &Path, place: &str, since: &str) -> Self {
        let now = identity::stamp(file).map_or_else(
            |problem| problem.what,
            |stamp| format!("it was written last on {}", quantity::moment(stamp.written_ms())),
        );
        let what = format!("was changed: its content {place} is not what {since} read; {now}");
        Self { changed: true, ..Self::new(file, what, "put the file back as it was") }
    }
}

/// Why the engine stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// An input is unfit.
    #[error(transparent)]
    Input(Problem),
    /// An input is not what it was when it was read before.
    #[error(transparent)]
    Changed(Problem),
    /// It was asked to stop in the middle of a tile.
    #[error("stopped in the middle of a tile, as asked")]
    Stopped,
}

impl From<Problem> for EngineError {
    fn from(problem: Problem) -> Self {
        if problem.changed { Self::Changed(problem) } else { Self::Input(problem) }
    }
}
