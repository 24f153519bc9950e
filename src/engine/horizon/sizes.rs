//! The sizes of a patch and of its table.

/// Steps of the table in a tangent of 1: 0.014 degrees near the horizontal. The steepest horizon has 83 degrees.
pub(in super::super) const STEPS: f32 = 4096.0;

/// Edge of a patch, cells.
pub(in super::super) const EDGE: usize = 64;

/// Cells of a patch.
pub(in super::super) const CELLS: usize = EDGE * EDGE;

/// Edge of a block, cells: cells that lie together share much of their horizons. Within a block they lie row by row, in
/// the lanes of the kernels.
pub(in super::super) const SIDE: usize = 4;

/// Blocks across a patch, and in it, row by row.
pub(in super::super) const ACROSS: usize = EDGE / SIDE;
pub(in super::super) const BLOCKS: usize = ACROSS * ACROSS;

/// Crossings that are looked at one by one, at most.
pub(super) const REACH: usize = 39;

/// Room around a patch, cells: as far as crossings are looked at, and one for slopes.
pub(super) const ROOM: usize = REACH + 1;
