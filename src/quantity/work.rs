//! Amounts of work: what a chain counts as it gets on.

use serde::{Deserialize, Serialize};

use super::{by_number, count};

/// What the work of a chain is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Unit {
    /// Tiles of maps.
    #[default]
    Tiles,
    /// Hundredths of all of it, as a program tells.
    Percent,
    /// Lines that a program writes.
    Lines,
    /// Seconds of computing, of all cores together. How many it will be nobody knows.
    CpuSeconds,
}

impl Unit {
    /// Tiles, which files of before there were other units do not say.
    #[must_use]
    pub fn is_tiles(&self) -> bool {
        *self == Self::Tiles
    }

    /// So much, in words: `118 tiles`, `37 %`, `1 line`, `3.2 cpu-hours`.
    #[must_use]
    pub fn amount(self, done: u64) -> String {
        match self {
            Self::Tiles => count(done, "tile"),
            Self::Percent => format!("{done} %"),
            Self::Lines => count(done, "line"),
            Self::CpuSeconds => match done {
                0..120 => count(done, "cpu-second"),
                120..7_200 => count(done / 60, "cpu-minute"),
                _ => format!("{} cpu-hours", hours(done)),
            },
        }
    }

    /// So much of so much, as far as that is known: `124 of 200 tiles`, `37 %`.
    #[must_use]
    pub fn part(self, done: u64, total: u64) -> String {
        match self {
            Self::Tiles | Self::Lines if total > 0 => format!("{done} of {}", self.amount(total)),
            _ => self.amount(done),
        }
    }

    /// The same for a narrow column: `124/200`, `37 %`, `3.2 cpu-h`, `58 cpu-min`.
    #[must_use]
    pub fn short(self, done: u64, total: u64) -> String {
        match self {
            Self::Tiles | Self::Lines => format!("{done}/{total}"),
            Self::Percent => format!("{done} %"),
            Self::CpuSeconds => match done {
                0..120 => format!("{done} cpu-s"),
                120..7_200 => format!("{} cpu-min", done / 60),
                _ => format!("{} cpu-h", hours(done)),
            },
        }
    }

    /// So much in a minute: `40 tiles/min`, `1.9 cores busy`.
    #[must_use]
    pub fn rate(self, a_minute: f64) -> String {
        match self {
            Self::Tiles => format!("{a_minute:.0} tiles/min"),
            Self::Percent => format!("{a_minute:.1} %/min"),
            Self::Lines => format!("{a_minute:.1} lines/min"),
            Self::CpuSeconds => format!("{:.1} cores busy", a_minute / 60.0),
        }
    }

    /// `is` or `are`, after so much.
    #[must_use]
    pub fn is(self, done: u64) -> &'static str {
        match self {
            Self::Percent => "is",
            Self::CpuSeconds if done >= 7_200 => "are",
            Self::CpuSeconds if done >= 120 => by_number(done / 60, "is", "are"),
            _ => by_number(done, "is", "are"),
        }
    }
}

/// Seconds as hours with one digit, rounded down: what is said was done.
fn hours(seconds: u64) -> String {
    format!("{}.{}", seconds / 3_600, seconds % 3_600 / 360)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_its_words() {
        assert_eq!(Unit::Tiles.amount(1), "1 tile");
        assert_eq!(Unit::Tiles.part(124, 200), "124 of 200 tiles");
        assert_eq!(Unit::Tiles.part(0, 0), "0 tiles");
        assert_eq!((Unit::Percent.part(37, 100), Unit::Percent.is(37)), ("37 %".to_owned(), "is"));
        assert_eq!(Unit::Lines.part(3, 365), "3 of 365 lines");
        let cpu = [1, 119, 120, 7_199, 7_200, 11_880, u64::MAX].map(|s| Unit::CpuSeconds.amount(s));
        assert_eq!(cpu[..3], ["1 cpu-second", "119 cpu-seconds", "2 cpu-minutes"]);
        assert_eq!(cpu[3..6], ["119 cpu-minutes", "2.0 cpu-hours", "3.3 cpu-hours"]);
        assert_eq!(Unit::CpuSeconds.part(11_880, 0), "3.3 cpu-hours");
        assert_eq!([1, 2].map(|n| Unit::Tiles.is(n)), ["is", "are"]);
        assert_eq!([1, 2, 9_000].map(|n| Unit::CpuSeconds.is(n)), ["is", "are", "are"]);
        let short = [Unit::Tiles, Unit::Percent, Unit::CpuSeconds].map(|unit| unit.short(60, 100));
        assert_eq!(short, ["60/100", "60 %", "60 cpu-s"]);
        assert_eq!([3_599, 11_880].map(|s| Unit::CpuSeconds.short(s, 0)), ["59 cpu-min", "3.3 cpu-h"]);
        assert_eq!(Unit::Tiles.rate(40.4), "40 tiles/min");
        assert_eq!(Unit::CpuSeconds.rate(114.0), "1.9 cores busy");
    }

    #[test]
    fn records_of_before_there_were_units_are_of_tiles() {
        #[derive(Serialize, Deserialize)]
        struct Record {
            #[serde(default, skip_serializing_if = "Unit::is_tiles")]
            unit: Unit,
        }
        let read = |text: &str| ron::from_str::<Record>(text).unwrap().unit;
        assert_eq!((read("()"), read("(unit: CpuSeconds)")), (Unit::Tiles, Unit::CpuSeconds));
        assert_eq!(ron::to_string(&Record { unit: Unit::Tiles }).unwrap(), "()");
    }
}
