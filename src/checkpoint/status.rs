//! A link's heartbeat and the small picture of its map.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::tile_record::take;
use crate::durable::{DurableError, beneath, sealed};
use crate::layout::{GenerationNumber, LinkNumber};
use crate::quantity::Unit;

/// A link's own status file, replaced at each heartbeat ([`HEARTBEAT`]).
///
/// Its age is how long the reader's own monotonic clock has seen `counter` unchanged; never the file's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The link that writes it.
    pub link: LinkNumber,
    /// Grows by one at each heartbeat.
    pub counter: u64,
    /// What it does.
    pub phase: Phase,
    /// Units of work done (sealed or not), of `total`.
    pub tiles: u64,
    /// Units of the chain; 0: not known.
    pub total: u64,
    /// What its work is counted in; said only where it is not tiles.
    #[serde(default, skip_serializing_if = "Unit::is_tiles")]
    pub unit: Unit,
    /// Units in the last sealed generation.
    pub sealed_tiles: u64,
    /// The last sealed generation.
    pub generation: Option<GenerationNumber>,
    /// Units done per minute by this link, without the waits of a pace.
    pub tiles_per_minute: f64,
    /// Memory in use, bytes (resident set).
    pub memory: u64,
    /// Seconds until this link will checkpoint and stop by its own view of the walltime.
    pub seconds_left: Option<u64>,
    /// What saving the program of the chain would take now, once that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saving: Option<Saving>,
    /// What a person is to know of it, in words; empty where all goes its way.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
}

/// What saving a program takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Saving {
    /// Bytes of its image.
    pub bytes: u64,
    /// Bytes a second that the last dump has brought to the disk.
    pub bytes_per_second: f64,
}

impl Status {
    /// Reads a status file.
    ///
    /// # Errors
    /// When it is missing or damaged (as after a power failure: it is written without waiting for the disk).
    pub fn read(path: &Path) -> Result<Self, DurableError> {
        sealed::read(path)
    }
}

/// How often a link writes its status.
pub const HEARTBEAT: std::time::Duration = std::time::Duration::from_secs(1);

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Opens its inputs and verifies the generation it resumes.
    Opening,
    /// Computes tiles.
    Computing,
    /// Seals a generation.
    Sealing,
    /// Puts the finished maps together and verifies them.
    Finishing,
    /// Checkpointed early; stays until the batch system counts its exit code.
    Waiting,
}

/// A small picture of one layer of the map as it fills.
#[derive(Debug, Clone, PartialEq)]
pub struct Quicklook {
    /// The layer's name.
    pub layer: String,
    /// Its unit.
    pub unit: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Row by row from the north; NaN: not computed yet or no data.
    pub values: Vec<f32>,
}

/// The longest edge of a quicklook, pixels.
pub const QUICKLOOK_EDGE: u32 = 256;

const QUICKLOOK_MAGIC: [u8; 8] = *b"ALPSQLK1";

/// Little-endian: magic, CRC-32 of the rest, then width and height `u32`, the lengths of name and unit `u16`, both
/// texts, the values as float32.
impl Quicklook {
    /// The file's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(64 + self.values.len() * 4);
        body.extend_from_slice(&self.width.to_le_bytes());
        body.extend_from_slice(&self.height.to_le_bytes());
        body.extend_from_slice(&(self.layer.len() as u16).to_le_bytes());
        body.extend_from_slice(&(self.unit.len() as u16).to_le_bytes());
        body.extend_from_slice(self.layer.as_bytes());
        body.extend_from_slice(self.unit.as_bytes());
        for value in &self.values {
            body.extend_from_slice(&value.to_le_bytes());
        }
        let mut bytes = QUICKLOOK_MAGIC.to_vec();
        bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads a quicklook from the bytes of the file `path`.
    ///
    /// # Errors
    /// When the bytes are not what [`Quicklook::encode`] made.
    pub fn decode(path: &Path, bytes: &[u8]) -> Result<Self, DurableError> {
        let damaged = |what: &str| DurableError::damaged(path, what);
        let mut rest = bytes.strip_prefix(&QUICKLOOK_MAGIC).ok_or_else(|| damaged("not a quicklook"))?;
        let sum = take(&mut rest).map(u32::from_le_bytes).ok_or_else(|| damaged("cut"))?;
        if crc32fast::hash(rest) != sum {
            return Err(damaged("the checksum does not fit the content"));
        }
        Self::decode_body(rest).ok_or_else(|| damaged("its size does not fit its content"))
    }

    fn decode_body(mut rest: &[u8]) -> Option<Self> {
        let width = u32::from_le_bytes(take(&mut rest)?);
        let height = u32::from_le_bytes(take(&mut rest)?);
        let name = usize::from(u16::from_le_bytes(take(&mut rest)?));
        let unit = usize::from(u16::from_le_bytes(take(&mut rest)?));
        let (layer, rest) = rest.split_at_checked(name)?;
        let (unit, rest) = rest.split_at_checked(unit)?;
        let (values, odd) = rest.as_chunks::<4>();
        if !odd.is_empty() || values.len() as u64 != u64::from(width) * u64::from(height) {
            return None;
        }
        Some(Self {
            layer: String::from_utf8(layer.to_vec()).ok()?,
            unit: String::from_utf8(unit.to_vec()).ok()?,
            width,
            height,
            values: values.iter().map(|v| f32::from_le_bytes(*v)).collect(),
        })
    }

    /// Reads a quicklook.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn read(path: &Path) -> Result<Self, DurableError> {
        let bytes = beneath::read(path).map_err(|e| DurableError::io(path, "read", e))?;
        Self::decode(path, &bytes)
    }
}
