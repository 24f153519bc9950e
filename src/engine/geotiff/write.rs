//! A whole grid into a file.

use std::path::Path;

use rayon::prelude::*;

use super::{Encoding, cut_block, encode_block, lay_out};
use crate::durable::{DurableError, atomic};
use crate::engine::grid::{Grid, Placement};
use crate::engine::{Compression, Layer, Problem, Storage, Tiling};

const BLOCK: u32 = 256;

/// Writes a whole grid as a float32 map file in one go, put in place whole: for fixtures, synthetic terrain, exports.
///
/// # Errors
/// When the grid has another size than its placement, or the file cannot be written.
pub fn write_grid(path: &Path, grid: &Grid, placement: &Placement, layer: &Layer) -> Result<(), Problem> {
    let fits = grid.width == placement.width
        && grid.height == placement.height
        && grid.width.checked_mul(grid.height) == Some(grid.values.len());
    let (Ok(width), Ok(height), true) = (u32::try_from(grid.width), u32::try_from(grid.height), fits) else {
        let what = format!(
            "cannot be written: {} values for {} x {} cells placed as {} x {}",
            grid.values.len(),
            grid.width,
            grid.height,
            placement.width,
            placement.height
        );
        return Err(Problem::new(path, what, "report this as a fault of the program"));
    };
    let tiling = Tiling { width, height, tile: BLOCK, block: BLOCK };
    let encoding = Encoding::of(layer, Storage::Float32, Compression::Deflate);
    let encode = |number| {
        let corner = (number % tiling.blocks_across() * BLOCK, number / tiling.blocks_across() * BLOCK);
        let cells = cut_block(&grid.values, width, corner, BLOCK);
        if cells.iter().all(|cell| cell.is_nan()) {
            Vec::new()
        } else {
            encode_block(&cells, BLOCK, encoding)
        }
    };
    let blocks: Vec<Vec<u8>> = (0..tiling.blocks()).into_par_iter().map(encode).collect();
    let lengths: Vec<u32> = blocks.iter().map(|block| block.len() as u32).collect();
    let head = lay_out(layer, placement, tiling, encoding, &[lengths]);
    atomic::replace(path, &[head, blocks.concat()].concat()).map_err(|e| {
        let cure = if e.is_disk_full() {
            "make room on the disk"
        } else {
            "make sure that its folder exists and may be written"
        };
        let why = match &e {
            DurableError::Io { source, .. } => source.to_string(),
            other => other.to_string(),
        };
        Problem::new(path, format!("cannot be written: {why}"), cure)
    })
}
