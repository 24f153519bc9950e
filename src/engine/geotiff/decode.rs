//! From the bytes of a chunk to its cells: decompression, predictor, sample type.

use std::io::Read;

use half::f16;

use super::encoding::{CellType, Encoding};
use super::ifd::ByteOrder;
use super::lent;
use super::value_scale::ValueScale;
use crate::engine::Compression;

/// The type of a file's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SampleType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

impl SampleType {
    /// Bytes of a cell.
    pub(super) fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

/// How chunks are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Lzw,
    Deflate,
    Zstd,
    PackBits,
    Jpeg,
}

/// What was done to the cells before compression, by its number in TIFF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    None = 1,
    /// Differences of neighbours, as integers of the cell's size (TIFF 6.0 §14).
    Horizontal = 2,
    /// Bytes sorted by significance, then differences (Adobe Photoshop TIFF Technical Note 3).
    FloatingPoint = 3,
}

/// The numbers of a block as [`super::encode_block`] stores them, NaN where they mean no data. Errors are in words.
pub(super) fn decode_block(bytes: &[u8], block: u32, encoding: Encoding) -> Result<Vec<f32>, String> {
    let (sample, nodata) = match encoding.cells {
        CellType::Float32 | CellType::Rounded { .. } => (SampleType::F32, None),
        CellType::Whole { steps, .. } if steps.signed => (SampleType::I16, Some(f64::from(steps.nodata()))),
        CellType::Whole { steps, .. } => (SampleType::U16, Some(f64::from(steps.nodata()))),
    };
    let codec = match encoding.compression {
        Compression::None => Codec::None,
        Compression::Deflate => Codec::Deflate,
        Compression::Zstd => Codec::Zstd,
    };
    let columns = block as usize;
    let plain = decompress(codec, &[], bytes.to_vec(), [columns, columns], sample.size())?;
    let value_scale = ValueScale { nodata, scale: 1.0, offset: 0.0 };
    Ok(cells(plain, columns, sample, encoding.predictor(), ByteOrder::Little, value_scale))
}

/// Decompresses a chunk of so many columns and rows of cells of `size` bytes.
///
/// Memory grows only with what really comes out, whatever a damaged file claims. Errors are in words.
pub(super) fn decompress(
    codec: Codec,
    jpeg_tables: &[u8],
    mut raw: Vec<u8>,
    [columns, rows]: [usize; 2],
    size: usize,
) -> Result<Vec<u8>, String> {
    let expected = columns.saturating_mul(rows).saturating_mul(size);
    let room = expected.min(raw.len().saturating_mul(16));
    let bytes = match codec {
        Codec::None => {
            raw.truncate(expected);
            Ok(raw)
        }
        Codec::Deflate => first_of(flate2::read::ZlibDecoder::new(raw.as_slice()), expected, room),
        Codec::Zstd => zstd::stream::read::Decoder::with_buffer(raw.as_slice())
            .and_then(|decoder| first_of(decoder, expected, room)),
        Codec::Lzw => lzw(&raw, expected, room),
        Codec::PackBits => return lent::packbits(raw, columns * size, rows),
        Codec::Jpeg => return lent::jpeg(jpeg_tables, raw, columns, rows),
    };
    match bytes {
        Ok(bytes) if bytes.len() == expected => Ok(bytes),
        Ok(bytes) => Err(format!("it holds {} bytes instead of {expected}", bytes.len())),
        Err(e) => Err(e.to_string()),
    }
}

/// At most the first `expected` bytes of a stream.
fn first_of(stream: impl Read, expected: usize, room: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(room);
    stream.take(expected as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn lzw(raw: &[u8], expected: usize, room: usize) -> std::io::Result<Vec<u8>> {
    const STEP: usize = 1 << 16;
    let mut decoder = weezl::decode::Configuration::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .with_yield_on_full_buffer(true)
        .build();
    let mut bytes = Vec::with_capacity(room);
    let mut rest = raw;
    while bytes.len() < expected {
        let done = bytes.len();
        bytes.resize(expected.min(done + STEP), 0);
        let result = decoder.decode_bytes(rest, bytes.get_mut(done..).unwrap_or_default());
        bytes.truncate(done + result.consumed_out);
        rest = rest.get(result.consumed_in..).unwrap_or_default();
        match result.status {
            Err(e) => return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, e)),
            // A stream without an end code is common; one that stops too early is told by its length.
            Ok(weezl::LzwStatus::Done | weezl::LzwStatus::NoProgress) => break,
            Ok(weezl::LzwStatus::Ok) if result.consumed_out == 0 && rest.is_empty() => break,
            Ok(weezl::LzwStatus::Ok) => {}
        }
    }
    Ok(bytes)
}

/// The values of a decompressed chunk with rows of `columns` cells; NaN where its numbers mean no data.
pub(super) fn cells(
    mut bytes: Vec<u8>,
    columns: usize,
    sample: SampleType,
    predictor: Predictor,
    order: ByteOrder,
    value_scale: ValueScale,
) -> Vec<f32> {
    let mut order = order;
    let row = (columns * sample.size()).max(1);
    match predictor {
        Predictor::None => {}
        Predictor::Horizontal => {
            bytes.chunks_exact_mut(row).for_each(|r| accumulate(r, sample.size(), order));
        }
        Predictor::FloatingPoint => {
            let mut sorted = vec![0; row];
            bytes.chunks_exact_mut(row).for_each(|r| unsort(r, &mut sorted, sample.size()));
            order = ByteOrder::Big;
        }
    }
    let floats = |value: fn([u8; 4]) -> f32| convert_floats(&bytes, value_scale, value);
    match (sample, order) {
        (SampleType::U8, _) => convert(&bytes, value_scale, |[b]: [u8; 1]| f64::from(b)),
        (SampleType::I8, _) => convert(&bytes, value_scale, |b| f64::from(i8::from_le_bytes(b))),
        (SampleType::U16, ByteOrder::Little) => {
            convert(&bytes, value_scale, |b| f64::from(u16::from_le_bytes(b)))
        }
        (SampleType::U16, ByteOrder::Big) => {
            convert(&bytes, value_scale, |b| f64::from(u16::from_be_bytes(b)))
        }
        (SampleType::I16, ByteOrder::Little) => {
            convert(&bytes, value_scale, |b| f64::from(i16::from_le_bytes(b)))
        }
        (SampleType::I16, ByteOrder::Big) => {
            convert(&bytes, value_scale, |b| f64::from(i16::from_be_bytes(b)))
        }
        (SampleType::U32, ByteOrder::Little) => {
            convert(&bytes, value_scale, |b| f64::from(u32::from_le_bytes(b)))
        }
        (SampleType::U32, ByteOrder::Big) => {
            convert(&bytes, value_scale, |b| f64::from(u32::from_be_bytes(b)))
        }
        (SampleType::I32, ByteOrder::Little) => {
            convert(&bytes, value_scale, |b| f64::from(i32::from_le_bytes(b)))
        }
        (SampleType::I32, ByteOrder::Big) => {
            convert(&bytes, value_scale, |b| f64::from(i32::from_be_bytes(b)))
        }
        (SampleType::U64, ByteOrder::Little) => {
            convert(&bytes, value_scale, |b| u64::from_le_bytes(b) as f64)
        }
        (SampleType::U64, ByteOrder::Big) => convert(&bytes, value_scale, |b| u64::from_be_bytes(b) as f64),
        (SampleType::I64, ByteOrder::Little) => {
            convert(&bytes, value_scale, |b| i64::from_le_bytes(b) as f64)
        }
        (SampleType::I64, ByteOrder::Big) => convert(&bytes, value_scale, |b| i64::from_be_bytes(b) as f64),
        (SampleType::F16, ByteOrder::Little) => {
            convert(&bytes, value_scale, |b| f16::from_le_bytes(b).to_f64())
        }
        (SampleType::F16, ByteOrder::Big) => convert(&bytes, value_scale, |b| f16::from_be_bytes(b).to_f64()),
        (SampleType::F32, ByteOrder::Little) => floats(f32::from_le_bytes),
        (SampleType::F32, ByteOrder::Big) => floats(f32::from_be_bytes),
        (SampleType::F64, ByteOrder::Little) => {
            convert(&bytes, value_scale, |b| near_nodata(f64::from_le_bytes(b), value_scale))
        }
        (SampleType::F64, ByteOrder::Big) => {
            convert(&bytes, value_scale, |b| near_nodata(f64::from_be_bytes(b), value_scale))
        }
    }
}

#[expect(clippy::float_cmp, reason = "nodata is one exact value of the file's type")]
fn convert<const N: usize>(
    bytes: &[u8],
    value_scale: ValueScale,
    number: impl Fn([u8; N]) -> f64,
) -> Vec<f32> {
    // NaN equals nothing: without nodata every cell stays.
    let nodata = value_scale.nodata.unwrap_or(f64::NAN);
    let cell = |b: &[u8; N]| {
        let n = number(*b);
        if n == nodata { f32::NAN } else { (n * value_scale.scale + value_scale.offset) as f32 }
    };
    bytes.as_chunks::<N>().0.iter().map(cell).collect()
}

/// Beyond this, nodata values that are text with too few digits (-3.40282e+38) stand for their neighbours, too.
const NOBODYS_HEIGHT: f64 = 1e30;

/// The number, or nodata where it stands so close to it that only digits are missing.
fn near_nodata(number: f64, value_scale: ValueScale) -> f64 {
    match value_scale.nodata {
        Some(nodata) if nodata.abs() > NOBODYS_HEIGHT && (number - nodata).abs() <= 2e-6 * nodata.abs() => {
            nodata
        }
        _ => number,
    }
}

/// As [`convert`], in single precision.
fn convert_floats(bytes: &[u8], value_scale: ValueScale, number: impl Fn([u8; 4]) -> f32) -> Vec<f32> {
    let (low, high) = match value_scale.nodata {
        // A nodata value of double precision that float32 cannot hold is infinite there, as in GDAL.
        Some(nodata) if (nodata as f32).is_finite() => {
            let slack = if nodata.abs() > NOBODYS_HEIGHT { 1e-6 * nodata.abs() } else { 0.0 };
            let (nodata, slack) = (nodata as f32, slack as f32);
            // Beyond the largest float32 lies infinity, which is nobody's height.
            (nodata - slack, nodata + slack)
        }
        Some(nodata) => (nodata as f32, nodata as f32),
        None => (f32::NAN, f32::NAN),
    };
    let cell = |b: &[u8; 4]| {
        let n = number(*b);
        if n >= low && n <= high { f32::NAN } else { n }
    };
    let mut cells: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(cell).collect();
    if !value_scale.is_plain() {
        for value in &mut cells {
            *value = (f64::from(*value) * value_scale.scale + value_scale.offset) as f32;
        }
    }
    cells
}

/// Undoes horizontal differencing in one row.
fn accumulate(row: &mut [u8], size: usize, order: ByteOrder) {
    match (size, order) {
        (1, _) => sums(row, u8::from_le_bytes, u8::to_le_bytes, u8::wrapping_add),
        (2, ByteOrder::Little) => sums(row, u16::from_le_bytes, u16::to_le_bytes, u16::wrapping_add),
        (2, ByteOrder::Big) => sums(row, u16::from_be_bytes, u16::to_be_bytes, u16::wrapping_add),
        (4, ByteOrder::Little) => sums(row, u32::from_le_bytes, u32::to_le_bytes, u32::wrapping_add),
        (4, ByteOrder::Big) => sums(row, u32::from_be_bytes, u32::to_be_bytes, u32::wrapping_add),
        (_, ByteOrder::Little) => sums(row, u64::from_le_bytes, u64::to_le_bytes, u64::wrapping_add),
        (_, ByteOrder::Big) => sums(row, u64::from_be_bytes, u64::to_be_bytes, u64::wrapping_add),
    }
}

fn sums<const N: usize, T: Default + Copy>(
    row: &mut [u8],
    from: impl Fn([u8; N]) -> T,
    to: impl Fn(T) -> [u8; N],
    add: impl Fn(T, T) -> T,
) {
    let mut sum = T::default();
    for cell in row.as_chunks_mut::<N>().0 {
        sum = add(sum, from(*cell));
        *cell = to(sum);
    }
}

/// Undoes the floating-point predictor in one row; the cells come out most significant byte first.
fn unsort(row: &mut [u8], sorted: &mut [u8], size: usize) {
    running_sums(row, sorted);
    let columns = row.len() / size;
    if size == 4 {
        let (one, rest) = sorted.split_at(columns);
        let (two, rest) = rest.split_at(columns);
        let (three, four) = rest.split_at(columns);
        let cells = one.iter().zip(two).zip(three).zip(four);
        for (to, (((one, two), three), four)) in row.as_chunks_mut::<4>().0.iter_mut().zip(cells) {
            *to = [*one, *two, *three, *four];
        }
        return;
    }
    for (plane, bytes) in sorted.chunks_exact(columns.max(1)).enumerate() {
        for (to, byte) in row.iter_mut().skip(plane).step_by(size).zip(bytes) {
            *to = *byte;
        }
    }
}

/// The sum of each byte and all before it. Eight at a time, as four pairs in the quarters of a word: adding byte after byte
/// takes three times as long.
fn running_sums(bytes: &[u8], sums: &mut [u8]) {
    const EACH: u64 = 0x0001_0001_0001_0001;
    const LOW: u64 = 0x00ff_00ff_00ff_00ff;
    let mut before = 0_u64;
    let (eights, rest) = bytes.as_chunks::<8>();
    let (to_eights, to_rest) = sums.as_chunks_mut::<8>();
    for (to, from) in to_eights.iter_mut().zip(eights) {
        let word = u64::from_le_bytes(*from);
        let (first, second) = (word & LOW, (word >> 8) & LOW);
        // A quarter holds the sums of all pairs up to its own: at most 8 * 255, so that none runs into the next.
        let pairs = (first + second).wrapping_mul(EACH);
        let seconds = pairs + before * EACH;
        *to = ((seconds - second) & LOW | (seconds & LOW) << 8).to_le_bytes();
        before = (before + (pairs >> 48)) & 0xff;
    }
    let mut sum = before as u8;
    for (to, from) in to_rest.iter_mut().zip(rest) {
        sum = sum.wrapping_add(*from);
        *to = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_eight_bytes_at_a_time_are_those_of_one_after_another() {
        for length in [0, 1, 7, 8, 9, 64, 1023] {
            let bytes: Vec<u8> =
                (0..length).map(|i: u32| (i.wrapping_mul(0x9e37_79b9) >> 13) as u8).collect();
            for bytes in [bytes, vec![255; length as usize]] {
                let mut sums = vec![0; bytes.len()];
                running_sums(&bytes, &mut sums);
                let add = |sum: &mut u8, byte: &u8| {
                    *sum = sum.wrapping_add(*byte);
                    Some(*sum)
                };
                assert_eq!(sums, bytes.iter().scan(0, add).collect::<Vec<u8>>());
            }
        }
    }
}
