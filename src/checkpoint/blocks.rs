//! Blocks read back from the parts and compared with their records.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;

use rayon::prelude::*;

use super::generation::{BlockRecord, MapRecord};
use super::shape::{HeldTile, ResumeError, Shape, map_file, why_bad};
use crate::durable::{DurableError, beneath, patience};
use crate::layout::{ChainDir, LinkNumber};

/// A part that does not hold what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPart {
    /// The file and what is wrong with it, in words: the first fault.
    pub why: String,
    /// The tiles that lost a block by it, in order.
    pub tiles: Vec<u64>,
}

/// Reads every block of the layers whose maps are not finished and compares it with its record; the parts that do not hold
/// theirs, in order. A missing part is one of them.
///
/// # Errors
/// When the disk is out of reach, which says nothing about what is on it, or on `stop`.
pub fn bad_parts(
    dir: &ChainDir,
    shape: &Shape,
    tiles: &BTreeMap<u64, HeldTile>,
    finished: &[MapRecord],
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<BadPart>, ResumeError> {
    let files = by_file(shape, tiles, finished);
    let read = files.into_par_iter().map(|((link, layer), blocks)| bad_part(dir, link, layer, blocks, stop));
    let found: Vec<Option<BadPart>> = read.collect::<Result<_, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// The parts that are not there any more, by their names alone, with the tiles that need them.
///
/// # Errors
/// When the folder of the parts is there and cannot be read.
pub fn missing_parts(
    dir: &ChainDir,
    shape: &Shape,
    tiles: &BTreeMap<u64, HeldTile>,
    finished: &[MapRecord],
) -> Result<Vec<BadPart>, DurableError> {
    let there: BTreeSet<OsString> = beneath::names_if_any(&dir.parts())?.into_iter().collect();
    let mut missing = Vec::new();
    for ((link, layer), blocks) in by_file(shape, tiles, finished) {
        let path = dir.part(link, layer);
        if path.file_name().is_some_and(|name| there.contains(name)) {
            continue;
        }
        // Asked once more by its name: a listing may be incomplete on shared disks.
        match beneath::facts(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let why = DurableError::io(&path, "find", e).to_string();
                missing.push(BadPart {
                    why,
                    tiles: in_order(blocks.into_iter().map(|(tile, _)| tile).collect()),
                });
            }
            _ => {}
        }
    }
    Ok(missing)
}

/// The blocks with their tiles by the link and the layer in whose part they lie, those of finished maps left out.
fn by_file<'s>(
    shape: &'s Shape,
    tiles: &BTreeMap<u64, HeldTile>,
    finished: &[MapRecord],
) -> BTreeMap<(LinkNumber, &'s str), Vec<(u64, BlockRecord)>> {
    let is_open = |layer: &&String| !finished.iter().any(|map| map.file == map_file(layer));
    let open: Vec<Option<&str>> =
        shape.layers.iter().map(|layer| Some(layer).filter(is_open).map(String::as_str)).collect();
    let mut files: BTreeMap<(LinkNumber, &str), Vec<(u64, BlockRecord)>> = BTreeMap::new();
    for (tile, held) in tiles {
        for block in held.record.blocks.iter().filter(|block| block.bytes > 0) {
            if let Some(Some(layer)) = open.get(usize::from(block.layer)) {
                files.entry((held.link, layer)).or_default().push((*tile, *block));
            }
        }
    }
    files
}

fn bad_part(
    dir: &ChainDir,
    link: LinkNumber,
    layer: &str,
    mut blocks: Vec<(u64, BlockRecord)>,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Option<BadPart>, ResumeError> {
    let all = |blocks: &[(u64, BlockRecord)]| blocks.iter().map(|(tile, _)| *tile).collect();
    let part = match PartReader::open(dir, link, layer) {
        Ok(part) => part,
        Err(e) => return Ok(Some(BadPart { why: why_bad(e)?, tiles: in_order(all(&blocks)) })),
    };
    blocks.sort_unstable_by_key(|(_, block)| block.offset);
    let (mut why, mut tiles) = (None, Vec::new());
    for (tile, block) in blocks {
        if stop() {
            return Err(ResumeError::Stopped);
        }
        if let Err(e) = part.read(tile, &block) {
            let bad = why_bad(e)?;
            why.get_or_insert(bad);
            tiles.push(tile);
        }
    }
    Ok(why.map(|why| BadPart { why, tiles: in_order(tiles) }))
}

fn in_order(mut tiles: Vec<u64>) -> Vec<u64> {
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

/// A part opened for reading its blocks back.
#[derive(Debug)]
pub struct PartReader {
    path: std::path::PathBuf,
    file: File,
    length: u64,
}

impl PartReader {
    /// Opens the part of a link and layer.
    ///
    /// # Errors
    /// When it is missing or cannot be opened.
    pub fn open(dir: &ChainDir, link: LinkNumber, layer: &str) -> Result<Self, DurableError> {
        let path = dir.part(link, layer);
        let io = |e| DurableError::io(&path, "open", e);
        let file = beneath::open(&path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        Ok(Self { path, file, length })
    }

    /// Reads a block and compares it with its record.
    ///
    /// # Errors
    /// When the part is cut or the bytes are not those that were written.
    pub fn read(&self, tile: u64, block: &BlockRecord) -> Result<Vec<u8>, DurableError> {
        let where_ = || format!("block {} of tile {tile}, at byte {}", block.block, block.offset);
        // Asked before the memory is: a record never makes more be reserved than the file has.
        if block.offset.saturating_add(u64::from(block.bytes)) > self.length {
            return Err(DurableError::damaged(&self.path, format!("cut before the end of {}", where_())));
        }
        let mut bytes = vec![0; block.bytes as usize];
        let mut read = self.file.read_exact_at(&mut bytes, block.offset);
        if read.as_ref().is_err_and(patience::is_passing) {
            // A stale handle is cured by opening anew.
            read = patience::again(&self.path, || {
                beneath::open(&self.path)?.read_exact_at(&mut bytes, block.offset)
            });
        }
        read.map_err(|e| DurableError::io(&self.path, "read", e))?;
        if crc32fast::hash(&bytes) != block.crc {
            return Err(DurableError::damaged(
                &self.path,
                format!("the checksum of {} does not fit", where_()),
            ));
        }
        Ok(bytes)
    }
}
