//! The bands in which a raster is read.

use crate::engine::geotiff::Raster;
use crate::engine::rectangles::Span;

/// Cells of a band: it is read and looked at at once.
const CELLS_OF_A_BAND: usize = 1 << 22;

/// As many even where the rows of the file's blocks have more.
pub(super) const MOST_CELLS_OF_A_BAND: usize = 1 << 25;

/// A part of a raster in bands of whole rows of the file's blocks; smaller ones where as much of other rasters is read with
/// each, so that there are `rasters` in all.
pub(in crate::engine) fn bands_of(
    raster: &Raster,
    part: Span,
    rasters: usize,
) -> impl Iterator<Item = Span> + use<> {
    bands(part, rows_of_a_band(raster.rows_of_a_chunk(), rasters * part.width))
}

/// Bands of so many rows, counted from the first of the file: they end where its blocks do.
pub(super) fn bands(part: Span, rows: usize) -> impl Iterator<Item = Span> + use<> {
    let end = part.row + part.height as isize;
    let band = move |row: isize| {
        let height = rows - row.rem_euclid(rows as isize) as usize;
        (row < end).then(|| Span { row, height: height.min((end - row) as usize), ..part })
    };
    std::iter::successors(band(part.row), move |last| band(last.row + last.height as isize))
}

/// Whole rows of the file's blocks.
pub(super) fn rows_of_a_band(chunk: usize, width: usize) -> usize {
    let width = width.max(1);
    let most = (MOST_CELLS_OF_A_BAND / width).max(1);
    let wanted = (CELLS_OF_A_BAND / width).max(1);
    if chunk >= wanted { chunk.min(most) } else { wanted / chunk * chunk }
}
