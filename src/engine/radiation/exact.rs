//! The sums step by step: slow, and without any of the look-ups of [`super::sums`], whose measure it is.

use std::sync::atomic::{AtomicBool, Ordering};

use libm::sincos;

use super::super::atmosphere::reflected;
use super::super::azimuths::Compass;
use super::super::horizon::{ACROSS, CELLS, EDGE, Patch, SIDE, STEPS};
use super::super::sun::{GeoPoint, Month};
use super::air::{AirTable, Pressures};

/// A sun above the plane horizon.
struct LitStep {
    line: usize,
    part: f64,
    tangent: f64,
    /// The unit vector to it: the grid's east and north, up.
    towards: (f64, f64, f64),
    direct: [f64; 4],
    circumsolar: [f64; 4],
}

/// Radiation on level ground without terrain around, kWh/m2: cubics in the scaled pressure.
#[derive(Debug, Clone, Copy, Default)]
struct LevelRadiation {
    /// Of the even sky.
    sky: [f64; 4],
    /// All.
    all: [f64; 4],
}

/// What the sums of a patch are made from.
pub(super) struct ExactWork<'a> {
    pub compass: &'a Compass,
    /// Without what the cells' own slopes hide: that is seen from the sun's direction.
    pub patch: &'a Patch,
    pub pressures: &'a Pressures,
    pub place: &'a GeoPoint,
    pub albedo: f64,
}

impl ExactWork<'_> {
    /// Direct and diffuse radiation of a month over a patch, kWh/m2, row by row, given its sky view factors; `None` when
    /// asked to stop.
    pub(super) fn sums(
        &self,
        month: &Month,
        air: &AirTable,
        sky_view: &[f32; CELLS],
        (direct, diffuse): (&mut [f32], &mut [f32]),
        stop: &AtomicBool,
    ) -> Option<()> {
        let (steps, level) = self.steps(month, air);
        for (cell, (direct, diffuse)) in direct.iter_mut().zip(diffuse).enumerate() {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let (x, y) = (cell % EDGE, cell / EDGE);
            let (block, lane) = (y / SIDE * ACROSS + x / SIDE, y % SIDE * SIDE + x % SIDE);
            let (east, north) = (f64::from(self.patch.east[cell]), f64::from(self.patch.north[cell]));
            let factor = f64::from(sky_view[cell]);
            let upright = 1.0 / (1.0 + east * east + north * north).sqrt();
            let v = f64::from(self.pressures.scaled(self.patch.heights[cell]));
            let cubic = |c: &[f64; 4]| c[0] + v * (c[1] + v * (c[2] + v * c[3]));
            let lines = &self.patch.table.lines;
            let at = |line: usize| f64::from(lines[line % lines.len()][block][lane]);
            let (mut sun, mut around) = (0.0, 0.0);
            for step in &steps {
                let (to_east, to_north, up) = step.towards;
                let cosine = (up - to_east * east - to_north * north) * upright;
                let (a, b) = (at(step.line), at(step.line + 1));
                if cosine > 0.0 && step.tangent > a + step.part * (b - a) {
                    sun += cosine * cubic(&step.direct);
                    around += cosine * cubic(&step.circumsolar);
                }
            }
            *direct = sun as f32;
            let ground = reflected(cubic(&level.all), factor, self.albedo);
            *diffuse = (cubic(&level.sky) * factor + around + ground) as f32;
        }
        Some(())
    }

    /// The suns of a month, and what level ground gets of it.
    fn steps(&self, month: &Month, air: &AirTable) -> (Vec<LitStep>, LevelRadiation) {
        let (sin, cos) = sincos(self.place.convergence);
        let mut level = LevelRadiation::default();
        let mut steps = Vec::new();
        for step in &month.steps {
            let (east, north, up) = self.place.towards(&step.sun);
            if up <= 0.0 {
                continue;
            }
            let (through, weight) = (air.at(up), step.extraterrestrial * month.hours);
            for i in 0..4 {
                level.sky[i] += through.diffuse[i] * weight;
                level.all[i] +=
                    (through.diffuse[i] + (through.direct[i] + through.circumsolar[i]) * up) * weight;
            }
            let (east, north) = (east * cos - north * sin, north * cos + east * sin);
            let (line, part) = self.compass.locate(east, north, 0);
            let tangent = up / (east * east + north * north).sqrt() * f64::from(STEPS);
            let [direct, circumsolar] = [through.direct, through.circumsolar].map(|c| c.map(|c| c * weight));
            steps.push(LitStep { line, part, tangent, towards: (east, north, up), direct, circumsolar });
        }
        (steps, level)
    }
}
