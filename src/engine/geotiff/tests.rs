#![expect(clippy::float_cmp, reason = "values must come back exactly as they were")]

mod overviews;

use std::path::Path;

use super::*;
use crate::engine::crs::Crs;
use crate::engine::grid::Grid;
use crate::engine::{Compression, FixedSteps, Layer, Storage, Tiling};
use crate::grid_file::write_grid;

fn placement(width: usize, height: usize) -> Placement {
    let crs = Crs::of_epsg(3035).unwrap();
    Placement { crs, west: 4_030_000.0, north: 2_440_000.0, cell_x: 25.0, cell_y: 25.0, width, height }
}

fn layer() -> Layer {
    Layer {
        name: "test".into(),
        month: None,
        unit: "degC",
        description: "Temperature < 0 & > -1".into(),
        range: (-100.0, 500.0),
        steps: Some(FixedSteps::signed(50)),
    }
}

fn encodings() -> impl Iterator<Item = Encoding> {
    let compressions = [Compression::None, Compression::Deflate, Compression::Zstd];
    let of = move |storage| compressions.map(|compression| Encoding::of(&layer(), storage, compression));
    [Storage::Integer, Storage::Rounded, Storage::Float32].into_iter().flat_map(of)
}

fn bumpy(width: usize, height: usize) -> Grid {
    let cell = |i: usize| {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        if x > 280.0 && y < 300.0 || i.is_multiple_of(97) {
            f32::NAN
        } else {
            (x * 0.1).sin() * 300.0 + y * 1.5
        }
    };
    Grid { width, height, values: (0..width * height).map(cell).collect() }
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || a.is_nan() && b.is_nan())
}

#[test]
fn a_written_grid_is_read_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid.tif");
    let (grid, placement) = (bumpy(600, 310), placement(600, 310));
    write_grid(&path, &grid, &placement, &layer()).unwrap();
    let raster = Raster::open(&path).unwrap();
    assert_eq!(raster.placement(), &placement);
    assert!(same(&raster.window(0, 0, 600, 310).unwrap().values, &grid.values));
}

#[test]
fn windows_may_reach_outside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid.tif");
    let grid = bumpy(300, 270);
    write_grid(&path, &grid, &placement(300, 270), &layer()).unwrap();
    let raster = Raster::open(&path).unwrap();
    let windows = [
        (-5, -7, 20, 20),
        (250, 250, 100, 40),
        (290, -3, 50, 500),
        (-1000, 0, 900, 10),
        (300, 0, 5, 5),
        (100, 100, 0, 3),
        (isize::MIN, isize::MIN, 3, 3),
        (isize::MAX, 0, 3, 3),
    ];
    for (x, y, width, height) in windows {
        let window = raster.window(x, y, width, height).unwrap();
        let expected: Vec<f32> = (0..height)
            .flat_map(|row| (0..width).map(move |column| (column, row)))
            .map(|(column, row)| grid.at(x.saturating_add_unsigned(column), y.saturating_add_unsigned(row)))
            .collect();
        assert!(same(&window.values, &expected), "{x} {y} {width} {height}");
    }
    assert!(raster.window(0, 0, usize::MAX, 2).is_err());
    assert!(raster.window(0, 0, 1 << 40, 1 << 20).is_err());
}

#[test]
fn rasters_are_shared_among_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Raster>();
}

#[test]
fn encoding_does_not_depend_on_the_bits_of_nan() {
    let odd = f32::from_bits(0xffc0_1234);
    for encoding in encodings() {
        let (mut a, mut b) = (vec![1.5f32; 256], vec![1.5f32; 256]);
        (a[3], b[3]) = (f32::NAN, odd);
        assert_eq!(encode_block(&a, 16, encoding), encode_block(&b, 16, encoding));
    }
}

#[test]
fn whole_numbers_are_within_half_a_step_and_never_leave_the_range() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.tif");
    let unsigned = Layer { steps: Some(FixedSteps::unsigned(2_000)), range: (0.0, 20.000_2), ..layer() };
    for layer in [layer(), unsigned] {
        let (low, high) = layer.range;
        let value = |i: usize| low + (high - low) * i as f32 / 255.0;
        let values: Vec<f32> = (0..256).map(value).collect();
        let encoding = Encoding::of(&layer, Storage::Integer, Compression::Zstd);
        let block = encode_block(&values, 16, encoding);
        let tiling = Tiling { width: 16, height: 16, tile: 16, block: 16 };
        let head = lay_out(&layer, &placement(16, 16), tiling, encoding, &[vec![block.len() as u32]]);
        std::fs::write(&path, [head, block].concat()).unwrap();
        let read = Raster::open(&path).unwrap().window(0, 0, 16, 16).unwrap().values;
        let half = 0.5 / f64::from(layer.steps.unwrap().per_unit);
        for (value, read) in values.iter().zip(&read) {
            let slack = f64::from(f32::EPSILON) * f64::from(value.abs());
            assert!((f64::from(*value) - f64::from(*read)).abs() <= half + slack, "{value} became {read}");
            assert!((low..=high).contains(read), "{value} became {read}");
        }
    }
}

/// The cells that come out of a block of float32 with the floating-point predictor.
fn stored(values: &[f32], edge: u32, encoding: Encoding) -> Vec<f32> {
    decode::decode_block(&encode_block(values, edge, encoding), edge, encoding).unwrap()
}

#[test]
fn rounded_floats_are_multiples_of_a_power_of_two_as_fine_as_the_steps() {
    for (per_unit, power, range) in
        [(50_000, 65_536.0, (0.0, 1.000_01)), (50, 64.0, (0.0, 1100.0)), (2_000, 2_048.0, (0.0, 1000.0))]
    {
        let layer = Layer { steps: Some(FixedSteps::unsigned(per_unit)), range, ..layer() };
        let encoding = Encoding::of(&layer, Storage::Rounded, Compression::Zstd);
        let value = |i: usize| range.0 + (range.1 - range.0) * i as f32 / 4095.0;
        let mut values: Vec<f32> = (0..4096).map(value).collect();
        (values[7], values[8], values[9]) = (f32::NAN, -1.0, 2.0 * range.1);
        for (value, read) in values.iter().zip(stored(&values, 64, encoding)) {
            if value.is_nan() {
                assert!(read.is_nan());
                continue;
            }
            let kept = f64::from(value.clamp(range.0, range.1));
            // At the upper end of the range the next multiple may lie beyond it.
            let slack = if kept * power > (f64::from(range.1) * power).floor() { 1.0 } else { 0.5 };
            assert!((kept - f64::from(read)).abs() * power <= slack, "{value} became {read}");
            assert!((f64::from(read) * power).fract() == 0.0 && (range.0..=range.1).contains(&read));
            assert!(read.is_sign_positive(), "{value} became {read}");
        }
    }
    let encoding = Encoding::of(&layer(), Storage::Rounded, Compression::None);
    let mut ties = [0.0; 256];
    ties[..6].copy_from_slice(&[0.5 / 64.0, 1.5 / 64.0, -0.5 / 64.0, -1.5 / 64.0, -100.0, 500.0]);
    assert_eq!(stored(&ties, 16, encoding)[..6], [0.0, 2.0 / 64.0, 0.0, -2.0 / 64.0, -100.0, 500.0]);
}

#[test]
fn rounding_is_the_same_for_all_classes_of_processors() {
    use super::encode::{Floats, Rounding};
    use crate::engine::Vectors;
    let value = |i: u32| f32::from_bits(i.wrapping_mul(0x9e37_79b9)) % 700.0;
    let cells: Vec<f32> = (0..64 * 64).map(value).collect();
    for rounding in [None, Some(Rounding::to(256.0, (-150.0, 120.0)))] {
        let floats = Floats { cells: &cells, rounding, columns: 64, predicted: true };
        let all: Vec<Vec<u8>> = Vectors::here().into_iter().map(|class| class.run(floats)).collect();
        assert!(all.iter().all(|bytes| *bytes == all[0] && bytes.len() == 4 * cells.len()));
    }
}

#[test]
fn what_integers_cannot_hold_is_stored_as_their_last_step() {
    let layer = Layer { steps: Some(FixedSteps::unsigned(2_000)), range: (0.0, 1000.0), ..layer() };
    let encoding = Encoding::of(&layer, Storage::Integer, Compression::None);
    let numbers: Vec<u16> = encode_block(&[0.0, 32.767, 33.0, 1000.0, f32::INFINITY, f32::NAN], 6, encoding)
        .as_chunks::<2>()
        .0
        .iter()
        .map(|b| u16::from_le_bytes(*b))
        .collect();
    assert_eq!(numbers, [0, 65534, 65534, 65534, 65534, 65535]);
}

/// A map of 40 x 40 cells in blocks of 16, the first of which is not stored.
fn write_map(path: &Path, encoding: Encoding) -> Vec<Vec<u8>> {
    let tiling = Tiling { width: 40, height: 40, tile: 32, block: 16 };
    let block = |number: u32| match number {
        0 => Vec::new(),
        _ => encode_block(&[number as f32; 256], 16, encoding),
    };
    let blocks: Vec<Vec<u8>> = (0..tiling.blocks()).map(block).collect();
    let lengths: Vec<u32> = blocks.iter().map(|b| b.len() as u32).collect();
    let head = lay_out(&layer(), &placement(40, 40), tiling, encoding, &[lengths]);
    std::fs::write(path, [head, blocks.concat()].concat()).unwrap();
    blocks
}

#[test]
fn blocks_lie_where_the_map_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.tif");
    for encoding in encodings() {
        let written = write_map(&path, encoding);
        let bytes = std::fs::read(&path).unwrap();
        let found = blocks(&path).unwrap();
        assert_eq!(found.len(), 9);
        assert_eq!(found[0], (0, 0));
        for ((offset, length), block) in found.into_iter().zip(&written) {
            assert_eq!(&bytes[offset as usize..offset as usize + length as usize], block);
        }
        let raster = Raster::open(&path).unwrap();
        assert!(raster.window(0, 0, 16, 16).unwrap().values.iter().all(|v| v.is_nan()));
        assert!(same(&raster.window(39, 39, 1, 1).unwrap().values, &[8.0]));
    }
}

#[test]
fn a_map_beyond_four_gigabytes_is_a_bigtiff() {
    let encoding = Encoding::of(&layer(), Storage::Float32, Compression::Zstd);
    let tiling = Tiling { width: 40_000, height: 40_000, tile: 512, block: 256 };
    let lengths = vec![1000; tiling.blocks() as usize];
    let big = lay_out(&layer(), &placement(40_000, 40_000), tiling, encoding, &[lengths]);
    assert_eq!(big.get(..4), Some(&b"II\x2b\0"[..]));
    let small = Tiling { width: 10_000, ..tiling };
    let lengths = vec![1000; small.blocks() as usize];
    let classic = lay_out(&layer(), &placement(10_000, 40_000), small, encoding, &[lengths]);
    assert_eq!(classic.get(..4), Some(&b"II\x2a\0"[..]));
}

#[test]
fn a_grid_of_another_size_than_its_placement_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid.tif");
    let problem = write_grid(&path, &bumpy(30, 20), &placement(30, 21), &layer()).unwrap_err();
    assert!(problem.to_string().contains("30 x 20"), "{problem}");
    assert!(!path.exists());
    let nowhere = folder.path().join("no/grid.tif");
    let problem = write_grid(&nowhere, &bumpy(30, 20), &placement(30, 20), &layer()).unwrap_err();
    assert!(problem.cure.contains("folder"), "{problem}");
}
