//! Coarse climate grids under the cells of the DEM.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

#[cfg(test)]
mod tests;
mod whole;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::geotiff::{Placement, Raster};
use super::grid::Grid;
use super::terrain::BLOCK;
use super::{Problem, bspline};
use whole::{Whole, cell_under};

/// Nodes kept around the region: the spline needs two, the rest spares the guessing of missing ones.
const MARGIN: f64 = 4.0;

/// Cures a grid that ends in the region or close to it.
pub(super) const WIDER: &str =
    "give a grid that covers the region and 2 of its cells around, or make the region smaller";

/// Points along each edge of a region where its outline is brought to another system.
const OUTLINE: usize = 32;

/// A rectangle of the DEM's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub column: isize,
    pub row: isize,
    pub width: usize,
    pub height: usize,
}

impl Span {
    /// All cells of a raster.
    pub(super) fn whole(placement: &Placement) -> Self {
        Self { column: 0, row: 0, width: placement.width, height: placement.height }
    }

    /// Points all along its outline and over its inside, `across` + 1 by `across` + 1, as fractional cells.
    pub(super) fn points(&self, across: usize) -> impl Iterator<Item = (f64, f64)> + use<> {
        let span = *self;
        let part = move |i: usize, size: usize| i as f64 / across as f64 * (size.max(1) - 1) as f64;
        (0..=across).flat_map(move |j| {
            (0..=across).map(move |i| {
                (span.column as f64 + part(i, span.width), span.row as f64 + part(j, span.height))
            })
        })
    }
}

/// The part of a coarse grid that lies around the region.
#[derive(Debug)]
pub(super) struct Coarse {
    /// The file.
    pub path: PathBuf,
    /// The nodes.
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

    /// As [`Coarse::resample`], the spline at the points of a lattice and cubics (Lagrange) between them: a fifth of a
    /// node apart they are within 0.1 % of the difference of neighbouring nodes. `change` is made to the values at the
    /// points. `None` beside missing nodes and where nodes are hardly farther apart than cells.
    pub(super) fn lattice(
        &self,
        dem: &Placement,
        span: Span,
        change: impl Fn(f32) -> f32,
    ) -> Option<CoarseLattice> {
        let step = self.lattice_step(dem, span);
        if step == 1 {
            return None;
        }
        let first = |edge: isize| edge.div_euclid(step as isize) * step as isize - step as isize;
        let (column, row) = (first(span.column), first(span.row));
        let count = |from: isize, edge: isize, size: usize| ((edge - from) as usize + size) / step + 3;
        let (across, down) = (count(column, span.column, span.width), count(row, span.row, span.height));
        let wide = Span { column, row, width: across * step, height: down * step };
        let mapping = CellMapping::new(dem, &self.whole, wide);
        let mut points = Vec::with_capacity(across * down);
        for j in 0..down {
            for i in 0..across {
                let (x, y) = mapping.position(i * step, j * step)?;
                let value = self.at(x, y);
                if value.is_nan() {
                    return None;
                }
                points.push(change(value as f32));
            }
        }
        let mut weights = [[0.0; WIDEST_STEP]; 4];
        for k in 0..step {
            for (weights, weight) in weights.iter_mut().zip(lagrange(k as f32 / step as f32)) {
                weights[k] = weight;
            }
        }
        let (left, top) = ((span.column - column) as usize, (span.row - row) as usize);
        Some(CoarseLattice { step, across, left, top, points, weights })
    }

    /// Cells of the DEM in about a fifth of a node, a power of two.
    fn lattice_step(&self, dem: &Placement, span: Span) -> usize {
        let (column, row) = (span.column as f64, span.row as f64);
        let at = |i: f64, j: f64| cell_under(dem, &self.whole, column + i, row + j);
        let (Some(here), Some(east), Some(south)) = (at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0)) else {
            return 1;
        };
        let away = |there: (f64, f64)| (there.0 - here.0).hypot(there.1 - here.1);
        let cells = 0.2 / away(east).max(away(south)).max(1e-6);
        [WIDEST_STEP, 8, 4, 2].into_iter().find(|step| *step as f64 <= cells + 1e-9).unwrap_or(1)
    }
}

/// Cells between the points of a [`CoarseLattice`], at most.
const WIDEST_STEP: usize = 16;

/// A coarse grid at points in steps of a power of 2 of the DEM's cells, one more around.
#[derive(Debug)]
pub(super) struct CoarseLattice {
    step: usize,
    across: usize,
    /// Where the first cell lies among the points, cells.
    left: usize,
    top: usize,
    points: Vec<f32>,
    /// Weights of the four points around a cell so many cells behind the second.
    weights: [[f32; WIDEST_STEP]; 4],
}

/// The most cells of a row that a lattice fills at once.
pub(super) const ROW: usize = 64;

impl CoarseLattice {
    /// The cells from `(x, y)` on, at most [`ROW`].
    #[inline(always)]
    pub(super) fn row(&self, x: usize, y: usize, to: &mut [f32]) {
        match self.step {
            16 => self.row_in_steps::<16>(x, y, to),
            8 => self.row_in_steps::<8>(x, y, to),
            4 => self.row_in_steps::<4>(x, y, to),
            _ => self.row_in_steps::<2>(x, y, to),
        }
    }

    #[inline(always)]
    fn row_in_steps<const STEP: usize>(&self, x: usize, y: usize, to: &mut [f32]) {
        let (x, y) = (x + self.left, y + self.top);
        // The points before the first cell's square, and what is left of it there.
        let (first, skip) = (x / STEP - 1, x % STEP);
        let squares = (skip + to.len()).div_ceil(STEP);
        let mut line = [0.0_f32; ROW / 2 + 5];
        for k in 0..4 {
            let weight = self.weights[k][y % STEP];
            let row = &self.points[(y / STEP - 1 + k) * self.across + first..][..squares + 3];
            for (sum, value) in line.iter_mut().zip(row) {
                *sum = weight.mul_add(*value, *sum);
            }
        }
        let mut cells = [0.0_f32; ROW + 2 * WIDEST_STEP];
        let (fine, _) = cells.as_chunks_mut::<STEP>();
        for (fine, four) in fine.iter_mut().zip(line.windows(4)).take(squares) {
            for (k, fine) in fine.iter_mut().enumerate() {
                let value = self.weights[0][k].mul_add(four[0], self.weights[1][k] * four[1]);
                *fine = self.weights[2][k].mul_add(four[2], self.weights[3][k].mul_add(four[3], value));
            }
        }
        to.copy_from_slice(&cells[skip..skip + to.len()]);
    }
}

/// Weights of the cubic through values at -1, 0, 1 and 2, at `t` (0..1).
fn lagrange(t: f32) -> [f32; 4] {
    let (a, b, c) = (t + 1.0, t - 1.0, t - 2.0);
    [-t * b * c / 6.0, a * b * c / 2.0, -a * t * c / 2.0, a * t * b / 6.0]
}

/// From cells of the DEM to fractional cells of another grid: exact where both share a system, else bilinear between
/// the corners of the blocks of the DEM (within 0.1 m of the exact place at 64 cells of 25 m).
struct CellMapping<'a> {
    dem: &'a Placement,
    other: &'a Whole,
    span: Span,
    corners: Option<Corners>,
}

struct Corners {
    column: isize,
    row: isize,
    across: usize,
    cells: Vec<Option<(f64, f64)>>,
}

impl<'a> CellMapping<'a> {
    fn new(dem: &'a Placement, other: &'a Whole, span: Span) -> Self {
        let corners = (dem.crs != other.placement.crs).then(|| Corners::new(dem, other, span));
        Self { dem, other, span, corners }
    }

    fn position(&self, i: usize, j: usize) -> Option<(f64, f64)> {
        let (column, row) = (self.span.column + i as isize, self.span.row + j as isize);
        match &self.corners {
            None => cell_under(self.dem, self.other, column as f64, row as f64),
            Some(corners) => corners.position(column, row),
        }
    }
}

impl Corners {
    fn new(dem: &Placement, other: &Whole, span: Span) -> Self {
        let block = BLOCK as isize;
        let (column, row) = (span.column.div_euclid(block) * block, span.row.div_euclid(block) * block);
        let count =
            |first: isize, from: isize, size: usize| (from - first) as usize / BLOCK + size / BLOCK + 3;
        let across = count(column, span.column, span.width);
        let down = count(row, span.row, span.height);
        let at = |i: usize, first: isize| (first + (i * BLOCK) as isize) as f64;
        let cells = (0..across * down)
            .map(|i| cell_under(dem, other, at(i % across, column), at(i / across, row)))
            .collect();
        Self { column, row, across, cells }
    }

    fn position(&self, column: isize, row: isize) -> Option<(f64, f64)> {
        let (dx, dy) = ((column - self.column) as usize, (row - self.row) as usize);
        let corner = |i: usize, j: usize| {
            *self.cells.get((dy / BLOCK + j) * self.across + dx / BLOCK + i).unwrap_or(&None)
        };
        let (u, v) = ((dx % BLOCK) as f64 / BLOCK as f64, (dy % BLOCK) as f64 / BLOCK as f64);
        let (a, b, c, d) = (corner(0, 0)?, corner(1, 0)?, corner(0, 1)?, corner(1, 1)?);
        let blend = |a: f64, b: f64, c: f64, d: f64| {
            (a * (1.0 - u) + b * u) * (1.0 - v) + (c * (1.0 - u) + d * u) * v
        };
        Some((blend(a.0, b.0, c.0, d.0), blend(a.1, b.1, c.1, d.1)))
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
