//! The ground as a sweep sees it: rows along which directions advance, with room around them.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::terrain::{ABYSS, Terrain};

/// Room on all sides, cells: near marches and whole vectors of lanes reach beyond the window.
pub(super) const MARGIN: usize = 96;

/// A direction in the frame of its main axis: one step towards the horizon goes one row on and `aside` columns.
#[derive(Debug, Clone, Copy)]
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
        // Directions on an axis or a diagonal go through nodes; their sine must not miss them by a rounding.
        let aside = (aside * 1e12).round() / 1e12;
        Self { across, forward: main > 0.0, aside, length: (1.0 + aside * aside).sqrt() }
    }
}

/// Heights row by row, with [`MARGIN`] cells of missing terrain on all sides, and the same split by phase: the
/// columns 0, F, 2F, … then 1, F + 1, …, so that every F-th sample lies side by side.
#[derive(Debug)]
pub(super) struct Frame {
    pub rows: usize,
    pub columns: usize,
    stride: usize,
    z: Vec<f32>,
    spacing: usize,
    phase_stride: usize,
    phases: Vec<f32>,
}

/// Cells of a square that is transposed at once.
const PATCH: usize = 32;

/// Makes columns of the rows of `from`, each of `width` cells: its first row goes to the first cells of the rows of `to`,
/// which are `stride` cells apart.
pub(super) fn transpose<T: Copy>(from: &[T], width: usize, to: &mut [T], stride: usize) {
    let height = from.len() / width.max(1);
    for y in (0..height).step_by(PATCH) {
        for x in (0..width).step_by(PATCH) {
            for j in y..(y + PATCH).min(height) {
                for i in x..(x + PATCH).min(width) {
                    to[i * stride + j] = from[j * width + i];
                }
            }
        }
    }
}

impl Frame {
    /// The window's rows, or its columns where `across`, for samples `spacing` cells apart.
    pub(super) fn new(terrain: &Terrain, across: bool, spacing: usize) -> Self {
        let (width, height) = (terrain.width, terrain.height);
        let (rows, columns) = if across { (width, height) } else { (height, width) };
        let stride = columns + 2 * MARGIN;
        let mut z = vec![ABYSS; (rows + 2 * MARGIN) * stride];
        if across {
            transpose(&terrain.ground, width, &mut z[MARGIN * stride + MARGIN..], stride);
        } else {
            for (y, line) in terrain.ground.chunks_exact(width).enumerate() {
                let start = (y + MARGIN) * stride + MARGIN;
                z[start..start + width].copy_from_slice(line);
            }
        }
        let phase_stride = stride.div_ceil(spacing);
        let mut phases = vec![ABYSS; spacing * (rows + 2 * MARGIN) * phase_stride];
        for (row, line) in z.chunks_exact(stride).enumerate() {
            for phase in 0..spacing {
                let to = &mut phases[(phase * (rows + 2 * MARGIN) + row) * phase_stride..][..phase_stride];
                for (to, from) in to.iter_mut().zip(line.iter().skip(phase).step_by(spacing)) {
                    *to = *from;
                }
            }
        }
        Self { rows, columns, stride, z, spacing, phase_stride, phases }
    }

    /// Where the cell of a row and column stands in [`Frame::heights`].
    #[inline(always)]
    pub(super) fn index(&self, row: usize, column: usize) -> usize {
        (row + MARGIN) * self.stride + column + MARGIN
    }

    /// How far apart two rows lie in [`Frame::heights`].
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    #[inline(always)]
    pub(super) fn heights(&self) -> &[f32] {
        &self.z
    }

    /// Of a row, every `spacing`-th height from a column on; both may lie in the margin.
    #[inline(always)]
    pub(super) fn spaced(&self, row: usize, column: isize) -> &[f32] {
        let first = (column + MARGIN as isize).max(0) as usize;
        let line = (first % self.spacing) * (self.rows + 2 * MARGIN) + row + MARGIN;
        &self.phases[line * self.phase_stride + first / self.spacing..(line + 1) * self.phase_stride]
    }
}
