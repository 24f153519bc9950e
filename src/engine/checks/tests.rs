use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use super::super::finding::{Doubt, Severity};
use super::super::request::{Field, MonthInputs, Product, RegionBox, TemperatureInput};
use super::super::{Compression, Engine, EngineError, Storage, fixtures};
use super::*;

/// A folder of rasters in UTM 32N; their first cells lie at 500 km E, 5000 km N.
pub(super) struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn raster(
        &self,
        name: &str,
        cell: f64,
        (width, height): (usize, usize),
        value: impl Fn(usize, usize) -> f32,
    ) -> Raster {
        self.write(name, cell, 0.0, (width, height), value);
        Raster::open(&self.path(name)).unwrap()
    }

    /// One that begins so many metres farther north-west.
    fn write(
        &self,
        name: &str,
        cell: f64,
        around: f64,
        size: (usize, usize),
        value: impl Fn(usize, usize) -> f32,
    ) {
        self.write_in("", name, (cell, around), size, value);
    }

    /// One that says the unit of its values.
    fn write_in(
        &self,
        unit: &'static str,
        name: &str,
        (cell, around): (f64, f64),
        size: (usize, usize),
        value: impl Fn(usize, usize) -> f32,
    ) {
        let corner = (500_000.0 - around, 5_000_000.0 + around);
        fixtures::write(&self.path(name), &fixtures::place(32632, corner, cell, size), unit, value);
    }

    /// Terrain of 400 x 60 cells, 10 km wide.
    fn ground(&self, spoilt: impl Fn(usize, usize) -> Option<f32>) {
        let height = |x: usize, y: usize| 1500.0 + 2.0 * x as f32 + (y % 5) as f32;
        self.write("dem.tif", 25.0, 0.0, (400, 60), |x, y| spoilt(x, y).unwrap_or(height(x, y)));
    }

    /// The 2 km in the east of the terrain; shadows reach 4 km.
    fn request(&self) -> Request {
        let region =
            RegionBox { epsg: 32632, xmin: 508_000.0, ymin: 4_998_500.0, xmax: 510_000.0, ymax: 5_000_000.0 };
        Request {
            dem: self.path("dem.tif"),
            region: Some(region),
            reference_height: None,
            months: Vec::new(),
            year: 2018,
            tag: String::new(),
            model: Model { horizon_distance: 4000.0, ..Model::default() },
            products: vec![Product::SkyView],
            tile: 64,
            block: 64,
            compression: Compression::None,
            storage: Storage::Float32,
        }
    }
}

fn whole(request: &Request, known: &[Seen]) -> Examination {
    Engine::examine(request, Look::Whole(known, &|_, _| ()))
}

/// What is doubtful, and what is refused.
fn told(found: &Examination) -> (Vec<Doubt>, Vec<String>) {
    let doubts = found.findings.iter().filter_map(|finding| match finding.severity {
        Severity::Doubtful(doubt) => Some(doubt),
        Severity::Refused => None,
    });
    (doubts.collect(), found.problems().iter().map(ToString::to_string).collect())
}

#[test]
fn a_height_that_cannot_be_is_told_where_shadows_reach_from_and_nowhere_else() {
    let folder = Folder::new();
    // The region begins at column 320; 160 cells and what fills up a block are looked at before it.
    for (column, heard) in [(350, true), (200, true), (160, true), (100, false)] {
        folder.ground(|x, y| (x == column && y == 30).then_some(32767.0));
        let (doubts, problems) = told(&whole(&folder.request(), &[]));
        assert!(doubts.is_empty(), "{doubts:?}");
        assert_eq!(problems.len(), usize::from(heard), "{column}: {problems:?}");
        for problem in problems {
            let place = format!("the first 32767 at column {column}, row 30 (x ");
            assert!(problem.contains(&place) && problem.contains("dem.tif: has 1 of "), "{problem}");
            assert!(problem.contains("gdal_translate -q -a_nodata 32767 "), "{problem}");
            assert_eq!(problem.contains("outside the region"), column < 320, "{problem}");
        }
    }
}

#[test]
fn the_engine_refuses_a_height_that_cannot_be_whatever_was_checked() {
    let folder = Folder::new();
    for height in [9000.5, -500.5, 65535.0, f32::INFINITY] {
        folder.ground(|x, y| (x == 200 && y == 30).then_some(height));
        let engine = Engine::open(folder.request()).unwrap();
        let tile = engine.tiling().tile(0).unwrap();
        let failed = engine.compute(tile, &AtomicBool::new(false));
        let Err(EngineError::Input(problem)) = failed else { panic!("{height} was computed from") };
        let text = problem.to_string();
        assert!(text.contains("dem.tif: has 1 of ") && text.contains("column 200, row 30"), "{text}");
        assert!(text.contains("gdal_translate -q -a_nodata "), "{text}");
    }
    folder.ground(|x, y| (x == 200 && y == 30).then_some(9000.0));
    let engine = Engine::open(folder.request()).unwrap();
    let tile = engine.tiling().tile(0).unwrap();
    assert!(engine.compute(tile, &AtomicBool::new(false)).is_ok());
}

#[test]
fn what_may_be_is_doubtful_and_what_no_ground_has_is_refused() {
    let folder = Folder::new();
    let spoilt = |x: usize, y: usize, height: f32| {
        folder.ground(move |a, b| {
            ((330..333).contains(&a) && (30..33).contains(&b) && (a, b) != (x, y)).then_some(height)
        });
        told(&whole(&folder.request(), &[]))
    };
    // One of the nine cells is left as it is.
    assert_eq!(spoilt(330, 30, 0.0), (vec![Doubt::Zeros], vec![]));
    assert_eq!(spoilt(330, 30, -99.0), (vec![Doubt::Constants], vec![]));
    assert_eq!(spoilt(330, 30, f32::NAN), (vec![Doubt::Voids], vec![]));
    let (doubts, problems) = spoilt(330, 30, 8000.0);
    assert!(
        doubts.is_empty() && problems.len() == 1 && problems[0].contains("heights of 8000 m"),
        "{problems:?}"
    );
    folder.ground(|x, y| ((x, y) == (340, 20)).then_some(3500.0));
    assert_eq!(told(&whole(&folder.request(), &[])), (vec![Doubt::Spikes], vec![]));
    folder.ground(|x, y| (x >= 340).then_some(3500.0 + 0.1 * y as f32));
    assert_eq!(told(&whole(&folder.request(), &[])), (vec![Doubt::Steps], vec![]));
    folder.ground(|x, y| (x >= 340).then_some(6500.0 + 0.1 * y as f32));
    let (doubts, problems) = told(&whole(&folder.request(), &[]));
    assert!(doubts.is_empty() && problems[0].contains("60 steps of more than 1000 m"), "{problems:?}");
}

#[test]
fn what_was_seen_holds_as_long_as_the_file_is_the_same() {
    let folder = Folder::new();
    folder.ground(|x, y| ((x, y) == (340, 20)).then_some(3500.0));
    let request = folder.request();
    let first = whole(&request, &[]);
    assert_eq!((first.seen.len(), told(&first).0), (1, vec![Doubt::Spikes]));
    // It is kept as text.
    let text = ron::to_string(&first.seen).unwrap();
    let kept: Vec<Seen> = ron::from_str(&text).unwrap();
    assert_eq!(kept, first.seen);
    let nothing_to_do = |_: u64, _: u64| panic!("the cells are looked at again");
    let again = Engine::examine(&request, Look::Whole(&kept, &nothing_to_do));
    assert_eq!((told(&again), again.cells), (told(&first), first.cells));
    let remembered = Engine::examine(&request, Look::Remembered(&kept));
    assert_eq!((told(&remembered), remembered.sampled.len()), (told(&first), 0));
    // Neither another region nor another file nor nothing at all is what was seen.
    let mut other = request.clone();
    other.model.horizon_distance = 8000.0;
    assert_eq!(Engine::examine(&other, Look::Remembered(&kept)).sampled, std::slice::from_ref(&request.dem));
    assert_eq!(Engine::examine(&request, Look::Remembered(&[])).sampled, std::slice::from_ref(&request.dem));
    folder.ground(|_, _| None);
    let changed = Engine::examine(&request, Look::Remembered(&kept));
    assert_eq!((told(&changed).0.len(), changed.sampled.len()), (0, 1));
    assert!(told(&whole(&request, &kept)).0.is_empty());
    assert_eq!(Engine::examine(&request, Look::Samples).sampled, [request.dem]);
}

/// A request with a temperature over the terrain, colder upwards by the lapse rate, at nodes of 1 km.
struct Warm {
    folder: Folder,
}

impl Warm {
    /// `number` makes what the file stores of degC.
    fn new(lapse: f32, at_zero: f32, number: impl Fn(f32) -> f32) -> Self {
        let folder = Folder::new();
        folder.ground(|_, _| None);
        let height = |x: usize, y: usize| 800.0 + 150.0 * (x % 8) as f32 + 60.0 * (y % 3) as f32;
        folder.write("zref.tif", 1000.0, 5000.0, (20, 12), height);
        let degrees = |x: usize, y: usize| number(at_zero - lapse * height(x, y));
        folder.write("t.tif", 1000.0, 5000.0, (20, 12), degrees);
        Self { folder }
    }

    /// What is told of a temperature in this unit and month.
    fn told(&self, (scale, offset): (f64, f64), month: u8) -> (Vec<Doubt>, Vec<String>, String) {
        let temperature =
            TemperatureInput { name: "mean".into(), path: self.folder.path("t.tif"), scale, offset };
        let month = MonthInputs {
            month,
            lapse: Field::Constant(0.0065),
            cloud: None,
            temperatures: vec![temperature],
            linke: None,
        };
        let request = Request {
            region: None,
            reference_height: Some(self.folder.path("zref.tif")),
            months: vec![month],
            products: vec![Product::Temperature],
            ..self.folder.request()
        };
        let found = Engine::examine(&request, Look::Samples);
        let text = found.findings.iter().map(|finding| finding.problem.to_string()).collect();
        let (doubts, problems) = told(&found);
        (doubts, problems, text)
    }
}

const CELSIUS: (f64, f64) = (1.0, 0.0);
const DECI_CELSIUS: (f64, f64) = (0.1, 0.0);
const KELVIN: (f64, f64) = (1.0, -273.15);
const DECI_KELVIN: (f64, f64) = (0.1, -273.15);

#[test]
fn temperatures_in_their_unit_have_nothing_to_tell() {
    for (at_zero, month) in [(8.0, 1), (24.0, 7)] {
        let celsius = Warm::new(0.0055, at_zero, |t| t);
        assert_eq!(celsius.told(CELSIUS, month), (vec![], vec![], String::new()));
        let deci = Warm::new(0.0055, at_zero, |t| (10.0 * t).round());
        assert_eq!(deci.told(DECI_CELSIUS, month), (vec![], vec![], String::new()));
        let kelvin = Warm::new(0.0055, at_zero, |t| t + 273.15);
        assert_eq!(kelvin.told(KELVIN, month), (vec![], vec![], String::new()));
        let deci = Warm::new(0.0055, at_zero, |t| (10.0 * (t + 273.15)).round());
        assert_eq!(deci.told(DECI_KELVIN, month), (vec![], vec![], String::new()));
    }
}

#[test]
fn kelvin_is_named_before_tenths_and_both_where_both_fit() {
    let kelvin = Warm::new(0.006, 12.0, |t| t + 273.15);
    let (doubts, problems, text) = kelvin.told(CELSIUS, 6);
    assert_eq!((doubts.len(), problems.len()), (0, 1), "{text}");
    assert!(text.contains("would be plausible as Kelvin or DeciCelsius: set that unit"), "{text}");
    let hot = Warm::new(0.006, 40.0, |t| 10.0 * (t + 273.15));
    assert!(hot.told(CELSIUS, 7).2.contains("would be plausible as DeciKelvin: set that unit"));
}

#[test]
fn numbers_in_messages_are_short() {
    let (_, _, text) = Warm::new(0.0, 0.0, |_| -303.55).told(KELVIN, 1);
    assert!(text.contains("raw values of -303.55 to -303.55"), "{text}");
}

#[test]
fn a_unit_ten_times_too_large_or_too_small_is_told_by_the_change_with_height() {
    // Tenths of a degree in January, all within what degrees may be.
    let tenths = Warm::new(0.0045, 6.0, |t| (10.0 * t).round());
    let (doubts, problems, text) = tenths.told(CELSIUS, 1);
    assert_eq!((doubts, problems.len()), (vec![Doubt::Units], 0), "{text}");
    assert!(text.contains("45.") && text.contains("set the unit DeciCelsius"), "{text}");
    let degrees = Warm::new(0.0055, 10.0, |t| t);
    let (doubts, _, text) = degrees.told(DECI_CELSIUS, 4);
    assert_eq!(doubts, [Doubt::Units], "{text}");
    assert!(text.contains("change by 0.6 K in 1000 m") && text.contains("set the unit Celsius"), "{text}");
}

#[test]
fn degrees_as_tenths_are_told_by_their_fractions_where_heights_explain_nothing() {
    let folder = Warm::new(0.0, 0.0, |_| 0.0);
    let speckled = |x: usize, y: usize| -9.0 + 1.37 * ((7 * x + 5 * y) % 11) as f32;
    folder.folder.write("t.tif", 1000.0, 5000.0, (20, 12), speckled);
    let (doubts, _, text) = folder.told(DECI_CELSIUS, 2);
    assert_eq!(doubts, [Doubt::Units], "{text}");
    assert!(text.contains("with fractions") && text.contains("set the unit Celsius"), "{text}");
    let whole = |x: usize, y: usize| speckled(x, y).round();
    folder.folder.write("t.tif", 1000.0, 5000.0, (20, 12), whole);
    assert!(folder.told(DECI_CELSIUS, 2).0.is_empty());
}

#[test]
fn the_unit_that_a_file_gives_its_values_is_compared_with_the_declared_one() {
    let celsius = |x: usize, y: usize| 9.0 - 0.4 * (x % 8) as f32 + 0.1 * y as f32;
    let told = |unit: &'static str, add: f32, declared: (f64, f64)| {
        let warm = Warm::new(0.0, 0.0, |_| 0.0);
        let values = |x: usize, y: usize| celsius(x, y) + add;
        warm.folder.write_in(unit, "t.tif", (1000.0, 5000.0), (20, 12), values);
        let (doubts, problems, text) = warm.told(declared, 4);
        (doubts, problems.len(), text)
    };
    for unit in ["degC", "C", "°C", "degree_Celsius", "1", "", "mm"] {
        assert_eq!(told(unit, 0.0, CELSIUS), (vec![], 0, String::new()), "{unit}");
    }
    for unit in ["K", "kelvin"] {
        assert_eq!(told(unit, 273.15, KELVIN), (vec![], 0, String::new()), "{unit}");
        let (_, refused, text) = told(unit, 273.15, CELSIUS);
        assert!(refused == 1 && text.contains("the file says that they are Kelvin: set that unit"), "{text}");
    }
    let (_, refused, text) = told("degC", 0.0, DECI_CELSIUS);
    assert!(refused == 1 && text.contains("are in Celsius, not DeciCelsius"), "{text}");
    // As GDAL writes of some GRIB files that hold Kelvin.
    let (doubts, refused, text) = told("C", 273.15, KELVIN);
    assert_eq!((doubts, refused), (vec![Doubt::Units], 0), "{text}");
}

#[test]
fn a_single_missing_node_of_a_coarse_grid_is_found() {
    let warm = Warm::new(0.0055, 8.0, |t| t);
    let lacking = |x: usize, y: usize| if (x, y) == (12, 5) { f32::NAN } else { 4.0 };
    let ask = |ground: bool| {
        warm.folder.write("lapse.tif", 1000.0, 5000.0, (20, 12), |x, y| 0.001 * lacking(x, y));
        // Nodes of 1 km that begin 5 km before: the 12th lies over columns 280 to 319 of the terrain, the 5th over its first rows.
        warm.folder.ground(|x, y| (!ground && (270..330).contains(&x) && y < 50).then_some(f32::NAN));
        let month = MonthInputs {
            month: 4,
            lapse: Field::Grid(warm.folder.path("lapse.tif")),
            cloud: None,
            temperatures: vec![TemperatureInput {
                name: "mean".into(),
                path: warm.folder.path("t.tif"),
                scale: 1.0,
                offset: 0.0,
            }],
            linke: None,
        };
        let request = Request {
            region: None,
            reference_height: Some(warm.folder.path("zref.tif")),
            months: vec![month],
            products: vec![Product::Temperature],
            ..warm.folder.request()
        };
        told(&whole(&request, &[])).1
    };
    let problems = ask(true);
    assert!(
        problems.len() == 1 && problems[0].contains("lapse.tif: has no data where the terrain"),
        "{problems:?}"
    );
    assert!(problems[0].contains("column 280, row 0 ("), "{problems:?}");
    assert!(ask(false).is_empty());
}

#[test]
fn a_month_that_the_place_does_not_have_is_doubtful() {
    let winter = Warm::new(0.006, -22.0, |t| t);
    let (doubts, problems, text) = winter.told(CELSIUS, 7);
    assert_eq!((doubts, problems.len()), (vec![Doubt::Seasons], 0), "{text}");
    assert!(text.contains("in month 7") && text.contains("latitude of 45"), "{text}");
    assert!(winter.told(CELSIUS, 1).0.is_empty());
}

#[test]
fn one_value_far_from_all_others_is_no_data_that_is_not_declared() {
    let warm = Warm::new(0.0055, 8.0, |t| t);
    let degrees =
        |x: usize, y: usize| if (4..7).contains(&x) && y == 5 { -9999.0 } else { 1.0 + x as f32 * 0.1 };
    warm.folder.write("t.tif", 1000.0, 5000.0, (20, 12), degrees);
    let (_, problems, text) = warm.told(CELSIUS, 4);
    assert_eq!(problems.len(), 1, "{text}");
    assert!(
        text.contains("has temperatures of -9999 at 3 of ") && text.contains("column 4, row 5"),
        "{text}"
    );
    assert!(text.contains("gdal_translate -q -a_nodata -9999 ") && text.contains("t_nodata.tif`"), "{text}");
}

#[test]
fn cloud_cover_on_the_terrains_cells_is_looked_at_cell_by_cell() {
    let folder = Folder::new();
    folder.ground(|x, y| ((x, y) == (350, 10)).then_some(f32::NAN));
    let month = MonthInputs {
        month: 6,
        lapse: Field::Constant(0.0065),
        cloud: Some(folder.path("cloud.tif")),
        temperatures: Vec::new(),
        linke: None,
    };
    let request = Request { products: vec![Product::Solar], months: vec![month], ..folder.request() };
    let clouds = |spoilt: Option<(usize, usize, f32)>| {
        let value = |x: usize, y: usize| match spoilt {
            Some((a, b, value)) if (a, b) == (x, y) => value,
            _ if (x, y) == (350, 10) => f32::NAN,
            _ => 4000.0,
        };
        folder.write("cloud.tif", 25.0, 0.0, (400, 60), value);
        let found = whole(&request, &[]);
        (told(&found).1, found.seen.len())
    };
    assert_eq!(clouds(None), (vec![], 2));
    let (problems, _) = clouds(Some((390, 59, 65535.0)));
    assert!(problems.len() == 1 && problems[0].contains("column 390, row 59"), "{problems:?}");
    assert!(problems[0].contains("-a_nodata 65535"), "{problems:?}");
    // What computing reads is refused as well.
    let engine = Engine::open(Request { region: None, ..request.clone() }).unwrap();
    let tiles = (0..engine.tiling().count()).filter_map(|number| engine.tiling().tile(number));
    let mut failed = tiles.filter_map(|tile| engine.compute(tile, &AtomicBool::new(false)).err());
    assert!(failed.any(|e| e.to_string().contains("column 390, row 59")));
    let (problems, _) = clouds(Some((391, 58, f32::NAN)));
    assert!(problems.len() == 1 && problems[0].contains("no data at 1 cell of "), "{problems:?}");
    assert!(problems[0].contains("column 391, row 58"), "{problems:?}");
}

#[test]
fn a_coarse_grid_without_a_value_is_named_by_check_and_by_the_engine() {
    let folder = Folder::new();
    folder.ground(|_, _| None);
    let month = MonthInputs {
        month: 6,
        lapse: Field::Constant(0.0065),
        cloud: Some(folder.path("cloud.tif")),
        temperatures: Vec::new(),
        linke: None,
    };
    let request = Request { products: vec![Product::Solar], months: vec![month], ..folder.request() };
    // Nodes 100 m apart: column and row 85, 5 lie under the terrain's columns 340 to 343, rows 20 to 23.
    let clouds = |size: (usize, usize), hole: (usize, usize)| {
        let value = |x: usize, y: usize| if (x, y) == hole { f32::NAN } else { 4000.0 };
        folder.write("cloud.tif", 100.0, 0.0, size, value);
        told(&whole(&request, &[])).1
    };
    assert!(clouds((100, 15), (0, 0)).is_empty());
    let problems = clouds((100, 15), (85, 5));
    assert!(problems.len() == 1 && problems[0].contains("cloud.tif: has no data where"), "{problems:?}");
    let engine = Engine::open_examined(request.clone());
    let failed = engine.map(|engine| {
        let tiles = (0..engine.tiling().count()).filter_map(|number| engine.tiling().tile(number));
        tiles
            .filter_map(|tile| engine.compute(tile, &AtomicBool::new(false)).err())
            .map(|e| e.to_string())
            .collect::<Vec<_>>()
    });
    let failed = failed.unwrap();
    assert!(failed.len() == 1 && failed[0].contains("cloud.tif: has no data where"), "{failed:?}");
    assert!(failed[0].contains("column 340, row 20"), "{failed:?}");
    // A grid that ends in the middle of the region has no hole, and no value there either.
    let problems = clouds((90, 15), (0, 0));
    assert!(problems.len() == 1 && problems[0].contains("has no data at "), "{problems:?}");
}
