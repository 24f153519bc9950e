//! Noise by integer hashing: the same bits on every machine.

/// A hash of a lattice point, uniform over all of u32 (the finaliser of `MurmurHash3`).
pub(super) fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut h = seed ^ (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
    h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

/// A hash as a number in -1..1.
pub(super) fn signed(x: i32, y: i32, seed: u32) -> f32 {
    f64_signed(hash(x, y, seed)) as f32
}

fn f64_signed(h: u32) -> f64 {
    f64::from(h) / f64::from(u32::MAX) * 2.0 - 1.0
}

/// Value noise in about -1..1: hashed lattice values joined by quintic steps.
pub(super) fn value(x: f32, y: f32, seed: u32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (i, j) = (left as i32, top as i32);
    let (u, v) = (quintic(x - left), quintic(y - top));
    let upper = mix(signed(i, j, seed), signed(i + 1, j, seed), u);
    let lower = mix(signed(i, j + 1, seed), signed(i + 1, j + 1, seed), u);
    mix(upper, lower, v)
}

/// Several octaves of [`value`], each half as wide and half as strong.
pub(super) fn fractal(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    let mut sum = 0.0;
    let (mut scale, mut weight) = (1.0, 0.5);
    for octave in 0..octaves {
        sum += weight * value(x * scale, y * scale, seed.wrapping_add(octave));
        scale *= 2.0;
        weight *= 0.5;
    }
    sum
}

/// Ridged octaves in 0..1, sharp at the top, each weighted by the one before so that detail gathers on ridges
/// (after Musgrave's ridged multifractal).
pub(super) fn ridged(x: f32, y: f32, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut total) = (0.0, 0.0);
    let (mut scale, mut amplitude, mut weight) = (1.0, 1.0, 1.0_f32);
    for octave in 0..octaves {
        let ridge = 1.0 - value(x * scale, y * scale, seed.wrapping_add(octave)).abs();
        sum += amplitude * ridge * ridge * weight;
        total += amplitude;
        weight = (ridge * ridge).clamp(0.0, 1.0);
        scale *= 2.0;
        amplitude *= 0.5;
    }
    sum / total
}

/// Linear between `a` and `b`.
pub(super) fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

fn quintic(t: f32) -> f32 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_the_same_bits_everywhere() {
        // Recorded once: a change here changes every synthetic map.
        assert_eq!(hash(3, -7, 42), 989_086_356);
        assert_eq!(value(0.25, 0.5, 1).to_bits(), 3_131_220_736);
    }

    #[test]
    fn noise_is_centred_bounded_and_continuous() {
        let mut sum = 0.0;
        for i in 0..10_000 {
            let (x, y) = ((i % 100) as f32 * 0.37, (i / 100) as f32 * 0.41);
            let here = fractal(x, y, 4, 9);
            assert!(here.abs() < 1.0);
            assert!((fractal(x + 1e-3, y, 4, 9) - here).abs() < 0.05);
            assert!((0.0..=1.0).contains(&ridged(x, y, 4, 9)));
            sum += f64::from(here);
        }
        assert!((sum / 10_000.0).abs() < 0.05);
    }
}
