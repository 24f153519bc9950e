//! The number of the engine's numerics: which maps belong together.

/// Raised by any change of a bit of any map of any request, and by nothing else: maps of one number are the same, bit
/// by bit, whatever the program's version, the processor, the threads and the order of the tiles. Tiles of two numbers do
/// not belong into one map.
///
/// 1 is the engine before programs told their number; 2 sees groups of far cells from below, and ground of any height, and no
/// sky below a cell's own slope when suns are summed up one by one.
pub const NUMERICS: u32 = 2;

#[cfg(test)]
mod tests;
