//! What a link read of its inputs, kept beside the tiles that it computed from them. Each link's table stands alone: it also holds
//! what earlier links had read before.
//!
//! `parts/NNNN.inputs` is a framed log, magic `ALPSINP1`; each record holds some blocks of one file, little-endian:
//! `role u16 length and UTF-8 | blocks u32`, then per block `offset u64 | bytes u64 | crc u32`.

use super::generation::Segment;
use super::tile_record::take;
use crate::durable::{DurableError, beneath, framed};
use crate::layout::ChainDir;

/// The first bytes of the file; the digit is the version of the format.
pub const INPUTS_MAGIC: [u8; 8] = *b"ALPSINP1";

/// Blocks of a record at most.
const MOST_BLOCKS: usize = 1 << 16;

/// Blocks of one input file, as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputBlocks {
    /// What the file is to the chain: `dem`, `cloud 07`.
    pub role: String,
    /// The blocks.
    pub blocks: Vec<InputBlock>,
}

/// Bytes of an input file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputBlock {
    /// Where they begin.
    pub offset: u64,
    /// How many they are.
    pub bytes: u64,
    /// Their checksum (CRC-32).
    pub crc: u32,
}

impl InputBlocks {
    /// The records' bytes, none of them too long for a framed log.
    pub(super) fn records(&self) -> impl Iterator<Item = Vec<u8>> {
        self.blocks.chunks(MOST_BLOCKS).map(|blocks| {
            let mut bytes = Vec::with_capacity(6 + self.role.len() + 20 * blocks.len());
            bytes.extend_from_slice(&(self.role.len() as u16).to_le_bytes());
            bytes.extend_from_slice(self.role.as_bytes());
            bytes.extend_from_slice(&(blocks.len() as u32).to_le_bytes());
            for block in blocks {
                bytes.extend_from_slice(&block.offset.to_le_bytes());
                bytes.extend_from_slice(&block.bytes.to_le_bytes());
                bytes.extend_from_slice(&block.crc.to_le_bytes());
            }
            bytes
        })
    }

    /// `None` when the bytes are no record.
    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let length = usize::from(u16::from_le_bytes(take(&mut bytes)?));
        let (role, mut bytes) = bytes.split_at_checked(length)?;
        let count = u32::from_le_bytes(take(&mut bytes)?) as usize;
        if bytes.len() != count.checked_mul(20)? {
            return None;
        }
        let mut block = || {
            Some(InputBlock {
                offset: u64::from_le_bytes(take(&mut bytes)?),
                bytes: u64::from_le_bytes(take(&mut bytes)?),
                crc: u32::from_le_bytes(take(&mut bytes)?),
            })
        };
        let blocks = (0..count).map(|_| block()).collect::<Option<_>>()?;
        Some(Self { role: String::from_utf8(role.to_vec()).ok()?, blocks })
    }
}

/// Reads what the link of a segment had read when the segment was sealed; nothing for a segment of before there was
/// such a file.
///
/// # Errors
/// When the file is missing, cut, or not what was written.
pub fn read(dir: &ChainDir, segment: &Segment) -> Result<Vec<InputBlocks>, DurableError> {
    if segment.inputs_bytes == 0 {
        return Ok(Vec::new());
    }
    let path = dir.inputs_read(segment.link);
    let bytes = beneath::read_head(&path, segment.inputs_bytes);
    let bytes = bytes.map_err(|e| DurableError::io(&path, "read", e))?;
    if bytes.len() as u64 != segment.inputs_bytes || crc32fast::hash(&bytes) != segment.inputs_crc {
        return Err(DurableError::damaged(&path, "its length or its checksum does not fit"));
    }
    let reading = framed::decode(&path, &bytes, INPUTS_MAGIC)?;
    let decode = |record: &Vec<u8>| {
        InputBlocks::decode(record)
            .ok_or_else(|| DurableError::damaged(&path, "a record is not one of blocks"))
    };
    reading.records.iter().map(decode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_from_records_and_other_bytes_are_none() {
        let block = |n: u64| InputBlock { offset: n << 33, bytes: n, crc: n as u32 ^ 0xffff_0000 };
        let blocks = (0..70_000).map(block).collect();
        let all = InputBlocks { role: "cloud 07 é".to_owned(), blocks };
        let records: Vec<Vec<u8>> = all.records().collect();
        assert_eq!(records.len(), 2);
        let back: Vec<InputBlocks> = records.iter().map(|r| InputBlocks::decode(r).unwrap()).collect();
        assert!(back.iter().all(|b| b.role == all.role));
        assert!(back.into_iter().flat_map(|b| b.blocks).eq(all.blocks.iter().copied()));
        let short = InputBlocks { blocks: all.blocks[..3].to_vec(), ..all }.records().next().unwrap();
        assert!((0..short.len()).all(|cut| InputBlocks::decode(&short[..cut]).is_none()));
    }
}
