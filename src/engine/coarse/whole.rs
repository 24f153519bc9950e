//! Where a whole coarse grid lies around a region, in degrees also round the Earth.

use crate::engine::Problem;
use crate::engine::geotiff::Raster;
use crate::engine::grid::{Grid, Placement};
use crate::engine::rectangles::Span;

/// Degrees once round the Earth.
const TURN: f64 = 360.0;

/// A whole coarse grid, as it lies around a region: in degrees it may count them from 0 to 360, and go round the Earth.
#[derive(Debug)]
pub(super) struct Whole {
    /// Its place, moved by whole turns to where the region lies.
    pub(super) placement: Placement,
    /// The longitude in the region's middle, from which none is counted farther than half a turn; 0 where the grid is not
    /// in degrees.
    middle: f64,
    /// Columns of a turn, where the grid goes round the Earth.
    pub(super) turn: Option<isize>,
}

impl Whole {
    pub(super) fn of(placement: &Placement, dem: &Placement, span: Span) -> Self {
        let mut placement = placement.clone();
        let x = span.column as f64 + (span.width as f64 - 1.0) / 2.0;
        let y = span.row as f64 + (span.height as f64 - 1.0) / 2.0;
        let (x, y) = dem.centre(x, y);
        let middle = dem.crs.to_lonlat(x, y).filter(|_| placement.crs.is_geographic());
        let Some((middle, _)) = middle else { return Self { placement, middle: 0.0, turn: None } };
        let length = placement.width as f64 * placement.cell_x;
        let apart = |shift: &f64| {
            let west = placement.west + shift;
            (west - middle).max(middle - west - length).max(0.0)
        };
        let nearest = [0.0, TURN, -TURN].into_iter().min_by(|a, b| apart(a).total_cmp(&apart(b)));
        placement.west += nearest.unwrap_or(0.0);
        // A thousandth of a cell is what a rounded size of cells adds up to.
        let columns = TURN / placement.cell_x;
        let whole = (columns - columns.round()).abs() < 1e-3 && placement.width as f64 >= columns.round();
        Self { placement, middle, turn: whole.then(|| columns.round() as isize) }
    }

    /// A longitude, counted from where the region lies.
    fn longitude(&self, lon: f64) -> f64 {
        match lon - self.middle {
            away if away > TURN / 2.0 => lon - TURN,
            away if away < -TURN / 2.0 => lon + TURN,
            _ => lon,
        }
    }

    /// Nodes from a column and row on, which may lie a turn before or behind those of the file.
    pub(super) fn window(
        &self,
        raster: &Raster,
        (column, row): (isize, isize),
        width: usize,
        height: usize,
    ) -> Result<Grid, Problem> {
        let mut grid = raster.window(column, row, width, height)?;
        let inside = |i: usize| (0..self.placement.width as isize).contains(&(column + i as isize));
        let Some(turn) = self.turn.filter(|_| !(0..width).all(inside)) else { return Ok(grid) };
        for turn in [turn, -turn] {
            let other = raster.window(column + turn, row, width, height)?;
            for (i, value) in grid.values.iter_mut().enumerate().filter(|(i, _)| !inside(i % width)) {
                if value.is_nan() {
                    *value = other.values[i];
                }
            }
        }
        Ok(grid)
    }

    /// The sides where the spline wants nodes beyond the last, and how many: it takes one before and two behind the node
    /// below a position.
    pub(super) fn missing(&self, low: (f64, f64), high: (f64, f64)) -> Vec<(&'static str, usize)> {
        let before = |low: f64| 1.0 - low.floor();
        let behind = |high: f64, size: usize| high.floor() + 2.0 - (size as f64 - 1.0);
        let (width, height) = (self.placement.width, self.placement.height);
        let round = self.turn.is_some();
        [
            ("west", if round { 0.0 } else { before(low.0) }),
            ("east", if round { 0.0 } else { behind(high.0, width) }),
            ("north", before(low.1)),
            ("south", behind(high.1, height)),
        ]
        .into_iter()
        .filter(|(_, count)| *count >= 1.0)
        .map(|(side, count)| (side, count as usize))
        .collect()
    }
}

/// The fractional cell of another grid under a fractional cell of the DEM.
pub(super) fn cell_under(dem: &Placement, other: &Whole, column: f64, row: f64) -> Option<(f64, f64)> {
    let (x, y) = dem.centre(column, row);
    let crs = other.placement.crs;
    if dem.crs == crs {
        return Some(other.placement.cell_of(x, y));
    }
    let (lon, lat) = dem.crs.to_lonlat(x, y)?;
    let (x, y) = if crs.is_geographic() { (other.longitude(lon), lat) } else { crs.from_lonlat(lon, lat)? };
    let (column, row) = other.placement.cell_of(x, y);
    // Hides the last bits of the projection, which may depend on the processor.
    Some(((column * 1e9).round() / 1e9, (row * 1e9).round() / 1e9))
}
