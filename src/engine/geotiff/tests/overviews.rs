//! Overviews, and blocks that cannot be decoded.

use super::*;

/// A map of 700 x 530 cells in blocks of 64, with its overviews; the numbers in the file are the cells.
fn push_all(encoding: Encoding, cell: impl Fn(u32, u32) -> f32) -> Vec<Vec<Vec<u8>>> {
    let tiling = Tiling { width: 700, height: 530, tile: 128, block: 64 };
    let mut pyramid = Pyramid::new(tiling, encoding).unwrap();
    let mut levels = vec![Vec::new(); pyramid.levels()];
    for row in 0..tiling.blocks() / tiling.blocks_across() {
        let block = |column: u32| {
            let at = |i: u32| (column * 64 + i % 64, row * 64 + i / 64);
            let cells =
                (0..64 * 64).map(at).map(|(x, y)| if x < 700 && y < 530 { cell(x, y) } else { f32::NAN });
            let cells: Vec<f32> = cells.collect();
            if cells.iter().all(|v| v.is_nan()) { Vec::new() } else { encode_block(&cells, 64, encoding) }
        };
        let blocks: Vec<Vec<u8>> = (0..tiling.blocks_across()).map(block).collect();
        for made in pyramid.push(&blocks).unwrap() {
            levels[made.level - 1].push(made.bytes);
        }
    }
    levels
}

#[test]
fn overviews_are_means_of_all_valid_cells_of_the_map() {
    let cell = |x: u32, y: u32| {
        if x < 150 && y < 140 || (x * 7 + y * 3).is_multiple_of(11) {
            f32::NAN
        } else {
            ((x * 13 + y * 29) % 401) as f32 * 0.02 + y as f32 * 0.1
        }
    };
    for storage in [Storage::Float32, Storage::Rounded, Storage::Integer] {
        let encoding = Encoding::of(&layer(), storage, Compression::Zstd);
        let levels = push_all(encoding, cell);
        assert_eq!(levels.iter().map(Vec::len).collect::<Vec<_>>(), [6 * 5, 3 * 3]);
        assert!(levels[0][0].is_empty(), "nothing is valid there");
        for (level, blocks) in levels.iter().enumerate() {
            let (factor, across) = (2 << level, 700_u32.div_ceil(2 << level));
            for y in 0..530_u32.div_ceil(factor) {
                for x in 0..across {
                    let block = (y / 64 * across.div_ceil(64) + x / 64) as usize;
                    let cells = match blocks[block].as_slice() {
                        [] => vec![f32::NAN; 64 * 64],
                        bytes => decode::decode_block(bytes, 64, encoding).unwrap(),
                    };
                    let found = f64::from(cells[(y % 64 * 64 + x % 64) as usize]);
                    let covered = (y * factor..530.min((y + 1) * factor))
                        .flat_map(|y| (x * factor..700.min((x + 1) * factor)).map(move |x| cell(x, y)));
                    let valid: Vec<f64> = covered.filter(|v| !v.is_nan()).map(f64::from).collect();
                    let mean = valid.iter().sum::<f64>() / valid.len() as f64;
                    // The cells are whole numbers of steps, fifty a unit.
                    let (mean, slack) = match storage {
                        Storage::Integer => (mean * 50.0, 0.501),
                        // The cells are rounded to 64 a unit, and so is their mean.
                        Storage::Rounded => (mean, 1.001 / 64.0),
                        Storage::Float32 => (mean, 1e-4),
                    };
                    assert!(found.is_nan() == mean.is_nan(), "{level} {x} {y}: {found} {mean}");
                    assert!(
                        found.is_nan() || (found - mean).abs() <= slack,
                        "{level} {x} {y}: {found} {mean}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_block_that_cannot_be_decoded_is_named() {
    let encoding = Encoding::of(&layer(), Storage::Integer, Compression::Zstd);
    let tiling = Tiling { width: 300, height: 10, tile: 128, block: 64 };
    let good = encode_block(&[1.0; 64 * 64], 64, encoding);
    let blocks = [good.clone(), Vec::new(), good.get(..20).unwrap().to_vec(), good.clone(), good];
    let (at, why) = Pyramid::new(tiling, encoding).unwrap().push(&blocks).unwrap_err();
    assert_eq!(at, 2);
    assert!(!why.is_empty());
}

#[test]
fn a_map_of_one_block_has_no_overviews() {
    let encoding = Encoding::of(&layer(), Storage::Integer, Compression::Zstd);
    let tiling = Tiling { width: 256, height: 200, tile: 256, block: 256 };
    assert!(Pyramid::new(tiling, encoding).is_none());
    assert_eq!(Pyramid::new(Tiling { height: 257, ..tiling }, encoding).unwrap().levels(), 1);
}
