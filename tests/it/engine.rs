//! What must hold of the engine's maps and checks, whatever the physics.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use alpsckpt::engine::geotiff::Raster;
use alpsckpt::engine::{
    AtmosphereModel, AzimuthSet, CoarseField, Compression, DiffuseModel, Engine, EngineError, Layer,
    MapRequest, MonthInputs, Physics, Product, RegionBox, Storage, Summing, TemperatureInput, Vectors,
};
use alpsckpt::grid_file::write_grid;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/alps256").join(name)
}

/// 112 x 80 cells in the middle of the golden tile, a coarse day, near horizons: quick.
fn request(model: &Physics) -> MapRequest {
    MapRequest {
        dem: data("dem.tif"),
        region: Some(RegionBox {
            epsg: 32632,
            xmin: 289_000.0,
            ymin: 4_974_000.0,
            xmax: 291_800.0,
            ymax: 4_976_000.0,
        }),
        reference_height: Some(data("inputs/zref_1km.tif")),
        months: vec![MonthInputs {
            month: 1,
            lapse: CoarseField::Constant(0.006),
            cloud: Some(data("inputs/clouds_1km_m01.tif")),
            temperatures: vec![TemperatureInput {
                name: "mean".into(),
                path: data("inputs/t_1km_m01.tif"),
                scale: 1.0,
                offset: 0.0,
            }],
            linke: None,
        }],
        year: 2018,
        tag: String::new(),
        model: Physics {
            step_minutes: 180,
            horizon_distance: 1500.0,
            azimuths: AzimuthSet::Uniform(16),
            ..model.clone()
        },
        products: vec![
            Product::SkyView,
            Product::Total,
            Product::Solar,
            Product::Quotient,
            Product::Temperature,
        ],
        tile: 128,
        block: 16,
        storage: Storage::Float32,
        compression: Compression::None,
    }
}

/// The bits of all maps of a request, put together from its tiles, computed last tile first.
fn maps(request: MapRequest, threads: usize) -> Vec<Vec<u32>> {
    maps_in(request, threads, true)
}

fn maps_in(request: MapRequest, threads: usize, backwards: bool) -> Vec<Vec<u32>> {
    let engine = Engine::open(request).unwrap();
    let tiling = engine.tiling();
    let cells = (tiling.width * tiling.height) as usize;
    let mut maps = vec![vec![0; cells]; engine.layers().len()];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let mut numbers: Vec<u64> = (0..tiling.count()).collect();
    if backwards {
        numbers.reverse();
    }
    for number in numbers {
        let tile = tiling.tile(number).unwrap();
        let computed = pool.install(|| engine.compute(tile, &AtomicBool::new(false))).unwrap();
        for (map, layer) in maps.iter_mut().zip(&computed.layers) {
            for (y, line) in layer.chunks_exact(tile.width as usize).enumerate() {
                let start = (tile.y as usize + y) * tiling.width as usize + tile.x as usize;
                map[start..start + line.len()]
                    .copy_from_slice(&line.iter().map(|v| v.to_bits()).collect::<Vec<_>>());
            }
        }
    }
    maps
}

#[test]
fn maps_do_not_depend_on_threads_or_the_order_of_tiles() {
    for model in [Physics::default(), Physics::as_saga()] {
        for tile in [128, 48] {
            let one = maps_in(MapRequest { tile, ..request(&model) }, 1, false);
            assert!(one[1].iter().any(|bits| f32::from_bits(*bits) > 10.0));
            let other = maps_in(MapRequest { tile, ..request(&model) }, 3, true);
            for (number, (a, b)) in one.iter().zip(&other).enumerate() {
                let differing = a.iter().zip(b).filter(|(a, b)| a != b).count();
                assert_eq!(differing, 0, "layer {number}, tiles of {tile}, {model:?}");
            }
        }
    }
}

#[test]
fn sagas_maps_do_not_depend_on_tiles_and_ours_within_their_error() {
    for (model, most) in [(Physics::default(), 0.003), (Physics::as_saga(), 0.0)] {
        // Farther than the terrain reaches: all tiles see the same.
        let far = |tile| {
            let request = request(&model);
            MapRequest {
                tile,
                model: Physics { horizon_distance: 7000.0, ..request.model.clone() },
                ..request
            }
        };
        let whole = maps(far(128), 2);
        for tile in [32, 48] {
            let cut = maps(far(tile), 2);
            for (number, (a, b)) in whole.iter().zip(&cut).enumerate() {
                let value = |bits: &u32| f64::from(f32::from_bits(*bits));
                let count = a.len() as f64;
                let mean = a.iter().map(|v| value(v).abs()).sum::<f64>() / count;
                let squares: f64 = a.iter().zip(b).map(|(a, b)| (value(a) - value(b)).powi(2)).sum();
                let relative = (squares / count).sqrt() / mean;
                println!("layer {number}, tiles of {tile}: {relative:.1e} of the mean");
                assert!(relative <= most, "layer {number}, tiles of {tile}: {relative} {model:?}");
            }
        }
    }
}

#[test]
fn classes_of_processors_compute_the_same_bits() {
    let of = |class| {
        let engine = Engine::open_with(request(&Physics::default()), class).unwrap();
        let tile = engine.tiling().tile(0).unwrap();
        engine.compute(tile, &AtomicBool::new(false)).unwrap().layers
    };
    let bits =
        |layers: Vec<Vec<f32>>| -> Vec<u32> { layers.into_iter().flatten().map(f32::to_bits).collect() };
    let portable = bits(of(Vectors::Portable));
    for class in Vectors::here() {
        assert!(bits(of(class)) == portable, "{}", class.name());
    }
}

#[test]
fn look_ups_give_the_sums_of_single_steps() {
    let model = Physics { step_minutes: 30, ..request(&Physics::default()).model };
    for (diffuse, albedo) in [(DiffuseModel::Isotropic, 0.0), (DiffuseModel::HayDavies, 0.3)] {
        let of = |summing| {
            let model =
                Physics { summing, diffuse, albedo, atmosphere: AtmosphereModel::Lumped, ..model.clone() };
            let products = vec![Product::Direct, Product::Diffuse, Product::TotalFlat];
            let engine =
                Engine::open(MapRequest { products, model, ..request(&Physics::default()) }).unwrap();
            let tile = engine.tiling().tile(0).unwrap();
            engine.compute(tile, &AtomicBool::new(false)).unwrap().layers
        };
        let (fast, exact) = (of(Summing::LookUp), of(Summing::Exact));
        let flat = f64::from(fast[2][0]);
        for layer in 0..2 {
            let differences =
                fast[layer].iter().zip(&exact[layer]).map(|(a, b)| f64::from((a - b).abs()) / flat);
            let squares: f64 = differences.clone().map(|d| d * d).sum();
            let (rms, most) = ((squares / fast[layer].len() as f64).sqrt(), differences.fold(0.0, f64::max));
            println!("layer {layer}, {diffuse:?}: rms {rms:.1e}, at most {most:.1e} of level ground");
            assert!(rms < 5e-4 && most < 2e-2, "{layer} {rms} {most}");
        }
    }
}

#[test]
fn holes_in_the_terrain_stay_holes_and_their_neighbours_are_computed() {
    let folder = tempfile::tempdir().unwrap();
    let dem = Raster::open(&data("dem.tif")).unwrap();
    let mut grid = dem.window(0, 0, 256, 256).unwrap();
    for (x, y) in [(100, 120), (101, 120), (100, 121)] {
        grid.values[y * 256 + x] = f32::NAN;
    }
    let path = folder.path().join("dem.tif");
    let layer = Layer {
        name: "dem".into(),
        month: None,
        unit: "m",
        description: "ground".into(),
        range: (0.0, 9000.0),
        steps: None,
    };
    write_grid(&path, &grid, dem.placement(), &layer).unwrap();
    for model in [Physics::default(), Physics::as_saga()] {
        let request = MapRequest { dem: path.clone(), ..request(&model) };
        let engine = Engine::open(request.clone()).unwrap();
        assert_eq!(engine.valid_cells().unwrap(), 112 * 80 - 3);
        for map in maps(request, 2) {
            let missing = map.iter().filter(|bits| f32::from_bits(**bits).is_nan()).count();
            assert_eq!(missing, 3);
        }
    }
}

#[test]
fn nothing_asked_is_nothing_computed() {
    for model in [Physics::default(), Physics::as_saga()] {
        let engine = Engine::open(MapRequest { products: Vec::new(), ..request(&model) }).unwrap();
        let tile = engine.tiling().tile(0).unwrap();
        assert_eq!(engine.compute(tile, &AtomicBool::new(false)).unwrap().layers.len(), 0);
    }
}

#[test]
fn a_stop_is_obeyed_in_the_middle_of_a_tile() {
    for model in [Physics::default(), Physics::as_saga()] {
        let engine = Engine::open(request(&model)).unwrap();
        let tile = engine.tiling().tile(0).unwrap();
        assert!(matches!(engine.compute(tile, &AtomicBool::new(true)), Err(EngineError::Stopped)));
    }
}

/// The problems of a request, in one text.
fn problems(change: impl FnOnce(&mut MapRequest)) -> String {
    let mut request = request(&Physics::default());
    change(&mut request);
    Engine::check(&request).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn fit_inputs_have_no_problem() {
    assert_eq!(problems(|_| {}), "");
}

#[test]
fn all_problems_are_listed_at_once_each_with_its_file_and_cure() {
    let text = problems(|request| {
        request.reference_height = Some("missing/zref.tif".into());
        let month = &mut request.months[0];
        month.month = 13;
        month.lapse = CoarseField::Constant(-0.0065);
        month.temperatures[0].offset = -273.15;
    });
    assert_eq!(text.lines().count(), 4, "{text}");
    for part in ["zref.tif", "no month 13", "flip the sign", "set that unit"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn units_that_are_likely_another_are_named() {
    assert!(problems(|r| r.months[0].lapse = CoarseField::Constant(6.5)).contains("K/km"));
    assert!(problems(|r| r.months[0].temperatures[0].scale = 100.0).contains("plausible as Celsius"));
    let lapse = data("inputs/lapse_30km_m01.tif");
    assert!(problems(|r| r.months[0].cloud = Some(lapse)).contains("multiply by 10000"));
}

#[test]
fn a_region_outside_the_dem_and_one_beyond_its_edge_are_told_apart() {
    let at = |xmin: f64, xmax: f64| {
        problems(|r| {
            r.region = Some(RegionBox { epsg: 32632, xmin, ymin: 4_974_000.0, xmax, ymax: 4_976_000.0 });
        })
    };
    assert!(at(100_000.0, 110_000.0).contains("does not overlap the DEM"));
    let beyond = at(289_000.0, 294_500.0);
    assert!(beyond.contains("500 m beyond the DEM in the east"), "{beyond}");
    assert!(at(290_000.0, 289_000.0).contains("region is empty"));
}

#[test]
fn a_region_in_degrees_is_brought_to_the_dems_cells() {
    let mut request = request(&Physics::default());
    request.region = Some(RegionBox { epsg: 4326, xmin: 6.33, ymin: 44.88, xmax: 6.36, ymax: 44.91 });
    let engine = Engine::open(request).unwrap();
    let place = engine.placement();
    assert_eq!(((place.west - 287_600.0) % 25.0, (place.north - 4_978_200.0) % 25.0), (0.0, 0.0));
    let (width, height) = (place.width as f64 * 25.0, place.height as f64 * 25.0);
    assert!((width - 2480.0).abs() < 150.0 && (height - 3410.0).abs() < 150.0, "{width} {height}");
}
