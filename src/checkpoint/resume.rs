//! What a link goes on from: the newest generation whose manifest can be trusted, and of its tiles those of which every
//! byte is what was written. A lost or damaged file costs its own tiles, no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::blocks;
use super::fence;
use super::generation::{Generation, MapRecord};
use super::index::{Index, read_index};
use super::link::{Lost, Rejected};
use super::shape::{HeldTile, ResumeError, Shape, why_bad};
use crate::durable::{DurableError, beneath, checksum};
use crate::layout::{ChainDir, GenerationNumber, LinkNumber};

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
    pub tiles: BTreeMap<u64, HeldTile>,
    /// Its finished maps that are still what was written.
    pub maps: Vec<MapRecord>,
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
            tiles.insert(record.tile, HeldTile { link: segment.link, record });
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
