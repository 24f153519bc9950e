//! SAGA's sky view factor: how much of an evenly bright sky a sloping surface receives. The own one is integrated with
//! the radiation, see `radiation::sums`.

use rayon::prelude::*;

use super::terrain::{Gradient, Terrain};

/// How far SAGA looks for the horizon, map units.
pub(super) const SAGA_DISTANCE: f64 = 10_000.0;

/// SAGA's directions.
const SAGA_DIRECTIONS: usize = 8;

/// A surface by its slope and aspect, ready for the integral.
struct SlopedSurface {
    cos_slope: f64,
    /// Sine of the slope times the direction of steepest descent.
    east: f64,
    north: f64,
}

impl SlopedSurface {
    fn new(gradient: Gradient) -> Self {
        let cos_slope = 1.0 / (1.0 + gradient.east * gradient.east + gradient.north * gradient.north).sqrt();
        Self { cos_slope, east: -gradient.east * cos_slope, north: -gradient.north * cos_slope }
    }
}

/// SAGA's sky view factors of a tile, row by row; NaN where the terrain is missing.
pub(super) fn saga_of(terrain: &Terrain) -> Vec<f32> {
    let tile = terrain.tile;
    let rows = (tile.y0..tile.y1).into_par_iter();
    rows.flat_map_iter(|y| (tile.x0..tile.x1).map(move |x| saga(terrain, x, y).unwrap_or(f32::NAN))).collect()
}

/// SAGA's sky view factor (`ta_lighting` 3, defaults): 8 azimuths, unit steps to the nearest cell, 10 km.
pub(super) fn saga(terrain: &Terrain, x: usize, y: usize) -> Option<f32> {
    let gradient = terrain.gradient(x, y)?;
    let surface = SlopedSurface::new(gradient);
    let mut sum = 0.0;
    for direction in 0..SAGA_DIRECTIONS {
        let (east, north) = libm::sincos(std::f64::consts::TAU * direction as f64 / SAGA_DIRECTIONS as f64);
        let tangent = saga_tangent(terrain, (x, y), (east, north));
        let angle = libm::atan(tangent);
        let (sin, cos) = libm::sincos(angle);
        let towards = surface.east * east + surface.north * north;
        sum += surface.cos_slope * cos * cos + towards * (std::f64::consts::FRAC_PI_2 - angle - sin * cos);
    }
    Some((sum / SAGA_DIRECTIONS as f64) as f32)
}

fn saga_tangent(terrain: &Terrain, (x, y): (usize, usize), (east, north): (f64, f64)) -> f64 {
    let z = f64::from(terrain.z[terrain.index(x, y)]);
    let mut best = 0.0_f64;
    let steps = (SAGA_DISTANCE / terrain.cell).floor() as usize;
    for step in 1..=steps {
        let step = step as f64;
        let Some(at) = terrain.saga_cell((x, y), 0.5 + step * east, 0.5 + step * north) else { break };
        let rise = (f64::from(terrain.z[terrain.index(at.0, at.1)]) - z) / (step * terrain.cell);
        // A missing cell (NaN) compares false.
        if rise > best {
            best = rise;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::terrain::fixtures::terrain;
    use super::*;

    #[test]
    fn a_plain_sees_all_of_the_sky() {
        let factor = saga(&terrain(448, 25.0, |_, _| 800.0), 224, 224).unwrap();
        assert!((factor - 1.0).abs() < 1e-6, "{factor}");
    }

    #[test]
    fn the_bottom_of_a_round_pit_sees_the_square_of_the_rims_cosine() {
        // A rim 1000 m high, 1000 m away: the sky above 45 degrees, cos² 45 = 1/2 on level ground.
        let pit = terrain(448, 25.0, |x, y| {
            let (dx, dy) = (x as f32 - 224.0, y as f32 - 224.0);
            if (dx * dx + dy * dy).sqrt() >= 40.0 { 1000.0 } else { 0.0 }
        });
        let factor = saga(&pit, 224, 224).unwrap();
        assert!((factor - 0.5).abs() < 0.03, "{factor}");
    }
}
