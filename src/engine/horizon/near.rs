//! The near part of a horizon: every crossing of the first steps, for a row of neighbouring cells at once.
//!
//! A ray meets the rows ahead between two nodes, at a sixteenth of a cell: the directions of all sets but uniform ones
//! are chosen so. The ground at the sixteenths of a row is interpolated once and serves all directions and the cells of
//! all rows behind; what is left for each crossing is a difference, a product and a comparison. Beyond the first steps
//! 16 bits do for that, twice as many cells at a time: heights in steps of 3 or 6 cm where cells are 25 m. Only where the
//! ground is so steep that the steps would be too coarse all crossings are looked at with all digits.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::lanes::{LANES, Lanes, SHORTS, Shorts, Simd};
use super::super::terrain::ABYSS;
use super::frame::Course;
use super::local::Local;
use super::sizes::{EDGE, REACH, ROOM};

/// The same of directions in which no low sun stands.
const SHORT_REACH: usize = 31;

/// How many crossings are looked at one by one: the horizon's error is that of the first far ones.
pub(super) fn reach((_, north): (f64, f64)) -> usize {
    // 67.5 degrees to both sides of south.
    if north < -0.38 { REACH } else { SHORT_REACH }
}

/// The first crossings, which are looked at with all digits.
const FIRST: usize = 7;

/// Parts of a cell at which rows are crossed.
const PARTS: usize = 16;

/// Columns of an interpolated row: those of the patch and as many as a ray may go aside.
const COLUMNS: usize = EDGE + 2 * ROOM;

/// An interpolated row: its sixteenths one after another, and room for whole vectors.
const STRIDE: usize = PARTS * COLUMNS + EDGE;

/// Interpolated rows that are kept: with all digits where those serve the first crossings only, else all.
const FIRST_ROWS: usize = FIRST + 1;
const ROWS: usize = REACH + 1;

/// Vectors of a row of a patch.
const ACROSS: usize = EDGE / LANES;
const SHORTS_ACROSS: usize = EDGE / SHORTS;

/// A row of a patch.
pub(super) type PatchRow<C> = [Lanes<C>; ACROSS];

/// A crossing with a row on the way to the horizon.
#[derive(Debug, Clone, Copy)]
struct Crossing {
    /// Its place in an interpolated row, for the first cell of the patch.
    at: usize,
    /// The inverse of the distance, 1/m.
    inverse: f32,
    /// What the earth's curve takes from the tangent.
    drop: f32,
}

/// The way of one direction.
#[derive(Debug)]
pub(super) struct March {
    crossings: Vec<Crossing>,
    /// What the earth's curve takes from the heights at the crossings behind the first, m.
    falls: Vec<f32>,
    /// Distance of the nearest of those, m.
    nearest: f32,
}

/// The parts of a cell that the directions of one main axis cross rows at.
#[derive(Debug, Default)]
pub(super) struct CrossingParts {
    parts: Vec<usize>,
}

impl CrossingParts {
    fn slot(&mut self, part: usize) -> usize {
        self.parts.iter().position(|p| *p == part).unwrap_or_else(|| {
            self.parts.push(part);
            self.parts.len() - 1
        })
    }
}

impl March {
    /// So many crossings of a course in steps of `step` metres over an earth of this radius; tells `parts` what it needs.
    pub(super) fn new(
        course: &Course,
        reach: usize,
        step: f64,
        radius: f64,
        parts: &mut CrossingParts,
    ) -> Self {
        let mut at = |k: usize| {
            let sixteenths = (course.aside * k as f64 * PARTS as f64).round() as isize;
            let column = sixteenths.div_euclid(PARTS as isize) + ROOM as isize;
            parts.slot(sixteenths.rem_euclid(PARTS as isize) as usize) * COLUMNS + column as usize
        };
        let crossings = (1..=reach).map(|k| {
            let distance = k as f64 * step;
            let (inverse, drop) = (1.0 / distance, distance / (2.0 * radius));
            Crossing { at: at(k), inverse: inverse as f32, drop: drop as f32 }
        });
        let crossings = crossings.collect();
        let fall = |k: usize| ((k as f64 * step).powi(2) / (2.0 * radius)) as f32;
        Self {
            crossings,
            falls: (FIRST + 1..=reach).map(fall).collect(),
            nearest: ((FIRST + 1) as f64 * step) as f32,
        }
    }

    /// What the earth's curve takes from the heights at the crossings behind the first, in steps.
    pub(super) fn falls(&self, scale: HeightScale, to: &mut Vec<i16>) {
        to.clear();
        to.extend(self.falls.iter().map(|fall| (fall * scale.per_metre).round() as i16));
    }
}

/// How heights around a patch become 16 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeightScale {
    middle: f32,
    /// Steps of a metre, a power of 2.
    per_metre: f32,
    /// 16 bits are enough.
    suffices: bool,
}

/// Steps in a tangent of 1 at the nearest crossing behind the first, at least, for 16 bits to be enough: 0.06 degrees. That
/// ground on cells of 25 m falls short of where it ranges over more than 4000 m around a patch.
const FINEST: f32 = 1000.0;

impl HeightScale {
    /// For heights in a range, on cells of this edge, m.
    pub(super) fn new((low, high): (f32, f32), cell: f32) -> Self {
        let mut per_metre = 1.0;
        let half = (high - low) / 2.0;
        // The whole range must fit: a wall's height over its foot. The steepest tangent that fits is 4 at least.
        let steepest = 8192.0 / ((FIRST + 1) as f32 * cell);
        while 4.0 * per_metre * half < 32_000.0 && 2.0 * per_metre <= steepest {
            per_metre *= 2.0;
        }
        while 2.0 * per_metre * half > 32_000.0 || per_metre > steepest {
            per_metre /= 2.0;
        }
        let suffices = per_metre * (FIRST + 1) as f32 * cell >= FINEST;
        Self { middle: low + half, per_metre, suffices }
    }

    /// Interpolated rows that are kept with all digits.
    #[inline(always)]
    fn rows(self) -> usize {
        if self.suffices { FIRST_ROWS } else { ROWS }
    }

    /// Heights in steps, as floats whose last 16 bits are the integer; beyond its range its end.
    #[inline(always)]
    fn steps<C: Simd>(self, class: C, z: Lanes<C>) -> Lanes<C> {
        let splat = |value| Lanes::splat(class, value);
        let steps = (z - splat(self.middle)) * splat(self.per_metre);
        steps.max(splat(f32::from(i16::MIN))).min(splat(f32::from(i16::MAX))) + splat(ROUND)
    }
}

/// Next to 1.5 * 2^23 the last bits of a float are an integer: a conversion that every processor does eight or sixteen at
/// a time.
const ROUND: f32 = 12_582_912.0;

#[inline(always)]
fn short(steps: f32) -> i16 {
    steps.to_bits() as u16 as i16
}

/// What crossings do to 16 bits: the inverse of their distance as a share of the nearest one's, in 2^-15. The same for
/// all directions.
const FACTORS: [i16; REACH - FIRST] = {
    let mut factors = [0; REACH - FIRST];
    let mut i = 0;
    while i < factors.len() {
        factors[i] = (32_767 * (FIRST + 1) / (FIRST + 1 + i)) as i16;
        i += 1;
    }
    factors
};

/// The cells of a row of the patch.
pub(super) struct Own<C: Simd> {
    pub floats: PatchRow<C>,
    shorts: [Shorts<C>; SHORTS_ACROSS],
}

impl<C: Simd> Own<C> {
    #[inline(always)]
    pub(super) fn new(class: C, floats: PatchRow<C>, scale: HeightScale) -> Self {
        let mut steps = [0.0; EDGE];
        for (to, z) in steps.as_chunks_mut::<LANES>().0.iter_mut().zip(floats) {
            scale.steps(class, z).store(to);
        }
        let mut cells = [0; EDGE];
        for i in 0..EDGE {
            cells[i] = short(steps[i]);
        }
        let mut shorts = [Shorts::splat(class, 0); SHORTS_ACROSS];
        for (to, from) in shorts.iter_mut().zip(cells.as_chunks::<SHORTS>().0) {
            *to = Shorts::load(class, from);
        }
        Self { floats, shorts }
    }
}

/// The last interpolated rows.
#[derive(Debug)]
pub(super) struct Ring {
    floats: Vec<f32>,
    shorts: Vec<i16>,
}

/// Where the rows before a row begin in a [`Ring`], nearest first.
pub(super) struct Before {
    floats: [usize; REACH],
    shorts: [usize; REACH - FIRST],
}

impl Before {
    /// The rows before a numbered one.
    pub(super) fn new(number: usize, scale: HeightScale) -> Self {
        let mut before = Self { floats: [0; REACH], shorts: [0; REACH - FIRST] };
        // One division for all of them.
        let row = |back: usize, rows: usize| match number % rows + rows - 1 - back {
            at if at < rows => at * STRIDE,
            at => (at - rows) * STRIDE,
        };
        let rows = scale.rows();
        for (back, at) in before.floats.iter_mut().enumerate().take(rows - 1) {
            *at = row(back, rows);
        }
        for (back, at) in before.shorts.iter_mut().enumerate() {
            *at = row(FIRST + back, ROWS);
        }
        before
    }
}

/// Stand in where the ring has no row: that never happens, and a way out of the loop would cost it its registers.
static NO_FLOATS: [f32; EDGE] = [ABYSS; EDGE];
static NO_SHORTS: [i16; EDGE] = [i16::MIN; EDGE];

impl Ring {
    pub(super) fn new() -> Self {
        Self { floats: vec![0.0; FIRST_ROWS * STRIDE], shorts: vec![0; ROWS * STRIDE] }
    }

    /// Makes room for rows in a scale.
    pub(super) fn make_room(&mut self, scale: HeightScale) {
        if !scale.suffices {
            self.floats.resize(ROWS * STRIDE, 0.0);
        }
    }

    /// Interpolates a row of the patch's surroundings; `number` counts rows away from the horizon.
    #[inline(always)]
    pub(super) fn push<C: Simd>(
        &mut self,
        class: C,
        number: usize,
        parts: &CrossingParts,
        scale: HeightScale,
        row: &[f32; Local::STRIDE],
    ) {
        let rows = scale.rows();
        let floats = &mut self.floats[number % rows * STRIDE..][..STRIDE];
        let shorts = &mut self.shorts[number % ROWS * STRIDE..][..STRIDE];
        let rows = floats.chunks_exact_mut(COLUMNS).zip(shorts.chunks_exact_mut(COLUMNS));
        for ((floats, shorts), part) in rows.zip(&parts.parts) {
            let part = Lanes::splat(class, *part as f32 / PARTS as f32);
            let mut steps = [0.0; COLUMNS];
            for at in (0..COLUMNS).step_by(LANES) {
                let (a, b) = (Lanes::from(class, &row[at..]), Lanes::from(class, &row[at + 1..]));
                let z = part.mul_add(b - a, a);
                z.put(&mut floats[at..]);
                scale.steps(class, z).put(&mut steps[at..]);
            }
            for (to, steps) in shorts.iter_mut().zip(&steps) {
                *to = short(*steps);
            }
        }
    }

    /// Tangents of the near horizon, 0 or more, over the cells of the row that follows the last one pushed. `falls` is
    /// [`March::falls`].
    #[inline(always)]
    pub(super) fn tangents<C: Simd>(
        &self,
        class: C,
        before: &Before,
        (march, falls): (&March, &[i16]),
        own: &Own<C>,
        scale: HeightScale,
    ) -> PatchRow<C> {
        if !scale.suffices {
            return self.in_floats(class, before, &march.crossings, &own.floats);
        }
        let mut best = self.in_floats(class, before, &march.crossings[..FIRST], &own.floats);
        let shorts = self.second(class, before, (march, falls), own);
        let unit = Lanes::splat(class, 1.0 / (scale.per_metre * march.nearest));
        for (best, shorts) in best.iter_mut().zip(shorts.as_chunks::<LANES>().0) {
            *best = (Lanes::of_i16(class, shorts) * unit).max(*best);
        }
        best
    }

    /// Crossings with all digits.
    #[inline(always)]
    fn in_floats<C: Simd>(
        &self,
        class: C,
        before: &Before,
        crossings: &[Crossing],
        own: &PatchRow<C>,
    ) -> PatchRow<C> {
        let mut best = [Lanes::splat(class, 0.0); ACROSS];
        for (row, crossing) in before.floats.iter().zip(crossings) {
            let z = self.floats.get(row + crossing.at..).and_then(<[f32]>::first_chunk::<EDGE>);
            let (z, _) = z.unwrap_or(&NO_FLOATS).as_chunks::<LANES>();
            let (inverse, drop) =
                (Lanes::splat(class, crossing.inverse), Lanes::splat(class, -crossing.drop));
            for i in 0..ACROSS {
                let tangent = (Lanes::load(class, &z[i]) - own[i]).mul_add(inverse, drop);
                best[i] = tangent.max(best[i]);
            }
        }
        best
    }

    /// Those behind the first, in steps over the distance of the nearest.
    #[inline(always)]
    fn second<C: Simd>(
        &self,
        class: C,
        before: &Before,
        (march, falls): (&March, &[i16]),
        own: &Own<C>,
    ) -> [i16; EDGE] {
        let mut best = [Shorts::splat(class, 0); SHORTS_ACROSS];
        let crossings = march.crossings[FIRST..].iter();
        let crossings = before.shorts.iter().zip(crossings).zip(falls.iter().zip(&FACTORS));
        for ((row, crossing), (fall, factor)) in crossings {
            let z = self.shorts.get(row + crossing.at..).and_then(<[i16]>::first_chunk::<EDGE>);
            let (z, _) = z.unwrap_or(&NO_SHORTS).as_chunks::<SHORTS>();
            let (factor, fall) = (Shorts::splat(class, *factor), Shorts::splat(class, *fall));
            for i in 0..SHORTS_ACROSS {
                let up = Shorts::load(class, &z[i]).sub(own.shorts[i]).sub(fall);
                best[i] = up.share(factor).max(best[i]);
            }
        }
        let mut all = [0; EDGE];
        for (to, best) in all.as_chunks_mut::<SHORTS>().0.iter_mut().zip(best) {
            best.store(to);
        }
        all
    }
}
