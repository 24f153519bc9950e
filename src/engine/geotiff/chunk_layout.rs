//! How the cells of a file are stored: their type, and the strips or tiles ("chunks") that hold them.

use super::file::{ByteOrder, COPY_AGAIN};
use super::ifd::Directory;
use super::sample::{Codec, Predictor, SampleType};
use super::tags;
use crate::engine::Problem;

/// The largest chunk that is read, in cells: a quarter of a gigabyte as float32.
const MOST_CELLS_OF_A_CHUNK: u64 = 1 << 26;
/// Uncompressed strips are read in pieces of about this many bytes.
const PIECE: u64 = 1 << 18;

/// How the cells of a file are stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChunkLayout {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Columns of a chunk; tiles at the east edge are padded to it.
    pub(super) chunk_width: usize,
    /// Rows of a chunk.
    pub(super) chunk_height: usize,
    /// Chunks across.
    pub(super) across: usize,
    pub(super) tiled: bool,
    pub(super) order: ByteOrder,
    pub(super) sample: SampleType,
    pub(super) codec: Codec,
    pub(super) predictor: Predictor,
    /// Offset and length of each chunk, row by row; length 0: not stored.
    pub(super) chunks: Vec<(u64, u64)>,
    /// What all JPEG chunks have in common; empty with other codecs.
    pub(super) jpeg_tables: Vec<u8>,
}

impl ChunkLayout {
    pub(super) fn of(directory: &Directory) -> Result<Self, Problem> {
        let sample = sample(directory)?;
        let (codec, predictor) = encoding(directory, sample)?;
        let width = size(directory, tags::WIDTH, "width")?;
        let height = size(directory, tags::HEIGHT, "height")?;
        let tiled = directory.has(tags::TILE_WIDTH);
        let (chunk_width, chunk_height) = if tiled {
            (
                size(directory, tags::TILE_WIDTH, "tile width")?,
                size(directory, tags::TILE_LENGTH, "tile height")?,
            )
        } else {
            (
                width,
                rows_of_a_strip(directory, codec, width.saturating_mul(sample.size() as u64))?
                    .clamp(1, height),
            )
        };
        let across = width.div_ceil(chunk_width);
        let jpeg_tables = match codec {
            Codec::Jpeg if directory.has(tags::JPEG_TABLES) => directory.bytes(tags::JPEG_TABLES)?,
            _ => Vec::new(),
        };
        let mut layout = Self {
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
            chunks: Vec::new(),
            jpeg_tables,
        };
        layout.chunks = chunks(directory, &layout)?;
        let plain = (width * height).saturating_mul(sample.size() as u64);
        // A size beyond the file's end is damage, or everything is sparse: nothing to gain, and much to allocate.
        if codec == Codec::None && !tiled && plain <= directory.source.length {
            layout.split_strips();
        }
        if (layout.chunk_width as u64).saturating_mul(layout.chunk_height as u64) > MOST_CELLS_OF_A_CHUNK {
            return Err(directory.source.problem(
                format!("is stored in pieces of {chunk_width} x {chunk_height} cells, too large to read one at a time"),
                directory.source.anew("store it in tiles", "-co TILED=YES -co COMPRESS=DEFLATE", "tiled"),
            ));
        }
        layout.verify_extent(directory)?;
        Ok(layout)
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

/// Rows of a strip; all where nothing is said, unless there are several uncompressed strips: then their lengths say it.
fn rows_of_a_strip(directory: &Directory, codec: Codec, row: u64) -> Result<u64, Problem> {
    if let Some(rows) = directory.number(tags::ROWS_PER_STRIP)? {
        return Ok(rows);
    }
    let lengths = directory.numbers(tags::STRIP_BYTE_COUNTS)?.unwrap_or_default();
    Ok(match lengths.as_slice() {
        [first, _, ..] if codec == Codec::None && first.is_multiple_of(row) => first / row,
        _ => u64::MAX,
    })
}

fn sample(directory: &Directory) -> Result<SampleType, Problem> {
    let source = directory.source;
    let bands = directory.number(tags::SAMPLES_PER_PIXEL)?.unwrap_or(1);
    if bands != 1 {
        let extra = directory.numbers(tags::EXTRA_SAMPLES)?.unwrap_or_default();
        // 1 and 2 are opacities, which hide cells of the other band.
        if bands == 2 && matches!(extra.as_slice(), [1 | 2]) {
            let aim = "make a mask of it, and that into nodata by the next message";
            let options = "-b 1 -mask 2 --config GDAL_TIFF_INTERNAL_MASK YES";
            return Err(source
                .problem("has a band of opacities beside its values", source.anew(aim, options, "masked")));
        }
        let cure = source.anew("take out the band that is meant, the first for example", "-b 1", "band1");
        return Err(source.problem(format!("has {bands} bands, expected one"), cure));
    }
    // The interpretation as colours is decoration, as in GDAL: the numbers are the values, palette or not.
    if directory.number(tags::FILL_ORDER)?.unwrap_or(1) != 1 {
        let cure = source.anew("store it anew", "-co COMPRESS=DEFLATE", "stored");
        return Err(source.problem("has its bits stored in reverse order", cure));
    }
    let bits = directory.number(tags::BITS_PER_SAMPLE)?.unwrap_or(1);
    match (directory.number(tags::SAMPLE_FORMAT)?.unwrap_or(1), bits) {
        (1 | 4, 8) => Ok(SampleType::U8),
        (1 | 4, 16) => Ok(SampleType::U16),
        (1 | 4, 32) => Ok(SampleType::U32),
        (1 | 4, 64) => Ok(SampleType::U64),
        (2, 8) => Ok(SampleType::I8),
        (2, 16) => Ok(SampleType::I16),
        (2, 32) => Ok(SampleType::I32),
        (2, 64) => Ok(SampleType::I64),
        (3, 16) => Ok(SampleType::F16),
        (3, 32) => Ok(SampleType::F32),
        (3, 64) => Ok(SampleType::F64),
        (5 | 6, _) => {
            let cure = source.anew("take their real parts, if those are meant", "-ot Float32", "real");
            Err(source.problem("has complex numbers, expected real ones", cure))
        }
        (format, bits) => {
            let name = match format {
                1 | 4 => "unsigned integers",
                2 => "signed integers",
                3 => "floating-point numbers",
                _ => "numbers of an unknown kind",
            };
            let what = format!(
                "has {name} of {bits} bits; known are integers of 8, 16, 32 and 64 bits, floats of 16, 32 and 64"
            );
            Err(source.problem(what, source.anew("convert it", "-ot Float32 -co NBITS=32", "float32")))
        }
    }
}

fn encoding(directory: &Directory, sample: SampleType) -> Result<(Codec, Predictor), Problem> {
    let source = directory.source;
    let problem = |what: String| {
        let cure = source.anew("store it anew", "-co COMPRESS=DEFLATE -co TILED=YES", "deflate");
        Err(source.problem(what, cure))
    };
    let codec = match directory.number(tags::COMPRESSION)?.unwrap_or(1) {
        1 => Codec::None,
        5 => Codec::Lzw,
        8 | 32946 => Codec::Deflate,
        50000 => Codec::Zstd,
        32773 => Codec::PackBits,
        7 if sample == SampleType::U8 => Codec::Jpeg,
        7 => return problem("is compressed by JPEG, which is read for cells of 8 bits only".to_owned()),
        code => {
            let name = match code {
                2..=4 => "fax",
                6 => "JPEG of the old kind",
                34887 => "LERC",
                34925 => "LZMA",
                50001 => "WebP",
                50002 => "JPEG XL",
                _ => "unknown",
            };
            return problem(format!(
                "is compressed by a method that is not read here (code {code}, {name}); known are none, PackBits, LZW, deflate, zstd and JPEG"
            ));
        }
    };
    // The others have no predictor: libtiff, too, ignores the tag.
    let predicted = matches!(codec, Codec::Lzw | Codec::Deflate | Codec::Zstd);
    let predictor = match directory.number(tags::PREDICTOR)?.unwrap_or(1) {
        _ if !predicted => Predictor::None,
        1 => Predictor::None,
        2 => Predictor::Horizontal,
        3 if matches!(sample, SampleType::F16 | SampleType::F32 | SampleType::F64) => {
            Predictor::FloatingPoint
        }
        code => {
            let what =
                format!("is damaged: it uses predictor {code} on {sample:?} cells, which is not defined");
            return Err(source.problem(what, COPY_AGAIN));
        }
    };
    Ok((codec, predictor))
}

/// Offset and length of each chunk.
///
/// Lengths that are missing or cannot be are taken as libtiff takes them, by which GDAL reads.
fn chunks(directory: &Directory, layout: &ChunkLayout) -> Result<Vec<(u64, u64)>, Problem> {
    let source = directory.source;
    let &ChunkLayout { codec, tiled, .. } = layout;
    let count = layout.across * layout.height.div_ceil(layout.chunk_height);
    let row = layout.chunk_width as u64 * layout.sample.size() as u64;
    let plain = |index: usize| row.saturating_mul(layout.rows_of(index) as u64);
    // libtiff takes the tags of strips for tiles, too.
    let either = |of_tiles: u16, of_strips: u16| match directory.numbers(of_tiles)? {
        Some(numbers) if tiled => Ok(Some(numbers)),
        _ => directory.numbers(of_strips),
    };
    let offsets = either(tags::TILE_OFFSETS, tags::STRIP_OFFSETS)?.unwrap_or_default();
    let to_the_end = |offset: &u64| source.length.saturating_sub(*offset);
    let lengths = match either(tags::TILE_BYTE_COUNTS, tags::STRIP_BYTE_COUNTS)? {
        Some(lengths) => lengths,
        None if codec == Codec::None => (0..offsets.len()).map(plain).collect(),
        None if count == 1 => offsets.iter().map(to_the_end).collect(),
        None => {
            let what = format!("does not tell the lengths of its {count} compressed blocks");
            return Err(
                source.problem(what, "ask its provider for it in another form: GDAL cannot read it either")
            );
        }
    };
    if offsets.len() != count || lengths.len() != count {
        let what = format!(
            "is damaged: its size asks for {count} blocks, but it lists {} places and {} lengths",
            offsets.len(),
            lengths.len()
        );
        return Err(source.problem(what, COPY_AGAIN));
    }
    let alone = count == 1 && !tiled;
    let chunk = |(index, (offset, length)): (usize, (u64, u64))| match (offset, length) {
        (0, _) => (0, 0),
        (_, 0) if alone && codec != Codec::None => (offset, to_the_end(&offset)),
        // A place or a length of 0 both mean "not stored" (GDAL's sparse files).
        (_, 0) if !alone => (0, 0),
        // What is not compressed is as long as its cells, whatever is said.
        _ if codec == Codec::None => (offset, plain(index)),
        _ => (offset, length),
    };
    Ok(offsets.into_iter().zip(lengths).enumerate().map(chunk).collect())
}
