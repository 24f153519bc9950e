//! Values that cannot be.

use std::collections::HashMap;

use super::super::voids::Cell;
use super::found::{Rules, Strays};
use crate::engine::grid::Grid;

/// Different values, and cliffs, that are remembered one by one: a raster with more is broken as a whole.
pub(super) const MOST_REMEMBERED: usize = 1 << 16;

/// Values that cannot be, as they are found.
#[derive(Debug, Default)]
pub(in crate::engine) struct Collector {
    pub(super) strays: Strays,
    values: HashMap<u32, u64>,
}

impl Collector {
    /// A cell whose value is outside the rules.
    pub(super) fn stray(&mut self, at: Cell, value: f32) {
        let strays = &mut self.strays;
        strays.count += 1;
        if strays.first.is_none() {
            (strays.first, strays.low, strays.high) = (Some((at, value)), value, value);
        }
        (strays.low, strays.high) = (strays.low.min(value), strays.high.max(value));
        if self.values.len() < MOST_REMEMBERED {
            *self.values.entry(value.to_bits()).or_default() += 1;
        } else if let Some(count) = self.values.get_mut(&value.to_bits()) {
            *count += 1;
        }
    }

    /// All cells of a window whose first is the cell `(column, row)` of the raster.
    pub(in crate::engine) fn window(&mut self, grid: &Grid, (column, row): (isize, isize), rules: Rules) {
        self.strays.of += grid.values.iter().filter(|v| !v.is_nan()).count() as u64;
        if !any_outside(&grid.values, rules) {
            return;
        }
        for (i, value) in grid.values.iter().enumerate().filter(|(_, v)| is_outside(**v, rules)) {
            let at = ((column + (i % grid.width) as isize) as u64, (row + (i / grid.width) as isize) as u64);
            self.stray(at, *value);
        }
    }

    /// No cell with a value was seen yet.
    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.strays.of == 0
    }

    pub(in crate::engine) fn finish(self) -> Strays {
        let most = self.values.iter().max_by_key(|(bits, count)| (**count, **bits));
        let one = most.filter(|(_, count)| **count * 10 >= self.strays.count * 9);
        Strays { one: one.map(|(bits, _)| f32::from_bits(*bits)), ..self.strays }
    }
}

/// A value that cannot be; what is missing is none.
pub(super) fn is_outside(value: f32, rules: Rules) -> bool {
    value < rules.low || value > rules.high
}

/// The values of a window that cannot be, where there are any. Its first cell is the cell `corner` of the raster.
pub(in crate::engine) fn strays_in(window: &Grid, corner: (isize, isize), rules: Rules) -> Option<Strays> {
    any_outside(&window.values, rules).then(|| {
        let mut found = Collector::default();
        found.window(window, corner, rules);
        found.finish()
    })
}

/// Whether there is a value that cannot be.
fn any_outside(values: &[f32], rules: Rules) -> bool {
    // Whole pieces without a branch are looked at many cells at once.
    values.chunks(1024).any(|piece| piece.iter().fold(false, |any, v| any | is_outside(*v, rules)))
}
