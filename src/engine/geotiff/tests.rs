#![expect(clippy::float_cmp, reason = "values must come back exactly as they were")]

use std::path::Path;

use super::*;
use crate::engine::crs::Crs;
use crate::engine::grid::Grid;
use crate::engine::{Compression, Layer, Tiling};

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
        range: (-100.0, 100.0),
    }
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
    for compression in [Compression::None, Compression::Deflate, Compression::Zstd] {
        let (mut a, mut b) = (vec![1.5f32; 256], vec![1.5f32; 256]);
        (a[3], b[3]) = (f32::NAN, odd);
        assert_eq!(encode_block(&a, 16, compression), encode_block(&b, 16, compression));
    }
}

/// A map of 40 x 40 cells in blocks of 16, the first of which is not stored.
fn write_map(path: &Path, compression: Compression) -> Vec<Vec<u8>> {
    let tiling = Tiling { width: 40, height: 40, tile: 32, block: 16 };
    let block = |number: u32| match number {
        0 => Vec::new(),
        _ => encode_block(&[number as f32; 256], 16, compression),
    };
    let blocks: Vec<Vec<u8>> = (0..tiling.blocks()).map(block).collect();
    let lengths: Vec<u32> = blocks.iter().map(|b| b.len() as u32).collect();
    let file = lay_out(&layer(), &placement(40, 40), tiling, compression, &lengths);
    std::fs::write(path, [file.head, blocks.concat(), file.tail].concat()).unwrap();
    blocks
}

#[test]
fn blocks_lie_where_the_map_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.tif");
    for compression in [Compression::None, Compression::Deflate, Compression::Zstd] {
        let written = write_map(&path, compression);
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
    let tiling = Tiling { width: 40_000, height: 40_000, tile: 512, block: 256 };
    let lengths = vec![1000; tiling.blocks() as usize];
    let big = lay_out(&layer(), &placement(40_000, 40_000), tiling, Compression::Zstd, &lengths);
    assert_eq!(big.head.get(..4), Some(&b"II\x2b\0"[..]));
    let small = Tiling { width: 10_000, ..tiling };
    let lengths = vec![1000; small.blocks() as usize];
    let classic = lay_out(&layer(), &placement(10_000, 40_000), small, Compression::Zstd, &lengths);
    assert_eq!(classic.head.get(..4), Some(&b"II\x2a\0"[..]));
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
