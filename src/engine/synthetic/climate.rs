//! Coarse climate over the massif: smooth, plausible, made for demos; not measured.

use super::domain;
use super::noise;
use super::surface::Surface;
use crate::engine::grid::{Grid, Placement};

/// Mean temperature at 1300 m near Briançon, January to December, degC (rounded, after the station's climate).
const TEMPERATURE: [f32; 12] = [-1.5, -0.5, 3.0, 6.5, 11.0, 14.5, 17.5, 17.0, 13.0, 8.5, 3.0, -0.5];

/// Lapse rates of the made-up climate, January to December, K/m, positive = colder upwards.
pub const LAPSE: [f64; 12] =
    [0.0045, 0.0050, 0.0058, 0.0063, 0.0064, 0.0065, 0.0063, 0.0062, 0.0058, 0.0052, 0.0048, 0.0045];

/// Mean cloud cover, January to December, 0.01 %.
const CLOUD: [f32; 12] =
    [4700.0, 4900.0, 5200.0, 5900.0, 6000.0, 5300.0, 4200.0, 4400.0, 4700.0, 5200.0, 5300.0, 4900.0];

/// Size of a climate cell, m.
const CELL: f64 = 1000.0;

/// How far climate grids reach beyond the terrain, m.
const BEYOND: f64 = 8000.0;

/// The placement of the climate grids that cover a terrain with room to spare.
pub(super) fn placement(terrain: &Placement) -> Placement {
    let east = terrain.west + terrain.width as f64 * terrain.cell_x;
    let south = terrain.north - terrain.height as f64 * terrain.cell_y;
    let west = ((terrain.west - BEYOND) / CELL).floor() * CELL;
    let north = ((terrain.north + BEYOND) / CELL).ceil() * CELL;
    Placement {
        crs: terrain.crs,
        west,
        north,
        cell_x: CELL,
        cell_y: CELL,
        width: ((east + BEYOND - west) / CELL).ceil() as usize,
        height: ((north - south + BEYOND) / CELL).ceil() as usize,
    }
}

/// The height the coarse temperatures stand for: the terrain averaged over three climate cells.
pub(super) fn reference_height(surface: &Surface, placement: &Placement) -> Grid {
    over(placement, |x, y| surface.mean_around(x, y, 1.5 * CELL))
}

/// Mean temperature of a month (0 = January), degC.
pub(super) fn temperature(month: usize, reference: &Grid, placement: &Placement) -> Grid {
    let mut heights = reference.values.iter();
    over(placement, |x, y| {
        let height = heights.next().copied().unwrap_or(f32::NAN);
        // Half a degree warmer in the south than in the north, and weather that no height explains.
        let south = ((domain::NORTH - y) / domain::SIDE) as f32 - 0.5;
        let local = 0.4 * noise::fractal((x / 20_000.0) as f32, (y / 20_000.0) as f32, 2, 700 + month as u32);
        TEMPERATURE[month % 12] - LAPSE[month % 12] as f32 * (height - 1300.0) + 0.5 * south + local
    })
}

/// Cloud cover of a month (0 = January), 0.01 %: cloudier in the north-west.
pub(super) fn cloud(month: usize, placement: &Placement) -> Grid {
    over(placement, |x, y| {
        let north_west = ((domain::WEST - x + y - domain::NORTH) / domain::SIDE) as f32 + 1.0;
        let local = 500.0 * noise::fractal((x / 9000.0) as f32, (y / 9000.0) as f32, 3, 800 + month as u32);
        (CLOUD[month % 12] + 700.0 * north_west + local).clamp(0.0, 10_000.0)
    })
}

/// A grid of a function of the cells' centres, row by row.
fn over(placement: &Placement, mut value: impl FnMut(f64, f64) -> f32) -> Grid {
    let mut values = Vec::with_capacity(placement.width * placement.height);
    for row in 0..placement.height {
        for column in 0..placement.width {
            let (x, y) = placement.centre(column as f64, row as f64);
            values.push(value(x, y));
        }
    }
    Grid { width: placement.width, height: placement.height, values }
}
