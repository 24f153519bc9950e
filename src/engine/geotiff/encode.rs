//! From the cells of a block to its bytes.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use std::cell::RefCell;
use std::io::Write;

use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::encoding::{CellType, Encoding};
use crate::engine::Compression;
use crate::engine::lanes::Simd;
use crate::engine::vector::{Kernel, Vectors};

/// On noisy cells zstd gains 3 % from level 3 on, for twice the time.
const ZSTD_LEVEL: i32 = 1;

/// As small as can be: what is left of a map by the predictor hardly repeats itself, and looking for repetitions in more
/// memory than the first cache holds takes a third of the time for 1 % of the bytes.
const ZSTD_HASH_LOG: u32 = 6;

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

/// How many cells there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// With data.
    pub valid: u32,
    /// With data within a range.
    pub possible: u32,
}

/// Counts cells, and those within a range, its ends included.
#[must_use]
pub fn tally(cells: &[f32], range: (f32, f32)) -> Tally {
    Vectors::best().run(Counting { cells, range })
}

/// One kernel call: a [`Tally`].
struct Counting<'a> {
    cells: &'a [f32],
    range: (f32, f32),
}

impl Kernel for Counting<'_> {
    type Output = Tally;

    #[inline(always)]
    fn run<C: Simd>(self, _: C) -> Tally {
        let (least, most) = self.range;
        let mut tally = Tally { valid: 0, possible: 0 };
        for cell in self.cells {
            tally.valid += u32::from(!cell.is_nan());
            tally.possible += u32::from(*cell >= least && *cell <= most);
        }
        tally
    }
}

/// Encodes one block (float32, `block * block` cells, NaN = no data): to its type, with predictor, compressed.
///
/// The same cells give the same bytes on every machine, whatever bits their NaNs have.
#[must_use]
pub fn encode_block(cells: &[f32], block: u32, encoding: Encoding) -> Vec<u8> {
    match encoding.cells {
        CellType::Whole { steps, .. } => encode(cells, f32::from(steps.per_unit), block, encoding),
        CellType::Float32 | CellType::Rounded { .. } => encode_numbers(cells, block, encoding),
    }
}

/// Encodes one block of cells that are given as the numbers that stand in the file, still to be rounded.
pub(super) fn encode_numbers(numbers: &[f32], block: u32, encoding: Encoding) -> Vec<u8> {
    encode(numbers, 1.0, block, encoding)
}

fn encode(
    cells: &[f32],
    per_unit: f32,
    block: u32,
    Encoding { cells: kind, compression }: Encoding,
) -> Vec<u8> {
    let columns = (block as usize).max(1);
    let predicted = compression != Compression::None;
    let bytes = match kind {
        CellType::Float32 => Vectors::best().run(Floats { cells, rounding: None, columns, predicted }),
        CellType::Rounded { per_unit, limits } => {
            let rounding = Some(Rounding::to(per_unit, limits));
            Vectors::best().run(Floats { cells, rounding, columns, predicted })
        }
        CellType::Whole { steps, limits } => {
            let nodata = steps.nodata() as u16;
            Vectors::best().run(WholeNumbers { cells, per_unit, limits, nodata, columns, predicted })
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
        Compression::Zstd => {
            ZSTD.with_borrow_mut(|zstd| zstd.compress(&bytes).expect("compresses into memory"))
        }
    }
}

thread_local! {
    /// Making one costs as much as compressing a block.
    static ZSTD: RefCell<Compressor<'static>> = RefCell::new(zstd());
}

#[expect(clippy::expect_used, reason = "the parameters are constants within their ranges")]
fn zstd() -> Compressor<'static> {
    let mut zstd = Compressor::new(ZSTD_LEVEL).expect("a compressor");
    zstd.set_parameter(CParameter::HashLog(ZSTD_HASH_LOG)).expect("a hash table");
    zstd
}

/// Adding it to less than 2^22 leaves a float32 whose last bits are the nearest whole number, ties to even.
const ROUNDING: f32 = 12_582_912.0;

/// The number, or what it is beyond of the limits; the least for NaN.
#[inline(always)]
fn within(number: f32, (least, most): (f32, f32)) -> f32 {
    let kept = if number > least { number } else { least };
    if kept < most { kept } else { most }
}

/// The nearest whole number within the limits, ties to even; `nodata` for NaN.
#[inline(always)]
fn quantised(number: f32, limits: (f32, f32), nodata: u16) -> u16 {
    let whole = (within(number, limits) + ROUNDING).to_bits().wrapping_sub(ROUNDING.to_bits()) as u16;
    if number.is_nan() { nodata } else { whole }
}

/// One kernel call: the cells as integers, with the horizontal predictor (2): differences along each row.
///
/// Each loop is plain enough to become vector code, which is what makes integers cheap.
struct WholeNumbers<'a> {
    cells: &'a [f32],
    per_unit: f32,
    limits: (f32, f32),
    nodata: u16,
    columns: usize,
    predicted: bool,
}

impl Kernel for WholeNumbers<'_> {
    type Output = Vec<u8>;

    #[inline(always)]
    fn run<C: Simd>(self, _: C) -> Vec<u8> {
        let Self { cells, per_unit, limits, nodata, columns, predicted } = self;
        let mut bytes = vec![0; cells.len() * 2];
        // Before the first cell of a row stands a zero, of which its difference is taken.
        let mut row = vec![0; columns + 1];
        for (to, from) in bytes.chunks_mut(columns * 2).zip(cells.chunks(columns)) {
            let Some((_, numbers)) = row.split_first_mut() else { break };
            for (number, value) in numbers.iter_mut().zip(from) {
                *number = quantised(*value * per_unit, limits, nodata);
            }
            let (to, _) = to.as_chunks_mut::<2>();
            for ((to, number), before) in to.iter_mut().zip(&row[1..]).zip(&row) {
                *to = number.wrapping_sub(if predicted { *before } else { 0 }).to_le_bytes();
            }
        }
        bytes
    }
}

/// How floats are rounded.
#[derive(Clone, Copy)]
pub(super) struct Rounding {
    /// The least and the largest that they may become.
    limits: (f32, f32),
    /// Adding it leaves no bits below those of the multiples.
    adding: f32,
}

impl Rounding {
    /// To multiples of a power of two, `per_unit` of one unit, between these two.
    pub(super) fn to(per_unit: f32, limits: (f32, f32)) -> Self {
        Self { limits, adding: ROUNDING / per_unit }
    }

    /// The nearest multiple within the limits, ties to even.
    #[inline(always)]
    fn of(self, value: f32) -> f32 {
        (within(value, self.limits) + self.adding) - self.adding
    }
}

/// One kernel call: the cells as float32, with the floating-point predictor (3): in each row the cells' bytes sorted by
/// significance, then differences.
#[derive(Clone, Copy)]
pub(super) struct Floats<'a> {
    pub(super) cells: &'a [f32],
    pub(super) rounding: Option<Rounding>,
    pub(super) columns: usize,
    pub(super) predicted: bool,
}

impl Kernel for Floats<'_> {
    type Output = Vec<u8>;

    #[inline(always)]
    fn run<C: Simd>(self, _: C) -> Vec<u8> {
        let Self { cells, rounding, columns, predicted } = self;
        let mut bytes = vec![0; cells.len() * 4];
        let mut row = vec![0.0; columns];
        // Before the first byte of a row stands a zero, of which its difference is taken.
        let mut sorted = vec![0; columns * 4 + 1];
        for (to, from) in bytes.chunks_mut(columns * 4).zip(cells.chunks(columns)) {
            match rounding {
                Some(rounding) => {
                    for (number, value) in row.iter_mut().zip(from) {
                        // The processor chooses sign and payload of a NaN it makes; files must not depend on them.
                        *number = if value.is_nan() { f32::NAN } else { rounding.of(*value) };
                    }
                }
                None => {
                    for (number, value) in row.iter_mut().zip(from) {
                        *number = if value.is_nan() { f32::NAN } else { *value };
                    }
                }
            }
            if predicted {
                sort_bytes(&row, &mut sorted);
                for ((to, byte), before) in to.iter_mut().zip(&sorted[1..]).zip(&sorted) {
                    *to = byte.wrapping_sub(*before);
                }
            } else {
                for (to, number) in to.as_chunks_mut::<4>().0.iter_mut().zip(&row) {
                    *to = number.to_le_bytes();
                }
            }
        }
        bytes
    }
}

/// The bytes of a row after the first of `sorted`: the most significant of all cells, then the next of all, …
#[inline(always)]
fn sort_bytes(row: &[f32], sorted: &mut [u8]) {
    let Some((_, sorted)) = sorted.split_first_mut() else { return };
    for (plane, bytes) in sorted.chunks_exact_mut(row.len().max(1)).enumerate() {
        let shift = 24_u32.saturating_sub(8 * plane as u32);
        for (byte, number) in bytes.iter_mut().zip(row) {
            *byte = (number.to_bits() >> shift) as u8;
        }
    }
}
