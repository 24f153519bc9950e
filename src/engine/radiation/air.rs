//! The beam through the air over a tile, tabulated by the sun's height.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::atmosphere::{Air, Beam, pressure, split};
use super::super::model::DiffuseModel;
use super::FLAT_HEIGHT;
use libm::{asin, cos, log};

/// Intervals of the square root of the sine of the sun's height: the air mass changes fastest near the horizon.
const HEIGHTS: usize = 2048;

/// Distance of the turbidities that tables are made for where it differs from place to place; between them air is linear,
/// within 0.0002 of the radiation outside the air.
pub(super) const TURBIDITY_STEP: f64 = 0.0625;

/// Direct radiation facing the sun and diffuse radiation of the whole sky on level ground, for a unit of radiation
/// outside the air: cubics in the scaled pressure, and their values for the flat twin.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Through {
    pub direct: [f64; 4],
    /// Of the evenly bright part of the sky.
    pub diffuse: [f64; 4],
    /// Of its part around the sun, facing it.
    pub circumsolar: [f64; 4],
    pub direct_flat: f64,
    pub diffuse_flat: f64,
}

/// Numbers of a height of the sun as kernels read them: the cubics of the direct, the diffuse and the circumsolar
/// radiation, the flat twin's direct and diffuse, and two that are nothing.
pub(super) const COEFFICIENTS: usize = 16;

/// [`Through`] over all heights of the sun.
#[derive(Debug, Clone)]
pub(super) struct AirTable {
    table: Vec<Through>,
    /// The same for kernels.
    flat: Vec<[f32; COEFFICIENTS]>,
}

/// The relative pressures of a tile, scaled to -1..1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pressures {
    middle: f64,
    half: f64,
    /// The range of heights, m: its middle, and the inverse of its half.
    height: f32,
    per_height: f32,
    /// The scaled pressure: a polynomial in the scaled height.
    powers: [f32; POWERS],
}

/// Coefficients of the polynomial that stands for the exponential of a height: over 5000 m within 3e-7 of the pressure.
const POWERS: usize = 7;

impl Pressures {
    /// Between two heights, m.
    pub(super) fn new((low, high): (f64, f64)) -> Self {
        let (thin, dense) = (pressure(high), pressure(low));
        let (middle, half) = (f64::midpoint(thin, dense), ((dense - thin) / 2.0).max(1e-4));
        let (height, reach) = (f64::midpoint(low, high), ((high - low) / 2.0).max(1.0));
        // The exponential's series around the middle.
        let decay = log(pressure(height + reach) / pressure(height));
        let mut term = pressure(height) / half;
        let powers = std::array::from_fn(|power| {
            let this = term;
            term *= decay / (power + 1) as f64;
            (if power == 0 { this - middle / half } else { this }) as f32
        });
        Self { middle, half, height: height as f32, per_height: (1.0 / reach) as f32, powers }
    }

    /// The pressure of a height, m, as the cubics take it.
    #[inline(always)]
    pub(super) fn scaled(&self, z: f32) -> f32 {
        let at = (z - self.height) * self.per_height;
        let mut value = self.powers[POWERS - 1];
        for power in (0..POWERS - 1).rev() {
            value = value.mul_add(at, self.powers[power]);
        }
        value
    }
}

impl Through {
    fn between(&self, other: &Self, part: f64) -> Self {
        let blend = |a: f64, b: f64| a + part * (b - a);
        let cubic = |a: &[f64; 4], b: &[f64; 4]| std::array::from_fn(|i| blend(a[i], b[i]));
        Self {
            direct: cubic(&self.direct, &other.direct),
            diffuse: cubic(&self.diffuse, &other.diffuse),
            circumsolar: cubic(&self.circumsolar, &other.circumsolar),
            direct_flat: blend(self.direct_flat, other.direct_flat),
            diffuse_flat: blend(self.diffuse_flat, other.diffuse_flat),
        }
    }

    fn coefficients(&self) -> [f32; COEFFICIENTS] {
        let flat = [self.direct_flat, self.diffuse_flat, 0.0, 0.0];
        let mut all = [0.0; COEFFICIENTS];
        for (to, from) in
            all.iter_mut().zip([self.direct, self.diffuse, self.circumsolar, flat].as_flattened())
        {
            *to = *from as f32;
        }
        all
    }
}

impl AirTable {
    /// For a range of pressures.
    pub(super) fn new(pressures: &Pressures, air: Air, diffuse: DiffuseModel) -> Self {
        let flat = pressure(FLAT_HEIGHT);
        let nodes = chebyshev_nodes();
        let at = |i: usize| {
            let root = i as f64 / HEIGHTS as f64;
            let sine = root * root;
            let beam = Beam::new(1.0, asin(sine).max(1e-9), air);
            let values = nodes.map(|node| {
                let (direct, sky) = beam.through(pressures.middle + pressures.half * node);
                (direct, split(diffuse, sky, direct, 1.0, sine))
            });
            let (direct_flat, diffuse_flat) = beam.through(flat);
            Through {
                direct: cubic(values.map(|(direct, _)| direct)),
                diffuse: cubic(values.map(|(_, sky)| sky.isotropic)),
                circumsolar: cubic(values.map(|(_, sky)| sky.circumsolar)),
                direct_flat,
                diffuse_flat,
            }
        };
        let table: Vec<Through> = (0..=HEIGHTS).map(at).collect();
        let flat = table.iter().map(Through::coefficients).collect();
        Self { table, flat }
    }

    /// The air between this one's and another's, `part` of the way.
    pub(super) fn between(&self, other: &Self, part: f64) -> Self {
        let pairs = self.table.iter().zip(&other.table);
        let table: Vec<Through> = pairs.map(|(a, b)| a.between(b, part)).collect();
        let flat = table.iter().map(Through::coefficients).collect();
        Self { table, flat }
    }

    /// At the root of a sine of the sun's height, linear between the table's.
    #[inline(always)]
    pub(super) fn through(&self, root: f32) -> [f32; COEFFICIENTS] {
        let place = root * HEIGHTS as f32;
        let first = (place as usize).min(HEIGHTS - 1);
        let part = place - first as f32;
        let mut values = [0.0; COEFFICIENTS];
        if let Some([a, b]) = self.flat.get(first..first + 2) {
            for i in 0..COEFFICIENTS {
                values[i] = part.mul_add(b[i] - a[i], a[i]);
            }
        }
        values
    }

    /// At a sine of the sun's height, linear between the table's.
    pub(super) fn at(&self, sine: f64) -> Through {
        let place = (sine.max(0.0).sqrt() * HEIGHTS as f64).clamp(0.0, HEIGHTS as f64 - 1e-6);
        let (first, part) = (place as usize, place - place.floor());
        let (Some(a), Some(b)) = (self.table.get(first), self.table.get(first + 1)) else {
            return Through::default();
        };
        a.between(b, part)
    }
}

/// The four Chebyshev nodes of -1..1.
fn chebyshev_nodes() -> [f64; 4] {
    [1.0, 3.0, 5.0, 7.0].map(|k| cos(k * std::f64::consts::PI / 8.0))
}

/// Coefficients of the cubic through values at the [`chebyshev_nodes`].
fn cubic(values: [f64; 4]) -> [f64; 4] {
    let nodes = chebyshev_nodes();
    let sum = |polynomial: fn(f64) -> f64| -> f64 {
        nodes.iter().zip(values).map(|(u, v)| polynomial(*u) * v).sum()
    };
    let c0 = sum(|_| 1.0) / 4.0;
    let c1 = sum(|u| u) / 2.0;
    let c2 = sum(|u| 2.0 * u * u - 1.0) / 2.0;
    let c3 = sum(|u| u * (4.0 * u * u - 3.0)) / 2.0;
    [c0 - c2, c1 - 3.0 * c3, 2.0 * c2, 4.0 * c3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_is_recovered_from_its_nodes() {
        let truth = |u: f64| 2.0 - u + 0.5 * u * u + 3.0 * u * u * u;
        let got = cubic(chebyshev_nodes().map(truth));
        for (got, truth) in got.iter().zip([2.0, -1.0, 0.5, 3.0]) {
            assert!((got - truth).abs() < 1e-12, "{got} {truth}");
        }
    }

    #[test]
    fn scaled_pressures_are_those_of_the_exponential() {
        let pressures = Pressures::new((0.0, 5000.0));
        for z in 0_i16..=5000 {
            let truth = (pressure(f64::from(z)) - pressures.middle) / pressures.half;
            let error = (f64::from(pressures.scaled(f32::from(z))) - truth).abs();
            assert!(error < 2e-6, "{z} {error}");
        }
        assert!(Pressures::new((800.0, 800.0)).scaled(800.0).abs() < 1e-3);
    }

    #[test]
    fn the_table_is_the_beam_within_a_thousandth_of_the_sun_outside_the_air() {
        for air in [Air::Saga(log(0.7)), Air::Lumped(log(0.7)), Air::Esra(3.5)] {
            of_an_air(air);
        }
    }

    #[test]
    fn turbidities_between_the_tabulated_ones_are_near_their_own_air() {
        let pressures = Pressures::new((400.0, 4000.0));
        let own = |linke| AirTable::new(&pressures, Air::Esra(linke), DiffuseModel::HayDavies);
        for first in [1.0, 2.5, 3.75, 7.0625] {
            let (low, high) = (own(first), own(first + TURBIDITY_STEP));
            for part in [0.0, 0.3, 0.5, 0.9] {
                let (between, truth) = (low.between(&high, part), own(first + part * TURBIDITY_STEP));
                for (a, b) in between.flat.as_flattened().iter().zip(truth.flat.as_flattened()) {
                    assert!((a - b).abs() < 2e-4, "{first} {part}: {a} {b}");
                }
            }
        }
    }

    fn of_an_air(kind: Air) {
        let beam = |height| Beam::new(1.0, height, kind);
        let pressures = Pressures::new((400.0, 4000.0));
        let air = AirTable::new(&pressures, kind, DiffuseModel::Isotropic);
        for i in 1..600 {
            let height = f64::from(i) / 400.0;
            let through = air.at(height.sin());
            for z in (400_i16..=4000).step_by(300) {
                let v = f64::from(pressures.scaled(f32::from(z)));
                let cubic = |c: [f64; 4]| c[0] + v * (c[1] + v * (c[2] + v * c[3]));
                let (direct, diffuse) = beam(height).through(pressure(f64::from(z)));
                let error = (cubic(through.direct) - direct).abs();
                assert!(error < 1e-3, "{kind:?} {height} {z}: {error}, {direct}");
                assert!((cubic(through.diffuse) - diffuse).abs() < 2e-4, "{height} {z}");
            }
            let (direct, diffuse) = beam(height).through(pressure(FLAT_HEIGHT));
            assert!(
                (through.direct_flat - direct).abs() < 1e-4 && (through.diffuse_flat - diffuse).abs() < 1e-4
            );
        }
    }
}
