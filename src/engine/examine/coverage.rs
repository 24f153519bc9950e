//! Coarse grids, and clouds on the terrain's cells, have values wherever the terrain has: looked at cell by cell.

use rayon::prelude::*;

use super::super::Problem;
use super::super::checks::{covers, on_earth};
use super::super::coarse::{Coarse, WIDER};
use super::super::geotiff::Raster;
use super::super::inputs::{Clouds, Given, OpenedInputs};
use super::super::rectangles::{Rect, Span};

/// Edge of the parts of a region that are looked at side by side, cells.
const EDGE: usize = 256;

/// Looks at every cell of the region that lies near a missing node, for all coarse grids.
pub(super) fn uncovered(inputs: &OpenedInputs) -> Vec<Problem> {
    // The months of a data set mostly lack the same nodes.
    let mut known: Vec<(&Coarse, Option<(isize, isize)>)> = Vec::new();
    let mut problems = Vec::new();
    for coarse in coarse_grids(inputs) {
        let same = known.iter().find(|(other, _)| other.lacks_the_same(coarse)).map(|(_, first)| Ok(*first));
        match same.unwrap_or_else(|| first_uncovered(coarse, &inputs.dem, inputs.span)) {
            Ok(first) => {
                known.push((coarse, first));
                let hole = first.map(|cell| told(coarse, &inputs.dem, cell));
                // What lies beyond the last nodes is none of those that are missing.
                problems.extend(hole.or_else(|| covers(coarse, &inputs.dem, inputs.span)));
            }
            Err(problem) => problems.push(problem),
        }
    }
    problems
}

/// Why a map has no value at a cell of the DEM that has a height: the grid that has none there.
pub(in super::super) fn refuse_uncovered(inputs: &OpenedInputs, (column, row): (isize, isize)) -> Problem {
    let dem = &inputs.dem;
    let lacks = |grid: &&Coarse| grid.is_missing_at(dem.placement(), column as f64, row as f64);
    if let Some(grid) = coarse_grids(inputs).into_iter().find(lacks) {
        return told(grid, dem, (column, row));
    }
    for clouds in inputs.months.iter().filter_map(|month| month.clouds.as_ref()) {
        let Clouds::Cells { raster, column: first, row: above } = clouds else { continue };
        let (own_column, own_row) = (column - first, row - above);
        match raster.window(own_column, own_row, 1, 1) {
            Ok(cell) if cell.values.iter().all(|value| !value.is_nan()) => {}
            Ok(_) => {
                let what = format!(
                    "has no data in column {own_column}, row {own_row}, where the terrain has a height (its column {column}, \
                     row {row})"
                );
                return Problem::new(
                    raster.path(),
                    what,
                    "give a grid without holes, or make the region smaller",
                );
            }
            Err(problem) => return problem,
        }
    }
    let what = format!("has a height in column {column}, row {row} for which a map gets no value");
    Problem::new(dem.path(), what, "report this as a fault of the program")
}

fn told(coarse: &Coarse, dem: &Raster, (column, row): (isize, isize)) -> Problem {
    let place = dem.placement();
    let (x, y) = place.centre(column as f64, row as f64);
    let place = place.crs.to_lonlat(x, y).map_or_else(|| format!("x {x:.1}, y {y:.1}"), on_earth);
    let what = format!(
        "has no data where the terrain has heights, first under its cell in column {column}, row {row} ({place})"
    );
    Problem::new(&coarse.path, what, WIDER)
}

/// All coarse grids of a request.
pub(super) fn coarse_grids(inputs: &OpenedInputs) -> Vec<&Coarse> {
    let mut grids: Vec<&Coarse> = inputs.reference_height.as_deref().into_iter().collect();
    for month in &inputs.months {
        grids.extend(month.temperatures.iter().map(|temperature| &temperature.grid));
        for given in [Some(&month.lapse), month.turbidity.as_ref()].into_iter().flatten() {
            if let Given::Coarse(grid) = given {
                grids.push(grid);
            }
        }
        if let Some(Clouds::Coarse(grid)) = &month.clouds {
            grids.push(grid);
        }
    }
    grids
}

/// The first cell with a height where the grid has no value.
fn first_uncovered(coarse: &Coarse, dem: &Raster, span: Span) -> Result<Option<(isize, isize)>, Problem> {
    if !coarse.grid.values.iter().any(|value| value.is_nan()) {
        return Ok(None);
    }
    let part = |piece: &Rect| {
        let (column, row) = (span.column + piece.x0 as isize, span.row + piece.y0 as isize);
        Span { column, row, width: piece.width(), height: piece.height() }
    };
    let pieces = Rect { x0: 0, y0: 0, x1: span.width, y1: span.height }.cut(EDGE);
    let found = pieces.par_iter().filter_map(|piece| in_part(coarse, dem, part(piece)).transpose());
    found.find_first(|_| true).transpose()
}

fn in_part(coarse: &Coarse, dem: &Raster, part: Span) -> Result<Option<(isize, isize)>, Problem> {
    if !coarse.may_lack(dem.placement(), part) {
        return Ok(None);
    }
    let ground = dem.window(part.column, part.row, part.width, part.height)?;
    if ground.values.iter().all(|z| z.is_nan()) {
        return Ok(None);
    }
    let values = coarse.resample(dem.placement(), part);
    let first = values.iter().zip(&ground.values).position(|(value, z)| value.is_nan() && !z.is_nan());
    Ok(first.map(|i| (part.column + (i % part.width) as isize, part.row + (i / part.width) as isize)))
}
