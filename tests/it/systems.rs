//! Coordinate systems and places, held against GDAL's own programs, and the cures for those that do not do.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use alpsckpt::engine::Problem;
use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::geotiff::Raster;
use alpsckpt::engine::grid::Placement;
use tiff::encoder::TiffEncoder;
use tiff::tags::Tag;

use crate::cures::run_cure;
use crate::scene::{Scene, height, sky};
use crate::support::{self, have_programs, said};

const PROGRAMS: [&str; 4] = ["gdalwarp", "gdal_translate", "gdaltransform", "gdalsrsinfo"];

/// Edge of the small rasters, cells.
const EDGE: usize = 40;

/// The tags of a file that say where its cells lie.
#[derive(Default, Clone)]
struct Place {
    scale: Vec<f64>,
    tie: Vec<f64>,
    matrix: Vec<f64>,
    keys: Vec<[u16; 4]>,
    doubles: Vec<f64>,
}

impl Place {
    /// Cells of 25 m from a corner on.
    fn at(x: f64, y: f64) -> Self {
        Self { scale: vec![25.0, 25.0, 0.0], tie: vec![0.0, 0.0, 0.0, x, y, 0.0], ..Self::default() }
    }

    /// By GDAL's numbers: x, a, b, y, d, e.
    fn turned([x, a, b, y, d, e]: [f64; 6]) -> Self {
        let mut matrix = vec![a, b, 0.0, x, d, e, 0.0, y];
        matrix.extend([0.0; 7]);
        matrix.push(1.0);
        Self { matrix, ..Self::default() }
    }

    fn keys(mut self, keys: &[(u16, u16)]) -> Self {
        self.keys.extend(keys.iter().map(|(key, value)| [*key, 0, 1, *value]));
        self
    }

    fn doubles(mut self, doubles: &[(u16, f64)]) -> Self {
        for (key, value) in doubles {
            self.keys.push([*key, 34_736, 1, self.doubles.len() as u16]);
            self.doubles.push(*value);
        }
        self
    }

    /// Writes a float32 raster whose heights rise by a metre a column and two a row.
    fn write(&self, path: &Path) {
        let height = |i: usize| 1000.0 + (i % EDGE) as f32 + 2.0 * (i / EDGE) as f32;
        let cells: Vec<f32> = (0..EDGE * EDGE).map(height).collect();
        let mut keys = self.keys.clone();
        keys.sort_unstable();
        // Tag by tag: an image by the encoder's own hand would have more of them.
        let mut file = TiffEncoder::new(File::create(path).unwrap()).unwrap();
        let mut directory = file.image_directory().unwrap();
        let place = directory.write_data(cells.as_slice()).unwrap();
        for (tag, value) in [
            (Tag::ImageWidth, EDGE as u16),
            (Tag::ImageLength, EDGE as u16),
            (Tag::BitsPerSample, 32),
            (Tag::Compression, 1),
            (Tag::PhotometricInterpretation, 1),
            (Tag::SamplesPerPixel, 1),
            (Tag::RowsPerStrip, EDGE as u16),
            (Tag::SampleFormat, 3),
        ] {
            directory.write_tag(tag, value).unwrap();
        }
        directory.write_tag(Tag::StripOffsets, place as u32).unwrap();
        directory.write_tag(Tag::StripByteCounts, 4 * cells.len() as u32).unwrap();
        for (tag, values) in [
            (Tag::ModelPixelScaleTag, &self.scale),
            (Tag::ModelTiepointTag, &self.tie),
            (Tag::ModelTransformationTag, &self.matrix),
            (Tag::GeoDoubleParamsTag, &self.doubles),
        ] {
            if !values.is_empty() {
                directory.write_tag(tag, values.as_slice()).unwrap();
            }
        }
        if !keys.is_empty() {
            let head = [1, 1, 0, keys.len() as u16];
            directory
                .write_tag(Tag::GeoKeyDirectoryTag, [&[head], keys.as_slice()].concat().as_flattened())
                .unwrap();
        }
        directory.finish().unwrap();
    }
}

/// A folder of one file.
struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, place: &Place) -> PathBuf {
        place.write(&self.path(name));
        self.path(name)
    }

    /// What one of GDAL's programs says.
    fn said(&self, program: &str, arguments: &[&str]) -> String {
        said(program, arguments, self.folder.path())
    }

    /// The file that the printed command makes of this one.
    fn cure(&self, problem: &Problem) -> PathBuf {
        run_cure(&problem.cure, self.folder.path())
    }
}

fn open(path: &Path) -> Result<Raster, Problem> {
    Raster::open(path)
}

/// What is wrong with a file.
fn refused(path: &Path, expected: &str) -> Problem {
    support::refused(open(path), expected)
}

/// Points brought from one system to another by GDAL.
fn transformed(from: &str, to: &str, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    use std::io::Write as _;
    let mut child = Command::new("gdaltransform")
        .args(["-s_srs", from, "-t_srs", to, "-output_xy"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> = points.iter().map(|(x, y)| format!("{x:.12} {y:.12}\n")).collect();
    child.stdin.take().unwrap().write_all(lines.concat().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "gdaltransform from {from} to {to}: {}", output.status);
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), points.len(), "gdaltransform from {from} to {to}: {lines}");
    let number = |word: Option<&str>| word.unwrap().parse::<f64>().unwrap();
    let found = lines.lines().map(|line| {
        let mut words = line.split_whitespace();
        (number(words.next()), number(words.next()))
    });
    found.collect()
}

/// The two corners of a raster, west and north, east and south.
fn corners(place: &Placement) -> [f64; 4] {
    let (width, height) = (place.width as f64, place.height as f64);
    [place.west, place.north, place.west + width * place.cell_x, place.north - height * place.cell_y]
}

fn close(found: [f64; 4], expected: [f64; 4], by: f64) -> bool {
    found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= by)
}

const PROJECTED: [(u16, u16); 2] = [(1024, 1), (1025, 1)];

#[test]
fn systems_and_their_newer_forms_are_where_gdal_has_them() {
    if !have_programs("systems_and_their_newer_forms_are_where_gdal_has_them", &PROGRAMS) {
        return;
    }
    let points = [(6.35, 45.0), (9.5, 46.25), (3.1, 42.9)];
    for epsg in [
        3035, 2154, 9793, 9794, 25832, 3044, 3064, 6707, 7791, 3045, 3006, 3067, 5048, 3038, 3051, 4037,
        32632, 32719, 4171, 9777,
    ] {
        let crs = Crs::of_epsg(epsg).unwrap();
        // On the system's own datum, as far as GDAL knows it.
        let found = transformed("EPSG:4258", &format!("EPSG:{epsg}"), &points);
        for ((lon, lat), (x, y)) in points.into_iter().zip(found) {
            let (ours_x, ours_y) = crs.from_lonlat(lon, lat).unwrap();
            let least = if crs.is_geographic() { 1e-8 } else { 1e-3 };
            assert!(
                (ours_x - x).abs() < least && (ours_y - y).abs() < least,
                "EPSG:{epsg}: {ours_x} {ours_y}, GDAL {x} {y}"
            );
        }
    }
}

#[test]
fn systems_without_a_code_are_recognised_by_their_parameters() {
    if !have_programs("systems_without_a_code_are_recognised_by_their_parameters", &PROGRAMS) {
        return;
    }
    let lab = Lab::new();
    let etrs89 = [(2048, 4258), (3072, 32767)];
    let wgs84 = [(2048, 4326), (3072, 32767)];
    let laea = [(3088, 10.0), (3089, 52.0), (3082, 4_321_000.0), (3083, 3_210_000.0)];
    let cone =
        [(3078, 44.0), (3079, 49.0), (3084, 3.0), (3085, 46.5), (3086, 700_000.0), (3087, 6_600_000.0)];
    let mercator = [(3080, 9.0), (3081, 0.0), (3092, 0.9996), (3082, 500_000.0), (3083, 0.0)];
    let numbered = [(3080, 9.0), (3081, 0.0), (3092, 0.9996), (3082, 32_500_000.0), (3083, 0.0)];
    let grs80 = [(2057, 6_378_137.0), (2059, 298.257_222_101_004_2)];
    let own = [(2048, 32767), (3072, 32767), (3074, 32767)];
    let at = |x: f64, y: f64, keys: &[(u16, u16)], doubles: &[(u16, f64)]| {
        Place::at(x, y).keys(&PROJECTED).keys(&[(3076, 9001)]).keys(keys).doubles(doubles)
    };
    let esri = |keys: &[(u16, u16)]| {
        Place::at(4_030_000.0, 2_440_000.0).keys(&[(1024, 32767), (1025, 1)]).keys(keys)
    };
    for (name, place, epsg) in [
        ("UTM by its projection", at(4e5, 51e5, &[&wgs84[..], &[(3074, 16032)]].concat(), &[]), 32632),
        ("UTM on ETRS89", at(4e5, 51e5, &[&etrs89[..], &[(3074, 16032)]].concat(), &[]), 25832),
        ("UTM in the south", at(4e5, 51e5, &[&wgs84[..], &[(3074, 16119)]].concat(), &[]), 32719),
        ("Transverse Mercator", at(4e5, 51e5, &[&etrs89[..], &[(3075, 1)]].concat(), &mercator), 25832),
        (
            "LAEA on ETRS89",
            at(403e4, 244e4, &[&etrs89[..], &[(3075, 10)]].concat(), &[&laea[..], &grs80].concat()),
            3035,
        ),
        (
            "LAEA on an ellipsoid alone",
            at(403e4, 244e4, &[&own[..], &[(3075, 10)]].concat(), &[&laea[..], &grs80].concat()),
            3035,
        ),
        (
            "Lambert-93, its parallels the other way round, on RGF93",
            at(96e4, 644e4, &[&own[..], &[(3075, 8), (2050, 6171)]].concat(), &cone),
            2154,
        ),
        (
            "with the zone before the eastings",
            at(324e5, 51e5, &[&etrs89[..], &[(3075, 1)]].concat(), &numbered),
            4647,
        ),
        (
            "with everything said by hand, as ArcGIS does",
            at(
                403e4,
                244e4,
                &[&own[..], &[(3075, 10), (2050, 32767), (2051, 32767), (2056, 7019), (2054, 9102)]].concat(),
                &[&laea[..], &grs80, &[(2061, 0.0)]].concat(),
            ),
            3035,
        ),
        ("EPSG:3035 in ESRI's manner", esri(&[(3072, 3035)]), 3035),
        ("EPSG:9794", at(96e4, 644e4, &[(3072, 9794)], &[]), 9794),
    ] {
        let path = lab.write("system.tif", &place);
        let raster = open(&path).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let crs = raster.placement().crs;
        assert_eq!(crs.epsg(), epsg, "{name}");
        // And GDAL, too, means the same ground by these keys.
        let [west, north, ..] = corners(raster.placement());
        let definition = lab.said("gdalsrsinfo", &["-o", "wkt2", path.to_str().unwrap()]);
        let theirs = transformed(definition.trim(), &format!("EPSG:{epsg}"), &[(west, north)]);
        assert!((theirs[0].0 - west).hypot(theirs[0].1 - north) < 1e-3, "{name}: {theirs:?}");
    }
    let degrees =
        Place { scale: vec![0.01, 0.01, 0.0], tie: vec![0.0, 0.0, 0.0, 6.0, 45.0, 0.0], ..Place::default() };
    let esri = degrees.keys(&[(1024, 32767), (1025, 1), (2048, 4258)]);
    assert_eq!(open(&lab.write("degrees.tif", &esri)).unwrap().placement().crs.epsg(), 4258);
}

#[test]
fn of_a_key_that_is_listed_twice_the_last_counts_as_for_gdal() {
    if !have_programs("of_a_key_that_is_listed_twice_the_last_counts_as_for_gdal", &["gdalinfo"]) {
        return;
    }
    let lab = Lab::new();
    let keys = [(1024, 1), (1025, 1), (3072, 32631), (3072, 32632), (4096, 5703), (4096, 6360)];
    let path = lab.write("twice.tif", &Place::at(4e5, 51e5).keys(&keys));
    let of_compound = ["--config", "GTIFF_REPORT_COMPD_CS", "YES", path.to_str().unwrap()];
    let info = said("gdalinfo", &of_compound, lab.folder.path());
    assert!(info.contains("UTM zone 32N") && info.contains("NAVD88 height (ftUS)"), "{info}");
    assert_eq!(open(&path).unwrap().placement().crs.epsg(), 32632);
    let first = |raster: Raster| f64::from(raster.window(0, 0, 1, 1).unwrap().values[0]);
    let metres = first(Raster::open_heights(&path).unwrap()) / first(open(&path).unwrap());
    assert!((metres - 1200.0 / 3937.0).abs() < 1e-7, "{metres}");
}

#[test]
fn what_only_looks_like_a_known_system_is_refused_and_says_what_differs() {
    let lab = Lab::new();
    let keys = [(1024, 1), (1025, 1), (3072, 32767), (3075, 10), (3076, 9001)];
    let laea = [(3088, 10.0), (3089, 52.0), (3082, 4_321_000.0), (3083, 3_210_000.0)];
    let place = Place::at(4_030_000.0, 2_440_000.0).keys(&keys);
    let bessel = place.clone().keys(&[(2048, 4314)]).doubles(&laea);
    refused(&lab.write("datum.tif", &bessel), "on another datum than WGS 84 or ETRS89");
    let shifted = place.clone().keys(&[(2048, 32767), (2056, 7019), (2050, 32767)]).doubles(&laea);
    let shifted = shifted.doubles(&[(2062, 80.0)]);
    refused(&lab.write("shifted.tif", &shifted), "on another datum than WGS 84 or ETRS89");
    let ferro =
        place.clone().keys(&[(2048, 32767), (2056, 7019)]).doubles(&[&laea[..], &[(2061, -17.67)]].concat());
    refused(&lab.write("ferro.tif", &ferro), "on another datum than WGS 84 or ETRS89");
    let moved = place.clone().keys(&[(2048, 4258)]).doubles(&[&laea[..3], &[(3083, 3_200_000.0)]].concat());
    let problem = refused(&lab.write("moved.tif", &moved), "a false northing of 3200000 instead of 3210000");
    assert!(problem.what.contains("nearest to EPSG:3035"), "{problem}");
    assert!(problem.cure.contains("-t_srs EPSG:32632 "), "{problem}");
    let feet = Place::at(4e5, 51e5).keys(&[(1024, 1), (3072, 32632), (3076, 9002)]);
    refused(&lab.write("feet.tif", &feet), "in another unit than metres");
}

#[test]
fn rotations_of_nothing_are_none() {
    let lab = Lab::new();
    let keys = [(1024, 1), (1025, 1), (3072, 32632)];
    let upright =
        open(&lab.write("plain.tif", &Place::at(4e5, 51e5).keys(&keys))).unwrap().placement().clone();
    // The last moves the last row by just less than a thousandth of a cell.
    for turn in [0.0, 1e-13, -1e-9, 0.99e-3 * 25.0 / EDGE as f64] {
        let place = Place::turned([4e5, 25.0, turn, 51e5, -turn, -25.0]).keys(&keys);
        assert_eq!(open(&lab.write("turned.tif", &place)).unwrap().placement(), &upright, "{turn}");
        // Of points: the numbers lead to the middle of the first cell.
        let points = [(1024, 1), (1025, 2), (3072, 32632)];
        let place = Place::turned([4e5 + 12.5, 25.0, turn, 51e5 - 12.5, -turn, -25.0]).keys(&points);
        let found = corners(open(&lab.write("points.tif", &place)).unwrap().placement());
        assert!(close(found, corners(&upright), 1e-3), "{turn}: {found:?}");
    }
    for (row_x, column_y) in [(1.01e-3 * 25.0 / EDGE as f64, 0.0), (0.0, 1.01e-3 * 25.0 / EDGE as f64)] {
        let place = Place::turned([4e5, 25.0, row_x, 51e5, column_y, -25.0]).keys(&keys);
        refused(&lab.write("turned.tif", &place), "is rotated");
    }
}

#[test]
fn rasters_that_are_not_upright_are_turned_by_the_printed_command_and_stay_in_their_system() {
    let test = "rasters_that_are_not_upright_are_turned_by_the_printed_command_and_stay_in_their_system";
    if !have_programs(test, &PROGRAMS) {
        return;
    }
    let lab = Lab::new();
    let (areas, points) = ([(1024, 1), (1025, 1), (3072, 32719)], [(1024, 1), (1025, 2), (3072, 32719)]);
    let (west, north) = (400_000.0, 6_400_000.0);
    let edge = 25.0 * EDGE as f64;
    for (numbers, what, first) in [
        ([west, 25.0, 0.0, north - edge, 0.0, 25.0], "is south up", (0, EDGE - 1)),
        ([west + edge, -25.0, 0.0, north, 0.0, -25.0], "is mirrored", (EDGE - 1, 0)),
        ([west + edge, -25.0, 0.0, north - edge, 0.0, 25.0], "is mirrored", (EDGE - 1, EDGE - 1)),
    ] {
        let path = lab.write("it's turned.tif", &Place::turned(numbers).keys(&areas));
        let upright = open(&lab.cure(&refused(&path, what))).unwrap();
        let place = upright.placement();
        assert_eq!(place.crs.epsg(), 32719, "{what}");
        assert!(close(corners(place), [west, north, west + edge, north - edge], 1e-6), "{what}: {place:?}");
        let value = upright.window(0, 0, 1, 1).unwrap().values[0];
        assert!((value - (1000.0 + first.0 as f32 + 2.0 * first.1 as f32)).abs() < 1e-6, "{what}: {value}");
    }
    for keys in [areas, points] {
        // By some 37 degrees.
        let path =
            lab.write("rotated.tif", &Place::turned([west, 20.0, 15.0, north, 15.0, -20.0]).keys(&keys));
        let upright = open(&lab.cure(&refused(&path, "is rotated"))).unwrap();
        let place = upright.placement();
        assert_eq!(place.crs.epsg(), 32719);
        assert!((place.cell_x - 25.0).abs() < 0.1 && (place.cell_x - place.cell_y).abs() < 1e-9, "{place:?}");
        // The height of the old raster's middle is there still, and beside it nothing became zero.
        let grid = support::cells(&upright).unwrap();
        let shift = if keys == points { 0.0 } else { 0.5 };
        let at = 20.0 - 0.5 + shift;
        let (x, y) = (west + 35.0 * at, north - 5.0 * at);
        let (column, row) = place.cell_of(x, y);
        let value = grid.at(column.round() as isize, row.round() as isize);
        assert!((value - (1000.0 + 3.0 * 19.5)).abs() < 3.0, "{value}");
        assert!(grid.values.iter().all(|value| value.is_nan() || *value > 990.0));
        assert!(grid.values.iter().any(|value| value.is_nan()));
    }
    // By control points.
    let edge = EDGE as f64;
    let tie = vec![
        0.0,
        0.0,
        0.0,
        west,
        north,
        0.0,
        edge,
        0.0,
        0.0,
        west + 1000.0,
        north,
        0.0,
        0.0,
        edge,
        0.0,
        west,
        north - 1000.0,
        0.0,
    ];
    let path = lab.write("control.tif", &Place { tie, ..Place::default() }.keys(&areas));
    let placed = open(&lab.cure(&refused(&path, "is placed by control points"))).unwrap();
    assert_eq!(placed.placement().crs.epsg(), 32719);
    assert!(close(corners(placed.placement()), [west, north, west + 1000.0, north - 1000.0], 1.0));
}

#[test]
fn control_points_that_place_nothing_have_a_cure_without_a_command() {
    let lab = Lab::new();
    let point = |column: f64, lon: f64, lat: f64| [column, 0.0, 0.0, lon, lat, 0.0];
    let keys = [(1024, 2), (1025, 1), (2048, 4326)];
    for tie in [
        vec![0.0; 3],
        point(0.0, 6.0, 45.0).to_vec(),
        [point(0.0, 6.0, 45.0), point(0.0, 6.001, 45.0)].concat(),
        [point(0.0, f64::NAN, 45.0), point(9.0, 6.001, 45.0)].concat(),
        [point(0.0, f64::INFINITY, 45.0), point(9.0, 6.001, 45.0)].concat(),
    ] {
        let place = Place { tie, ..Place::default() }.keys(&keys);
        let problem = refused(&lab.write("control.tif", &place), "is placed by control points");
        assert!(problem.cure.contains("gdal_edit.py -a_ullr") && !problem.cure.contains('`'), "{problem}");
    }
}

#[test]
fn unknown_systems_are_reprojected_by_the_printed_command_to_the_zone_of_the_place() {
    let test = "unknown_systems_are_reprojected_by_the_printed_command_to_the_zone_of_the_place";
    if !have_programs(test, &PROGRAMS) {
        return;
    }
    let lab = Lab::new();
    let code = |code: u16| [(1024, 1), (1025, 1), (3072, code), (3076, 9001)];
    let own = [(1024, 1), (1025, 1), (2048, 4258), (3072, 32767), (3075, 10), (3076, 9001)];
    let laea = [(3088, 8.0), (3089, 45.0), (3082, 0.0), (3083, 0.0)];
    for (place, what, zone) in [
        (Place::at(706_878.0, 5_621_521.0).keys(&code(3857)), "is in EPSG:3857; known are EPSG:3035", 32632),
        (Place::at(-7_800_000.0, -3_895_000.0).keys(&code(3857)), "is in EPSG:3857", 32719),
        (Place::at(2_514_000.0, 983_000.0).keys(&code(2056)), "is in EPSG:2056", 32632),
        (Place::at(-100_000.0, 5000.0).keys(&own).doubles(&laea), "a projection without a code", 32632),
    ] {
        let path = lab.write("dem.tif", &place);
        let problem = refused(&path, what);
        let cured = lab.cure(&problem);
        let raster = open(&cured).unwrap();
        assert_eq!(raster.placement().crs.epsg(), zone, "{problem}");
        assert!((raster.placement().cell_x - 25.0).abs() < 1e-9);
        let grid = support::cells(&raster).unwrap();
        let valid = grid.values.iter().filter(|value| !value.is_nan());
        assert!(
            valid.clone().count() > 300 && valid.into_iter().all(|v| *v > 990.0 && *v < 1130.0),
            "{problem}"
        );
        std::fs::remove_file(cured).unwrap();
    }
    // A climate grid goes to longitude and latitude.
    let coarse = Place { scale: vec![5000.0, 5000.0, 0.0], ..Place::at(600_000.0, 5_700_000.0) };
    let problem = refused(&lab.write("tas.tif", &coarse.keys(&code(3857))), "is in EPSG:3857");
    assert_eq!(open(&lab.cure(&problem)).unwrap().placement().crs.epsg(), 4326);
}

#[test]
fn places_that_lie_beside_a_file_are_written_into_it_by_the_printed_command() {
    let test = "places_that_lie_beside_a_file_are_written_into_it_by_the_printed_command";
    if !have_programs(test, &PROGRAMS) {
        return;
    }
    let lab = Lab::new();
    let (west, north) = (4_030_000.0, 2_440_000.0);
    let path = lab.write("dem.tif", &Place::default());
    let problem = refused(&path, "is not georeferenced");
    assert!(problem.cure.contains("gdal_edit.py -a_ullr") && !problem.cure.contains('`'), "{problem}");
    std::fs::write(lab.path("dem.tfw"), "25\n0\n0\n-25\n4030012.5\n2439987.5\n").unwrap();
    let placed = lab.cure(&refused(&path, "is not georeferenced"));
    let problem = refused(&placed, "has no coordinate system");
    assert!(
        problem.cure.contains("gdal_edit.py -a_srs EPSG:CODE") && !problem.cure.contains('`'),
        "{problem}"
    );
    let wkt = lab.said("gdalsrsinfo", &["-o", "wkt_esri", "EPSG:3035"]);
    std::fs::write(placed.with_extension("prj"), wkt).unwrap();
    let whole = open(&lab.cure(&refused(&placed, "has no coordinate system"))).unwrap();
    assert_eq!(whole.placement().crs.epsg(), 3035);
    let edge = 25.0 * EDGE as f64;
    assert!(close(corners(whole.placement()), [west, north, west + edge, north - edge], 1e-6));
    // In GDAL's own file.
    let beside =
        "<PAMDataset><SRS>EPSG:32632</SRS><GeoTransform>4e5, 25, 0, 51e5, 0, -25</GeoTransform></PAMDataset>";
    let path = lab.write("aux.tif", &Place::default());
    let hidden = beside.replace("<SRS>", "<!-- <SRS>").replace("</GeoTransform>", "</GeoTransform> -->");
    std::fs::write(lab.path("aux.tif.aux.xml"), hidden).unwrap();
    let problem = refused(&path, "is not georeferenced");
    assert!(problem.cure.contains("gdal_edit.py -a_ullr") && !problem.cure.contains('`'), "{problem}");
    std::fs::write(lab.path("aux.tif.aux.xml"), beside).unwrap();
    let whole = open(&lab.cure(&refused(&path, "is not georeferenced"))).unwrap();
    assert_eq!(whole.placement().crs.epsg(), 32632);
    assert!(close(corners(whole.placement()), [4e5, 51e5, 4e5 + edge, 51e5 - edge], 1e-6));
}

/// A campaign over the terrain `dem`, without any climate.
fn plain_campaign(scene: &Scene, dem: &Path) {
    let dem = format!("dem: {:?},", dem.display().to_string());
    scene.campaign("my.ron", "out", &sky(&[&dem, "months: [6],", "products: [SkyView, Direct],"]));
}

#[test]
fn terrain_in_a_projection_made_for_elsewhere_is_refused_and_the_printed_command_helps() {
    let test = "terrain_in_a_projection_made_for_elsewhere_is_refused_and_the_printed_command_helps";
    if !have_programs(test, &PROGRAMS) {
        return;
    }
    for (epsg, lon, lat, cell, zone, what) in [
        (3035, -70.0, -33.0, 25.0, 32719, "would be wrong by up to 202 %; expected within 5 %"),
        (4326, -70.0, -33.0, 1.0 / 3600.0, 32719, "is in degrees (EPSG:4326)"),
        (4326, 6.3, 44.9, 1.0 / 3600.0, 32632, "is in degrees (EPSG:4326)"),
        (3035, 86.8, 28.0, 25.0, 32645, "EPSG:3035 is not made for"),
    ] {
        let scene = Scene::new(48);
        let crs = Crs::of_epsg(epsg).unwrap();
        let (west, north) = crs.from_lonlat(lon, lat).unwrap();
        let place = Placement { crs, west, north, cell_x: cell, cell_y: cell, width: 96, height: 96 };
        scene.write("far.tif", &place, height);
        let dem = scene.path("far.tif");
        plain_campaign(&scene, &dem);
        let answer = scene.ask(&["check", "my.ron"]);
        answer.failed(65, &["far.tif", what, &format!("-t_srs EPSG:{zone}")]);
        let cured = run_cure(&answer.stderr, &scene.path("."));
        assert_eq!(open(&cured).unwrap().placement().crs.epsg(), zone);
        plain_campaign(&scene, &cured);
        scene.ask(&["check", "my.ron"]).good();
    }
}
