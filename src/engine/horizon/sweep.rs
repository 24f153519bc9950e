//! One direction's skylines over a tile.
//!
//! The main axis of the direction is swept from the far end of the window. The near part of a skyline is that of
//! [`super::near`]: every crossing. The far part looks at lines `F` cells apart: of each `F` samples along a line the
//! highest is kept, with its true place, and joins the line's convex hull only when it lies beyond the near part. An
//! observer for each `F` x `F` cells finds the point of its hull that it sees highest; a cell takes the bearing
//! (height and inverse distance) of the four observers around it, bilinearly, and its own height.
//!
//! Sources: Dozier, Bruno and Downey 1981, *Computers & Geosciences* 7, 145-151 (profiles in linear time); Timonen and
//! Westerholm 2010, *Computer Graphics Forum* 29, 723-732 (sweeps with convex hulls).

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use std::ops::Range;

use super::frame::{Course, Frame, MARGIN};
use super::hull::{BLIND, Hulls, NOTHING, NOWHERE, Point};
use super::near::{self, Crossing, LANES};
use super::{STEPS, quantized};

/// Lower than any ground: an observer there stands on missing terrain, or half on it.
const LOWEST: f32 = -1000.0;

/// Groups of `F` rows that belong to the near part.
const DELAY: usize = 8;

/// What is swept.
#[derive(Debug, Clone)]
pub(super) struct Task<'a> {
    pub frame: &'a Frame,
    pub course: Course,
    /// Length of a step on the ground, m.
    pub step: f64,
    /// Radius of the earth for light, m; infinite: flat.
    pub radius: f64,
    /// The tile's rows and columns in the frame.
    pub rows: Range<usize>,
    pub columns: Range<usize>,
}

/// One kernel call: tangents of the skyline, quantized, row by row of the frame.
pub(super) struct Sweep<'a, 'o, const F: usize> {
    pub task: Task<'a>,
    pub out: &'o mut [i16],
}

impl<const F: usize> pulp::NullaryFnOnce for Sweep<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut state = State::<F>::new(&self.task);
        near_rows(&self.task, &state.crossings, self.out);
        for group in 0..=state.last.div_ceil(F) {
            state.sample(&self.task, group);
            state.look(&self.task, group);
            if let Some(before) = group.checked_sub(1) {
                state.rows(&self.task, before, self.out);
            }
        }
    }
}

/// The near part, a few columns at a time: what they see of the rows ahead stays in the first cache.
#[inline(always)]
fn near_rows(task: &Task<'_>, crossings: &[Crossing], out: &mut [i16]) {
    let columns = task.columns.len();
    let heights = task.frame.heights();
    for first in (0..columns).step_by(LANES) {
        for (row, line) in task.rows.clone().zip(out.chunks_exact_mut(columns)) {
            let start = task.frame.index(row, task.columns.start + first);
            let best = near::tangents(heights, start, crossings);
            // Loops, not `from_fn`: its closures are not inlined into the kernel and miss its instructions.
            let mut steps = [0_i16; LANES];
            for i in 0..LANES {
                steps[i] = quantized(best[i] * STEPS);
            }
            let count = LANES.min(columns - first);
            line[first..first + count].copy_from_slice(&steps[..count]);
        }
    }
}

/// The sweep at work. Rows are counted from the far end, lines sideways.
struct State<const F: usize> {
    /// The tile's first row and the one behind its last.
    first: usize,
    last: usize,
    /// Where line 0 would lie at row 0, columns.
    origin: isize,
    lines: usize,
    hulls: Hulls,
    /// The highest sample of each line in each of the last groups.
    groups: Vec<Vec<Point>>,
    observers: Vec<f32>,
    /// What the observers of the group before and of this one see.
    before: Vec<Point>,
    now: Vec<Point>,
    /// Bearings at the lines of a row: height over distance, inverse distance.
    rise: Vec<f32>,
    inverse: Vec<f32>,
    /// The same at its cells.
    cell_rise: Vec<f32>,
    cell_inverse: Vec<f32>,
    crossings: Vec<Crossing>,
}

impl<const F: usize> State<F> {
    #[inline(always)]
    fn new(task: &Task<'_>) -> Self {
        let (frame, course) = (task.frame, &task.course);
        let (first, last) = if course.forward {
            (frame.rows - task.rows.end, frame.rows - task.rows.start)
        } else {
            (task.rows.start, task.rows.end)
        };
        let (a, b) = (course.aside * first as f64, course.aside * (last + F) as f64);
        let origin = (task.columns.start as f64 + a.min(b)).floor() as isize - F as isize;
        let end = (task.columns.end as f64 + a.max(b)).ceil() as isize + F as isize;
        let lines = (end - origin) as usize / F + 2;
        // Whole vectors of lanes are read.
        let cells = (task.columns.len() + 2 * F).next_multiple_of(LANES) + LANES;
        Self {
            first,
            last,
            origin,
            lines,
            hulls: Hulls::new(lines, last.div_ceil(F) + 1),
            groups: vec![vec![NOWHERE; lines]; DELAY + 1],
            observers: vec![NOTHING; lines],
            before: vec![NOWHERE; lines],
            now: vec![NOWHERE; lines],
            rise: vec![0.0; lines],
            inverse: vec![0.0; lines],
            cell_rise: vec![0.0; cells],
            cell_inverse: vec![0.0; cells],
            crossings: near::crossings(course, frame, F * DELAY - 1, task.step, task.radius),
        }
    }

    /// The row of the frame.
    #[inline(always)]
    fn row_of(task: &Task<'_>, number: usize) -> Option<usize> {
        if task.course.forward {
            (task.frame.rows - 1).checked_sub(number)
        } else {
            (number < task.frame.rows).then_some(number)
        }
    }

    /// How far the lines lie aside at a row: whole columns and the rest.
    #[inline(always)]
    fn shift(task: &Task<'_>, number: usize) -> (isize, f32) {
        let aside = task.course.aside * number as f64;
        (aside.floor() as isize, (aside - aside.floor()) as f32)
    }

    /// How deep the ground lies below the far end's level plane: x^2 / 2R.
    #[inline(always)]
    fn drop(task: &Task<'_>, number: usize) -> f32 {
        let x = number as f64 * task.step;
        (x * x / (2.0 * task.radius)) as f32
    }

    /// Takes the samples of a group; the first of each line is its observer.
    #[inline(always)]
    fn sample(&mut self, task: &Task<'_>, group: usize) {
        let slot = &mut self.groups[group % (DELAY + 1)];
        slot.fill(NOWHERE);
        self.observers.fill(NOTHING);
        for number in group * F..(group + 1) * F {
            let Some(row) = Self::row_of(task, number) else { break };
            let (whole, part) = Self::shift(task, number);
            let drop = Self::drop(task, number);
            let start = self.origin - whole - 1;
            // Lines whose two nodes lie in the frame or its margin.
            let margin = MARGIN as isize;
            let low = ((-margin - start).max(0) as usize).div_ceil(F);
            let high = (task.frame.columns as isize + margin - 2 - start).div_euclid(F as isize) + 1;
            let high = (high.max(0) as usize).min(self.lines);
            if low >= high {
                continue;
            }
            let column = start + (low * F) as isize;
            let (a, b) = (task.frame.spaced(row, column), task.frame.spaced(row, column + 1));
            let number_of_row = number as f32;
            let samples = a.iter().zip(b).map(|(a, b)| b.mul_add(1.0 - part, a * part) - drop);
            if number == group * F {
                for ((best, observer), z) in
                    slot[low..high].iter_mut().zip(&mut self.observers[low..high]).zip(samples)
                {
                    *best = Point { row: number_of_row, z };
                    *observer = z;
                }
            } else {
                // Of equal heights the nearest stands highest.
                for (best, z) in slot[low..high].iter_mut().zip(samples) {
                    *best = if z >= best.z { Point { row: number_of_row, z } } else { *best };
                }
            }
        }
    }

    /// Lets the group that just became far join the hulls, and the observers look, where the tile needs them.
    #[inline(always)]
    fn look(&mut self, task: &Task<'_>, group: usize) {
        std::mem::swap(&mut self.before, &mut self.now);
        let Some(far) = group.checked_sub(DELAY) else { return };
        for (line, point) in self.groups[far % (DELAY + 1)].iter().enumerate() {
            if point.z > NOTHING {
                self.hulls.push(line, *point);
            }
        }
        if (group + 1) * F < self.first {
            return;
        }
        // The lines over the tile's columns here and a group on to both sides.
        let (a, b) =
            (self.line_over(task, group.saturating_sub(1) * F), self.line_over(task, (group + 1) * F));
        let low = a.min(b).saturating_sub(1);
        let high = (a.max(b) + task.columns.len() / F + 3).min(self.lines);
        let row = (group * F) as f32;
        for line in low..high {
            let z = self.observers[line];
            self.now[line] = if z > LOWEST { self.hulls.seen_from(line, Point { row, z }) } else { BLIND };
        }
        self.fill(low..high);
    }

    /// Beside holes and the edges of the terrain the observers without ground take what their neighbours see.
    #[inline(always)]
    fn fill(&mut self, lines: Range<usize>) {
        let blind = |point: &Point| *point == BLIND;
        let (now, before) = (&mut self.now[lines.clone()], &mut self.before[lines]);
        if !now.iter().chain(before.iter()).any(blind) {
            return;
        }
        for (now, before) in now.iter_mut().zip(before.iter_mut()) {
            if blind(now) {
                *now = *before;
            } else if blind(before) {
                *before = *now;
            }
        }
        for points in [now, before] {
            for i in 1..points.len() {
                if blind(&points[i]) {
                    points[i] = points[i - 1];
                }
            }
            for i in (1..points.len()).rev() {
                if blind(&points[i - 1]) {
                    points[i - 1] = points[i];
                }
            }
        }
    }

    /// How far the tile's first column lies from line 0 at a row, whole columns.
    #[inline(always)]
    fn column_over(&self, task: &Task<'_>, number: usize) -> usize {
        let (whole, _) = Self::shift(task, number);
        (task.columns.start as isize + whole - self.origin).max(0) as usize
    }

    /// The line over the tile's first column at a row, or next before it.
    #[inline(always)]
    fn line_over(&self, task: &Task<'_>, number: usize) -> usize {
        self.column_over(task, number) / F
    }

    /// The tile's rows between the observers of `group` and of the next one.
    #[inline(always)]
    fn rows(&mut self, task: &Task<'_>, group: usize, out: &mut [i16]) {
        for number in (group * F).max(self.first)..((group + 1) * F).min(self.last) {
            let Some(row) = Self::row_of(task, number) else { continue };
            let columns = task.columns.len();
            let Some(line) = out.chunks_exact_mut(columns).nth(row - task.rows.start) else { continue };
            self.bearings(task, number, (number - group * F) as f32 / F as f32);
            let skip = self.spread(task, number);
            let start = task.frame.index(row, task.columns.start);
            let heights = task.frame.heights();
            for (first, line) in (0..columns).step_by(LANES).zip(line.chunks_mut(LANES)) {
                let mut steps = [0_i16; LANES];
                let rise = self.cell_rise[skip + first..].first_chunk::<LANES>();
                let inverse = self.cell_inverse[skip + first..].first_chunk::<LANES>();
                let own = heights[start + first..].first_chunk::<LANES>();
                if let (Some(rise), Some(inverse), Some(own)) = (rise, inverse, own) {
                    for i in 0..LANES {
                        steps[i] = quantized((-own[i]).mul_add(inverse[i], rise[i]) * STEPS);
                    }
                }
                for (tangent, far) in line.iter_mut().zip(steps) {
                    *tangent = (*tangent).max(far);
                }
            }
        }
    }

    /// Bearings of a row at its lines, `part` of the way from the observers before to those of now.
    #[inline(always)]
    fn bearings(&mut self, task: &Task<'_>, number: usize, part: f32) {
        let row = number as f32;
        let per_step = (1.0 / task.step) as f32;
        let drop = Self::drop(task, number);
        let curve = (number as f64 * task.step / task.radius) as f32;
        let (near, far) = (per_step * part, per_step * (1.0 - part));
        let first = self.line_over(task, number);
        let used = first..(first + task.columns.len() / F + 3).min(self.lines);
        let seen = self.before[used.clone()].iter().zip(&self.now[used.clone()]);
        let bearings = self.rise[used.clone()].iter_mut().zip(&mut self.inverse[used]);
        for ((rise, inverse), (before, now)) in bearings.zip(seen) {
            let a = far / (row - before.row);
            let b = near / (row - now.row);
            *inverse = a + b;
            // Heights on the line are counted from its level plane, those of cells from the sea.
            *rise = before.z.mul_add(a, now.z.mul_add(b, drop.mul_add(*inverse, -curve)));
        }
    }

    /// Spreads the bearings to the cells; says which of them is the tile's first.
    #[inline(always)]
    fn spread(&mut self, task: &Task<'_>, number: usize) -> usize {
        let (_, part) = Self::shift(task, number);
        let from = self.column_over(task, number);
        let first = from / F;
        let mut weights = [0.0_f32; F];
        for (r, weight) in weights.iter_mut().enumerate() {
            *weight = (r as f32 + part) / F as f32;
        }
        for (values, to) in [(&self.rise, &mut self.cell_rise), (&self.inverse, &mut self.cell_inverse)] {
            let pairs = values[first..].iter().zip(&values[first + 1..]);
            let (to, _) = to.as_chunks_mut::<F>();
            for (to, (a, b)) in to.iter_mut().zip(pairs) {
                for r in 0..F {
                    to[r] = weights[r].mul_add(b - a, *a);
                }
            }
        }
        from % F
    }
}
