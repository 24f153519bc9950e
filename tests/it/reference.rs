//! The engine against a reference of its own making: every step and every crossing of a ray at the sun's true azimuth,
//! pixel by pixel in double precision, with no code of the engine but the terrain and the projection.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::geotiff::write_grid;
use alpsckpt::engine::grid::{Grid, Placement};
use alpsckpt::engine::synthetic::ranges;
use alpsckpt::engine::{
    Compression, Engine, Field, Model, MonthInputs, Product, RegionBox, Request, Storage,
};
use solar_positioning::time::JulianDate;
use solar_positioning::{Location, SolarPositions};

use crate::scene::layer;

/// Cells of the terrain and of the mapped square in its middle.
const TERRAIN: usize = 704;
const MAPPED: usize = 192;
const CELL: f64 = 25.0;
const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

struct Ground {
    folder: tempfile::TempDir,
    z: Vec<f32>,
    placement: Placement,
}

impl Ground {
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
        let z: Vec<f32> = (0..TERRAIN * TERRAIN).map(|i| height(i % TERRAIN, i / TERRAIN)).collect();
        let grid = Grid { width: TERRAIN, height: TERRAIN, values: z.clone() };
        write_grid(&folder.path().join("dem.tif"), &grid, &placement, &layer()).unwrap();
        Self { folder, z, placement }
    }

    fn dem(&self) -> PathBuf {
        self.folder.path().join("dem.tif")
    }

    fn at(&self, x: usize, y: usize) -> f64 {
        f64::from(self.z[y * TERRAIN + x])
    }

    /// Tangent of the skyline in a direction: every crossing with the grid lines across it.
    fn skyline(&self, (x, y): (usize, usize), azimuth: f64, cell: f64) -> f64 {
        let (east, south) = (azimuth.sin(), -azimuth.cos());
        let main = east.abs().max(south.abs());
        let (dx, dy) = (east / main, south / main);
        let step = dx.hypot(dy) * cell;
        let mut best = f64::MIN;
        for k in 1.. {
            let k = f64::from(k);
            let (px, py) = (x as f64 + k * dx, y as f64 + k * dy);
            let inside = |p: f64| (0.0..(TERRAIN - 1) as f64).contains(&p);
            if !(inside(px) && inside(py)) {
                return best;
            }
            let (i, j) = (px.floor() as usize, py.floor() as usize);
            let (u, v) = (px - px.floor(), py - py.floor());
            let upper = self.at(i, j) * (1.0 - u) + self.at(i + 1, j) * u;
            let lower = self.at(i, j + 1) * (1.0 - u) + self.at(i + 1, j + 1) * u;
            best = best.max((upper * (1.0 - v) + lower * v - self.at(x, y)) / (k * step));
        }
        best
    }
}

fn request(dem: &Path, products: &[Product], months: &[u8], model: Model) -> Request {
    let half = MAPPED as f64 / 2.0 * CELL;
    let month = |month: &u8| MonthInputs {
        month: *month,
        lapse: Field::Constant(0.006),
        cloud: None,
        temperatures: Vec::new(),
        linke: None,
    };
    Request {
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
        model,
        products: products.to_vec(),
        tile: 256,
        block: 256,
        storage: Storage::Float32,
        compression: Compression::None,
    }
}

fn layers(request: Request) -> Vec<Vec<f32>> {
    let engine = Engine::open(request).unwrap();
    let tile = engine.tiling().tile(0).unwrap();
    engine.compute(tile, &AtomicBool::new(false)).unwrap().layers
}

/// Flat over the whole terrain and without refraction of its light: what the reference knows.
fn flat_earth() -> Model {
    Model { curved: false, ..Model::default() }
}

/// Air mass at sea level (List 1968 below 30 degrees).
fn air_mass(height: f64) -> f64 {
    const TABLE: [f64; 32] = [
        2.00, 2.06, 2.12, 2.19, 2.27, 2.36, 2.45, 2.55, 2.65, 2.77, 2.90, 3.05, 3.21, 3.39, 3.59, 3.82, 4.07,
        4.37, 4.72, 5.12, 5.60, 6.18, 6.88, 7.77, 8.90, 10.39, 12.44, 15.36, 19.79, 26.96, 26.96, 26.96,
    ];
    let zenith = 60.0 - height.to_degrees() - 30.0;
    if zenith <= 0.0 {
        return 1.0 / height.sin();
    }
    let i = (zenith as usize).min(30);
    TABLE[i] + (zenith - i as f64) * (TABLE[i + 1] - TABLE[i])
}

/// The sun's positions (height, azimuth) of a month at a place by SPA, with the radiation outside the air.
fn suns(month: usize, lon: f64, lat: f64, middle: f64) -> Vec<(f64, f64, f64)> {
    let first: u32 = DAYS[..month - 1].iter().sum();
    let mut suns = Vec::new();
    for day in first..first + DAYS[month - 1] {
        for half_hour in 0..48 {
            let julian = 2_458_119.5 + f64::from(day) + f64::from(half_hour) / 48.0 - middle / 360.0;
            let time = SolarPositions::new().for_time_from_julian(JulianDate::new(julian, 69.0).unwrap());
            let at = time.unwrap().at(Location { latitude: lat, longitude: lon }, 0.0, None).unwrap();
            let height = (90.0 - at.zenith_angle()).to_radians();
            let year = f64::from(day + 1) * std::f64::consts::TAU / 365.25;
            let outside = 1.367 * (1.0 + 0.033_44 * (year - 0.048_869).cos());
            if height > 0.0 {
                suns.push((height, at.azimuth().to_radians(), outside));
            }
        }
    }
    suns
}

#[test]
fn direct_radiation_is_that_of_single_rays_at_every_step() {
    let ground = Ground::new(|x, y| ranges::height(x as f64 * CELL, y as f64 * CELL));
    let months = [1_u8, 6, 12];
    let maps = layers(request(&ground.dem(), &[Product::Direct, Product::TotalFlat], &months, flat_earth()));
    let cell = CELL / 0.9996;
    let corner = (TERRAIN - MAPPED) / 2;
    let middle = ground.placement.crs.to_lonlat(500_000.0, 5_094_000.0).unwrap().0;
    for (number, month) in months.iter().enumerate() {
        let (direct, level) = (&maps[2 * number], f64::from(maps[2 * number + 1][0]));
        let (mut squares, mut sum, mut errors) = (0.0, 0.0, Vec::new());
        for i in 0..90_usize {
            let (column, row) = (i * 7919 % MAPPED, i * 104_729 % MAPPED);
            let (x, y) = (corner + column, corner + row);
            let (px, py) = ground.placement.centre(x as f64, y as f64);
            let (lon, lat) = ground.placement.crs.to_lonlat(px, py).unwrap();
            let turn = ground.placement.crs.convergence(px, py).unwrap().to_radians();
            let east = (ground.at(x + 1, y) - ground.at(x - 1, y)) / (2.0 * cell);
            let north = (ground.at(x, y - 1) - ground.at(x, y + 1)) / (2.0 * cell);
            let pressure = 10_f64.powf(-5.4667e-5 * ground.at(x, y));
            let mut truth = 0.0;
            for (height, azimuth, outside) in suns(usize::from(*month), lon, lat, middle) {
                let azimuth = azimuth - turn;
                let (up, level) = (height.sin(), height.cos());
                let facing = up - level * (east * azimuth.sin() + north * azimuth.cos());
                let cosine = facing / (1.0 + east * east + north * north).sqrt();
                if cosine > 0.0 && height.tan() > ground.skyline((x, y), azimuth, cell) {
                    truth += 0.5 * outside * 0.7_f64.powf(air_mass(height) * pressure) * cosine;
                }
            }
            let error = 100.0 * (f64::from(direct[row * MAPPED + column]) - truth) / level;
            squares += error * error;
            sum += error;
            errors.push(error.abs());
        }
        errors.sort_by(f64::total_cmp);
        let (rms, bias, most) = ((squares / 90.0).sqrt(), sum / 90.0, errors[89]);
        println!("month {month}: rms {rms:.3} %, bias {bias:.3} %, at most {most:.2} % of level ground");
        assert!(rms < 0.6 && bias.abs() < 0.2 && most < 5.0, "{month}: {rms} {bias} {most}");
    }
}

/// Sky view factors of the mapped square of some ground.
fn sky_view(height: impl Fn(f64, f64) -> f64) -> Vec<f32> {
    let middle = TERRAIN as f64 / 2.0;
    // Beyond these heights the ground is level: what stands there is seen no higher than what is nearer.
    let at = |i: usize| (i as f64 - middle) * CELL;
    let ground = Ground::new(|x, y| height(at(x), at(y)).clamp(-400.0, 8900.0) as f32);
    layers(request(&ground.dem(), &[Product::SkyView], &[6], flat_earth())).remove(0)
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
    near("plain", middle_of(&sky_view(|_, _| 800.0)), 1.0);
    for degrees in [10.0_f64, 30.0, 50.0] {
        let slope = degrees.to_radians();
        let found = middle_of(&sky_view(|x, _| 4000.0 + slope.tan() * x));
        near(&format!("slope of {degrees} degrees"), found, f64::midpoint(1.0, slope.cos()));
        // On the bottom of a valley between two endless slopes.
        let found = middle_of(&sky_view(|x, _| slope.tan() * x.abs()));
        near(&format!("valley of {degrees} degrees"), found, slope.cos());
        // In the middle of a round crater with a level bottom, its rim 6 km away.
        let found = middle_of(&sky_view(|x, y| if x.hypot(y) < 6000.0 { 0.0 } else { 6000.0 * slope.tan() }));
        near(&format!("crater of {degrees} degrees"), found, slope.cos().powi(2));
    }
}

#[test]
fn a_plain_gets_what_its_flat_twin_gets() {
    let ground = Ground::new(|_, _| 1.0);
    let products = [Product::Direct, Product::Diffuse, Product::DirectFlat, Product::DiffuseFlat];
    let maps = layers(request(&ground.dem(), &products, &[3, 12], flat_earth()));
    for month in maps.chunks_exact(4) {
        for (terrain, flat) in [(0, 2), (1, 3)] {
            let (terrain, flat) = (middle_of(&month[terrain]), middle_of(&month[flat]));
            assert!((terrain / flat - 1.0).abs() < 2e-4, "{terrain} {flat}");
        }
    }
}
