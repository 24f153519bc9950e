//! The terrain that all programs get, and the reading of the grids that they give back.

use std::path::Path;

use alpsckpt::engine::Layer;
use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::grid::{Grid, Placement};
use alpsckpt::engine::synthetic::ranges;
use alpsckpt::grid_file::write_grid;

use crate::Outcome;

/// Cells across and down; there is nothing outside.
pub(crate) const EDGE: usize = 512;
const CELL: f64 = 25.0;
/// The terrain.
pub(crate) const DEM: &str = "dem.tif";
/// Ground 1 m above the sea everywhere; its ones are also the sky view factor of level ground.
pub(crate) const LEVEL: &str = "level.tif";

/// Writes the terrain and the level ground as GeoTIFF.
pub(crate) fn write(folder: &Path) -> Outcome<()> {
    let terrain = (0..EDGE * EDGE).map(|i| {
        // To the decimetre, as terrain models come.
        let z = ranges::height((i % EDGE) as f64 * CELL, (i / EDGE) as f64 * CELL);
        (z * 10.0).round() / 10.0
    });
    write_one(folder, DEM, terrain.collect())?;
    write_one(folder, LEVEL, vec![1.0; EDGE * EDGE])
}

fn write_one(folder: &Path, name: &str, values: Vec<f32>) -> Outcome<()> {
    let crs = Crs::of_epsg(32632).ok_or("EPSG:32632 is unknown")?;
    // Around 46 N on the central meridian, where grid north is true north: SAGA knows no other.
    let half = EDGE as f64 / 2.0 * CELL;
    let (west, north) = (500_000.0 - half, 5_094_000.0 + half);
    let placement = Placement { crs, west, north, cell_x: CELL, cell_y: CELL, width: EDGE, height: EDGE };
    let layer = Layer {
        name: "dem".into(),
        month: None,
        unit: "m",
        description: "height".into(),
        range: (0.0, 5000.0),
        steps: None,
    };
    let grid = Grid { width: EDGE, height: EDGE, values };
    write_grid(&folder.join(name), &grid, &placement, &layer).map_err(|e| e.to_string())
}

/// Cells of a file of bare float32 numbers from the north-west, as this program and GRASS give them.
pub(crate) fn read_bare(path: &Path) -> Outcome<Vec<f32>> {
    let problem = |what: String| format!("{}: {what}", path.display());
    let bytes = std::fs::read(path).map_err(|e| problem(e.to_string()))?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if numbers.len() != EDGE * EDGE || !rest.is_empty() {
        return Err(problem(format!("{} bytes are not {EDGE} x {EDGE} float32 numbers", bytes.len())));
    }
    // No height and no radiation is negative: what is stands for no data.
    let cell = |number: &[u8; 4]| Some(f32::from_le_bytes(*number)).filter(|v| *v >= 0.0).unwrap_or(f32::NAN);
    Ok(numbers.iter().map(cell).collect())
}

/// Cells of one of SAGA's grids, a bare file beside a header: its rows go from south to north.
pub(crate) fn read_saga(header: &Path) -> Outcome<Vec<f32>> {
    let text = std::fs::read(header).map_err(|e| format!("{}: {e}", header.display()))?;
    // Version 9 writes units in no encoding.
    let text = String::from_utf8_lossy(&text).into_owned();
    let says = |key: &str, value: &str| {
        text.lines().any(|l| l.split_once('=').is_some_and(|(k, v)| k.trim() == key && v.trim() == value))
    };
    if !says("DATAFORMAT", "FLOAT") || !says("BYTEORDER_BIG", "FALSE") || !says("TOPTOBOTTOM", "FALSE") {
        return Err(format!("{}: an unknown form of grid", header.display()));
    }
    let upside_down = read_bare(&header.with_extension("sdat"))?;
    Ok(upside_down.chunks(EDGE).rev().flatten().copied().collect())
}
