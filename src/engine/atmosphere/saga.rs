//! SAGA's lumped transmittance, its quirks included.

use std::f64::consts::FRAC_PI_2;

use libm::{exp, sin};

/// Relative optical air mass of 60 to 91 degrees of zenith distance (List 1968, *Smithsonian Meteorological Tables*,
/// as tabulated in SAGA's `ta_lighting`).
const AIR_MASS: [f64; 32] = [
    2.00, 2.06, 2.12, 2.19, 2.27, 2.36, 2.45, 2.55, 2.65, 2.77, 2.90, 3.05, 3.21, 3.39, 3.59, 3.82, 4.07,
    4.37, 4.72, 5.12, 5.60, 6.18, 6.88, 7.77, 8.90, 10.39, 12.44, 15.36, 19.79, 26.96, 26.96, 26.96,
];

/// Air mass at sea level for a height of the sun, radians (positive).
fn air_mass(height: f64) -> f64 {
    if height > 30_f64.to_radians() {
        return 1.0 / sin(height);
    }
    let zenith = (FRAC_PI_2 - height).to_degrees() - 60.0;
    let degree = (zenith.max(0.0) as usize).min(AIR_MASS.len() - 2);
    let (low, high) = (AIR_MASS[degree], AIR_MASS[degree + 1]);
    low + (zenith - degree as f64) * (high - low)
}

/// Radiation through SAGA's air at one step.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct SagaBeam {
    extraterrestrial: f64,
    height: f64,
    /// Logarithm of the transmittance of the whole way through the air above sea level.
    depth: f64,
}

impl SagaBeam {
    /// From the radiation outside (kW/m2), the height of the sun (radians, positive) and the logarithm of the lumped
    /// transmittance of the air above sea level.
    pub(super) fn new(extraterrestrial: f64, height: f64, log_transmittance: f64) -> Self {
        Self { extraterrestrial, height, depth: air_mass(height) * log_transmittance }
    }

    /// Direct radiation on a plane facing the sun and diffuse radiation of the whole sky on a level plane, kW/m2.
    ///
    /// The sky takes the sun's height in radians, not its sine, as SAGA does.
    pub(super) fn through(&self, pressure: f64) -> (f64, f64) {
        let left = exp(self.depth * pressure);
        let diffuse = self.extraterrestrial * (0.271 - 0.294 * left) * self.height;
        (self.extraterrestrial * left, diffuse.clamp(0.0, self.extraterrestrial))
    }
}

#[cfg(test)]
mod tests {
    use super::super::pressure;
    use super::*;

    #[test]
    fn the_table_joins_the_formula_and_ends_at_the_horizon() {
        let above = air_mass(30.000_1_f64.to_radians());
        let below = air_mass(29.999_9_f64.to_radians());
        assert!((above - below).abs() < 1e-3, "{above} {below}");
        assert!((air_mass(0.0) - 26.96).abs() < 1e-9);
        assert!((air_mass(10.5_f64.to_radians()) - f64::midpoint(5.12, 5.60)).abs() < 1e-9);
    }

    #[test]
    fn thinner_air_lets_more_through() {
        let beam = SagaBeam::new(1.4, 0.5, 0.7_f64.ln());
        let (low, sky_low) = beam.through(pressure(0.0));
        let (high, sky_high) = beam.through(pressure(3000.0));
        assert!(high > low && sky_high < sky_low);
        assert!((low - 1.4 * 0.7_f64.powf(air_mass(0.5))).abs() < 1e-12);
    }

    #[test]
    fn clear_air_gives_no_negative_sky() {
        assert!(SagaBeam::new(1.4, 1.0, 0.99_f64.ln()).through(0.7).1.abs() < f64::EPSILON);
    }

    #[test]
    fn not_one_bit_differs_from_what_was_checked_against_saga() {
        // The bits of the first release, whose maps stand within 1e-6 of SAGA's (`tests/it/golden.rs`).
        for (height, z, direct, diffuse) in [
            (0.001, 0.0, 0x3f18_768c_5717_166b, 0x3f38_dcd0_c188_ea0c),
            (0.1, 4000.0, 0x3fc8_1e6e_f15a_4bbe, 0x3fa0_96c2_20f9_99a0),
            (0.3, -200.0, 0x3fda_4114_cb98_95b2, 0x3fb3_e01c_2cfd_3ec7),
            (0.52, 1000.0, 0x3fe7_cab0_95e3_a9fc, 0x3fb5_684f_2331_5a3e),
            (0.6, 2500.0, 0x3fec_3fd3_8ef4_e405, 0x3fb2_690f_c69a_493e),
            (1.2, 1.0, 0x3fee_8e6f_c0b8_bb7e, 0x3fbe_4f2f_699b_3049),
        ] {
            let got = SagaBeam::new(1.4, height, libm::log(0.7)).through(pressure(z));
            assert_eq!((got.0.to_bits(), got.1.to_bits()), (direct, diffuse), "{height} {z}");
        }
    }
}
