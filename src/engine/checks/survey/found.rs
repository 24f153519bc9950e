//! What a look at the cells of a raster goes by, and what it finds.

use serde::{Deserialize, Serialize};

use super::super::voids::{Cell, Holes};

/// What the cells of a raster are measured by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Rules {
    /// The least value that can be.
    pub(in crate::engine) low: f32,
    /// The greatest value that can be.
    pub(in crate::engine) high: f32,
    /// Differences between neighbouring cells; `None` where they tell nothing.
    pub(in crate::engine) steps: Option<Steepness>,
}

/// Differences of height between neighbouring cells, m.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Steepness {
    /// No shore and no lake has it.
    pub(in crate::engine) steep: f32,
    /// The greatest cliffs on earth have hardly more.
    pub(in crate::engine) cliff: f32,
    /// No ground has it.
    pub(in crate::engine) impossible: f32,
}

impl Steepness {
    /// Between cells of this size, m: wide cells hold whole mountainsides.
    pub(in crate::engine) fn of_cells(cell: f64) -> Self {
        let cell = cell as f32;
        Self {
            steep: (3.0 * cell).max(300.0),
            cliff: (3.0 * cell).max(1000.0),
            impossible: (6.0 * cell).max(2500.0),
        }
    }
}

/// What was found; places are columns and rows of the raster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Survey {
    /// Cells with a value in the part that is mapped.
    pub(in crate::engine) valid: u64,
    /// Cells without one there.
    pub(in crate::engine) missing: u64,
    /// Least and greatest value, wherever they are.
    pub(in crate::engine) range: Option<(f32, f32)>,
    /// Values that cannot be, wherever they are.
    pub(in crate::engine) strays: Strays,
    /// Cells of exactly 0.
    pub(in crate::engine) zeros: u64,
    /// Values that repeat at steep steps.
    pub(in crate::engine) repeated: Vec<Repeated>,
    /// Steps that no repeated value explains.
    pub(in crate::engine) steps: SharpSteps,
    /// Cells that stand out from all around.
    pub(in crate::engine) spikes: SharpSteps,
    pub(in crate::engine) holes: Holes,
}

/// Values that cannot be.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(in crate::engine) struct Strays {
    /// Cells looked at that have a value.
    pub(in crate::engine) of: u64,
    pub(in crate::engine) count: u64,
    pub(in crate::engine) low: f32,
    pub(in crate::engine) high: f32,
    /// The first cell, and its value.
    pub(in crate::engine) first: Option<(Cell, f32)>,
    /// The value of nearly all of them.
    pub(in crate::engine) one: Option<f32>,
}

/// A value on one side of steep steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Repeated {
    pub(in crate::engine) value: f32,
    pub(in crate::engine) steps: u64,
    /// The greatest of them, m.
    pub(in crate::engine) largest: f32,
    /// A cell of that value, the first.
    pub(in crate::engine) at: Cell,
}

/// Steps between neighbouring cells, or cells that stand out.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "Steps")]
pub(in crate::engine) struct SharpSteps {
    pub(in crate::engine) count: u64,
    /// The greatest, m.
    pub(in crate::engine) largest: f32,
    /// Where the greatest is: the lower cell of a step, or the cell that stands out.
    pub(in crate::engine) at: Cell,
}

impl SharpSteps {
    pub(super) fn add(&mut self, count: u64, height: f32, at: Cell) {
        self.count += count;
        if height > self.largest {
            (self.largest, self.at) = (height, at);
        }
    }
}
