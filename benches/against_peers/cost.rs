//! What was spent, and the periods it was spent on.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

use crate::tile;

/// Time of one core and on the clock, seconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Spent {
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
}

impl Spent {
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { cpu: self.cpu * factor, wall: self.wall * factor }
    }

    /// Nanoseconds of a cell of the tile.
    pub(crate) fn per_pixel(self) -> Self {
        self.times(1e9 / (tile::EDGE * tile::EDGE) as f64)
    }
}

impl Add for Spent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { cpu: self.cpu + other.cpu, wall: self.wall + other.wall }
    }
}

impl Sub for Spent {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { cpu: self.cpu - other.cpu, wall: self.wall - other.wall }
    }
}

/// Something that was measured: time without the start of the programs, and the most memory of a process.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stage {
    pub(crate) spent: Spent,
    pub(crate) peak: u64,
}

impl Stage {
    /// This and another run, one after the other.
    pub(crate) fn then(self, other: Self) -> Self {
        Self { spent: self.spent + other.spent, peak: self.peak.max(other.peak) }
    }

    /// Without what starting a program costs.
    pub(crate) fn without(self, start: Self) -> Self {
        Self { spent: self.spent - start.spent, ..self }
    }
}

/// Days of 2018, a whole month or, to be quick, one day of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    pub(crate) month: u8,
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// Days of the year before the month.
    before: u32,
    month_days: u32,
}

impl Period {
    const fn month(month: u8, before: u32, days: u32) -> Self {
        Self { month, first: 1, last: days, before, month_days: days }
    }

    /// What the peers are run for.
    pub(crate) fn all(quick: bool) -> Vec<Self> {
        const FOUR: [Period; 4] = [
            Period::month(1, 0, 31),
            Period::month(4, 90, 30),
            Period::month(7, 181, 31),
            Period::month(10, 273, 31),
        ];
        if quick { vec![Self { first: 15, last: 15, ..FOUR[0] }] } else { FOUR.to_vec() }
    }

    /// Days of the year, from 1.
    pub(crate) fn days(self) -> impl Iterator<Item = u32> {
        (self.first..=self.last).map(move |day| self.before + day)
    }

    /// How many times as long the whole month is.
    pub(crate) fn to_month(self) -> f64 {
        f64::from(self.month_days) / f64::from(self.last + 1 - self.first)
    }

    /// For people.
    pub(crate) fn name(self) -> String {
        let days = if self.first == self.last { format!(", day {}", self.first) } else { String::new() };
        format!("month {}{days}", self.month)
    }
}

/// What another program costs.
pub(crate) struct Peer {
    /// Its name and version.
    pub(crate) name: String,
    /// What is done once for all months.
    pub(crate) once: (&'static str, Stage),
    /// The radiation of whole months on the terrain.
    pub(crate) terrain: Vec<Stage>,
    /// The same on level ground.
    pub(crate) level: Vec<Stage>,
    /// What starting a program costs; taken off all others.
    pub(crate) start: Stage,
    /// The maps of each period, kWh/m2 of the whole month.
    pub(crate) maps: Vec<Maps>,
    /// The sky view factor, where the program gives one.
    pub(crate) sky_view: Option<Vec<f32>>,
}

/// Total radiation of a month, cells row by row from the north-west, NaN where there is none.
pub(crate) struct Maps {
    pub(crate) period: Period,
    pub(crate) terrain: Vec<f32>,
    pub(crate) level: Vec<f32>,
}

impl Peer {
    /// The mean month of some months.
    pub(crate) fn mean(months: &[Stage]) -> Stage {
        let sum = months.iter().copied().fold(Stage::default(), Stage::then);
        Stage { spent: sum.spent.times(1.0 / months.len().max(1) as f64), ..sum }
    }
}
