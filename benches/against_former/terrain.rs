//! The terrain of the benchmarks that compare two programs: synthetic ranges.

use std::path::Path;

use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::geotiff::Placement;
use alpsckpt::engine::grid::Grid;
use alpsckpt::engine::synthetic::ranges;
use alpsckpt::engine::{Layer, Physics};
use alpsckpt::grid_file::write_grid;
use rayon::prelude::*;

use crate::Outcome;

/// Edge of a cell, m.
pub(crate) const CELL: f64 = 25.0;

/// The middle of the terrain, m, somewhere in the Alps.
pub(crate) const MIDDLE: (f64, f64) = (4_300_000.0, 2_600_000.0);

/// Synthetic ranges, to the decimetre, around the mapped square as far as horizons look.
pub(crate) fn terrain(path: &Path, size: u32) -> Outcome<()> {
    let halo = (Physics::default().horizon_distance / CELL) as usize + 2;
    let edge = size as usize / 2 * 2 + 2 * halo;
    let mut values = vec![0.0_f32; edge * edge];
    values.par_chunks_mut(edge).enumerate().for_each(|(y, line)| {
        for (x, z) in line.iter_mut().enumerate() {
            *z = (ranges::height(x as f64 * CELL, y as f64 * CELL) * 10.0).round() / 10.0;
        }
    });
    let half = (edge / 2) as f64 * CELL;
    let crs = Crs::of_epsg(3035).ok_or("EPSG:3035 is unknown: report this as a fault")?;
    let placement = Placement {
        crs,
        west: MIDDLE.0 - half,
        north: MIDDLE.1 + half,
        cell_x: CELL,
        cell_y: CELL,
        width: edge,
        height: edge,
    };
    let layer = Layer {
        name: "height".into(),
        month: None,
        unit: "m",
        description: "height".into(),
        range: (-1e9, 1e9),
        steps: None,
    };
    write_grid(path, &Grid { width: edge, height: edge, values }, &placement, &layer)
        .map_err(|e| e.to_string())
}
