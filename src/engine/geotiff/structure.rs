//! How the cells of a file are stored: their type, and the strips or tiles ("chunks") that hold them.

use super::decode::{Codec, Predictor, Sample};
use super::ifd::{COPY_AGAIN, Directory, Order};
use super::tags;
use crate::engine::Problem;

/// The largest chunk that is read, in cells: a quarter of a gigabyte as float32.
const MOST_CELLS_OF_A_CHUNK: u64 = 1 << 26;
/// Uncompressed strips are read in pieces of about this many bytes.
const PIECE: u64 = 1 << 18;

/// How the cells of a file are stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Structure {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Columns of a chunk; tiles at the east edge are padded to it.
    pub(super) chunk_width: usize,
    /// Rows of a chunk.
    pub(super) chunk_height: usize,
    /// Chunks across.
    pub(super) across: usize,
    pub(super) tiled: bool,
    pub(super) order: Order,
    pub(super) sample: Sample,
    pub(super) codec: Codec,
    pub(super) predictor: Predictor,
    /// Offset and length of each chunk, row by row; length 0: not stored.
    pub(super) chunks: Vec<(u64, u64)>,
}

impl Structure {
    pub(super) fn of(directory: &Directory) -> Result<Self, Problem> {
        let sample = sample(directory)?;
        let (codec, predictor) = coding(directory, sample)?;
        let width = size(directory, tags::WIDTH, "width")?;
        let height = size(directory, tags::HEIGHT, "height")?;
        let tiled = directory.has(tags::TILE_OFFSETS);
        let (chunk_width, chunk_height) = if tiled {
            (
                size(directory, tags::TILE_WIDTH, "tile width")?,
                size(directory, tags::TILE_LENGTH, "tile height")?,
            )
        } else {
            (width, directory.number(tags::ROWS_PER_STRIP)?.unwrap_or(height).clamp(1, height))
        };
        let across = width.div_ceil(chunk_width);
        let chunks = chunks(directory, tiled, across * height.div_ceil(chunk_height))?;
        let mut structure = Self {
            width: width as usize,
            height: height as usize,
            chunk_width: chunk_width as usize,
            chunk_height: chunk_height as usize,
            across: across as usize,
            tiled,
            order: directory.order,
            sample,
            codec,
            predictor,
            chunks,
        };
        let plain = (width * height).saturating_mul(sample.size() as u64);
        // A size beyond the file's end is damage, or everything is sparse: nothing to gain, and much to allocate.
        if codec == Codec::None && !tiled && plain <= directory.source.length {
            structure.split_strips();
        }
        if (structure.chunk_width as u64).saturating_mul(structure.chunk_height as u64)
            > MOST_CELLS_OF_A_CHUNK
        {
            return Err(directory.source.problem(
                format!("is stored in pieces of {chunk_width} x {chunk_height} cells, too large to read one at a time"),
                "store it in tiles: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE FILE OUT.tif",
            ));
        }
        structure.verify_extent(directory)?;
        Ok(structure)
    }

    /// Rows of cells that chunk `index` holds: strips at the south edge are shorter, tiles are padded.
    pub(super) fn rows_of(&self, index: usize) -> usize {
        let first = index / self.across * self.chunk_height;
        if self.tiled { self.chunk_height } else { self.chunk_height.min(self.height.saturating_sub(first)) }
    }

    /// Without compression any rows of a strip can be read alone, which matters where one strip is the whole file.
    fn split_strips(&mut self) {
        let row = self.width as u64 * self.sample.size() as u64;
        let rows = self.chunk_height as u64;
        let most = (PIECE / row).clamp(1, rows);
        let piece = (1..=most).rev().find(|n| rows.is_multiple_of(*n)).unwrap_or(1);
        if piece == rows {
            return;
        }
        let pieces = (0..self.height as u64).step_by(piece as usize).map(|first| {
            let (offset, length) = self.chunks.get((first / rows) as usize).copied().unwrap_or_default();
            let skipped = first % rows * row;
            (offset.saturating_add(skipped), length.saturating_sub(skipped).min(piece * row))
        });
        self.chunks = pieces.collect();
        self.chunk_height = piece as usize;
    }

    /// A file that was cut is found here, before hours of computing.
    fn verify_extent(&self, directory: &Directory) -> Result<(), Problem> {
        let length = directory.source.length;
        let end =
            |&(offset, length): &(u64, u64)| if length == 0 { 0 } else { offset.saturating_add(length) };
        let beyond = self.chunks.iter().filter(|chunk| end(chunk) > length).count();
        if beyond == 0 {
            return Ok(());
        }
        let needed = self.chunks.iter().map(end).max().unwrap_or(0);
        let what = format!(
            "is cut: {beyond} of its {} blocks lie beyond its end (it has {length} bytes and needs {needed})",
            self.chunks.len()
        );
        Err(directory.source.problem(what, COPY_AGAIN))
    }
}

/// A size between 1 and 2^31.
fn size(directory: &Directory, tag: u16, name: &str) -> Result<u64, Problem> {
    match directory.number(tag)? {
        Some(value @ 1..=0x7fff_ffff) => Ok(value),
        found => {
            let found = found.map_or("none".to_owned(), |v| v.to_string());
            Err(directory.source.problem(format!("is damaged: its {name} is {found}"), COPY_AGAIN))
        }
    }
}

fn sample(directory: &Directory) -> Result<Sample, Problem> {
    let problem = |what: String, cure: &str| Err(directory.source.problem(what, cure));
    let bands = directory.number(tags::SAMPLES_PER_PIXEL)?.unwrap_or(1);
    if bands != 1 {
        let cure = "take out the band that is meant: gdal_translate -b 1 FILE OUT.tif";
        return problem(format!("has {bands} bands, expected one"), cure);
    }
    if directory.number(tags::PHOTOMETRIC)? == Some(3) {
        let cure = "give the raster of values, not a picture of it";
        return problem(
            "is a picture: its cells are numbers of colours in a palette, not values".into(),
            cure,
        );
    }
    if directory.number(tags::FILL_ORDER)?.unwrap_or(1) != 1 {
        return problem(
            "has its bits stored in reverse order".into(),
            "rewrite it: gdal_translate FILE OUT.tif",
        );
    }
    let bits = directory.number(tags::BITS_PER_SAMPLE)?.unwrap_or(1);
    match (directory.number(tags::SAMPLE_FORMAT)?.unwrap_or(1), bits) {
        (1 | 4, 8) => Ok(Sample::U8),
        (1 | 4, 16) => Ok(Sample::U16),
        (1 | 4, 32) => Ok(Sample::U32),
        (2, 8) => Ok(Sample::I8),
        (2, 16) => Ok(Sample::I16),
        (2, 32) => Ok(Sample::I32),
        (3, 32) => Ok(Sample::F32),
        (3, 64) => Ok(Sample::F64),
        (5 | 6, _) => problem(
            "has complex numbers, expected real ones".into(),
            "take out the part that is meant, with gdal_calc.py for example",
        ),
        (format, bits) => {
            let name = match format {
                1 | 4 => "unsigned integers",
                2 => "signed integers",
                3 => "floating-point numbers",
                _ => "numbers of an unknown kind",
            };
            problem(
                format!(
                    "has {name} of {bits} bits; known are integers of 8, 16 and 32 bits, floats of 32 and 64"
                ),
                "convert it: gdal_translate -ot Float32 FILE OUT.tif",
            )
        }
    }
}

fn coding(directory: &Directory, sample: Sample) -> Result<(Codec, Predictor), Problem> {
    let problem = |what: String| {
        let cure = "store it anew: gdal_translate -co COMPRESS=DEFLATE -co TILED=YES FILE OUT.tif";
        Err(directory.source.problem(what, cure))
    };
    let codec = match directory.number(tags::COMPRESSION)?.unwrap_or(1) {
        1 => Codec::None,
        5 => Codec::Lzw,
        8 | 32946 => Codec::Deflate,
        50000 => Codec::Zstd,
        code => {
            let name = match code {
                2..=4 => "fax",
                6 | 7 => "JPEG",
                32773 => "PackBits",
                34887 => "LERC",
                34925 => "LZMA",
                50001 => "WebP",
                _ => "unknown",
            };
            return problem(format!(
                "is compressed by a method that is not read here (code {code}, {name}); known are none, LZW, deflate and zstd"
            ));
        }
    };
    let predictor = match directory.number(tags::PREDICTOR)?.unwrap_or(1) {
        _ if codec == Codec::None => Predictor::None,
        1 => Predictor::None,
        2 => Predictor::Horizontal,
        3 if matches!(sample, Sample::F32 | Sample::F64) => Predictor::FloatingPoint,
        code => return problem(format!("uses predictor {code} on {sample:?} cells, which is not defined")),
    };
    Ok((codec, predictor))
}

fn chunks(directory: &Directory, tiled: bool, expected: u64) -> Result<Vec<(u64, u64)>, Problem> {
    let (offsets_tag, lengths_tag) = if tiled {
        (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)
    } else {
        (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS)
    };
    let offsets = directory.numbers(offsets_tag)?.unwrap_or_default();
    let lengths = directory.numbers(lengths_tag)?.unwrap_or_default();
    if offsets.len() as u64 != expected || lengths.len() as u64 != expected {
        let what = format!(
            "is damaged: its size asks for {expected} blocks, but it lists {} places and {} lengths",
            offsets.len(),
            lengths.len()
        );
        return Err(directory.source.problem(what, COPY_AGAIN));
    }
    // A place or a length of 0 both mean "not stored" (GDAL's sparse files).
    let chunk = |(offset, length)| if offset == 0 || length == 0 { (0, 0) } else { (offset, length) };
    Ok(offsets.into_iter().zip(lengths).map(chunk).collect())
}
