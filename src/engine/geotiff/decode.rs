//! From the bytes of a chunk to its values.

use half::f16;

use super::decompress::decompress;
use super::encoding::{CellType, Encoding};
use super::file::ByteOrder;
use super::predictor::{accumulate, unsort};
use super::sample::{Codec, Predictor, SampleType};
use super::value_scale::ValueScale;
use crate::engine::Compression;

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
