//! Samples along the lines of a direction, in groups.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::lanes::{LANES, Lanes, Simd};
use super::super::terrain::ABYSS;
use super::frame::{MARGIN, SPACING};
use super::geometry::{Geometry, SweepTask};

/// The height of nothing: below all terrain, the missing one too.
pub(super) const NOTHING: f32 = -1.0e9;

/// Its row.
pub(super) const NOWHERE: f32 = -1.0e6;

/// Lower than any ground, above the sea: what stands there is missing terrain, or half of it.
pub(super) const LOWEST: f32 = -1000.0;

/// A group of samples on each of a strip's lines. Heights are counted from the sweep's plane, see [`SweepTask::drop`].
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Group {
    /// The highest, and its row.
    pub z: [f32; LANES],
    pub row: [f32; LANES],
    /// The first: there an observer stands. Where it has no ground, the next that has; [`NOTHING`] where none has.
    pub own: [f32; LANES],
}

impl Group {
    const NONE: Self = Self { z: [NOTHING; LANES], row: [NOWHERE; LANES], own: [NOTHING; LANES] };
}

/// The samples of a level.
#[derive(Debug, Default)]
pub(super) struct Samples {
    groups: usize,
    /// For each strip how many groups from the far end on were sampled.
    sampled: Vec<usize>,
    /// Strip by strip; kept from direction to direction for its memory.
    all: Vec<Group>,
}

/// Nodes beyond the frame.
static VOID: [f32; LANES] = [ABYSS; LANES];

impl Samples {
    /// Room for so many groups of so many strips.
    fn clear(&mut self, groups: usize, strips: usize) {
        self.groups = groups;
        self.sampled.clear();
        self.sampled.resize(strips, 0);
        if self.all.len() < groups * strips {
            self.all.resize(groups * strips, Group::NONE);
        }
    }

    /// Samples the frame; only lines that are yet to cross the tile.
    #[inline(always)]
    pub(super) fn take<C: Simd>(
        &mut self,
        class: C,
        task: &SweepTask<'_>,
        geometry: &Geometry,
        groups: usize,
        strips: usize,
    ) {
        self.clear(groups, strips);
        let numbers = task.numbers();
        for group in 0..groups.min(numbers.end.div_ceil(SPACING) + 1) {
            let ahead = (group * SPACING).clamp(numbers.start, numbers.end)..numbers.end;
            let over = geometry.lines_over(ahead, &task.columns);
            for strip in over.start / LANES..over.end.div_ceil(LANES).min(strips) {
                // Strips are left one after another, and never come back.
                self.sampled[strip] = group + 1;
                sample(class, task, geometry, (group, strip), &mut self.all[strip * groups + group]);
            }
        }
    }

    /// Strips of this level.
    pub(super) fn strips(&self) -> usize {
        self.sampled.len()
    }

    /// The groups of a strip from the far end on.
    #[inline(always)]
    pub(super) fn strip(&self, strip: usize) -> &[Group] {
        &self.all[strip * self.groups..][..self.sampled[strip]]
    }

    /// Makes this the next coarser level of another: pairs of groups, of every second line.
    #[inline(always)]
    pub(super) fn merge(&mut self, finer: &Self) {
        let (groups, strips) = (finer.groups / 2, finer.strips() / 2);
        self.clear(groups, strips);
        for strip in 0..strips {
            let halves = (finer.strip(2 * strip), finer.strip(2 * strip + 1));
            self.sampled[strip] = halves.0.len().max(halves.1.len()).div_ceil(2).min(groups);
            for group in 0..self.sampled[strip] {
                let to = &mut self.all[strip * groups + group];
                for (half, at) in [(halves.0, 0), (halves.1, LANES / 2)] {
                    let far = half.get(2 * group).unwrap_or(&Group::NONE);
                    let near = half.get(2 * group + 1).unwrap_or(&Group::NONE);
                    merge(far, near, at, to);
                }
            }
        }
    }
}

/// Every second line of two groups, the far one first, to lines from `at` on.
#[inline(always)]
fn merge(far: &Group, near: &Group, at: usize, to: &mut Group) {
    for i in 0..LANES / 2 {
        let nearer = near.z[2 * i] >= far.z[2 * i];
        to.z[at + i] = if nearer { near.z[2 * i] } else { far.z[2 * i] };
        to.row[at + i] = if nearer { near.row[2 * i] } else { far.row[2 * i] };
        let mut own = far.own[2 * i];
        for other in [far.own[2 * i + 1], near.own[2 * i], near.own[2 * i + 1]] {
            own = if own > NOTHING { own } else { other };
        }
        to.own[at + i] = own;
    }
}

/// Samples a group of a strip; nothing is there beside the frame.
#[inline(always)]
fn sample<C: Simd>(
    class: C,
    task: &SweepTask<'_>,
    geometry: &Geometry,
    (group, strip): (usize, usize),
    to: &mut Group,
) {
    let mut best = Lanes::splat(class, NOTHING);
    let (mut place, mut own) = (Lanes::splat(class, NOWHERE), best);
    let lowest = Lanes::splat(class, LOWEST - task.drop(group * SPACING));
    for number in group * SPACING..(group + 1) * SPACING {
        let (column, part) = geometry.first_node(number);
        let column = column + (strip * LANES * SPACING) as isize;
        let margin = MARGIN as isize;
        // The last node read is the second one of the strip's last line.
        if column < -margin || column + (LANES * SPACING) as isize >= task.frame.columns as isize + margin {
            *to = Group::NONE;
            return;
        }
        let (first, second) = match geometry.numbered(number) {
            Some(row) => (task.frame.spaced(row, column), task.frame.spaced(row, column + 1)),
            None => (VOID.as_slice(), VOID.as_slice()),
        };
        let (first, second) = (Lanes::from(class, first), Lanes::from(class, second));
        let (part, rest) = (Lanes::splat(class, part), Lanes::splat(class, 1.0 - part));
        let z = second.mul_add(rest, first * part) - Lanes::splat(class, task.drop(number));
        // Of equal heights the nearest stands highest.
        let lower = z.less(best);
        best = lower.select(best, z);
        place = lower.select(place, Lanes::splat(class, number as f32));
        own = lowest.less(own).select(own, z);
    }
    best.store(&mut to.z);
    place.store(&mut to.row);
    lowest.less(own).select(own, Lanes::splat(class, NOTHING)).store(&mut to.own);
}
