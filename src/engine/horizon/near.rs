//! The near part of a skyline: every crossing of the first steps, for neighbouring cells at once.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::terrain::ABYSS;
use super::frame::{Course, Frame};

/// Cells that are worked on at once.
pub(super) const LANES: usize = 32;

/// One crossing with a row on the way to the horizon.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossing {
    /// Where its first node lies from the cell's, in [`Frame::heights`].
    offset: isize,
    /// Weights of its two nodes over the distance, and the distance's inverse, 1/m.
    first: f32,
    second: f32,
    inverse: f32,
    /// What the earth's curve takes from the tangent.
    drop: f32,
}

/// The first `count` crossings of a course, steps of `step` metres over an earth of this radius.
pub(super) fn crossings(
    course: &Course,
    frame: &Frame,
    count: usize,
    step: f64,
    radius: f64,
) -> Vec<Crossing> {
    let crossing = |k: usize| {
        let along = if course.forward { k as isize } else { -(k as isize) };
        let position = course.aside * k as f64;
        let (floor, distance) = (position.floor(), k as f64 * step);
        let part = position - floor;
        Crossing {
            offset: along * frame.stride() as isize + floor as isize,
            first: ((1.0 - part) / distance) as f32,
            second: (part / distance) as f32,
            inverse: (1.0 / distance) as f32,
            drop: -(distance / (2.0 * radius)) as f32,
        }
    };
    (1..=count).map(crossing).collect()
}

/// What stands beyond the frame; its margin is wide enough that nothing is ever taken from here.
static BEYOND: [f32; LANES + 1] = [ABYSS; LANES + 1];

/// Tangents of the near skyline over [`LANES`] cells, the first of which stands at `start`.
#[inline(always)]
pub(super) fn tangents(heights: &[f32], start: usize, crossings: &[Crossing]) -> [f32; LANES] {
    let mut best = [f32::MIN; LANES];
    let Some(own) = heights.get(start..).and_then(<[f32]>::first_chunk::<LANES>) else { return best };
    let own = *own;
    for crossing in crossings {
        let at = start.wrapping_add_signed(crossing.offset);
        // Without a way out of the loop the tangents stay in registers.
        let z = heights.get(at..).and_then(<[f32]>::first_chunk::<{ LANES + 1 }>).unwrap_or(&BEYOND);
        for i in 0..LANES {
            let rise = z[i].mul_add(crossing.first, crossing.drop);
            let rise = z[i + 1].mul_add(crossing.second, rise);
            let rise = (-own[i]).mul_add(crossing.inverse, rise);
            best[i] = if rise > best[i] { rise } else { best[i] };
        }
    }
    best
}
