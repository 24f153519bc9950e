//! The choice of the atmosphere, with what each needs.

use serde::{Deserialize, Serialize};

use super::Monthly;
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
        /// Linke's turbidity for an air mass of 2, 1..10.
        #[serde(default = "linke")]
        linke: Monthly,
    },
}

/// Means over the Alps.
fn linke() -> Monthly {
    Monthly::PerMonth(LINKE_OF_THE_ALPS)
}
