//! The clear sky of the European Solar Radiation Atlas (ESRA): beam and diffuse from Linke's turbidity.
//!
//! Rigollier, Bauer and Wald 2000, *Solar Energy* 68, 33-48, with the Rayleigh optical thickness of Kasten 1996, *Solar
//! Energy* 56, 239-244, as in GRASS `r.sun` (Šúri and Hofierka 2004, *Transactions in GIS* 8, 175-190).

use libm::{exp, pow, sin};

use super::air_mass::air_mass;

/// Scale height of ESRA's pressure, m: exp(-z/8434.5).
const SCALE_HEIGHT: f64 = 8434.5;

/// The power that brings the engine's relative pressure to ESRA's for the same height above the sea.
const EXPONENT: f64 = 1.0 / (SCALE_HEIGHT * super::pressure::DECAY);

/// Above this air mass the polynomial of the Rayleigh thickness ends.
const FAR: f64 = 20.0;

/// ESRA's clear sky at one step.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct EsraBeam {
    extraterrestrial: f64,
    /// Relative optical air mass at sea level.
    mass: f64,
    linke: f64,
    diffuse: f64,
}

impl EsraBeam {
    /// From the radiation outside (kW/m2), the height of the sun (radians, positive) and Linke's turbidity for an air
    /// mass of 2.
    pub(super) fn new(extraterrestrial: f64, height: f64, linke: f64) -> Self {
        let diffuse = extraterrestrial * zenith_transmission(linke) * angular(linke, sin(height));
        Self { extraterrestrial, mass: air_mass(height), linke, diffuse }
    }

    /// Direct radiation on a plane facing the sun and diffuse radiation of the whole sky on a level plane, kW/m2.
    ///
    /// ESRA's diffuse part knows the height above the sea only by the turbidity.
    pub(super) fn through(&self, pressure: f64) -> (f64, f64) {
        let mass = self.mass * pow(pressure, EXPONENT);
        (self.extraterrestrial * exp(-0.8662 * self.linke * mass / inverse_thickness(mass)), self.diffuse)
    }
}

/// 1 / Rayleigh optical thickness at an air mass (Kasten 1996).
///
/// Beyond an air mass of 20 the paper has 10.4 for 10.4156: a step of 0.06 %, which the tables made of this would have
/// to follow.
fn inverse_thickness(mass: f64) -> f64 {
    if mass > FAR {
        return 10.4156 + 0.718 * mass;
    }
    6.6296 + mass * (1.7513 + mass * (-0.1202 + mass * (0.0065 - mass * 0.000_13)))
}

/// Diffuse transmission with the sun in the zenith.
fn zenith_transmission(linke: f64) -> f64 {
    -0.015_843 + linke * (0.030_543 + 0.000_379_7 * linke)
}

/// How the diffuse part goes with the sun's height.
fn angular(linke: f64, sin_height: f64) -> f64 {
    let least = 0.0022 / zenith_transmission(linke);
    let a0 = (0.264_63 + linke * (-0.061_581 + 0.003_140_8 * linke)).max(least);
    let a1 = 2.040_20 + linke * (0.018_945 - 0.011_161 * linke);
    let a2 = -1.3025 + linke * (0.039_231 + 0.008_507_9 * linke);
    a0 + sin_height * (a1 + sin_height * a2)
}

#[cfg(test)]
mod tests {
    use super::super::pressure;
    use super::*;

    #[test]
    fn the_rayleigh_thickness_has_no_step_and_the_older_one_times_0_8662_at_air_mass_two() {
        let step = inverse_thickness(FAR) - inverse_thickness(FAR + 1e-9);
        assert!(step.abs() < 1e-6, "{step}");
        // 0.8662 is what keeps turbidities measured with the older thickness 1/(9.4 + 0.9 m) at an air mass of 2.
        let (new, old) = (0.8662 / inverse_thickness(2.0), 1.0 / (9.4 + 0.9 * 2.0));
        assert!((new - old).abs() < 1e-4, "{new} {old}");
    }

    #[test]
    fn the_pressure_is_esras_own() {
        for z in [-500.0, 0.0, 1500.0, 4800.0] {
            let got = pow(pressure(z), EXPONENT);
            assert!((got - exp(-z / SCALE_HEIGHT)).abs() < 1e-12, "{z}: {got}");
        }
    }

    #[test]
    fn beam_and_diffuse_are_those_of_grass() {
        let table = include_str!("../../../tests/data/grass/rsun.csv");
        assert!(table.starts_with("# GRASS 8."), "the table does not say what it was made with");
        let outside = crate::engine::sun::extraterrestrial(1367.0, 172.0);
        let (sin_lat, cos_lat) = 46_f64.to_radians().sin_cos();
        let (sin_declination, cos_declination) = 0.4_f64.sin_cos();
        let mut compared = 0;
        for line in table.lines().skip(2) {
            let [hour, z, linke, beam, diffuse] =
                line.split(',').map(|v| v.parse::<f64>().unwrap()).collect::<Vec<_>>().try_into().unwrap();
            let hour_angle = (15.0 * (hour - 12.0)).to_radians();
            let sine = sin_lat * sin_declination + cos_lat * cos_declination * hour_angle.cos();
            let got = EsraBeam::new(1000.0 * outside, sine.asin(), linke).through(pressure(z));
            // r.sun writes 7 to 8 digits.
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b + 1e-6;
            // Beyond an air mass of 20 r.sun has the step that is closed here.
            let far = if sine < 0.03 { 1e-3 } else { 0.0 };
            assert!((got.0 * sine - beam).abs() <= (1e-6 + far) * beam + 1e-6, "{line}: {got:?}");
            assert!(near(got.1, diffuse), "{line}: {got:?}");
            compared += 1;
        }
        assert!(compared >= 100, "{compared} lines");
    }

    #[test]
    fn more_turbid_air_moves_the_beam_into_the_sky() {
        let at = |linke| EsraBeam::new(1.367, 0.8, linke).through(1.0);
        for linke in 1..10 {
            let (clear, turbid) = (at(f64::from(linke)), at(f64::from(linke + 1)));
            assert!(turbid.0 < clear.0 && turbid.1 > clear.1, "{linke}: {clear:?} {turbid:?}");
            let level = |(direct, diffuse): (f64, f64)| direct * 0.8_f64.sin() + diffuse;
            assert!(level(turbid) < level(clear) && level(clear) < 1.367 * 0.8_f64.sin());
        }
    }
}
