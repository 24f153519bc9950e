//! Terrains to measure on.

use std::path::{Path, PathBuf};

use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::geotiff::Raster;
use alpsckpt::engine::grid::{Grid, Placement};
use alpsckpt::engine::synthetic::ranges;
use alpsckpt::engine::{Layer, Problem};
use alpsckpt::grid_file::write_grid;
use rayon::prelude::*;

use crate::Outcome;
use crate::oracle::ground::Ground;

/// Where the synthetic ranges lie: UTM 32N, off its central meridian, so that grid north is not north.
const EPSG: u32 = 32632;
const LONGITUDE: f64 = 7.5;
const CELL: f64 = 25.0;

/// Terrain around the mapped part, m.
const AROUND: f64 = 12_000.0;
/// The most cells that are mapped across and down: on more terrain more stays around.
const MOST_MAPPED: usize = 1088;
/// No horizon is looked for farther away, m.
const FARTHEST: f64 = 200_000.0;
/// Fewer cells than this across or down leave no room for it.
const LEAST: usize = 512;

const WARP: &str = "warp it: gdalwarp -t_srs EPSG:32632 -tr 25 25 -r bilinear IN.tif OUT.tif";

/// A part of a terrain, cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl Part {
    /// The column and row of its middle.
    pub(crate) fn middle(self) -> (f64, f64) {
        ((self.x + self.width / 2) as f64, (self.y + self.height / 2) as f64)
    }

    /// Its middle, of at most so many cells across and down.
    pub(crate) fn core(self, edge: usize) -> Self {
        let (width, height) = (self.width.min(edge), self.height.min(edge));
        let (x, y) = (self.x + (self.width - width) / 2, self.y + (self.height - height) / 2);
        Self { x, y, width, height }
    }
}

/// A terrain in a file of its own, and as the oracle sees it.
pub(crate) struct Terrain {
    pub name: String,
    /// What problems are about: the file it was taken from.
    pub source: PathBuf,
    pub file: PathBuf,
    pub ground: Ground,
    pub placement: Placement,
    /// What is mapped.
    pub mapped: Part,
}

impl Terrain {
    /// Synthetic ranges at a latitude, degrees north.
    pub(crate) fn synthetic(latitude: u8, folder: &Path, size: usize) -> Outcome<Self> {
        let name = format!("synthetic ranges, {size} x {size} cells of {CELL} m, {latitude}° N");
        let nowhere = || Problem::new(Path::new(&name), "lies nowhere on earth", "report this as a fault");
        let crs = Crs::of_epsg(EPSG).ok_or_else(nowhere)?;
        let (x, y) = crs.from_lonlat(LONGITUDE, f64::from(latitude)).ok_or_else(nowhere)?;
        let half = size as f64 / 2.0 * CELL;
        let (west, north) = ((x - half).round(), (y + half).round());
        let placement = Placement { crs, west, north, cell_x: CELL, cell_y: CELL, width: size, height: size };
        let mut values = vec![0.0_f32; size * size];
        values.par_chunks_mut(size).enumerate().for_each(|(row, line)| {
            for (column, z) in line.iter_mut().enumerate() {
                *z = ranges::height(column as f64 * CELL, row as f64 * CELL);
            }
        });
        let grid = Grid { width: size, height: size, values };
        let file = folder.join(format!("ranges-{latitude}.tif"));
        Self::new(name, &file.clone(), file, grid, placement)
    }

    /// The middle of a terrain model, at most so many cells across and down.
    pub(crate) fn of_dem(dem: &Path, folder: &Path, size: usize) -> Outcome<Self> {
        let raster = Raster::open(dem)?;
        let whole = raster.placement();
        if whole.crs.is_geographic() {
            let what = format!("is in degrees ({}), not projected", whole.crs);
            return Err(Problem::new(dem, what, WARP));
        }
        if (whole.cell_x / whole.cell_y - 1.0).abs() > 1e-6 {
            let what = format!("has cells of {} by {} m, not square ones", whole.cell_x, whole.cell_y);
            return Err(Problem::new(dem, what, WARP));
        }
        let (wide, high) = (whole.width, whole.height);
        if wide.min(high) < LEAST {
            let what = format!("has {wide} x {high} cells; at least {LEAST} x {LEAST} are needed");
            return Err(Problem::new(dem, what, "take a larger terrain model"));
        }
        let Part { x, y, width, height } = Part { x: 0, y: 0, width: wide, height: high }.core(size);
        let grid = raster.window(x as isize, y as isize, width, height)?;
        let placement = Placement {
            west: whole.west + x as f64 * whole.cell_x,
            north: whole.north - y as f64 * whole.cell_y,
            width,
            height,
            ..whole.clone()
        };
        let file = dem.file_name().unwrap_or(dem.as_os_str()).to_string_lossy().into_owned();
        let name = format!("{file}, {width} x {height} cells of {} m", placement.cell_x);
        Self::new(name, dem, folder.join("dem.tif"), grid, placement)
    }

    /// Written to a file; `source` is what problems are about.
    fn new(name: String, source: &Path, file: PathBuf, grid: Grid, placement: Placement) -> Outcome<Self> {
        let layer = Layer {
            name: "height".into(),
            month: None,
            unit: "m",
            description: "heights".into(),
            range: (-500.0, 9000.0),
            steps: None,
        };
        write_grid(&file, &grid, &placement, &layer)?;
        // A fourth at least stays around on each side of a small terrain, and half is mapped.
        let (width, height) = (placement.width, placement.height);
        let margin = |edge: usize| ((AROUND / placement.cell_x).ceil() as usize).min(edge / 4);
        let (x, y) = (margin(width), margin(height));
        let mapped = Part { x, y, width: width - 2 * x, height: height - 2 * y }.core(MOST_MAPPED);
        let ground = Ground::new(grid, placement.clone()).ok_or_else(|| {
            Problem::new(source, "has its middle nowhere on earth", "check its coordinates")
        })?;
        Ok(Self { name, source: source.to_path_buf(), file, ground, placement, mapped })
    }

    /// The farthest that a mapped cell sees along a row or a column, m.
    pub(crate) fn farthest(&self) -> f64 {
        let far = |start: usize, length: usize, all: usize| (start + length).max(all - start);
        let across = far(self.mapped.x, self.mapped.width, self.placement.width);
        let down = far(self.mapped.y, self.mapped.height, self.placement.height);
        (across.max(down) as f64 * self.placement.cell_x).min(FARTHEST)
    }
}
