//! Whole grids into files, put in place whole.

use std::path::Path;

use crate::durable::{DurableError, atomic};
use crate::engine::geotiff::whole_file;
use crate::engine::grid::{Grid, Placement};
use crate::engine::synthetic::{self, SceneExtent};
use crate::engine::{Layer, Problem};

/// Writes a whole grid as a float32 map file in one go, put in place whole: for fixtures, synthetic terrain, exports.
///
/// # Errors
/// When the grid has another size than its placement, or the file cannot be written.
pub fn write_grid(path: &Path, grid: &Grid, placement: &Placement, layer: &Layer) -> Result<(), Problem> {
    atomic::replace(path, &whole_file(path, grid, placement, layer)?).map_err(|e| {
        let cure = if e.is_disk_full() {
            "make room on the disk"
        } else {
            "make sure that its folder exists and may be written"
        };
        let why = match &e {
            DurableError::Io { source, .. } => source.to_string(),
            other => other.to_string(),
        };
        Problem::new(path, format!("cannot be written: {why}"), cure)
    })
}

/// Writes the inputs of [`synthetic::ecrins`] into `folder`.
///
/// # Errors
/// When the extent is empty or too large, or a file cannot be written.
pub fn write_ecrins(folder: &Path, extent: SceneExtent) -> Result<(), Problem> {
    synthetic::ecrins(extent, |name, grid, placement, layer| {
        write_grid(&folder.join(name), grid, placement, &layer)
    })
}
