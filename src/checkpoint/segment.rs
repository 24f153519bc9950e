//! What one link adds: its own parts and its own index, only ever appended to, and only by this link.

use std::fs::{File, Metadata};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::generation::{BlockRecord, Segment, TileRecord};
use super::inputs::{INPUTS_MAGIC, InputBlocks};
use super::tile_record::INDEX_MAGIC;
#[cfg(test)]
use crate::durable::faults;
use crate::durable::{DurableError, atomic, beneath, framed};
use crate::layout::{ChainDir, LinkNumber};

/// One encoded block, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedBlock {
    /// The layer, in the order of the engine's layers.
    pub layer: u16,
    /// The block's number in the map, row by row.
    pub block: u32,
    /// Its bytes; empty for a block without a valid pixel.
    pub bytes: Vec<u8>,
    /// Its valid pixels.
    pub valid: u32,
}

/// Bytes after which what was appended is synced.
const MOST_UNSYNCED: u64 = 64 << 20;

/// The files that a link appends to.
#[derive(Debug)]
pub struct SegmentWriter {
    link: LinkNumber,
    parts: Vec<Part>,
    index: framed::Writer,
    index_crc: crc32fast::Hasher,
    /// The blocks of the inputs that it read.
    inputs: framed::Writer,
    inputs_crc: crc32fast::Hasher,
    tiles: u64,
    /// Bytes appended since the parts were last synced.
    unsynced: u64,
    sealed: Option<Segment>,
}

#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Part {
    fn create(path: PathBuf) -> Result<Self, DurableError> {
        let file = beneath::create_new(&path).map_err(|e| DurableError::io(&path, "create", e))?;
        Ok(Self { path, file, length: 0 })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<u64, DurableError> {
        #[cfg(test)]
        faults::meet(&self.path, faults::Step::Append)
            .map_err(|e| DurableError::io(&self.path, "append", e))?;
        self.file.write_all(bytes).map_err(|e| DurableError::io(&self.path, "append", e))?;
        let offset = self.length;
        self.length += bytes.len() as u64;
        Ok(offset)
    }

    /// Gives up the bytes after `length`; errors do not matter, for no generation counts these bytes.
    fn cut(&mut self, length: u64) {
        let _ = self.file.set_len(length);
        let _ = self.file.seek(SeekFrom::Start(length));
        self.length = length;
    }
}

impl SegmentWriter {
    /// Creates the files of `link`, a part for each layer.
    ///
    /// # Errors
    /// When one cannot be created.
    pub fn create(dir: &ChainDir, link: LinkNumber, layers: &[String]) -> Result<Self, DurableError> {
        let index = dir.index(link);
        atomic::create_folder_within(&dir.parts())?;
        let parts = layers.iter().map(|l| Part::create(dir.part(link, l))).collect::<Result<_, _>>()?;
        let inputs = framed::Writer::open(&dir.inputs_read(link), INPUTS_MAGIC, None)?;
        // The index last: its creation also makes the names of the parts durable.
        let index = framed::Writer::open(&index, INDEX_MAGIC, None)?;
        let crc_of = |magic: &[u8]| {
            let mut crc = crc32fast::Hasher::new();
            crc.update(magic);
            crc
        };
        let (index_crc, inputs_crc) = (crc_of(&INDEX_MAGIC), crc_of(&INPUTS_MAGIC));
        Ok(Self { link, parts, index, index_crc, inputs, inputs_crc, tiles: 0, unsynced: 0, sealed: None })
    }

    /// Appends the blocks of one tile and its record; all of it or nothing.
    ///
    /// # Errors
    /// When the disk refuses; the files are then cut back to the tile before.
    pub fn append(
        &mut self,
        tile: u64,
        blocks: &[EncodedBlock],
        samples: Vec<f32>,
    ) -> Result<TileRecord, DurableError> {
        let before: Vec<u64> = self.parts.iter().map(|p| p.length).collect();
        let appended = self.append_blocks(blocks).and_then(|blocks| {
            let record = TileRecord { tile, blocks, samples };
            let bytes = record.encode();
            self.index.push(&bytes)?;
            self.index_crc.update(&framed::frame(&bytes));
            Ok(record)
        });
        match &appended {
            Ok(_) => {
                self.tiles += 1;
                self.unsynced += blocks.iter().map(|block| block.bytes.len() as u64).sum::<u64>();
            }
            Err(_) => self.parts.iter_mut().zip(before).for_each(|(part, length)| part.cut(length)),
        }
        appended
    }

    fn append_blocks(&mut self, blocks: &[EncodedBlock]) -> Result<Vec<BlockRecord>, DurableError> {
        let mut records = Vec::with_capacity(blocks.len());
        for block in blocks {
            let part = self.parts.get_mut(usize::from(block.layer)).ok_or_else(|| {
                DurableError::damaged(Path::new("parts"), format!("there is no layer {}", block.layer))
            })?;
            records.push(BlockRecord {
                layer: block.layer,
                block: block.block,
                offset: part.append(&block.bytes)?,
                bytes: block.bytes.len() as u32,
                crc: crc32fast::hash(&block.bytes),
                valid: block.valid,
            });
        }
        Ok(records)
    }

    /// Appends blocks of the inputs that it read. Tiles computed from them must not be sealed without them.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn append_inputs(&mut self, read: &[InputBlocks]) -> Result<(), DurableError> {
        for record in read.iter().flat_map(InputBlocks::records) {
            self.inputs.push(&record)?;
            self.inputs_crc.update(&framed::frame(&record));
        }
        Ok(())
    }

    /// The first of the files that is not at its place any more, or another one is there: what is written then goes nowhere.
    ///
    /// # Errors
    /// When a file cannot be examined.
    pub fn gone(&self) -> Result<Option<PathBuf>, DurableError> {
        for part in &self.parts {
            if is_gone(&part.path, &part.file)? {
                return Ok(Some(part.path.clone()));
            }
        }
        for log in [&self.index, &self.inputs] {
            if is_gone(log.path(), log.file())? {
                return Ok(Some(log.path().to_path_buf()));
            }
        }
        Ok(None)
    }

    /// Makes everything appended durable and says what a generation may count; `None` before the first tile.
    ///
    /// # Errors
    /// When the disk refuses: then nothing new may be counted.
    pub fn sync(&mut self) -> Result<Option<Segment>, DurableError> {
        self.sync_parts()?;
        self.inputs.sync()?;
        self.index.sync()?;
        Ok((self.tiles > 0).then(|| Segment {
            link: self.link,
            tiles: self.tiles,
            index_bytes: self.index.length(),
            index_crc: self.index_crc.clone().finalize(),
            part_bytes: self.parts.iter().map(|p| p.length).collect(),
            inputs_bytes: self.inputs.length(),
            inputs_crc: self.inputs_crc.clone().finalize(),
        }))
    }

    /// Makes what was appended durable when there is much of it, so that a link that must stop has little left to do.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync_much(&mut self) -> Result<(), DurableError> {
        if self.unsynced >= MOST_UNSYNCED { self.sync_parts() } else { Ok(()) }
    }

    fn sync_parts(&mut self) -> Result<(), DurableError> {
        for part in &self.parts {
            part.file.sync_data().map_err(|e| DurableError::io(&part.path, "sync", e))?;
        }
        self.unsynced = 0;
        Ok(())
    }

    /// Remembers that a generation counts this much.
    pub fn mark_sealed(&mut self, segment: Option<Segment>) {
        self.sealed = segment;
    }

    /// Gives the room of what no generation counts back to a full disk. Nothing may be appended after this.
    pub fn give_back_unsealed(mut self) {
        for (at, part) in self.parts.iter_mut().enumerate() {
            let keep = self.sealed.as_ref().and_then(|s| s.part_bytes.get(at)).copied().unwrap_or(0);
            part.cut(keep);
        }
    }

    /// Bytes appended by this link.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|p| p.length).sum::<u64>() + self.index.length() + self.inputs.length()
    }
}

/// The name does not lead to the open file.
fn is_gone(path: &Path, file: &File) -> Result<bool, DurableError> {
    let identity = |facts: Metadata| (facts.dev(), facts.ino());
    let open = file.metadata().map_err(|e| DurableError::io(path, "examine", e))?;
    match beneath::facts(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(e) => Err(DurableError::io(path, "examine", e)),
        Ok(named) => Ok(identity(named) != identity(open)),
    }
}
