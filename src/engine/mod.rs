//! The science: from a terrain model and coarse climate grids to 25 m maps of radiation and temperature.
//!
//! It knows no campaign and no screen: a [`MapRequest`] names resolved files and numbers, an [`Engine`] opened from it
//! computes one tile after another, in any order, with the same bits whatever the number of threads.

#[cfg(test)]
mod against_pvlib;
mod atmosphere;
mod azimuths;
mod beside;
mod bspline;
mod buffer_pool;
mod checks;
mod coarse;
pub mod crs;
mod cure;
mod examine;
mod finding;
#[cfg(test)]
mod fixtures;
pub mod geotiff;
pub mod grid;
mod halo;
mod horizon;
pub mod identity;
mod inputs;
mod lanes;
mod layers;
mod load;
pub mod model;
mod narrowed;
mod numerics;
mod open;
pub mod picture;
mod problem;
mod products;
mod projection;
mod radiation;
mod reading;
mod rectangles;
pub mod request;
mod shadow;
mod sky_view;
mod stages;
mod stamp;
mod sun;
mod surface;
pub mod synthetic;
mod terrain;
mod tile;
mod tiling;
mod vector;

pub use azimuths::AzimuthSet;
pub use coarse::resample;
pub use examine::{CheckDepth, Examination, FileSurvey};
pub use finding::{InputDoubt, InputFinding, Severity};
pub use layers::{FixedSteps, Layer, layer_named, layers_of};
pub use model::{AtmosphereModel, DiffuseModel, Mornings, North, Physics, Shadow, SkyView, Summing};
pub use numerics::NUMERICS;
pub use open::Engine;
pub use problem::{EngineError, Problem};
pub use request::{
    CoarseField, Compression, MapRequest, MonthInputs, Product, RegionBox, Storage, TemperatureInput,
};
pub use stages::ComputeStage;
pub use tile::Ground;
pub use tiling::{Computed, Piece, Tile, Tiling};
pub use vector::Vectors;
