//! The far horizon of a direction as observers over a tile see it, for the cells between them.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use std::ops::Range;

use super::super::lanes::{LANES, Lanes, Simd};
use super::frame::SPACING;
use super::geometry::Geometry;
use super::observers::Observers;
use super::sight::FarSight;

/// What a strip of observers sees, in 16 bits: there are a thousand of these for each that the cache holds.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Glimpse {
    /// As in a [`FarSight`], but with heights counted from the middle of the tile's, in [`Lattice::steps`].
    rise: [i16; LANES],
    /// In steps of 1/30000 of the nearest distance's inverse.
    inverse: [i16; LANES],
}

/// Steps of a rise in a tangent of 1: up to 4, beyond which only ground goes that ranges
/// over more than 5600 m in a tile of 25 m cells.
const STEPS: f32 = 8192.0;

/// The most steps.
const MOST: f32 = 32_767.0;

/// Steps of an inverse distance in the largest; a nearest point is up to a thirtieth nearer.
const INVERSES: f32 = 30_000.0;

/// The sights of one direction's far horizon over a tile.
#[derive(Debug)]
pub(super) struct Lattice {
    pub(super) geometry: Geometry,
    /// For each strip its groups, and where their glimpses stand.
    strips: Vec<(Range<usize>, usize)>,
    glimpses: Vec<Glimpse>,
    /// Steps of a rise in a tangent of 1: [`STEPS`], or as much coarser as steeper ones ask for.
    steps: f32,
    /// The least distance of what is seen, m.
    nearest: f32,
}

/// Strips that a row of a patch may lie under, their lines, and room for whole vectors behind them.
const STRIPS: usize = 3;
const LINES: usize = (STRIPS + 1) * LANES;

/// Lines that a row of a patch lies between.
const NEEDED: usize = super::sizes::EDGE / SPACING + 2;

/// Sights along a row, at its lines: heights counted from the middle of the tile's.
pub(super) struct Between {
    rise: [f32; LINES],
    inverse: [f32; LINES],
    /// The line over the row's first column or next before it, and how many columns that one lies behind it.
    line: usize,
    pub skip: usize,
    /// The same columns' distance from a line, what is left of it beyond whole columns.
    pub part: f32,
}

impl Between {
    /// Rise and inverse distance from the line next before the first column on.
    #[inline(always)]
    pub(super) fn lists(&self) -> [&[f32]; 2] {
        [&self.rise[self.line..], &self.inverse[self.line..]]
    }
}

impl Lattice {
    /// What observers see, heights counted from `middle`, nothing nearer than `nearest`; in the memory of others.
    #[inline(always)]
    pub(super) fn new(
        geometry: Geometry,
        observers: &Observers,
        (middle, nearest): (f32, f32),
        mut glimpses: Vec<Glimpse>,
    ) -> Self {
        let steepest = steepest(observers.sights(), middle);
        let mut steps = STEPS;
        while steepest * steps > MOST {
            steps /= 2.0;
        }
        glimpses.clear();
        glimpses.extend(observers.sights().iter().map(|sight| Glimpse::new(sight, middle, (steps, nearest))));
        Self { geometry, strips: observers.strips().to_vec(), glimpses, steps, nearest }
    }

    /// Gives its memory back.
    pub(super) fn into_glimpses(self) -> Vec<Glimpse> {
        self.glimpses
    }

    /// What is seen at a strip of lines from a group.
    #[inline(always)]
    fn glimpse(&self, strip: usize, group: usize) -> Option<&Glimpse> {
        let (groups, at) = self.strips.get(strip)?;
        if !groups.contains(&group) {
            return None;
        }
        self.glimpses.get(at + group - groups.start)
    }

    /// Reads a little of what [`Lattice::between`] will need for the row so many behind another. It comes from afar in memory; asked for
    /// one after another before they are needed, sights come together.
    #[inline(always)]
    pub(super) fn touch(&self, row: usize, behind: usize, column: usize) {
        let Some(number) = self.geometry.numbered(row).map(|number| number + behind) else { return };
        let (place, _) = self.geometry.place_of(number, column as isize);
        let line = place.max(0) as usize / SPACING;
        for strip in line / LANES..(line + NEEDED).div_ceil(LANES) {
            if let Some(glimpse) = self.glimpse(strip, number / SPACING + 1) {
                std::hint::black_box(glimpse.rise[0]);
            }
        }
    }

    /// What is seen from a row, from a column on, between the observers before it and behind it.
    #[inline(always)]
    pub(super) fn between<C: Simd>(&self, class: C, row: usize, column: usize) -> Between {
        // Nobody asks for what cells beyond the frame see.
        let number = self.geometry.numbered(row).unwrap_or(0);
        let (place, part) = self.geometry.place_of(number, column as isize);
        let place = place.max(0) as usize;
        let (line, group) = (place / SPACING, number / SPACING);
        let mut between = Between {
            rise: [0.0; LINES],
            inverse: [0.0; LINES],
            line: line % LANES,
            skip: place % SPACING,
            part,
        };
        let weight = (number % SPACING) as f32 / SPACING as f32;
        let (rises, inverses) = (1.0 / self.steps, 1.0 / (INVERSES * self.nearest));
        let (before, next) = (1.0 - weight, weight);
        let strips = (between.line + NEEDED).div_ceil(LANES);
        let rise = between.rise.as_chunks_mut::<LANES>().0.iter_mut();
        let inverse = between.inverse.as_chunks_mut::<LANES>().0.iter_mut();
        for (strip, (rise, inverse)) in rise.zip(inverse).enumerate().take(strips) {
            let strip = line / LANES + strip;
            let (Some(a), Some(b)) = (self.glimpse(strip, group), self.glimpse(strip, group + 1)) else {
                continue;
            };
            mean(class, (&a.rise, before * rises), (&b.rise, next * rises)).store(rise);
            mean(class, (&a.inverse, before * inverses), (&b.inverse, next * inverses)).store(inverse);
        }
        between
    }
}

/// Integers times a weight, of two.
#[inline(always)]
fn mean<C: Simd>(class: C, a: (&[i16; LANES], f32), b: (&[i16; LANES], f32)) -> Lanes<C> {
    let weighed = Lanes::of_i16(class, a.0) * Lanes::splat(class, a.1);
    Lanes::of_i16(class, b.0).mul_add(Lanes::splat(class, b.1), weighed)
}

impl Glimpse {
    #[inline(always)]
    fn new(sight: &FarSight, middle: f32, (steps, nearest): (f32, f32)) -> Self {
        let mut glimpse = Self { rise: [0; LANES], inverse: [0; LANES] };
        for i in 0..LANES {
            let inverse = sight.inverse[i];
            glimpse.rise[i] = integer((sight.rise[i] - middle * inverse) * steps);
            glimpse.inverse[i] = integer(inverse * nearest * INVERSES);
        }
        glimpse
    }
}

/// The largest amount of a rise, heights counted from `middle`.
#[inline(always)]
fn steepest(sights: &[FarSight], middle: f32) -> f32 {
    let mut most = [0.0_f32; LANES];
    for sight in sights {
        for ((most, rise), inverse) in most.iter_mut().zip(&sight.rise).zip(&sight.inverse) {
            let rise = (rise - middle * inverse).abs();
            *most = if rise > *most { rise } else { *most };
        }
    }
    most.into_iter().fold(0.0, |most, rise| if rise > most { rise } else { most })
}

/// The nearest integer; beyond the range its end.
#[inline(always)]
fn integer(value: f32) -> i16 {
    let value = if value > -MOST { value } else { -MOST };
    let value = if value < MOST { value } else { MOST };
    // Next to 1.5 * 2^23 the last bits of a float are an integer.
    (value + 12_582_912.0).to_bits() as u16 as i16
}
