//! What the fields of a campaign file may be.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Command, values};

/// Directions of the horizons; of no account in mode `AsSaga`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Azimuths {
    /// 64, 3.8 to 7.1 degrees apart.
    Fast,
    /// 96, densest where the sun stands in most hours.
    #[default]
    Fine,
    /// 192, twice as dense as `Fine` everywhere.
    Dense,
}

/// What part of the DEM is mapped.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Region {
    /// All of it.
    #[default]
    All,
    /// A box.
    Box {
        /// Its system, `EPSG:3035`.
        crs: String,
        /// West.
        xmin: f64,
        /// South.
        ymin: f64,
        /// East.
        xmax: f64,
        /// North.
        ymax: f64,
    },
}

/// How many months share a chain.
///
/// In the file a number, or `Auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonthsPerChain {
    /// This many; the default is 1, the original's split.
    Count(u32),
    /// The planner's choice.
    Auto,
}

/// One coarse temperature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Temperature {
    /// The grid, with `{month}`.
    pub file: PathBuf,
    /// Its unit.
    pub unit: TemperatureUnit,
}

/// The unit of a coarse temperature grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemperatureUnit {
    /// degC.
    Celsius,
    /// 0.1 degC.
    DeciCelsius,
    /// 0.1 K.
    DeciKelvin,
    /// K.
    Kelvin,
}

/// A number that may differ from month to month and from place to place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Monthly {
    /// A coarse grid, with `{month}`.
    Grid(PathBuf),
    /// January to December.
    PerMonth(#[serde(with = "values::twelve")] [f64; 12]),
    /// The same everywhere.
    Constant(f64),
}

impl Monthly {
    /// The numbers that the file gives, each with its month where it is of one.
    pub(super) fn given(&self) -> impl Iterator<Item = (Option<u8>, f64)> {
        let (same, months) = match self {
            Self::Grid(_) => (None, None),
            Self::Constant(value) => (Some((None, *value)), None),
            Self::PerMonth(values) => (None, Some(values)),
        };
        let months = months.into_iter().flatten().zip(1..).map(|(value, month)| (Some(month), *value));
        same.into_iter().chain(months)
    }

    /// The grid's file.
    pub(super) fn grid(&self) -> Option<&Path> {
        if let Self::Grid(path) = self { Some(path) } else { None }
    }

    pub(super) fn grid_mut(&mut self) -> Option<&mut PathBuf> {
        if let Self::Grid(path) = self { Some(path) } else { None }
    }
}

/// Cloud cover, 0..10000 (0.01 %).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Cloud {
    /// No correction.
    #[default]
    None,
    /// A grid, with `{month}`.
    Grid(PathBuf),
}

/// The physics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Mode {
    /// Own shadows and sky view, true north.
    #[default]
    Default,
    /// SAGA 8.5.0's conventions, its quirks included.
    AsSaga,
}

/// What computes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Computing {
    /// The engine of this program.
    #[default]
    Engine,
    /// Another program.
    Command(Box<Command>),
}

/// A span of time, written `48:00:00`, `15min`, `90s`, `2h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub(super) u64);

impl Duration {
    /// Of this many seconds.
    #[must_use]
    pub fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// In seconds.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0
    }
}

/// A slowed engine: at most this many tiles a minute, written `40 tiles/min`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Tiles a minute.
    pub tiles_per_minute: f64,
}
