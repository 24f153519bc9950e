//! The choice of the atmosphere, with what each needs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::values;
use crate::engine::model::LINKE_OF_THE_ALPS;

/// What the air leaves of the sun.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Atmosphere {
    /// A lumped transmittance, SAGA's errors included.
    #[default]
    Saga,
    /// A lumped transmittance, corrected.
    Lumped,
    /// The clear sky of the European Solar Radiation Atlas.
    Esra {
        /// Linke's turbidity for an air mass of 2.
        #[serde(default)]
        linke: Linke,
    },
}

/// Linke's turbidity for an air mass of 2, 1..10.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Linke {
    /// A coarse grid, with `{month}`.
    Grid(PathBuf),
    /// January to December.
    PerMonth(#[serde(with = "values::twelve")] [f64; 12]),
    /// The same everywhere.
    Constant(f64),
}

impl Default for Linke {
    fn default() -> Self {
        Self::PerMonth(LINKE_OF_THE_ALPS)
    }
}
