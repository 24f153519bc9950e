//! The engine against the [`oracle`](crate::oracle) on a few cells, and against closed forms.
//!
//! `cargo bench --bench accuracy` measures it on many.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::grid::{Grid, Placement};
use alpsckpt::engine::synthetic::ranges;
use alpsckpt::engine::{
    CoarseField, Compression, Engine, MapRequest, MonthInputs, Physics, Product, RegionBox, Storage,
};
use alpsckpt::grid_file::write_grid;

use crate::oracle::air::sums;
use crate::oracle::flat_earth;
use crate::oracle::ground::Ground;
use crate::oracle::suns::Year;
use crate::scene::layer;

/// Cells of the terrain and of the mapped square in its middle.
const TERRAIN: usize = 704;
const MAPPED: usize = 192;
const CELL: f64 = 25.0;

struct Scene {
    folder: tempfile::TempDir,
    ground: Ground,
    placement: Placement,
}

impl Scene {
    fn new(height: impl Fn(usize, usize) -> f32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let placement = Placement {
            crs: Crs::of_epsg(32632).unwrap(),
            west: 500_000.0 - TERRAIN as f64 / 2.0 * CELL,
            north: 5_094_000.0 + TERRAIN as f64 / 2.0 * CELL,
            cell_x: CELL,
            cell_y: CELL,
            width: TERRAIN,
            height: TERRAIN,
        };
        let values = (0..TERRAIN * TERRAIN).map(|i| height(i % TERRAIN, i / TERRAIN)).collect();
        let grid = Grid { width: TERRAIN, height: TERRAIN, values };
        write_grid(&folder.path().join("dem.tif"), &grid, &placement, &layer()).unwrap();
        Self { folder, ground: Ground::new(grid, placement.clone()).unwrap(), placement }
    }

    fn dem(&self) -> PathBuf {
        self.folder.path().join("dem.tif")
    }
}

fn request(dem: &Path, products: &[Product], months: &[u8], model: Physics) -> MapRequest {
    let half = MAPPED as f64 / 2.0 * CELL;
    let month = |month: &u8| MonthInputs {
        month: *month,
        lapse: CoarseField::Constant(0.006),
        cloud: None,
        temperatures: Vec::new(),
        linke: None,
    };
    MapRequest {
        dem: dem.to_path_buf(),
        region: Some(RegionBox {
            epsg: 32632,
            xmin: 500_000.0 - half,
            xmax: 500_000.0 + half,
            ymin: 5_094_000.0 - half,
            ymax: 5_094_000.0 + half,
        }),
        reference_height: None,
        months: months.iter().map(month).collect(),
        year: 2018,
        tag: String::new(),
        model,
        products: products.to_vec(),
        tile: 256,
        block: 256,
        storage: Storage::Float32,
        compression: Compression::None,
    }
}

fn open(request: MapRequest) -> Engine {
    Engine::open(request).unwrap()
}

fn layers(request: MapRequest) -> Vec<Vec<f32>> {
    let engine = open(request);
    let tile = engine.tiling().tile(0).unwrap();
    engine.compute(tile, &AtomicBool::new(false)).unwrap().layers
}

/// A cell of the mapped square, another for each number.
fn some(number: usize) -> (usize, usize) {
    (number * 7919 % MAPPED, number * 104_729 % MAPPED)
}

fn of_the_terrain((column, row): (usize, usize)) -> (usize, usize) {
    let corner = (TERRAIN - MAPPED) / 2;
    (corner + column, corner + row)
}

#[test]
fn radiation_is_that_of_single_rays_at_every_step() {
    let scene = Scene::new(|x, y| ranges::height(x as f64 * CELL, y as f64 * CELL));
    let months = [1_u8, 6, 12];
    let products = [Product::SkyView, Product::Direct, Product::Diffuse, Product::TotalFlat];
    let maps = layers(request(&scene.dem(), &products, &months, flat_earth()));
    let middle = TERRAIN as f64 / 2.0;
    let year = Year::of(&scene.placement, (middle, middle)).unwrap();
    let mut errors = vec![Vec::new(); months.len()];
    for number in 0..90 {
        let (column, row) = some(number);
        let map = |layer: usize| f64::from(maps[layer][row * MAPPED + column]);
        let cell = scene.ground.cell(of_the_terrain((column, row))).unwrap();
        let mut suns = year.suns(&cell.place);
        suns.retain(|sun| months.contains(&(sun.month as u8 + 1)));
        let lit: Vec<bool> = suns.iter().map(|sun| scene.ground.shaded_from(&cell, sun).is_none()).collect();
        let truth = sums(&cell, &suns, &lit);
        let sky_view = scene.ground.sky_view(&cell, 360);
        assert!((map(0) - sky_view).abs() < 0.006, "{number}: {} {sky_view}", map(0));
        for (i, month) in months.iter().enumerate() {
            let truth = truth[usize::from(*month) - 1];
            let (direct, diffuse, flat) = (map(1 + 3 * i), map(2 + 3 * i), map(3 + 3 * i));
            assert!((flat / truth.flat - 1.0).abs() < 2e-3, "{month}: {flat} {}", truth.flat);
            assert!((diffuse - truth.sky * sky_view).abs() < 0.003 * flat, "{month}, {number}");
            errors[i].push(100.0 * (direct - truth.direct) / flat);
        }
    }
    for (month, errors) in months.iter().zip(errors) {
        let of = |f: fn(f64) -> f64| errors.iter().map(|e| f(*e)).sum::<f64>() / errors.len() as f64;
        let (rms, bias) = (of(|e| e * e).sqrt(), of(|e| e));
        let most = errors.iter().fold(0.0_f64, |most, e| most.max(e.abs()));
        println!("month {month}: rms {rms:.3} %, bias {bias:.3} %, at most {most:.2} % of level ground");
        assert!(rms < 0.6 && bias.abs() < 0.2 && most < 5.0, "{month}: {rms} {bias} {most}");
    }
}

#[test]
fn the_engines_sun_stands_where_spa_has_it() {
    let scene = Scene::new(|_, _| 1000.0);
    let engine = open(request(&scene.dem(), &[Product::Direct], &[3, 12], flat_earth()));
    let year = Year::of(&scene.placement, (TERRAIN as f64 / 2.0, TERRAIN as f64 / 2.0)).unwrap();
    let at = some(5);
    let cell = scene.ground.cell(of_the_terrain(at)).unwrap();
    for sun in year.suns(&cell.place).iter().filter(|sun| [2, 11].contains(&sun.month)) {
        let place = (at.0 as f64, at.1 as f64);
        let (height, azimuth) = engine.sun(sun.month as u8 + 1, sun.step, place).unwrap();
        let turn = (azimuth - sun.azimuth - cell.place.turn).to_degrees();
        assert!((height - sun.height).to_degrees().abs() < 0.02, "{sun:?}: {height}");
        assert!((turn - (turn / 360.0).round() * 360.0).abs() < 0.03, "{sun:?}: {azimuth}");
    }
    assert_eq!(engine.sun(6, 0, (0.0, 0.0)), None, "June was not asked for");
}

/// Ground by metres east and south of the middle.
fn around_the_middle(height: impl Fn(f64, f64) -> f64) -> Scene {
    let at = |i: usize| (i as f64 - TERRAIN as f64 / 2.0) * CELL;
    // Beyond these heights the ground is level: what stands there is seen no higher than what is nearer.
    Scene::new(|x, y| height(at(x), at(y)).clamp(-400.0, 8900.0) as f32)
}

/// Sky view factors of the mapped square of some ground.
fn sky_view(height: impl Fn(f64, f64) -> f64, model: Physics) -> Vec<f32> {
    layers(request(&around_the_middle(height).dem(), &[Product::SkyView], &[6], model)).remove(0)
}

fn middle_of(map: &[f32]) -> f64 {
    f64::from(map[MAPPED / 2 * MAPPED + MAPPED / 2])
}

#[test]
fn sky_view_factors_are_those_of_closed_forms() {
    let near = |what: &str, found: f64, truth: f64| {
        println!("{what}: {found:.5}, by its closed form {truth:.5}");
        assert!((found - truth).abs() < 0.002, "{what}: {found} {truth}");
    };
    near("plain", middle_of(&sky_view(|_, _| 800.0, Physics::default())), 1.0);
    for degrees in [10.0_f64, 30.0, 50.0] {
        let slope = degrees.to_radians();
        let found = middle_of(&sky_view(|x, _| 4000.0 + slope.tan() * x, flat_earth()));
        near(&format!("slope of {degrees} degrees"), found, f64::midpoint(1.0, slope.cos()));
        // On the bottom of a valley between two endless slopes.
        let found = middle_of(&sky_view(|x, _| slope.tan() * x.abs(), flat_earth()));
        near(&format!("valley of {degrees} degrees"), found, slope.cos());
        // In the middle of a round crater with a level bottom, its rim 6 km away, where the earth falls by 2 m.
        let crater = |x: f64, y: f64| if x.hypot(y) < 6000.0 { 0.0 } else { 6000.0 * slope.tan() };
        let found = middle_of(&sky_view(crater, Physics::default()));
        near(&format!("crater of {degrees} degrees"), found, slope.cos().powi(2));
    }
}

#[test]
fn sky_view_factors_below_cliffs_and_on_steep_waves_are_those_of_rays() {
    let pit = |x: f64, y: f64| if x.hypot(y) < 1250.0 { 500.0 } else { 1500.0 };
    let turns = std::f64::consts::TAU / 900.0;
    let waves = |x: f64, y: f64| 1500.0 + 450.0 * (turns * x).sin() * (turns * y).cos();
    for (name, scene, rms_bound, bound) in [
        ("plain in a wall", around_the_middle(pit), 0.002, 0.005),
        ("waves", around_the_middle(waves), 0.005, 0.02),
    ] {
        let map = layers(request(&scene.dem(), &[Product::SkyView], &[6], Physics::default())).remove(0);
        let middle = (MAPPED / 2, MAPPED / 2);
        let cells: Vec<_> = (1..60).map(some).chain([middle]).collect();
        let errors = cells.iter().map(|&(column, row)| {
            let cell = scene.ground.cell(of_the_terrain((column, row))).unwrap();
            f64::from(map[row * MAPPED + column]) - scene.ground.sky_view(&cell, 360)
        });
        let (squares, most) = errors.fold((0.0, 0.0_f64), |(sum, most), e| (sum + e * e, most.max(e.abs())));
        let rms = (squares / cells.len() as f64).sqrt();
        println!("{name}: rms {rms:.5}, at most {most:.4}");
        assert!(rms < rms_bound && most < bound, "{name}: {rms} {most}");
    }
}

#[test]
fn a_plain_gets_what_its_flat_twin_gets() {
    let scene = Scene::new(|_, _| 1.0);
    let products = [Product::Direct, Product::Diffuse, Product::DirectFlat, Product::DiffuseFlat];
    let maps = layers(request(&scene.dem(), &products, &[3, 12], flat_earth()));
    for month in maps.chunks_exact(4) {
        for (terrain, flat) in [(0, 2), (1, 3)] {
            let (terrain, flat) = (middle_of(&month[terrain]), middle_of(&month[flat]));
            assert!((terrain / flat - 1.0).abs() < 2e-4, "{terrain} {flat}");
        }
    }
}
