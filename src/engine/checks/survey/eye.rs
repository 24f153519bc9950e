//! All that was seen of a raster so far, row by row.

use std::collections::{BTreeMap, HashMap};

use super::super::voids::{Cell, Search};
use super::found::{Repeated, Rules, SharpSteps, Steepness, Survey};
use super::strays::{Collector, MOST_REMEMBERED, is_outside};
use crate::engine::rectangles::Span;

/// What a row has that is looked at again, cell by cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct SurveyRow {
    low: f32,
    high: f32,
    missing: u32,
    zeros: u32,
    steep: bool,
}

impl SurveyRow {
    pub(super) fn of(row: &[f32], above: &[f32], rules: Rules) -> Self {
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
pub(super) struct Eye {
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

impl Eye {
    pub(super) fn new(rules: Rules, all: Span, mapped: Span) -> Self {
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
    pub(super) fn take(&mut self, row: &[f32], above: &[f32], number: isize, found: SurveyRow) {
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

    pub(super) fn finish(self) -> Survey {
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
