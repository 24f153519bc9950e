//! What temperatures a place may have in a month, and how they change with height.

use std::f64::consts::TAU;

/// Monthly means are this near to those of their latitude, K, and so much more for each degree of latitude, whether over sea
/// or in the middle of a continent.
const TOLERANCE: (f64, f64) = (15.0, 0.25);

/// What the air is colder by a metre higher, K.
const LAPSE: f64 = 0.0065;

/// The range of heights that tells how temperatures change with them, m.
const ENOUGH_HEIGHT: f64 = 500.0;

/// What part of the temperatures' variance the heights must explain.
const ENOUGH_FIT: f64 = 0.6;

/// Colder by more than this a metre higher no month is: the driest air by 0.0098 K.
const STEEPEST: f64 = 0.03;

/// Where heights explain the temperatures, they explain at least so much of them, K/m.
const FLATTEST: f64 = 0.0016;

/// The mean at sea level at a latitude in a month (1 to 12), degC: rough, after zonal means of land and sea.
fn at_sea_level(latitude: f64, month: u8) -> f64 {
    let mean = 27.5 - 36.0 * latitude.to_radians().sin().powi(2);
    let amplitude = 0.2 * latitude.abs();
    let warmest = if latitude < 0.0 { 1.0 } else { 7.0 };
    mean + amplitude * ((f64::from(month) - warmest) / 12.0 * TAU).cos()
}

/// What is to be expected of a month's mean at a latitude and height, where the mean that was found is not near it.
pub(super) fn unlikely(mean: f64, latitude: f64, height: f64, month: u8) -> Option<f64> {
    let expected = at_sea_level(latitude, month) - LAPSE * height;
    let tolerance = TOLERANCE.0 + TOLERANCE.1 * latitude.abs();
    ((mean - expected).abs() > tolerance).then_some(expected)
}

/// How temperatures change with height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Slope {
    /// As air has it, K/m.
    Usual,
    /// By far too much: K/m, negative where it gets colder upwards.
    Steep(f64),
    /// By far too little, though heights explain them: K/m.
    Flat(f64),
    /// Heights do not explain them.
    Unknown,
}

impl Slope {
    /// Of pairs of height, m, and temperature, degC.
    pub(super) fn of(pairs: &[(f64, f64)]) -> Self {
        let count = pairs.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
        let (z, t) = (mean(|p| p.0), mean(|p| p.1));
        let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| of(p.0 - z, p.1 - t)).sum::<f64>();
        let (zz, zt, tt) = (sum(&|z, _| z * z), sum(&|z, t| z * t), sum(&|_, t| t * t));
        let range = |pick: fn(f64, f64) -> f64, from: f64| pairs.iter().map(|p| p.0).fold(from, pick);
        let high = range(f64::max, f64::MIN) - range(f64::min, f64::MAX) >= ENOUGH_HEIGHT;
        if pairs.len() < 9 || !high || zz <= 0.0 || tt <= 0.0 || zt * zt < ENOUGH_FIT * zz * tt {
            return Self::Unknown;
        }
        match zt / zz {
            slope if slope.abs() > STEEPEST => Self::Steep(slope),
            slope if slope.abs() < FLATTEST => Self::Flat(slope),
            _ => Self::Usual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_all_climates_are_likely() {
        // Means of climate stations: latitude, height (m), month, degC.
        for (place, latitude, height, month, mean) in [
            ("Grenoble", 45.4, 384.0, 1, 2.2),
            ("Grenoble", 45.4, 384.0, 7, 21.0),
            ("Sonnblick", 47.1, 3109.0, 1, -11.9),
            ("Yakutsk", 62.0, 101.0, 1, -38.6),
            ("Verkhoyansk", 67.6, 138.0, 1, -45.4),
            ("Vostok", -78.5, 3488.0, 7, -66.9),
            ("Vostok", -78.5, 3488.0, 1, -32.0),
            ("Lhasa", 29.7, 3650.0, 7, 16.6),
            ("Quito", -0.2, 2850.0, 4, 14.0),
            ("Ahvaz", 31.3, 20.0, 7, 37.5),
            ("Santiago", -33.5, 520.0, 7, 8.1),
            ("Tromsø", 69.7, 8.0, 1, -3.8),
        ] {
            assert_eq!(unlikely(mean, latitude, height, month), None, "{place} {month}");
        }
    }

    #[test]
    fn ten_times_too_much_and_another_hemisphere_are_not() {
        // A valley and a summit of the Alps in January, in tenths of a degree.
        assert!(unlikely(-39.0, 46.0, 1500.0, 1).is_some());
        assert!(unlikely(160.0, 46.0, 800.0, 7).is_some());
        assert!(unlikely(-38.0, 46.0, 500.0, 7).is_some());
    }

    #[test]
    fn the_change_with_height_tells_the_unit() {
        let pairs = |lapse: f64, noise: f64| -> Vec<(f64, f64)> {
            (0..50)
                .map(|i| (40.0 * f64::from(i), 5.0 - 40.0 * lapse * f64::from(i) + noise * f64::from(i % 7)))
                .collect()
        };
        assert_eq!(Slope::of(&pairs(0.0065, 0.3)), Slope::Usual);
        assert!(matches!(Slope::of(&pairs(0.065, 1.0)), Slope::Steep(s) if (s + 0.065).abs() < 0.001));
        assert!(matches!(Slope::of(&pairs(0.00065, 0.03)), Slope::Flat(s) if (s + 0.00065).abs() < 1e-4));
        // An inversion's month: heights explain little.
        assert_eq!(Slope::of(&pairs(0.0005, 1.0)), Slope::Unknown);
        assert_eq!(Slope::of(&pairs(0.065, 1.0)[..5]), Slope::Unknown);
    }
}
