//! What is written is opened by GDAL as what it is.

use std::path::Path;

use alpsckpt::engine::geotiff::{Coding, Placement, blocks, encode_block, lay_out, write_grid};
use alpsckpt::engine::grid::Grid;
use alpsckpt::engine::{Compression, Storage, Tiling};
use serde_json::Value;

use super::{HEIGHT, Lab, PROGRAMS, WIDTH, all, gdal, layer, open, placement, same, support, text, values};

/// Writes the grid as a map in blocks of 32, as the jobs do.
fn write_map(path: &Path, grid: &Grid, coding: Coding) {
    let tiling = Tiling { width: WIDTH as u32, height: HEIGHT as u32, tile: 64, block: 32 };
    let block = |number: u32| {
        let (left, top) = (number % tiling.blocks_across() * 32, number / tiling.blocks_across() * 32);
        let cell = |i: u32| grid.at((left + i % 32) as isize, (top + i / 32) as isize);
        let cells: Vec<f32> = (0..32 * 32).map(cell).collect();
        if cells.iter().all(|c| c.is_nan()) { Vec::new() } else { encode_block(&cells, 32, coding) }
    };
    let encoded: Vec<Vec<u8>> = (0..tiling.blocks()).map(block).collect();
    let lengths: Vec<u32> = encoded.iter().map(|b| b.len() as u32).collect();
    let file = lay_out(&layer(), &placement(), tiling, coding, &lengths);
    std::fs::write(path, [file.head, encoded.concat(), file.tail].concat()).unwrap();
}

/// Values with holes, and with the first block of 32 x 32 cells empty.
fn holed() -> Grid {
    let hole = |i: usize| i % WIDTH < 32 && i / WIDTH < 32 || i.is_multiple_of(11);
    let values = values(-100.0, 0.375);
    let values = values.iter().enumerate().map(|(i, v)| if hole(i) { f32::NAN } else { *v as f32 }).collect();
    Grid { width: WIDTH, height: HEIGHT, values }
}

fn info(path: &Path) -> Value {
    serde_json::from_str(&gdal("gdalinfo", &["-json", "-checksum", text(path)])).unwrap()
}

/// The cells as GDAL reads them.
fn through_gdal(lab: &Lab, path: &Path, arguments: &[&str]) -> Vec<f32> {
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
        (Storage::Integer, "Int16", Value::from(-32768.0), Value::from(0.005)),
    ] {
        let mut checksums = Vec::new();
        for (compression, name) in [
            (Compression::None, Value::Null),
            (Compression::Deflate, "DEFLATE".into()),
            (Compression::Zstd, "ZSTD".into()),
        ] {
            let path = lab.path("map.tif");
            write_map(&path, &grid, Coding::of(&layer(), storage, compression));
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
    let coding = Coding::of(&layer(), Storage::Float32, Compression::Zstd);
    let block = encode_block(&vec![42.5; 256 * 256], 256, coding);
    let mut lengths = vec![0; tiling.blocks() as usize];
    *lengths.last_mut().unwrap() = block.len() as u32;
    let file = lay_out(&layer(), &placement, tiling, coding, &lengths);
    let path = lab.path("big.tif");
    std::fs::write(&path, [file.head, block, file.tail].concat()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap()[2], 43, "a BigTIFF");
    let cells = through_gdal(&lab, &path, &["-srcwin", "32760", "32760", "20", "20"]);
    let window = open(&path).unwrap().window(32_760, 32_760, 20, 20).unwrap();
    assert!(same(&cells, &window.values));
    // Blocks begin at multiples of 256: the last one at cell 32768.
    assert_eq!(cells.iter().filter(|c| **c == 42.5).count(), 12 * 12);
    assert_eq!(cells.iter().filter(|c| c.is_nan()).count(), 20 * 20 - 12 * 12);
}
