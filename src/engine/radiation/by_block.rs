//! Radiation with horizon tables: the sun's positions are those of the block's middle.
//!
//! A block is 64 cells (1.6 km at 25 m) on a lattice tied to the DEM, whatever the tiles. Over it the transmittance of
//! each step is a cubic in the relative pressure through four Chebyshev nodes.

use std::sync::atomic::{AtomicBool, Ordering};

use libm::{cos, sin, sincos, tan};
use rayon::prelude::*;

use super::super::atmosphere::{Air, Beam, pressure};
use super::super::horizon::{Rays, Skyline};
use super::super::model::{Model, Shadow, SkyView};
use super::super::sky_view::{self, ByHorizon};
use super::super::sun::Month;
use super::super::terrain::{BLOCK, Rect, Terrain};
use super::{FLAT_HEIGHT, Geography, Radiation};

/// The sky view factor and, where horizons shade, the radiation of each month over a tile.
#[derive(Debug)]
pub(in super::super) struct Blocks {
    /// Sky view factor on the slope; NaN where the terrain is missing.
    pub sky_view: Vec<f32>,
    /// One for each month; empty where SAGA's shadows are asked for.
    pub months: Vec<Radiation>,
}

/// What all blocks of a request share.
#[derive(Debug)]
pub(in super::super) struct Setting {
    model: Model,
    rays: Rays,
}

impl Setting {
    /// For a model over cells of this edge, m.
    pub(in super::super) fn new(model: &Model, cell: f64) -> Self {
        Self { model: model.clone(), rays: Rays::new(model.azimuths, model.horizon_distance, cell) }
    }

    fn needs_horizons(&self) -> bool {
        self.model.shadow == Shadow::Horizon || self.model.sky_view == SkyView::Horizon
    }

    /// Computes a tile, block by block in parallel; `None` when `stop` was set.
    pub(in super::super) fn compute(
        &self,
        terrain: &Terrain,
        geography: &Geography,
        months: &[Month],
        stop: &AtomicBool,
    ) -> Option<Blocks> {
        let months = if self.model.shadow == Shadow::Horizon { months } else { &[] };
        let skyline = self.needs_horizons().then(|| Skyline::new(terrain));
        let worker = Worker { setting: self, terrain, geography, months, skyline: skyline.as_ref(), stop };
        let rects = terrain.blocks();
        let blocks: Vec<Option<Blocks>> = rects.par_iter().map(|rect| worker.block(*rect)).collect();
        let cells = terrain.tile.width() * terrain.tile.height();
        let mut all = Blocks {
            sky_view: vec![f32::NAN; cells],
            months: months.iter().map(|_| Radiation::missing(cells)).collect(),
        };
        for (rect, block) in rects.iter().zip(blocks) {
            let block = block?;
            paste(terrain.tile, *rect, &block.sky_view, &mut all.sky_view);
            for (from, to) in block.months.iter().zip(&mut all.months) {
                paste(terrain.tile, *rect, &from.direct, &mut to.direct);
                paste(terrain.tile, *rect, &from.diffuse, &mut to.diffuse);
                paste(terrain.tile, *rect, &from.direct_flat, &mut to.direct_flat);
                paste(terrain.tile, *rect, &from.diffuse_flat, &mut to.diffuse_flat);
            }
        }
        Some(all)
    }
}

/// Copies a block's cells to their places in the tile.
fn paste(tile: Rect, block: Rect, from: &[f32], to: &mut [f32]) {
    for (y, line) in (block.y0..block.y1).zip(from.chunks_exact(block.width())) {
        let start = (y - tile.y0) * tile.width() + block.x0 - tile.x0;
        to[start..start + block.width()].copy_from_slice(line);
    }
}

struct Worker<'a> {
    setting: &'a Setting,
    terrain: &'a Terrain,
    geography: &'a Geography,
    months: &'a [Month],
    skyline: Option<&'a Skyline<'a>>,
    stop: &'a AtomicBool,
}

impl Worker<'_> {
    fn block(&self, rect: Rect) -> Option<Blocks> {
        let cells = rect.width() * rect.height();
        let mut out = Blocks {
            sky_view: Vec::with_capacity(cells),
            months: self.months.iter().map(|_| Radiation::missing(cells)).collect(),
        };
        let rays = &self.setting.rays;
        let suns = self.suns(rect)?;
        let by_horizon = ByHorizon::new(rays);
        let mut table = vec![0.0_f32; rays.count() * BLOCK];
        for y in rect.y0..rect.y1 {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            let surface = Surfaces::of_row(self.terrain, rect, y);
            if let Some(skyline) = self.skyline.filter(|_| surface.any) {
                skyline.row(rays, rect, y, &mut table);
            }
            let first = out.sky_view.len();
            for i in 0..rect.width() {
                out.sky_view.push(self.sky_view(&by_horizon, &table, i, (rect.x0 + i, y)));
            }
            let sky_view = &out.sky_view[first..];
            for (sun, radiation) in suns.iter().zip(&mut out.months) {
                sun.row(&surface, &table, sky_view, first, radiation);
            }
        }
        Some(out)
    }

    fn sky_view(&self, by_horizon: &ByHorizon, table: &[f32], i: usize, (x, y): (usize, usize)) -> f32 {
        let factor = match self.setting.model.sky_view {
            SkyView::Saga => sky_view::saga(self.terrain, x, y),
            SkyView::Horizon => {
                self.terrain.gradient(x, y).map(|gradient| by_horizon.factor(table, i, gradient))
            }
        };
        factor.unwrap_or(f32::NAN)
    }

    /// The suns of each month over a block; `None` when asked to stop.
    fn suns(&self, rect: Rect) -> Option<Vec<BlockSun>> {
        let Some((low, high)) = self.terrain.block_heights(rect.x0, rect.y0) else { return Some(Vec::new()) };
        let middle = |edge: usize| (edge / BLOCK * BLOCK) as f64 + (BLOCK - 1) as f64 / 2.0;
        let column = self.terrain.column as f64 + middle(rect.x0);
        let row = self.terrain.row as f64 + middle(rect.y0);
        let place = self.geography.place(column, row).zip(self.geography.turn(column, row));
        let Some(((latitude, longitude), turn)) = place else { return Some(Vec::new()) };
        let seen = Seen {
            latitude,
            longitude,
            turn,
            pressures: (pressure(f64::from(high)), pressure(f64::from(low))),
            azimuths: self.setting.rays.count(),
            air: Air::new(&self.setting.model, f64::NAN),
        };
        let mut suns = Vec::with_capacity(self.months.len());
        for month in self.months {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            suns.push(BlockSun::new(month, &seen));
        }
        Some(suns)
    }
}

/// A row of a block: what its cells turn towards the sun. Lanes beyond the block's width stay 0.
struct Surfaces {
    /// The unit vector upright on the ground.
    up: [f32; BLOCK],
    east: [f32; BLOCK],
    north: [f32; BLOCK],
    /// Relative pressure; NaN where the terrain is missing.
    pressure: [f64; BLOCK],
    /// Some cell is there.
    any: bool,
}

impl Surfaces {
    fn of_row(terrain: &Terrain, rect: Rect, y: usize) -> Self {
        let zero = [0.0; BLOCK];
        let mut row = Self { up: zero, east: zero, north: zero, pressure: [f64::NAN; BLOCK], any: false };
        for (i, x) in (rect.x0..rect.x1).enumerate() {
            let Some(gradient) = terrain.gradient(x, y) else { continue };
            let up = 1.0 / (1.0 + gradient.east * gradient.east + gradient.north * gradient.north).sqrt();
            row.up[i] = up as f32;
            row.east[i] = (-gradient.east * up) as f32;
            row.north[i] = (-gradient.north * up) as f32;
            row.pressure[i] = pressure(f64::from(terrain.z[terrain.index(x, y)]));
            row.any = true;
        }
        row
    }
}

/// What a block sees the sun from.
struct Seen {
    latitude: f64,
    longitude: f64,
    turn: f64,
    /// Least and greatest relative pressure.
    pressures: (f64, f64),
    azimuths: usize,
    air: Air,
}

/// A step with the sun above the plane horizon.
struct LitStep {
    /// The unit vector to the sun, in the grid's directions.
    up: f32,
    east: f32,
    north: f32,
    /// Tangent of its height.
    tangent: f32,
    /// Lines of the horizon table on both sides of its azimuth, and how far it lies from the first to the second.
    lines: (usize, usize),
    part: f32,
    /// Direct radiation on a plane facing the sun times the step's length, kWh/m2: a cubic in the scaled pressure.
    beam: [f32; 4],
}

/// A month's sun over one block.
struct BlockSun {
    steps: Vec<LitStep>,
    /// Diffuse radiation of the month on level ground, kWh/m2: a cubic in the scaled pressure.
    sky: [f64; 4],
    /// Middle and half of the range of the pressure.
    scale: (f64, f64),
    direct_flat: f64,
    diffuse_flat: f64,
}

impl BlockSun {
    fn new(month: &Month, seen: &Seen) -> Self {
        let (low, high) = seen.pressures;
        let scale = (f64::midpoint(low, high), ((high - low) / 2.0).max(1e-4));
        let flat = pressure(FLAT_HEIGHT);
        let nodes = chebyshev_nodes();
        let mut sun = Self { steps: Vec::new(), sky: [0.0; 4], scale, direct_flat: 0.0, diffuse_flat: 0.0 };
        for step in &month.steps {
            let Some(position) = step.sun.at(seen.latitude, seen.longitude).filter(|p| p.height > 0.0) else {
                continue;
            };
            let beam = Beam::new(step.extraterrestrial, position.height, seen.air);
            let values = nodes.map(|node| beam.through(scale.0 + scale.1 * node));
            let direct = cubic(values.map(|(direct, _)| direct * month.hours));
            let diffuse = cubic(values.map(|(_, diffuse)| diffuse * month.hours));
            for (sum, part) in sun.sky.iter_mut().zip(diffuse) {
                *sum += part;
            }
            let (sin_height, cos_height) = sincos(position.height);
            let (direct_flat, diffuse_flat) = beam.through(flat);
            sun.direct_flat += direct_flat * sin_height * month.hours;
            sun.diffuse_flat += diffuse_flat * month.hours;
            let azimuth = position.azimuth - seen.turn;
            let lane = (azimuth / std::f64::consts::TAU).rem_euclid(1.0) * seen.azimuths as f64;
            let first = lane as usize % seen.azimuths;
            sun.steps.push(LitStep {
                up: sin_height as f32,
                east: (cos_height * sin(azimuth)) as f32,
                north: (cos_height * cos(azimuth)) as f32,
                tangent: tan(position.height) as f32,
                lines: (first, (first + 1) % seen.azimuths),
                part: (lane - lane.floor()) as f32,
                beam: direct.map(|c| c as f32),
            });
        }
        sun
    }

    /// Adds up a row of cells; writes to `radiation` from cell `first` on.
    fn row(
        &self,
        surface: &Surfaces,
        table: &[f32],
        sky_view: &[f32],
        first: usize,
        radiation: &mut Radiation,
    ) {
        let scaled =
            surface.pressure.map(|p| if p.is_nan() { 0.0 } else { (p - self.scale.0) / self.scale.1 });
        let direct = self.direct(surface, &scaled.map(|u| u as f32), table);
        for (i, factor) in sky_view.iter().enumerate() {
            if surface.pressure[i].is_nan() {
                continue;
            }
            let u = scaled[i];
            let sky = self.sky[0] + u * (self.sky[1] + u * (self.sky[2] + u * self.sky[3]));
            radiation.direct[first + i] = direct[i];
            radiation.diffuse[first + i] = (sky * f64::from(*factor)) as f32;
            radiation.direct_flat[first + i] = self.direct_flat as f32;
            radiation.diffuse_flat[first + i] = self.diffuse_flat as f32;
        }
    }

    fn direct(&self, surface: &Surfaces, scaled: &[f32; BLOCK], table: &[f32]) -> [f32; BLOCK] {
        let mut sum = [0.0_f32; BLOCK];
        let (lines, _) = table.as_chunks::<BLOCK>();
        for step in &self.steps {
            let (a, b) = (&lines[step.lines.0], &lines[step.lines.1]);
            for i in 0..BLOCK {
                let skyline = a[i] + (b[i] - a[i]) * step.part;
                let cosine =
                    surface.up[i] * step.up + surface.east[i] * step.east + surface.north[i] * step.north;
                let u = scaled[i];
                let beam = step.beam[0] + u * (step.beam[1] + u * (step.beam[2] + u * step.beam[3]));
                // Without a branch, so that it is done for several cells at once.
                let lit = if step.tangent > skyline { cosine } else { 0.0 };
                sum[i] += if lit > 0.0 { lit * beam } else { 0.0 };
            }
        }
        sum
    }
}

/// The four Chebyshev nodes of -1..1.
fn chebyshev_nodes() -> [f64; 4] {
    [1.0, 3.0, 5.0, 7.0].map(|k| cos(k * std::f64::consts::PI / 8.0))
}

/// Coefficients of the cubic through values at the [`chebyshev_nodes`].
fn cubic(values: [f64; 4]) -> [f64; 4] {
    let nodes = chebyshev_nodes();
    let sum = |polynomial: fn(f64) -> f64| -> f64 {
        nodes.iter().zip(values).map(|(u, v)| polynomial(*u) * v).sum()
    };
    let c0 = sum(|_| 1.0) / 4.0;
    let c1 = sum(|u| u) / 2.0;
    let c2 = sum(|u| 2.0 * u * u - 1.0) / 2.0;
    let c3 = sum(|u| u * (4.0 * u * u - 3.0)) / 2.0;
    [c0 - c2, c1 - 3.0 * c3, 2.0 * c2, 4.0 * c3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_is_recovered_from_its_nodes() {
        let truth = |u: f64| 2.0 - u + 0.5 * u * u + 3.0 * u * u * u;
        let got = cubic(chebyshev_nodes().map(truth));
        for (got, truth) in got.iter().zip([2.0, -1.0, 0.5, 3.0]) {
            assert!((got - truth).abs() < 1e-12, "{got} {truth}");
        }
    }

    #[test]
    fn the_beam_of_a_low_sun_is_within_one_in_ten_thousand_over_a_steep_block() {
        // 2000 m between the lowest and highest cell of a block.
        let (low, high) = (pressure(4000.0), pressure(2000.0));
        let beam = Beam::new(1.4, 0.02, Air::Saga(libm::log(0.7)));
        let (middle, half) = (f64::midpoint(low, high), (high - low) / 2.0);
        let c = cubic(chebyshev_nodes().map(|u| beam.through(middle + half * u).0));
        for z in (2000..=4000).step_by(100) {
            let u = (pressure(f64::from(z)) - middle) / half;
            let truth = beam.through(pressure(f64::from(z))).0;
            let got = c[0] + u * (c[1] + u * (c[2] + u * c[3]));
            assert!((got - truth).abs() < 1e-4, "{z}: {got} {truth}");
        }
    }
}
