//! The GeoTIFF reader and writer, held against GDAL's own programs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::float_cmp, reason = "values must come back exactly as they were")]

mod beside;
mod damage;
mod decorated;
mod limits_of_tiff;
mod mended;
mod omitted;
mod read;
mod refuse;
mod unit;
mod write;

use std::path::{Path, PathBuf};

use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::geotiff::Placement;
use alpsckpt::engine::grid::Grid;
use alpsckpt::engine::{FixedSteps, Layer, Problem};

use crate::support;

const PROGRAMS: [&str; 2] = ["gdal_translate", "gdalinfo"];
const WIDTH: usize = 70;
const HEIGHT: usize = 45;
const WEST: f64 = 4_030_000.0;
const NORTH: f64 = 2_440_000.0;

/// The path as an argument.
fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder with a float64 raster of `values` in ENVI's plain form, which GDAL reads without our help.
struct Lab {
    folder: tempfile::TempDir,
    raw: PathBuf,
}

impl Lab {
    fn new(values: &[f64]) -> Self {
        assert_eq!(values.len(), WIDTH * HEIGHT);
        let folder = tempfile::tempdir().unwrap();
        let raw = folder.path().join("source.img");
        std::fs::write(&raw, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
        let header = format!(
            "ENVI\nsamples = {WIDTH}\nlines = {HEIGHT}\nbands = 1\ndata type = 5\ninterleave = bsq\nbyte order = 0\n"
        );
        std::fs::write(folder.path().join("source.hdr"), header).unwrap();
        Self { folder, raw }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs one of GDAL's programs.
    fn gdal(&self, program: &str, arguments: &[&str]) {
        support::said(program, arguments, self.folder.path());
    }

    /// A GeoTIFF that `gdal_translate` makes of the values, georeferenced in EPSG:3035 unless told otherwise.
    fn translate(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let (east, south) = (WEST + 25.0 * WIDTH as f64, NORTH - 25.0 * HEIGHT as f64);
        let corners = [WEST, NORTH, east, south].map(|v| v.to_string());
        let mut all = vec!["-q", "-a_srs", "EPSG:3035", "-a_ullr"];
        all.extend(corners.iter().map(String::as_str));
        all.extend(arguments);
        self.convert(&self.raw, name, &all)
    }

    /// A GeoTIFF that `gdal_translate` makes of any raster, with these arguments alone.
    fn convert(&self, from: &Path, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let mut all = arguments.to_vec();
        all.extend([text(from), text(&path)]);
        self.gdal("gdal_translate", &all);
        path
    }
}

/// Values from `low` to `low + 200`, with a fraction that float32 holds exactly.
fn values(low: f64, fraction: f64) -> Vec<f64> {
    let value = |i: usize| ((i % WIDTH * 7 + i / WIDTH * 13) % 201) as f64 + low + fraction;
    (0..WIDTH * HEIGHT).map(value).collect()
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || a.is_nan() && b.is_nan())
}

fn placement() -> Placement {
    let crs = Crs::of_epsg(3035).unwrap();
    Placement { crs, west: WEST, north: NORTH, cell_x: 25.0, cell_y: 25.0, width: WIDTH, height: HEIGHT }
}

fn layer() -> Layer {
    Layer {
        name: "lst_mean_m01".into(),
        month: Some(1),
        unit: "degC",
        description: "Land surface temperature, <mean> & more".into(),
        range: (-100.0, 150.0),
        steps: Some(FixedSteps::signed(200)),
    }
}

fn open(path: &Path) -> Result<alpsckpt::engine::geotiff::Raster, Problem> {
    alpsckpt::engine::geotiff::Raster::open(path)
}

fn all(path: &Path) -> Result<Grid, Problem> {
    support::cells(&open(path)?)
}

/// The entries of the first directory of a little-endian classic TIFF: tag, type, count, and the four bytes of the value.
type Entries = Vec<(u16, u16, u32, [u8; 4])>;

/// Writes a copy of a file with other entries in its first directory.
///
/// `change` gets the entries and the whole file's bytes, to which it may append values.
fn with_entries(from: &Path, to: &Path, change: impl FnOnce(&mut Entries, &mut Vec<u8>)) {
    let mut bytes = std::fs::read(from).unwrap();
    let long = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let short = |bytes: &[u8], at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
    assert_eq!(&bytes[..4], b"II\x2a\0");
    let start = long(&bytes, 4) as usize;
    let count = usize::from(short(&bytes, start));
    let entry = |i: usize| {
        let at = start + 2 + 12 * i;
        let value = bytes[at + 8..at + 12].try_into().unwrap();
        (short(&bytes, at), short(&bytes, at + 2), long(&bytes, at + 4), value)
    };
    let mut entries: Entries = (0..count).map(entry).collect();
    let next = long(&bytes, start + 2 + 12 * count);
    change(&mut entries, &mut bytes);
    entries.sort_by_key(|entry| entry.0);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    let place = bytes.len() as u32;
    bytes[4..8].copy_from_slice(&place.to_le_bytes());
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend([&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat());
    }
    bytes.extend(next.to_le_bytes());
    std::fs::write(to, bytes).unwrap();
}

/// Puts a text in place of a tag's value.
fn with_text(from: &Path, to: &Path, tag: u16, text: &[u8]) {
    with_entries(from, to, |entries, bytes| {
        entries.retain(|entry| entry.0 != tag);
        let text = [text, b"\0\0\0\0\0"].concat();
        let place = (bytes.len() as u32).to_le_bytes();
        entries.push((tag, 2, text.len() as u32, place));
        bytes.extend(text);
    });
}
