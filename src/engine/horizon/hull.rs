//! Convex hulls over lines of far points, one stack for each line.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

/// The height of nothing: below all terrain, the missing one too.
pub(super) const NOTHING: f32 = -1.0e7;

/// A point of a line: its row counted from the far end, and its height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub row: f32,
    pub z: f32,
}

/// What is seen where there is nothing: endlessly far and deep.
pub(super) const NOWHERE: Point = Point { row: -1.0e6, z: NOTHING };

/// Nothing is known of what is seen: the observer has no ground. Taken as it is, it is like [`NOWHERE`].
pub(super) const BLIND: Point = Point { row: -2.0e6, z: 2.0 * NOTHING };

/// The stacks of all lines.
#[derive(Debug)]
pub(super) struct Hulls {
    depth: usize,
    points: Vec<Point>,
    tops: Vec<u32>,
}

impl Hulls {
    /// For `lines` lines of at most `depth` points each.
    pub(super) fn new(lines: usize, depth: usize) -> Self {
        // Under the first point of each line lies one that is never taken off.
        let depth = depth + 2;
        Self { depth, points: vec![NOWHERE; lines * depth], tops: vec![0; lines] }
    }

    /// Adds the next point of a line.
    #[inline(always)]
    pub(super) fn push(&mut self, line: usize, point: Point) {
        let stack = &mut self.points[line * self.depth..(line + 1) * self.depth];
        let top = tangent_index(stack, self.tops[line] as usize, point) + 1;
        stack[top] = point;
        self.tops[line] = top as u32;
    }

    /// The point of a line that stands highest seen from an observer beyond its last one.
    #[inline(always)]
    pub(super) fn seen_from(&self, line: usize, observer: Point) -> Point {
        let stack = &self.points[line * self.depth..(line + 1) * self.depth];
        stack[tangent_index(stack, self.tops[line] as usize, observer)]
    }
}

/// Goes down a hull as long as the next point stands at least as high, seen from an observer.
#[inline(always)]
fn tangent_index(stack: &[Point], mut top: usize, observer: Point) -> usize {
    let mut best = stack[top];
    while top > 0 {
        let next = stack[top - 1];
        let (rise, run) = (best.z - observer.z, observer.row - best.row);
        let (next_rise, next_run) = (next.z - observer.z, observer.row - next.row);
        if next_rise * run < rise * next_run {
            break;
        }
        top -= 1;
        best = next;
    }
    top
}
