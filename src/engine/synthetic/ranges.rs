//! Endless mountain ranges for measurements: cheap, deterministic, as steep as the Alps, of no place on earth.

use super::noise;

/// Height, m, at metres east and south of an arbitrary point: 450 to 3900 m.
#[must_use]
pub fn height(x: f64, y: f64) -> f32 {
    let (u, v) = ((x / 9000.0) as f32, (y / 9000.0) as f32);
    // Ranges and basins some 30 km apart.
    let broad = 0.5 + 0.5 * noise::fractal(u * 0.3, v * 0.3, 2, 911);
    let ridges = noise::ridged(u, v, 8, 17);
    450.0 + 3400.0 * ridges * (0.45 + 0.65 * broad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_alpine() {
        let (mut slopes, mut low, mut high) = (Vec::new(), f32::MAX, f32::MIN);
        for i in 0..40_000 {
            let (x, y) = (f64::from(i % 200) * 523.0, f64::from(i / 200) * 611.0);
            let z = height(x, y);
            low = low.min(z);
            high = high.max(z);
            let (east, south) = (height(x + 25.0, y) - z, height(x, y + 25.0) - z);
            slopes.push((east.hypot(south) / 25.0).atan().to_degrees());
        }
        slopes.sort_by(f32::total_cmp);
        let (median, steep) = (slopes[slopes.len() / 2], slopes[slopes.len() * 9 / 10]);
        println!("{low} to {high} m, slopes: median {median}, 90th percentile {steep} degrees");
        assert!(low > 300.0 && high < 4500.0 && high - low > 2500.0, "{low} {high}");
        assert!((15.0..32.0).contains(&median) && (35.0..55.0).contains(&steep), "{median} {steep}");
    }
}
