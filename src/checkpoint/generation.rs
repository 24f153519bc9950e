//! Generations: the numbered checkpoints of a chain.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::form::{self, Formed};
use crate::durable::DurableError;
use crate::layout::{CampaignDir, ChainDir, GenerationNumber, LinkNumber};
use crate::quantity::Unit;

/// A sealed checkpoint: the files it consists of, and how far each counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// The form that it was written in.
    #[serde(default = "form::first")]
    pub form: u32,
    /// The version of the program that sealed it; empty in form 1.
    #[serde(default)]
    pub written_by: String,
    /// Its number.
    pub number: GenerationNumber,
    /// The link that sealed it.
    pub link: LinkNumber,
    /// The frozen spec it belongs to.
    pub spec: String,
    /// Milliseconds since 1970 by the node's clock: for display only.
    pub sealed_ms: i64,
    /// Units of work it holds, of `total`.
    pub tiles: u64,
    /// Units of the chain; 0: not known.
    pub total: u64,
    /// What its work is counted in; said only where it is not tiles.
    #[serde(default, skip_serializing_if = "Unit::is_tiles")]
    pub unit: Unit,
    /// Bytes of all its files.
    pub bytes: u64,
    /// The files, a segment for each link that added tiles, in the order of the links.
    pub segments: Vec<Segment>,
    /// The number of the engine that computed all of its tiles.
    #[serde(default = "form::first_numerics")]
    pub numerics: u32,
    /// Maps that are finished already.
    pub maps: Vec<MapRecord>,
    /// What is kept of a program instead of tiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
}

impl Generation {
    /// The generation of this number. A file that has another one's number is none: a copy, or one that was renamed.
    ///
    /// # Errors
    /// When it is missing, damaged, of another number, or of a form that this program does not know.
    pub fn read(dir: &ChainDir, number: GenerationNumber) -> Result<Self, DurableError> {
        let path = dir.generation(number);
        let generation: Self = form::read(&path)?;
        if generation.number != number {
            let what = format!("it holds generation {}", generation.number);
            return Err(DurableError::damaged(&path, what));
        }
        Ok(generation)
    }

    /// Whether something of the chain would be lost with it: a program has its state also before the first of what it counts.
    #[must_use]
    pub fn holds_work(&self) -> bool {
        self.tiles > 0 || self.image.is_some()
    }
}

impl Formed for Generation {
    fn form(&self) -> u32 {
        self.form
    }

    fn written_by(&self) -> &str {
        &self.written_by
    }
}

/// A program as it was dumped: the files of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The link that started the program from its beginning: its folder has this number.
    pub started: LinkNumber,
    /// What dumped it, and must restore it.
    pub by: Dumper,
    /// The name of its folder in `images/`; empty for a program that keeps its state itself.
    pub folder: String,
    /// All of its files.
    pub files: Vec<ImageFile>,
    /// The class of processors that the program goes on with, such as `x86-64-v4`; not told where it was kept from the
    /// instructions of the highest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// How long its dump took until it was on the disk, ms; 0: not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub took_ms: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Image {
    /// Bytes a second that were dumped and brought to the disk.
    #[must_use]
    pub fn bandwidth(&self) -> Option<f64> {
        let bytes: u64 = self.files.iter().map(|file| file.bytes).sum();
        // What took no time tells nothing of much more.
        (self.took_ms > 100).then(|| bytes as f64 * 1e3 / self.took_ms as f64)
    }
}

/// What dumps and restores a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dumper {
    /// CRIU without root.
    Criu,
    /// DMTCP.
    Dmtcp,
    /// The program itself, on a signal.
    Program,
}

/// A file of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFile {
    /// Its name.
    pub name: String,
    /// Its length, bytes.
    pub bytes: u64,
    /// Its checksum (CRC-32).
    pub crc: u32,
}

/// What one link added: its index and parts, up to these lengths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The link whose files these are.
    pub link: LinkNumber,
    /// Tiles it added.
    pub tiles: u64,
    /// Length of its index, bytes.
    pub index_bytes: u64,
    /// Checksum (CRC-32) of these bytes.
    pub index_crc: u32,
    /// Length of each layer's part, bytes, in the order of the engine's layers.
    pub part_bytes: Vec<u64>,
    /// Length of its table of the inputs that it read, bytes; 0: there is none.
    #[serde(default)]
    pub inputs_bytes: u64,
    /// Checksum (CRC-32) of these bytes.
    #[serde(default)]
    pub inputs_crc: u32,
}

/// One tile of the index: where its blocks lie in the parts of its link.
///
/// Of several records of one tile the last counts: a tile whose blocks were found damaged is computed again.
#[derive(Debug, Clone, PartialEq)]
pub struct TileRecord {
    /// The tile's number in the plan's order.
    pub tile: u64,
    /// Its blocks, layer by layer.
    pub blocks: Vec<BlockRecord>,
    /// Its pixels of the quicklook, row by row: the picture is there again after a resume without decoding a block.
    pub samples: Vec<f32>,
}

/// One encoded block of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRecord {
    /// The layer, in the order of the engine's layers.
    pub layer: u16,
    /// The block's number in the map, row by row.
    pub block: u32,
    /// Where it begins in the part.
    pub offset: u64,
    /// Its length in bytes; 0 for a block without a valid pixel, which is not stored.
    pub bytes: u32,
    /// Its checksum (CRC-32).
    pub crc: u32,
    /// Its valid pixels.
    pub valid: u32,
}

/// A finished map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRecord {
    /// Its file name within `maps/`.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The checksum (CRC-32) of the whole file.
    pub crc: u32,
    /// Where its first block begins, after directories and overviews; the others follow one another.
    pub head: u64,
    /// Values outside are impossible.
    pub range: (f32, f32),
    /// Its valid pixels.
    pub valid: u64,
}

/// The end of a chain: every map, with the checksum of each block as recorded when it was computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Complete {
    /// The form that it was written in.
    #[serde(default = "form::first")]
    pub form: u32,
    /// The version of the program that finished the chain; empty in form 1.
    #[serde(default)]
    pub written_by: String,
    /// The link that finished the chain.
    pub link: LinkNumber,
    /// The frozen spec it belongs to.
    pub spec: String,
    /// Tiles of the chain.
    pub tiles: u64,
    /// The maps, in the order of the engine's layers.
    pub maps: Vec<MapRecord>,
    /// For each map the (length, checksum) of its blocks, row by row.
    pub blocks: Vec<Vec<(u32, u32)>>,
    /// Valid pixels of the DEM inside the region: each map has as many.
    pub valid: u64,
    /// Where the maps lie.
    #[serde(default, skip_serializing_if = "Place::is_maps")]
    pub place: Place,
}

/// The folder of what a chain makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Place {
    /// `maps/`: maps that the engine made.
    #[default]
    Maps,
    /// `results/`: files of a program, which are what they are.
    Results,
}

impl Place {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_maps(&self) -> bool {
        *self == Self::Maps
    }

    /// Where it lies.
    #[must_use]
    pub fn of(self, campaign: &CampaignDir) -> PathBuf {
        match self {
            Self::Maps => campaign.maps(),
            Self::Results => campaign.results(),
        }
    }
}

impl Formed for Complete {
    fn form(&self) -> u32 {
        self.form
    }

    fn written_by(&self) -> &str {
        &self.written_by
    }
}
