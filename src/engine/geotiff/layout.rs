//! What stands around the blocks of a map: the header before them, the directory after them.

use std::fmt::Write as _;
use std::path::Path;

use super::coding::Coding;
use super::ifd::{Directory, Source};
use super::structure::Structure;
use super::{keys, tags};
use crate::engine::grid::Placement;
use crate::engine::{Compression, Layer, Problem, Tiling};

/// What stands around the blocks of a map in its file.
#[derive(Debug, Clone, PartialEq)]
pub struct MapFile {
    /// The bytes before the first block.
    pub head: Vec<u8>,
    /// The bytes after the last block: the directory.
    pub tail: Vec<u8>,
}

/// Lays out a finished map: `head`, then the blocks in the order of `blocks` (row by row), then `tail`.
///
/// `blocks` gives each block's length in bytes, 0 for one that is not stored: its cells are nodata. A map that could
/// pass 4 GiB, or would uncompressed, becomes a BigTIFF, by GDAL's rule `IF_NEEDED`.
#[must_use]
pub fn lay_out(
    layer: &Layer,
    placement: &Placement,
    tiling: Tiling,
    coding: Coding,
    blocks: &[u32],
) -> MapFile {
    let uncompressed = u64::from(tiling.blocks()) * u64::from(tiling.block).pow(2) * coding.cell_bytes();
    let stored: u64 = blocks.iter().copied().map(u64::from).sum();
    // The directory itself holds 8 bytes a block and a few texts.
    let directory = 12 * blocks.len() as u64 + (1 << 16);
    let form =
        if stored.max(uncompressed) + directory > u64::from(u32::MAX) { Form::Big } else { Form::Classic };

    let mut tail = Vec::new();
    let head_length = form.head_length();
    // Directories begin at even offsets (TIFF 6.0 §2).
    if (head_length + stored) % 2 == 1 {
        tail.push(0);
    }
    let start = head_length + stored + tail.len() as u64;
    let fields = fields(form, layer, placement, tiling, coding, blocks);
    tail.extend(form.directory(start, &fields));
    MapFile { head: form.head(start), tail }
}

/// Offset and length of each block of a map, row by row from the north-west; length 0: not stored.
///
/// # Errors
/// When the file is missing, cut, or no TIFF.
pub fn blocks(path: &Path) -> Result<Vec<(u64, u32)>, Problem> {
    let source = Source::open(path)?;
    let structure = Structure::of(&Directory::first(&source)?)?;
    let narrow = |&(offset, length): &(u64, u64)| Some((offset, u32::try_from(length).ok()?));
    structure.chunks.iter().map(narrow).collect::<Option<_>>().ok_or_else(|| {
        source
            .problem("has blocks of more than 4 GiB, which no map has", "give a map that this program wrote")
    })
}

/// The two forms of a TIFF file.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Classic,
    Big,
}

/// One entry of the directory: tag, type, count and the values' bytes.
struct Field {
    tag: u16,
    kind: u16,
    count: u64,
    bytes: Vec<u8>,
}

impl Form {
    fn head_length(self) -> u64 {
        match self {
            Self::Classic => 8,
            Self::Big => 16,
        }
    }

    /// Bytes of a count or an offset.
    fn word(self) -> usize {
        match self {
            Self::Classic => 4,
            Self::Big => 8,
        }
    }

    fn push_word(self, bytes: &mut Vec<u8>, value: u64) {
        bytes.extend(value.to_le_bytes().into_iter().take(self.word()));
    }

    fn head(self, directory: u64) -> Vec<u8> {
        let mut head = match self {
            Self::Classic => b"II\x2a\0".to_vec(),
            Self::Big => b"II\x2b\0\x08\0\0\0".to_vec(),
        };
        self.push_word(&mut head, directory);
        head
    }

    /// The directory that stands at `start`, followed by the values that do not fit into its entries.
    fn directory(self, start: u64, fields: &[Field]) -> Vec<u8> {
        let count = (fields.len() as u64).to_le_bytes();
        let mut table: Vec<u8> = count.into_iter().take(if self == Self::Big { 8 } else { 2 }).collect();
        let after = table.len() + fields.len() * (4 + 2 * self.word()) + self.word();
        let mut values: Vec<u8> = Vec::new();
        for field in fields {
            table.extend(field.tag.to_le_bytes());
            table.extend(field.kind.to_le_bytes());
            self.push_word(&mut table, field.count);
            if field.bytes.len() <= self.word() {
                table.extend(&field.bytes);
                table.resize(table.len() + self.word() - field.bytes.len(), 0);
            } else {
                values.resize(values.len().next_multiple_of(8), 0);
                self.push_word(&mut table, start + (after + values.len()) as u64);
                values.extend(&field.bytes);
            }
        }
        self.push_word(&mut table, 0);
        table.extend(values);
        table
    }
}

impl Field {
    fn short(tag: u16, value: u16) -> Self {
        Self { tag, kind: 3, count: 1, bytes: value.to_le_bytes().to_vec() }
    }

    fn shorts(tag: u16, values: &[u16]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { tag, kind: 3, count: values.len() as u64, bytes }
    }

    fn longs(tag: u16, values: &[u32]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { tag, kind: 4, count: values.len() as u64, bytes }
    }

    fn doubles(tag: u16, values: &[f64]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { tag, kind: 12, count: values.len() as u64, bytes }
    }

    fn text(tag: u16, text: &str) -> Self {
        let bytes: Vec<u8> = text.bytes().filter(|b| *b != 0).chain([0]).collect();
        Self { tag, kind: 2, count: bytes.len() as u64, bytes }
    }
}

/// The directory's entries, in the order of their tags as the standard asks.
fn fields(
    form: Form,
    layer: &Layer,
    placement: &Placement,
    tiling: Tiling,
    coding: Coding,
    blocks: &[u32],
) -> Vec<Field> {
    let code = match coding.compression {
        Compression::None => 1,
        Compression::Deflate => 8,
        Compression::Zstd => 50000,
    };
    let mut fields = vec![
        Field::longs(tags::WIDTH, &[tiling.width]),
        Field::longs(tags::HEIGHT, &[tiling.height]),
        Field::short(tags::BITS_PER_SAMPLE, coding.cell_bytes() as u16 * 8),
        Field::short(tags::COMPRESSION, code),
        Field::short(tags::PHOTOMETRIC, 1),
        Field::text(tags::IMAGE_DESCRIPTION, &format!("{} [{}]", layer.description, layer.unit)),
        Field::short(tags::SAMPLES_PER_PIXEL, 1),
        Field::short(tags::PLANAR_CONFIGURATION, 1),
        Field::text(tags::SOFTWARE, concat!("alpsckpt ", env!("CARGO_PKG_VERSION"))),
    ];
    if coding.compression != Compression::None {
        fields.push(Field::short(tags::PREDICTOR, coding.predictor()));
    }
    fields.extend([
        Field::longs(tags::TILE_WIDTH, &[tiling.block]),
        Field::longs(tags::TILE_LENGTH, &[tiling.block]),
        offsets(form, blocks),
        Field::longs(tags::TILE_BYTE_COUNTS, blocks),
        Field::short(tags::SAMPLE_FORMAT, coding.sample_format()),
        Field::doubles(tags::MODEL_PIXEL_SCALE, &[placement.cell_x, placement.cell_y, 0.0]),
        Field::doubles(tags::MODEL_TIEPOINT, &[0.0, 0.0, 0.0, placement.west, placement.north, 0.0]),
        geo_keys(placement),
        Field::text(tags::GDAL_METADATA, &metadata(layer, coding)),
        Field::text(tags::GDAL_NODATA, &coding.nodata()),
    ]);
    fields
}

fn offsets(form: Form, blocks: &[u32]) -> Field {
    let mut next = form.head_length();
    let mut bytes = Vec::with_capacity(blocks.len() * form.word());
    for length in blocks {
        form.push_word(&mut bytes, if *length == 0 { 0 } else { next });
        next += u64::from(*length);
    }
    let kind = if form == Form::Big { 16 } else { 4 };
    Field { tag: tags::TILE_OFFSETS, kind, count: blocks.len() as u64, bytes }
}

fn geo_keys(placement: &Placement) -> Field {
    // Every known code is below 32767.
    let code = placement.crs.epsg() as u16;
    let (model, key, unit_key, unit) = if placement.crs.is_geographic() {
        (2, keys::GEOGRAPHIC_TYPE, keys::ANGULAR_UNITS, 9102)
    } else {
        (1, keys::PROJECTED_TYPE, keys::LINEAR_UNITS, 9001)
    };
    let table = [
        [1, 1, 0, 4],
        [keys::MODEL_TYPE, 0, 1, model],
        [keys::RASTER_TYPE, 0, 1, 1],
        [key, 0, 1, code],
        [unit_key, 0, 1, unit],
    ];
    Field::shorts(tags::GEO_KEY_DIRECTORY, table.as_flattened())
}

/// Unit, description and the step of the integers where GDAL, and with it QGIS and R, look for them.
fn metadata(layer: &Layer, coding: Coding) -> String {
    let mut xml = String::from("<GDALMetadata>\n");
    let mut item = |name: &str, text: &str| {
        let role = name.to_ascii_lowercase();
        // GDAL escapes twice and undoes it twice: once escaped, "a & b" would be read as "a ".
        let text = escaped(&escaped(text));
        // Writing into a string cannot fail.
        let _ = writeln!(xml, "  <Item name=\"{name}\" sample=\"0\" role=\"{role}\">{text}</Item>");
    };
    item("UNITTYPE", layer.unit);
    item("DESCRIPTION", &layer.description);
    if let Some(step) = coding.step() {
        item("OFFSET", "0");
        item("SCALE", &step.to_string());
    }
    xml.push_str("</GDALMetadata>\n");
    xml
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
