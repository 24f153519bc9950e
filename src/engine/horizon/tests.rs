mod crossings;

use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::super::azimuths::{AzimuthSet, Compass};
use super::super::rectangles::Rect;
use super::super::terrain::Terrain;
use super::super::terrain::fixtures::terrain;
use super::super::vector::Vectors;
use super::*;
use crossings::{brute, crossings};

/// Rough, repeatable ground.
fn rough(x: usize, y: usize) -> f32 {
    let (u, v) = (x as f32 / 9.0, y as f32 / 7.0);
    600.0 * (u.sin() * v.cos() + 0.3 * (3.1 * u + v).sin()) + ((x * 7919 + y * 104_729) % 97) as f32
}

/// Ridges some kilometres apart.
fn mountains(x: usize, y: usize) -> f32 {
    let (u, v) = (x as f32 / 60.0, y as f32 / 45.0);
    1500.0
        + 700.0 * (u.sin() * v.cos())
        + 150.0 * (4.0 * u + 1.3 * v).sin()
        + 40.0 * (13.0 * v - 9.0 * u).cos()
}

/// The horizons of all cells of a window's tile, put together from its patches.
struct FoundHorizons {
    width: usize,
    /// For each direction the cells row by row.
    planes: Vec<Vec<i16>>,
}

impl FoundHorizons {
    fn of(window: &Terrain, compass: &Compass, light: HorizonOptions) -> Self {
        let horizons =
            Horizons::of(window, compass, light, &HorizonBuffers::default(), &AtomicBool::new(false))
                .unwrap();
        let tile = window.tile;
        let width = tile.width();
        let mut planes = vec![vec![0; width * tile.height()]; compass.units.len()];
        let mut patch = Patch::new(compass.units.len());
        for rect in tile.cut(EDGE) {
            horizons.patch(window, (rect.x0, rect.y0), false, &mut patch);
            for (plane, line) in planes.iter_mut().zip(&patch.table.lines) {
                for (y, x) in (0..rect.height()).flat_map(|y| (0..rect.width()).map(move |x| (y, x))) {
                    let cell = (rect.y0 - tile.y0 + y) * width + rect.x0 - tile.x0 + x;
                    plane[cell] = line[y / SIDE * ACROSS + x / SIDE][y % SIDE * SIDE + x % SIDE];
                }
            }
        }
        Self { width, planes }
    }

    fn row(&self, direction: usize, y: usize) -> &[i16] {
        &self.planes[direction][y * self.width..(y + 1) * self.width]
    }
}

fn light(curved: bool) -> HorizonOptions {
    HorizonOptions { curved, vectors: Vectors::best() }
}

/// The steepest tangent of the table.
const MOST: f64 = i16::MAX as f64 / STEPS as f64;

/// Root mean square, 99th percentile and mean of the errors, in degrees, of the horizons above the horizontal.
fn errors(window: &Terrain, light: HorizonOptions) -> (f64, f64, f64) {
    let compass = Compass::new(AzimuthSet::Fine);
    let horizons = FoundHorizons::of(window, &compass, light);
    let mut errors = Vec::new();
    for i in 0..97 {
        let (i, tile) = (i * 7919, window.tile);
        let (x, y) = (i % tile.width(), i / tile.width() % tile.height());
        let truth = brute(window, &compass, light.radius(), x + tile.x0, y + tile.y0);
        for (k, truth) in truth.iter().enumerate() {
            let found = f64::from(horizons.row(k, y)[x]) / f64::from(STEPS);
            errors.push((found.max(0.0).atan() - truth.clamp(0.0, MOST).atan()).to_degrees());
        }
    }
    errors.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let count = errors.len() as f64;
    let rms = (errors.iter().map(|e| e * e).sum::<f64>() / count).sqrt();
    (rms, errors[errors.len() * 99 / 100].abs(), errors.iter().sum::<f64>() / count)
}

/// What the ground is like, the edge of its cells, its height, and how many times as large the errors may be.
type Rough = (&'static str, f64, fn(usize, usize) -> f32, f64);

#[test]
fn horizons_are_those_of_all_crossings_within_a_tenth_of_a_degree() {
    // Noise from cell to cell is what the lines of the far search are worst at.
    let grounds: [Rough; 5] = [
        ("mountains", 25.0, mountains, 1.0),
        ("noise", 25.0, rough, 5.0),
        // Its far end lies 2 km below the level plane of the other.
        ("mountains on cells of 250 m", 250.0, |x, y| mountains(x, y) - 1500.0, 1.0),
        ("a long slope on cells of 5 m", 5.0, |x, y| 3.5 * x as f32 + 0.1 * mountains(x, y), 1.0),
        ("up to 9000 m", 25.0, |x, y| (6.0 * mountains(x, y) - 4750.0).clamp(-500.0, 9000.0), 3.0),
    ];
    for (name, cell, height, bound) in grounds {
        for curved in [false, true] {
            let mut window = terrain(640, cell, height);
            window.tile = Rect { x0: 250, y0: 200, x1: 391, y1: 309 };
            let (rms, p99, bias) = errors(&window, light(curved));
            println!("{name}, curved {curved}: rms {rms:.4}, p99 {p99:.3}, bias {bias:.4} degrees");
            assert!(
                rms < 0.1 * bound && p99 < 0.5 * bound && bias.abs() < 0.025 * bound,
                "{name} {rms} {p99} {bias}"
            );
        }
    }
}

#[test]
fn the_edge_of_a_plateau_around_a_plain_is_seen_where_it_is() {
    // The earth's curve makes the plateau's farther cells the higher ones of the far end's level plane.
    for radius in [50.0, 100.0] {
        let height = |x: usize, y: usize| {
            let (u, v) = (x as f32 - 320.0, y as f32 - 255.0);
            if u.hypot(v) < radius { 500.0 } else { 1500.0 }
        };
        let mut window = terrain(640, 25.0, height);
        window.tile = Rect { x0: 250, y0: 200, x1: 391, y1: 309 };
        let (rms, p99, bias) = errors(&window, light(true));
        println!("{radius} cells: rms {rms:.4}, p99 {p99:.3}, bias {bias:.4} degrees");
        assert!(rms < 0.15 && p99 < 0.6 && bias.abs() < 0.025, "{radius}: {rms} {p99} {bias}");
    }
}

/// Ground from 500 m below the sea to 9000 m above it, with walls and towers.
#[derive(Debug, Clone, Copy)]
struct Extreme {
    seed: u32,
    /// Edge of its pieces, cells: of each the height is another.
    edge: (usize, usize),
    /// How many of a hundred pieces are as high as can be; the others lie low.
    towers: u32,
    /// Height of the others above the lowest, m.
    relief: f32,
}

impl Extreme {
    fn any() -> impl Strategy<Value = Self> {
        let edge = prop::sample::select(vec![1, 2, 5, 17, 40, 300]);
        let relief = prop::sample::select(vec![0.0, 50.0, 1500.0, 9500.0]);
        let towers = prop::sample::select(vec![0, 1, 10, 50]);
        (any::<u32>(), edge.clone(), edge, towers, relief).prop_map(|(seed, across, down, towers, relief)| {
            Self { seed, edge: (across, down), towers, relief }
        })
    }

    /// Whether the ground around each cell ranges over more than 16 bits hold in fine steps.
    fn exceeds_16_bits(self, cell: f64) -> bool {
        self.relief > 9000.0 && self.edge.0.max(self.edge.1) <= 17 && cell <= 25.0
    }

    fn at(self, x: usize, y: usize) -> f32 {
        let piece = (x / self.edge.0) as u32 * 7919 + (y / self.edge.1) as u32 * 104_729;
        let bits = (piece ^ self.seed).wrapping_mul(0x9E37_79B9);
        let bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
        let bits = bits ^ (bits >> 13);
        if bits % 100 < self.towers {
            9000.0
        } else {
            -500.0 + self.relief * (bits >> 8) as f32 / 16_777_216.0
        }
    }
}

/// The steepest that anything may be seen from a cell in a direction by way of observers around it, which stand at most
/// 8 cells aside, before or behind.
fn steepest(window: &Terrain, (x, y): (usize, usize), (east, north): (f64, f64), from: f64) -> f64 {
    let own = f64::from(window.z[window.index(x, y)]);
    let mut most = 0.0_f64;
    for row in 0..window.height {
        for column in 0..window.width {
            let (dx, dy) = (column as f64 - x as f64, y as f64 - row as f64);
            let (ahead, aside) = (dx * east + dy * north, dx * north - dy * east);
            if aside.abs() <= 8.0 && ahead >= from {
                let up = f64::from(window.z[window.index(column, row)]) - own;
                most = most.max(up / (window.cell * (ahead - 8.0)));
            }
        }
    }
    most
}

#[test]
fn horizons_of_extreme_ground_are_the_near_ones_and_no_higher_than_what_stands_ahead() {
    let compass = Compass::new(AzimuthSet::Fast);
    let test = |(ground, cell): (Extreme, f64)| {
        let mut window = terrain(192, cell, |x, y| ground.at(x, y));
        window.tile = Rect { x0: 31, y0: 40, x1: 158, y1: 141 };
        let horizons = FoundHorizons::of(&window, &compass, light(false));
        for i in 0..8 {
            let (x, y) = (i * 7919 % window.tile.width(), i * 104_729 % window.tile.height());
            let at = (x + window.tile.x0, y + window.tile.y0);
            for (k, unit) in compass.units.iter().enumerate().step_by(3) {
                let found = f64::from(horizons.row(k, y)[x]) / f64::from(STEPS);
                let near = crossings(&window, unit, f64::INFINITY, at, near::reach(*unit)).clamp(0.0, MOST);
                let far = steepest(&window, at, *unit, (near::reach(*unit) - 8) as f64);
                // Far sights have 16 bits over the steepest that there is.
                let beyond = 9500.0 / (20.0 * cell) * 1e-4;
                // Half a step of the table, the last digit of heights, and where 16 bits suffice one and a half of theirs.
                let exact = 0.5 / f64::from(STEPS) + 1e-5 + 1e-3 / cell;
                let off = if ground.exceeds_16_bits(cell) { exact } else { exact + 1.5e-3 + 3e-4 * near };
                prop_assert!(found >= near - off, "{at:?} {unit:?}: {found}, near {near}");
                prop_assert!(
                    found <= near.max(far.min(MOST) + beyond) + off,
                    "{at:?} {unit:?}: {found}, {near} {far}"
                );
            }
        }
        Ok(())
    };
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&(Extreme::any(), prop::sample::select(vec![2.0, 10.0, 25.0, 100.0])), test).unwrap();
}

#[test]
fn classes_of_processors_find_the_same_bits() {
    let mut window = terrain(320, 25.0, mountains);
    window.tile = Rect { x0: 100, y0: 90, x1: 190, y1: 161 };
    let compass = Compass::new(AzimuthSet::Fine);
    let of = |vectors| FoundHorizons::of(&window, &compass, HorizonOptions { curved: true, vectors }).planes;
    let portable = of(Vectors::Portable);
    for class in Vectors::here() {
        assert!(of(class) == portable, "{}", class.name());
    }
}

#[test]
fn a_wall_is_seen_under_its_angle() {
    // A wall 500 m high along column 200.
    let mut window = terrain(320, 25.0, |x, _| if x == 200 { 1500.0 } else { 1000.0 });
    window.tile = Rect { x0: 100, y0: 100, x1: 228, y1: 164 };
    let compass = Compass::new(AzimuthSet::Uniform(64));
    let horizons = FoundHorizons::of(&window, &compass, light(false));
    let east = |x: usize| f64::from(horizons.row(16, 30)[x - 100]) / f64::from(STEPS);
    let close = |found: f64, truth: f64| assert!((found - truth).abs() < 3e-4, "{found} {truth}");
    close(east(180), 1.0);
    close(east(100), 0.2);
    close(east(199), 8.0);
    close(f64::from(horizons.row(48, 30)[220 - 100]) / f64::from(STEPS), 1.0);
    assert!(horizons.row(16, 30)[210 - 100] <= 0, "nothing behind the wall");
    close(f64::from(horizons.row(8, 30)[180 - 100]) / f64::from(STEPS), 0.5_f64.sqrt());
}

#[test]
fn missing_terrain_does_not_shade() {
    let mut window = terrain(256, 25.0, |x, _| if x > 150 { f32::NAN } else { 700.0 });
    window.tile = Rect { x0: 96, y0: 96, x1: 140, y1: 140 };
    let horizons = FoundHorizons::of(&window, &Compass::new(AzimuthSet::Uniform(16)), light(true));
    assert!(horizons.planes.iter().flatten().all(|tangent| *tangent == 0));
}

#[test]
fn turning_and_mirroring_the_ground_turns_and_mirrors_the_horizons() {
    let size = 256;
    let compass = Compass::new(AzimuthSet::Uniform(32));
    let of = |height: &dyn Fn(usize, usize) -> f32| {
        let mut window = terrain(size, 25.0, height);
        window.tile = Rect { x0: 64, y0: 64, x1: 192, y1: 192 };
        FoundHorizons::of(&window, &compass, light(false))
    };
    let straight = of(&mountains);
    // A quarter turn clockwise: what lay in the north lies in the east.
    let turned = of(&|x, y| mountains(y, size - 1 - x));
    let mirrored = of(&|x, y| mountains(size - 1 - x, y));
    let raised = of(&|x, y| mountains(x, y) + 512.0);
    let (mut turn, mut mirror, mut rise, mut count) = (0.0, 0.0, 0.0, 0.0);
    for k in 0..32 {
        for y in 0..128 {
            for x in 0..128 {
                let own = f64::from(straight.row(k, y)[x]);
                turn += (f64::from(turned.row((k + 8) % 32, x)[127 - y]) - own).powi(2);
                mirror += (f64::from(mirrored.row((32 - k) % 32, y)[127 - x]) - own).powi(2);
                rise += (f64::from(raised.row(k, y)[x]) - own).powi(2);
                count += 1.0;
            }
        }
    }
    let rms = |sum: f64| (sum / count).sqrt() / f64::from(STEPS);
    println!(
        "rms of tangents: turned {:.1e}, mirrored {:.1e}, raised {:.1e}",
        rms(turn),
        rms(mirror),
        rms(rise)
    );
    assert!(rms(turn) < 2e-3 && rms(mirror) < 2e-3 && rms(rise) < 2e-4);
}
