//! The lumped transmittance with its errors corrected.

use libm::{exp, sin};

use super::air_mass::air_mass;

/// Radiation at one step through air that lets a fixed share of a vertical beam through.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct LumpedBeam {
    extraterrestrial: f64,
    sin_height: f64,
    /// Logarithm of the transmittance of the whole way through the air above sea level.
    depth: f64,
}

impl LumpedBeam {
    /// From the radiation outside (kW/m2), the height of the sun (radians, positive) and the logarithm of the
    /// transmittance of the air above sea level for a beam from the zenith.
    pub(super) fn new(extraterrestrial: f64, height: f64, log_transmittance: f64) -> Self {
        Self { extraterrestrial, sin_height: sin(height), depth: air_mass(height) * log_transmittance }
    }

    /// Direct radiation on a plane facing the sun and diffuse radiation of the whole sky on a level plane, kW/m2.
    ///
    /// Liu and Jordan 1960, *Solar Energy* 4 (3), 1-19: of what reaches a level plane outside, 0.2710 - 0.2939 times
    /// the share of the beam that is left arrives as diffuse.
    pub(super) fn through(&self, pressure: f64) -> (f64, f64) {
        let left = exp(self.depth * pressure);
        let diffuse = self.extraterrestrial * self.sin_height * (0.2710 - 0.2939 * left);
        (self.extraterrestrial * left, diffuse.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sun_in_the_zenith_keeps_the_transmittance_and_liu_and_jordans_share() {
        let (direct, diffuse) = LumpedBeam::new(1.0, 90_f64.to_radians(), 0.7_f64.ln()).through(1.0);
        assert!((direct - 0.7).abs() < 1e-3, "{direct}");
        assert!((diffuse - (0.2710 - 0.2939 * direct)).abs() < 1e-12, "{diffuse}");
    }

    #[test]
    fn direct_and_diffuse_never_exceed_what_reaches_a_level_plane_outside() {
        for transmittance in [0.05_f64, 0.4, 0.7, 0.99] {
            for degree in 0..=90 {
                let height = f64::from(degree).to_radians();
                let (direct, diffuse) = LumpedBeam::new(1.0, height, transmittance.ln()).through(1.06);
                let arrived = direct * height.sin() + diffuse;
                assert!(diffuse >= 0.0 && arrived <= height.sin(), "{transmittance} {degree}: {arrived}");
            }
        }
    }
}
