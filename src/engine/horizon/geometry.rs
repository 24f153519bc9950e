//! What a sweep goes over: its direction, and how the rows and lines of that lie.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use std::ops::Range;

use super::frame::{Course, Frame, SPACING};

/// What the plane of a sweep falls per metre away from the observers. Heights are counted from it: of a group's samples the
/// one is kept that stands highest in a view that rises as much, 7 degrees, as views of a horizon do. A level plane would
/// keep the farthest cell of a flat top, since the earth's curve bends away from it.
pub(super) const TILT: f64 = 0.125;

/// What is swept.
#[derive(Debug, Clone)]
pub(super) struct SweepTask<'a> {
    pub frame: &'a Frame,
    pub course: Course,
    /// Length of a step on the ground, m.
    pub step: f64,
    /// Radius of the earth for light, m; infinite: flat.
    pub radius: f64,
    /// Rows away from an observer that belong to the near part.
    pub near: usize,
    /// The tile's rows and columns in the frame.
    pub rows: Range<usize>,
    pub columns: Range<usize>,
}

impl SweepTask<'_> {
    /// How deep the sea lies below the sweep's plane at a numbered row: x^2 / 2R, less what the plane falls.
    pub(super) fn drop(&self, number: usize) -> f32 {
        let x = number as f64 * self.step;
        (x * x / (2.0 * self.radius) - TILT * x) as f32
    }

    /// The numbers of the tile's first row and of the one behind its last.
    pub(super) fn numbers(&self) -> Range<usize> {
        if self.course.forward {
            self.frame.rows - self.rows.end..self.frame.rows - self.rows.start
        } else {
            self.rows.clone()
        }
    }
}

/// How the rows and lines of a direction lie. Rows are numbered from the far end of the frame, lines sideways.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub course: Course,
    /// Rows of the frame.
    pub rows: usize,
    /// Column of line 0 at row 0.
    pub origin: isize,
}

impl Geometry {
    /// The number of a row, or the row of a number; `None` beyond the frame.
    #[inline(always)]
    pub(super) fn numbered(&self, row: usize) -> Option<usize> {
        let forward = if self.course.forward { (self.rows - 1).checked_sub(row)? } else { row };
        (forward < self.rows).then_some(forward)
    }

    /// How far a column lies from line 0 at a numbered row: whole columns and the rest.
    #[inline(always)]
    pub(super) fn place_of(&self, number: usize, column: isize) -> (isize, f32) {
        let aside = self.course.aside * number as f64;
        (column + aside.floor() as isize - self.origin, (aside - aside.floor()) as f32)
    }

    /// The column of the first node of line 0's sample at a numbered row, and that node's weight.
    #[inline(always)]
    pub(super) fn first_node(&self, number: usize) -> (isize, f32) {
        let (place, part) = self.place_of(number, 0);
        (-place - 1, part)
    }

    /// The lines over some columns at numbered rows from one to another, one more on either side.
    pub(super) fn lines_over(&self, numbers: Range<usize>, columns: &Range<usize>) -> Range<usize> {
        let place = |number, column: usize| self.place_of(number, column as isize).0;
        let ends = [numbers.start, numbers.end];
        let low = ends.map(|n| place(n, columns.start));
        let high = ends.map(|n| place(n, columns.end));
        let line = |place: isize| place.max(0) as usize / SPACING;
        line(low[0].min(low[1])).saturating_sub(1)..line(high[0].max(high[1])) + 3
    }
}
