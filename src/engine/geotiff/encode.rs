//! From the cells of a block to its bytes.

use std::io::Write;

use super::coding::{Cells, Coding};
use crate::engine::{Compression, Steps};

/// On noisy cells zstd gains 3 % from level 3 on, for twice the time.
const ZSTD_LEVEL: i32 = 1;
const DEFLATE_LEVEL: u32 = 6;

/// Encodes one block (float32, `block * block` cells, NaN = no data): to its type, with predictor, compressed.
///
/// The same cells give the same bytes on every machine, whatever bits their NaNs have.
#[must_use]
pub fn encode_block(cells: &[f32], block: u32, coding: Coding) -> Vec<u8> {
    let columns = (block as usize).max(1);
    match coding.cells {
        Cells::Float32 => compress(floats(cells, columns, coding.compression), coding.compression),
        Cells::Whole { steps, limits } => {
            let factor = f32::from(steps.per_unit);
            compress(whole(cells, columns, factor, steps, limits, coding.compression), coding.compression)
        }
    }
}

#[expect(clippy::expect_used, reason = "compressing into memory cannot fail")]
fn compress(bytes: Vec<u8>, compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => bytes,
        Compression::Deflate => {
            let level = flate2::Compression::new(DEFLATE_LEVEL);
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(&bytes).and_then(|()| encoder.finish()).expect("writes into memory")
        }
        Compression::Zstd => zstd::bulk::compress(&bytes, ZSTD_LEVEL).expect("compresses into memory"),
    }
}

/// Whole numbers of steps, with the horizontal predictor (2) where they are compressed: differences along each row.
///
/// Each loop is plain enough to become vector code, which is what makes integers cheap.
fn whole(
    cells: &[f32],
    columns: usize,
    factor: f32,
    steps: Steps,
    (least, most): (f32, f32),
    compression: Compression,
) -> Vec<u8> {
    /// Adding it leaves a float32 of which the last bits are the nearest whole number, ties to even.
    const ROUNDING: f32 = 12_582_912.0;
    let nodata = steps.nodata() as u16;
    let quantised = |value: f32| {
        let steps = value * factor;
        let steps = if steps > least { steps } else { least };
        let steps = if steps < most { steps } else { most };
        let whole = (steps + ROUNDING).to_bits().wrapping_sub(ROUNDING.to_bits()) as u16;
        if value.is_nan() { nodata } else { whole }
    };
    let mut bytes = vec![0; cells.len() * 2];
    // Before the first cell of a row stands a zero, of which its difference is taken.
    let mut row = vec![0u16; columns + 1];
    for (to, from) in bytes.chunks_mut(columns * 2).zip(cells.chunks(columns)) {
        let Some((_, after)) = row.split_first_mut() else { break };
        after.iter_mut().zip(from).for_each(|(whole, value)| *whole = quantised(*value));
        let to = to.as_chunks_mut::<2>().0.iter_mut();
        let after = row.get(1..).unwrap_or_default();
        if compression == Compression::None {
            to.zip(after).for_each(|(to, whole)| *to = whole.to_le_bytes());
        } else {
            to.zip(after.iter().zip(&row))
                .for_each(|(to, (whole, before))| *to = whole.wrapping_sub(*before).to_le_bytes());
        }
    }
    bytes
}

/// The cells' own bytes, with the floating-point predictor (3) where they are compressed.
fn floats(cells: &[f32], columns: usize, compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => cells.iter().flat_map(|cell| canonical(*cell).to_le_bytes()).collect(),
        Compression::Deflate | Compression::Zstd => sort_bytes(cells, columns),
    }
}

/// The processor chooses sign and payload of a NaN it makes; files must not depend on them.
fn canonical(cell: f32) -> f32 {
    if cell.is_nan() { f32::NAN } else { cell }
}

/// In each row the cells' bytes sorted by significance, then differences.
fn sort_bytes(cells: &[f32], columns: usize) -> Vec<u8> {
    let mut sorted = Vec::with_capacity(cells.len() * 4);
    for row in cells.chunks(columns) {
        let mut before = 0u8;
        for plane in 0..4 {
            for cell in row {
                let byte = (canonical(*cell).to_bits() >> (24 - 8 * plane)) as u8;
                sorted.push(byte.wrapping_sub(before));
                before = byte;
            }
        }
    }
    sorted
}
