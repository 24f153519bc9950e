//! What GDAL writes is read as the same values, in the same place.

use super::{HEIGHT, Lab, NORTH, PROGRAMS, WEST, WIDTH, all, open, placement, same, support, values};

/// GDAL's name of a type, the least value of the test raster, its fraction, and one more creation option.
const TYPES: [(&str, f64, f64, &str); 8] = [
    ("Byte", 0.0, 0.0, ""),
    ("Byte", -100.0, 0.0, "PIXELTYPE=SIGNEDBYTE"),
    ("UInt16", 40_000.0, 0.0, ""),
    ("Int16", -20_000.0, 0.0, ""),
    ("UInt32", 4_000_000_000.0, 0.0, ""),
    ("Int32", -2_000_000.0, 0.0, ""),
    ("Float32", -100.0, 0.375, ""),
    ("Float64", -100.0, 0.375, ""),
];

#[test]
fn every_compression_predictor_type_and_layout_of_gdal_is_read() {
    if !support::have_programs("every_compression_predictor_type_and_layout_of_gdal_is_read", &PROGRAMS) {
        return;
    }
    let mut count = 0;
    for (kind, low, fraction, option) in TYPES {
        let source = values(low, fraction);
        // GDAL 3.6 knows signed bytes only as unsigned ones with a remark.
        let stored = |v: &f64| if kind == "Byte" { v.rem_euclid(256.0) } else { *v };
        let lab = Lab::new(&source.iter().map(stored).collect::<Vec<_>>());
        let nodata = low + fraction + 5.0;
        let expected: Vec<f32> =
            source.iter().map(|v| if *v == nodata { f32::NAN } else { *v as f32 }).collect();
        for compression in ["NONE", "LZW", "DEFLATE", "ZSTD"] {
            for predictor in ["1", "2", "3"] {
                let unused = compression == "NONE" && predictor != "1";
                if unused || predictor == "3" && !kind.starts_with("Float") {
                    continue;
                }
                for tiled in [false, true] {
                    count += 1;
                    // Byte orders and file forms alternate over the combinations. What GDAL 3.6 writes as big-endian
                    // with predictor 3, it cannot read back itself.
                    let big = count / 2 % 2 == 1 && predictor != "3";
                    let order = if big { "ENDIANNESS=BIG" } else { "ENDIANNESS=LITTLE" };
                    let form = ["BIGTIFF=NO", "BIGTIFF=YES"][count / 3 % 2];
                    let (compress, predict) =
                        (format!("COMPRESS={compression}"), format!("PREDICTOR={predictor}"));
                    let mut options = vec![compress.as_str(), predict.as_str(), order, form];
                    options.extend((!option.is_empty()).then_some(option));
                    options.extend(if tiled {
                        &["TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=16"][..]
                    } else {
                        &["BLOCKYSIZE=7"]
                    });
                    let nodata = nodata.to_string();
                    let mut arguments = vec!["-ot", kind, "-a_nodata", &nodata];
                    arguments.extend(options.iter().flat_map(|o| ["-co", o]));
                    let path = lab.translate("out.tif", &arguments);
                    let grid = all(&path).unwrap();
                    assert!(same(&grid.values, &expected), "{kind} {options:?}");
                    assert_eq!(open(&path).unwrap().placement(), &placement(), "{kind} {options:?}");
                }
            }
        }
    }
    assert_eq!(count, 6 * 2 * 7 + 2 * 2 * 10, "combinations");
}

#[test]
fn sparse_blocks_are_nodata_or_zero() {
    if !support::have_programs("sparse_blocks_are_nodata_or_zero", &PROGRAMS) {
        return;
    }
    for (fill, arguments, expected) in
        [(0.0, &[][..], 0.0f32), (-9999.0, &["-a_nodata", "-9999"][..], f32::NAN)]
    {
        let mut source = vec![fill; WIDTH * HEIGHT];
        source[WIDTH * HEIGHT - 1] = 12.5;
        let lab = Lab::new(&source);
        let mut all_arguments = vec!["-ot", "Float32", "-co", "SPARSE_OK=TRUE", "-co", "TILED=YES"];
        all_arguments.extend(["-co", "BLOCKXSIZE=16", "-co", "BLOCKYSIZE=16", "-co", "COMPRESS=DEFLATE"]);
        all_arguments.extend(arguments);
        let path = lab.translate("sparse.tif", &all_arguments);
        let stored = alpsckpt::engine::geotiff::blocks(&path).unwrap();
        assert_eq!(stored.iter().filter(|(_, length)| *length > 0).count(), 1, "the file is sparse");
        let grid = all(&path).unwrap();
        assert!(same(&grid.values[..1], &[expected]), "{}", grid.values[0]);
        assert!(same(&grid.values[WIDTH * HEIGHT - 1..], &[12.5]));
    }
}

#[test]
fn rasters_of_points_lie_where_gdal_says() {
    if !support::have_programs("rasters_of_points_lie_where_gdal_says", &PROGRAMS) {
        return;
    }
    // GDAL shifts the tie point to the centre of the first cell; its own view of the corners stays.
    let lab = Lab::new(&values(0.0, 0.0));
    let path = lab.translate("point.tif", &["-mo", "AREA_OR_POINT=Point"]);
    assert_eq!(open(&path).unwrap().placement(), &placement());
}

#[test]
fn every_known_system_is_recognised() {
    if !support::have_programs("every_known_system_is_recognised", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let systems = [
        ("EPSG:3035", 3035),
        ("EPSG:2154", 2154),
        ("EPSG:32632", 32632),
        ("EPSG:32719", 32719),
        ("EPSG:25832", 25832),
        ("EPSG:3035+5621", 3035),
    ];
    for (name, code) in systems {
        let path = lab.translate("projected.tif", &["-a_srs", name]);
        assert_eq!(open(&path).unwrap().placement().crs.epsg(), code, "{name}");
    }
    // The last two have no code of their own: written as user-defined on the ellipsoid of WGS 84.
    let systems = [
        ("EPSG:4326", 4326),
        ("EPSG:4258", 4258),
        ("+proj=longlat +ellps=WGS84 +no_defs", 4326),
        ("+proj=longlat +a=6378137 +rf=298.257223563 +no_defs", 4326),
    ];
    for (name, code) in systems {
        let path = lab.translate("degrees.tif", &["-a_srs", name, "-a_ullr", "5", "47", "6.4", "46.1"]);
        let raster = open(&path).unwrap();
        assert_eq!(raster.placement().crs.epsg(), code, "{name}");
        assert!((raster.placement().cell_x - 0.02).abs() < 1e-12, "{name}");
        assert!((raster.placement().cell_y - 0.02).abs() < 1e-12, "{name}");
    }
}

#[test]
fn nodata_with_too_few_digits_is_still_nodata() {
    if !support::have_programs("nodata_with_too_few_digits_is_still_nodata", &PROGRAMS) {
        return;
    }
    let mut source = values(0.0, 0.5);
    source[3] = f64::from(f32::MIN);
    source[4] = f64::NAN;
    let lab = Lab::new(&source);
    for nodata in ["-3.4028234663852886e+38", "-3.40282e+38"] {
        let path = lab.translate("nodata.tif", &["-ot", "Float32", "-a_nodata", nodata]);
        let grid = all(&path).unwrap();
        assert!(grid.values[3].is_nan() && grid.values[4].is_nan(), "{nodata}");
        assert_eq!(grid.values.iter().filter(|v| v.is_nan()).count(), 2, "{nodata}");
    }
}

#[test]
fn one_huge_strip_is_read_in_pieces() {
    if !support::have_programs("one_huge_strip_is_read_in_pieces", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let (width, height) = (1500.to_string(), 1200.to_string());
    let arguments = ["-ot", "Float32", "-outsize", &width, &height, "-co", "BLOCKYSIZE=1200"];
    let plain = lab.translate("plain.tif", &arguments);
    let packed = lab.translate("packed.tif", &[&arguments[..], &["-co", "COMPRESS=LZW"]].concat());
    let (plain, packed) = (open(&plain).unwrap(), open(&packed).unwrap());
    assert_eq!((plain.placement().west, plain.placement().north), (WEST, NORTH));
    for (x, y) in [(0, 0), (700, 170), (1400, 1100)] {
        let (a, b) = (plain.window(x, y, 120, 110).unwrap(), packed.window(x, y, 120, 110).unwrap());
        assert!(same(&a.values, &b.values), "{x} {y}");
        assert!(a.values.iter().any(|v| v.is_finite()), "{x} {y}");
    }
}

#[test]
fn scale_and_offset_are_applied_as_gdal_applies_them() {
    if !support::have_programs("scale_and_offset_are_applied_as_gdal_applies_them", &PROGRAMS) {
        return;
    }
    for (kind, low, fraction, option) in TYPES {
        // GDAL unscales in single precision, in which neighbours of a large nodata value are nodata, too.
        if !option.is_empty() || kind == "UInt32" {
            continue;
        }
        let lab = Lab::new(&values(low, fraction));
        let nodata = (low + fraction + 5.0).to_string();
        let arguments = ["-ot", kind, "-a_nodata", &nodata, "-a_scale", "0.1", "-a_offset", "-273.15"];
        let path = lab.translate("scaled.tif", &arguments);
        let unscaled =
            lab.convert(&path, "unscaled.tif", &["-q", "-unscale", "-ot", "Float64", "-a_nodata", "-9999"]);
        let (ours, gdals) = (all(&path).unwrap().values, all(&unscaled).unwrap().values);
        for (number, (ours, gdals)) in values(low, fraction).iter().zip(ours.iter().zip(&gdals)) {
            if *number == low + fraction + 5.0 {
                assert!(ours.is_nan(), "{kind} {number}: {ours}");
            } else {
                assert!(
                    (ours - gdals).abs() <= 2e-6 * gdals.abs().max(300.0),
                    "{kind} {number}: {ours} {gdals}"
                );
            }
        }
    }
}

#[test]
fn a_block_that_was_never_written_has_the_value_of_zero() {
    if !support::have_programs("a_block_that_was_never_written_has_the_value_of_zero", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&vec![0.0; WIDTH * HEIGHT]);
    let arguments = ["-ot", "UInt16", "-a_scale", "0.5", "-a_offset", "-3", "-co", "SPARSE_OK=TRUE"];
    let grid = all(&lab.translate("sparse.tif", &arguments)).unwrap();
    assert!(grid.values.iter().all(|v| *v == -3.0), "{:?}", grid.values.first());
}
