//! The choices of air, sky and ground through the whole engine, on planes where other ways lead to the same numbers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::grid::{Grid, Placement};
use alpsckpt::engine::{
    AtmosphereModel, AzimuthSet, CoarseField, Compression, DiffuseModel, Engine, MapRequest, MonthInputs,
    Physics, Product, Storage,
};
use alpsckpt::grid_file::write_grid;

use crate::scene::layer;
use crate::support::have_programs;

/// Edge of the plane, cells of 25 m; its middle lies on the central meridian at 46 N, 1500 m above the sea.
const SIZE: usize = 48;
const HEIGHT: f64 = 1500.0;

/// A plane that falls to the south by `slope` degrees.
struct Plane {
    folder: tempfile::TempDir,
    slope: f64,
}

/// Sums of a month in the middle of the plane, kWh/m2.
#[derive(Debug, Clone, Copy)]
struct Sums {
    direct: f64,
    diffuse: f64,
    direct_flat: f64,
    diffuse_flat: f64,
}

impl Plane {
    fn new(slope: f64) -> Self {
        let plane = Self { folder: tempfile::tempdir().unwrap(), slope };
        let rise = slope.to_radians().tan() * 25.0;
        let middle = SIZE / 2;
        plane.write("dem.tif", 25.0, SIZE, 0.0, |_, y| HEIGHT + (middle as f64 - y as f64) * rise);
        plane
    }

    fn write(&self, name: &str, cell: f64, size: usize, around: f64, value: impl Fn(usize, usize) -> f64) {
        let half = 25.0 * SIZE as f64 / 2.0;
        let placement = Placement {
            crs: Crs::of_epsg(32632).unwrap(),
            west: 500_000.0 - half - around,
            north: 5_094_200.0 + half + around,
            cell_x: cell,
            cell_y: cell,
            width: size,
            height: size,
        };
        let values = (0..size * size).map(|i| value(i % size, i / size) as f32).collect();
        let grid = Grid { width: size, height: size, values };
        write_grid(&self.path(name), &grid, &placement, &layer()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn maps(&self, month: u8, model: &Physics, linke: CoarseField) -> [Vec<f32>; 4] {
        let products = [Product::Direct, Product::Diffuse, Product::DirectFlat, Product::DiffuseFlat];
        let inputs = MonthInputs {
            month,
            lapse: CoarseField::Constant(0.0065),
            cloud: None,
            temperatures: Vec::new(),
            linke: Some(linke),
        };
        let engine = Engine::open(MapRequest {
            dem: self.path("dem.tif"),
            region: None,
            reference_height: None,
            months: vec![inputs],
            year: 2018,
            tag: String::new(),
            model: model.clone(),
            products: products.to_vec(),
            tile: 64,
            block: 64,
            compression: Compression::None,
            storage: Storage::Float32,
        })
        .unwrap();
        let computed = engine.compute(engine.tiling().tile(0).unwrap(), &AtomicBool::new(false)).unwrap();
        [("direct", ""), ("diffuse", ""), ("direct", "_flat"), ("diffuse", "_flat")].map(|(name, flat)| {
            let name = format!("{name}_m{month:02}{flat}");
            let number = engine.layers().iter().position(|layer| layer.name == name).unwrap();
            computed.layers[number].clone()
        })
    }

    fn sums(&self, month: u8, model: &Physics, linke: f64) -> Sums {
        let maps = self.maps(month, model, CoarseField::Constant(linke));
        let [direct, diffuse, direct_flat, diffuse_flat] =
            maps.map(|map| f64::from(map[SIZE / 2 * SIZE + SIZE / 2]));
        Sums { direct, diffuse, direct_flat, diffuse_flat }
    }
}

fn esra() -> Physics {
    Physics {
        atmosphere: AtmosphereModel::Esra,
        azimuths: AzimuthSet::Uniform(32),
        horizon_distance: 1000.0,
        ..Physics::default()
    }
}

#[track_caller]
fn near(got: f64, expected: f64, percent: f64) {
    assert!((got / expected - 1.0).abs() <= percent / 100.0, "{got} is not {expected} within {percent} %");
}

#[test]
fn esra_over_a_month_is_what_grass_sums_up() {
    let test = "esra_over_a_month_is_what_grass_sums_up";
    if !have_programs(test, &["grass"]) {
        return;
    }
    let model = Physics { step_minutes: 10, ..esra() };
    let level = Plane::new(0.0);
    let ours = level.sums(6, &model, 3.0);
    let (beam, diffuse) = of_grass(&level.path("grass"), level.slope, 152, 30);
    near(ours.direct, beam, 0.7);
    near(ours.diffuse, diffuse, 0.7);
    // On slopes r.sun has another sky (Muneer 1990).
    let south = Plane::new(30.0);
    let (beam, _) = of_grass(&south.path("grass"), south.slope, 1, 31);
    near(south.sums(1, &model, 3.0).direct, beam, 0.7);
}

/// Beam and diffuse radiation of these days by `r.sun`, kWh/m2.
fn of_grass(home: &Path, slope: f64, first: u32, days: u32) -> (f64, f64) {
    std::fs::create_dir_all(home).unwrap();
    let script = format!(
        "set -eu; g.region n=1 s=0 e=1 w=0 res=1
         r.mapcalc --q 'z = {HEIGHT}'; r.mapcalc --q 'lat = 46.0'; r.mapcalc --q 'lon = 9.0'
         r.mapcalc --q 'slope = {slope:.1}'; r.mapcalc --q 'aspect = 270.0'
         for day in $(seq {first} {}); do
           r.sun --q --o -p elevation=z lat=lat long=lon slope=slope aspect=aspect linke_value=3 \
             albedo_value=0 solar_constant=1367 step=0.1 day=$day beam_rad=beam diff_rad=diffuse
           r.stats -1 -n --q beam,diffuse
         done",
        first + days - 1
    );
    let grass = Command::new("grass")
        .env("HOME", home)
        .args(["--tmp-location", "EPSG:32632", "--exec", "sh", "-c"])
        .arg(script)
        .output();
    let grass = grass.unwrap();
    let text = String::from_utf8_lossy(&grass.stdout);
    let rows: Vec<Vec<f64>> = text
        .lines()
        .filter_map(|line| line.split_whitespace().map(|v| v.parse().ok()).collect::<Option<Vec<f64>>>())
        .filter(|row| row.len() == 2)
        .collect();
    assert_eq!(rows.len(), days as usize, "{text}{}", String::from_utf8_lossy(&grass.stderr));
    let sum = |column: usize| rows.iter().map(|row| row[column] / 1000.0).sum();
    (sum(0), sum(1))
}

#[test]
fn the_light_around_the_sun_stays_diffuse_and_faces_the_sun() {
    let hay_davies = |model: Physics| Physics { diffuse: DiffuseModel::HayDavies, ..model };
    for model in [Physics::default(), esra()] {
        let level = Plane::new(0.0);
        let (even, around) = (level.sums(1, &model, 3.0), level.sums(1, &hay_davies(model.clone()), 3.0));
        near(around.direct, even.direct, 1e-4);
        near(around.diffuse, even.diffuse, 0.5);
        near(around.diffuse_flat, even.diffuse_flat, 1e-4);
        near(around.direct_flat, even.direct_flat, 1e-4);
        let south = Plane::new(30.0);
        let (even, around) = (south.sums(1, &model, 3.0), south.sums(1, &hay_davies(model), 3.0));
        near(around.direct, even.direct, 1e-4);
        assert!(around.diffuse > 1.1 * even.diffuse, "{even:?} {around:?}");
    }
}

#[test]
fn the_ground_before_a_slope_reflects_what_the_classical_formula_says() {
    for model in [Physics::default(), esra()] {
        let bright = Physics { albedo: 0.5, ..model.clone() };
        let (plane, level) = (Plane::new(30.0), Plane::new(0.0));
        let (dark, lit) = (plane.sums(6, &model, 3.0), plane.sums(6, &bright, 3.0));
        let ground = level.sums(6, &model, 3.0);
        let share = 0.5 * (1.0 - plane.slope.to_radians().cos()) / 2.0;
        near(lit.diffuse - dark.diffuse, share * (ground.direct + ground.diffuse), 0.5);
        near(lit.direct, dark.direct, 1e-4);
        near(lit.diffuse_flat, dark.diffuse_flat, 1e-4);
        let lit = level.sums(6, &bright, 3.0);
        near(lit.diffuse, ground.diffuse, 0.01);
    }
}

#[test]
fn a_grid_of_turbidity_does_what_its_values_do_as_constants() {
    let plane = Plane::new(0.0);
    plane.write("linke.tif", 1000.0, 13, 6000.0, |_, _| 4.0);
    let field = CoarseField::Grid(plane.path("linke.tif"));
    assert_eq!(plane.maps(6, &esra(), field), plane.maps(6, &esra(), CoarseField::Constant(4.0)));
    let (clear, turbid) = (plane.sums(6, &esra(), 2.0), plane.sums(6, &esra(), 4.0));
    assert!(clear.direct > 1.15 * turbid.direct && clear.diffuse < turbid.diffuse, "{clear:?} {turbid:?}");
}
