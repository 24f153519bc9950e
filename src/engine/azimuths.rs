//! The directions of the horizon table.

use std::f64::consts::TAU;

use libm::sincos;

/// Which directions the horizon table has, clockwise from the grid's north.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Azimuths {
    /// So many, equally spaced.
    Uniform(u32),
    /// 64, equally spaced: half again as fast as `Fine`, twice its error.
    Fast,
    /// 80: every 2.8125 degrees between 112.5 and 247.5, where the sun of most hours stands, every 5.625 between 45 and
    /// 315, every 11.25 in the north.
    Fine,
    /// 152: every 1.40625, 2.8125 and 11.25 degrees in the same sectors.
    Dense,
}

/// Directions of the sky view factor; every set but a uniform one contains them.
const SKY: usize = 32;

/// The directions, ready for use.
#[derive(Debug, Clone)]
pub(super) struct Compass {
    /// Unit vectors: east and north.
    pub units: Vec<(f64, f64)>,
    /// Directions that the sky view factor is integrated over, equally spaced.
    pub sky: Vec<usize>,
}

impl Compass {
    pub(super) fn new(set: Azimuths) -> Self {
        // Counted in 1/256 of the circle, which all sets are made of.
        let sectors = |wide: u32, middle: u32, narrow: u32| -> Vec<f64> {
            let steps = [
                (0_u32, 32, wide),
                (32, 80, middle),
                (80, 176, narrow),
                (176, 224, middle),
                (224, 256, wide),
            ];
            let turns = steps.into_iter().flat_map(|(from, to, step)| (from..to).step_by(step as usize));
            turns.map(|turn| TAU * f64::from(turn) / 256.0).collect()
        };
        let angles: Vec<f64> = match set {
            Azimuths::Uniform(count) => {
                (0..count).map(|i| TAU * f64::from(i) / f64::from(count.max(1))).collect()
            }
            Azimuths::Fast => (0..64).map(|i| TAU * f64::from(i) / 64.0).collect(),
            Azimuths::Fine => sectors(8, 4, 2),
            Azimuths::Dense => sectors(8, 2, 1),
        };
        let units = angles.iter().map(|angle| sincos(*angle)).collect();
        let sky = if let Azimuths::Uniform(count) = set {
            (0..count as usize).collect()
        } else {
            let step = TAU / SKY as f64;
            let is_one = |angle: f64| (angle / step - (angle / step).round()).abs() < 1e-9;
            (0..angles.len()).filter(|k| angles.get(*k).is_some_and(|a| is_one(*a))).collect()
        };
        Self { units, sky }
    }

    /// The interval of the table that a direction lies in, by its first line, and how far along the chord between the
    /// two lines: 0 on the first, 1 on the second. `guess` is where the search begins.
    pub(super) fn locate(&self, east: f64, north: f64, guess: usize) -> (usize, f64) {
        let count = self.units.len();
        // Positive when the direction lies clockwise of the line.
        let beyond = |k: usize| self.units.get(k).map_or(0.0, |(e, n)| east * n - north * e);
        let mut k = guess % count.max(1);
        for _ in 0..2 * count {
            let (behind, ahead) = (beyond(k), -beyond((k + 1) % count));
            if behind >= 0.0 && ahead > 0.0 {
                return (k, behind / (behind + ahead));
            }
            // Half a circle away either way round is as far.
            k = if behind < 0.0 { (k + count - 1) % count } else { (k + 1) % count };
        }
        (k, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_have_their_sizes_and_contain_the_directions_of_the_sky() {
        for (set, count, sky) in [
            (Azimuths::Fast, 64, 32),
            (Azimuths::Fine, 80, 32),
            (Azimuths::Dense, 152, 32),
            (Azimuths::Uniform(16), 16, 16),
        ] {
            let compass = Compass::new(set);
            assert_eq!((compass.units.len(), compass.sky.len()), (count, sky), "{set:?}");
        }
    }

    #[test]
    fn every_direction_lies_in_its_interval() {
        for set in [Azimuths::Fine, Azimuths::Dense, Azimuths::Uniform(8), Azimuths::Uniform(9)] {
            let compass = Compass::new(set);
            let count = compass.units.len();
            let angle_of = |k: usize| {
                let (east, north) = compass.units[k % count];
                east.atan2(north).rem_euclid(TAU) + if k < count { 0.0 } else { TAU }
            };
            for i in 0..3600 {
                let angle = f64::from(i).to_radians() / 10.0;
                let (east, north) = sincos(angle);
                let (k, part) = compass.locate(east, north, i as usize * 7 % count);
                let (first, next) = (angle_of(k), angle_of(k + 1));
                let linear = (angle - first) / (next - first);
                assert!((part - linear).abs() < 0.02, "{set:?} {angle}: {k} {part} {linear}");
            }
        }
    }
}
