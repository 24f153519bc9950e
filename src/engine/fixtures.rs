//! Rasters that tests write.

use std::path::Path;

use super::Layer;
use super::crs::Crs;
use super::geotiff::{Placement, write_grid};
use super::grid::Grid;

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
