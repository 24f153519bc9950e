//! Which generation can be trusted: the newest of which every byte that counts is what was written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rayon::prelude::*;

use super::fence;
use super::form;
use super::generation::{BlockRecord, Generation, GenerationNumber, MapRecord, Segment, TileRecord};
use super::layout::ChainDir;
use super::link::{LinkNumber, Rejected};
use super::tile_record::INDEX_MAGIC;
use crate::durable::{DurableError, framed};

/// What a chain's generations must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The frozen spec's hash.
    pub spec: String,
    /// Hashes of earlier frozen specs of the same work: their tiles count as well.
    pub lineage: Vec<String>,
    /// The number of the engine: tiles of another are not resumed.
    pub numerics: u32,
    /// The chain was begun anew after this link: what it and earlier ones sealed does not count. 0: never.
    pub after: LinkNumber,
    /// The layers' names, in the engine's order.
    pub layers: Vec<String>,
    /// For each tile the numbers of its blocks in a map.
    pub blocks: Vec<Vec<u32>>,
}

/// A tile that need not be computed again.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The link whose parts hold its blocks.
    pub link: LinkNumber,
    /// Where they lie.
    pub record: TileRecord,
}

/// What a link goes on from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resumed {
    /// The newest generation that verified; `None`: from the beginning.
    pub from: Option<Generation>,
    /// Newer ones that did not verify, newest first.
    pub rejected: Vec<Rejected>,
    /// The tiles it holds, by number.
    pub tiles: BTreeMap<u64, Held>,
    /// Its finished maps that are still what was written.
    pub maps: Vec<MapRecord>,
}

/// Why no generation could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The folder cannot be read at all.
    #[error(transparent)]
    File(#[from] DurableError),
    /// The newest generation belongs to another spec or a later version.
    #[error("{0}")]
    Foreign(String),
    /// The link was asked to stop meanwhile.
    #[error("stopped while verifying, as asked")]
    Stopped,
}

/// Why one generation does not count.
enum Verdict {
    Bad(String),
    /// Sealed before the chain was begun anew.
    Superseded,
    Fatal(ResumeError),
}

impl From<DurableError> for Verdict {
    fn from(e: DurableError) -> Self {
        use std::io::ErrorKind::{NotConnected, PermissionDenied, StaleNetworkFileHandle, TimedOut};
        match &e {
            // A disk that is out of reach says nothing about what is on it: giving up work for it would be wrong.
            DurableError::Io { source, .. }
                if matches!(
                    source.kind(),
                    NotConnected | PermissionDenied | StaleNetworkFileHandle | TimedOut
                ) =>
            {
                Self::Fatal(e.into())
            }
            DurableError::UnknownForm { .. } => Self::Fatal(ResumeError::Foreign(e.to_string())),
            _ => Self::Bad(e.to_string()),
        }
    }
}

/// Chooses the newest generation that verifies in full: manifest, index and every block that is still needed.
///
/// A finished map that is still what was written stands for its layer's blocks. `stop` is looked at between blocks.
///
/// # Errors
/// When the folder cannot be read, the newest readable generation is foreign, or on `stop`. Damage is no error:
/// it is in [`Resumed::rejected`].
pub fn newest_good(
    dir: &ChainDir,
    maps: &Path,
    shape: &Shape,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Resumed, ResumeError> {
    let mut rejected = Vec::new();
    for number in fence::numbers(&dir.generations())?.into_iter().rev().map(GenerationNumber) {
        match verify(dir, maps, shape, number, stop) {
            Ok(resumed) => return Ok(Resumed { rejected, ..resumed }),
            Err(Verdict::Bad(why)) => rejected.push(Rejected { generation: number, why }),
            Err(Verdict::Superseded) => {}
            Err(Verdict::Fatal(e)) => return Err(e),
        }
    }
    Ok(Resumed { rejected, ..Resumed::default() })
}

fn verify(
    dir: &ChainDir,
    maps: &Path,
    shape: &Shape,
    number: GenerationNumber,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Resumed, Verdict> {
    let path = dir.generation(number);
    let generation: Generation = form::read(&path)?;
    if generation.link <= shape.after {
        return Err(Verdict::Superseded);
    }
    let misfit = |what: String| Verdict::Bad(DurableError::damaged(&path, what).to_string());
    if generation.spec != shape.spec && !shape.lineage.contains(&generation.spec) {
        return Err(Verdict::Fatal(ResumeError::Foreign(format!(
            "{}: belongs to the campaign file with hash {}, this job to {} (a changed campaign needs another output folder)",
            path.display(),
            generation.spec,
            shape.spec
        ))));
    }
    if generation.number != number {
        return Err(misfit(format!("it holds generation {}", generation.number)));
    }
    if generation.numerics != shape.numerics {
        // Intact, but a map never holds tiles of two engines.
        return Err(Verdict::Bad(format!(
            "its tiles are those of engine {}, this program has engine {}",
            generation.numerics, shape.numerics
        )));
    }
    if generation.total != shape.blocks.len() as u64 {
        return Err(misfit(format!("{} tiles in all, expected {}", generation.total, shape.blocks.len())));
    }
    let mut tiles = BTreeMap::new();
    for segment in &generation.segments {
        for record in read_index(dir, shape, segment)? {
            tiles.insert(record.tile, Held { link: segment.link, record });
        }
    }
    if generation.tiles != tiles.len() as u64 {
        return Err(misfit(format!(
            "it counts {} tiles, its segments hold {}",
            generation.tiles,
            tiles.len()
        )));
    }
    let finished = finished_maps(maps, &generation, stop)?;
    verify_blocks(dir, shape, &tiles, &finished, stop)?;
    Ok(Resumed { from: Some(generation), rejected: Vec::new(), tiles, maps: finished })
}

/// Reads the part of an index that a segment counts.
fn read_index(dir: &ChainDir, shape: &Shape, segment: &Segment) -> Result<Vec<TileRecord>, Verdict> {
    let path = dir.index(segment.link);
    let damaged = |what: String| Verdict::Bad(DurableError::damaged(&path, what).to_string());
    if segment.part_bytes.len() != shape.layers.len() {
        return Err(damaged(format!("{} layers, expected {}", segment.part_bytes.len(), shape.layers.len())));
    }
    let file = File::open(&path).map_err(|e| DurableError::io(&path, "open", e))?;
    let mut bytes = Vec::new();
    file.take(segment.index_bytes).read_to_end(&mut bytes).map_err(|e| DurableError::io(&path, "read", e))?;
    if bytes.len() as u64 != segment.index_bytes {
        return Err(damaged(format!("cut: {} bytes of {}", bytes.len(), segment.index_bytes)));
    }
    if crc32fast::hash(&bytes) != segment.index_crc {
        return Err(damaged("the checksum of its records does not fit".to_owned()));
    }
    if !bytes.starts_with(&INDEX_MAGIC) {
        let e = DurableError::unknown_form(&path, "its first bytes are those of another version");
        return Err(e.into());
    }
    let reading = framed::decode(&path, &bytes, INDEX_MAGIC)?;
    if let Some(damage) = reading.damage {
        return Err(damaged(format!("at byte {}: {}", damage.offset, damage.what)));
    }
    if reading.records.len() as u64 != segment.tiles {
        return Err(damaged(format!("{} tiles, expected {}", reading.records.len(), segment.tiles)));
    }
    let decode = |bytes: &Vec<u8>| {
        TileRecord::decode(bytes)
            .filter(|r| fits(r, shape, segment))
            .ok_or_else(|| damaged("a record is not that of a tile of this chain".to_owned()))
    };
    reading.records.iter().map(decode).collect()
}

/// The record names exactly the blocks of its tile, layer by layer, inside the parts.
fn fits(record: &TileRecord, shape: &Shape, segment: &Segment) -> bool {
    let Some(blocks) = usize::try_from(record.tile).ok().and_then(|t| shape.blocks.get(t)) else {
        return false;
    };
    let expected =
        segment.part_bytes.iter().enumerate().flat_map(|(l, end)| blocks.iter().map(move |b| (l, *b, *end)));
    let inside = |block: &BlockRecord, end: u64| {
        block.offset.checked_add(u64::from(block.bytes)).is_some_and(|e| e <= end)
            && (block.bytes == 0) == (block.valid == 0)
    };
    record.blocks.len() == blocks.len() * segment.part_bytes.len()
        && record.blocks.iter().zip(expected).all(|(b, (layer, number, end))| {
            usize::from(b.layer) == layer && b.block == number && inside(b, end)
        })
}

/// The maps of a generation that are still what was written; the others are made anew from the parts.
fn finished_maps(
    folder: &Path,
    generation: &Generation,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<MapRecord>, Verdict> {
    let mut good = Vec::new();
    for map in &generation.maps {
        match file_crc(&folder.join(&map.file), stop) {
            Ok(Some(found)) if found == (map.bytes, map.crc) => good.push(map.clone()),
            Ok(Some(_)) | Err(_) => {}
            Ok(None) => return Err(Verdict::Fatal(ResumeError::Stopped)),
        }
    }
    Ok(good)
}

/// Length and checksum of a whole file; `None` on `stop`.
fn file_crc(path: &Path, stop: &(dyn Fn() -> bool + Sync)) -> std::io::Result<Option<(u64, u32)>> {
    let mut file = File::open(path)?;
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut length = 0;
    loop {
        if stop() {
            return Ok(None);
        }
        match file.read(&mut buffer)? {
            0 => return Ok(Some((length, hasher.finalize()))),
            n => {
                hasher.update(buffer.get(..n).unwrap_or_default());
                length += n as u64;
            }
        }
    }
}

/// Reads every block of the layers whose maps are not finished and compares it with its record.
fn verify_blocks(
    dir: &ChainDir,
    shape: &Shape,
    tiles: &BTreeMap<u64, Held>,
    finished: &[MapRecord],
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<(), Verdict> {
    // By file, so that each is read from its beginning to its end.
    let mut files: BTreeMap<(usize, LinkNumber), Vec<(u64, BlockRecord)>> = BTreeMap::new();
    for (tile, held) in tiles {
        for block in &held.record.blocks {
            files.entry((usize::from(block.layer), held.link)).or_default().push((*tile, *block));
        }
    }
    files.retain(|(layer, _), _| {
        shape.layers.get(*layer).is_some_and(|l| !finished.iter().any(|m| m.file == map_file(l)))
    });
    files.into_par_iter().try_for_each(|((layer, link), mut blocks)| {
        let name = shape.layers.get(layer).map_or("", String::as_str);
        let part = PartReader::open(dir, link, name)?;
        blocks.sort_unstable_by_key(|(_, b)| b.offset);
        for (tile, block) in blocks {
            if stop() {
                return Err(Verdict::Fatal(ResumeError::Stopped));
            }
            part.read(tile, &block)?;
        }
        Ok(())
    })
}

/// The file name of a layer's map.
#[must_use]
pub fn map_file(layer: &str) -> String {
    format!("{layer}.tif")
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
        let file = File::open(&path).map_err(io)?;
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
        self.file
            .read_exact_at(&mut bytes, block.offset)
            .map_err(|e| DurableError::io(&self.path, "read", e))?;
        if crc32fast::hash(&bytes) != block.crc {
            return Err(DurableError::damaged(
                &self.path,
                format!("the checksum of {} does not fit", where_()),
            ));
        }
        Ok(bytes)
    }
}
