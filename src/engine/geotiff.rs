//! GeoTIFF in and out, without libgdal.

pub use super::grid::Placement;

use std::path::Path;

use super::grid::Grid;
use super::{Compression, Layer, Problem, Tiling};

/// An opened raster: its placement and nodata are known, its cells are read by windows. Shareable among threads.
#[derive(Debug)]
pub struct Raster {
    placement: Placement,
}

impl Raster {
    /// Opens a one-band GeoTIFF.
    ///
    /// # Errors
    /// When it is missing, not a TIFF, not georeferenced, in an unknown system, or stored in an unknown way.
    pub fn open(_path: &Path) -> Result<Self, Problem> {
        unimplemented!()
    }

    /// Where it lies.
    #[must_use]
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Cells of a window, which may reach outside (NaN there); nodata and NaN become NaN.
    ///
    /// # Errors
    /// When the file is cut or damaged.
    pub fn window(&self, _x: isize, _y: isize, _width: usize, _height: usize) -> Result<Grid, Problem> {
        unimplemented!()
    }
}

/// Encodes one block (float32, `block * block` cells, NaN = no data): compressed, with predictor.
#[must_use]
pub fn encode_block(_cells: &[f32], _block: u32, _compression: Compression) -> Vec<u8> {
    unimplemented!()
}

/// What stands around the blocks of a map in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct MapFile {
    /// The bytes before the first block.
    pub head: Vec<u8>,
    /// The bytes after the last block: the directory.
    pub tail: Vec<u8>,
}

/// Lays out a finished map: `head`, then the blocks in the order of `blocks` (row by row), then `tail`.
///
/// `blocks` gives each block's length in bytes, 0 for one that is not stored.
#[must_use]
pub fn lay_out(
    _layer: &Layer,
    _placement: &Placement,
    _tiling: Tiling,
    _compression: Compression,
    _blocks: &[u32],
) -> MapFile {
    unimplemented!()
}

/// Writes a whole grid as a map file in one go: for fixtures, synthetic terrain and exports.
///
/// # Errors
/// When the file cannot be written.
pub fn write_grid(_path: &Path, _grid: &Grid, _placement: &Placement, _layer: &Layer) -> Result<(), Problem> {
    unimplemented!()
}
