use super::super::azimuths::Azimuths;
use super::super::terrain::fixtures::terrain;
use super::super::terrain::{Rect, Terrain};
use super::*;

/// All horizons of one cell, the long way: every crossing, in double precision.
fn brute(window: &Terrain, compass: &Compass, radius: f64, x: usize, y: usize) -> Vec<f64> {
    let at = |x: f64, y: f64| {
        let (x, y) = (x as isize, y as isize);
        let inside = x >= 0 && y >= 0 && (x as usize) < window.width && (y as usize) < window.height;
        inside.then(|| f64::from(window.z[y as usize * window.width + x as usize]))
    };
    let own = f64::from(window.z[y * window.width + x]);
    let look = |&(east, north): &(f64, f64)| {
        let south = -north;
        let main = east.abs().max(south.abs());
        let (dx, dy) = (east / main, south / main);
        let step = (dx * dx + dy * dy).sqrt() * window.cell;
        let mut best = f64::MIN;
        for k in 1.. {
            let k = f64::from(k);
            let round = |v: f64| (v * 1e9).round() / 1e9;
            let (px, py) = (x as f64 + round(k * dx), y as f64 + round(k * dy));
            let part = (px - px.floor()).max(py - py.floor());
            let second = if east.abs() > south.abs() { (0.0, 1.0) } else { (1.0, 0.0) };
            let Some(a) = at(px.floor(), py.floor()) else { break };
            let b = at(px.floor() + second.0, py.floor() + second.1).unwrap_or(a);
            let distance = k * step;
            best = best.max((a + (b - a) * part - own) / distance - distance / (2.0 * radius));
        }
        best
    };
    compass.units.iter().map(look).collect()
}

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

/// The skylines of all cells of a window's tile, put together from its patches.
struct Found {
    width: usize,
    /// For each direction the cells row by row.
    planes: Vec<Vec<i16>>,
}

impl Found {
    fn of(window: &Terrain, compass: &Compass, light: Light) -> Self {
        let skylines =
            Skylines::of(window, compass, light, &Store::default(), &AtomicBool::new(false)).unwrap();
        let tile = window.tile;
        let width = tile.width();
        let mut planes = vec![vec![0; width * tile.height()]; compass.units.len()];
        let mut patch = Patch::new(compass.units.len());
        for rect in tile.cut(EDGE) {
            skylines.patch(window, (rect.x0, rect.y0), false, &mut patch);
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

fn light(curved: bool) -> Light {
    Light { curved, vectors: Vectors::best() }
}

/// Root mean square, 99th percentile and mean of the errors, in degrees, of the skylines above the horizontal.
fn errors(window: &Terrain, light: Light) -> (f64, f64, f64) {
    let compass = Compass::new(Azimuths::Fine);
    let skylines = Found::of(window, &compass, light);
    let mut errors = Vec::new();
    for i in 0..97 {
        let (i, tile) = (i * 7919, window.tile);
        let (x, y) = (i % tile.width(), i / tile.width() % tile.height());
        let truth = brute(window, &compass, light.radius(), x + tile.x0, y + tile.y0);
        for (k, truth) in truth.iter().enumerate() {
            let found = f64::from(skylines.row(k, y)[x]) / f64::from(STEPS);
            errors.push((found.max(0.0).atan() - truth.max(0.0).atan()).to_degrees());
        }
    }
    errors.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let count = errors.len() as f64;
    let rms = (errors.iter().map(|e| e * e).sum::<f64>() / count).sqrt();
    (rms, errors[errors.len() * 99 / 100].abs(), errors.iter().sum::<f64>() / count)
}

#[test]
fn skylines_are_those_of_all_crossings_within_a_tenth_of_a_degree() {
    // Noise from cell to cell is what the lines of the far search are worst at.
    for (name, height, bound) in
        [("mountains", mountains as fn(usize, usize) -> f32, 1.0), ("noise", rough, 5.0)]
    {
        for curved in [false, true] {
            let mut window = terrain(640, 25.0, height);
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
fn classes_of_processors_find_the_same_bits() {
    let mut window = terrain(320, 25.0, mountains);
    window.tile = Rect { x0: 100, y0: 90, x1: 190, y1: 161 };
    let compass = Compass::new(Azimuths::Fine);
    let of = |vectors| Found::of(&window, &compass, Light { curved: true, vectors }).planes;
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
    let compass = Compass::new(Azimuths::Uniform(64));
    let skylines = Found::of(&window, &compass, light(false));
    let east = |x: usize| f64::from(skylines.row(16, 30)[x - 100]) / f64::from(STEPS);
    let close = |found: f64, truth: f64| assert!((found - truth).abs() < 3e-4, "{found} {truth}");
    close(east(180), 1.0);
    close(east(100), 0.2);
    close(east(199), 8.0);
    close(f64::from(skylines.row(48, 30)[220 - 100]) / f64::from(STEPS), 1.0);
    assert!(skylines.row(16, 30)[210 - 100] <= 0, "nothing behind the wall");
    close(f64::from(skylines.row(8, 30)[180 - 100]) / f64::from(STEPS), 0.5_f64.sqrt());
}

#[test]
fn missing_terrain_does_not_shade() {
    let mut window = terrain(256, 25.0, |x, _| if x > 150 { f32::NAN } else { 700.0 });
    window.tile = Rect { x0: 96, y0: 96, x1: 140, y1: 140 };
    let skylines = Found::of(&window, &Compass::new(Azimuths::Uniform(16)), light(true));
    assert!(skylines.planes.iter().flatten().all(|tangent| *tangent == 0));
}

#[test]
fn turning_and_mirroring_the_ground_turns_and_mirrors_the_skylines() {
    let size = 256;
    let compass = Compass::new(Azimuths::Uniform(32));
    let of = |height: &dyn Fn(usize, usize) -> f32| {
        let mut window = terrain(size, 25.0, height);
        window.tile = Rect { x0: 64, y0: 64, x1: 192, y1: 192 };
        Found::of(&window, &compass, light(false))
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
