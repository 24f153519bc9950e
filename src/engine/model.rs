//! The choices of physics and their constants.

use super::azimuths::AzimuthSet;

/// The physics of a campaign; [`Physics::default`] and [`Physics::as_saga`] are the two that the spec names.
#[derive(Debug, Clone, PartialEq)]
pub struct Physics {
    /// How terrain shades.
    pub shadow: Shadow,
    /// What slopes, horizons and the sun's azimuth are measured from.
    pub north: North,
    /// Which day's sun the steps before 12 h take.
    pub mornings: Mornings,
    /// How the sky view factor is integrated.
    pub sky_view: SkyView,
    /// Azimuths of the horizon table (own shadows and sky view).
    pub azimuths: AzimuthSet,
    /// The earth is round and light bends along it: it counts for own horizons.
    pub curved: bool,
    /// How the steps of a month are summed up.
    pub summing: Summing,
    /// How far own horizons look, m.
    pub horizon_distance: f64,
    /// Time step, minutes.
    pub step_minutes: u32,
    /// Solar constant, W/m2.
    pub solar_constant: f64,
    /// What the air leaves of the sun.
    pub atmosphere: AtmosphereModel,
    /// Lumped atmospheric transmittance, 0..1; not used with [`AtmosphereModel::Esra`].
    pub transmittance: f64,
    /// How the diffuse radiation is spread over the sky.
    pub diffuse: DiffuseModel,
    /// Albedo of the terrain around, 0..1: what it reflects onto slopes.
    pub albedo: f64,
    /// `c` of the radiation term of the temperature, K.
    pub c: f64,
    /// Leaf area index.
    pub lai: f64,
    /// Largest leaf area index.
    pub lai_max: f64,
}

/// How terrain shades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shadow {
    /// SAGA's "slim" shadows: every cell throws its own, cell by cell.
    SagaSlim,
    /// By the horizon angle at the sun's azimuth.
    Horizon,
}

/// Where north is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum North {
    /// The grid's columns point to it, as SAGA takes it.
    Grid,
    /// True north: the grid's convergence is taken into account.
    True,
}

/// Which day's sun shines before noon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mornings {
    /// The day before, as in SAGA 8.5.
    DayBefore,
    /// The day itself.
    SameDay,
}

/// How the sky view factor is integrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkyView {
    /// 8 azimuths, nearest cells, 10 km, as SAGA.
    Saga,
    /// Over the azimuths of the horizon table.
    Horizon,
}

/// What the air leaves of the sun; the formulas stand in `docs/science.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtmosphereModel {
    /// A lumped transmittance, the sky's light by the sun's height in radians, as SAGA.
    Saga,
    /// A lumped transmittance, the sky's light by the sine of the height, the air mass of Kasten and Young.
    Lumped,
    /// The clear sky of the European Solar Radiation Atlas; needs Linke's turbidity of each month.
    Esra,
}

/// Linke's turbidity for an air mass of 2 over the Alps, January to December.
///
/// Means over the places above 1000 m between 44 and 48 N, 5.5 and 14 E of the climatology of Remund, Wald, Lefèvre,
/// Ranchin and Page 2003 (*Worldwide Linke turbidity information*, ISES Solar World Congress) as pvlib has it;
/// `tests/data/pvlib/linke_alps.csv` is made from it by the script beside it.
pub const LINKE_OF_THE_ALPS: [f64; 12] = [2.5, 2.7, 2.7, 3.2, 3.6, 4.0, 4.0, 4.0, 3.7, 3.3, 2.6, 2.2];

/// How the diffuse radiation is spread over the sky.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum DiffuseModel {
    /// Evenly.
    #[default]
    Isotropic,
    /// A part around the sun, shadowed with it; the rest evenly (Hay and Davies 1980).
    HayDavies,
}

/// How the steps of a month are summed up with own horizons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Summing {
    /// Suns that shine on all of a block of cells, or on none, together.
    #[default]
    LookUp,
    /// One by one, in double precision: a hundred times slower, to measure the other by.
    Exact,
}

impl Default for Physics {
    fn default() -> Self {
        Self {
            shadow: Shadow::Horizon,
            north: North::True,
            mornings: Mornings::SameDay,
            sky_view: SkyView::Horizon,
            azimuths: AzimuthSet::Fine,
            curved: true,
            horizon_distance: 20_000.0,
            ..Self::as_saga()
        }
    }
}

impl Physics {
    /// SAGA 8.5.0's conventions, its quirks included.
    #[must_use]
    pub fn as_saga() -> Self {
        Self {
            shadow: Shadow::SagaSlim,
            north: North::Grid,
            mornings: Mornings::DayBefore,
            sky_view: SkyView::Saga,
            azimuths: AzimuthSet::Uniform(64),
            curved: false,
            summing: Summing::LookUp,
            horizon_distance: 20_000.0,
            step_minutes: 30,
            solar_constant: 1367.0,
            atmosphere: AtmosphereModel::Saga,
            transmittance: 0.7,
            diffuse: DiffuseModel::Isotropic,
            albedo: 0.0,
            c: 1.0,
            lai: 0.01,
            lai_max: 8.0,
        }
    }
}
