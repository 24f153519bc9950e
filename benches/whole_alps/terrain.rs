//! The terrain: ranges as steep as the Alps, everywhere, in the system of the European terrain models.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use alpsckpt::durable::sealed;
use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::geotiff::{Encoding, Placement, Raster, encode_block, lay_out};
use alpsckpt::engine::synthetic::ranges;
use alpsckpt::engine::{Compression, Layer, Storage, Tiling};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::machine::Moment;
use crate::{Outcome, Progress, WHOLE};

/// Edge of a cell, m.
pub(crate) const CELL: f64 = 25.0;
/// ETRS89 / LAEA Europe.
pub(crate) const EPSG: u32 = 3035;
/// The north-west corner of the whole, m: its middle lies in the Ortler Alps.
const CORNER: (f64, f64) = (3_735_000.0, 3_215_000.0);
/// Edge of a block of the file, cells.
const BLOCK: u32 = 512;
/// Places across and down where a terrain that is there already is compared with what it would be.
const PROBES: u32 = 8;

/// A terrain in its file.
#[derive(Debug)]
pub(crate) struct Terrain {
    pub(crate) path: PathBuf,
    pub(crate) placement: Placement,
    pub(crate) size: u32,
    pub(crate) bytes: u64,
    /// What making it took on the clock and of the cores, s; `None` where it was there already.
    pub(crate) making: Option<(f64, f64)>,
}

/// Stands beside a complete terrain.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Marker {
    epsg: u32,
    west: f64,
    north: f64,
    cell: f64,
    size: u32,
    block: u32,
    bytes: u64,
}

impl Terrain {
    /// The terrain of `size` cells across and down in `folder`, made where it is not there.
    pub(crate) fn ensure(folder: &Path, size: u32, progress: &Progress) -> Outcome<Self> {
        let path = folder.join(format!("terrain-{size}.tif"));
        let placement = placement(size)?;
        if let Some(bytes) = kept(&path, &placement, size) {
            progress.say(&format!("{}: there already", path.display()));
            return Ok(Self { path, placement, size, bytes, making: None });
        }
        progress.say(&format!("making the terrain, {size} x {size} cells"));
        let begin = Moment::now();
        let bytes = make(&path, &placement, size, progress)?;
        let making = Some(Moment::now().since(&begin));
        let marker = path.with_extension("ron");
        sealed::replace(&marker, &Marker::new(&placement, size, bytes)).map_err(|e| e.to_string())?;
        Ok(Self { path, placement, size, bytes, making })
    }
}

impl Marker {
    fn new(placement: &Placement, size: u32, bytes: u64) -> Self {
        let Placement { west, north, .. } = *placement;
        Self { epsg: EPSG, west, north, cell: CELL, size, block: BLOCK, bytes }
    }
}

fn placement(size: u32) -> Outcome<Placement> {
    let crs = Crs::of_epsg(EPSG).ok_or("EPSG:3035 is unknown: report this as a fault")?;
    let off = f64::from(first_cell(size)) * CELL;
    let edge = size as usize;
    let (west, north) = (CORNER.0 + off, CORNER.1 - off);
    Ok(Placement { crs, west, north, cell_x: CELL, cell_y: CELL, width: edge, height: edge })
}

/// The first column and row, counted in the whole: a smaller terrain is its middle.
fn first_cell(size: u32) -> u32 {
    (WHOLE - size) / 2
}

/// The height of a cell of the whole, to the decimetre, as terrain models come.
fn height(column: u32, row: u32) -> f32 {
    (ranges::height(f64::from(column) * CELL, f64::from(row) * CELL) * 10.0).round() / 10.0
}

/// The length of the terrain's file where it is there, complete, and what would be made.
fn kept(path: &Path, placement: &Placement, size: u32) -> Option<u64> {
    let bytes = fs::metadata(path).ok()?.len();
    let marker: Marker = sealed::read(&path.with_extension("ron")).ok()?;
    if marker != Marker::new(placement, size, bytes) {
        return None;
    }
    let raster = Raster::open(path).ok().filter(|raster| raster.placement() == placement)?;
    let first = first_cell(size);
    let place = |part: u32| (size - 1) / (PROBES - 1) * part;
    let as_made = |(x, y): (u32, u32)| {
        let found = raster.window(x as isize, y as isize, 1, 1).ok()?;
        Some(found.values.first()?.to_bits() == height(first + x, first + y).to_bits())
    };
    let places = (0..PROBES).flat_map(|y| (0..PROBES).map(move |x| (place(x), place(y))));
    places.map(as_made).all(|same| same == Some(true)).then_some(bytes)
}

/// Writes the file, a row of blocks at a time, and gives it its name when it is whole; its length.
fn make(path: &Path, placement: &Placement, size: u32, progress: &Progress) -> Outcome<u64> {
    let temporary = path.with_extension("part");
    let made = write(&temporary, placement, size, progress)
        .and_then(|bytes| fs::rename(&temporary, path).map(|()| bytes));
    let bytes = made.map_err(|e| {
        let _ = fs::remove_file(&temporary);
        format!(
            "{}: cannot be written: {e} (make room on the disk, or name another --folder)",
            path.display()
        )
    })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(bytes)
}

fn write(path: &Path, placement: &Placement, size: u32, progress: &Progress) -> std::io::Result<u64> {
    let tiling = Tiling { width: size, height: size, tile: BLOCK, block: BLOCK };
    let layer = layer("height", "m", "height of synthetic ranges", (-500.0, 9000.0));
    let encoding = Encoding::of(&layer, Storage::Float32, Compression::Zstd);
    let head = |lengths: Vec<u32>| lay_out(&layer, placement, tiling, encoding, &[lengths]);
    let (across, down) = (tiling.blocks_across(), tiling.blocks() / tiling.blocks_across());
    // Its length is that of the final one, whose numbers are not known yet.
    let room = head(vec![0; tiling.blocks() as usize]).len() as u64;
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.seek(std::io::SeekFrom::Start(room))?;
    let mut lengths = Vec::with_capacity(tiling.blocks() as usize);
    for row in 0..down {
        let encode = |column| encode_block(&block(size, (column, row)), BLOCK, encoding);
        let blocks: Vec<Vec<u8>> = (0..across).into_par_iter().map(encode).collect();
        for block in &blocks {
            file.write_all(block)?;
            lengths.push(block.len() as u32);
        }
        if (row + 1) * 10 / down > row * 10 / down {
            progress.say(&format!("the terrain: {} of {down} rows of blocks", row + 1));
        }
    }
    let bytes = room + lengths.iter().copied().map(u64::from).sum::<u64>();
    let head = head(lengths);
    if head.len() as u64 != room {
        return Err(std::io::Error::other("its directory has another length than foreseen"));
    }
    file.rewind()?;
    file.write_all(&head)?;
    file.into_inner()?.sync_all()?;
    Ok(bytes)
}

/// The heights of a block of the terrain; no data beyond its edge.
fn block(size: u32, (column, row): (u32, u32)) -> Vec<f32> {
    let first = first_cell(size);
    let cells = |block: u32| block * BLOCK..(block + 1) * BLOCK;
    let at = |x: u32, y: u32| {
        if x < size && y < size { height(first + x, first + y) } else { f32::NAN }
    };
    cells(row).flat_map(|y| cells(column).map(move |x| at(x, y))).collect()
}

/// What a file of numbers says of itself.
pub(crate) fn layer(name: &str, unit: &'static str, description: &str, range: (f32, f32)) -> Layer {
    Layer { name: name.into(), month: None, unit, description: description.into(), range, steps: None }
}
