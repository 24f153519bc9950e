//! Whether the output folder can be written, and whether its disk has the room.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use super::{plan, program};
use crate::THIS_PROGRAM;
use crate::campaign::spec::Spec;
use crate::engine::{Engine, Problem};

/// A disk with less room than is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Short {
    /// The output folder.
    pub output: PathBuf,
    /// Bytes that are free.
    pub free: u64,
    /// Bytes that are needed at most.
    pub needed: u64,
}

/// Why the output folder cannot be made or written, if it cannot.
pub(super) fn output_problem(spec: &Spec) -> Option<Problem> {
    let existing = nearest_existing(&spec.output)?;
    if !existing.is_dir() {
        let cure = "name a folder in `output`, or move this file away";
        return Some(Problem::new(&existing, "this is a file; maps go to a folder", cure));
    }
    let writable = nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK;
    let error = nix::unistd::access(&existing, writable).err()?;
    let what = format!("the output folder cannot be written: {}", error.desc());
    Some(Problem::new(&spec.output, what, "choose another `output`, or have its permissions changed"))
}

/// The disk of the output folder has less room than the maps take, with the parts they are made from.
pub(super) fn short_of_maps(spec: &Spec, engine: &Engine) -> Option<Short> {
    let tiling = engine.tiling();
    let cells = u64::from(tiling.width) * u64::from(tiling.height);
    // Uncompressed at worst; parts and finished maps stand side by side for a moment.
    // The program is copied beside them, so that a rebuilt one never changes a running chain.
    let program = std::fs::metadata(THIS_PROGRAM).map_or(0, |m| m.len());
    let maps = engine.layers().len() as f64 * cells as f64 * plan::most_bytes_per_cell(spec);
    short_of(&spec.output, 2 * maps as u64 + program)
}

/// The disk has less room than the images of programs take, by the largest so far.
pub(super) fn short_of_images(spec: &Spec) -> Option<Short> {
    let chains = spec.chains().len() as u64;
    let needed = program::largest_image(spec)?.bytes.saturating_mul(program::IMAGES * chains);
    short_of(&spec.output, needed)
}

fn short_of(output: &Path, needed: u64) -> Option<Short> {
    let status = statvfs(&nearest_existing(output)?).ok()?;
    let free = status.blocks_available() * status.fragment_size();
    (free < needed).then(|| Short { output: output.to_path_buf(), free, needed })
}

/// The path itself or the nearest of its folders that exists.
fn nearest_existing(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|p| p.exists()).map(Path::to_path_buf)
}
