//! The near part of a skyline: every crossing of the first steps, for a row of neighbouring cells at once.
//!
//! A ray meets the rows ahead between two nodes, at a sixteenth of a cell: the directions of all sets but uniform ones
//! are chosen so. The ground at the sixteenths of a row is interpolated once and serves all directions and the cells of
//! all rows behind; what is left for each crossing is a difference, a product and a comparison.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::lanes::{Class, LANES, Lanes};
use super::frame::Course;
use super::patch::{EDGE, Local, ROOM};

/// Crossings that are looked at one by one.
pub(super) const REACH: usize = 31;

/// Parts of a cell at which rows are crossed.
const PARTS: usize = 16;

/// Columns of an interpolated row: those of the patch and as many as a ray may go aside.
const COLUMNS: usize = EDGE + 2 * ROOM;

/// Interpolated rows that are kept.
const ROWS: usize = REACH + 1;

/// One crossing with a row on the way to the horizon.
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
    crossings: [Crossing; REACH],
}

/// The parts of a cell that the directions of one main axis cross rows at.
#[derive(Debug, Default)]
pub(super) struct Parts {
    parts: Vec<usize>,
}

impl March {
    /// A course in steps of `step` metres over an earth of this radius; tells `parts` what it needs.
    pub(super) fn new(course: &Course, step: f64, radius: f64, parts: &mut Parts) -> Self {
        let crossings = std::array::from_fn(|i| {
            let k = (i + 1) as f64;
            let sixteenths = (course.aside * k * PARTS as f64).round() as isize;
            let column = sixteenths.div_euclid(PARTS as isize) + ROOM as isize;
            let slot = parts.slot(sixteenths.rem_euclid(PARTS as isize) as usize);
            let distance = k * step;
            Crossing {
                at: slot * COLUMNS + column as usize,
                inverse: (1.0 / distance) as f32,
                drop: -(distance / (2.0 * radius)) as f32,
            }
        });
        Self { crossings }
    }
}

impl Parts {
    fn slot(&mut self, part: usize) -> usize {
        self.parts.iter().position(|p| *p == part).unwrap_or_else(|| {
            self.parts.push(part);
            self.parts.len() - 1
        })
    }
}

/// Vectors of a row of a patch, and such a row.
const ACROSS: usize = EDGE / LANES;
pub(super) type Row<C> = [Lanes<C>; ACROSS];

/// The last interpolated rows.
#[derive(Debug)]
pub(super) struct Ring {
    rows: Vec<f32>,
}

/// An interpolated row: its sixteenths one after another, and room for whole vectors.
const STRIDE: usize = PARTS * COLUMNS + EDGE;

/// Stands in where the ring has no row: that never happens, and a way out of the loop would cost it its registers.
static NOTHING: [f32; EDGE] = [f32::MIN; EDGE];

impl Ring {
    pub(super) fn new() -> Self {
        Self { rows: vec![0.0; ROWS * STRIDE] }
    }

    /// Interpolates a row of the patch's surroundings; `number` counts rows away from the horizon.
    #[inline(always)]
    pub(super) fn push<C: Class>(
        &mut self,
        class: C,
        number: usize,
        parts: &Parts,
        row: &[f32; Local::STRIDE],
    ) {
        let ring = &mut self.rows[number % ROWS * STRIDE..][..STRIDE];
        for (to, part) in ring.chunks_exact_mut(COLUMNS).zip(&parts.parts) {
            let part = Lanes::splat(class, *part as f32 / PARTS as f32);
            for at in (0..COLUMNS).step_by(LANES) {
                let (a, b) = (Lanes::from(class, &row[at..]), Lanes::from(class, &row[at + 1..]));
                part.mul_add(b - a, a).put(&mut to[at..]);
            }
        }
    }

    /// Tangents of the near skyline, 0 or more, over the cells of the row that follows the last one pushed, which is
    /// number `number`; `own` are the cells' heights.
    #[inline(always)]
    pub(super) fn tangents<C: Class>(&self, class: C, number: usize, march: &March, own: &Row<C>) -> Row<C> {
        let mut best = [Lanes::splat(class, 0.0); ACROSS];
        for (back, crossing) in march.crossings.iter().enumerate() {
            let at = number.wrapping_sub(back + 1) % ROWS * STRIDE + crossing.at;
            let z = self.rows.get(at..).and_then(<[f32]>::first_chunk::<EDGE>).unwrap_or(&NOTHING);
            let (z, _) = z.as_chunks::<LANES>();
            let (inverse, drop) = (Lanes::splat(class, crossing.inverse), Lanes::splat(class, crossing.drop));
            for i in 0..ACROSS {
                let tangent = (Lanes::load(class, &z[i]) - own[i]).mul_add(inverse, drop);
                best[i] = tangent.max(best[i]);
            }
        }
        best
    }
}
