//! A month's suns over a patch of the tile, sorted for the sums.
//!
//! The suns of one half-hour of all days of a month stand on a short arc. It is cut at the directions of the horizon
//! table; the suns of one piece, a [`Segment`], are compared with the skyline between the same two lines. They are
//! sorted by height, with the sums of all that stand at least as high, so that only those between the lowest and the
//! highest skyline of a block of cells must be looked at one by one.

use libm::sincos;

use super::super::azimuths::Compass;
use super::super::horizon::STEPS;
use super::super::sun::{Month, Place, Step};
use super::air::{AirTable, Through};

/// A sum over suns of direction times the beam's cubic: east, north and up with four coefficients each.
pub(super) const SUM: usize = 12;

/// What shines from the sun's direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Light {
    /// The sun itself.
    Beam,
    /// The sky around it.
    Circumsolar,
}

/// A step with the sun above the plane horizon, as one place sees it.
pub(super) struct LitStep {
    /// The unit vector to the sun: the grid's east and north, up.
    pub towards: (f64, f64, f64),
    /// Tangent of its height, in steps of the table.
    pub tangent: f64,
    /// What comes through the air from a unit outside, and what that unit stands for, kWh/m2.
    pub through: Through,
    pub weight: f64,
}

/// Where a month's steps are seen from.
pub(super) struct Seen<'a> {
    month: &'a Month,
    air: &'a AirTable,
    place: &'a Place,
    /// Sine and cosine of the turn from true north to the grid's.
    turn: (f64, f64),
}

impl<'a> Seen<'a> {
    pub(super) fn new(month: &'a Month, air: &'a AirTable, place: &'a Place) -> Self {
        Self { month, air, place, turn: sincos(place.turn) }
    }

    /// A step of the month; `None` by night.
    pub(super) fn lit(&self, step: &Step) -> Option<LitStep> {
        let (east, north, up) = step.sun.towards(self.place);
        if up <= 0.0 {
            return None;
        }
        let (sin, cos) = self.turn;
        let (east, north) = (east * cos - north * sin, north * cos + east * sin);
        Some(LitStep {
            towards: (east, north, up),
            tangent: up / (east * east + north * north).sqrt() * f64::from(STEPS),
            through: self.air.at(up),
            weight: step.extraterrestrial * self.month.hours,
        })
    }
}

/// Radiation on level ground without terrain around, kWh/m2: cubics in the scaled pressure.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Level {
    /// Of the even sky.
    pub sky: [f64; 4],
    /// All.
    pub all: [f64; 4],
}

impl Level {
    pub(super) fn add(&mut self, LitStep { towards, through, weight, .. }: &LitStep) {
        for i in 0..4 {
            self.sky[i] += through.diffuse[i] * weight;
            self.all[i] +=
                (through.diffuse[i] + (through.direct[i] + through.circumsolar[i]) * towards.2) * weight;
        }
    }
}

/// One sun above the plane horizon.
#[derive(Debug, Clone, Copy)]
pub(super) struct LitSun {
    /// How far it lies from the segment's first line to the second.
    pub part: f32,
    /// Tangent of its height, in steps of the table.
    pub tangent: f32,
    /// The unit vector to it, in the grid's directions.
    pub towards: [f32; 3],
    /// Direct radiation facing it times the length of a step, kWh/m2: a cubic in the scaled pressure.
    pub beam: [f32; 4],
}

/// Suns of one half-hour between two lines of the table, the lowest first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// The two lines.
    pub lines: (usize, usize),
    /// Its suns among all, and the place of its sums (one more than suns).
    pub first: usize,
    pub count: usize,
    pub sums: usize,
    /// The least skyline that hides its lowest sun, and its highest, in steps of the table.
    pub lowest: i16,
    pub highest: i16,
}

/// A month's suns over one place.
#[derive(Debug, Default)]
pub(super) struct Suns {
    pub segments: Vec<Segment>,
    pub lit: Vec<LitSun>,
    /// Their tangents once more, side by side.
    pub tangents: Vec<f32>,
    /// For each segment the sums of its suns from the n-th on, n = 0 to all.
    pub sums: Vec<[f32; SUM]>,
    /// Diffuse radiation on level ground, kWh/m2: a cubic in the scaled pressure.
    pub sky: [f32; 4],
    /// All radiation on level ground without terrain around: the same.
    pub level: [f32; 4],
    pub direct_flat: f32,
    pub diffuse_flat: f32,
}

impl Suns {
    /// Of the beam, or of the bright sky around the sun.
    pub(super) fn new(month: &Month, air: &AirTable, compass: &Compass, place: &Place, light: Light) -> Self {
        let mut all = Self::default();
        let (mut level, mut direct_flat, mut diffuse_flat) = (Level::default(), 0.0, 0.0);
        let seen = Seen::new(month, air, place);
        let mut line = 0;
        let mut arc: Vec<LitSun> = Vec::new();
        for slot in 0..month.per_day {
            let mut current = None;
            for step in month.steps.iter().skip(slot).step_by(month.per_day) {
                let Some(step) = seen.lit(step) else { continue };
                let LitStep { towards: (east, north, up), through, weight, .. } = step;
                level.add(&step);
                direct_flat += through.direct_flat * up * weight;
                diffuse_flat += through.diffuse_flat * weight;
                let (found, part) = compass.locate(east, north, line);
                line = found;
                if current.is_some_and(|c| c != found) {
                    all.close(&mut arc, current, compass.units.len());
                }
                current = Some(found);
                arc.push(LitSun {
                    part: part as f32,
                    // Beyond the table's range nothing hides it.
                    tangent: step.tangent.min(40_000.0) as f32,
                    towards: [east as f32, north as f32, up as f32],
                    beam: match light {
                        Light::Beam => through.direct,
                        Light::Circumsolar => through.circumsolar,
                    }
                    .map(|c| (c * weight) as f32),
                });
            }
            all.close(&mut arc, current, compass.units.len());
        }
        all.sky = level.sky.map(|c| c as f32);
        all.level = level.all.map(|c| c as f32);
        all.direct_flat = direct_flat as f32;
        all.diffuse_flat = diffuse_flat as f32;
        all
    }

    /// Makes a segment of the suns gathered.
    fn close(&mut self, arc: &mut Vec<LitSun>, line: Option<usize>, lines: usize) {
        let Some(line) = line.filter(|_| !arc.is_empty()) else { return };
        arc.sort_by(|a, b| a.tangent.total_cmp(&b.tangent));
        let mut sum = [0.0_f64; SUM];
        let start = self.sums.len();
        self.sums.push([0.0; SUM]);
        for sun in arc.iter().rev() {
            for (direction, towards) in sun.towards.iter().enumerate() {
                for (power, beam) in sun.beam.iter().enumerate() {
                    sum[direction * 4 + power] += f64::from(*towards) * f64::from(*beam);
                }
            }
            self.sums.push(sum.map(|s| s as f32));
        }
        self.sums[start..].reverse();
        let hides =
            |sun: Option<&LitSun>| sun.map_or(0, |s| s.tangent.ceil().min(f32::from(i16::MAX)) as i16);
        self.segments.push(Segment {
            lines: (line, (line + 1) % lines),
            first: self.lit.len(),
            count: arc.len(),
            sums: start,
            lowest: hides(arc.first()),
            highest: hides(arc.last()),
        });
        self.tangents.extend(arc.iter().map(|sun| sun.tangent));
        self.lit.append(arc);
    }
}
