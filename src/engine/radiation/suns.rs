//! A month's suns over a place, sorted for the sums.
//!
//! The suns of one time of day of all days of a month stand on a short arc. It is cut at the directions of the horizon
//! table; the suns of one piece, a [`SunSegment`], are compared with the horizon between the same two lines. They are
//! sorted by height, with the sums of all that stand at least as high, so that only those between the lowest and the
//! highest horizon of a block of cells must be looked at one by one.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use std::ops::Range;

use libm::sincos;

use super::super::azimuths::Compass;
use super::super::horizon::STEPS;
use super::super::lanes::{LANES, Lanes, Simd};
use super::super::sun::{GeoPoint, Month};
use super::super::vector::Kernel;
use super::air::{AirTable, COEFFICIENTS};

/// A sum over suns of direction times the beam's cubic: east, north and up with four coefficients each.
pub(super) const SUM: usize = 12;

/// Such a sum in the lanes of the kernels; the rest is nothing.
pub(super) type SegmentSum = [f32; LANES];

/// What shines from the sun's direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LightSource {
    /// The sun itself.
    Beam,
    /// The sky around it.
    Circumsolar,
}

/// One sun above the plane horizon.
#[derive(Debug, Clone, Copy)]
pub(super) struct LitSun {
    /// How far it lies from the segment's first line to the second.
    pub part: f32,
    /// Tangent of its height, in steps of the table.
    pub tangent: f32,
    /// The unit vector to it, in the grid's directions, times direct radiation facing it in the middle of the pressures
    /// times the length of a step, kWh/m2.
    pub push: [f32; 3],
    /// How that changes with the scaled pressure: the coefficients of its first three powers.
    pub with_pressure: [f32; 3],
}

/// Suns of one time of day between two lines of the table, the lowest first.
#[derive(Debug, Clone, Copy)]
pub(super) struct SunSegment {
    /// The two lines.
    pub lines: (usize, usize),
    /// Its first sun, its sums (one more than suns) and its tangents.
    pub first: usize,
    pub sums: usize,
    tangents: usize,
    groups: usize,
    /// Tangents of its lowest and highest sun, in steps of the table.
    pub lowest: f32,
    pub highest: f32,
    /// How far its suns lie from the first line to the second, the least and the most.
    pub parts: [f32; 2],
}

/// A month's suns over one place.
#[derive(Debug, Default)]
pub(super) struct Suns {
    pub segments: Vec<SunSegment>,
    pub lit: Vec<LitSun>,
    /// Their tangents side by side, those of each segment padded with infinite ones.
    tangents: Vec<f32>,
    /// For each segment the sums of its suns from the n-th on, n = 0 to all.
    pub sums: Vec<SegmentSum>,
    /// Diffuse radiation on level ground, kWh/m2: a cubic in the scaled pressure.
    pub sky: [f32; 4],
    /// All radiation on level ground without terrain around: the same.
    pub level: [f32; 4],
    pub direct_flat: f32,
    pub diffuse_flat: f32,
}

impl Suns {
    /// The suns of a segment that some horizon between `low` and `high` hides and some does not; those beyond stand
    /// higher than all.
    #[inline(always)]
    pub(super) fn between<C: Simd>(
        &self,
        class: C,
        segment: &SunSegment,
        low: f32,
        high: f32,
    ) -> Range<usize> {
        let (low, high) = (Lanes::splat(class, low), Lanes::splat(class, high));
        let (mut from, mut to) = (0, 0);
        let (groups, _) = self.tangents[segment.tangents..].as_chunks::<LANES>();
        for tangents in groups.iter().take(segment.groups) {
            let tangents = Lanes::load(class, tangents);
            from += LANES - low.less(tangents).bits().count_ones() as usize;
            to += LANES - high.less(tangents).bits().count_ones() as usize;
        }
        from..to
    }

    /// Makes a segment of the suns gathered between `line` and the next of so many lines.
    #[inline(always)]
    fn close(&mut self, arc: &mut Vec<ArcSun>, line: usize, lines: usize) {
        let (Some(first), Some(last)) = (arc.first(), arc.last()) else { return };
        if first.tangent > last.tangent {
            arc.reverse();
        }
        if !arc.is_sorted_by(|a, b| a.tangent <= b.tangent) {
            arc.sort_by(|a, b| a.tangent.total_cmp(&b.tangent));
        }
        let (first, sums, tangents) = (self.lit.len(), self.sums.len(), self.tangents.len());
        self.tangents.extend(arc.iter().map(|sun| sun.tangent));
        self.tangents.resize(tangents + arc.len().next_multiple_of(LANES), f32::INFINITY);
        self.sums.resize(sums + arc.len() + 1, [0.0; LANES]);
        let mut sum = [0.0_f32; LANES];
        for (sun, to) in arc.iter().zip(&mut self.sums[sums..]).rev() {
            for (sum, towards) in sum.as_chunks_mut::<4>().0.iter_mut().zip(sun.towards) {
                for (sum, beam) in sum.iter_mut().zip(sun.beam) {
                    *sum = towards.mul_add(beam, *sum);
                }
            }
            *to = sum;
        }
        self.segments.push(SunSegment {
            lines: (line, (line + 1) % lines),
            first,
            sums,
            tangents,
            groups: arc.len().div_ceil(LANES),
            lowest: arc.first().map_or(0.0, |sun| sun.tangent),
            highest: arc.last().map_or(0.0, |sun| sun.tangent),
            parts: arc
                .iter()
                .fold([1.0, 0.0], |[least, most], sun| [sun.part.min(least), sun.part.max(most)]),
        });
        self.lit.extend(arc.iter().map(ArcSun::lit));
        arc.clear();
    }
}

/// A sun of an arc that is gathered.
struct ArcSun {
    part: f32,
    tangent: f32,
    towards: [f32; 3],
    beam: [f32; 4],
}

impl ArcSun {
    #[inline(always)]
    fn lit(&self) -> LitSun {
        let [middle, one, two, three] = self.beam;
        // A sky without a bright part around the sun.
        let per = if middle > 1e-12 { 1.0 / middle } else { 0.0 };
        LitSun {
            part: self.part,
            tangent: self.tangent,
            push: self.towards.map(|towards| towards * middle),
            with_pressure: [one * per, two * per, three * per],
        }
    }
}

/// One kernel call: places the suns of a month over a place.
pub(super) struct Placing<'a> {
    pub month: &'a Month,
    pub air: &'a AirTable,
    pub compass: &'a Compass,
    pub place: &'a GeoPoint,
    pub light: LightSource,
}

impl Kernel for Placing<'_> {
    type Output = Suns;

    #[inline(always)]
    fn run<C: Simd>(self, _: C) -> Suns {
        let Self { month, air, compass, place, light } = self;
        let lines = compass.units.len();
        let units: Vec<[f32; 2]> = compass.units.iter().map(|(e, n)| [*e as f32, *n as f32]).collect();
        let days = month.by_time.days;
        let mut seen = SunsSeen::new(days);
        let (mut plain, mut lifted) = ([0.0_f64; COEFFICIENTS], [0.0_f64; COEFFICIENTS]);
        let mut all = Suns::default();
        let mut arc: Vec<ArcSun> = Vec::with_capacity(days);
        let mut line = 0;
        for time in 0..month.per_day {
            seen.look(month, time, place);
            for day in 0..days {
                let towards = [seen.east[day], seen.north[day], seen.up[day]];
                if towards[2] <= 0.0 {
                    continue;
                }
                let weight = seen.weight[day];
                let mut through = air.through(seen.root[day]);
                for i in 0..COEFFICIENTS {
                    through[i] *= weight;
                    plain[i] += f64::from(through[i]);
                    lifted[i] += f64::from(through[i] * towards[2]);
                }
                let (found, part) = locate(&units, towards, line);
                if found != line {
                    all.close(&mut arc, line, lines);
                    line = found;
                }
                let at = if light == LightSource::Beam { 0 } else { 8 };
                let beam = [through[at], through[at + 1], through[at + 2], through[at + 3]];
                arc.push(ArcSun { part, tangent: seen.tangent[day], towards, beam });
            }
            all.close(&mut arc, line, lines);
        }
        for i in 0..4 {
            all.sky[i] = plain[4 + i] as f32;
            all.level[i] = (plain[4 + i] + lifted[i] + lifted[8 + i]) as f32;
        }
        all.direct_flat = lifted[12] as f32;
        all.diffuse_flat = plain[13] as f32;
        all
    }
}

/// The interval of the table that a direction lies in, see [`Compass::locate`].
#[inline(always)]
fn locate(units: &[[f32; 2]], [east, north, _]: [f32; 3], guess: usize) -> (usize, f32) {
    let count = units.len();
    let beyond = |k: usize| units[k][0].mul_add(-north, units[k][1] * east);
    let mut line = guess;
    for _ in 0..2 * count {
        let (behind, ahead) = (beyond(line), -beyond((line + 1) % count));
        if behind >= 0.0 && ahead > 0.0 {
            return (line, behind / (behind + ahead));
        }
        line = if behind < 0.0 { (line + count - 1) % count } else { (line + 1) % count };
    }
    (line, 0.0)
}

/// The suns of one time of day, as a place sees them.
struct SunsSeen {
    east: Vec<f32>,
    north: Vec<f32>,
    up: Vec<f32>,
    /// Tangents of their heights in steps of the table, and the roots of their sines.
    tangent: Vec<f32>,
    root: Vec<f32>,
    /// What a unit outside the air stands for, kWh/m2.
    weight: Vec<f32>,
}

impl SunsSeen {
    fn new(days: usize) -> Self {
        let none = vec![0.0; days];
        Self {
            east: none.clone(),
            north: none.clone(),
            up: none.clone(),
            tangent: none.clone(),
            root: none.clone(),
            weight: none,
        }
    }

    #[inline(always)]
    fn look(&mut self, month: &Month, time: usize, place: &GeoPoint) {
        let (sin, cos) = sincos(place.convergence);
        let (suns, weights) = month.by_time.at(time);
        for (day, sun) in suns.iter().enumerate() {
            let (east, north, up) = place.towards(sun);
            let (east, north) = (east * cos - north * sin, north * cos + east * sin);
            let (east, north, up) = (east as f32, north as f32, up as f32);
            self.east[day] = east;
            self.north[day] = north;
            self.up[day] = up;
            let level = east.mul_add(east, north * north);
            let tangent = up / (if level > 1e-9 { level } else { 1e-9 }).sqrt() * STEPS;
            // Beyond the table's range nothing hides it.
            self.tangent[day] = if tangent < 40_000.0 { tangent } else { 40_000.0 };
            self.root[day] = (if up > 0.0 { up } else { 0.0 }).sqrt();
            self.weight[day] = weights[day];
        }
    }
}
