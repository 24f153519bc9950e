mod temperatures;

use std::sync::atomic::AtomicBool;

use super::super::finding::{InputDoubt, Severity};
use super::super::fixtures::InputFolder;
use super::super::request::{CoarseField, MapRequest, MonthInputs, Product};
use super::super::{Engine, EngineError};
use super::*;

fn whole(request: &MapRequest, known: &[FileSurvey]) -> Examination {
    Engine::examine(request, CheckDepth::Whole(known, &|_, _| ()))
}

/// What is doubtful, and what is refused.
fn told(found: &Examination) -> (Vec<InputDoubt>, Vec<String>) {
    let doubts = found.findings.iter().filter_map(|finding| match finding.severity {
        Severity::Doubtful(doubt) => Some(doubt),
        Severity::Refused => None,
    });
    (doubts.collect(), found.problems().iter().map(ToString::to_string).collect())
}

#[test]
fn a_height_that_cannot_be_is_told_where_shadows_reach_from_and_nowhere_else() {
    let folder = InputFolder::new();
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
    let folder = InputFolder::new();
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
    let folder = InputFolder::new();
    let spoilt = |x: usize, y: usize, height: f32| {
        folder.ground(move |a, b| {
            ((330..333).contains(&a) && (30..33).contains(&b) && (a, b) != (x, y)).then_some(height)
        });
        told(&whole(&folder.request(), &[]))
    };
    // One of the nine cells is left as it is.
    assert_eq!(spoilt(330, 30, 0.0), (vec![InputDoubt::Zeros], vec![]));
    assert_eq!(spoilt(330, 30, -99.0), (vec![InputDoubt::Constants], vec![]));
    assert_eq!(spoilt(330, 30, f32::NAN), (vec![InputDoubt::Voids], vec![]));
    let (doubts, problems) = spoilt(330, 30, 8000.0);
    assert!(
        doubts.is_empty() && problems.len() == 1 && problems[0].contains("heights of 8000 m"),
        "{problems:?}"
    );
    folder.ground(|x, y| ((x, y) == (340, 20)).then_some(3500.0));
    assert_eq!(told(&whole(&folder.request(), &[])), (vec![InputDoubt::Spikes], vec![]));
    folder.ground(|x, y| (x >= 340).then_some(3500.0 + 0.1 * y as f32));
    assert_eq!(told(&whole(&folder.request(), &[])), (vec![InputDoubt::Steps], vec![]));
    folder.ground(|x, y| (x >= 340).then_some(6500.0 + 0.1 * y as f32));
    let (doubts, problems) = told(&whole(&folder.request(), &[]));
    assert!(doubts.is_empty() && problems[0].contains("60 steps of more than 1000 m"), "{problems:?}");
}

#[test]
fn what_was_seen_holds_as_long_as_the_file_is_the_same() {
    let folder = InputFolder::new();
    folder.ground(|x, y| ((x, y) == (340, 20)).then_some(3500.0));
    let request = folder.request();
    let first = whole(&request, &[]);
    assert_eq!((first.seen.len(), told(&first).0), (1, vec![InputDoubt::Spikes]));
    // It is kept as text.
    let text = ron::to_string(&first.seen).unwrap();
    let kept: Vec<FileSurvey> = ron::from_str(&text).unwrap();
    assert_eq!(kept, first.seen);
    // Under the names that former programs gave it.
    let named = ron::ser::to_string_pretty(&kept, ron::ser::PrettyConfig::new().struct_names(true)).unwrap();
    assert!(named.contains("Seen(") && named.contains("spikes: Steps("), "{named}");
    assert!(named.contains("steps: Some(Steepness {"), "{named}");
    let nothing_to_do = |_: u64, _: u64| panic!("the cells are looked at again");
    let again = Engine::examine(&request, CheckDepth::Whole(&kept, &nothing_to_do));
    assert_eq!((told(&again), again.cells), (told(&first), first.cells));
    let remembered = Engine::examine(&request, CheckDepth::Remembered(&kept));
    assert_eq!((told(&remembered), remembered.sampled.len()), (told(&first), 0));
    // Neither another region nor another file nor nothing at all is what was seen.
    let mut other = request.clone();
    other.model.horizon_distance = 8000.0;
    assert_eq!(
        Engine::examine(&other, CheckDepth::Remembered(&kept)).sampled,
        std::slice::from_ref(&request.dem)
    );
    assert_eq!(
        Engine::examine(&request, CheckDepth::Remembered(&[])).sampled,
        std::slice::from_ref(&request.dem)
    );
    folder.ground(|_, _| None);
    let changed = Engine::examine(&request, CheckDepth::Remembered(&kept));
    assert_eq!((told(&changed).0.len(), changed.sampled.len()), (0, 1));
    assert!(told(&whole(&request, &kept)).0.is_empty());
    assert_eq!(Engine::examine(&request, CheckDepth::Samples).sampled, [request.dem]);
}

#[test]
fn cloud_cover_on_the_terrains_cells_is_looked_at_cell_by_cell() {
    let folder = InputFolder::new();
    folder.ground(|x, y| ((x, y) == (350, 10)).then_some(f32::NAN));
    let month = MonthInputs {
        month: 6,
        lapse: CoarseField::Constant(0.0065),
        cloud: Some(folder.path("cloud.tif")),
        temperatures: Vec::new(),
        linke: None,
    };
    let request = MapRequest { products: vec![Product::Solar], months: vec![month], ..folder.request() };
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
    let engine = Engine::open(MapRequest { region: None, ..request.clone() }).unwrap();
    let tiles = (0..engine.tiling().count()).filter_map(|number| engine.tiling().tile(number));
    let mut failed = tiles.filter_map(|tile| engine.compute(tile, &AtomicBool::new(false)).err());
    assert!(failed.any(|e| e.to_string().contains("column 390, row 59")));
    let (problems, _) = clouds(Some((391, 58, f32::NAN)));
    assert!(problems.len() == 1 && problems[0].contains("no data at 1 cell of "), "{problems:?}");
    assert!(problems[0].contains("column 391, row 58"), "{problems:?}");
}

#[test]
fn a_coarse_grid_without_a_value_is_named_by_check_and_by_the_engine() {
    let folder = InputFolder::new();
    folder.ground(|_, _| None);
    let month = MonthInputs {
        month: 6,
        lapse: CoarseField::Constant(0.0065),
        cloud: Some(folder.path("cloud.tif")),
        temperatures: Vec::new(),
        linke: None,
    };
    let request = MapRequest { products: vec![Product::Solar], months: vec![month], ..folder.request() };
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
