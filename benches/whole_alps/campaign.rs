//! The campaign: its file, the coarse grids, and the folder of both and of the maps.

use std::fs;
use std::path::{Path, PathBuf};

use alpsckpt::campaign::spec::{self, Spec};
use alpsckpt::durable::atomic;
use alpsckpt::engine::grid::{Grid, Placement};
use alpsckpt::grid_file::write_grid;

use crate::Outcome;
use crate::terrain::{CELL, Terrain, layer};

/// The folder of the campaign.
const FOLDER: &str = "campaign";
/// Only a folder with this file is ever removed.
const FILE: &str = "whole_alps.ron";
/// Its maps: the sky view factor, and two for each month.
pub(crate) const MAPS: usize = 25;
/// Edge of a cell of the coarse grids, m.
const COARSE: f64 = 1000.0;
/// Their cells around the terrain.
const MARGIN: usize = 6;

/// A campaign in its folder.
#[derive(Debug)]
pub(crate) struct Campaign {
    folder: PathBuf,
    pub(crate) spec: Spec,
}

impl Campaign {
    /// A new campaign of twelve months in one chain over the terrain, where there is none.
    pub(crate) fn create(folder: &Path, terrain: &Terrain, tile: u32, threads: u32) -> Outcome<Self> {
        let folder = folder.join(FOLDER);
        let inputs = folder.join("inputs");
        atomic::create_folder(&inputs).map_err(|e| e.to_string())?;
        // First of all the campaign's file, by which the folder is known as one to remove.
        let file = folder.join(FILE);
        atomic::replace(&file, text(terrain, tile, threads)?.as_bytes()).map_err(|e| e.to_string())?;
        write_coarse(&inputs, terrain)?;
        Ok(Self { spec: load(&file)?, folder })
    }

    /// Its file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Where its maps go.
    pub(crate) fn output(&self) -> &Path {
        &self.spec.output
    }

    /// Removes its folder.
    pub(crate) fn remove(self) -> Outcome<()> {
        remove(&self.folder)
    }
}

/// Removes what an earlier run has left.
pub(crate) fn clear(folder: &Path) -> Outcome<()> {
    let folder = folder.join(FOLDER);
    if folder.exists() { remove(&folder) } else { Ok(()) }
}

/// Reads a campaign file.
pub(crate) fn load(file: &Path) -> Outcome<Spec> {
    let all =
        |errors: Vec<spec::SpecError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    spec::load(file).map(|loaded| loaded.spec).map_err(all)
}

fn remove(folder: &Path) -> Outcome<()> {
    if !folder.join(FILE).is_file() {
        return Err(format!(
            "{}: is no campaign of this benchmark (remove it, or name another --folder)",
            folder.display()
        ));
    }
    fs::remove_dir_all(folder).map_err(|e| format!("{}: cannot be removed: {e}", folder.display()))
}

fn text(terrain: &Terrain, tile: u32, threads: u32) -> Outcome<String> {
    let dem = terrain.path.to_str().ok_or_else(|| {
        format!(
            "{}: a campaign file holds only paths in UTF-8 (name another --folder)",
            terrain.path.display()
        )
    })?;
    Ok(format!(
        "// Made by `cargo bench --bench whole_alps`, which removes this folder when it runs again.
(
    version: 1,
    name: \"The whole Alps\",
    output: \"output\",
    dem: {dem:?},
    terrain_note: \"synthetic ranges of no place on earth\",
    months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    months_per_chain: 12,
    year: 2018,
    temperature: {{\"mean\": (file: \"inputs/t_{{month}}.tif\", unit: Celsius)}},
    reference_height: \"inputs/reference_height.tif\",
    lapse: Constant(0.006),
    cloud: Grid(\"inputs/cloud_{{month}}.tif\"),
    products: [SkyView, Solar, Temperature],
    tile: {tile},
    threads: {threads},
    walltime: \"48:00:00\",
    margin: \"00:10:00\",
)
"
    ))
}

/// The height that the temperatures stand for, and twelve months of temperatures and clouds.
fn write_coarse(inputs: &Path, terrain: &Terrain) -> Outcome<()> {
    let cells = (f64::from(terrain.size) * CELL / COARSE).ceil() as usize + 2 * MARGIN;
    let around = MARGIN as f64 * COARSE;
    let placement = Placement {
        west: terrain.placement.west - around,
        north: terrain.placement.north + around,
        cell_x: COARSE,
        cell_y: COARSE,
        width: cells,
        height: cells,
        ..terrain.placement.clone()
    };
    let write = |name: &str, unit, what: &str, value: &dyn Fn(f64, f64) -> f64| {
        let values =
            (0..cells * cells).map(|i| value((i % cells) as f64, (i / cells) as f64) as f32).collect();
        let grid = Grid { width: cells, height: cells, values };
        let layer = layer(name, unit, what, (-1e4, 1e5));
        write_grid(&inputs.join(format!("{name}.tif")), &grid, &placement, &layer).map_err(|e| e.to_string())
    };
    let height = |x: f64, y: f64| 1500.0 + 400.0 * x.sin() * y.cos();
    write("reference_height", "m", "height of the temperatures", &height)?;
    for month in 1..=12_u8 {
        let warm = 8.0 - 12.0 * (f64::from(month) / 1.91).cos();
        let temperature = |x: f64, y: f64| warm + x.sin() + (0.7 * y).cos();
        write(&format!("t_{month:02}"), "degC", "mean temperature", &temperature)?;
        let cloud = |x: f64, y: f64| 5000.0 + 1500.0 * (0.3 * x).sin() * (0.4 * y).cos();
        write(&format!("cloud_{month:02}"), "0.01 %", "cloud cover", &cloud)?;
    }
    Ok(())
}
