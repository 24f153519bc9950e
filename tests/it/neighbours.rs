//! What other programs see in our maps: the rows of the table in `docs/maps.md`, each proved on maps of a campaign, and the
//! copies that are made for such programs.

use std::fs;
use std::path::{Path, PathBuf};

use alpsckpt::campaign::spec;
use alpsckpt::checkpoint::CampaignDir;
use alpsckpt::engine::geotiff::Raster;
use alpsckpt::job::copies::{self, CopyError};
use serde_json::Value;

use crate::scene::{Scene, height, names_in, placement};
use crate::support::{cells, gdalinfo, have_programs, said, skip};

/// A campaign of June with temperatures and the sky view, stored as integers (`out`) and as new campaigns do (`new`).
struct Neighbours {
    scene: Scene,
    page: String,
}

/// The two maps of temperatures, and the step of the one with integers.
const INTEGER: &str = "out/maps/lst_mean_m06.tif";
const ROUNDED: &str = "new/maps/lst_mean_m06.tif";
const STEP: f64 = 0.005;
/// The cell that is looked at.
const CELL: (usize, usize) = (20, 30);
/// Half a step.
const SLACK: f64 = 0.002_51;

const RAW: &str = "raw integers";
const REAL: &str = "real numbers";
const WHOLE: &str = "**whole numbers**";
const KEPT: &str = "raw integers, the scale kept";
const LOST: &str = "raw integers, **the scale lost**";

impl Neighbours {
    fn new() -> Self {
        let scene = Scene::new(64);
        write_terrain(&scene, 64);
        let changes = ["months: [6],", "products: [SkyView, Temperature],", "tile: 256,"];
        scene.campaign("old.ron", "out", &[&changes[..], &["storage: Integer,"]].concat());
        scene.campaign("new.ron", "new", &changes);
        scene.ask(&["run", "old.ron"]).good();
        scene.ask(&["run", "new.ron"]).good();
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/maps.md");
        Self { scene, page: fs::read_to_string(page).unwrap() }
    }

    /// The page has this row: the program, what it sees in maps of integers, what in the others.
    fn row(&self, program: &str, integer: &str, rounded: &str) {
        let row = format!("| {program} | {integer} | {rounded} |");
        assert!(self.page.contains(&row), "docs/maps.md lacks the row: {row}");
    }

    fn values(&self, map: &str) -> Vec<f32> {
        read(&self.scene.path(map))
    }

    fn real(&self, map: &str) -> f64 {
        f64::from(self.values(map)[CELL.1 * 64 + CELL.0])
    }

    fn mean(&self, map: &str) -> f64 {
        let values: Vec<f64> = self.values(map).into_iter().filter(|v| !v.is_nan()).map(f64::from).collect();
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// What a command says, run in the scene's folder.
    fn say(&self, program: &str, arguments: &[&str]) -> String {
        said(program, arguments, &self.scene.path(""))
    }

    /// The value of the cell as `gdallocationinfo` has it.
    fn gdal_value(&self, file: &str) -> f64 {
        let (x, y) = (CELL.0.to_string(), CELL.1.to_string());
        self.say("gdallocationinfo", &["-valonly", file, &x, &y]).trim().parse().unwrap()
    }

    fn band(&self, file: &str) -> Value {
        gdalinfo(&self.scene.path(file), &[])["bands"][0].clone()
    }

    /// The same command for both maps; what the cell of its result is taken for.
    fn both(&self, command: impl Fn(&Self, &str) -> String) -> [&'static str; 2] {
        [INTEGER, ROUNDED].map(|map| {
            let result = command(self, map);
            let seen = seen(self.gdal_value(&result), self.real(map), SLACK);
            match (seen, self.band(&result)["scale"].as_f64()) {
                (RAW, Some(scale)) => {
                    assert!((scale - STEP).abs() < 1e-12, "{result}: {scale}");
                    KEPT
                }
                (RAW, None) => LOST,
                (seen, None) => seen,
                (seen, Some(scale)) => panic!("{result}: {seen} with the scale {scale}"),
            }
        })
    }
}

/// The usual terrain with a lake and a single cell without data.
fn write_terrain(scene: &Scene, size: usize) {
    let ground = |x: f64, y: f64| {
        let lake = x < 0.3 && y < 0.2 || (x - 1.0).abs() < 0.01 && (y - 1.0).abs() < 0.01;
        if lake { f64::NAN } else { height(x, y) }
    };
    scene.write("dem.tif", &placement(size, 25.0, 0.0), ground);
}

fn read(map: &Path) -> Vec<f32> {
    cells(&Raster::open(map).unwrap()).unwrap().values
}

/// What a number that a program gives is, beside the real one.
fn seen(value: f64, real: f64, slack: f64) -> &'static str {
    if (value - real).abs() <= slack {
        REAL
    } else if (value * STEP - real).abs() <= slack {
        RAW
    } else if value.fract() == 0.0 && (value - real).abs() < 1.0 {
        WHOLE
    } else {
        panic!("{value} is neither {real} nor {}", real / STEP)
    }
}

#[test]
fn gdals_programs_see_what_the_page_says() {
    let programs = ["gdalinfo", "gdaldem", "gdal_calc.py", "gdal_contour", "ogrinfo", "gdalbuildvrt"];
    if !have_programs("gdals_programs_see_what_the_page_says", &programs) {
        return;
    }
    let lab = Neighbours::new();
    let [integer, rounded] = [INTEGER, ROUNDED].map(|map| {
        let said = gdalinfo(&lab.scene.path(map), &["-stats"]);
        let band = &said["bands"][0];
        fs::remove_file(lab.scene.path(&format!("{map}.aux.xml"))).unwrap();
        // Cells without data are left out.
        assert!(
            band["metadata"][""]["STATISTICS_VALID_PERCENT"].as_str().unwrap().starts_with("97.6"),
            "{band}"
        );
        seen(band["mean"].as_f64().unwrap(), lab.mean(map), SLACK)
    });
    lab.row("GDAL 3.6.2: `gdalinfo -stats`", integer, rounded);
    let [integer, rounded] = [INTEGER, ROUNDED].map(|map| seen(lab.gdal_value(map), lab.real(map), SLACK));
    lab.row("`gdallocationinfo -valonly`", integer, rounded);

    // The largest difference in a window of 3 x 3 cells.
    let [integer, rounded] = [INTEGER, ROUNDED].map(|map| {
        lab.say("gdaldem", &["roughness", "-q", map, "roughness.tif"]);
        let values = lab.values(map);
        let at = |dx: usize, dy: usize| f64::from(values[(CELL.1 + dy - 1) * 64 + CELL.0 + dx - 1]);
        let around: Vec<f64> = (0..9).map(|i| at(i % 3, i / 3)).collect();
        let (low, high) = around.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        seen(lab.gdal_value("roughness.tif"), high - low, SLACK)
    });
    lab.row("`gdaldem`", integer, rounded);
    let [integer, rounded] = [INTEGER, ROUNDED].map(|map| {
        let twice =
            ["--quiet", "--overwrite", "--calc=2*A", "--type=Float32", "--outfile=twice.tif", "-A", map];
        lab.say("gdal_calc.py", &twice);
        seen(lab.gdal_value("twice.tif") / 2.0, lab.real(map), SLACK)
    });
    lab.row("`gdal_calc.py`", integer, rounded);
    let [integer, rounded] = [INTEGER, ROUNDED].map(|map| {
        let lines = |level: f64| {
            let _ = fs::remove_file(lab.scene.path("lines.json"));
            lab.say("gdal_contour", &["-q", "-f", "GeoJSON", "-fl", &level.to_string(), map, "lines.json"]);
            let said = lab.say("ogrinfo", &["-so", "-al", "lines.json"]);
            assert!(said.contains("Feature Count: "), "{said}");
            !said.contains("Feature Count: 0")
        };
        match (lines(lab.mean(map)), lines(lab.mean(map) / STEP)) {
            (true, false) => REAL,
            (false, true) => RAW,
            both => panic!("lines at the mean, and at the mean in steps: {both:?}"),
        }
    });
    lab.row("`gdal_contour`", integer, rounded);

    let translated = |options: &'static [&'static str]| {
        move |lab: &Neighbours, map: &str| {
            lab.say("gdal_translate", &[&["-q"], options, &[map, "translated.tif"]].concat());
            "translated.tif".to_owned()
        }
    };
    let [integer, rounded] = lab.both(translated(&[]));
    lab.row("`gdal_translate`", integer, rounded);
    let [integer, rounded] = lab.both(translated(&["-unscale"]));
    lab.row("`gdal_translate -unscale`", integer, rounded);
    let [integer, rounded] = lab.both(translated(&["-unscale", "-ot", "Float32"]));
    lab.row("`gdal_translate -unscale -ot Float32`", integer, rounded);

    // Two halves, put together again.
    let halves = |lab: &Neighbours, map: &str| {
        for (half, from) in [("west.tif", "0"), ("east.tif", "32")] {
            lab.say("gdal_translate", &["-q", "-srcwin", from, "0", "32", "64", map, half]);
        }
        let _ = fs::remove_file(lab.scene.path("whole.tif"));
    };
    let warped = |sources: &'static [&'static str]| {
        move |lab: &Neighbours, map: &str| {
            halves(lab, map);
            lab.say("gdalbuildvrt", &["-q", "-overwrite", "halves.vrt", "west.tif", "east.tif"]);
            let sources = if sources.is_empty() { vec![map] } else { sources.to_vec() };
            lab.say("gdalwarp", &[&["-q"], sources.as_slice(), &["whole.tif"]].concat());
            "whole.tif".to_owned()
        }
    };
    let [integer, rounded] = lab.both(warped(&[]));
    lab.row("`gdalwarp` of one file", integer, rounded);
    let [integer, rounded] = lab.both(warped(&["west.tif", "east.tif"]));
    lab.row("`gdalwarp` of several files", integer, rounded);
    let [integer, rounded] = lab.both(warped(&["halves.vrt"]));
    lab.row("`gdalwarp` of several files through `gdalbuildvrt`", integer, rounded);
    let [integer, rounded] = lab.both(|lab, map| {
        halves(lab, map);
        lab.say("gdal_merge.py", &["-q", "-o", "whole.tif", "west.tif", "east.tif"]);
        "whole.tif".to_owned()
    });
    lab.row("`gdal_merge.py`", integer, rounded);
    let [integer, rounded] = lab.both(|lab, map| {
        let _ = fs::remove_file(lab.scene.path("filled.tif"));
        lab.say("gdal_fillnodata.py", &["-q", map, "filled.tif"]);
        "filled.tif".to_owned()
    });
    lab.row("`gdal_fillnodata.py`", integer, rounded);
}

#[test]
fn grass_sees_what_the_page_says() {
    if !have_programs("grass_sees_what_the_page_says", &["grass"]) {
        return;
    }
    let lab = Neighbours::new();
    let script = format!(
        "set -e\n\
         for map in {INTEGER} {ROUNDED}; do\n\
         r.in.gdal --q --o input=$map output=a; r.univar -g a | grep mean=\n\
         r.external --q --o input=$map output=b; r.univar -g b | grep mean=\n\
         r.mapcalc --q --o expression='c = a * {STEP}'; r.univar -g c | grep mean=\n\
         done\n"
    );
    fs::write(lab.scene.path("script"), script).unwrap();
    let said = lab.say("grass", &["--tmp-location", INTEGER, "--exec", "sh", "script"]);
    let means: Vec<f64> =
        said.lines().filter_map(|line| line.strip_prefix("mean=")?.trim().parse().ok()).collect();
    assert_eq!(means.len(), 6, "{said}");
    let [integer, rounded] = [INTEGER, ROUNDED].map(|map| lab.mean(map));
    lab.row("GRASS 8.2.1: `r.in.gdal`", seen(means[0], integer, SLACK), seen(means[3], rounded, SLACK));
    lab.row("`r.external`", seen(means[1], integer, SLACK), seen(means[4], rounded, SLACK));
    assert_eq!(seen(means[2], integer, SLACK), REAL, "the page's way to numbers");
}

const R_SCRIPT: &str = r#"
suppressMessages({ library(terra); library(raster) })
say <- function(what, value) cat(what, value, "\n")
for (map in commandArgs(TRUE)) {
  r <- rast(map)
  at <- function(r, row = 31, column = 21) r[row, column][1, 1]
  say("read", at(r))
  writeRaster(r, "r.tif", overwrite = TRUE); say("written", at(rast("r.tif")))
  crop(r, ext(r), filename = "r.tif", overwrite = TRUE); say("cropped", at(rast("r.tif")))
  resample(r, r, method = "near", filename = "r.tif", overwrite = TRUE); say("resampled", at(rast("r.tif")))
  writeRaster(r, "r.tif", overwrite = TRUE, datatype = "FLT4S"); say("floats", at(rast("r.tif")))
  say("raster", raster(map)[31, 21])
}
"#;

#[test]
fn terra_and_raster_see_what_the_page_says() {
    let test = "terra_and_raster_see_what_the_page_says";
    if !have_programs(test, &["Rscript"]) {
        return;
    }
    for package in ["terra", "raster"] {
        if !Path::new("/usr/lib/R/site-library").join(package).is_dir() {
            return skip(test, &format!("r-cran-{package} is not installed; tests/run installs it as root"));
        }
    }
    let lab = Neighbours::new();
    fs::write(lab.scene.path("see.R"), R_SCRIPT).unwrap();
    let said = lab.say("Rscript", &["--vanilla", "see.R", INTEGER, ROUNDED]);
    let number = |what: &str, nth: usize| -> f64 {
        let of = |line: &str| line.strip_prefix(what)?.strip_prefix(' ')?.trim().parse().ok();
        said.lines().filter_map(of).nth(nth).unwrap_or_else(|| panic!("no {what}: {said}"))
    };
    let (integer, rounded) = (lab.real(INTEGER), lab.real(ROUNDED));
    for (what, row) in [
        ("read", "R 4.2, terra 1.7-3: `rast`, values in memory"),
        ("written", "terra: `writeRaster`"),
        ("cropped", "terra: `crop` and others to a file"),
        ("resampled", "terra: `resample`, `project` to a file"),
        ("floats", "terra: `writeRaster(datatype = \"FLT4S\")`"),
        ("raster", "R 4.2, raster 3.6-14"),
    ] {
        lab.row(row, seen(number(what, 0), integer, SLACK), seen(number(what, 1), rounded, SLACK));
    }
}

#[test]
fn saga_and_rasterio_see_what_the_page_says() {
    let test = "saga_and_rasterio_see_what_the_page_says";
    if !have_programs(test, &["saga_cmd", "gdallocationinfo"]) {
        return;
    }
    if !Path::new("/usr/lib/python3/dist-packages/rasterio").is_dir() {
        return skip(test, "python3-rasterio is not installed; tests/run installs it as root");
    }
    let lab = Neighbours::new();
    let [integer, rounded] = [INTEGER, ROUNDED].map(|map| {
        lab.say("saga_cmd", &["-f=s", "io_gdal", "0", "-FILES", map, "-GRIDS", "grid.sgrd"]);
        lab.say("saga_cmd", &["-f=s", "statistics_grid", "13", "-GRIDS", "grid.sgrd", "-STATS", "grid.csv"]);
        let table = fs::read_to_string(lab.scene.path("grid.csv")).unwrap();
        let mean = table.lines().nth(1).and_then(|line| line.split(',').nth(1)).unwrap();
        let inside = seen(mean.parse().unwrap(), lab.mean(map), SLACK);
        lab.say("saga_cmd", &["-f=s", "io_gdal", "2", "-GRIDS", "grid.sgrd", "-FILE", "saga.tif"]);
        (inside, seen(lab.gdal_value("saga.tif"), lab.real(map), SLACK))
    });
    lab.row("SAGA 8.5.0: `io_gdal 0`, all tools", integer.0, rounded.0);
    lab.row("SAGA: `io_gdal 2` of such a grid", integer.1, rounded.1);

    let script = "import rasterio, sys\n\
        for file in sys.argv[1:]:\n    \
            map = rasterio.open(file)\n    \
            print(map.read(1)[30, 20])\n    \
            print(map.read(1)[30, 20] * map.scales[0] + map.offsets[0])\n";
    let said = lab.say("/usr/bin/python3", &["-c", script, INTEGER, ROUNDED]);
    let numbers: Vec<f64> = said.lines().map(|line| line.parse().unwrap()).collect();
    let (integer, rounded) = (lab.real(INTEGER), lab.real(ROUNDED));
    lab.row("rasterio 1.3.5: `read`", seen(numbers[0], integer, SLACK), seen(numbers[2], rounded, SLACK));
    assert_eq!(seen(numbers[1], integer, SLACK), REAL, "the page's way to numbers");
    assert_eq!(seen(numbers[3], rounded, SLACK), REAL, "the page's way to numbers");
}

/// A complete campaign of 300 x 300 cells, which is wide enough for an overview, stored as integers.
fn wide() -> (Scene, PathBuf) {
    let scene = Scene::new(300);
    write_terrain(&scene, 300);
    let changes = ["months: [6],", "products: [SkyView, Total],", "tile: 256,", "storage: Integer,"];
    let file = scene.campaign("my.ron", "out", &changes);
    scene.ask(&["run", "my.ron"]).good();
    (scene, file)
}

const MAPS: [&str; 2] = ["svf.tif", "total_m06.tif"];

#[test]
fn a_float32_copy_has_the_maps_values_bit_by_bit_and_replaces_nothing() {
    let (scene, file) = wide();
    let loaded = spec::load(&file).unwrap();
    let finished = copies::finished(&CampaignDir::new(&loaded.spec.output), &loaded.spec).unwrap();
    let stopped = finished[0].copy_into(&scene.path("stopped"), &|_, _| true);
    assert!(matches!(stopped, Err(CopyError::Stopped)));
    assert_eq!(names_in(&scene.path("stopped"), &[]), Vec::<String>::new());

    let copy = || scene.ask(&["maps", "my.ron", "--float32", "copies"]);
    let listed = MAPS.map(|map| format!("{}\n", scene.path("copies").join(map).display())).concat();
    assert_eq!(copy().good().stdout, listed);
    for map in MAPS {
        let (ours, theirs) = (scene.path("out/maps").join(map), scene.path("copies").join(map));
        let raster = Raster::open(&theirs).unwrap();
        assert!(raster.is_plain_float32() && !Raster::open(&ours).unwrap().is_plain_float32());
        assert_eq!(raster.placement(), Raster::open(&ours).unwrap().placement());
        let (ours, theirs) = (read(&ours), read(&theirs));
        let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        assert!(ours.len() == 90_000 && ours.iter().zip(&theirs).all(same), "{map}");
        assert!(ours.iter().any(|v| v.is_nan()));
    }
    assert_eq!(names_in(&scene.path("copies"), &[]), MAPS);

    // A second time all is there; a copy that was spoilt or is none stays, and is told with what to do.
    let before = scene.ask(&["maps", "my.ron", "--float32", "copies"]);
    assert!(before.good().stderr.contains("there already") && before.stdout == listed, "{before}");
    let svf = scene.path("copies/svf.tif");
    for (content, word) in [
        (b"my own notes".to_vec(), "svf.tif"),
        (fs::read(scene.path("out/maps/svf.tif")).unwrap(), "not plain float32"),
        (fs::read(scene.path("copies/total_m06.tif")).unwrap(), "column"),
    ] {
        fs::write(&svf, &content).unwrap();
        let answer = copy();
        answer.failed(74, &["svf.tif exists", word, "rm "]);
        assert!(answer.stdout.contains("total_m06.tif") && fs::read(&svf).unwrap() == content, "{answer}");
    }
    let said = copy().stderr;
    let cure = said.split("or remove it: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    self::said("sh", &["-c", cure], &scene.path(""));
    copy().good();
    assert_eq!(read(&svf).len(), 90_000);

    if !have_programs("a_float32_copy (as GDAL sees it)", &["gdalinfo"]) {
        return;
    }
    let said = gdalinfo(&svf, &[]);
    let band = &said["bands"][0];
    assert_eq!((&band["type"], &band["noDataValue"]), (&Value::from("Float32"), &Value::from("NaN")));
    assert_eq!((&band["scale"], &band["unit"]), (&Value::Null, &Value::from("1")), "{said}");
    assert_eq!(band["overviews"][0]["size"], serde_json::json!([150, 150]), "{said}");
}

#[test]
fn copies_never_lie_among_maps_and_are_made_of_good_ones_only() {
    let (scene, _) = wide();
    let before = scene.maps("out");
    std::os::unix::fs::symlink(scene.path("out/maps"), scene.path("link")).unwrap();
    for folder in ["out", "out/maps", "link", "out/maps/more", "out/.alpsckpt/more", "out/../out/maps"] {
        scene.ask(&["maps", "my.ron", "--float32", folder]).failed(2, &["own folder", "--float32 copies"]);
    }
    let mut spoilt = before[0].1.clone();
    let middle = spoilt.len() / 2;
    spoilt[middle] ^= 1;
    fs::write(scene.path("out/maps/svf.tif"), spoilt).unwrap();
    let answer = scene.ask(&["maps", "my.ron", "--float32", "copies"]);
    answer.failed(65, &["svf.tif", "checksum", "alpsckpt verify"]);
    assert_eq!(names_in(&scene.path("copies"), &[]), ["total_m06.tif"]);
    assert_eq!(names_in(&scene.path("out/maps"), &[]), MAPS);
}
