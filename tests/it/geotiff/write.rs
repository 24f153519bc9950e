//! What is written is opened by GDAL as what it is.

use std::path::Path;

use alpsckpt::engine::geotiff::{Encoding, Placement, Pyramid, blocks, encode_block, lay_out};
use alpsckpt::engine::grid::Grid;
use alpsckpt::engine::{Compression, Storage, Tiling};
use alpsckpt::grid_file::write_grid;
use serde_json::Value;

use super::{HEIGHT, Lab, PROGRAMS, WIDTH, all, layer, open, placement, same, support, text, values};

/// Writes the grid as a map with overviews in blocks of `edge`, as the jobs do.
fn write_map(path: &Path, grid: &Grid, edge: u32, encoding: Encoding) {
    let (width, height) = (grid.width as u32, grid.height as u32);
    let tiling = Tiling { width, height, tile: 2 * edge, block: edge };
    let across = tiling.blocks_across();
    let block = |number: u32| {
        let (left, top) = (number % across * edge, number / across * edge);
        let cell = |i: u32| grid.at((left + i % edge) as isize, (top + i / edge) as isize);
        let cells: Vec<f32> = (0..edge * edge).map(cell).collect();
        if cells.iter().all(|c| c.is_nan()) { Vec::new() } else { encode_block(&cells, edge, encoding) }
    };
    let mut levels = vec![(0..tiling.blocks()).map(block).collect::<Vec<_>>()];
    if let Some(mut pyramid) = Pyramid::new(tiling, encoding) {
        levels.resize(1 + pyramid.levels(), Vec::new());
        for row in levels[0].clone().chunks(across as usize) {
            pyramid.push(row).unwrap().into_iter().for_each(|made| levels[made.level].push(made.bytes));
        }
    }
    let lengths: Vec<Vec<u32>> =
        levels.iter().map(|blocks| blocks.iter().map(|b| b.len() as u32).collect()).collect();
    let placement = Placement { width: grid.width, height: grid.height, ..placement() };
    let head = lay_out(&layer(), &placement, tiling, encoding, &lengths);
    let blocks: Vec<u8> = levels.into_iter().rev().flatten().flatten().collect();
    std::fs::write(path, [head, blocks].concat()).unwrap();
}

/// Values with holes, and with the first block of 32 x 32 cells empty.
fn holed() -> Grid {
    let hole = |i: usize| i % WIDTH < 32 && i / WIDTH < 32 || i.is_multiple_of(11);
    let values = values(-100.0, 0.375);
    let values = values.iter().enumerate().map(|(i, v)| if hole(i) { f32::NAN } else { *v as f32 }).collect();
    Grid { width: WIDTH, height: HEIGHT, values }
}

fn info(path: &Path) -> Value {
    support::gdalinfo(path, &["-checksum"])
}

/// The cells as GDAL reads them.
pub(super) fn through_gdal(lab: &Lab, path: &Path, arguments: &[&str]) -> Vec<f32> {
    let raw = lab.convert(path, "back.img", &[&["-q", "-of", "ENVI", "-ot", "Float32"], arguments].concat());
    std::fs::read(raw).unwrap().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

#[test]
fn gdal_reads_our_maps_with_all_they_say() {
    if !support::have_programs("gdal_reads_our_maps_with_all_they_say", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let grid = holed();
    for (storage, kind, nodata, scale) in [
        (Storage::Float32, "Float32", Value::from("NaN"), Value::Null),
        (Storage::Rounded, "Float32", Value::from("NaN"), Value::Null),
        (Storage::Integer, "Int16", Value::from(-32768.0), Value::from(0.005)),
    ] {
        let mut checksums = Vec::new();
        for (compression, name) in [
            (Compression::None, Value::Null),
            (Compression::Deflate, "DEFLATE".into()),
            (Compression::Zstd, "ZSTD".into()),
        ] {
            let path = lab.path("map.tif");
            write_map(&path, &grid, 32, Encoding::of(&layer(), storage, compression));
            let info = info(&path);
            let band = &info["bands"][0];
            assert_eq!(info["metadata"]["IMAGE_STRUCTURE"]["COMPRESSION"], name);
            assert_eq!(info["size"], serde_json::json!([WIDTH, HEIGHT]));
            assert_eq!(
                info["geoTransform"],
                serde_json::json!([4_030_000.0, 25.0, 0.0, 2_440_000.0, 0.0, -25.0])
            );
            let wkt = info["coordinateSystem"]["wkt"].as_str().unwrap();
            assert!(wkt.ends_with("ID[\"EPSG\",3035]]"), "{info}");
            assert_eq!(info["metadata"][""]["AREA_OR_POINT"], "Area");
            assert_eq!(band["type"], kind);
            assert_eq!(band["block"], serde_json::json!([32, 32]));
            assert_eq!((&band["noDataValue"], &band["scale"]), (&nodata, &scale));
            assert_eq!(band["unit"], "degC");
            assert_eq!(band["description"], layer().description);
            checksums.push(band["checksum"].clone());
            // The values are whole numbers of steps: nothing is lost. GDAL leaves nodata what it is.
            let gdals = through_gdal(&lab, &path, &["-unscale"]);
            let gdals: Vec<f32> = gdals.iter().map(|v| if *v == -32768.0 { f32::NAN } else { *v }).collect();
            assert!(same(&gdals, &grid.values), "{storage:?} {compression:?}");
            assert!(same(&all(&path).unwrap().values, &grid.values), "{storage:?} {compression:?}");
            assert_eq!(blocks(&path).unwrap().iter().filter(|(_, length)| *length == 0).count(), 1);
        }
        assert!(checksums[0].is_number() && checksums.iter().all(|c| *c == checksums[0]), "{checksums:?}");
    }
}

#[test]
fn a_map_in_every_system_says_which() {
    if !support::have_programs("a_map_in_every_system_says_which", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let path = lab.path("grid.tif");
    for (epsg, west, north, cell) in [
        (3035, 4e6, 2.4e6, 25.0),
        (2154, 9e5, 6.4e6, 25.0),
        (32632, 3e5, 5e6, 25.0),
        (25832, 3e5, 5e6, 25.0),
        (32719, 3e5, 7e6, 25.0),
        (4326, 5.0, 46.0, 0.01),
        (4258, 5.0, 46.0, 0.01),
    ] {
        let crs = alpsckpt::engine::crs::Crs::of_epsg(epsg).unwrap();
        let placement =
            Placement { crs, west, north, cell_x: cell, cell_y: cell, width: WIDTH, height: HEIGHT };
        write_grid(&path, &holed(), &placement, &layer()).unwrap();
        let wkt = info(&path)["coordinateSystem"]["wkt"].as_str().unwrap().to_owned();
        assert!(wkt.ends_with(&format!("ID[\"EPSG\",{epsg}]]")), "{wkt}");
        assert_eq!(open(&path).unwrap().placement(), &placement);
    }
}

#[test]
fn a_sparse_bigtiff_of_ours_is_read_by_gdal_and_by_us() {
    if !support::have_programs("a_sparse_bigtiff_of_ours_is_read_by_gdal_and_by_us", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let tiling = Tiling { width: 33_000, height: 33_000, tile: 512, block: 256 };
    let placement = Placement { width: 33_000, height: 33_000, ..placement() };
    let encoding = Encoding::of(&layer(), Storage::Float32, Compression::Zstd);
    let block = encode_block(&vec![42.5; 256 * 256], 256, encoding);
    let mut lengths = vec![0; tiling.blocks() as usize];
    *lengths.last_mut().unwrap() = block.len() as u32;
    let head = lay_out(&layer(), &placement, tiling, encoding, &[lengths]);
    let path = lab.path("big.tif");
    std::fs::write(&path, [head, block].concat()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap()[2], 43, "a BigTIFF");
    let cells = through_gdal(&lab, &path, &["-srcwin", "32760", "32760", "20", "20"]);
    let window = open(&path).unwrap().window(32_760, 32_760, 20, 20).unwrap();
    assert!(same(&cells, &window.values));
    // Blocks begin at multiples of 256: the last one at cell 32768.
    assert_eq!(cells.iter().filter(|c| **c == 42.5).count(), 12 * 12);
    assert_eq!(cells.iter().filter(|c| c.is_nan()).count(), 20 * 20 - 12 * 12);
}

/// 1100 x 700 cells without holes, smooth and rough.
fn landscape(holes: bool) -> Grid {
    let value = |i: usize| {
        let (x, y) = ((i % 1100) as f32, (i / 1100) as f32);
        if holes && (i.is_multiple_of(13) || x < 600.0 && y < 300.0) {
            return f32::NAN;
        }
        40.0 * (x / 90.0).sin() + 30.0 * (y / 70.0).cos() + (i * 7919 % 1000) as f32 / 500.0
    };
    Grid { width: 1100, height: 700, values: (0..1100 * 700).map(value).collect() }
}

#[test]
fn gdal_lists_overviews_whose_cells_are_the_means_it_computes_itself() {
    if !support::have_programs(
        "gdal_lists_overviews_whose_cells_are_the_means_it_computes_itself",
        &[PROGRAMS[0], PROGRAMS[1], "gdalwarp"],
    ) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    for (storage, slack) in [(Storage::Integer, 0.0026), (Storage::Rounded, 0.0021), (Storage::Float32, 1e-4)]
    {
        for holes in [false, true] {
            let path = lab.path("map.tif");
            write_map(&path, &landscape(holes), 256, Encoding::of(&layer(), storage, Compression::Zstd));
            let told = &info(&path)["bands"][0]["overviews"];
            let sizes: Vec<_> = told.as_array().unwrap().iter().map(|o| o["size"].clone()).collect();
            let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
            assert_eq!(sizes, ["[550,350]", "[275,175]", "[138,88]"], "{told}");
            let plain = lab.convert(
                &path,
                "plain.tif",
                &["-q", "-unscale", "-ot", "Float64", "-a_nodata", "-9999", "-co", "COPY_SRC_OVERVIEWS=NO"],
            );
            for (level, cell) in [(0, "50"), (1, "100")] {
                let averaged = lab.path(&format!("averaged{level}{holes}{storage:?}.tif"));
                let (width, height) = [(550, 350), (275, 175)][level];
                lab.gdal(
                    "gdalwarp",
                    &["-q", "-r", "average", "-tr", cell, cell, text(&plain), text(&averaged)],
                );
                let overview = format!("OVERVIEW_LEVEL={level}");
                // GDAL gives an overview without the scale and nodata of its map.
                let about = match storage {
                    Storage::Integer => ["-a_scale", "0.005", "-a_nodata", "-32768"].as_slice(),
                    Storage::Rounded | Storage::Float32 => &[],
                };
                let name = format!("ours{level}{holes}{storage:?}.tif");
                let ours = lab.convert(&path, &name, &[&["-q", "-oo", overview.as_str()], about].concat());
                let (ours, gdals) = (all(&ours).unwrap(), all(&averaged).unwrap());
                assert_eq!(
                    (ours.width, ours.height, gdals.width, gdals.height),
                    (width, height, width, height)
                );
                for (i, (ours, gdals)) in ours.values.iter().zip(&gdals.values).enumerate() {
                    let fits = if gdals.is_nan() { ours.is_nan() } else { (ours - gdals).abs() <= slack };
                    assert!(fits, "{storage:?} {holes} level {level}, cell {i}: {ours}, GDAL: {gdals}");
                }
            }
        }
    }
}

#[test]
fn a_window_through_gdal_has_the_values_within_half_a_step() {
    if !support::have_programs("a_window_through_gdal_has_the_values_within_half_a_step", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let (grid, path) = (landscape(true), lab.path("map.tif"));
    write_map(&path, &grid, 256, Encoding::of(&layer(), Storage::Integer, Compression::Zstd));
    let cells = through_gdal(&lab, &path, &["-unscale", "-srcwin", "520", "250", "300", "90"]);
    for (i, found) in cells.iter().enumerate() {
        let expected = grid.at((520 + i % 300) as isize, (250 + i / 300) as isize);
        let fits = if expected.is_nan() { *found == -32768.0 } else { (found - expected).abs() <= 0.002_51 };
        assert!(fits, "cell {i}: {found}, {expected} was written");
    }
}

/// What makes a GeoTIFF cloud-optimised: a reader finds all directories in the first bytes, then small before large.
#[test]
fn directories_come_first_and_overviews_before_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.tif");
    let encoding = Encoding::of(&layer(), Storage::Integer, Compression::Zstd);
    write_map(&path, &landscape(true), 256, encoding);
    let map = blocks(&path).unwrap();
    let stored: Vec<(u64, u32)> = map.iter().copied().filter(|(_, length)| *length > 0).collect();
    // The map's blocks follow one another up to the end; the file's first two have no valid cell.
    assert_eq!(map.len() - stored.len(), 2);
    let gaps = stored.windows(2).filter(|pair| pair[0].0 + u64::from(pair[0].1) != pair[1].0).count();
    let (last, length) = *stored.last().unwrap();
    assert_eq!((gaps, last + u64::from(length)), (0, std::fs::metadata(&path).unwrap().len()));
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes[..8], *b"II\x2a\0\x08\0\0\0", "the first directory follows the header");
    let long = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut directory = 8;
    let mut first_blocks = vec![];
    while directory > 0 {
        let entries = u16::from_le_bytes(bytes[directory..directory + 2].try_into().unwrap()) as usize;
        let entry = |n: usize| directory + 2 + n * 12;
        let offsets = (0..entries).map(entry).find(|at| bytes[*at..*at + 2] == 324u16.to_le_bytes()).unwrap();
        let (count, value) = (long(offsets + 4) as usize, long(offsets + 8));
        let places = (0..count).map(|n| if count == 1 { value } else { long(value as usize + 4 * n) });
        first_blocks.push(places.filter(|place| *place > 0).min().unwrap());
        let next = long(entry(entries)) as usize;
        assert!(next == 0 || next > directory);
        directory = next;
    }
    assert_eq!(first_blocks.len(), 4);
    assert!(first_blocks.is_sorted_by(|one, next| one > next), "{first_blocks:?}");
}
