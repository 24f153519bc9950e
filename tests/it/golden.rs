//! The engine against SAGA 8.5.0 on the tile `tests/data/alps256` (see its README for what it is).

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use alpsckpt::engine::geotiff::Raster;
use alpsckpt::engine::{
    CoarseField, Compression, Computed, Engine, MapRequest, MonthInputs, Physics, Product, Shadow, Storage,
    TemperatureInput, resample,
};

use crate::support::cells;

/// A folder with `dem.tif`, `inputs/` and `saga85/`.
fn data() -> PathBuf {
    // Another tile of the same make can be measured by hand.
    std::env::var_os("ALPSCKPT_GOLDEN_TILE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/alps256"), PathBuf::from)
}

fn input(name: &str) -> PathBuf {
    data().join("inputs").join(name)
}

fn request(model: Physics, tile: u32) -> MapRequest {
    let month = |month: u8| MonthInputs {
        month,
        lapse: CoarseField::Grid(input(&format!("lapse_30km_m{month:02}.tif"))),
        cloud: Some(data().join(format!("saga85/clouds_gwr_m{month:02}.tif"))),
        temperatures: vec![TemperatureInput {
            name: "mean".into(),
            path: input(&format!("t_1km_m{month:02}.tif")),
            scale: 1.0,
            offset: 0.0,
        }],
        linke: None,
    };
    MapRequest {
        dem: data().join("dem.tif"),
        region: None,
        reference_height: Some(input("zref_1km.tif")),
        months: vec![month(1), month(6)],
        year: 2018,
        tag: String::new(),
        model,
        products: vec![
            Product::SkyView,
            Product::Direct,
            Product::Total,
            Product::Solar,
            Product::SolarFlat,
            Product::Quotient,
            Product::Temperature,
        ],
        tile,
        block: 16,
        storage: Storage::Float32,
        compression: Compression::None,
    }
}

/// All maps of a request over the whole tile.
struct Maps {
    names: Vec<String>,
    computed: Computed,
}

impl Maps {
    fn compute(model: Physics) -> Self {
        let engine = Engine::open(request(model, 256)).unwrap();
        assert_eq!(engine.tiling().count(), 1);
        let tile = engine.tiling().tile(0).unwrap();
        let computed = engine.compute(tile, &AtomicBool::new(false)).unwrap();
        Self { names: engine.layers().iter().map(|layer| layer.name.clone()).collect(), computed }
    }

    fn layer(&self, name: &str) -> &[f32] {
        let number = self.names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no layer {name}"));
        &self.computed.layers[number]
    }

    /// RMSE against SAGA, in percent of SAGA's mean.
    fn percent(&self, name: &str) -> f64 {
        let saga = saga(name);
        100.0 * rmse(self.layer(name), &saga) / mean(&saga)
    }
}

/// As SAGA: computed once for all tests.
fn as_saga() -> &'static Maps {
    static MAPS: OnceLock<Maps> = OnceLock::new();
    MAPS.get_or_init(|| Maps::compute(Physics::as_saga()))
}

fn saga(name: &str) -> Vec<f32> {
    let raster = Raster::open(&data().join("saga85").join(format!("{name}.tif"))).unwrap();
    cells(&raster).unwrap().values
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64
}

fn rmse(ours: &[f32], theirs: &[f32]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let squares: f64 = ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    // NaN anywhere makes it NaN, which no bound allows.
    (squares / ours.len() as f64).sqrt()
}

fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (f64::from(*x) - mean_a, f64::from(*y) - mean_b);
        (ab, aa, bb) = (ab + x * y, aa + x * x, bb + y * y);
    }
    ab / (aa * bb).sqrt()
}

/// Prints a figure for `docs/science.md` and holds it against its bounds.
fn figure(what: &str, value: f64, range: std::ops::RangeInclusive<f64>) {
    println!("{what}: {value:.3e}, asked {range:?}");
    assert!(range.contains(&value), "{what}: {value:.3e} is outside {range:?}");
}

#[test]
fn coarse_grids_are_resampled_as_saga_does() {
    let dem = Raster::open(&data().join("dem.tif")).unwrap();
    for (coarse, fine) in [
        ("t_1km_m01", "t_bspline_m01"),
        ("t_1km_m06", "t_bspline_m06"),
        ("lapse_30km_m01", "lapse_bspline_m01"),
        ("lapse_30km_m06", "lapse_bspline_m06"),
        ("zref_1km", "zref_bspline"),
    ] {
        let ours = resample(&input(&format!("{coarse}.tif")), dem.placement()).unwrap();
        let theirs = saga(fine);
        let largest = theirs.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
        figure(fine, rmse(&ours.values, &theirs) / f64::from(largest), 0.0..=1e-6);
    }
}

#[test]
fn sagas_sky_view_factor_is_matched() {
    figure("svf", rmse(as_saga().layer("svf"), &saga("svf")), 0.0..=1e-5);
}

#[test]
fn sagas_radiation_is_matched_to_a_hundredth_of_a_percent() {
    for month in ["m01", "m06"] {
        for product in ["direct", "total", "solar"] {
            let name = format!("{product}_{month}");
            figure(&name, as_saga().percent(&name), 0.0..=0.01);
        }
        let name = format!("solar_{month}_flat");
        figure(&name, as_saga().percent(&name), 0.0..=0.01);
        let name = format!("quotient_{month}");
        figure(&name, rmse(as_saga().layer(&name), &saga(&name)), 0.0..=1e-5);
    }
}

#[test]
fn sagas_temperatures_are_matched_to_a_ten_thousandth_of_a_kelvin() {
    for month in ["m01", "m06"] {
        let ours = as_saga().layer(&format!("lst_mean_{month}"));
        figure(&format!("lst_{month}"), rmse(ours, &saga(&format!("lst_{month}"))), 0.0..=1e-4);
    }
}

#[test]
fn own_shadows_alone_stay_within_one_percent_of_saga() {
    let maps = Maps::compute(Physics { shadow: Shadow::Horizon, ..Physics::as_saga() });
    for (name, most) in [("total_m01", 1.0), ("total_m06", 0.35)] {
        figure(name, maps.percent(name), 0.0..=most);
        figure(&format!("{name}, correlation"), correlation(maps.layer(name), &saga(name)), 0.9995..=1.0);
    }
}

/// Below the range true north, the right day or the own horizon would have been left out.
#[test]
fn the_default_differs_from_saga_by_what_its_better_physics_amounts_to() {
    let maps = Maps::compute(Physics::default());
    figure("total_m01", maps.percent("total_m01"), 1.8..=2.3);
    figure("total_m06", maps.percent("total_m06"), 0.3..=0.5);
}
