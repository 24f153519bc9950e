//! From cells of the DEM to those of a coarse grid.

use super::super::grid::Placement;
use super::super::rectangles::{BLOCK, Span};
use super::whole::{Whole, cell_under};

/// From cells of the DEM to fractional cells of another grid: exact where both share a system, else bilinear between
/// the corners of the blocks of the DEM (within 0.1 m of the exact place at 64 cells of 25 m).
pub(super) struct CellMapping<'a> {
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
    pub(super) fn new(dem: &'a Placement, other: &'a Whole, span: Span) -> Self {
        let corners = (dem.crs != other.placement.crs).then(|| Corners::new(dem, other, span));
        Self { dem, other, span, corners }
    }

    pub(super) fn position(&self, i: usize, j: usize) -> Option<(f64, f64)> {
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
