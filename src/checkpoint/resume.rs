//! What a link goes on from: the newest generation whose manifest can be trusted, and of its tiles those of which every
//! byte is what was written. A lost or damaged file costs its own tiles, no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::blocks;
use super::fence;
use super::generation::{BlockRecord, Generation, MapRecord, Segment, TileRecord};
use super::link::{Lost, Rejected};
use super::tile_record::INDEX_MAGIC;
use crate::durable::{DurableError, beneath, checksum, framed};
use crate::layout::{ChainDir, GenerationNumber, LinkNumber};

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
    /// The newest generation whose manifest counts, with those of its segments that hold good tiles; `None`: from the
    /// beginning.
    pub from: Option<Generation>,
    /// Newer ones that did not count, newest first.
    pub rejected: Vec<Rejected>,
    /// The files of the generation that are missing or damaged, each with the tiles that it cost.
    pub lost: Vec<Lost>,
    /// The good tiles, by number.
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
        why_bad(e).map_or_else(Self::Fatal, Self::Bad)
    }
}

impl From<ResumeError> for Verdict {
    fn from(e: ResumeError) -> Self {
        Self::Fatal(e)
    }
}

/// In words why a file does not count; an error where that is not for this program to say.
pub(super) fn why_bad(e: DurableError) -> Result<String, ResumeError> {
    match &e {
        // A disk that is out of reach says nothing about what is on it: giving up work for it would be wrong. A block that
        // cannot be read in spite of all patience is as good as lost.
        DurableError::Io { source, .. }
            if source.kind() == std::io::ErrorKind::PermissionDenied
                || (e.is_passing() && source.raw_os_error() != Some(nix::errno::Errno::EIO as i32)) =>
        {
            Err(e.into())
        }
        DurableError::UnknownForm { .. } => Err(ResumeError::Foreign(e.to_string())),
        _ => Ok(e.to_string()),
    }
}

/// Chooses the newest generation whose manifest counts and keeps those of its tiles of which every block that is still
/// needed is what was written.
///
/// An older generation holds no tile that a newer one lacks, for it names the same files: only a manifest that cannot be
/// trusted makes it the better one. A finished map that is still what was written stands for its layer's blocks. `stop` is looked at between blocks.
///
/// # Errors
/// When the folder cannot be read, the newest readable generation is foreign, or on `stop`. Damage is no error:
/// it is in [`Resumed::rejected`] and [`Resumed::lost`].
pub fn newest_good(
    dir: &ChainDir,
    maps: &Path,
    shape: &Shape,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Resumed, ResumeError> {
    let mut rejected = Vec::new();
    for number in fence::generations(dir)?.into_iter().rev() {
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
    let generation = Generation::read(dir, number)?;
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
    if generation.numerics != shape.numerics {
        // Intact, but a map never holds tiles of two engines.
        return Err(Verdict::Bad(format!(
            "its tiles are those of engine {}, this program has engine {}",
            generation.numerics, shape.numerics
        )));
    }
    if generation.total != shape.blocks.len() as u64 {
        return Err(misfit(format!("tiles in all: {}, expected {}", generation.total, shape.blocks.len())));
    }
    let mut tiles = BTreeMap::new();
    let mut segments = Vec::new();
    let mut damaged = Vec::new();
    for segment in &generation.segments {
        let index = match read_index(dir, shape, segment) {
            Ok(index) => index,
            Err(e) => Index { records: Vec::new(), good: segment.clone(), damage: Some(why_bad(e)?) },
        };
        damaged
            .extend(index.damage.map(|why| (why, segment.tiles.saturating_sub(index.records.len() as u64))));
        for record in index.records {
            tiles.insert(record.tile, Held { link: segment.link, record });
        }
        segments.push(index.good);
    }
    // Fewer tiles than segments: one was found damaged when a map was put together, and is still to be computed again.
    let mut missing = generation.tiles.saturating_sub(tiles.len() as u64);
    if damaged.is_empty() && missing > 0 {
        return Err(misfit(format!(
            "tiles that it counts: {}, that its segments hold: {}",
            generation.tiles,
            tiles.len()
        )));
    }
    let mut lost = Vec::new();
    for (why, count) in damaged {
        // Not those that a later link computed again.
        let count = count.min(missing);
        missing -= count;
        if count > 0 {
            lost.push(Lost { why, tiles: count });
        }
    }
    let finished = finished_maps(maps, &generation, stop)?;
    let mut bad = BTreeSet::new();
    for part in blocks::bad_parts(dir, shape, &tiles, &finished, stop)? {
        lost.push(Lost { why: part.why, tiles: part.tiles.len() as u64 });
        bad.extend(part.tiles);
    }
    tiles.retain(|tile, _| !bad.contains(tile));
    let needed: BTreeSet<LinkNumber> = tiles.values().map(|held| held.link).collect();
    segments.retain(|segment| needed.contains(&segment.link));
    let from = Some(Generation { segments, ..generation });
    Ok(Resumed { from, rejected: Vec::new(), lost, tiles, maps: finished })
}

/// What of a segment's index can be read.
struct Index {
    records: Vec<TileRecord>,
    /// The segment up to where it is good.
    good: Segment,
    damage: Option<String>,
}

/// Reads the part of an index that a segment counts, up to the first record that is not what was written.
fn read_index(dir: &ChainDir, shape: &Shape, segment: &Segment) -> Result<Index, DurableError> {
    let path = dir.index(segment.link);
    if segment.part_bytes.len() != shape.layers.len() {
        let what = format!("{} layers, expected {}", segment.part_bytes.len(), shape.layers.len());
        return Err(DurableError::damaged(&path, what));
    }
    let bytes = beneath::read_head(&path, segment.index_bytes);
    let bytes = bytes.map_err(|e| DurableError::io(&path, "read", e))?;
    let whole = bytes.len() as u64 == segment.index_bytes && crc32fast::hash(&bytes) == segment.index_crc;
    if !bytes.starts_with(&INDEX_MAGIC) {
        return Err(if whole {
            DurableError::unknown_form(&path, "its first bytes are those of another version")
        } else {
            DurableError::damaged(&path, "its first bytes are not those of an index")
        });
    }
    let reading = framed::decode(&path, &bytes, INDEX_MAGIC)?;
    let mut good = Segment { tiles: 0, index_bytes: INDEX_MAGIC.len() as u64, ..segment.clone() };
    let mut records = Vec::new();
    for bytes in &reading.records {
        let record = TileRecord::decode(bytes).filter(|r| fits(r, shape, segment));
        let Some(record) = record else { break };
        good.tiles += 1;
        good.index_bytes += framed::framed_length(bytes);
        records.push(record);
    }
    good.index_crc = crc32fast::hash(bytes.get(..good.index_bytes as usize).unwrap_or_default());
    let damage = (good.tiles != segment.tiles).then(|| {
        let what = match reading.damage {
            _ if bytes.len() as u64 != segment.index_bytes => {
                format!("cut: {} bytes of {}", bytes.len(), segment.index_bytes)
            }
            Some(damage) => format!("at byte {}: {}", damage.offset, damage.what),
            None => "a record is not that of a tile of this chain".to_owned(),
        };
        DurableError::damaged(&path, what).to_string()
    });
    Ok(Index { records, good, damage })
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
///
/// # Errors
/// When it cannot be read.
pub fn file_crc(path: &Path, stop: &(dyn Fn() -> bool + Sync)) -> std::io::Result<Option<(u64, u32)>> {
    let file = beneath::open(path)?;
    let length = file.metadata()?.len();
    Ok(checksum::of_part(&file, 0, length, stop)?.map(|crc| (length, crc.finalize())))
}

/// The file name of a layer's map.
#[must_use]
pub fn map_file(layer: &str) -> String {
    format!("{layer}.tif")
}
