//! What stands far away in one direction: the far horizon as observers on a lattice over the tile see it.
//!
//! The main axis of the direction is swept from the far end of the window. Lines [`SPACING`] cells apart are sampled; of
//! each [`SPACING`] samples along a line, a group, the highest is kept with its true place ([`TILT`](super::geometry::TILT)). An observer stands at every
//! group of every line and looks back along it from where the near part ends, the 8th group before it or the 10th, four
//! times as far. What is farther it leaves to observers twice as far apart, who look at groups twice as long from the
//! 16th or 20th on, and so on: each level looks four times as far as the one before for half its cost, so that the cost
//! does not grow with the distance.
//!
//! A level takes the sights of the level above it between the observers there, evaluates them from its own heights, and
//! keeps the higher. A sight is a height over its distance and the inverse of the distance: linear in them, cells between
//! observers see the horizon from their own height, [`Lattice::between`].
//!
//! Sources: Dozier, Bruno and Downey 1981, *Computers & Geosciences* 7, 145-151 (profiles along a direction, swept);
//! Tabik, Zapata and Romero 2013, *International Journal of Geographical Information Science* 27, 804-814 (sectors).

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use std::ops::Range;

use super::super::lanes::{LANES, Simd};
use super::super::vector::Kernel;
use super::frame::SPACING;
use super::geometry::{Geometry, SweepTask};
use super::lattice::{Glimpse, Lattice};
use super::observers::Observers;
use super::samples::{Group, Samples};
use super::sight::{FarSight, LightPath};

/// What sweeps need of memory.
#[derive(Debug, Default)]
pub(super) struct SweepMemory {
    /// For each level, finest first.
    samples: Vec<Samples>,
    observers: Vec<Observers>,
}

/// Bytes of a sweep at most.
pub(super) struct SweepBytes {
    /// What it works with.
    pub memory: u64,
    /// What it leaves.
    pub lattice: u64,
}

/// Groups and strips that are there beside the ones asked for, so that all levels have whole ones.
const SPARE: usize = 32;

/// Bytes of a sweep over a tile in a window, of so many columns and rows, in any direction.
pub(super) fn bytes(tile: (usize, usize), window: (usize, usize)) -> SweepBytes {
    let groups = |rows: usize| rows / SPACING + SPARE;
    let strips = |columns: usize| columns / (SPACING * LANES);
    // Lines that run diagonally over the rows lie beside the tile by as much; the levels above have 1/4, 1/16, … as many.
    let sampled = |along: usize, across: usize| {
        groups(along) * (strips(across + along) + SPARE) * 4 / 3 * size_of::<Group>()
    };
    let (tall, broad) = (sampled(window.1, tile.0), sampled(window.0, tile.1));
    let seen = groups(tile.1) * (strips(tile.0) + 4);
    let seen = seen.max(groups(tile.0) * (strips(tile.1) + 4));
    let observers = (size_of::<FarSight>() + size_of::<[f32; LANES]>()) * seen * 3 / 2;
    SweepBytes { memory: (tall.max(broad) + observers) as u64, lattice: (size_of::<Glimpse>() * seen) as u64 }
}

/// One kernel call: sweeps a direction.
pub(super) struct Sweep<'a> {
    pub task: SweepTask<'a>,
    pub memory: &'a mut SweepMemory,
    /// A height amid the tile's, m.
    pub middle: f32,
    /// Where the sights are left.
    pub glimpses: Vec<Glimpse>,
}

impl Kernel for Sweep<'_> {
    type Output = Lattice;

    #[inline(always)]
    fn run<C: Simd>(self, class: C) -> Lattice {
        let Self { task, memory: SweepMemory { samples, observers }, middle, glimpses } = self;
        let numbers = task.numbers();
        // Groups that belong to the near part.
        let delay = (task.near + 1) / SPACING;
        let mut levels = 1;
        while (SPACING * delay) << (2 * levels) < numbers.end {
            levels += 1;
        }
        let extent = SweepExtent::new(&task, &numbers, levels);
        let geometry = extent.geometry;
        samples.resize_with(samples.len().max(levels), Samples::default);
        observers.resize_with(observers.len().max(levels), Observers::default);
        for level in 0..levels {
            let (finer, coarser) = samples.split_at_mut(level);
            let Some(samples) = coarser.first_mut() else { break };
            match finer.last() {
                None => samples.take(class, &task, &geometry, extent.groups, extent.strips),
                Some(finer) => samples.merge(finer),
            }
            let spacing = 1 << level;
            let farthest = if level + 1 < levels { 4 * delay * spacing } else { usize::MAX };
            let observers = &mut observers[level];
            observers.stand(extent.over(&task, &numbers, spacing), samples.strips());
            observers.look(class, samples, delay * spacing..farthest, &LightPath::new(&task, spacing));
        }
        for level in (0..levels).rev() {
            let (finer, coarser) = observers.split_at_mut(level);
            let Some(above) = coarser.first_mut() else { break };
            above.heal();
            if let Some(below) = finer.last_mut() {
                below.join(class, above);
            }
        }
        // What is seen farthest down or up from the nearest that the far part begins with.
        let nearest = (task.near + 1 - SPACING) as f64 * task.step;
        Lattice::new(geometry, &observers[0], (middle, nearest as f32), glimpses)
    }
}

/// How much is sampled and where observers stand.
struct SweepExtent {
    geometry: Geometry,
    /// Groups and strips of the finest level; enough for all levels to have whole ones.
    groups: usize,
    strips: usize,
}

impl SweepExtent {
    fn new(task: &SweepTask<'_>, numbers: &Range<usize>, levels: usize) -> Self {
        let coarse = 1 << (levels - 1);
        let (start, end) = (
            numbers.start / SPACING / coarse * coarse,
            numbers.end.div_ceil(SPACING).next_multiple_of(coarse),
        );
        let shift = |group: usize| task.course.aside * (group * SPACING) as f64;
        let room = (4 * SPACING * coarse) as isize;
        let leftmost = shift(start).min(shift(end + coarse)).floor() as isize;
        let rightmost = shift(start).max(shift(end + coarse)).ceil() as isize;
        let origin = task.columns.start as isize + leftmost - room;
        let columns = (task.columns.end as isize + rightmost + room - origin) as usize;
        let geometry = Geometry { course: task.course, rows: task.frame.rows, origin };
        let strips = columns.div_ceil(SPACING * LANES).next_multiple_of(coarse);
        Self { geometry, groups: end + coarse, strips }
    }

    /// The first group of the observers of a level, and for each group the lines that the level below asks for.
    fn over(
        &self,
        task: &SweepTask<'_>,
        numbers: &Range<usize>,
        spacing: usize,
    ) -> (usize, Vec<Range<usize>>) {
        let groups = numbers.start / SPACING / spacing..numbers.end.div_ceil(SPACING).div_ceil(spacing) + 1;
        let lines = |group: usize| {
            let around = (group * spacing).saturating_sub(spacing) * SPACING..(group + 1) * spacing * SPACING;
            let within = |number: usize| number.clamp(numbers.start, numbers.end);
            let over = self.geometry.lines_over(within(around.start)..within(around.end), &task.columns);
            (over.start / spacing).saturating_sub(1)..over.end.div_ceil(spacing) + 2
        };
        (groups.start, groups.map(lines).collect())
    }
}
