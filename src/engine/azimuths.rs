//! The directions of the horizon table.

use std::f64::consts::TAU;

use libm::sincos;

/// Which directions the horizon table has, clockwise from the grid's north.
///
/// All sets but the uniform ones consist of directions whose slope against the grid is a multiple of 1/8, 1/16 or 1/32:
/// rays then cross the grid's rows at few places between nodes, where the ground is interpolated once for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AzimuthSet {
    /// So many, equally spaced. Rays are moved to the nearest sixteenth of a cell where they cross rows nearby.
    Uniform(u32),
    /// 64: slopes of 1/8, 3.8 to 7.1 degrees apart.
    Fast,
    /// 96: slopes of 1/16 (1.8 to 3.6 degrees) between 63 and 297 degrees, where nearly all suns stand, of 1/8 (3.8 to 5.4)
    /// beside, and of 1/4 (8.1 to 14.0) in the north.
    Fine,
    /// 192: twice as fine as `Fine` everywhere.
    Dense,
}

/// Divisions of a quarter's half: slopes are counted in them.
const DIVISIONS: i32 = 32;

/// The directions, ready for use.
#[derive(Debug, Clone)]
pub(super) struct Compass {
    /// Unit vectors: east and north.
    pub units: Vec<(f64, f64)>,
    /// Directions that the sky view factor is integrated over, each with its share of the circle.
    pub sky: Vec<(usize, f64)>,
}

impl Compass {
    pub(super) fn new(set: AzimuthSet) -> Self {
        let units: Vec<(f64, f64)> = match set {
            AzimuthSet::Uniform(count) => {
                (0..count).map(|i| sincos(TAU * f64::from(i) / f64::from(count.max(1)))).collect()
            }
            AzimuthSet::Fast => sloped([4; 3]),
            AzimuthSet::Fine => sloped([8, 4, 2]),
            AzimuthSet::Dense => sloped([4, 2, 1]),
        };
        let every = match set {
            AzimuthSet::Uniform(_) => 0,
            AzimuthSet::Fast | AzimuthSet::Fine | AzimuthSet::Dense => SKY,
        };
        let in_sky = |unit: &(f64, f64)| every == 0 || is_multiple(*unit, every);
        let chosen: Vec<usize> = (0..units.len()).filter(|k| units.get(*k).is_some_and(in_sky)).collect();
        let angles: Vec<f64> =
            chosen.iter().filter_map(|k| units.get(*k)).map(|(e, n)| libm::atan2(*e, *n)).collect();
        let sky = chosen.into_iter().zip(shares(&angles)).collect();
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

/// The shares of the circle that values at some angles (increasing, but for the turn) stand for: the integrals of the
/// cubics through four neighbours each between the middle two.
fn shares(angles: &[f64]) -> Vec<f64> {
    let count = angles.len();
    if count < 4 {
        return vec![1.0 / count.max(1) as f64; count];
    }
    let mut shares = vec![0.0; count];
    for second in 0..count {
        let four: [usize; 4] = std::array::from_fn(|i| (second + count + i - 1) % count);
        let from = angles[second];
        let at = four.map(|k| (angles[k] - from + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0);
        let half = at[2] / 2.0;
        // Gauss: two points do for a cubic.
        for point in [half - half / 3.0_f64.sqrt(), half + half / 3.0_f64.sqrt()] {
            for (i, k) in four.into_iter().enumerate() {
                let others = (0..4).filter(|j| *j != i);
                let weight: f64 = others.map(|j| (point - at[j]) / (at[i] - at[j])).product();
                shares[k] += weight * half / TAU;
            }
        }
    }
    shares
}

/// The sky view factor takes slopes that are multiples of this, in [`DIVISIONS`].
const SKY: i32 = 8;

/// Directions by their slopes, clockwise from north, in steps of so many divisions in the north (45 degrees to both
/// sides), beside it (18 degrees more), and elsewhere.
fn sloped([north, beside, south]: [i32; 3]) -> Vec<(f64, f64)> {
    let turns = 8 * DIVISIONS;
    let step = |turn: i32| match turn.min(turns - turn) {
        turn if turn < DIVISIONS => north,
        turn if turn < DIVISIONS * 3 / 2 => beside,
        _ => south,
    };
    (0..turns).filter(|turn| turn % step(*turn) == 0).map(of_turn).collect()
}

/// The direction of a number of divisions: 0 is north, `2 * DIVISIONS` east.
fn of_turn(turn: i32) -> (f64, f64) {
    let quarter = (turn + DIVISIONS) / (2 * DIVISIONS);
    let aside = turn - 2 * DIVISIONS * quarter;
    let (east, north) = match quarter % 4 {
        0 => (aside, DIVISIONS),
        1 => (DIVISIONS, -aside),
        2 => (-aside, -DIVISIONS),
        _ => (-DIVISIONS, aside),
    };
    let length = f64::from(east * east + north * north).sqrt();
    (f64::from(east) / length, f64::from(north) / length)
}

fn is_multiple((east, north): (f64, f64), divisions: i32) -> bool {
    let slope = east.abs().min(north.abs()) / east.abs().max(north.abs());
    let parts = slope * f64::from(DIVISIONS) / f64::from(divisions);
    (parts - parts.round()).abs() < 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_have_their_sizes_and_the_sky_is_shared_out() {
        for (set, count, sky) in [
            (AzimuthSet::Fast, 64, 32),
            (AzimuthSet::Fine, 96, 32),
            (AzimuthSet::Dense, 192, 32),
            (AzimuthSet::Uniform(16), 16, 16),
        ] {
            let compass = Compass::new(set);
            assert_eq!((compass.units.len(), compass.sky.len()), (count, sky), "{set:?}");
            let shares: f64 = compass.sky.iter().map(|(_, share)| share).sum();
            assert!((shares - 1.0).abs() < 1e-12, "{set:?} {shares}");
        }
    }

    #[test]
    fn every_direction_lies_in_its_interval() {
        for set in [AzimuthSet::Fine, AzimuthSet::Dense, AzimuthSet::Uniform(8), AzimuthSet::Uniform(9)] {
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
