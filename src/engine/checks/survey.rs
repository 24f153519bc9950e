//! One look at every cell of a raster that the maps depend on, band by band, in little memory.

mod bands;
mod eye;
mod found;
mod strays;

use rayon::prelude::*;

use super::super::Problem;
use super::super::geotiff::Raster;
use super::super::rectangles::Span;
use bands::{bands, rows_of_a_band};
use eye::{Eye, SurveyRow};

pub(in super::super) use bands::bands_of;
pub(in super::super) use found::{Repeated, Rules, SharpSteps, Steepness, Strays, Survey};
pub(in super::super) use strays::{Collector, strays_in};

/// Looks at every cell of `all`, of which `mapped` is mapped. After each band `progress` is told how many cells that were.
///
/// # Errors
/// When the raster cannot be read.
pub(in super::super) fn survey(
    raster: &Raster,
    parts: (Span, Span),
    rules: Rules,
    progress: &dyn Fn(u64),
) -> Result<Survey, Problem> {
    let rows = rows_of_a_band(raster.rows_of_a_chunk(), parts.0.width);
    in_bands(raster, rows, parts, rules, progress)
}

/// As [`survey`], in bands of so many rows.
fn in_bands(
    raster: &Raster,
    rows: usize,
    (all, mapped): (Span, Span),
    rules: Rules,
    progress: &dyn Fn(u64),
) -> Result<Survey, Problem> {
    let mut eye = Eye::new(rules, all, mapped);
    let mut above: Vec<f32> = Vec::new();
    for Span { column, row: first, width, height } in bands(all, rows) {
        let grid = raster.window(column, first, width, height)?;
        let over = |j: usize| match j {
            0 => above.as_slice(),
            _ => &grid.values[(j - 1) * width..j * width],
        };
        let found: Vec<SurveyRow> = (grid.values.par_chunks(width.max(1)).enumerate())
            .map(|(j, row)| SurveyRow::of(row, over(j), rules))
            .collect();
        for (j, (row, found)) in grid.values.chunks(width.max(1)).zip(found).enumerate() {
            eye.take(row, over(j), first + j as isize, found);
        }
        above = grid.values[(height - 1) * width..].to_vec();
        progress((height * width) as u64);
    }
    Ok(eye.finish())
}

#[cfg(test)]
mod tests;
