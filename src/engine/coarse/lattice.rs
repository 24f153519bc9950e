//! A coarse grid at the points of a lattice, and the cells between them.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::grid::Placement;
use super::super::rectangles::Span;
use super::Coarse;
use super::mapping::CellMapping;
use super::whole::cell_under;

/// Cells between the points of a [`CoarseLattice`], at most.
const WIDEST_STEP: usize = 16;

/// A coarse grid at points in steps of a power of 2 of the DEM's cells, one more around.
#[derive(Debug)]
pub(in super::super) struct CoarseLattice {
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
pub(in super::super) const ROW: usize = 64;

impl CoarseLattice {
    /// The cells from `(x, y)` on, at most [`ROW`].
    #[inline(always)]
    pub(in super::super) fn row(&self, x: usize, y: usize, to: &mut [f32]) {
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

impl Coarse {
    /// As [`Coarse::resample`], the spline at the points of a lattice and cubics (Lagrange) between them: a fifth of a
    /// node apart they are within 0.1 % of the difference of neighbouring nodes. `change` is made to the values at the
    /// points. `None` beside missing nodes and where nodes are hardly farther apart than cells.
    pub(in super::super) fn lattice(
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
