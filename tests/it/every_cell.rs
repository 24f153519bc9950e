//! `check` looks at every cell that the maps depend on; each cure that it prints works as it is printed.

use std::fs;

use crate::cures::{command_in, run_cure};
use crate::scene::{Answer, Scene, height, placement, sky};
use crate::support::{have_programs, said};

/// A scene whose terrain was changed, and its campaign without climate.
fn scene(height_at: impl Fn(f64, f64) -> f64) -> Scene {
    let scene = Scene::new(96);
    scene.write("dem.tif", &placement(96, 25.0, 0.0), height_at);
    bare(&scene, &[]);
    scene
}

/// The campaign file of a scene: sky view alone, with more fields.
fn bare(scene: &Scene, more: &[&str]) {
    scene.campaign("my.ron", "out", &sky(&[&["months: [6],", "tile: 96,"], more].concat()));
}

/// The ground, but for a square of cells from `(x, y)` on, in km.
fn spoilt(cells: f64, value: f64) -> impl Fn(f64, f64) -> f64 {
    move |x, y| {
        let (column, row) = ((x / 0.025).round(), (y / 0.025).round());
        let inside = |at: f64, from: f64| at >= from && at < from + cells;
        if inside(column, 50.0) && inside(row, 70.0) { value } else { height(x, y) }
    }
}

fn translate(scene: &Scene, arguments: &[&str]) {
    said("gdal_translate", &[&["-q"], arguments].concat(), &scene.path(""));
}

/// Runs the cure that was printed and puts its result in the file's place.
fn cure(scene: &Scene, answer: &Answer, file: &str) {
    let result = run_cure(&answer.stderr, &scene.path(""));
    fs::rename(result, scene.path(file)).unwrap();
}

#[test]
fn heights_that_cannot_be_are_named_and_declared_no_data_by_the_printed_command() {
    let test = "heights_that_cannot_be_are_named_and_declared_no_data_by_the_printed_command";
    if !have_programs(test, &["gdal_translate", "gdal_calc.py"]) {
        return;
    }
    for (kind, value, told) in [
        ("Float32", 32767.0, "-a_nodata 32767 "),
        ("Int16", 32767.0, "-a_nodata 32767 "),
        ("UInt16", 65535.0, "-a_nodata 65535 "),
        ("Float32", -3.402_823_466_385_288_6e38, "-a_nodata -3.4028235e38 "),
        ("Int32", -2_147_483_648.0, "gdal_calc.py"),
    ] {
        let scene = scene(spoilt(3.0, value));
        fs::rename(scene.path("dem.tif"), scene.path("whole.tif")).unwrap();
        translate(&scene, &["-ot", kind, "-a_nodata", "none", "whole.tif", "dem.tif"]);
        let answer = scene.ask(&["check", "my.ron"]);
        answer.failed(65, &["my.ron:5", "has 9 of 9216 heights outside", "column 50, row 70", told]);
        cure(&scene, &answer, "dem.tif");
        let answer = scene.ask(&["check", "my.ron"]);
        answer.good();
        assert!(answer.stdout.contains("; 9 cells of the region have no height"), "{kind}: {answer}");
        assert!(answer.stderr.contains("9 cells without a height in 1 hole of"), "{kind}: {answer}");
    }
}

#[test]
fn several_heights_that_cannot_be_and_declared_no_data_leave_one_command() {
    let test = "several_heights_that_cannot_be_and_declared_no_data_leave_one_command";
    if !have_programs(test, &["gdal_translate", "gdal_calc.py"]) {
        return;
    }
    let at = spoilt(3.0, -9999.0);
    let scene = scene(move |x, y| if x < 0.2 && y < 0.01 { -32768.0 - x } else { at(x, y) });
    fs::rename(scene.path("dem.tif"), scene.path("whole.tif")).unwrap();
    translate(&scene, &["-a_nodata", "-9999", "whole.tif", "dem.tif"]);
    bare(&scene, &["accept: [Voids],"]);
    let answer = scene.ask(&["check", "my.ron"]);
    answer.failed(65, &["has 8 of 9207 heights outside", "column 0, row 0"]);
    cure(&scene, &answer, "dem.tif");
    let answer = scene.ask(&["check", "my.ron"]);
    assert!(answer.good().stdout.contains("; 17 cells of the region have no height"), "{answer}");
}

#[test]
fn heights_in_feet_are_converted_by_the_printed_command() {
    if !have_programs("heights_in_feet_are_converted_by_the_printed_command", &["gdal_calc.py"]) {
        return;
    }
    let scene = scene(|x, y| (height(x, y) + 1200.0) / 0.3048);
    let answer = scene.ask(&["check", "my.ron"]);
    answer.failed(65, &["heights outside -500 to 9000 m", "if they are in feet"]);
    cure(&scene, &answer, "dem.tif");
    scene.ask(&["check", "my.ron"]).good();
}

#[test]
fn doubts_are_warnings_until_the_campaign_file_accepts_them() {
    let scene = scene(spoilt(2.0, 0.0));
    let answer = scene.ask(&["check", "my.ron"]);
    let told = ["warning: ", "my.ron:5: ", "4 cells of 0 m", "column 50, row 70", "accept: [Zeros]"];
    assert!(told.iter().all(|part| answer.good().stderr.contains(part)), "{answer}");
    bare(&scene, &["accept: [Zeros],"]);
    assert!(!scene.ask(&["check", "my.ron"]).good().stderr.contains("warning"));
    bare(&scene, &["accept: [Zeroes],"]);
    scene.ask(&["check", "my.ron"]).failed(65, &["`Zeroes` is no value for `accept`", "`Zeros`"]);
    bare(&scene, &["accept: [Everything],"]);
    scene.ask(&["check", "my.ron"]).failed(65, &["known: Zeros, Constants, Steps"]);
}

#[test]
fn what_is_accepted_is_no_part_of_a_campaign() {
    let scene = scene(spoilt(2.0, 0.0));
    scene.ask(&["run", "my.ron"]).good();
    bare(&scene, &["accept: [Zeros, Steps],"]);
    scene.ask(&["run", "my.ron"]).good();
    scene.ask(&["verify", "my.ron"]).good();
}

#[test]
fn zeros_and_holes_are_mended_by_the_printed_commands() {
    let test = "zeros_and_holes_are_mended_by_the_printed_commands";
    if !have_programs(test, &["gdal_translate", "gdal_fillnodata.py"]) {
        return;
    }
    let scene = scene(spoilt(2.0, 0.0));
    fs::rename(scene.path("dem.tif"), scene.path("whole.tif")).unwrap();
    translate(&scene, &["-ot", "UInt16", "-a_nodata", "none", "whole.tif", "dem.tif"]);
    let answer = scene.ask(&["check", "my.ron"]);
    assert!(command_in(&answer.good().stderr).contains("-a_nodata 0 "), "{answer}");
    cure(&scene, &answer, "dem.tif");
    let answer = scene.ask(&["check", "my.ron"]);
    assert!(answer.good().stderr.contains("accept: [Voids]"), "{answer}");
    cure(&scene, &answer, "dem.tif");
    let answer = scene.ask(&["check", "my.ron"]);
    assert!(answer.good().stderr.is_empty(), "{answer}");
    assert!(answer.stdout.contains("Every cell was looked at, 9216 of them."), "{answer}");
}

#[test]
fn what_check_has_seen_holds_for_other_commands_until_the_file_changes() {
    // A wall that no ground has, where no sample of a quick look would tell.
    let scene = scene(|x, y| if x > 1.2 { 7000.0 + y } else { height(x, y) });
    scene.ask(&["check", "my.ron", "--quick"]).good();
    let answer = scene.ask(&["check", "my.ron"]);
    answer.failed(65, &["steps of more than 1000 m", "no ground has more than 2500 m"]);
    scene.ask(&["check", "my.ron"]).failed(65, &["no ground has more than 2500 m"]);
    scene.ask(&["plan", "my.ron"]).failed(65, &["no ground has more than 2500 m"]);
    scene.ask(&["run", "my.ron"]).failed(65, &["no ground has more than 2500 m"]);
    // A damaged record is as good as none.
    let record = scene.path("state/checked.ron");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replace("survey", "surfey")).unwrap();
    scene.ask(&["plan", "my.ron"]).good();
    scene.ask(&["check", "my.ron"]).failed(65, &["no ground has more than 2500 m"]);
    scene.write("dem.tif", &placement(96, 25.0, 0.0), height);
    scene.ask(&["run", "my.ron"]).good();
    scene.ask(&["check", "my.ron"]).good();
    assert!(scene.path("out/.alpsckpt/checked.ron").is_file());
}

#[test]
fn a_quick_check_says_that_it_sampled() {
    let scene = scene(height);
    let answer = scene.ask(&["check", "my.ron", "--quick"]);
    assert!(answer.good().stdout.contains("Only samples were looked at of "), "{answer}");
    assert!(answer.stdout.contains("dem.tif; without --quick every cell is."), "{answer}");
}

#[test]
fn files_of_several_months_with_one_fault_are_one_problem() {
    let scene = Scene::new(48);
    scene.campaign("my.ron", "out", &["months: [1, 2, 3, 6],"]);
    for month in ["01", "06"] {
        fs::remove_file(scene.path(&format!("t_{month}.tif"))).unwrap();
    }
    fs::copy(scene.path("cloud_01.tif"), scene.path("cloud_02.tif")).unwrap();
    let answer = scene.ask(&["check", "my.ron"]);
    answer.failed(65, &["t_{month}.tif", "(months 01, 02, 03, 06)", "cloud_03.tif", "2 problems"]);
}

#[test]
fn scales_and_units_of_temperatures_are_not_taken_twice() {
    if !have_programs("scales_and_units_of_temperatures_are_not_taken_twice", &["gdal_translate"]) {
        return;
    }
    let scene = Scene::new(48);
    let grid =
        |name: &str, value: f64| scene.write(name, &placement(12, 1000.0, 4000.0), |_, y| value + y.round());
    grid("tenths.tif", 2700.0);
    translate(
        &scene,
        &[
            "-ot",
            "UInt16",
            "-a_nodata",
            "none",
            "-a_scale",
            "0.1",
            "-a_offset",
            "-273.15",
            "tenths.tif",
            "t_01.tif",
        ],
    );
    let ask = |unit: &str| {
        let temperature = format!("temperature: {{ \"mean\": (file: \"t_{{month}}.tif\", unit: {unit}) }},");
        scene.campaign("my.ron", "out", &["months: [1],", &temperature]);
        scene.ask(&["check", "my.ron"])
    };
    ask("DeciCelsius").failed(65, &["a scale of 0.1", "once more", "set the unit of the values: Celsius"]);
    ask("Celsius").good();
}

#[test]
fn grids_in_another_unit_are_converted_by_the_printed_command() {
    let test = "grids_in_another_unit_are_converted_by_the_printed_command";
    if !have_programs(test, &["gdal_calc.py", "gdal_translate"]) {
        return;
    }
    let coarse = placement(12, 1000.0, 4000.0);
    for (field, file, value, told) in [
        ("lapse: Grid(\"odd.tif\"),", "odd.tif", 6.5, "divide by 1000"),
        ("lapse: Grid(\"odd.tif\"),", "odd.tif", -6.5, "divide by 1000"),
        ("lapse: Grid(\"odd.tif\"),", "odd.tif", -0.0065, "flip the sign"),
        ("cloud: Grid(\"odd.tif\"),", "odd.tif", 0.4, "looks like a fraction"),
        ("cloud: Grid(\"odd.tif\"),", "odd.tif", 40.0, "looks like per cent"),
        ("atmosphere: Esra(linke: Grid(\"odd.tif\")),", "odd.tif", 60.0, "divide by 20"),
    ] {
        let scene = Scene::new(48);
        scene.write(file, &coarse, |x, _| value * (1.0 + 0.01 * x));
        scene.campaign("my.ron", "out", &["months: [6],", field]);
        let answer = scene.ask(&["check", "my.ron"]);
        answer.failed(65, &[told, "odd.tif"]);
        cure(&scene, &answer, file);
        scene.ask(&["check", "my.ron"]).good();
    }
    // No data that is not declared, beside what is.
    let scene = Scene::new(48);
    scene.write("odd.tif", &coarse, |x, y| if x < 1.5 && y > 8.5 { 65535.0 } else { 4000.0 });
    translate(&scene, &["-ot", "UInt16", "-a_nodata", "none", "odd.tif", "cloud_06.tif"]);
    scene.campaign("my.ron", "out", &["months: [6],"]);
    let answer = scene.ask(&["check", "my.ron"]);
    answer.failed(65, &["cloud cover of 65535 at ", "column 0, row 9", "-a_nodata 65535 "]);
    cure(&scene, &answer, "cloud_06.tif");
    scene.ask(&["check", "my.ron"]).good();
}
