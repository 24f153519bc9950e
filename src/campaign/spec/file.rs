//! The fields of a campaign file, with the defaults of version 1.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::values;
use super::{
    Atmosphere, Azimuths, Cloud, Computing, Duration, Mode, Monthly, MonthsPerChain, Pace, Region,
    Temperature,
};
use crate::engine::{Compression, DiffuseModel, InputDoubt, Product, Storage, Summing};

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
    pub accept: Vec<InputDoubt>,
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
    pub workload: Computing,
    /// The site by name, and what its batch system wants to know: `dahu; project=alps`. A name without a [`super::Profile`] is a
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
    /// Directions of the horizons.
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
