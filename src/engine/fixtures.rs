//! Rasters that tests write.

use std::path::{Path, PathBuf};

use super::crs::Crs;
use super::geotiff::Raster;
use super::grid::{Grid, Placement};
use super::layers::Layer;
use super::model::Physics;
use super::request::{Compression, MapRequest, Product, RegionBox, Storage};
use crate::grid_file::write_grid;

/// So many columns and rows of square cells from a north-west corner on.
pub(crate) fn place(
    epsg: u32,
    (west, north): (f64, f64),
    cell: f64,
    (width, height): (usize, usize),
) -> Placement {
    Placement { crs: Crs::of_epsg(epsg).unwrap(), west, north, cell_x: cell, cell_y: cell, width, height }
}

/// Writes a raster of values by column and row, which says that they are in `unit`.
pub(crate) fn write(
    path: &Path,
    placement: &Placement,
    unit: &'static str,
    value: impl Fn(usize, usize) -> f32,
) {
    let (width, height) = (placement.width, placement.height);
    let values = (0..width * height).map(|i| value(i % width, i / width)).collect();
    let layer = Layer {
        name: "grid".into(),
        month: None,
        unit,
        description: "a grid".into(),
        range: (-1e9, 1e9),
        steps: None,
    };
    write_grid(path, &Grid { width, height, values }, placement, &layer).unwrap();
}

/// A folder of rasters in UTM 32N; their first cells lie at 500 km E, 5000 km N.
pub(crate) struct InputFolder {
    folder: tempfile::TempDir,
}

impl InputFolder {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn raster(
        &self,
        name: &str,
        cell: f64,
        (width, height): (usize, usize),
        value: impl Fn(usize, usize) -> f32,
    ) -> Raster {
        self.write(name, cell, 0.0, (width, height), value);
        Raster::open(&self.path(name)).unwrap()
    }

    /// One that begins so many metres farther north-west.
    pub(crate) fn write(
        &self,
        name: &str,
        cell: f64,
        around: f64,
        size: (usize, usize),
        value: impl Fn(usize, usize) -> f32,
    ) {
        self.write_in("", name, (cell, around), size, value);
    }

    /// One that says the unit of its values.
    pub(crate) fn write_in(
        &self,
        unit: &'static str,
        name: &str,
        (cell, around): (f64, f64),
        size: (usize, usize),
        value: impl Fn(usize, usize) -> f32,
    ) {
        let corner = (500_000.0 - around, 5_000_000.0 + around);
        write(&self.path(name), &place(32632, corner, cell, size), unit, value);
    }

    /// Terrain of 400 x 60 cells, 10 km wide.
    pub(crate) fn ground(&self, spoilt: impl Fn(usize, usize) -> Option<f32>) {
        let height = |x: usize, y: usize| 1500.0 + 2.0 * x as f32 + (y % 5) as f32;
        self.write("dem.tif", 25.0, 0.0, (400, 60), |x, y| spoilt(x, y).unwrap_or(height(x, y)));
    }

    /// The 2 km in the east of the terrain; shadows reach 4 km.
    pub(crate) fn request(&self) -> MapRequest {
        let region =
            RegionBox { epsg: 32632, xmin: 508_000.0, ymin: 4_998_500.0, xmax: 510_000.0, ymax: 5_000_000.0 };
        MapRequest {
            dem: self.path("dem.tif"),
            region: Some(region),
            reference_height: None,
            months: Vec::new(),
            year: 2018,
            tag: String::new(),
            model: Physics { horizon_distance: 4000.0, ..Physics::default() },
            products: vec![Product::SkyView],
            tile: 64,
            block: 64,
            compression: Compression::None,
            storage: Storage::Float32,
        }
    }
}
