//! The ground of a patch and around it.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::lanes::LANES;
use super::super::terrain::ABYSS;
use super::sizes::{EDGE, ROOM};

/// The ground of a patch with its surroundings, row by row.
#[derive(Debug)]
pub(super) struct Local {
    pub z: Vec<[f32; Self::STRIDE]>,
    /// Height gained per metre eastwards and northwards at the patch's cells, whichever way the rows run.
    pub east: Vec<[f32; EDGE]>,
    pub north: Vec<[f32; EDGE]>,
}

impl Local {
    /// Rows of the patch and of what lies around it.
    pub(super) const ROWS: usize = EDGE + 2 * ROOM;

    /// Cells of a row, and some more that nobody looks at.
    pub(super) const STRIDE: usize = Self::ROWS + LANES;

    pub(super) fn new() -> Self {
        Self {
            z: vec![[ABYSS; Self::STRIDE]; Self::ROWS],
            east: vec![[0.0; EDGE]; EDGE],
            north: vec![[0.0; EDGE]; EDGE],
        }
    }

    /// Lowest and highest ground.
    #[inline(always)]
    pub(super) fn heights(&self) -> (f32, f32) {
        let (mut low, mut high) = (f32::MAX, ABYSS);
        for z in self.z.as_flattened() {
            low = if *z > ABYSS && *z < low { *z } else { low };
            high = if *z > high { *z } else { high };
        }
        (low.min(high), high)
    }

    /// A row, counted away from a horizon that lies `forward`.
    #[inline(always)]
    pub(super) fn row(&self, forward: bool, number: usize) -> &[f32; Self::STRIDE] {
        &self.z[if forward { Self::ROWS - 1 - number } else { number }]
    }
}
