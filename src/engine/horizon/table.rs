//! The table of a patch: for each direction its cells' horizons, block by block.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::lanes::LANES;
use super::sizes::{ACROSS, BLOCKS, EDGE, SIDE};

/// For a direction, cells block by block.
pub(in super::super) type PatchLine = [[i16; LANES]; BLOCKS];

/// Horizons: what stands higher hides what shines there.
#[derive(Debug)]
pub(in super::super) struct Table {
    /// For each direction the cells' tangents in `STEPS`.
    pub lines: Vec<PatchLine>,
    /// For each direction and block the lowest and the highest.
    pub lowest: Vec<[f32; BLOCKS]>,
    pub highest: Vec<[f32; BLOCKS]>,
}

impl Table {
    /// Takes a band of four rows of a direction, the n-th from the top, or from the west where rows run `across`.
    #[inline(always)]
    pub(super) fn take(&mut self, direction: usize, rows: &[[i16; EDGE]; SIDE], band: usize, across: bool) {
        let lines = &mut self.lines[direction];
        let (lowest, highest) = (&mut self.lowest[direction], &mut self.highest[direction]);
        let (mut low, mut high) = (rows[0], rows[0]);
        for row in &rows[1..] {
            for i in 0..EDGE {
                low[i] = low[i].min(row[i]);
                high[i] = high[i].max(row[i]);
            }
        }
        for along in 0..ACROSS {
            let at = along * SIDE;
            let block = if across { along * ACROSS + band } else { band * ACROSS + along };
            let cells = &mut lines[block];
            for (j, row) in rows.iter().enumerate() {
                if across {
                    for i in 0..SIDE {
                        cells[i * SIDE + j] = row[at + i];
                    }
                } else {
                    cells[j * SIDE..(j + 1) * SIDE].copy_from_slice(&row[at..at + SIDE]);
                }
            }
            let least = low[at].min(low[at + 1]).min(low[at + 2].min(low[at + 3]));
            let most = high[at].max(high[at + 1]).max(high[at + 2].max(high[at + 3]));
            lowest[block] = f32::from(least);
            highest[block] = f32::from(most);
        }
    }
}
