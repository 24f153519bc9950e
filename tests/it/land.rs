//! Some ground on disk, and what the engine makes of it.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::grid::{Grid, Placement};
use alpsckpt::engine::{
    CoarseField, Compression, Engine, MapRequest, MonthInputs, Physics, Product, RegionBox, Storage,
};
use alpsckpt::grid_file::write_grid;

use crate::scene::layer;

/// Edge of a cell, m.
pub(crate) const CELL: f64 = 25.0;

/// Ground around 46 N with its middle on the central meridian of a zone of UTM: there the columns point to the north.
pub(crate) struct Land {
    folder: tempfile::TempDir,
    placement: Placement,
}

impl Land {
    /// So many columns and rows, heights (m) by column and row.
    pub(crate) fn new(zone: u32, (width, height): (usize, usize), z: impl Fn(usize, usize) -> f32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let placement = Placement {
            crs: Crs::of_epsg(32600 + zone).unwrap(),
            west: 500_000.0 - width as f64 / 2.0 * CELL,
            north: 5_094_000.0 + height as f64 / 2.0 * CELL,
            cell_x: CELL,
            cell_y: CELL,
            width,
            height,
        };
        let values = (0..width * height).map(|i| z(i % width, i / width)).collect();
        let grid = Grid { width, height, values };
        write_grid(&folder.path().join("dem.tif"), &grid, &placement, &layer()).unwrap();
        Self { folder, placement }
    }

    fn dem(&self) -> PathBuf {
        self.folder.path().join("dem.tif")
    }

    /// Asks for maps of the `size` columns and rows from a corner on, as one tile and to the last bit.
    pub(crate) fn request(
        &self,
        (column, row): (usize, usize),
        (width, height): (usize, usize),
        months: &[u8],
        products: &[Product],
        model: Physics,
    ) -> MapRequest {
        let x = |column: usize| self.placement.west + column as f64 * CELL;
        let y = |row: usize| self.placement.north - row as f64 * CELL;
        let month = |month: &u8| MonthInputs {
            month: *month,
            lapse: CoarseField::Constant(0.006),
            cloud: None,
            temperatures: Vec::new(),
            linke: Some(CoarseField::Constant(3.0)),
        };
        MapRequest {
            dem: self.dem(),
            region: Some(RegionBox {
                epsg: self.placement.crs.epsg(),
                xmin: x(column),
                xmax: x(column + width),
                ymin: y(row + height),
                ymax: y(row),
            }),
            reference_height: None,
            months: months.iter().map(month).collect(),
            year: 2018,
            tag: String::new(),
            model,
            products: products.to_vec(),
            tile: 1024,
            block: 16,
            storage: Storage::Float32,
            compression: Compression::None,
        }
    }
}

/// All maps of a request over its whole region, row by row, put together from its tiles.
pub(crate) fn maps(request: MapRequest) -> Vec<Vec<f32>> {
    let engine = Engine::open(request).unwrap();
    let tiling = engine.tiling();
    let (width, height) = (tiling.width as usize, tiling.height as usize);
    let mut maps = vec![vec![f32::NAN; width * height]; engine.layers().len()];
    for tile in (0..tiling.count()).map(|number| tiling.tile(number).unwrap()) {
        let computed = engine.compute(tile, &AtomicBool::new(false)).unwrap();
        for (map, layer) in maps.iter_mut().zip(&computed.layers) {
            for (y, line) in layer.chunks_exact(tile.width as usize).enumerate() {
                let start = (tile.y as usize + y) * width + tile.x as usize;
                map[start..start + line.len()].copy_from_slice(line);
            }
        }
    }
    maps
}

/// How far two maps are apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Apart {
    /// Root mean square of the differences.
    pub rms: f64,
    /// The largest.
    pub most: f64,
}

impl Apart {
    /// NaN where a cell of either map is without data: no bound allows it.
    pub(crate) fn of(one: &[f32], other: &[f32]) -> Self {
        assert_eq!(one.len(), other.len());
        let differences = one.iter().zip(other).map(|(a, b)| f64::from(*a) - f64::from(*b));
        let squares: f64 = differences.clone().map(|d| d * d).sum();
        let rms = (squares / one.len() as f64).sqrt();
        let most = differences.map(f64::abs).fold(0.0, f64::max);
        Self { rms, most }
    }
}

/// The mean of a map.
pub(crate) fn mean(map: &[f32]) -> f64 {
    map.iter().map(|v| f64::from(*v)).sum::<f64>() / map.len() as f64
}
