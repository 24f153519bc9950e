//! The file of a whole grid.

use std::path::Path;

use rayon::prelude::*;

use super::{Encoding, cut_block, encode_block, lay_out};
use crate::engine::grid::{Grid, Placement};
use crate::engine::{Compression, Layer, Problem, Storage, Tiling};

const BLOCK: u32 = 256;

/// The bytes of a float32 map of a whole grid, all at once: for fixtures, synthetic terrain, exports. `path` is the file
/// that they are for.
///
/// # Errors
/// When the grid has another size than its placement.
pub fn whole_file(
    path: &Path,
    grid: &Grid,
    placement: &Placement,
    layer: &Layer,
) -> Result<Vec<u8>, Problem> {
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
    Ok([head, blocks.concat()].concat())
}
