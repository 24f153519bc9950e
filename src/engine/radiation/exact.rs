//! The sums step by step: slow, and without any of the look-ups of [`super::patch`], whose measure it is.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::atmosphere::reflected;
use super::super::azimuths::Compass;
use super::super::horizon::Skylines;
use super::super::sun::{Month, Place};
use super::super::terrain::{Rect, Terrain};
use super::air::{AirTable, Pressures};
use super::suns::{Level, LitStep, Seen};

/// A sun above the plane horizon.
struct Step {
    line: usize,
    part: f64,
    tangent: f64,
    towards: (f64, f64, f64),
    direct: [f64; 4],
    circumsolar: [f64; 4],
}

/// What the sums of a patch are made from.
pub(super) struct Work<'a> {
    pub terrain: &'a Terrain,
    pub skylines: &'a Skylines,
    pub compass: &'a Compass,
    pub pressures: &'a Pressures,
    pub place: &'a Place,
    pub albedo: f64,
}

impl Work<'_> {
    /// Direct and diffuse radiation of a month over a patch, kWh/m2, row by row, given its sky view factors; `None` when
    /// asked to stop.
    pub(super) fn sums(
        &self,
        rect: Rect,
        month: &Month,
        air: &AirTable,
        sky_view: &[f32],
        stop: &AtomicBool,
    ) -> Option<(Vec<f32>, Vec<f32>)> {
        let (steps, level) = self.steps(month, air);
        let (mut direct, mut diffuse) = (Vec::new(), Vec::new());
        for y in rect.y0..rect.y1 {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let lines: Vec<&[i16]> = (0..self.compass.units.len())
                .map(|k| self.skylines.row(k, y - self.terrain.tile.y0))
                .collect();
            for x in rect.x0..rect.x1 {
                let factor = f64::from(sky_view.get(direct.len()).copied().unwrap_or(f32::NAN));
                let z = self.terrain.z[self.terrain.index(x, y)];
                let Some(gradient) = self.terrain.gradient(x, y) else {
                    direct.push(f32::NAN);
                    diffuse.push(f32::NAN);
                    continue;
                };
                let upright =
                    1.0 / (1.0 + gradient.east * gradient.east + gradient.north * gradient.north).sqrt();
                let v = f64::from(self.pressures.scaled(z));
                let cubic = |c: &[f64; 4]| c[0] + v * (c[1] + v * (c[2] + v * c[3]));
                let at = |line: usize| f64::from(lines[line % lines.len()][x - self.terrain.tile.x0]);
                let (mut sun, mut around) = (0.0, 0.0);
                for step in &steps {
                    let (east, north, up) = step.towards;
                    let cosine = (up - east * gradient.east - north * gradient.north) * upright;
                    let (a, b) = (at(step.line), at(step.line + 1));
                    if cosine > 0.0 && step.tangent > a + step.part * (b - a) {
                        sun += cosine * cubic(&step.direct);
                        around += cosine * cubic(&step.circumsolar);
                    }
                }
                direct.push(sun as f32);
                let ground = reflected(cubic(&level.all), factor, self.albedo);
                diffuse.push((cubic(&level.sky) * factor + around + ground) as f32);
            }
        }
        Some((direct, diffuse))
    }

    /// The suns of a month, and what level ground gets of it.
    fn steps(&self, month: &Month, air: &AirTable) -> (Vec<Step>, Level) {
        let seen = Seen::new(month, air, self.place);
        let mut level = Level::default();
        let lit = month.steps.iter().filter_map(|step| seen.lit(step));
        let steps = lit.map(|lit| {
            level.add(&lit);
            let LitStep { towards, tangent, through, weight } = lit;
            let (line, part) = self.compass.locate(towards.0, towards.1, 0);
            let [direct, circumsolar] = [through.direct, through.circumsolar].map(|c| c.map(|c| c * weight));
            Step { line, part, tangent, towards, direct, circumsolar }
        });
        (steps.collect(), level)
    }
}
