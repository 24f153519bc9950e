//! The sky view factor: how much of an evenly bright sky a sloping surface receives.

use std::f32::consts::{FRAC_PI_2, TAU};

use libm::{atanf, sincosf};

use super::horizon::Rays;
use super::terrain::{BLOCK, Gradient, Terrain};

/// How far SAGA looks for the skyline, map units.
pub(super) const SAGA_DISTANCE: f64 = 10_000.0;

/// SAGA's directions.
const SAGA_DIRECTIONS: usize = 8;

/// A surface by its slope and aspect, ready for the integral.
struct Surface {
    cos_slope: f64,
    /// Sine of the slope times the direction of steepest descent.
    east: f64,
    north: f64,
}

impl Surface {
    fn new(gradient: Gradient) -> Self {
        let cos_slope = 1.0 / (1.0 + gradient.east * gradient.east + gradient.north * gradient.north).sqrt();
        Self { cos_slope, east: -gradient.east * cos_slope, north: -gradient.north * cos_slope }
    }
}

/// One azimuth's part of the integral over a skyline with tangent `t`, for a surface with cosine of slope `flat` and
/// `towards` = sin(slope) cos(azimuth - aspect).
///
/// cos β cos²φ + sin β cos(Φ - α) (π/2 - φ - sin φ cos φ): Dozier and Frew 1990, *IEEE TGRS* 28, eq. 7b, with the
/// horizon's height φ.
fn part(t: f32, flat: f32, towards: f32) -> f32 {
    let cos2 = 1.0 / (1.0 + t * t);
    flat * cos2 + towards * (FRAC_PI_2 - atanf(t) - t * cos2)
}

/// The integral over all azimuths of a horizon table.
pub(super) struct ByHorizon {
    directions: Vec<(f32, f32)>,
}

impl ByHorizon {
    /// For the azimuths of `rays`.
    pub(super) fn new(rays: &Rays) -> Self {
        let count = rays.count();
        let directions = (0..count).map(|i| sincosf(TAU * i as f32 / count as f32)).collect();
        Self { directions }
    }

    /// Sky view factor of cell `i` of a row of the table (see `Skyline::row`).
    pub(super) fn factor(&self, table: &[f32], i: usize, gradient: Gradient) -> f32 {
        let surface = Surface::new(gradient);
        let (flat, east, north) = (surface.cos_slope as f32, surface.east as f32, surface.north as f32);
        let mut sum = 0.0;
        for (line, (sin, cos)) in table.chunks_exact(BLOCK).zip(&self.directions) {
            sum += part(line[i], flat, east * sin + north * cos);
        }
        (sum / self.directions.len() as f32).clamp(0.0, 1.0)
    }
}

/// SAGA's sky view factor (`ta_lighting` 3, defaults): 8 azimuths, unit steps to the nearest cell, 10 km.
pub(super) fn saga(terrain: &Terrain, x: usize, y: usize) -> Option<f32> {
    let gradient = terrain.gradient(x, y)?;
    let surface = Surface::new(gradient);
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
    use super::super::horizon::Skyline;
    use super::super::terrain::Rect;
    use super::super::terrain::fixtures::terrain;
    use super::*;

    fn middle(height: impl Fn(usize, usize) -> f32, azimuths: u32) -> (f32, f32) {
        let window = terrain(448, 25.0, height);
        let rays = Rays::new(azimuths, 5000.0, 25.0);
        let mut table = vec![0.0; rays.count() * BLOCK];
        let block = Rect { x0: 192, y0: 192, x1: 256, y1: 256 };
        Skyline::new(&window).row(&rays, block, 224, &mut table);
        let own = ByHorizon::new(&rays).factor(&table, 32, window.gradient(224, 224).unwrap());
        (own, saga(&window, 224, 224).unwrap())
    }

    #[test]
    fn a_plain_sees_all_of_the_sky() {
        let (own, saga) = middle(|_, _| 800.0, 64);
        assert!((own - 1.0).abs() < 1e-5 && (saga - 1.0).abs() < 1e-6, "{own} {saga}");
    }

    #[test]
    fn an_endless_slope_sees_half_of_one_plus_its_cosine() {
        for degrees in [10.0_f64, 30.0, 50.0] {
            let slope = degrees.to_radians();
            let rise = (25.0 * slope.tan()) as f32;
            let (own, _) = middle(|x, _| rise * x as f32, 64);
            let truth = f64::midpoint(1.0, slope.cos());
            assert!((f64::from(own) - truth).abs() < 1e-3, "{degrees}: {own} {truth}");
        }
    }

    #[test]
    fn the_bottom_of_a_round_pit_sees_the_square_of_the_rims_cosine() {
        // A rim 1000 m high, 1000 m away: the sky above 45 degrees, cos² 45 = 1/2 on level ground.
        let (own, saga) = middle(
            |x, y| {
                let (dx, dy) = (x as f32 - 224.0, y as f32 - 224.0);
                if (dx * dx + dy * dy).sqrt() >= 40.0 { 1000.0 } else { 0.0 }
            },
            64,
        );
        assert!((own - 0.5).abs() < 0.02 && (saga - 0.5).abs() < 0.03, "{own} {saga}");
    }
}
