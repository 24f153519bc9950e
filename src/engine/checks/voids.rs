//! Holes in a raster, found while its rows pass by from north to south.

use serde::{Deserialize, Serialize};

/// A cell of a raster: column and row.
pub(in super::super) type Cell = (u64, u64);

/// Parts of holes that are remembered before those that are closed are counted and forgotten.
const MOST_PARTS: usize = 1 << 16;

/// The holes of a raster: cells without a value with cells that have one all around. What reaches the edge of the raster, as
/// the sea mostly does, is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(in super::super) struct Holes {
    /// How many there are.
    pub(in super::super) count: u64,
    /// Their cells.
    pub(in super::super) cells: u64,
    /// Cells of the largest.
    pub(in super::super) largest: u64,
    /// Its northernmost cell: column and row, counted in the raster.
    pub(in super::super) at: Cell,
}

/// Cells without a value side by side in a row, `[from, to)`, and the part that they belong to.
#[derive(Debug, Clone, Copy)]
struct VoidRun {
    from: usize,
    to: usize,
    part: usize,
}

/// Runs that touch. A part that was joined to another points at it.
#[derive(Debug, Clone, Copy)]
struct VoidPart {
    joined: usize,
    cells: u64,
    open: bool,
    at: Cell,
}

/// The search for holes.
#[derive(Debug, Default)]
pub(in super::super) struct Search {
    above: Vec<VoidRun>,
    parts: Vec<VoidPart>,
    holes: Holes,
    begun: bool,
}

impl Search {
    /// A row that lacks no value.
    pub(in super::super) fn full_row(&mut self) {
        self.begun = true;
        self.above.clear();
        self.forget_closed();
    }

    /// The next row; it begins at the cell `(column, row)` of the raster.
    pub(in super::super) fn row(&mut self, values: &[f32], (column, row): Cell) {
        let first = !std::mem::replace(&mut self.begun, true);
        let mut runs: Vec<VoidRun> = Vec::new();
        let mut from = 0;
        while let Some(skipped) = values[from..].iter().position(|v| v.is_nan()) {
            let begin = from + skipped;
            let length = values[begin..].iter().position(|v| !v.is_nan()).unwrap_or(values.len() - begin);
            let (part, to) = (self.parts.len(), begin + length);
            self.parts.push(VoidPart {
                joined: part,
                cells: length as u64,
                open: first || begin == 0 || to == values.len(),
                at: (column + begin as u64, row),
            });
            runs.push(VoidRun { from: begin, to, part });
            from = to;
        }
        // Both lists go from west to east.
        let (mut i, mut j) = (0, 0);
        while let (Some(upper), Some(lower)) = (self.above.get(i).copied(), runs.get(j).copied()) {
            // Corners touch.
            if upper.from <= lower.to && lower.from <= upper.to {
                self.join(upper.part, lower.part);
            }
            if upper.to < lower.to { i += 1 } else { j += 1 }
        }
        self.above = runs;
        if self.parts.len() > MOST_PARTS {
            self.forget_closed();
        }
    }

    /// The holes; the last row was the raster's.
    pub(in super::super) fn finish(mut self) -> Holes {
        for run in std::mem::take(&mut self.above) {
            let root = self.root(run.part);
            self.parts[root].open = true;
        }
        self.forget_closed();
        self.holes
    }

    fn root(&mut self, mut part: usize) -> usize {
        while self.parts[part].joined != part {
            // Halves the way of the next search.
            self.parts[part].joined = self.parts[self.parts[part].joined].joined;
            part = self.parts[part].joined;
        }
        part
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return;
        }
        // The older one began farther north.
        let (keep, drop) = (one.min(other), one.max(other));
        let dropped = self.parts[drop];
        self.parts[drop].joined = keep;
        self.parts[keep].cells += dropped.cells;
        self.parts[keep].open |= dropped.open;
    }

    /// Counts the parts that the row at hand has no run of, and keeps the others only.
    fn forget_closed(&mut self) {
        if self.parts.is_empty() {
            return;
        }
        let mut above = std::mem::take(&mut self.above);
        let roots: Vec<usize> = above.iter().map(|run| self.root(run.part)).collect();
        let mut places = std::collections::BTreeMap::new();
        let mut kept = Vec::new();
        for root in roots.iter().copied().collect::<std::collections::BTreeSet<_>>() {
            places.insert(root, kept.len());
            kept.push(VoidPart { joined: kept.len(), ..self.parts[root] });
        }
        for (number, part) in self.parts.iter().enumerate() {
            if part.joined != number || part.open || places.contains_key(&number) {
                continue;
            }
            self.holes.count += 1;
            self.holes.cells += part.cells;
            if part.cells > self.holes.largest {
                (self.holes.largest, self.holes.at) = (part.cells, part.at);
            }
        }
        for (run, root) in above.iter_mut().zip(roots) {
            run.part = places.get(&root).copied().unwrap_or_default();
        }
        (self.above, self.parts) = (above, kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The holes of a picture: `.` is a cell without a value.
    fn holes(rows: &[&str]) -> Holes {
        let mut search = Search::default();
        for (y, row) in rows.iter().enumerate() {
            let values: Vec<f32> = row.chars().map(|c| if c == '.' { f32::NAN } else { 1.0 }).collect();
            if row.contains('.') {
                search.row(&values, (10, 20 + y as u64));
            } else {
                search.full_row();
            }
        }
        search.finish()
    }

    #[test]
    fn a_hole_is_closed_all_around_and_counted_once() {
        let found = holes(&["#######", "##.#.##", "##...##", "#######", "##.####", "#######"]);
        assert_eq!(found, Holes { count: 2, cells: 6, largest: 5, at: (12, 21) });
    }

    #[test]
    fn what_reaches_an_edge_is_none() {
        for open in [
            ["#.#####", "#.#####", "#######", "#######"],
            ["#######", ".######", "#..####", "#######"],
            ["#######", "####..#", "#####..", "#######"],
            ["#######", "#.###.#", "#.....#", "###.###"],
        ] {
            assert_eq!(holes(&open), Holes::default(), "{open:?}");
        }
    }

    #[test]
    fn parts_that_meet_farther_south_are_one_and_corners_touch() {
        let found = holes(&["########", "#.####.#", "#.####.#", "##.##.##", "###..###", "########"]);
        assert_eq!((found.count, found.cells), (1, 8));
        let comb = holes(&["#########", "#.#.#.#.#", "#.#.#.#.#", "#.......#", "#########"]);
        assert_eq!((comb.count, comb.cells, comb.at), (1, 15, (11, 21)));
    }

    #[test]
    fn closed_parts_are_forgotten_without_being_lost() {
        let mut search = Search::default();
        let width = 4001;
        let speckled: Vec<f32> = (0..width).map(|x| if x % 2 == 1 { f32::NAN } else { 1.0 }).collect();
        let full = vec![1.0; width];
        search.full_row();
        for y in 0..100 {
            let (values, row) = if y % 2 == 0 { (&speckled, true) } else { (&full, false) };
            if row {
                search.row(values, (0, y));
            } else {
                search.full_row();
            }
            assert!(search.parts.len() <= MOST_PARTS + width);
        }
        search.full_row();
        let holes = search.finish();
        assert_eq!((holes.count, holes.cells, holes.largest), (50 * 2000, 50 * 2000, 1));
    }
}
