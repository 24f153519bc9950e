//! Blocks of a file, read again.

use std::fs::File;
use std::path::Path;

use rayon::prelude::*;

use super::read_block::ReadBlock;
use crate::engine::problem::Problem;
use crate::engine::reading::{read, unreadable};

/// Reads blocks of a file again, side by side in the rayon pool it is called in: where the first one begins that is not
/// what it was; `None` where all are.
///
/// # Errors
/// When the file cannot be opened. A block beyond its end is one that is not what it was.
pub fn first_changed(
    path: &Path,
    blocks: &[ReadBlock],
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Option<u64>, Problem> {
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    first_changed_in(&file, blocks, stop).map_err(|e| unreadable(path, &e))
}

/// As [`first_changed`], of an open file.
pub(super) fn first_changed_in(
    file: &File,
    blocks: &[ReadBlock],
    stop: &(dyn Fn() -> bool + Sync),
) -> std::io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let is_same = |block: &ReadBlock| {
        if !block.is_stored() {
            return true;
        }
        let bytes = read(file, length, block.offset, block.bytes).ok().flatten();
        bytes.is_some_and(|bytes| crc32fast::hash(&bytes) == block.crc)
    };
    let changed = blocks.par_iter().filter(|block| !stop() && !is_same(block)).map(|block| block.offset);
    Ok(changed.min())
}
