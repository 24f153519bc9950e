//! The end of a chain: maps put together from the segments, verified, recorded; then the blocks are let go.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::pictures;
use super::session::{Done, Session, State};
use super::verify;
use super::workload::Workload;
use crate::checkpoint::resume::{PartReader, map_file};
use crate::checkpoint::{BlockRecord, Complete, LinkNumber, MapRecord, Phase, seal};
use crate::durable::{DurableError, atomic, sealed};
use crate::engine::Layer;

/// Bytes of a map between two syncs.
const SYNC_EVERY: usize = 128 << 20;

/// A block that is not what was written.
pub(super) struct Damage {
    pub(super) tile: u64,
    /// File and reason.
    pub(super) why: String,
}

/// A block of a map: who computed it, in which tile, and where it lies.
#[derive(Clone, Copy)]
struct Source {
    link: LinkNumber,
    tile: u64,
    block: BlockRecord,
}

impl Session<'_> {
    /// A chain that is complete already is verified, not computed. `None`: there is work to do.
    pub(super) fn already_complete<W: Workload>(
        &self,
        pool: &rayon::ThreadPool,
    ) -> Result<Option<Done>, Failure> {
        let path = self.dir.complete();
        let complete: Complete = match sealed::read(&path) {
            Ok(complete) => complete,
            Err(e) if e.is_missing() => return Ok(None),
            Err(e @ DurableError::Damaged { .. }) => {
                self.log.say(&format!("{e}: the record of the finished maps is made anew."));
                return Ok(None);
            }
            Err(e) => return Err(e.into()),
        };
        if complete.spec != self.options.spec_hash {
            return Err(Failure::Foreign(format!(
                "{}: belongs to the campaign file with hash {}, this job to {} (use another output folder)",
                path.display(),
                complete.spec,
                self.options.spec_hash
            )));
        }
        let problems = self.problems::<W>(pool, &complete)?;
        if problems.is_empty() {
            self.remember(None, complete.tiles);
            self.heart.update(|s| {
                (s.tiles, s.sealed_tiles, s.total) = (complete.tiles, complete.tiles, complete.tiles);
            });
            seal::ensure_unfenced(&self.dir, self.link)?;
            seal::remove_blocks(&self.dir, self.link)?;
            return Ok(Some(Done::Complete(format!(
                "complete already: {} maps verified",
                complete.maps.len()
            ))));
        }
        for problem in problems {
            self.log.say(&format!("Finished map rejected: {problem}."));
        }
        seal::ensure_unfenced(&self.dir, self.link)?;
        fs::remove_file(&path).map_err(|e| DurableError::io(&path, "remove", e))?;
        Ok(None)
    }

    /// What does not fit in the finished maps, reopened.
    fn problems<W: Workload>(
        &self,
        pool: &rayon::ThreadPool,
        complete: &Complete,
    ) -> Result<Vec<String>, Failure> {
        let stop = || self.heart.must_stop();
        let maps = self.campaign.maps();
        let verified = pool.install(|| verify::verify_complete(&maps, complete, &W::reopen, &stop));
        if stop() {
            return Err(Failure::Stopped);
        }
        let named = |v: &verify::Verified| {
            v.problems.iter().map(|p| format!("{}: {p}", v.path.display())).collect::<Vec<_>>()
        };
        Ok(verified.iter().flat_map(named).collect())
    }

    /// Puts the missing maps together, verifies all of them and records the chain as complete.
    pub(super) fn finish<W: Workload>(
        &self,
        state: &mut State<'_, W>,
    ) -> Result<Result<String, Damage>, Failure> {
        self.enter(Phase::Finishing);
        let folder = self.campaign.maps();
        atomic::create_folder(&folder)?;
        self.remove_left_over(&folder, &state.shape.layers);
        let valid = state.workload.valid_cells()?;
        let layers = state.workload.layers();
        let mut complete = Complete {
            link: self.link,
            spec: self.options.spec_hash.clone(),
            tiles: state.tiles.len() as u64,
            maps: Vec::new(),
            blocks: Vec::new(),
            valid,
        };
        for (at, layer) in layers.iter().enumerate() {
            let sources = sources(state, at)?;
            let file = map_file(&layer.name);
            if !state.maps.iter().any(|m| m.file == file) {
                match self.put_together(state, layer, &sources)? {
                    Ok(map) => {
                        state.maps.push(map);
                        state.unsealed = true;
                    }
                    Err(damage) => return Ok(Err(damage)),
                }
                self.log.say(&format!("Finished {}.", folder.join(&file).display()));
                self.seal(state)?;
            }
            complete.maps.extend(state.maps.iter().find(|m| m.file == file).cloned());
            complete.blocks.push(sources.iter().map(|s| (s.block.bytes, s.block.crc)).collect());
        }
        self.complete::<W>(state.pool, &complete).map(Ok)
    }

    fn complete<W: Workload>(
        &self,
        pool: &rayon::ThreadPool,
        complete: &Complete,
    ) -> Result<String, Failure> {
        let problems = self.problems::<W>(pool, complete)?;
        if !problems.is_empty() {
            return Err(Failure::Untrusted(format!("finished maps do not verify: {}", problems.join("; "))));
        }
        self.draw(complete)?;
        seal::ensure_unfenced(&self.dir, self.link)?;
        sealed::replace(&self.dir.complete(), complete)?;
        seal::remove_blocks(&self.dir, self.link)?;
        let message =
            format!("complete: {} maps verified in {}", complete.maps.len(), self.campaign.maps().display());
        Ok(message)
    }

    /// Draws the maps. A picture that cannot be drawn costs no map: `alpsckpt maps --png` draws it later.
    fn draw(&self, complete: &Complete) -> Result<(), Failure> {
        for map in &complete.maps {
            if self.heart.must_stop() {
                return Err(Failure::Stopped);
            }
            if let Err(e) = pictures::write(self.campaign, &self.campaign.maps().join(&map.file)) {
                self.log.say(&format!("No picture of {}: {e}.", map.file));
            }
        }
        Ok(())
    }

    /// Writes one map under a temporary name and renames it.
    fn put_together<W: Workload>(
        &self,
        state: &State<'_, W>,
        layer: &Layer,
        sources: &[Source],
    ) -> Result<Result<MapRecord, Damage>, Failure> {
        let lengths: Vec<u32> = sources.iter().map(|s| s.block.bytes).collect();
        let around = state.workload.lay_out(layer, &lengths);
        let size = lengths.iter().map(|l| u64::from(*l)).sum::<u64>()
            + (around.head.len() + around.tail.len()) as u64;
        self.remember_needed(size);
        let folder = self.campaign.maps();
        let mut map = Draft::create(temporary(&folder, &layer.name, self.link))?;
        map.write(&around.head)?;
        let mut parts = HashMap::new();
        for source in sources.iter().filter(|s| s.block.bytes > 0) {
            if self.heart.must_stop() {
                return Err(Failure::Stopped);
            }
            let part = match parts.entry(source.link) {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    match PartReader::open(&self.dir, source.link, &layer.name) {
                        Ok(part) => entry.insert(part),
                        Err(e) => return Ok(Err(Damage { tile: source.tile, why: e.to_string() })),
                    }
                }
            };
            match part.read(source.tile, &source.block) {
                Ok(bytes) => map.write(&bytes)?,
                Err(e) => return Ok(Err(Damage { tile: source.tile, why: e.to_string() })),
            }
        }
        map.write(&around.tail)?;
        map.sync()?;
        seal::ensure_unfenced(&self.dir, self.link)?;
        let file = map_file(&layer.name);
        let (bytes, crc) = map.publish(&folder.join(&file))?;
        let valid = sources.iter().map(|s| u64::from(s.block.valid)).sum();
        Ok(Ok(MapRecord { file, bytes, crc, head: around.head.len() as u64, range: layer.range, valid }))
    }

    /// Removes what earlier links of this chain left half-written when they were killed.
    fn remove_left_over(&self, folder: &Path, layers: &[String]) {
        for layer in layers {
            for link in (1..self.link.0).map(LinkNumber) {
                let _ = fs::remove_file(temporary(folder, layer, link));
            }
        }
    }
}

fn temporary(folder: &Path, layer: &str, link: LinkNumber) -> PathBuf {
    folder.join(format!(".{layer}.{link}.part"))
}

/// The blocks of one layer in the order of the map.
fn sources<W>(state: &State<'_, W>, layer: usize) -> Result<Vec<Source>, Failure> {
    let mut found: Vec<Option<Source>> = vec![None; state.tiling.blocks() as usize];
    for (tile, held) in &state.tiles {
        for block in held.record.blocks.iter().filter(|b| usize::from(b.layer) == layer) {
            if let Some(slot) = found.get_mut(block.block as usize) {
                *slot = Some(Source { link: held.link, tile: *tile, block: *block });
            }
        }
    }
    let all: Option<Vec<Source>> = found.into_iter().collect();
    all.ok_or_else(|| Failure::Internal(format!("layer {layer} lacks a block although every tile is there")))
}

/// A map that is being written under its temporary name, which goes away unless it is published.
struct Draft {
    path: PathBuf,
    file: BufWriter<File>,
    crc: crc32fast::Hasher,
    bytes: u64,
    /// Bytes since the last sync: kept few, so that the last one does not outlast the time a stop allows.
    unsynced: usize,
    published: bool,
}

impl Draft {
    fn create(path: PathBuf) -> Result<Self, DurableError> {
        let file = File::create(&path).map_err(|e| DurableError::io(&path, "create", e))?;
        let file = BufWriter::with_capacity(1 << 20, file);
        Ok(Self { path, file, crc: crc32fast::Hasher::new(), bytes: 0, unsynced: 0, published: false })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), DurableError> {
        self.crc.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|e| DurableError::io(&self.path, "write", e))?;
        self.unsynced += bytes.len();
        if self.unsynced < SYNC_EVERY { Ok(()) } else { self.sync() }
    }

    fn sync(&mut self) -> Result<(), DurableError> {
        self.unsynced = 0;
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(|e| DurableError::io(&self.path, "write", e))
    }

    /// Gives the map its final name; returns its length and checksum.
    fn publish(mut self, name: &Path) -> Result<(u64, u32), DurableError> {
        fs::rename(&self.path, name).map_err(|e| DurableError::io(name, "put in place", e))?;
        self.published = true;
        atomic::sync_folder_of(name)?;
        Ok((self.bytes, self.crc.clone().finalize()))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path);
        }
    }
}
