//! The index of a link's parts, read back as far as it is what was written.

use super::generation::{BlockRecord, Segment, TileRecord};
use super::shape::Shape;
use super::tile_record::INDEX_MAGIC;
use crate::durable::{DurableError, beneath, framed};
use crate::layout::ChainDir;

/// What of a segment's index can be read.
pub(super) struct Index {
    pub(super) records: Vec<TileRecord>,
    /// The segment up to where it is good.
    pub(super) good: Segment,
    pub(super) damage: Option<String>,
}

/// Reads the part of an index that a segment counts, up to the first record that is not what was written.
pub(super) fn read_index(dir: &ChainDir, shape: &Shape, segment: &Segment) -> Result<Index, DurableError> {
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
