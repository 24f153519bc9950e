//! One look at every cell of a raster that the maps depend on, band by band, in little memory.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::Problem;
use super::super::geotiff::Raster;
use super::super::grid::Grid;
use super::super::rectangles::Span;
use super::voids::{Cell, Holes, Search};

/// Cells of a band: it is read and looked at at once.
const CELLS_OF_A_BAND: usize = 1 << 22;

/// As many even where the rows of the file's blocks have more.
const MOST_CELLS_OF_A_BAND: usize = 1 << 25;

/// Different values, and cliffs, that are remembered one by one: a raster with more is broken as a whole.
const MOST_REMEMBERED: usize = 1 << 16;

/// What the cells of a raster are measured by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Rules {
    /// The least value that can be.
    pub(in super::super) low: f32,
    /// The greatest.
    pub(in super::super) high: f32,
    /// Differences between neighbouring cells; `None` where they tell nothing.
    pub(in super::super) steps: Option<Steepness>,
}

/// Differences of height between neighbouring cells, m.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Steepness {
    /// No shore and no lake has it.
    pub(in super::super) steep: f32,
    /// The greatest cliffs on earth have hardly more.
    pub(in super::super) cliff: f32,
    /// No ground has it.
    pub(in super::super) impossible: f32,
}

impl Steepness {
    /// Between cells of this size, m: wide cells hold whole mountainsides.
    pub(in super::super) fn of_cells(cell: f64) -> Self {
        let cell = cell as f32;
        Self {
            steep: (3.0 * cell).max(300.0),
            cliff: (3.0 * cell).max(1000.0),
            impossible: (6.0 * cell).max(2500.0),
        }
    }
}

/// What was found; places are columns and rows of the raster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Survey {
    /// Cells with a value in the part that is mapped.
    pub(in super::super) valid: u64,
    /// Cells without one there.
    pub(in super::super) missing: u64,
    /// Least and greatest value, wherever they are.
    pub(in super::super) range: Option<(f32, f32)>,
    /// Values that cannot be, wherever they are.
    pub(in super::super) strays: Strays,
    /// Cells of exactly 0.
    pub(in super::super) zeros: u64,
    /// Values that repeat at steep steps.
    pub(in super::super) repeated: Vec<Repeated>,
    /// Steps that no repeated value explains.
    pub(in super::super) steps: SharpSteps,
    /// Cells that stand out from all around.
    pub(in super::super) spikes: SharpSteps,
    pub(in super::super) holes: Holes,
}

/// Values that cannot be.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(in super::super) struct Strays {
    /// Cells looked at that have a value.
    pub(in super::super) of: u64,
    pub(in super::super) count: u64,
    pub(in super::super) low: f32,
    pub(in super::super) high: f32,
    /// The first cell, and its value.
    pub(in super::super) first: Option<(Cell, f32)>,
    /// The value of nearly all of them.
    pub(in super::super) one: Option<f32>,
}

/// A value on one side of steep steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Repeated {
    pub(in super::super) value: f32,
    pub(in super::super) steps: u64,
    /// The greatest of them, m.
    pub(in super::super) largest: f32,
    /// A cell of that value, the first.
    pub(in super::super) at: Cell,
}

/// Steps between neighbouring cells, or cells that stand out.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "Steps")]
pub(in super::super) struct SharpSteps {
    pub(in super::super) count: u64,
    /// The greatest, m.
    pub(in super::super) largest: f32,
    /// Its cell.
    pub(in super::super) at: Cell,
}

impl SharpSteps {
    fn add(&mut self, count: u64, height: f32, at: Cell) {
        self.count += count;
        if height > self.largest {
            (self.largest, self.at) = (height, at);
        }
    }
}

/// Values that cannot be, as they are found.
#[derive(Debug, Default)]
pub(in super::super) struct Collector {
    strays: Strays,
    values: HashMap<u32, u64>,
}

impl Collector {
    /// A cell whose value is outside the rules.
    fn stray(&mut self, at: Cell, value: f32) {
        let strays = &mut self.strays;
        strays.count += 1;
        if strays.first.is_none() {
            (strays.first, strays.low, strays.high) = (Some((at, value)), value, value);
        }
        (strays.low, strays.high) = (strays.low.min(value), strays.high.max(value));
        if self.values.len() < MOST_REMEMBERED {
            *self.values.entry(value.to_bits()).or_default() += 1;
        } else if let Some(count) = self.values.get_mut(&value.to_bits()) {
            *count += 1;
        }
    }

    /// All cells of a window whose first is the cell `(column, row)` of the raster.
    pub(in super::super) fn window(&mut self, grid: &Grid, (column, row): (isize, isize), rules: Rules) {
        self.strays.of += grid.values.iter().filter(|v| !v.is_nan()).count() as u64;
        if !any_outside(&grid.values, rules) {
            return;
        }
        for (i, value) in grid.values.iter().enumerate().filter(|(_, v)| is_outside(**v, rules)) {
            let at = ((column + (i % grid.width) as isize) as u64, (row + (i / grid.width) as isize) as u64);
            self.stray(at, *value);
        }
    }

    /// No cell with a value was seen yet.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.strays.of == 0
    }

    pub(in super::super) fn finish(self) -> Strays {
        let most = self.values.iter().max_by_key(|(bits, count)| (**count, **bits));
        let one = most.filter(|(_, count)| **count * 10 >= self.strays.count * 9);
        Strays { one: one.map(|(bits, _)| f32::from_bits(*bits)), ..self.strays }
    }
}

/// A value that cannot be; what is missing is none.
fn is_outside(value: f32, rules: Rules) -> bool {
    value < rules.low || value > rules.high
}

/// The values of a window that cannot be, where there are any. Its first cell is the cell `corner` of the raster.
pub(in super::super) fn strays_in(window: &Grid, corner: (isize, isize), rules: Rules) -> Option<Strays> {
    any_outside(&window.values, rules).then(|| {
        let mut found = Collector::default();
        found.window(window, corner, rules);
        found.finish()
    })
}

/// Whether there is a value that cannot be.
fn any_outside(values: &[f32], rules: Rules) -> bool {
    // Whole pieces without a branch are looked at many cells at once.
    values.chunks(1024).any(|piece| piece.iter().fold(false, |any, v| any | is_outside(*v, rules)))
}

/// What a row has that is looked at again, cell by cell.
#[derive(Debug, Clone, Copy)]
struct SurveyRow {
    low: f32,
    high: f32,
    missing: u32,
    zeros: u32,
    steep: bool,
}

impl SurveyRow {
    fn of(row: &[f32], above: &[f32], rules: Rules) -> Self {
        let (low, high, steep) = (f32::INFINITY, f32::NEG_INFINITY, false);
        let mut found = Self { low, high, missing: 0, zeros: 0, steep };
        for value in row {
            found.low = found.low.min(*value);
            found.high = found.high.max(*value);
            found.missing += u32::from(value.is_nan());
            found.zeros += u32::from(*value == 0.0);
        }
        if let Some(steps) = rules.steps {
            let differ = |any: bool, (a, b): (&f32, &f32)| any | ((a - b).abs() > steps.steep);
            let along = row.iter().zip(row.iter().skip(1)).fold(false, differ);
            found.steep = row.iter().zip(above).fold(along, differ);
        }
        found
    }
}

/// Two neighbouring cells with a cliff between them.
#[derive(Debug, Clone, Copy)]
struct Cliff {
    upper: (Cell, f32),
    lower: (Cell, f32),
}

/// All that was seen so far.
struct Eye {
    rules: Rules,
    /// What is read, and the part of it that is mapped.
    all: Span,
    mapped: Span,
    valid: u64,
    missing: u64,
    range: (f32, f32),
    zeros: u64,
    strays: Collector,
    /// Values at steep steps.
    values: HashMap<u32, Repeated>,
    steep: u64,
    cliffs: Vec<Cliff>,
    /// Cliffs beyond those that are remembered one by one.
    more: SharpSteps,
    search: Search,
}

/// Looks at every cell of `all`, of which `mapped` is mapped. After each band `progress` is told how many cells that were.
///
/// # Errors
/// When the raster cannot be read.
pub(in super::super) fn survey(
    raster: &Raster,
    parts: (Span, Span),
    rules: Rules,
    progress: &dyn Fn(u64),
) -> Result<Survey, Problem> {
    let rows = rows_of_a_band(raster.rows_of_a_chunk(), parts.0.width);
    in_bands(raster, rows, parts, rules, progress)
}

/// As [`survey`], in bands of so many rows.
fn in_bands(
    raster: &Raster,
    rows: usize,
    (all, mapped): (Span, Span),
    rules: Rules,
    progress: &dyn Fn(u64),
) -> Result<Survey, Problem> {
    let mut eye = Eye::new(rules, all, mapped);
    let mut above: Vec<f32> = Vec::new();
    for Span { column, row: first, width, height } in bands(all, rows) {
        let grid = raster.window(column, first, width, height)?;
        let over = |j: usize| match j {
            0 => above.as_slice(),
            _ => &grid.values[(j - 1) * width..j * width],
        };
        let found: Vec<SurveyRow> = (grid.values.par_chunks(width.max(1)).enumerate())
            .map(|(j, row)| SurveyRow::of(row, over(j), rules))
            .collect();
        for (j, (row, found)) in grid.values.chunks(width.max(1)).zip(found).enumerate() {
            eye.take(row, over(j), first + j as isize, found);
        }
        above = grid.values[(height - 1) * width..].to_vec();
        progress((height * width) as u64);
    }
    Ok(eye.finish())
}

/// A part of a raster in bands of whole rows of the file's blocks; smaller ones where as much of other rasters is read with
/// each, so that there are `rasters` in all.
pub(in super::super) fn bands_of(
    raster: &Raster,
    part: Span,
    rasters: usize,
) -> impl Iterator<Item = Span> + use<> {
    bands(part, rows_of_a_band(raster.rows_of_a_chunk(), rasters * part.width))
}

/// Bands of so many rows, counted from the first of the file: they end where its blocks do.
fn bands(part: Span, rows: usize) -> impl Iterator<Item = Span> + use<> {
    let end = part.row + part.height as isize;
    let band = move |row: isize| {
        let height = rows - row.rem_euclid(rows as isize) as usize;
        (row < end).then(|| Span { row, height: height.min((end - row) as usize), ..part })
    };
    std::iter::successors(band(part.row), move |last| band(last.row + last.height as isize))
}

/// Whole rows of the file's blocks.
fn rows_of_a_band(chunk: usize, width: usize) -> usize {
    let width = width.max(1);
    let most = (MOST_CELLS_OF_A_BAND / width).max(1);
    let wanted = (CELLS_OF_A_BAND / width).max(1);
    if chunk >= wanted { chunk.min(most) } else { wanted / chunk * chunk }
}

impl Eye {
    fn new(rules: Rules, all: Span, mapped: Span) -> Self {
        Self {
            rules,
            all,
            mapped,
            valid: 0,
            missing: 0,
            range: (f32::INFINITY, f32::NEG_INFINITY),
            zeros: 0,
            strays: Collector::default(),
            values: HashMap::new(),
            steep: 0,
            cliffs: Vec::new(),
            more: SharpSteps::default(),
            search: Search::default(),
        }
    }

    /// A row of the raster, and the one above it where that was read.
    fn take(&mut self, row: &[f32], above: &[f32], number: isize, found: SurveyRow) {
        let first = (self.all.column as u64, number as u64);
        self.zeros += u64::from(found.zeros);
        self.range = (self.range.0.min(found.low), self.range.1.max(found.high));
        self.strays.strays.of += row.len() as u64 - u64::from(found.missing);
        let in_mapped = number >= self.mapped.row && number < self.mapped.row + self.mapped.height as isize;
        if found.missing == 0 {
            self.search.full_row();
        } else {
            self.search.row(row, first);
        }
        if in_mapped {
            let from = (self.mapped.column - self.all.column) as usize;
            let part = row.get(from..from + self.mapped.width).unwrap_or_default();
            let missing =
                if found.missing == 0 { 0 } else { part.iter().filter(|v| v.is_nan()).count() as u64 };
            self.missing += missing;
            self.valid += part.len() as u64 - missing;
        }
        if found.low < self.rules.low || found.high > self.rules.high {
            for (x, value) in row.iter().enumerate().filter(|(_, v)| is_outside(**v, self.rules)) {
                self.strays.stray((first.0 + x as u64, first.1), *value);
            }
        }
        if let Some(steps) = self.rules.steps.filter(|_| found.steep) {
            self.steps(row, above, first, steps);
        }
    }

    fn steps(&mut self, row: &[f32], above: &[f32], (column, number): Cell, steps: Steepness) {
        for (x, value) in row.iter().enumerate() {
            let here = ((column + x as u64, number), *value);
            let east = row.get(x + 1).map(|value| ((column + x as u64 + 1, number), *value));
            let north = above.get(x).map(|value| ((column + x as u64, number - 1), *value));
            for there in [east, north].into_iter().flatten() {
                let height = (here.1 - there.1).abs();
                // What cannot be is told as such.
                let possible = |v: f32| !is_outside(v, self.rules);
                if height > steps.steep && possible(here.1) && possible(there.1) {
                    self.step(here, there, height, height > steps.cliff);
                }
            }
        }
    }

    fn step(&mut self, one: (Cell, f32), other: (Cell, f32), height: f32, cliff: bool) {
        self.steep += 1;
        for (at, value) in [one, other] {
            let new = Repeated { value, steps: 0, largest: 0.0, at };
            if self.values.len() < MOST_REMEMBERED || self.values.contains_key(&value.to_bits()) {
                let known = self.values.entry(value.to_bits()).or_insert(new);
                known.steps += 1;
                known.largest = known.largest.max(height);
            }
        }
        let (upper, lower) = if one.1 > other.1 { (one, other) } else { (other, one) };
        if cliff && self.cliffs.len() < MOST_REMEMBERED {
            self.cliffs.push(Cliff { upper, lower });
        } else if cliff {
            self.more.add(1, height, lower.0);
        }
    }

    fn finish(self) -> Survey {
        let repeated = self.repeated();
        let (steps, spikes) = self.cliffs(&repeated);
        Survey {
            valid: self.valid,
            missing: self.missing,
            range: Some(self.range).filter(|(low, high)| low <= high),
            strays: self.strays.finish(),
            zeros: self.zeros,
            repeated,
            steps,
            spikes,
            holes: self.search.finish(),
        }
    }

    /// A height beside several cliffs of a raster is no chance, one of 0 beside a single one is none: sea lies lower.
    fn repeated(&self) -> Vec<Repeated> {
        let often =
            |found: &&Repeated| found.value == 0.0 || found.steps >= 8 && found.steps * 10 >= 3 * self.steep;
        let mut repeated: Vec<Repeated> = self.values.values().filter(often).copied().collect();
        repeated.sort_by(|a, b| b.steps.cmp(&a.steps).then(a.value.total_cmp(&b.value)));
        repeated.truncate(4);
        repeated
    }

    /// The steps and the single cells that stand out, but for those of repeated values.
    fn cliffs(&self, repeated: &[Repeated]) -> (SharpSteps, SharpSteps) {
        let told = |value: f32| repeated.iter().any(|r| r.value.to_bits() == value.to_bits());
        let rest: Vec<&Cliff> = self.cliffs.iter().filter(|c| !told(c.upper.1) && !told(c.lower.1)).collect();
        // A cell beyond the end of a ridge has two cliffs at most.
        let mut sides: BTreeMap<(Cell, bool), u32> = BTreeMap::new();
        for cliff in &rest {
            *sides.entry((cliff.upper.0, true)).or_default() += 1;
            *sides.entry((cliff.lower.0, false)).or_default() += 1;
        }
        let stands_out = |cell: Cell, up: bool| sides.get(&(cell, up)).is_some_and(|n| *n >= 3);
        let (mut steps, mut spikes) = (self.more, SharpSteps::default());
        spikes.count = sides.iter().filter(|(_, n)| **n >= 3).count() as u64;
        for cliff in rest {
            let height = cliff.upper.1 - cliff.lower.1;
            if stands_out(cliff.upper.0, true) {
                spikes.add(0, height, cliff.upper.0);
            } else if stands_out(cliff.lower.0, false) {
                spikes.add(0, height, cliff.lower.0);
            } else {
                steps.add(1, height, cliff.lower.0);
            }
        }
        (steps, spikes)
    }
}

#[cfg(test)]
mod tests;
