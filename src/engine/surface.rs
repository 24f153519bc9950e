//! From radiation to temperature: cloud correction, quotient, land-surface temperature.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use libm::pow;

/// The quotient that the temperature takes for smaller ones: S - 1/S falls without end towards S = 0, where a pixel
/// gets neither sun nor sky. At 0.02 the term is -50 K, far below what mountains show.
pub(super) const LEAST_QUOTIENT: f32 = 0.02;

/// What clouds leave of the potential radiation, for a cover of 0..10000 (Kasten and Czeplak 1980, *Solar Energy* 24,
/// 177-189, eq. 3).
fn cloud_factor(cover: f64) -> f64 {
    1.0 - 0.75 * pow(cover / 10_000.0, 3.4)
}

/// [`cloud_factor`] between its values at equal distances: within 1e-6 of it.
#[derive(Debug)]
pub(super) struct CloudTable {
    factors: Vec<f32>,
}

/// Intervals of the table.
const COVERS: usize = 1024;

impl CloudTable {
    pub(super) fn new() -> Self {
        let at = |i: usize| cloud_factor(10_000.0 * i as f64 / COVERS as f64) as f32;
        Self { factors: (0..=COVERS).map(at).collect() }
    }

    /// The factor of a cover; NaN stays NaN. A spline may overshoot 0..10000 a little: the ends hold beyond.
    pub(super) fn factor(&self, cover: f32) -> f32 {
        let place = cover.clamp(0.0, 10_000.0) * (COVERS as f32 / 10_000.0);
        let first = (place as usize).min(COVERS - 1);
        match self.factors.get(first..first + 2) {
            Some([a, b]) => a + (place - first as f32) * (b - a),
            _ => f32::NAN,
        }
    }
}

/// Radiation on the terrain over radiation on the flat twin; 1 where the flat twin gets none (polar night), since then
/// the slope gets no more and no less.
#[inline(always)]
pub(super) fn quotient(solar: f32, solar_flat: f32) -> f32 {
    if solar_flat == 0.0 { 1.0 } else { solar / solar_flat }
}

/// Land-surface temperatures, degC: T - Γ (z - zref) + c (S - 1/S) (1 - LAI/LAImax), given T at the reference height, the
/// lapse rate Γ (K/m, positive = colder upwards), the height above the reference height (m), the quotient S, and
/// c (1 - LAI/LAImax), K.
#[inline(always)]
pub(super) fn temperatures<const N: usize>(
    warm: &[f32; N],
    lapse: &[f32; N],
    above: &[f32; N],
    quotient: &[f32; N],
    term: f32,
) -> [f32; N] {
    let mut values = [0.0; N];
    for i in 0..N {
        // NaN is not less: a pixel without radiation stays without temperature.
        let s = if quotient[i] < LEAST_QUOTIENT { LEAST_QUOTIENT } else { quotient[i] };
        values[i] = term.mul_add(s - 1.0 / s, (-lapse[i]).mul_add(above[i], warm[i]));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 500 m above the reference height's 5 degC, 6 K a kilometre.
    fn temperature(quotient: f32) -> f64 {
        let term = 1.0 - 0.01 / 8.0;
        f64::from(temperatures(&[5.0], &[0.006], &[500.0], &[quotient], term)[0])
    }

    #[test]
    fn a_closed_sky_leaves_a_quarter_and_a_clear_one_all() {
        assert!((cloud_factor(0.0) - 1.0).abs() < 1e-15);
        assert!((cloud_factor(10_000.0) - 0.25).abs() < 1e-15);
        assert!((cloud_factor(5000.0) - (1.0 - 0.75 * 0.5_f64.powf(3.4))).abs() < 1e-12);
        let table = CloudTable::new();
        for cover in (0_i16..=10_000).step_by(7) {
            let truth = cloud_factor(f64::from(cover));
            assert!((f64::from(table.factor(f32::from(cover))) - truth).abs() < 1.2e-6, "{cover}");
        }
        assert!(table.factor(f32::NAN).is_nan() && (table.factor(10_001.0) - 0.25).abs() < f32::EPSILON);
    }

    #[test]
    fn a_pixel_lit_like_the_plain_only_follows_the_lapse_rate() {
        assert!((temperature(1.0) - 2.0).abs() < 1e-6);
    }

    #[test]
    fn the_sunny_side_is_warmer_by_the_quotient() {
        assert!((temperature(2.0) - 2.0 - 1.5 * (1.0 - 0.01 / 8.0)).abs() < 1e-6);
    }

    #[test]
    fn deep_shade_stays_finite_and_no_radiation_stays_missing() {
        assert!((temperature(0.0) - (2.0 - 49.98 * 0.998_75)).abs() < 1e-4);
        assert!(temperature(f32::NAN).is_nan());
        assert!((quotient(0.0, 0.0) - 1.0).abs() < f32::EPSILON);
    }
}
