//! The ground as a sweep sees it: rows along which directions advance, with room around them.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::terrain::{ABYSS, Terrain};

/// Room on both sides of a row, cells: lines of samples come in from there.
pub(super) const MARGIN: usize = 128;

/// Distance between the lines of the far search, cells.
pub(super) const SPACING: usize = 4;

/// A direction in the frame of its main axis: one step towards the horizon goes one row on and `aside` columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Course {
    /// The main axis is east-west: rows of the frame are the window's columns.
    pub across: bool,
    /// Rows grow towards the horizon.
    pub forward: bool,
    /// Columns per row, -1..1.
    pub aside: f64,
    /// Length of a step in cells.
    pub length: f64,
}

impl Course {
    /// Of a direction with unit vector (east, north).
    pub(super) fn new((east, north): (f64, f64)) -> Self {
        let across = east.abs() > north.abs();
        let (main, aside) = if across { (east, -north) } else { (-north, east) };
        let aside = aside / main.abs();
        // Directions through nodes must not miss them by a rounding.
        let aside = (aside * 1e12).round() / 1e12;
        Self { across, forward: main > 0.0, aside, length: (1.0 + aside * aside).sqrt() }
    }
}

/// Heights row by row, split by phase: of each row the columns 0, 4, 8, … then 1, 5, …, so that samples of the lines of
/// the far search, [`SPACING`] apart, lie side by side. [`MARGIN`] cells of missing terrain stand on both sides.
#[derive(Debug)]
pub(super) struct Frame {
    pub rows: usize,
    pub columns: usize,
    stride: usize,
    phases: Vec<f32>,
}

/// Cells of a square that is turned at once.
const PATCH: usize = 64;

impl Frame {
    /// Bytes of so many rows.
    pub(super) fn bytes(rows: usize, columns: usize) -> u64 {
        (size_of::<f32>() * rows * (columns + 2 * MARGIN)) as u64
    }

    /// The window's rows, or its columns where `across`.
    pub(super) fn new(terrain: &Terrain, across: bool) -> Self {
        let (width, height) = (terrain.width, terrain.height);
        let (rows, columns) = if across { (width, height) } else { (height, width) };
        let stride = (columns + 2 * MARGIN).div_ceil(SPACING);
        let mut phases = vec![ABYSS; SPACING * rows * stride];
        let slot = |row: usize, column: usize| {
            ((column % SPACING) * rows + row) * stride + (column + MARGIN) / SPACING
        };
        let ground = |z: f32| if z.is_nan() { ABYSS } else { z };
        if across {
            for y in (0..height).step_by(PATCH) {
                for x in 0..width {
                    for j in y..(y + PATCH).min(height) {
                        phases[slot(x, j)] = ground(terrain.z[j * width + x]);
                    }
                }
            }
        } else {
            for (y, line) in terrain.z.chunks_exact(width).enumerate() {
                for phase in 0..SPACING {
                    let start = slot(y, phase);
                    let to = &mut phases[start..start + columns.div_ceil(SPACING)];
                    for (to, z) in to.iter_mut().zip(line.iter().skip(phase).step_by(SPACING)) {
                        *to = ground(*z);
                    }
                }
            }
        }
        Self { rows, columns, stride, phases }
    }

    /// Of a row, every [`SPACING`]-th height from a column on; both may lie in the margin.
    #[inline(always)]
    pub(super) fn spaced(&self, row: usize, column: isize) -> &[f32] {
        let first = (column + MARGIN as isize).max(0) as usize;
        let line = (first % SPACING) * self.rows + row;
        &self.phases[line * self.stride + first / SPACING..(line + 1) * self.stride]
    }
}
