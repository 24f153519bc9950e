//! What a bench is made on: synthetic ranges, or the middle of a terrain model, with a climate for each month.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Args, size};
use crate::cli::CliError;
use crate::engine::crs::Crs;
use crate::engine::geotiff::Raster;
use crate::engine::grid::{Grid, Placement};
use crate::engine::synthetic::ranges;
use crate::engine::{
    CoarseField, Compression, Layer, MapRequest, MonthInputs, Physics, Product, RegionBox, TemperatureInput,
};
use crate::grid_file::write_grid;

/// The edge of a cell, m.
const CELL: f64 = 25.0;

/// Terrain around the mapped square as far as horizons look.
pub(super) fn synthetic(folder: &Path, size: u32) -> Result<PathBuf, CliError> {
    let halo = (Physics::default().horizon_distance / CELL) as usize + 2;
    let edge = size as usize + 2 * halo;
    let mut values = vec![0.0_f32; edge * edge];
    values.par_chunks_mut(edge).enumerate().for_each(|(y, line)| {
        for (x, z) in line.iter_mut().enumerate() {
            // To the decimetre, as terrain models come.
            *z = (ranges::height(x as f64 * CELL, y as f64 * CELL) * 10.0).round() / 10.0;
            // A lake without data.
            if (x as f64 - edge as f64 * 0.45).hypot(y as f64 - edge as f64 * 0.52) < f64::from(size) * 0.05 {
                *z = f32::NAN;
            }
        }
    });
    let path = folder.join("dem.tif");
    let crs = Crs::of_epsg(3035).ok_or_else(|| CliError::defect("EPSG:3035 is unknown"))?;
    // Somewhere in the Alps.
    let (west, north) = (4_250_000.0, 2_620_000.0);
    let placement = Placement { crs, west, north, cell_x: CELL, cell_y: CELL, width: edge, height: edge };
    write_grid(&path, &Grid { width: edge, height: edge, values }, &placement, &layer("height"))?;
    Ok(path)
}

fn layer(name: &str) -> Layer {
    Layer {
        name: name.into(),
        month: None,
        unit: "",
        description: name.into(),
        range: (-1e9, 1e9),
        steps: None,
    }
}

/// Twelve months with clouds and one temperature, over the middle of the terrain.
pub(super) fn request(dem: &Path, folder: &Path, args: &Args) -> Result<MapRequest, CliError> {
    let raster = Raster::open(dem)?;
    let terrain = raster.placement();
    let size = (size(args) as usize).min(terrain.width).min(terrain.height);
    let (left, top) = ((terrain.width - size) / 2, (terrain.height - size) / 2);
    let west = terrain.west + left as f64 * terrain.cell_x;
    let north = terrain.north - top as f64 * terrain.cell_y;
    let side = size as f64 * terrain.cell_x;
    let region = RegionBox {
        epsg: terrain.crs.epsg(),
        xmin: west,
        ymin: north - side,
        xmax: west + side,
        ymax: north,
    };
    let coarse = |name: &str, value: &dyn Fn(f64, f64) -> f64| -> Result<PathBuf, CliError> {
        let cells = (side / 1000.0).ceil() as usize + 12;
        let placement = Placement {
            crs: terrain.crs,
            west: west - 6000.0,
            north: north + 6000.0,
            cell_x: 1000.0,
            cell_y: 1000.0,
            width: cells,
            height: cells,
        };
        let values =
            (0..cells * cells).map(|i| value((i % cells) as f64, (i / cells) as f64) as f32).collect();
        let path = folder.join(format!("{name}.tif"));
        write_grid(&path, &Grid { width: cells, height: cells, values }, &placement, &layer(name))?;
        Ok(path)
    };
    let reference = coarse("reference_height", &|x, y| 1500.0 + 400.0 * x.sin() * y.cos())?;
    let mut months = Vec::new();
    for month in 1..=12_u8 {
        let warm = 8.0 - 12.0 * (f64::from(month) / 1.91).cos();
        let temperature = coarse(&format!("t{month}"), &|x, y| warm + x.sin() + (0.7 * y).cos())?;
        let cloud =
            coarse(&format!("cloud{month}"), &|x, y| 5000.0 + 1500.0 * (0.3 * x).sin() * (0.4 * y).cos())?;
        months.push(MonthInputs {
            month,
            linke: None,
            lapse: CoarseField::Constant(0.006),
            cloud: Some(cloud),
            temperatures: vec![TemperatureInput {
                name: "mean".into(),
                path: temperature,
                scale: 1.0,
                offset: 0.0,
            }],
        });
    }
    Ok(MapRequest {
        tag: String::new(),
        dem: dem.to_path_buf(),
        region: Some(region),
        reference_height: Some(reference),
        months,
        year: 2018,
        model: Physics { summing: args.steps.into(), ..Physics::default() },
        products: vec![Product::SkyView, Product::Solar, Product::Temperature],
        tile: 256,
        block: 256,
        compression: Compression::Zstd,
        storage: args.storage.into(),
    })
}
