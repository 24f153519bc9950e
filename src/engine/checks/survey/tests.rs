use super::super::heights::rules;
use super::super::voids::Holes;
use super::bands::MOST_CELLS_OF_A_BAND;
use super::*;
use crate::engine::fixtures::InputFolder;

const WHOLE: Span = Span { column: 0, row: 0, width: 200, height: 150 };

/// Slopes of a few metres a cell, about 1500 m high.
fn ground(x: usize, y: usize) -> f32 {
    1500.0 + 300.0 * (0.03 * x as f32).sin() + 200.0 * (0.05 * y as f32).cos()
}

/// Ground with some of all that may be wrong.
fn faulty(x: usize, y: usize) -> f32 {
    match (x, y) {
        (30..33, 20..23) => 32767.0,
        (100, 64) => 9000.5,
        (60..64, 80) => 0.0,
        (150, 40) => ground(x, y) + 1200.0,
        (170, 128) => ground(x, y) - 1300.0,
        (10..20, 100..105) | (190.., 140..) => f32::NAN,
        // A wall of the ground behind it.
        (120..140, 60..75) => ground(x, y) + 1100.0,
        _ => ground(x, y),
    }
}

fn seen(raster: &Raster, rows: usize, mapped: Span) -> Survey {
    in_bands(raster, rows, (WHOLE, mapped), rules(25.0), &|_| ()).unwrap()
}

#[test]
fn each_fault_is_found_at_its_cell_and_counted() {
    let folder = InputFolder::new();
    let raster = folder.raster("dem.tif", 25.0, (200, 150), faulty);
    let found = seen(&raster, 150, WHOLE);
    assert_eq!((found.strays.count, found.strays.low, found.strays.high), (10, 9000.5, 32767.0));
    assert_eq!((found.strays.first, found.strays.one), (Some(((30, 20), 32767.0)), Some(32767.0)));
    assert_eq!(found.strays.of, 200 * 150 - 50 - 100);
    let zero = found.repeated.first().copied().unwrap();
    // Four cells in a row have ten neighbours around them.
    assert_eq!((zero.value, zero.steps, zero.at, found.repeated.len()), (0.0, 10, (60, 80), 1));
    assert!((zero.largest - ground(61, 80)).abs() < 60.0, "{zero:?}");
    assert_eq!((found.spikes.count, found.spikes.at), (2, (170, 128)));
    assert!((found.spikes.largest - 1300.0).abs() < 15.0, "{:?}", found.spikes);
    assert_eq!(found.steps.count, 2 * 20 + 2 * 15);
    assert!((found.steps.largest - 1100.0).abs() < 15.0, "{:?}", found.steps);
    assert_eq!((found.holes.count, found.holes.cells, found.holes.at), (1, 50, (10, 100)));
    assert_eq!((found.valid, found.missing, found.zeros), (200 * 150 - 150, 150, 4));
}

#[test]
fn bands_and_threads_change_nothing() {
    let folder = InputFolder::new();
    let raster = folder.raster("dem.tif", 25.0, (200, 150), faulty);
    let mapped = Span { column: 5, row: 90, width: 100, height: 60 };
    let whole = seen(&raster, 150, mapped);
    assert_eq!(whole.missing, 50);
    for rows in [1, 7, 64, 149, 1000] {
        assert_eq!(seen(&raster, rows, mapped), whole, "{rows}");
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(pool.install(|| seen(&raster, 64, mapped)), whole);
}

#[test]
fn sound_ground_and_its_shore_have_nothing_to_tell() {
    let folder = InputFolder::new();
    // Rugged, with sea of 0 m beside cliffs of 290 m.
    let coast = |x: usize, y: usize| {
        if y < 50 { 0.0 } else { 200.0 + 90.0 * (0.9 * x as f32 + y as f32).sin() }
    };
    let raster = folder.raster("coast.tif", 25.0, (200, 150), coast);
    let found = seen(&raster, 64, WHOLE);
    assert_eq!((found.strays.count, found.repeated.len()), (0, 0));
    assert_eq!((found.steps.count, found.spikes.count, found.holes), (0, 0, Holes::default()));
    assert_eq!(found.zeros, 50 * 200);
}

#[test]
fn a_height_that_repeats_beside_cliffs_is_no_chance() {
    let folder = InputFolder::new();
    let pit = |x: usize, y: usize| {
        if (60..70).contains(&x) && (40..44).contains(&y) { -99.0 } else { ground(x, y) }
    };
    let found = seen(&folder.raster("dem.tif", 25.0, (200, 150), pit), 64, WHOLE);
    let told: Vec<(f32, u64)> = found.repeated.iter().map(|r| (r.value, r.steps)).collect();
    assert_eq!(told, [(-99.0, 28)]);
    assert_eq!((found.steps.count, found.spikes.count), (0, 0));
}

#[test]
fn wide_cells_hold_whole_mountainsides() {
    let wide = Steepness::of_cells(1000.0);
    let narrow = Steepness::of_cells(25.0);
    assert!(wide.steep > 2999.0 && wide.impossible > 5999.0);
    assert_eq!((narrow.steep, narrow.cliff, narrow.impossible), (300.0, 1000.0, 2500.0));
}

#[test]
fn bands_are_whole_rows_of_blocks_and_bounded() {
    for (chunk, width) in [(1, 50_000), (256, 50_000), (512, 200), (4096, 50_000), (83, 50_000)] {
        let rows = rows_of_a_band(chunk, width);
        assert!(rows > 0 && rows * width <= MOST_CELLS_OF_A_BAND, "{chunk} {width}: {rows}");
        assert!(
            rows.is_multiple_of(chunk) || chunk * width > MOST_CELLS_OF_A_BAND,
            "{chunk} {width}: {rows}"
        );
    }
}
