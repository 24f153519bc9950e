use super::*;
use crate::engine::request::TemperatureInput;

/// A request with a temperature over the terrain, colder upwards by the lapse rate, at nodes of 1 km.
struct Warm {
    folder: InputFolder,
}

impl Warm {
    /// `number` makes what the file stores of degC.
    fn new(lapse: f32, at_zero: f32, number: impl Fn(f32) -> f32) -> Self {
        let folder = InputFolder::new();
        folder.ground(|_, _| None);
        let height = |x: usize, y: usize| 800.0 + 150.0 * (x % 8) as f32 + 60.0 * (y % 3) as f32;
        folder.write("zref.tif", 1000.0, 5000.0, (20, 12), height);
        let degrees = |x: usize, y: usize| number(at_zero - lapse * height(x, y));
        folder.write("t.tif", 1000.0, 5000.0, (20, 12), degrees);
        Self { folder }
    }

    /// What is told of a temperature in this unit and month.
    fn told(&self, (scale, offset): (f64, f64), month: u8) -> (Vec<InputDoubt>, Vec<String>, String) {
        let temperature =
            TemperatureInput { name: "mean".into(), path: self.folder.path("t.tif"), scale, offset };
        let month = MonthInputs {
            month,
            lapse: CoarseField::Constant(0.0065),
            cloud: None,
            temperatures: vec![temperature],
            linke: None,
        };
        let request = MapRequest {
            region: None,
            reference_height: Some(self.folder.path("zref.tif")),
            months: vec![month],
            products: vec![Product::Temperature],
            ..self.folder.request()
        };
        let found = Engine::examine(&request, CheckDepth::Samples);
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
    assert_eq!((doubts, problems.len()), (vec![InputDoubt::Units], 0), "{text}");
    assert!(text.contains("45.") && text.contains("set the unit DeciCelsius"), "{text}");
    let degrees = Warm::new(0.0055, 10.0, |t| t);
    let (doubts, _, text) = degrees.told(DECI_CELSIUS, 4);
    assert_eq!(doubts, [InputDoubt::Units], "{text}");
    assert!(text.contains("change by 0.6 K in 1000 m") && text.contains("set the unit Celsius"), "{text}");
}

#[test]
fn degrees_as_tenths_are_told_by_their_fractions_where_heights_explain_nothing() {
    let folder = Warm::new(0.0, 0.0, |_| 0.0);
    let speckled = |x: usize, y: usize| -9.0 + 1.37 * ((7 * x + 5 * y) % 11) as f32;
    folder.folder.write("t.tif", 1000.0, 5000.0, (20, 12), speckled);
    let (doubts, _, text) = folder.told(DECI_CELSIUS, 2);
    assert_eq!(doubts, [InputDoubt::Units], "{text}");
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
    assert_eq!((doubts, refused), (vec![InputDoubt::Units], 0), "{text}");
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
            lapse: CoarseField::Grid(warm.folder.path("lapse.tif")),
            cloud: None,
            temperatures: vec![TemperatureInput {
                name: "mean".into(),
                path: warm.folder.path("t.tif"),
                scale: 1.0,
                offset: 0.0,
            }],
            linke: None,
        };
        let request = MapRequest {
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
    assert_eq!((doubts, problems.len()), (vec![InputDoubt::Seasons], 0), "{text}");
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
