//! Coarse grids at samples of the region: they have values wherever the terrain has.

use super::super::Problem;
use super::super::coarse::{Coarse, WIDER};
use super::super::crs::in_words;
use super::super::geotiff::Raster;
use super::super::rectangles::Span;

/// Points across a region where samples are taken.
const SAMPLES: usize = 24;

/// Looks at samples of the region.
pub(in super::super) fn covers(coarse: &Coarse, dem: &Raster, span: Span) -> Option<Problem> {
    let place = dem.placement();
    let (mut missing, mut all, mut first) = (0, 0, None);
    for (column, row) in span.points(SAMPLES) {
        all += 1;
        let (column, row) = (column.round(), row.round());
        if !coarse.is_missing_at(place, column, row) {
            continue;
        }
        match dem.window(column as isize, row as isize, 1, 1) {
            Ok(cell) if cell.values.first().is_none_or(|z| z.is_nan()) => {}
            Ok(_) => {
                missing += 1;
                let (x, y) = place.centre(column, row);
                first = first.or_else(|| place.crs.to_lonlat(x, y));
            }
            Err(problem) => return Some(problem),
        }
    }
    let what =
        format!("has no data at {missing} of {all} points of the region, the first at {}", on_earth(first?));
    Some(Problem::new(&coarse.path, what, WIDER))
}

/// Numbers of a coarse grid at places over a region.
pub(in super::super) fn at_places(coarse: &Coarse, dem: &Raster, span: Span) -> Vec<f64> {
    span.points(SAMPLES).map(|(column, row)| coarse.under(dem.placement(), column, row)).collect()
}

/// A place in words, to some ten metres.
pub(in super::super) fn on_earth(place: (f64, f64)) -> String {
    in_words(place, 4)
}
