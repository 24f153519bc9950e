//! One map put together: its overviews made from the blocks, then all of it written in the order of the file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rayon::prelude::*;

use super::{Session, State};
use crate::checkpoint::blocks::PartReader;
use crate::checkpoint::shape::map_file;
use crate::checkpoint::{BlockRecord, ChainDir, LinkNumber, MapRecord};
use crate::durable::DurableError;
use crate::engine::Layer;
use crate::job::draft::{Draft, Spill};
use crate::job::failure::LinkFailure;
use crate::job::workload::Workload;

/// A block of a map: who computed it, in which tile, and where it lies.
#[derive(Clone, Copy)]
pub(super) struct BlockSource {
    pub(super) link: LinkNumber,
    pub(super) tile: u64,
    pub(super) block: BlockRecord,
}

/// A block that is not what was written.
pub(super) struct DamagedTile {
    pub(super) tile: u64,
    /// File and reason.
    pub(super) why: String,
}

/// Why the maps were not put together.
pub(super) enum Unfinished {
    /// A tile is to be computed once more.
    Damage(DamagedTile),
    /// The files of some tiles are gone: they are to be computed once more.
    Missing,
    Failure(LinkFailure),
}

impl<F: Into<LinkFailure>> From<F> for Unfinished {
    fn from(failure: F) -> Self {
        Self::Failure(failure.into())
    }
}

impl Session<'_> {
    /// Writes one map under a temporary name and renames it.
    pub(super) fn assemble<W: Workload>(
        &self,
        state: &State<'_, W>,
        layer: &Layer,
        sources: &[BlockSource],
    ) -> Result<MapRecord, Unfinished> {
        let lengths: Vec<u32> = sources.iter().map(|s| s.block.bytes).collect();
        let stored: u64 = lengths.iter().copied().map(u64::from).sum();
        // The overviews take about a third of the map, and lie in two files for a moment.
        self.shell.remember_needed(stored + stored / 3 * 2);
        let parts = Parts::open(&self.shell.dir, &layer.name, sources)?;
        let overviews = self.overviews(state, layer, sources, &parts)?;
        let levels: Vec<Vec<u32>> =
            std::iter::once(lengths).chain(overviews.iter().flat_map(Spill::lengths)).collect();
        let mut map =
            Draft::create(&self.shell.campaign.maps(), &format!("{}.{}", layer.name, self.shell.link))?;
        map.write(&state.workload.lay_out(layer, &levels))?;
        for block in overviews.iter().flat_map(Spill::blocks) {
            self.go_on()?;
            map.write(&block?)?;
        }
        drop(overviews);
        let head = map.bytes;
        for source in sources {
            self.go_on()?;
            map.write(&parts.read(source)?)?;
        }
        map.sync()?;
        self.shell.ensure_own()?;
        let file = map_file(&layer.name);
        let (bytes, crc) = self.publish(&layer.name, map)?;
        let valid = sources.iter().map(|s| u64::from(s.block.valid)).sum();
        Ok(MapRecord { file, bytes, crc, head, range: layer.range, valid })
    }

    /// Makes the overviews of a map, a row of blocks at a time; `None` where it has none.
    fn overviews<W: Workload>(
        &self,
        state: &State<'_, W>,
        layer: &Layer,
        sources: &[BlockSource],
        parts: &Parts,
    ) -> Result<Option<Spill>, Unfinished> {
        let Some(mut pyramid) = state.workload.pyramid(layer) else { return Ok(None) };
        let stem = format!("{}.overviews.{}", layer.name, self.shell.link);
        let mut spill = Spill::create(&self.shell.campaign.maps(), &stem, pyramid.levels())?;
        for row in sources.chunks(state.tiling.blocks_across() as usize) {
            self.go_on()?;
            let made = state.pool.install(|| {
                let blocks: Vec<Vec<u8>> = row.par_iter().map(|s| parts.read(s)).collect::<Result<_, _>>()?;
                pyramid.push(&blocks).map_err(|(at, why)| {
                    let why = format!("a block of {} cannot be decoded: {why}", layer.name);
                    Unfinished::Damage(DamagedTile { tile: row.get(at).map_or(0, |s| s.tile), why })
                })
            })?;
            // The first level is the map itself.
            made.iter().try_for_each(|made| spill.push(made.level - 1, &made.bytes))?;
        }
        Ok(Some(spill))
    }

    fn go_on(&self) -> Result<(), LinkFailure> {
        if self.shell.must_stop() { Err(LinkFailure::Stopped) } else { Ok(()) }
    }
}

/// The parts of all links that hold blocks of a layer.
struct Parts(HashMap<LinkNumber, PartReader>);

impl Parts {
    fn open(dir: &ChainDir, layer: &str, sources: &[BlockSource]) -> Result<Self, Unfinished> {
        let mut parts = HashMap::new();
        for source in sources.iter().filter(|s| s.block.bytes > 0) {
            if let Entry::Vacant(entry) = parts.entry(source.link) {
                entry.insert(PartReader::open(dir, source.link, layer).map_err(|e| source.damaged(&e))?);
            }
        }
        Ok(Self(parts))
    }

    /// The bytes of a block as they were computed; none of one that is not stored.
    fn read(&self, source: &BlockSource) -> Result<Vec<u8>, Unfinished> {
        match self.0.get(&source.link) {
            Some(part) if source.block.bytes > 0 => {
                part.read(source.tile, &source.block).map_err(|e| source.damaged(&e))
            }
            _ => Ok(Vec::new()),
        }
    }
}

impl BlockSource {
    fn damaged(&self, why: &DurableError) -> Unfinished {
        Unfinished::Damage(DamagedTile { tile: self.tile, why: why.to_string() })
    }
}

/// The blocks of one layer in the order of the map.
pub(super) fn sources<W>(state: &State<'_, W>, layer: usize) -> Result<Vec<BlockSource>, LinkFailure> {
    let mut found: Vec<Option<BlockSource>> = vec![None; state.tiling.blocks() as usize];
    for (tile, held) in &state.tiles {
        for block in held.record.blocks.iter().filter(|b| usize::from(b.layer) == layer) {
            if let Some(slot) = found.get_mut(block.block as usize) {
                *slot = Some(BlockSource { link: held.link, tile: *tile, block: *block });
            }
        }
    }
    let all: Option<Vec<BlockSource>> = found.into_iter().collect();
    all.ok_or_else(|| {
        LinkFailure::Internal(format!("layer {layer} lacks a block although every tile is there"))
    })
}
