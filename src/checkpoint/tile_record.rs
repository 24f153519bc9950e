//! The index's records: one tile each, in a fixed binary form inside the framed log.
//!
//! Little-endian: `tile u64 | blocks u32 | samples u32`, then per block
//! `layer u16 | block u32 | offset u64 | bytes u32 | crc u32 | valid u32`, then the samples as float32.

use super::generation::{BlockRecord, TileRecord};

/// The first bytes of an index; the digit is the version of the format.
pub const INDEX_MAGIC: [u8; 8] = *b"ALPSIDX1";

const HEAD: usize = 16;
const BLOCK: usize = 26;

impl TileRecord {
    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.blocks.len() * BLOCK + self.samples.len() * 4);
        bytes.extend_from_slice(&self.tile.to_le_bytes());
        bytes.extend_from_slice(&(self.blocks.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.samples.len() as u32).to_le_bytes());
        for block in &self.blocks {
            bytes.extend_from_slice(&block.layer.to_le_bytes());
            bytes.extend_from_slice(&block.block.to_le_bytes());
            bytes.extend_from_slice(&block.offset.to_le_bytes());
            bytes.extend_from_slice(&block.bytes.to_le_bytes());
            bytes.extend_from_slice(&block.crc.to_le_bytes());
            bytes.extend_from_slice(&block.valid.to_le_bytes());
        }
        for sample in &self.samples {
            bytes.extend_from_slice(&sample.to_le_bytes());
        }
        bytes
    }

    /// The record of these bytes; `None` when they are not one.
    #[must_use]
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let tile = u64::from_le_bytes(take(&mut bytes)?);
        let count = u32::from_le_bytes(take(&mut bytes)?) as usize;
        let samples = u32::from_le_bytes(take(&mut bytes)?) as usize;
        let expected = count.checked_mul(BLOCK)?.checked_add(samples.checked_mul(4)?)?;
        if bytes.len() != expected {
            return None;
        }
        let blocks = (0..count).map(|_| decode_block(&mut bytes)).collect::<Option<Vec<_>>>()?;
        let samples =
            (0..samples).map(|_| take(&mut bytes).map(f32::from_le_bytes)).collect::<Option<Vec<_>>>()?;
        Some(Self { tile, blocks, samples })
    }
}

fn decode_block(bytes: &mut &[u8]) -> Option<BlockRecord> {
    Some(BlockRecord {
        layer: u16::from_le_bytes(take(bytes)?),
        block: u32::from_le_bytes(take(bytes)?),
        offset: u64::from_le_bytes(take(bytes)?),
        bytes: u32::from_le_bytes(take(bytes)?),
        crc: u32::from_le_bytes(take(bytes)?),
        valid: u32::from_le_bytes(take(bytes)?),
    })
}

/// Splits the first `N` bytes off.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}
