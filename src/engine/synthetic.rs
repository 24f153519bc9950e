//! Deterministic synthetic terrain through real control points, for demos and tests.

use std::path::Path;

use super::Problem;

/// The label of such terrain wherever it is shown.
pub const LABEL: &str = "synthetic terrain through real summits";

/// What [`write_ecrins`] makes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Cells across and down, of 25 m.
    pub size: u32,
    /// Beyond the mapped region, terrain that only casts shadows, cells.
    pub halo: u32,
}

/// Writes the campaign inputs of the Parc des Écrins into `folder`: `dem.tif` (25 m, EPSG:3035, through the control
/// points of `assets/ecrins/`) and coarse, smooth climate grids on 1 km cells (`t_{month}.tif`, `cloud_{month}.tif`,
/// `zref.tif`).
///
/// # Errors
/// When a file cannot be written.
pub fn write_ecrins(_folder: &Path, _extent: Extent) -> Result<(), Problem> {
    unimplemented!()
}
