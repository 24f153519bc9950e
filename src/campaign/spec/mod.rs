//! The campaign file, version 1. Later versions add fields and never rename.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checkpoint::ChainId;
use crate::engine::{Compression, DiffuseModel, Doubt, Product, Storage, Summing};

mod atmosphere;
mod check;
mod check_command;
mod command;
#[cfg(test)]
mod command_tests;
mod fields;
mod forms;
mod freeze;
mod inputs;
mod load;
mod placeholders;
mod resolve;
mod site;
#[cfg(test)]
mod tests;
mod values;
mod words;

pub use atmosphere::Atmosphere;
pub use check::MOST_THREADS;
pub use command::{Checkpoint, Class, Command, Processors, ProgressOf, Run, Semaphores, Signal};
pub use fields::line_of_field;
pub(crate) use freeze::short_hash;
pub use freeze::{Change, Changed, Frozen, changes, extend_lineage, freeze, frozen, lineage};
pub use inputs::of_month;
pub use load::{load, parse};
pub use resolve::{Places, Resolved};
pub use site::Profile;

/// A campaign, as its file says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Version of the format: 1.
    pub version: u32,
    /// The campaign's name.
    pub name: String,
    /// Where maps and state go.
    pub output: PathBuf,
    /// The terrain model; empty only where a command computes.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub dem: PathBuf,
    /// A note shown wherever the terrain is, such as "synthetic terrain through real summits".
    #[serde(default, with = "values::optional")]
    pub terrain_note: Option<String>,
    /// What to map.
    #[serde(default)]
    pub region: Region,
    /// Months, 1 to 12.
    pub months: Vec<u8>,
    /// The calendar year of the sun's positions; 0 only where a command computes and none is named.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub year: i32,
    /// How many months share a chain.
    #[serde(default)]
    pub months_per_chain: MonthsPerChain,
    /// Coarse temperatures by name; `{month}` in the file name is 01 … 12.
    #[serde(default)]
    pub temperature: BTreeMap<String, Temperature>,
    /// The height that the coarse temperatures stand for.
    #[serde(default, with = "values::optional")]
    pub reference_height: Option<PathBuf>,
    /// Lapse rate, K/m, positive = colder upwards.
    #[serde(default = "defaults::lapse")]
    pub lapse: Monthly,
    /// Cloud cover, 0..10000.
    #[serde(default)]
    pub cloud: Cloud,
    /// The physics.
    #[serde(default)]
    pub mode: Mode,
    /// The maps to write.
    #[serde(default = "defaults::products")]
    pub products: Vec<Product>,
    /// Doubts of `check` that are settled. No part of what a campaign is: it is not frozen with it and may change at any
    /// time.
    #[serde(default, skip_serializing)]
    pub accept: Vec<Doubt>,
    /// Longest run of one job.
    pub walltime: Duration,
    /// How long before the walltime a job checkpoints and stops.
    pub margin: Duration,
    /// How often a job seals a generation while it runs (real time). 0: of a command only near the walltime.
    #[serde(default = "defaults::checkpoint_every")]
    pub checkpoint_every: Duration,
    /// Threads of a job; `None`: as many as the node gives.
    #[serde(default, with = "values::optional")]
    pub threads: Option<u32>,
    /// A wait between sealed tiles, for demos and tests of chains only.
    #[serde(default, with = "values::optional")]
    pub pace: Option<Pace>,
    /// What computes.
    #[serde(default)]
    pub workload: Workload,
    /// The site by name, and what its batch system wants to know: `dahu; project=alps`. A name without a [`Profile`] is a
    /// label.
    #[serde(default, with = "values::optional")]
    pub site: Option<String>,
    /// Lines of shell that a job begins with, after the site's.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub setup: Vec<String>,
    /// Most links of a chain since a person (re)submitted it: more are taken for a fault and stopped.
    #[serde(default = "defaults::max_links")]
    pub max_links: u32,
    /// Edge of a work tile, cells; `None`: the largest that a job's memory allows, settled when the campaign is made.
    #[serde(default, with = "values::plain")]
    pub tile: Option<u32>,
    /// The month whose chain makes the sky view too; `None`: the first one. Months that are added later do not change it.
    #[serde(default, with = "values::optional", skip_serializing_if = "Option::is_none")]
    pub sky_view_month: Option<u8>,
    /// What the cells of the maps are stored as.
    #[serde(default)]
    pub storage: Storage,
    /// How the maps are compressed.
    #[serde(default)]
    pub compression: Compression,
    /// Time step, minutes.
    #[serde(default = "defaults::step_minutes")]
    pub step_minutes: u32,
    /// Solar constant, W/m2.
    #[serde(default = "defaults::solar_constant")]
    pub solar_constant: f64,
    /// Lumped transmittance.
    #[serde(default = "defaults::transmittance")]
    pub transmittance: f64,
    // The defaults of fields younger than the first release are not written: specs frozen before keep their hash.
    /// What the air leaves of the sun.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub atmosphere: Atmosphere,
    /// How the diffuse radiation is spread over the sky.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub diffuse: DiffuseModel,
    /// Albedo of the terrain around, 0..1.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub albedo: f64,
    /// Directions of the skylines.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub azimuths: Azimuths,
    /// How the steps of a month are summed up; of no account in mode `AsSaga`.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub steps: Summing,
    /// `c` of the radiation term, K.
    #[serde(default = "defaults::c")]
    pub c: f64,
    /// Leaf area index.
    #[serde(default = "defaults::lai")]
    pub lai: f64,
    /// Largest leaf area index.
    #[serde(default = "defaults::lai_max")]
    pub lai_max: f64,
}

/// The fields' defaults: the original chain's.
mod defaults {
    use super::{Duration, Monthly, Product};

    pub(super) fn lapse() -> Monthly {
        Monthly::Constant(0.0065)
    }

    pub(super) fn products() -> Vec<Product> {
        vec![Product::SkyView, Product::Total, Product::Solar, Product::Quotient, Product::Temperature]
    }
    pub(super) fn checkpoint_every() -> Duration {
        Duration::from_secs(900)
    }
    pub(super) fn max_links() -> u32 {
        50
    }
    pub(super) fn step_minutes() -> u32 {
        30
    }
    pub(super) fn solar_constant() -> f64 {
        1367.0
    }
    pub(super) fn transmittance() -> f64 {
        0.7
    }
    pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
        *value == T::default()
    }
    pub(super) fn c() -> f64 {
        1.0
    }
    pub(super) fn lai() -> f64 {
        0.01
    }
    pub(super) fn lai_max() -> f64 {
        8.0
    }
}

/// Directions of the skylines; of no account in mode `AsSaga`.
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
    fn given(&self) -> impl Iterator<Item = (Option<u8>, f64)> {
        let (same, months) = match self {
            Self::Grid(_) => (None, None),
            Self::Constant(value) => (Some((None, *value)), None),
            Self::PerMonth(values) => (None, Some(values)),
        };
        let months = months.into_iter().flatten().zip(1..).map(|(value, month)| (Some(month), *value));
        same.into_iter().chain(months)
    }

    /// The grid's file.
    fn grid(&self) -> Option<&Path> {
        if let Self::Grid(path) = self { Some(path) } else { None }
    }

    fn grid_mut(&mut self) -> Option<&mut PathBuf> {
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
pub enum Workload {
    /// The engine of this program.
    #[default]
    Engine,
    /// Another program.
    Command(Box<Command>),
}

/// A span of time, written `48:00:00`, `15min`, `90s`, `2h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(u64);

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

/// A campaign file that was read: the spec with all its paths made absolute, and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The spec; its paths are absolute.
    pub spec: Spec,
    /// The file it was read from.
    pub file: PathBuf,
    /// The text of the file, for line numbers in messages.
    pub text: String,
}

/// What is wrong with a campaign file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {what}{}", file.display(), line.map(|l| format!(":{l}")).unwrap_or_default(), cure_text(cure))]
pub struct SpecError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What is wrong and what was expected.
    pub what: String,
    /// What to do.
    pub cure: String,
}

fn cure_text(cure: &str) -> String {
    if cure.is_empty() { String::new() } else { format!(" ({cure})") }
}

impl SpecError {
    fn new(file: &Path, line: Option<usize>, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), line, what: what.into(), cure: cure.into() }
    }
}

/// The commented campaign file that `alpsckpt new` writes.
#[must_use]
pub fn template() -> &'static str {
    include_str!("../../../assets/campaign-template.ron")
}

/// The commented campaign file that `alpsckpt new --command` writes.
#[must_use]
pub fn template_of_command() -> &'static str {
    include_str!("../../../assets/command-template.ron")
}

/// How late the batch system's checkpoint signal may come, scheduler seconds: OAR looks at its jobs every 10 to 12 s,
/// less often under load. Later the link stops by itself, as when the batch system's server is down.
const SIGNAL_LATE: f64 = 30.0;

impl Spec {
    /// How long before the walltime a job stops by itself at the latest, scheduler seconds.
    #[must_use]
    pub fn latest_stop(&self) -> f64 {
        let margin = self.margin.seconds() as f64;
        margin - SIGNAL_LATE.min(margin / 2.0)
    }

    /// The chains with their months, in the order of the calendar.
    ///
    /// [`MonthsPerChain::Auto`] is settled by the planner ([`crate::prepare::plan::settle`]) when a campaign is made;
    /// where it still stands, each month is a chain.
    #[must_use]
    pub fn chains(&self) -> Vec<(ChainId, Vec<u8>)> {
        let each = match self.months_per_chain {
            MonthsPerChain::Count(n) => (n as usize).max(1),
            MonthsPerChain::Auto => 1,
        };
        self.sorted_months()
            .chunks(each)
            // Where only the sky view can be made, the first chain is all there is.
            .filter(|months| self.command().is_some() || !self.products_of(months).is_empty())
            .map(|months| (ChainId::of_months(months), months.to_vec()))
            .collect()
    }

    /// Something is left to the planner: how many months share a chain, or the edge of a work tile.
    #[must_use]
    pub fn leaves_open(&self) -> bool {
        self.command().is_none() && (self.months_per_chain == MonthsPerChain::Auto || self.tile.is_none())
    }

    /// The months in the order of the calendar.
    #[must_use]
    pub fn sorted_months(&self) -> Vec<u8> {
        let mut months = self.months.clone();
        months.sort_unstable();
        months.dedup();
        months
    }

    /// The month whose chain makes the sky view: the one that the file says, else the first.
    fn month_of_sky_view(&self) -> Option<u8> {
        self.sky_view_month.or_else(|| self.months.iter().min().copied())
    }

    /// The products of the chain with these months: the sky view goes with one month only, temperatures only where there is a
    /// coarse one.
    #[must_use]
    pub fn products_of(&self, months: &[u8]) -> Vec<Product> {
        let with_sky = self.month_of_sky_view().is_some_and(|m| months.contains(&m));
        let made = |product: &Product| match product {
            Product::SkyView => with_sky,
            Product::Temperature => !self.temperature.is_empty(),
            _ => true,
        };
        self.products.iter().copied().filter(made).collect()
    }

    /// The spec with what it leaves open as it was settled in the campaign that was begun by `begun`.
    #[must_use]
    pub fn settled_as(&self, begun: &Self) -> Self {
        let mut settled = self.clone();
        if self.command().is_some() {
            return settled;
        }
        if settled.months_per_chain == MonthsPerChain::Auto {
            settled.months_per_chain = begun.months_per_chain;
        }
        settled.tile = settled.tile.or(begun.tile);
        if settled.sky_view_month.is_none() {
            let before = begun.month_of_sky_view().filter(|month| settled.months.contains(month));
            // Written only where it says something: specs frozen before there was the field keep their hash.
            let same = begun.sky_view_month.is_none() && before == settled.month_of_sky_view();
            settled.sky_view_month = before.filter(|_| !same);
        }
        settled
    }

    /// The files of the months, `{month}` unresolved, each with its place in the file.
    fn files_by_month(&self) -> Vec<(String, &Path)> {
        let temperatures = self.temperature.iter();
        let mut files: Vec<(String, &Path)> =
            temperatures.map(|(name, t)| (format!("temperature.{name}.file"), t.file.as_path())).collect();
        files.extend(self.lapse.grid().map(|path| ("lapse".to_owned(), path)));
        if let Cloud::Grid(path) = &self.cloud {
            files.push(("cloud".to_owned(), path));
        }
        if let Atmosphere::Esra { linke } = &self.atmosphere {
            files.extend(linke.grid().map(|path| ("atmosphere.linke".to_owned(), path)));
        }
        files
    }

    /// The paths of all inputs, `{month}` unresolved.
    fn inputs_mut(&mut self) -> Vec<&mut PathBuf> {
        let mut inputs = vec![&mut self.dem];
        if let Workload::Command(command) = &mut self.workload {
            inputs.extend(command.inputs.iter_mut().chain(&mut command.folder));
        }
        inputs.extend(&mut self.reference_height);
        inputs.extend(self.temperature.values_mut().map(|t| &mut t.file));
        inputs.extend(self.lapse.grid_mut());
        if let Cloud::Grid(path) = &mut self.cloud {
            inputs.push(path);
        }
        if let Atmosphere::Esra { linke } = &mut self.atmosphere {
            inputs.extend(linke.grid_mut());
        }
        inputs
    }
}
