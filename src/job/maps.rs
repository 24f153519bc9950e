//! Finished maps, opened again: below the output folder no link is followed.

use std::path::Path;

use crate::durable::beneath;
use crate::engine::Problem;
use crate::engine::geotiff::Raster;

/// Opens a finished map as any other program would, but neither it nor what lies beside it through a link.
///
/// # Errors
/// As [`Raster::open`].
pub(super) fn open(map: &Path) -> Result<Raster, Problem> {
    Raster::open_by(map, beneath::open)
}
