//! What stands before the blocks of a map: the header and the directories, of the map and of its overviews.

use std::fmt::Write as _;
use std::path::Path;

use super::chunk_layout::ChunkLayout;
use super::directory::{TagEntry, TiffForm};
use super::encoding::Encoding;
use super::file::{self, TiffFile};
use super::ifd::Directory;
use super::{keys, pyramid, tags};
use crate::engine::grid::Placement;
use crate::engine::{Compression, Layer, Problem, Tiling};

/// Lays out a finished map: what stands before its blocks.
///
/// `levels` gives for the map, then for each overview that it shall have, each block's length in bytes row by row, 0
/// for one that is not stored: its cells are nodata. Behind what is returned stand the blocks, level by level: those of
/// the smallest overview first, those of the map last. A file that could pass 4 GiB, or would uncompressed, becomes a
/// BigTIFF, by GDAL's rule `IF_NEEDED`.
#[must_use]
pub fn lay_out(
    layer: &Layer,
    placement: &Placement,
    tiling: Tiling,
    encoding: Encoding,
    levels: &[Vec<u32>],
) -> Vec<u8> {
    let image = MapImage { layer, placement, tiling, encoding };
    let blocks: u64 = levels.iter().map(|lengths| lengths.len() as u64).sum();
    let stored: u64 = levels.iter().flatten().copied().map(u64::from).sum();
    let uncompressed = blocks * u64::from(tiling.block).pow(2) * encoding.cell_bytes();
    // The directories hold at most 12 bytes a block and a few texts.
    let directories = 12 * blocks + (1 << 16);
    let form = if stored.max(uncompressed) + directories > u64::from(u32::MAX) {
        TiffForm::Big
    } else {
        TiffForm::Classic
    };

    // Lengths first: those of the directories do not depend on where the blocks lie.
    let nowhere: Vec<Vec<u64>> = levels.iter().map(|lengths| vec![0; lengths.len()]).collect();
    let blocks_begin = image.head(form, levels, &nowhere).len() as u64;
    image.head(form, levels, &places(blocks_begin, levels))
}

/// Where each block of each level lies.
fn places(mut next: u64, levels: &[Vec<u32>]) -> Vec<Vec<u64>> {
    let mut places = Vec::with_capacity(levels.len());
    for lengths in levels.iter().rev() {
        let place = |length: &u32| {
            let place = if *length == 0 { 0 } else { next };
            next += u64::from(*length);
            place
        };
        places.push(lengths.iter().map(place).collect());
    }
    places.reverse();
    places
}

/// Offset and length of each block of a map, row by row from the north-west; length 0: not stored.
///
/// # Errors
/// When the file is missing, cut, or no TIFF.
pub fn blocks(path: &Path) -> Result<Vec<(u64, u32)>, Problem> {
    let source = TiffFile::open(path, file::as_named)?;
    let chunk_layout = ChunkLayout::of(&Directory::first(&source)?)?;
    let narrow = |&(offset, length): &(u64, u64)| Some((offset, u32::try_from(length).ok()?));
    chunk_layout.chunks.iter().map(narrow).collect::<Option<_>>().ok_or_else(|| {
        source
            .problem("has blocks of more than 4 GiB, which no map has", "give a map that this program wrote")
    })
}

/// A map as its directories describe it.
struct MapImage<'a> {
    layer: &'a Layer,
    placement: &'a Placement,
    tiling: Tiling,
    encoding: Encoding,
}

impl MapImage<'_> {
    /// The header and all directories.
    fn head(&self, form: TiffForm, levels: &[Vec<u32>], places: &[Vec<u64>]) -> Vec<u8> {
        let (width, height) = (self.tiling.width, self.tiling.height);
        let sizes = std::iter::once((width, height)).chain(pyramid::sizes(width, height));
        let mut head = form.head();
        for (level, (size, (lengths, places))) in sizes.zip(levels.iter().zip(places)).enumerate() {
            let offsets = TagEntry::offsets(form, tags::TILE_OFFSETS, places);
            let fields = self.fields(level > 0, size, offsets, lengths);
            head.extend(form.directory(head.len() as u64, &fields, level + 1 < levels.len()));
        }
        head
    }

    /// The entries of one directory, in the order of their tags as the standard asks.
    fn fields(&self, overview: bool, size: (u32, u32), offsets: TagEntry, lengths: &[u32]) -> Vec<TagEntry> {
        let Self { layer, placement, tiling, encoding } = self;
        let code = match encoding.compression {
            Compression::None => 1,
            Compression::Deflate => 8,
            Compression::Zstd => 50000,
        };
        let mut fields = vec![
            TagEntry::longs(tags::NEW_SUBFILE_TYPE, &[u32::from(overview)]),
            TagEntry::longs(tags::WIDTH, &[size.0]),
            TagEntry::longs(tags::HEIGHT, &[size.1]),
            TagEntry::short(tags::BITS_PER_SAMPLE, encoding.cell_bytes() as u16 * 8),
            TagEntry::short(tags::COMPRESSION, code),
            TagEntry::short(tags::PHOTOMETRIC, 1),
        ];
        if !overview {
            let about = format!("{} [{}]", layer.description, layer.unit);
            fields.push(TagEntry::text(tags::IMAGE_DESCRIPTION, &about));
        }
        fields.push(TagEntry::short(tags::SAMPLES_PER_PIXEL, 1));
        fields.push(TagEntry::short(tags::PLANAR_CONFIGURATION, 1));
        if !overview {
            fields.push(TagEntry::text(tags::SOFTWARE, concat!("alpsckpt ", env!("CARGO_PKG_VERSION"))));
        }
        if encoding.compression != Compression::None {
            fields.push(TagEntry::short(tags::PREDICTOR, encoding.predictor() as u16));
        }
        fields.extend([
            TagEntry::longs(tags::TILE_WIDTH, &[tiling.block]),
            TagEntry::longs(tags::TILE_LENGTH, &[tiling.block]),
            offsets,
            TagEntry::longs(tags::TILE_BYTE_COUNTS, lengths),
            TagEntry::short(tags::SAMPLE_FORMAT, encoding.sample_format()),
        ]);
        if !overview {
            let cell = [placement.cell_x, placement.cell_y, 0.0];
            let corner = [0.0, 0.0, 0.0, placement.west, placement.north, 0.0];
            fields.extend([
                TagEntry::doubles(tags::MODEL_PIXEL_SCALE, &cell),
                TagEntry::doubles(tags::MODEL_TIEPOINT, &corner),
                geo_keys(placement),
                TagEntry::text(tags::GDAL_METADATA, &metadata(layer, *encoding)),
            ]);
        }
        fields.push(TagEntry::text(tags::GDAL_NODATA, &encoding.nodata()));
        fields
    }
}

fn geo_keys(placement: &Placement) -> TagEntry {
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
    TagEntry::shorts(tags::GEO_KEY_DIRECTORY, table.as_flattened())
}

/// Unit, description and the step of the integers where GDAL, and with it QGIS and R, look for them.
fn metadata(layer: &Layer, encoding: Encoding) -> String {
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
    if let Some(step) = encoding.step() {
        item("OFFSET", "0");
        item("SCALE", &step.to_string());
    }
    xml.push_str("</GDALMetadata>\n");
    xml
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
