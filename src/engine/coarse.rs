//! Coarse climate grids under the cells of the DEM.

mod lattice;
mod mapping;
#[cfg(test)]
mod tests;
mod whole;

pub(super) use lattice::{CoarseLattice, ROW};

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::geotiff::Raster;
use super::grid::{Grid, Placement};
use super::rectangles::Span;
use super::{Problem, bspline};
use mapping::CellMapping;
use whole::{Whole, cell_under};

/// Nodes kept around the region: the spline needs two, the rest spares the guessing of missing ones.
const MARGIN: f64 = 4.0;

/// Cures a grid that ends in the region or close to it.
pub(super) const WIDER: &str =
    "give a grid that covers the region and 2 of its cells around, or make the region smaller";

/// Points along each edge of a region where its outline is brought to another system.
const OUTLINE: usize = 32;

/// The part of a coarse grid that lies around the region.
#[derive(Debug)]
pub(super) struct Coarse {
    /// The file that it was read from.
    pub path: PathBuf,
    /// Values at its nodes, NaN where there is none.
    pub grid: Grid,
    /// Where the whole grid lies.
    whole: Whole,
    /// The first of the nodes in the whole grid; before it where a region lies across the seam of a grid round the Earth.
    column: isize,
    row: isize,
    /// Nodes that the spline wants beyond the sides where the grid ends.
    missing: Vec<(&'static str, usize)>,
}

impl Coarse {
    /// Reads the nodes around a part of the DEM; everything else of the file is left alone.
    pub(super) fn load(path: &Path, raster: &Raster, dem: &Placement, span: Span) -> Result<Self, Problem> {
        let whole = Whole::of(raster.placement(), dem, span);
        let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
        for (column, row) in span.points(OUTLINE) {
            let Some((x, y)) = cell_under(dem, &whole, column, row) else { continue };
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
        let (across, down) = (whole.placement.width, whole.placement.height);
        let outside = |low: f64, high: f64, size: usize| !(high >= -0.5 && low <= size as f64 - 0.5);
        if (whole.turn.is_none() && outside(low.0, high.0, across)) || outside(low.1, high.1, down) {
            return Err(Problem::new(
                path,
                "does not overlap the region",
                "give a grid that covers the region and 4 of its cells around, or check its coordinate system",
            ));
        }
        let first = |low: f64| (low - MARGIN).floor() as isize;
        let last = |high: f64| (high + MARGIN).ceil() as isize;
        let inside = |first: isize, last: isize, size: usize| (first.max(0), last.min(size as isize - 1));
        let columns = match whole.turn {
            Some(turn) => (first(low.0), last(high.0).min(first(low.0) + turn - 1)),
            None => inside(first(low.0), last(high.0), across),
        };
        let rows = inside(first(low.1), last(high.1), down);
        let size = |(first, last): (isize, isize)| (last - first + 1).max(1) as usize;
        let grid = whole.window(raster, (columns.0, rows.0), size(columns), size(rows))?;
        let missing = whole.missing(low, high);
        Ok(Self { path: path.to_path_buf(), grid, whole, column: columns.0, row: rows.0, missing })
    }

    /// A remark on a grid that ends so near to the region that the spline guesses the nodes it wants beyond the end.
    pub(super) fn notice(&self) -> Option<Problem> {
        let (side, count) = self.missing.iter().max_by_key(|(_, count)| count)?;
        let sides: Vec<&str> = self.missing.iter().map(|(side, _)| *side).collect();
        let cells = if *count == 1 { "1 more cell".to_owned() } else { format!("{count} more cells") };
        Some(Problem::new(
            &self.path,
            format!(
                "ends close to the region in the {}: the spline wants {cells} in the {side}, and takes the mean of their \
                 neighbours, which changes the maps there",
                sides.join(" and the ")
            ),
            WIDER,
        ))
    }

    /// Whether a node that counts for a part of the DEM may be missing.
    pub(super) fn may_lack(&self, dem: &Placement, part: Span) -> bool {
        let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
        for (column, row) in part.points(4) {
            let Some((x, y)) = cell_under(dem, &self.whole, column, row) else { return true };
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
        let nodes = |low: f64, high: f64, first: isize| {
            low.floor() as isize - 1 - first..=high.ceil() as isize + 1 - first
        };
        nodes(low.1, high.1, self.row)
            .any(|y| nodes(low.0, high.0, self.column).any(|x| self.grid.at(x, y).is_nan()))
    }

    /// Whether another grid has its nodes at the same places, and lacks the same of them.
    pub(super) fn lacks_the_same(&self, other: &Self) -> bool {
        let (own, others) = (self.grid.values.iter(), other.grid.values.iter());
        self.whole.placement == other.whole.placement
            && self.first() == other.first()
            && self.grid.width == other.grid.width
            && own.map(|value| value.is_nan()).eq(others.map(|value| value.is_nan()))
    }

    /// Bytes of its nodes.
    pub(super) fn memory(&self) -> u64 {
        4 * self.grid.values.len() as u64
    }

    /// Column and row of its first node in the file.
    pub(super) fn first(&self) -> (isize, isize) {
        (self.column, self.row)
    }

    /// Its value under a fractional cell of the DEM; NaN where it has none.
    pub(super) fn under(&self, dem: &Placement, column: f64, row: f64) -> f64 {
        cell_under(dem, &self.whole, column, row).map_or(f64::NAN, |(x, y)| self.at(x, y))
    }

    /// Its value at a fractional column and row of the whole grid; NaN where the nearest node is missing.
    fn at(&self, column: f64, row: f64) -> f64 {
        bspline::at(&self.grid, column - self.column as f64, row - self.row as f64)
    }

    /// Whether the grid has no value at a cell of the DEM.
    pub(super) fn is_missing_at(&self, dem: &Placement, column: f64, row: f64) -> bool {
        self.under(dem, column, row).is_nan()
    }

    /// Its value under a fractional cell of the DEM; where it has none, the value of the nearest node that has one.
    ///
    /// For what is taken once for many cells: the place may be one without terrain or beside the region. NaN only when all
    /// nodes are missing.
    pub(super) fn near(&self, dem: &Placement, column: f64, row: f64) -> f64 {
        let Some((x, y)) = cell_under(dem, &self.whole, column, row) else { return f64::NAN };
        let value = self.at(x, y);
        if !value.is_nan() {
            return value;
        }
        let (x, y) = (x - self.column as f64, y - self.row as f64);
        let width = self.grid.width.max(1);
        let distance = |i: usize| {
            let (dx, dy) = ((i % width) as f64 - x, (i / width) as f64 - y);
            dx * dx + dy * dy
        };
        let valid = self.grid.values.iter().enumerate().filter(|(_, value)| !value.is_nan());
        let nearest = valid.min_by(|(i, _), (j, _)| distance(*i).total_cmp(&distance(*j)));
        nearest.map_or(f64::NAN, |(_, value)| f64::from(*value))
    }

    /// Its values on cells of the DEM, row by row: the spline at each of them.
    pub(super) fn resample(&self, dem: &Placement, span: Span) -> Vec<f32> {
        let mapping = CellMapping::new(dem, &self.whole, span);
        let mut values = vec![f32::NAN; span.width * span.height];
        values.par_chunks_mut(span.width.max(1)).enumerate().for_each(|(j, line)| {
            for (i, value) in line.iter_mut().enumerate() {
                if let Some((x, y)) = mapping.position(i, j) {
                    *value = self.at(x, y) as f32;
                }
            }
        });
        values
    }
}

/// Resamples a coarse grid onto the cells of a placement by uniform cubic B-spline, as the engine does.
///
/// # Errors
/// When the file cannot be read or does not overlap the placement.
pub fn resample(coarse: &Path, onto: &Placement) -> Result<Grid, Problem> {
    let raster = Raster::open(coarse)?;
    let span = Span::whole(onto);
    let values = Coarse::load(coarse, &raster, onto, span)?.resample(onto, span);
    Ok(Grid { width: onto.width, height: onto.height, values })
}
