//! From the cells of a block to its bytes.

use std::io::Write;

use super::coding::{Cells, Coding};
use crate::engine::Compression;

/// On noisy cells zstd gains 3 % from level 3 on, for twice the time.
const ZSTD_LEVEL: i32 = 1;
const DEFLATE_LEVEL: u32 = 6;

/// The cells of one block of a grid of rows of `width` cells, from its column and row `(x, y)` on; no data beyond the grid.
#[must_use]
pub fn cut_block(cells: &[f32], width: u32, (x, y): (u32, u32), edge: u32) -> Vec<f32> {
    let (width, edge, x) = ((width as usize).max(1), edge as usize, x as usize);
    let mut block = vec![f32::NAN; edge * edge];
    let rows = cells.chunks_exact(width).skip(y as usize);
    for (to, from) in block.chunks_exact_mut(edge.max(1)).zip(rows) {
        let from = from.get(x..width.min(x + edge)).unwrap_or_default();
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
    block
}

/// Encodes one block (float32, `block * block` cells, NaN = no data): to its type, with predictor, compressed.
///
/// The same cells give the same bytes on every machine, whatever bits their NaNs have.
#[must_use]
pub fn encode_block(cells: &[f32], block: u32, coding: Coding) -> Vec<u8> {
    match coding.cells {
        Cells::Whole { steps, .. } => encode(cells, f32::from(steps.per_unit), block, coding),
        Cells::Float32 => encode_numbers(cells, block, coding),
    }
}

/// Encodes one block of cells that are given as the numbers that stand in the file, still to be rounded.
pub(super) fn encode_numbers(numbers: &[f32], block: u32, coding: Coding) -> Vec<u8> {
    encode(numbers, 1.0, block, coding)
}

fn encode(cells: &[f32], per_unit: f32, block: u32, Coding { cells: kind, compression }: Coding) -> Vec<u8> {
    let columns = (block as usize).max(1);
    let predicted = compression != Compression::None;
    let bytes = match kind {
        Cells::Float32 if predicted => sort_bytes(cells, columns),
        Cells::Float32 => cells.iter().flat_map(|cell| canonical(*cell).to_le_bytes()).collect(),
        Cells::Whole { steps, limits } => {
            let nodata = steps.nodata() as u16;
            whole_numbers(cells, columns, predicted, |value| quantised(value * per_unit, limits, nodata))
        }
    };
    compress(bytes, compression)
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

/// The nearest whole number within the limits, ties to even; `nodata` for NaN.
#[inline]
fn quantised(number: f32, (least, most): (f32, f32), nodata: u16) -> u16 {
    /// Adding it leaves a float32 whose last bits are the nearest whole number.
    const ROUNDING: f32 = 12_582_912.0;
    let kept = if number > least { number } else { least };
    let kept = if kept < most { kept } else { most };
    let whole = (kept + ROUNDING).to_bits().wrapping_sub(ROUNDING.to_bits()) as u16;
    if number.is_nan() { nodata } else { whole }
}

/// The cells as integers, with the horizontal predictor (2): differences along each row.
///
/// Each loop is plain enough to become vector code, which is what makes integers cheap.
fn whole_numbers(cells: &[f32], columns: usize, predicted: bool, quantised: impl Fn(f32) -> u16) -> Vec<u8> {
    let mut bytes = vec![0; cells.len() * 2];
    // Before the first cell of a row stands a zero, of which its difference is taken.
    let mut row = vec![0; columns + 1];
    for (to, from) in bytes.chunks_mut(columns * 2).zip(cells.chunks(columns)) {
        let Some((_, numbers)) = row.split_first_mut() else { break };
        numbers.iter_mut().zip(from).for_each(|(number, value)| *number = quantised(*value));
        let numbers = row.get(1..).unwrap_or_default();
        let to = to.as_chunks_mut::<2>().0.iter_mut().zip(numbers);
        if predicted {
            to.zip(&row).for_each(|((to, n), before)| *to = n.wrapping_sub(*before).to_le_bytes());
        } else {
            to.for_each(|(to, number)| *to = number.to_le_bytes());
        }
    }
    bytes
}

/// The processor chooses sign and payload of a NaN it makes; files must not depend on them.
fn canonical(cell: f32) -> f32 {
    if cell.is_nan() { f32::NAN } else { cell }
}

/// The floating-point predictor (3): in each row the cells' bytes sorted by significance, then differences.
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
