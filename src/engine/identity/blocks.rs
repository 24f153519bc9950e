//! Blocks of a file, read again.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rayon::prelude::*;

use crate::engine::Problem;
use crate::engine::geotiff::ReadBlock;

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
    let file = File::open(path).map_err(|e| super::unreadable(path, &e))?;
    first_changed_in(&file, blocks, stop).map_err(|e| super::unreadable(path, &e))
}

/// As [`first_changed`], of an open file.
pub(in crate::engine) fn first_changed_in(
    file: &File,
    blocks: &[ReadBlock],
    stop: &(dyn Fn() -> bool + Sync),
) -> std::io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let is_same = |block: &ReadBlock| {
        if !block.is_stored() {
            return true;
        }
        // Asked before the memory is: a record never makes more be reserved than the file has.
        if block.offset.checked_add(block.bytes).is_none_or(|end| end > length) {
            return false;
        }
        let mut bytes = vec![0; block.bytes as usize];
        file.read_exact_at(&mut bytes, block.offset).is_ok() && crc32fast::hash(&bytes) == block.crc
    };
    let changed = blocks.par_iter().filter(|block| !stop() && !is_same(block)).map(|block| block.offset);
    Ok(changed.min())
}
