//! However a region is cut, in whatever order, by however many threads and however often a tile was broken off: the maps
//! are the same, within a bound where the cut itself changes, else byte for byte.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use alpsckpt::engine::geotiff::cut_block;
use alpsckpt::engine::synthetic::ranges;
use alpsckpt::engine::{
    AtmosphereModel, AzimuthSet, Compression, DiffuseModel, Engine, EngineError, MapRequest, Physics, Piece,
    Product, Storage, Tile, Vectors,
};
use alpsckpt::job::Workload;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::land::{Apart, CELL, Land, maps, mean};

const PRODUCTS: [Product; 4] = [Product::SkyView, Product::Direct, Product::Diffuse, Product::Quotient];

fn mountains(x: usize, y: usize) -> f32 {
    ranges::height(x as f64 * CELL, y as f64 * CELL)
}

/// All tiles see as far as the ground of these tests reaches.
fn far() -> Physics {
    Physics { horizon_distance: 15_000.0, ..Physics::default() }
}

/// The same cases at each run: how far roundings may move a shadow has no strict bound.
fn cases(count: u32) -> TestRunner {
    let config = ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// December's maps, and the flat twin's, which is the measure of radiation.
const MEASURED: [Product; 5] =
    [Product::SkyView, Product::Direct, Product::Diffuse, Product::TotalFlat, Product::Quotient];
const FLAT: usize = 3;

/// How far maps may lie apart, root mean square and at most: of sky view factors and quotients in their unit, of radiation
/// as parts of the flat twin's.
type Bounds = [(f64, f64); MEASURED.len()];

/// Another tile lays the far lines elsewhere.
const OTHER_TILE: Bounds = [(5e-4, 1e-2), (4e-3, 0.15), (5e-4, 1e-2), (0.0, 0.0), (4e-3, 0.15)];

/// Another region also has its patches elsewhere, each under the suns of its middle, and a clock some seconds off.
const OTHER_REGION: Bounds = [(1e-3, 1e-2), (8e-3, 0.15), (1e-3, 1e-2), (1e-3, 3e-3), (8e-3, 0.15)];

/// What lies too low to be seen.
const OTHER_HALO: Bounds = [(1e-5, 1e-4), (1e-3, 3e-2), (1e-5, 1e-4), (0.0, 0.0), (1e-3, 3e-2)];

/// Root mean square and most of each map's differences, in the units of the bounds.
fn apart(one: &[Vec<f32>], other: &[Vec<f32>], flat: f64) -> Vec<Apart> {
    let scaled = |(layer, (a, b)): (usize, (&Vec<f32>, &Vec<f32>))| {
        let Apart { rms, most } = Apart::of(a, b);
        let unit = if (1..=FLAT).contains(&layer) { flat } else { 1.0 };
        Apart { rms: rms / unit, most: most / unit }
    };
    one.iter().zip(other).enumerate().map(scaled).collect()
}

#[track_caller]
fn near(what: &str, found: &[Apart], bounds: &Bounds) {
    for (layer, (found, (rms, most))) in found.iter().zip(bounds).enumerate() {
        println!("{what}, layer {layer}: {:.1e} rms, {:.1e} at most", found.rms, found.most);
        assert!(found.rms <= *rms && found.most <= *most, "{what}, layer {layer}: {found:?}");
    }
}

#[test]
fn tiles_of_any_size_give_the_same_maps_of_a_region_of_odd_shape() {
    let land = Land::new(32, (364, 581), mountains);
    let request = land.request((32, 32), (300, 517), &[12], &MEASURED, far());
    let whole = maps(request.clone());
    for tile in [128, 256, 512] {
        let cut = maps(MapRequest { tile, ..request.clone() });
        near(&format!("tiles of {tile}"), &apart(&whole, &cut, mean(&whole[FLAT])), &OTHER_TILE);
    }
}

#[test]
fn regions_of_any_shape_in_tiles_of_any_size_have_the_same_pixels_as_a_larger_one() {
    const EDGE: usize = 256;
    let land = Land::new(32, (EDGE, EDGE), mountains);
    let all = maps(land.request((0, 0), (EDGE, EDGE), &[12], &MEASURED, far()));
    let part = |(x, y): (usize, usize), (width, height): (usize, usize)| -> Vec<Vec<f32>> {
        let rows = |map: &Vec<f32>| {
            (y..y + height).flat_map(|y| map[y * EDGE + x..y * EDGE + x + width].to_vec()).collect()
        };
        all.iter().map(rows).collect()
    };
    // Squares of differences, summed up over all cases.
    let sums = RefCell::new(vec![Apart { rms: 0.0, most: 0.0 }; MEASURED.len()]);
    let cells = Cell::new(0.0);
    let shapes = (0..EDGE - 1, 0..EDGE - 1, 1..=EDGE, 1..=EDGE, 1_u32..=12);
    let test = |(x, y, width, height, blocks): (usize, usize, usize, usize, u32)| {
        let (corner, size) = ((x, y), (width.min(EDGE - x), height.min(EDGE - y)));
        let request = land.request(corner, size, &[12], &MEASURED, far());
        let found = maps(MapRequest { tile: blocks * 16, ..request });
        let count = found[0].len() as f64;
        cells.set(cells.get() + count);
        let found = apart(&part(corner, size), &found, mean(&all[FLAT]));
        for (sum, found) in sums.borrow_mut().iter_mut().zip(&found) {
            (sum.rms, sum.most) = (sum.rms + found.rms.powi(2) * count, sum.most.max(found.most));
        }
        // A few cells may all lie on the edge of a shadow: their root mean square says little.
        let most: Vec<f64> = found.iter().map(|found| found.most).collect();
        prop_assert!(most.iter().zip(&OTHER_REGION).all(|(most, bound)| *most <= bound.1), "{most:?}");
        Ok(())
    };
    cases(8).run(&shapes, test).unwrap();
    let all = |sum: Apart| Apart { rms: (sum.rms / cells.get()).sqrt(), ..sum };
    let sums: Vec<Apart> = sums.into_inner().into_iter().map(all).collect();
    near("all regions", &sums, &OTHER_REGION);
}

#[test]
fn seeing_farther_than_the_mountains_reach_changes_nothing() {
    const EDGE: usize = 640;
    const MIDDLE: f64 = 320.0;
    // Mountains 2.5 km around the middle, a low plain beyond.
    let land = Land::new(32, (EDGE, EDGE), |x, y| {
        if (x as f64 - MIDDLE).hypot(y as f64 - MIDDLE) * CELL < 2500.0 { mountains(x, y) } else { 100.0 }
    });
    let of = |distance: f64| {
        let model = Physics { horizon_distance: distance, ..Physics::default() };
        maps(land.request((288, 288), (80, 72), &[12], &MEASURED, model))
    };
    // From the farthest corner to the other side.
    let enough = of(4000.0);
    let flat = mean(&enough[FLAT]);
    for distance in [4300.0, 5600.0, 7900.0] {
        near(&format!("{distance} m"), &apart(&enough, &of(distance), flat), &OTHER_HALO);
    }
    let too_near = apart(&enough, &of(300.0), flat)[1];
    assert!(too_near.rms > 10.0 * OTHER_HALO[1].0, "the distance counts at all: {too_near:?}");
}

/// Encoded blocks of a map each, by layer and place, as a chain stores them.
type Blocks = BTreeMap<(usize, u32), Vec<u8>>;

/// Computes a tile as a job does: read, then computed piece by piece, each encoded where it was made.
fn compute(
    engine: &Engine,
    tile: Tile,
    stop: &AtomicBool,
    after_piece: impl Fn() + Sync,
) -> Result<Blocks, EngineError> {
    let blocks = Mutex::new(Blocks::new());
    let ground = Workload::read(engine, tile, stop)?;
    Workload::compute(engine, &ground, stop, &|piece: &Piece| {
        blocks.lock().unwrap().extend(encode(engine, piece));
        after_piece();
    })?;
    Ok(blocks.into_inner().unwrap())
}

fn encode(engine: &Engine, piece: &Piece) -> Blocks {
    let tiling = engine.tiling();
    let edge = tiling.block;
    let mut blocks = Blocks::new();
    for (number, (layer, cells)) in engine.layers().iter().zip(&piece.layers).enumerate() {
        for y in (0..piece.height).step_by(edge as usize) {
            for x in (0..piece.width).step_by(edge as usize) {
                let cells = cut_block(cells, piece.width, (x, y), edge);
                let block = (piece.y + y) / edge * tiling.blocks_across() + (piece.x + x) / edge;
                blocks.insert((number, block), Workload::encode(engine, layer, &cells, edge));
            }
        }
    }
    blocks
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// All blocks of a region, tile after tile by one thread.
fn in_order(engine: &Engine) -> Blocks {
    let tiling = engine.tiling();
    let tile =
        |number| compute(engine, tiling.tile(number).unwrap(), &AtomicBool::new(false), || ()).unwrap();
    pool(1).install(|| (0..tiling.count()).flat_map(tile).collect())
}

/// Compares without printing all bytes.
fn differing(one: &Blocks, other: &Blocks) -> Vec<(usize, u32)> {
    let places = one.keys().chain(other.keys());
    let mut places: Vec<(usize, u32)> = places.filter(|at| one.get(at) != other.get(at)).copied().collect();
    places.dedup();
    places
}

/// A region of tiles, pieces and blocks that are not whole.
const ODD: (usize, usize) = (300, 277);

/// A campaign's way to store maps, on ground with a lake of no data.
fn stored(land: &Land, tile: u32, block: u32, model: Physics) -> MapRequest {
    let request = land.request((21, 33), ODD, &[6], &PRODUCTS, model);
    MapRequest { tile, block, storage: Storage::Integer, compression: Compression::Zstd, ..request }
}

fn quick() -> Physics {
    Physics { azimuths: AzimuthSet::Fast, step_minutes: 120, horizon_distance: 1500.0, ..Physics::default() }
}

fn with_a_lake() -> Land {
    Land::new(32, (340, 330), |x, y| {
        if (x as f64 - 200.0).hypot(y as f64 - 200.0) < 30.0 { f32::NAN } else { mountains(x, y) }
    })
}

#[test]
fn bytes_depend_neither_on_the_order_of_tiles_nor_on_threads_nor_on_what_was_broken_off() {
    let land = with_a_lake();
    for (tile, block) in [(128, 64), (512, 16)] {
        let request = stored(&land, tile, block, quick());
        let expected = in_order(&Engine::open(request.clone()).unwrap());
        let engine = Engine::open(request).unwrap();
        let tiling = engine.tiling();
        assert_eq!(expected.len(), PRODUCTS.len() * tiling.blocks() as usize);
        let order = Just((0..tiling.count()).collect::<Vec<u64>>()).prop_shuffle();
        let stops = prop::collection::vec(prop::option::of(0_usize..4), tiling.count() as usize);
        let test = |(order, threads, stops): (Vec<u64>, usize, Vec<Option<usize>>)| {
            let mut found = Blocks::new();
            for (number, stop_after) in order.into_iter().zip(stops) {
                let tile = tiling.tile(number).unwrap();
                found.extend(pool(threads).install(|| interrupted(&engine, tile, stop_after)));
            }
            prop_assert_eq!(differing(&found, &expected), Vec::new());
            Ok(())
        };
        cases(3).run(&(order, 1_usize..=3, stops), test).unwrap();
    }
}

/// Computes a tile; first it is broken off once so many pieces were handed over.
fn interrupted(engine: &Engine, tile: Tile, stop_after: Option<usize>) -> Blocks {
    if let Some(pieces) = stop_after {
        let (stop, left) = (AtomicBool::new(pieces == 0), AtomicUsize::new(pieces));
        let broken_off = compute(engine, tile, &stop, || {
            if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                stop.store(true, Ordering::Relaxed);
            }
        });
        assert!(pieces > 0 || matches!(broken_off, Err(EngineError::Stopped)));
    }
    compute(engine, tile, &AtomicBool::new(false), || ()).unwrap()
}

#[test]
fn a_tile_broken_off_between_its_pieces_is_not_handed_out() {
    let land = with_a_lake();
    let engine = Engine::open(stored(&land, 512, 16, quick())).unwrap();
    let tile = engine.tiling().tile(0).unwrap();
    for pieces in 1..4 {
        let (stop, made) = (AtomicBool::new(false), AtomicUsize::new(0));
        let result = pool(1).install(|| {
            compute(&engine, tile, &stop, || {
                if made.fetch_add(1, Ordering::Relaxed) + 1 == pieces {
                    stop.store(true, Ordering::Relaxed);
                }
            })
        });
        assert!(matches!(result, Err(EngineError::Stopped)), "after {pieces} of 4 pieces");
        assert_eq!(made.into_inner(), pieces);
    }
}

#[test]
fn a_tile_broken_off_at_any_moment_is_computed_again_to_the_same_bytes() {
    let land = Land::new(32, (96, 80), mountains);
    for model in [quick(), Physics { step_minutes: 240, ..Physics::as_saga() }] {
        let request = land.request((20, 20), (60, 50), &[6], &PRODUCTS, model);
        let expected = in_order(&Engine::open(request.clone()).unwrap());
        let engine = Engine::open(request).unwrap();
        let tile = engine.tiling().tile(0).unwrap();
        let mut broken_off = 0;
        // Four times as late each time, until it is too late.
        for times in 0..12 {
            let stop = AtomicBool::new(times == 0);
            let result = std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(Duration::from_micros(20 << (2 * times)));
                    stop.store(true, Ordering::Relaxed);
                });
                pool(2).install(|| compute(&engine, tile, &stop, || ()))
            });
            match result {
                Err(EngineError::Stopped) => broken_off += 1,
                Err(problem) => panic!("{problem}"),
                Ok(found) => {
                    assert_eq!(differing(&found, &expected), Vec::new());
                    break;
                }
            }
            let again = pool(2).install(|| compute(&engine, tile, &AtomicBool::new(false), || ())).unwrap();
            assert_eq!(differing(&again, &expected), Vec::new(), "after {broken_off} times");
        }
        assert!(broken_off > 0);
    }
}

#[test]
fn classes_of_processors_store_the_same_bytes_with_every_choice_of_sky_and_air() {
    let land = Land::new(32, (160, 150), mountains);
    let bright = Physics { diffuse: DiffuseModel::HayDavies, albedo: 0.3, ..quick() };
    for model in [
        quick(),
        Physics {
            atmosphere: AtmosphereModel::Lumped,
            azimuths: AzimuthSet::Uniform(36),
            curved: false,
            ..quick()
        },
        Physics { atmosphere: AtmosphereModel::Esra, azimuths: AzimuthSet::Dense, ..bright },
    ] {
        let request = land.request((20, 20), (117, 101), &[6, 12], &PRODUCTS, model.clone());
        let of = |class| in_order(&Engine::open_with(request.clone(), class).unwrap());
        let portable = of(Vectors::Portable);
        for class in Vectors::here() {
            assert_eq!(differing(&of(class), &portable), Vec::new(), "{}, {model:?}", class.name());
        }
    }
}
