//! Horizons: for each pixel and azimuth of the table the tangent of the skyline's height.
//!
//! A ray from the pixel's centre is followed over the crossings with the grid lines across its main direction; between
//! the two nodes beside a crossing the ground is linear. Every crossing counts: what is skipped, by the greatest height
//! of the surroundings, could not have raised the skyline, so that the result does not depend on the window.

use std::f64::consts::TAU;

use libm::sincos;

use super::terrain::{BLOCK, Rect, Terrain};

/// Crossings that are followed for a row of pixels at once, before each pixel goes on alone.
const NEAR: usize = 24;

/// Crossings of the finest step of the far search; also the edge of its smallest block of greatest heights.
const FINE: usize = 16;

/// Crossings that are tried to skip at once first; a multiple of [`FINE`].
const COARSE: usize = 64;

/// Keeps a skip safe from the rounding of the interpolation, m.
const MARGIN: f32 = 0.01;

/// One crossing of a ray.
#[derive(Debug, Clone, Copy)]
struct Crossing {
    /// Where its first node lies from the pixel's, in cells.
    dx: i32,
    dy: i32,
    /// How far the crossing lies from the first node to the second, 0..1.
    part: f32,
    /// 1 / distance from the pixel, 1/m.
    inverse: f32,
}

/// A direction of the table.
#[derive(Debug)]
struct Ray {
    crossings: Vec<Crossing>,
    /// The second node lies to the south of the first; else to the east.
    second_south: bool,
}

/// The directions of the horizon table.
#[derive(Debug)]
pub(super) struct Rays {
    rays: Vec<Ray>,
}

impl Rays {
    /// Equally spaced azimuths, clockwise from the grid's north, with crossings as far as `distance` (m).
    pub(super) fn new(azimuths: u32, distance: f64, cell: f64) -> Self {
        let count = azimuths.max(1);
        let rays =
            (0..count).map(|i| Ray::new(TAU * f64::from(i) / f64::from(count), distance, cell)).collect();
        Self { rays }
    }

    /// Directions.
    pub(super) fn count(&self) -> usize {
        self.rays.len()
    }
}

impl Ray {
    fn new(azimuth: f64, distance: f64, cell: f64) -> Self {
        let (east, north) = sincos(azimuth);
        let second_south = east.abs() > north.abs();
        let (main, aside) = if second_south { (east, -north) } else { (-north, east) };
        let slope = aside / main.abs();
        let step = cell * (1.0 + slope * slope).sqrt();
        let crossings = (1..=(distance / step).floor() as usize)
            .map(|k| {
                let along = if main < 0.0 { -(k as i32) } else { k as i32 };
                // Azimuths on an axis or a diagonal go through nodes; their sine must not miss them by a rounding.
                let position = (slope * k as f64 * 1e9).round() / 1e9;
                let first = position.floor();
                let (dx, dy) = if second_south { (along, first as i32) } else { (first as i32, along) };
                let inverse = (1.0 / (k as f64 * step)) as f32;
                Crossing { dx, dy, part: (position - first) as f32, inverse }
            })
            .collect();
        Self { crossings, second_south }
    }
}

/// Greatest heights of a window, for skipping.
#[derive(Debug)]
pub(super) struct Skyline<'a> {
    terrain: &'a Terrain,
    fine: Summits,
    coarse: Summits,
    highest: f32,
}

/// The greatest height of each block and its eight neighbours.
#[derive(Debug)]
struct Summits {
    edge: usize,
    across: usize,
    heights: Vec<f32>,
}

impl Summits {
    fn new(terrain: &Terrain, edge: usize) -> Self {
        let (across, down) = (terrain.width.div_ceil(edge), terrain.height.div_ceil(edge));
        let mut own = vec![f32::MIN; across * down];
        for (y, line) in terrain.ground.chunks_exact(terrain.width).enumerate() {
            for (x, &z) in line.iter().enumerate() {
                let summit = &mut own[y / edge * across + x / edge];
                *summit = summit.max(z);
            }
        }
        let mut heights = own.clone();
        for y in 0..down {
            for x in 0..across {
                for line in y.saturating_sub(1)..(y + 2).min(down) {
                    for &z in &own[line * across + x.saturating_sub(1)..line * across + (x + 2).min(across)] {
                        let summit = &mut heights[y * across + x];
                        *summit = summit.max(z + MARGIN);
                    }
                }
            }
        }
        Self { edge, across, heights }
    }

    fn around(&self, x: usize, y: usize) -> f32 {
        self.heights[y / self.edge * self.across + x / self.edge]
    }
}

impl<'a> Skyline<'a> {
    /// Prepares a window, which must reach as far around its tile as the rays do.
    pub(super) fn new(terrain: &'a Terrain) -> Self {
        let (fine, coarse) = (Summits::new(terrain, FINE), Summits::new(terrain, COARSE));
        let highest = coarse.heights.iter().copied().fold(f32::MIN, f32::max);
        Self { terrain, fine, coarse, highest }
    }

    /// Tangents of the skyline over the cells of row `y` of `block`, azimuth by azimuth: `table[azimuth * BLOCK + i]`
    /// for the i-th cell. Never below 0.
    pub(super) fn row(&self, rays: &Rays, block: Rect, y: usize, table: &mut [f32]) {
        let start = self.terrain.index(block.x0, y);
        let own = &self.terrain.ground[start..start + block.width()];
        for (ray, line) in rays.rays.iter().zip(table.chunks_exact_mut(BLOCK)) {
            let line = &mut line[..block.width()];
            line.fill(0.0);
            self.near(ray, (block.x0, y), own, line);
            for (i, tangent) in line.iter_mut().enumerate() {
                *tangent = self.far(ray, (block.x0 + i, y), own[i], *tangent);
            }
        }
    }

    fn near(&self, ray: &Ray, (x, y): (usize, usize), own: &[f32], line: &mut [f32]) {
        for crossing in ray.crossings.iter().take(NEAR) {
            let Some((first, second)) = self.nodes(ray, crossing, x, y, own.len()) else { return };
            for (((tangent, z), a), b) in line.iter_mut().zip(own).zip(first).zip(second) {
                let rise = (a + (b - a) * crossing.part - z) * crossing.inverse;
                *tangent = if rise > *tangent { rise } else { *tangent };
            }
        }
    }

    /// The ground at the two nodes of a crossing for `count` pixels side by side; `None` beyond the window.
    fn nodes(
        &self,
        ray: &Ray,
        crossing: &Crossing,
        x: usize,
        y: usize,
        count: usize,
    ) -> Option<(&[f32], &[f32])> {
        let x = x.checked_add_signed(crossing.dx as isize)?;
        let y = y.checked_add_signed(crossing.dy as isize)?;
        let (right, below) = if ray.second_south { (0, 1) } else { (1, 0) };
        if x + right + count > self.terrain.width || y + below >= self.terrain.height {
            return None;
        }
        let first = self.terrain.index(x, y);
        let second = self.terrain.index(x + right, y + below);
        let ground = &self.terrain.ground;
        Some((&ground[first..first + count], &ground[second..second + count]))
    }

    fn far(&self, ray: &Ray, (x, y): (usize, usize), z: f32, mut best: f32) -> f32 {
        let mut k = NEAR;
        while let Some(crossing) = ray.crossings.get(k) {
            if (self.highest - z) * crossing.inverse <= best {
                break;
            }
            let (Some(at_x), Some(at_y)) =
                (x.checked_add_signed(crossing.dx as isize), y.checked_add_signed(crossing.dy as isize))
            else {
                break;
            };
            if at_x >= self.terrain.width || at_y >= self.terrain.height {
                break;
            }
            if (self.coarse.around(at_x, at_y) - z) * crossing.inverse <= best {
                k += COARSE;
            } else if (self.fine.around(at_x, at_y) - z) * crossing.inverse <= best {
                k += FINE;
            } else {
                let end = (k + FINE).min(ray.crossings.len());
                for crossing in &ray.crossings[k..end] {
                    let Some((first, second)) = self.nodes(ray, crossing, x, y, 1) else { return best };
                    let (a, b) = (first[0], second[0]);
                    let rise = (a + (b - a) * crossing.part - z) * crossing.inverse;
                    best = if rise > best { rise } else { best };
                }
                k = end;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::super::terrain::fixtures::terrain;
    use super::*;

    /// All horizons of one cell, the long way: every crossing, in double precision.
    fn brute(window: &Terrain, azimuths: u32, distance: f64, x: usize, y: usize) -> Vec<f64> {
        let at = |x: f64, y: f64| {
            let (x, y) = (x as isize, y as isize);
            let inside = x >= 0 && y >= 0 && (x as usize) < window.width && (y as usize) < window.height;
            inside.then(|| f64::from(window.ground[y as usize * window.width + x as usize]))
        };
        (0..azimuths)
            .map(|i| {
                let azimuth = TAU * f64::from(i) / f64::from(azimuths);
                let (east, south) = (azimuth.sin(), -azimuth.cos());
                let main = east.abs().max(south.abs());
                let (dx, dy) = (east / main, south / main);
                let step = (dx * dx + dy * dy).sqrt() * window.cell;
                let mut best = 0.0_f64;
                for k in 1..=(distance / step) as usize {
                    let k = k as f64;
                    let round = |v: f64| (v * 1e9).round() / 1e9;
                    let (px, py) = (x as f64 + round(k * dx), y as f64 + round(k * dy));
                    let (fx, fy) = (px - px.floor(), py - py.floor());
                    let second = if east.abs() > south.abs() { (0.0, 1.0) } else { (1.0, 0.0) };
                    let (Some(a), Some(b)) =
                        (at(px.floor(), py.floor()), at(px.floor() + second.0, py.floor() + second.1))
                    else {
                        break;
                    };
                    let height = a + (b - a) * fx.max(fy);
                    best = best.max((height - f64::from(window.ground[y * window.width + x])) / (k * step));
                }
                best
            })
            .collect()
    }

    /// Rough, repeatable ground.
    fn rough(x: usize, y: usize) -> f32 {
        let (u, v) = (x as f32 / 9.0, y as f32 / 7.0);
        600.0 * (u.sin() * v.cos() + 0.3 * (3.1 * u + v).sin()) + ((x * 7919 + y * 104_729) % 97) as f32
    }

    #[test]
    fn skipping_changes_nothing() {
        let window = terrain(320, 25.0, rough);
        let skyline = Skyline::new(&window);
        let rays = Rays::new(48, 6000.0, 25.0);
        let mut table = vec![0.0; rays.count() * BLOCK];
        let mut compared = 0;
        for (bx, y) in [(128, 130), (64, 200), (192, 150)] {
            let block = Rect { x0: bx, y0: y / BLOCK * BLOCK, x1: bx + BLOCK, y1: y / BLOCK * BLOCK + BLOCK };
            skyline.row(&rays, block, y, &mut table);
            for i in (0..BLOCK).step_by(7) {
                let truth = brute(&window, 48, 6000.0, bx + i, y);
                for (azimuth, truth) in truth.iter().enumerate() {
                    let got = f64::from(table[azimuth * BLOCK + i]);
                    assert!(
                        (got - truth).abs() < 1e-4 * (1.0 + truth),
                        "{bx}+{i} {y} {azimuth}: {got} {truth}"
                    );
                    compared += 1;
                }
            }
        }
        assert_eq!(compared, 3 * 10 * 48);
    }

    #[test]
    fn a_wall_is_seen_under_its_angle() {
        // A wall 500 m high along column 100.
        let window = terrain(192, 25.0, |x, _| if x == 100 { 1500.0 } else { 1000.0 });
        let rays = Rays::new(64, 4000.0, 25.0);
        let mut table = vec![0.0; rays.count() * BLOCK];
        Skyline::new(&window).row(&rays, Rect { x0: 64, y0: 64, x1: 128, y1: 128 }, 90, &mut table);
        let east = |i: usize| f64::from(table[16 * BLOCK + i]);
        assert!((east(16) - 500.0 / 500.0).abs() < 1e-6, "{}", east(16));
        assert!((east(0) - 500.0 / 900.0).abs() < 1e-6);
        assert!(table[48 * BLOCK + 16].abs() < f32::EPSILON, "nothing in the west");
        let north_east = f64::from(table[8 * BLOCK + 16]);
        assert!((north_east - 1.0 / 2.0_f64.sqrt()).abs() < 1e-4, "{north_east}");
    }

    #[test]
    fn missing_terrain_does_not_shade() {
        let window = terrain(128, 25.0, |x, _| if x > 80 { f32::NAN } else { 700.0 });
        let rays = Rays::new(16, 3000.0, 25.0);
        let mut table = vec![1.0; rays.count() * BLOCK];
        Skyline::new(&window).row(&rays, Rect { x0: 64, y0: 64, x1: 128, y1: 128 }, 70, &mut table);
        assert!(rays.rays.iter().enumerate().all(|(a, _)| table[a * BLOCK + 5] == 0.0));
    }
}
