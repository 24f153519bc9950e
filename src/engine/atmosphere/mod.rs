//! What the air leaves of the sun: the choices of the clear sky, the sky's light on slopes, and the terrain's.
//!
//! All are functions of one step: the radiation outside, the height of the sun and the relative pressure. For any height
//! from 0 up they are continuous in it and smooth in the pressure, so that kernels may tabulate the one and fit a
//! polynomial through the other.

mod air_mass;
mod esra;
mod lumped;
mod pressure;
mod saga;
mod sky;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use air_mass::air_mass;
pub(super) use pressure::pressure;
pub(super) use sky::{reflected, split};

use libm::log;

use super::model::{AtmosphereModel, Physics};

/// The air of a month over a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Air {
    /// SAGA's, its quirks included; the logarithm of its transmittance.
    Saga(f64),
    /// A lumped transmittance with SAGA's errors corrected; its logarithm.
    Lumped(f64),
    /// ESRA's clear sky; Linke's turbidity for an air mass of 2.
    Esra(f64),
}

impl Air {
    /// The model's choice; only ESRA looks at the turbidity.
    pub(super) fn new(model: &Physics, linke: f64) -> Self {
        match model.atmosphere {
            AtmosphereModel::Saga => Self::Saga(log(model.transmittance)),
            AtmosphereModel::Lumped => Self::Lumped(log(model.transmittance)),
            AtmosphereModel::Esra => Self::Esra(linke),
        }
    }
}

/// Radiation through the air at one step.
#[derive(Debug, Clone, Copy)]
pub(super) enum Beam {
    /// By [`Air::Saga`].
    Saga(saga::SagaBeam),
    /// By [`Air::Lumped`].
    Lumped(lumped::LumpedBeam),
    /// By [`Air::Esra`].
    Esra(esra::EsraBeam),
}

impl Beam {
    /// The beam of a step: radiation outside on a plane facing the sun (kW/m2), height of the sun (radians, positive,
    /// without refraction), and the air.
    pub(super) fn new(extraterrestrial: f64, height: f64, air: Air) -> Self {
        match air {
            Air::Saga(log) => Self::Saga(saga::SagaBeam::new(extraterrestrial, height, log)),
            Air::Lumped(log) => Self::Lumped(lumped::LumpedBeam::new(extraterrestrial, height, log)),
            Air::Esra(linke) => Self::Esra(esra::EsraBeam::new(extraterrestrial, height, linke)),
        }
    }

    /// Direct radiation on a plane facing the sun, and diffuse radiation of the whole sky on a level plane, kW/m2, at a
    /// relative [`pressure()`].
    pub(super) fn through(&self, pressure: f64) -> (f64, f64) {
        match self {
            Self::Saga(beam) => beam.through(pressure),
            Self::Lumped(beam) => beam.through(pressure),
            Self::Esra(beam) => beam.through(pressure),
        }
    }
}
