//! How much air the beam crosses.

use std::f64::consts::FRAC_PI_2;

use libm::{pow, sin};

/// Relative optical air mass at sea level for a height of the sun without refraction, radians; a sun below the
/// horizon is taken for one on it.
///
/// Kasten and Young 1989, *Applied Optics* 28, 4735-4738, at the apparent height; the refraction is the one of ESRA
/// (Rigollier, Bauer and Wald 2000, *Solar Energy* 68, 33-48). From 1 to 31 (the sun on the horizon),
/// smooth all the way down.
pub(in super::super) fn air_mass(height: f64) -> f64 {
    let apparent = apparent(height.clamp(0.0, FRAC_PI_2));
    1.0 / (sin(apparent) + 0.505_72 * pow(apparent.to_degrees() + 6.079_95, -1.6364))
}

/// Height of the sun as the air lifts it, radians.
fn apparent(height: f64) -> f64 {
    let lift = 0.1594 + height * (1.123 + 0.065_656 * height);
    height + 0.061_359 * lift / (1.0 + height * (28.9344 + 277.3971 * height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_air_mass_falls_smoothly_from_the_horizon_to_the_zenith() {
        let mut last = air_mass(0.0);
        assert!((30.0..32.0).contains(&last), "{last}");
        // Not to the very zenith: in the last degree the formula is flat to its 9th digit.
        for step in 1..=8900 {
            let next = air_mass((f64::from(step) / 100.0).to_radians());
            // At most 9 a degree, beside the horizon.
            assert!(next < last && last - next < 0.09, "{step}: {last} {next}");
            last = next;
        }
        assert!((last - 1.0).abs() < 1e-3, "{last}");
        assert!((air_mass(-0.1) - air_mass(0.0)).abs() < 1e-12);
    }

    #[test]
    fn refraction_lifts_the_setting_sun_by_half_a_degree() {
        assert!((apparent(0.0).to_degrees() - 0.56).abs() < 0.01);
        assert!((apparent(45_f64.to_radians()).to_degrees() - 45.0 - 0.016).abs() < 0.01);
    }
}
