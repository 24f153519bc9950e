mod walls;

use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::super::azimuths::AzimuthSet;
use super::super::crs::Crs;
use super::super::inputs::Given;
use super::super::model::{AtmosphereModel, DiffuseModel, Summing};
use super::super::rectangles::Rect;
use super::super::stages::Stages;
use super::super::sun::Month;
use super::super::terrain::Terrain;
use super::super::terrain::fixtures::terrain;
use super::super::vector::Vectors;
use super::by_horizon::HorizonRadiation;
use super::setting::RadiationSetting;
use super::*;
use crate::engine::horizon::EDGE;

/// Edge of the ground and of a cell of it; its middle lies on the central meridian of a zone of UTM, where the columns point
/// to the north.
const SIZE: usize = 256;
const CELL: f64 = 25.0;

/// The mapped square: a single one that shares its suns, so that they are those of the middle.
const TILE: Rect = Rect { x0: 64, y0: 64, x1: 192, y1: 192 };
const WIDTH: usize = 128;

fn ground(height: impl Fn(usize, usize) -> f32) -> Terrain {
    Terrain { tile: TILE, ..terrain(SIZE, CELL, height) }
}

fn geography(model: &Physics) -> Geography {
    let half = SIZE as f64 / 2.0 * CELL;
    let dem = Placement {
        crs: Crs::of_epsg(32632).unwrap(),
        west: 500_000.0 - half,
        north: 5_094_000.0 + half,
        cell_x: CELL,
        cell_y: CELL,
        width: SIZE,
        height: SIZE,
    };
    let middle = (SIZE - 1) as f64 / 2.0;
    Geography::new(&dem, (middle, middle), model).unwrap()
}

/// Sky view factors and, of the months, direct and diffuse radiation, kWh/m2, over the mapped square.
struct Maps {
    sky_view: Vec<f32>,
    months: Vec<TileSums>,
}

#[derive(Clone)]
struct TileSums {
    direct: Vec<f32>,
    diffuse: Vec<f32>,
    /// Direct and diffuse radiation of the flat twin.
    flat: f64,
}

impl Maps {
    fn of(terrain: &Terrain, months: &[Month], model: &Physics) -> Self {
        let (setting, geography, stop) =
            (RadiationSetting::new(model, Vectors::best()), geography(model), AtomicBool::new(false));
        let turbidity = Given::Constant(3.0);
        let work = HorizonRadiation::new(
            &setting,
            terrain,
            &geography,
            months,
            vec![Some(&turbidity); months.len()],
            &stop,
        )
        .unwrap();
        let nothing = vec![f32::NAN; WIDTH * WIDTH];
        let month = TileSums { direct: nothing.clone(), diffuse: nothing.clone(), flat: f64::NAN };
        let mut maps = Self { sky_view: nothing, months: vec![month; months.len()] };
        work.sums(TILE, &stop, &Stages::default(), |patch, sums| {
            let (sky_view, months) = sums.unwrap();
            paste(&mut maps.sky_view, patch, sky_view);
            for (to, from) in maps.months.iter_mut().zip(months) {
                paste(&mut to.direct, patch, from.direct);
                paste(&mut to.diffuse, patch, from.diffuse);
                if let Flat::Same { direct, diffuse } = from.flat {
                    to.flat = f64::from(direct + diffuse);
                }
            }
        })
        .unwrap();
        maps
    }
}

fn paste(map: &mut [f32], patch: Rect, values: &[f32]) {
    for (y, line) in (patch.y0..patch.y1).zip(values.chunks_exact(EDGE)) {
        let start = (y - TILE.y0) * WIDTH + patch.x0 - TILE.x0;
        map[start..start + patch.width()].copy_from_slice(&line[..patch.width()]);
    }
}

/// Root mean square and the most of the differences of two maps, the cells of the second found by those of the first.
fn apart(one: &[f32], other: &[f32], place: impl Fn(usize, usize) -> (usize, usize)) -> (f64, f64) {
    let difference = |i: usize| {
        let (x, y) = place(i % WIDTH, i / WIDTH);
        f64::from(one[i]) - f64::from(other[y * WIDTH + x])
    };
    let differences: Vec<f64> = (0..one.len()).map(difference).collect();
    let squares: f64 = differences.iter().map(|d| d * d).sum();
    ((squares / one.len() as f64).sqrt(), differences.into_iter().map(f64::abs).fold(0.0, f64::max))
}

/// Mountains of some waves of the ground, 1 to 8 km long.
#[derive(Debug, Clone)]
struct Mountains(Vec<[f64; 4]>);

impl Mountains {
    fn any() -> impl Strategy<Value = Self> {
        let wave = (0.0..std::f64::consts::TAU, 1000.0..8000.0, 0.03..0.12, 0.0..std::f64::consts::TAU);
        let wave = wave.prop_map(|(direction, length, steepness, phase)| {
            let turns = std::f64::consts::TAU * CELL / length;
            [turns * f64::cos(direction), turns * f64::sin(direction), steepness * length, phase]
        });
        prop::collection::vec(wave, 3..7).prop_map(Self)
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        let wave = |[east, south, height, phase]: &[f64; 4]| {
            height * (east * x as f64 + south * y as f64 + phase).sin()
        };
        (2000.0 + self.0.iter().map(wave).sum::<f64>()) as f32
    }
}

/// The same cases at each run: how far rounded horizons may lie apart has no strict bound.
fn cases(count: u32) -> TestRunner {
    let config = ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn models() -> impl Strategy<Value = Physics> {
    let sets = prop::sample::select(vec![AzimuthSet::Fine, AzimuthSet::Dense, AzimuthSet::Fast]);
    let airs =
        prop::sample::select(vec![AtmosphereModel::Saga, AtmosphereModel::Lumped, AtmosphereModel::Esra]);
    let skies = prop::sample::select(vec![DiffuseModel::Isotropic, DiffuseModel::HayDavies]);
    let choice = (sets, airs, skies, any::<bool>(), prop::sample::select(vec![0.0, 0.4]));
    choice.prop_map(|(azimuths, atmosphere, diffuse, curved, albedo)| {
        let model = Physics { azimuths, curved, ..Physics::default() };
        Physics { atmosphere, diffuse, albedo, ..model }
    })
}

/// What the mirrored radiation may be off by, as parts of the flat twin's: root mean square and the most, of the direct and
/// the diffuse radiation. To the east and the west the far lines are mirrored to the last bit; to the south, where suns
/// are low in winter, they lie elsewhere.
fn mirror_bounds(month: u8) -> [(f64, f64); 2] {
    if (4..=9).contains(&month) { [(4e-4, 1e-2), (1e-4, 2e-3)] } else { [(4e-3, 1.5e-1), (6e-4, 3e-2)] }
}

#[test]
fn mirrored_ground_under_mirrored_suns_gets_the_mirrored_radiation() {
    let test = |(mountains, model, number): (Mountains, Physics, u8)| {
        let month = Month::new(2018, number, &model, 9.0);
        let straight = ground(|x, y| mountains.at(x, y));
        let mirrored = ground(|x, y| mountains.at(SIZE - 1 - x, y));
        let one = Maps::of(&straight, std::slice::from_ref(&month), &model);
        let other = Maps::of(&mirrored, &[month.mirrored()], &model);
        let (one, other) = (&one.months[0], &other.months[0]);
        prop_assert!((one.flat / other.flat - 1.0).abs() < 1e-5, "{} {}", one.flat, other.flat);
        let pairs = [(&one.direct, &other.direct), (&one.diffuse, &other.diffuse)];
        for ((a, b), bounds) in pairs.into_iter().zip(mirror_bounds(number)) {
            let (rms, most) = apart(a, b, |x, y| (WIDTH - 1 - x, y));
            let (rms, most) = (rms / one.flat, most / one.flat);
            println!("month {number}: {rms:.1e} rms, {most:.1e} at most of level ground");
            prop_assert!(rms < bounds.0 && most < bounds.1, "{number} {rms} {most}");
        }
        Ok(())
    };
    cases(10).run(&(Mountains::any(), models(), 1_u8..=12), test).unwrap();
}

#[test]
fn ground_that_is_turned_mirrored_or_raised_sees_as_much_of_the_sky() {
    let model = Physics { curved: false, ..Physics::default() };
    let test = |mountains: Mountains| {
        let of = |height: &dyn Fn(usize, usize) -> f32| Maps::of(&ground(height), &[], &model).sky_view;
        let straight = of(&|x, y| mountains.at(x, y));
        // A quarter turn clockwise.
        let turned = of(&|x, y| mountains.at(y, SIZE - 1 - x));
        let mirrored = of(&|x, y| mountains.at(SIZE - 1 - x, y));
        let raised = of(&|x, y| mountains.at(x, y) + 512.0);
        let found = [
            apart(&straight, &turned, |x, y| (WIDTH - 1 - y, x)),
            apart(&straight, &mirrored, |x, y| (WIDTH - 1 - x, y)),
            apart(&straight, &raised, |x, y| (x, y)),
        ];
        println!("turned, mirrored, raised: {found:?}");
        for ((rms, most), bound) in found.into_iter().zip([5e-4, 5e-4, 1e-5]) {
            prop_assert!(rms < bound && most < 20.0 * bound, "{found:?}");
        }
        Ok(())
    };
    cases(5).run(&Mountains::any(), test).unwrap();
}

/// The mapped square with nothing around it, and a hole in it: cells without some of their neighbours.
fn alone(height: impl Fn(usize, usize) -> f32) -> Terrain {
    let inside = TILE.x0..TILE.x1;
    let hole = |x: usize, y: usize| (100..105).contains(&x) && (140..143).contains(&y);
    ground(
        |x, y| {
            if inside.contains(&x) && inside.contains(&y) && !hole(x, y) { height(x, y) } else { f32::NAN }
        },
    )
}

/// What is found of the square's ground, missing cells left out: those of `looked` are the sums by look-up, the other the
/// sums step by step.
fn both_ways(terrain: &Terrain, months: &[Month], model: &Physics) -> [Maps; 2] {
    [Summing::LookUp, Summing::Exact].map(|summing| {
        let mut maps = Maps::of(terrain, months, &Physics { summing, ..model.clone() });
        let present = |i: usize| !terrain.z[terrain.index(TILE.x0 + i % WIDTH, TILE.y0 + i / WIDTH)].is_nan();
        let keep = |map: &mut Vec<f32>| {
            let kept = map.iter().enumerate().filter(|(i, _)| present(*i)).map(|(_, value)| *value);
            *map = kept.collect();
        };
        keep(&mut maps.sky_view);
        for month in &mut maps.months {
            keep(&mut month.direct);
            keep(&mut month.diffuse);
        }
        maps
    })
}

#[test]
fn a_slope_sees_its_part_of_the_sky_to_its_edge_and_beside_a_hole() {
    let model = Physics { curved: false, ..Physics::default() };
    for (east, north) in [(0.6, 0.0), (-0.3, 0.5), (0.0, -1.2)] {
        let plane = |x: usize, y: usize| (2000.0 + CELL * (east * x as f64 - north * y as f64)) as f32;
        let truth = f64::midpoint(1.0, 1.0 / f64::sqrt(1.0 + east * east + north * north));
        for maps in both_ways(&alone(plane), &[], &model) {
            let most = maps.sky_view.iter().map(|f| (f64::from(*f) - truth).abs()).fold(0.0, f64::max);
            assert!(most < 0.002, "{east} {north}: {most}");
        }
    }
}

#[test]
fn steps_one_by_one_give_what_the_look_ups_give_to_the_edge_and_beside_a_hole() {
    let test = |(mountains, model): (Mountains, Physics)| {
        let month = Month::new(2018, 6, &Physics { step_minutes: 120, ..model.clone() }, 9.0);
        let [looked, exact] = both_ways(&alone(|x, y| mountains.at(x, y)), &[month], &model);
        let bits = |map: &[f32]| map.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
        prop_assert_eq!(looked.sky_view.len(), WIDTH * WIDTH - 15);
        prop_assert!(
            bits(&looked.sky_view) == bits(&exact.sky_view),
            "the sky does not depend on the suns' sums"
        );
        let (one, other, flat) = (&looked.months[0], &exact.months[0], looked.months[0].flat);
        for (what, a, b) in
            [("direct", &one.direct, &other.direct), ("diffuse", &one.diffuse, &other.diffuse)]
        {
            let most = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max) / flat;
            println!("{what}: {most:.1e} at most of level ground");
            prop_assert!(most < 0.02, "{what} {most}");
        }
        Ok(())
    };
    cases(3).run(&(Mountains::any(), models()), test).unwrap();
}

#[test]
fn cells_have_their_size_on_the_ground() {
    let cell = |epsg, west, north, model: &Physics| {
        let crs = Crs::of_epsg(epsg).unwrap();
        let dem = Placement { crs, west, north, cell_x: 25.0, cell_y: 25.0, width: 100, height: 100 };
        Geography::new(&dem, (50.0, 50.0), model).unwrap().ground_cell(50.0, 50.0)
    };
    // On UTM's central meridian the map is 0.9996 of the ground; 180 km east of it as long; farther out longer.
    let utm = |east: f64| cell(32632, 500_000.0 + east, 5_100_000.0, &Physics::default()).unwrap() / 25.0;
    assert!((utm(0.0) - 1.0 / 0.9996).abs() < 1e-5, "{}", utm(0.0));
    assert!((utm(180_000.0) - 1.0).abs() < 3e-5, "{}", utm(180_000.0));
    assert!(utm(300_000.0) < 0.9995);
    let laea = cell(3035, 4_000_000.0, 2_500_000.0, &Physics::default()).unwrap() / 25.0;
    assert!((laea - 1.0).abs() < 1e-3, "an equal-area map keeps the mean: {laea}");
    assert_eq!(cell(3035, 4_000_000.0, 2_500_000.0, &Physics::as_saga()), None);
}
