//! Bad inputs: each is refused before anything is computed, with a message that names the file and the cure.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::scene::{Answer, PROGRAM, Scene, assert_same_maps, height, placement};
use crate::support::{have_programs, said, skip};

/// `check` on a scene after something was spoilt.
fn check(changes: &[&str], spoil: impl Fn(&Scene)) -> Answer {
    let scene = Scene::new(48);
    spoil(&scene);
    scene.campaign("my.ron", "out", changes);
    scene.ask(&["check", "my.ron"])
}

/// The terrain rewritten by a tool of GDAL.
fn by_gdal(scene: &Scene, arguments: &[&str]) {
    fs::rename(scene.path("dem.tif"), scene.path("whole.tif")).unwrap();
    let arguments = [&["-q"], arguments, &["whole.tif", "dem.tif"]].concat();
    said("gdal_translate", &arguments, &scene.path(""));
}

#[test]
fn a_missing_terrain_is_named_with_the_line_that_asks_for_it() {
    let answer = check(&[], |scene| fs::remove_file(scene.path("dem.tif")).unwrap());
    answer.failed(65, &["my.ron:5", "dem.tif", "→"]);
}

#[test]
fn a_terrain_that_is_no_tiff_is_refused() {
    let answer = check(&[], |scene| fs::write(scene.path("dem.tif"), "ncols 10\nnrows 10\n").unwrap());
    answer.failed(65, &["my.ron:5", "dem.tif", "TIFF"]);
}

#[test]
fn a_terrain_without_a_coordinate_system_is_refused() {
    if !have_programs("a_terrain_without_a_coordinate_system_is_refused", &["gdal_translate"]) {
        return;
    }
    let unnamed = check(&[], |scene| by_gdal(scene, &["-a_srs", "LOCAL_CS[\"none\"]"]));
    unnamed.failed(65, &["my.ron:5", "dem.tif", "has no coordinate system", "gdal_edit.py -a_srs EPSG:CODE"]);
    let nowhere = check(&[], |scene| by_gdal(scene, &["-co", "PROFILE=BASELINE"]));
    nowhere.failed(65, &["my.ron:5", "dem.tif", "not georeferenced"]);
}

#[test]
fn a_terrain_in_a_system_that_the_engine_does_not_know_is_refused() {
    if !have_programs("a_terrain_in_a_system_that_the_engine_does_not_know_is_refused", &["gdal_translate"]) {
        return;
    }
    let answer = check(&[], |scene| by_gdal(scene, &["-a_srs", "EPSG:3857"]));
    answer.failed(65, &["my.ron:5", "dem.tif", "3857", "3035"]);
}

#[test]
fn a_terrain_says_its_unit_inside_or_beside_the_file() {
    // As metres the numbers of decimetres would be higher than any mountain.
    let in_decimetres = |scene: &Scene| {
        scene.write("dem.tif", &placement(48, 25.0, 0.0), |x, y| 10.0 * height(x, y));
    };
    let say = |scene: &Scene, unit: &str| {
        let unit = format!("<UnitType>{unit}</UnitType>");
        let side = format!("<PAMDataset><PAMRasterBand band=\"1\">{unit}</PAMRasterBand></PAMDataset>");
        fs::write(scene.path("dem.tif.aux.xml"), side).unwrap();
    };
    check(&[], in_decimetres).failed(65, &["my.ron:5", "dem.tif"]);
    let told = check(&[], |scene| {
        in_decimetres(scene);
        say(scene, "dm");
    });
    told.good();
    let feet = check(&[], |scene| say(scene, "US survey foot"));
    feet.failed(65, &["my.ron:5", "dem.tif", "without a vertical system", "gdal_edit.py -units m"]);
    let odd = check(&[], |scene| say(scene, "furlong"));
    odd.failed(65, &["my.ron:5", "dem.tif", "has values in \"furlong\"", "gdal_edit.py -units m"]);
    let masked = check(&[], |scene| fs::write(scene.path("dem.tif.msk"), "a mask").unwrap());
    masked.failed(65, &["my.ron:5", "dem.tif", "a mask beside it (dem.tif.msk)", "gdalwarp"]);
}

#[test]
fn a_terrain_in_degrees_is_refused() {
    if !have_programs("a_terrain_in_degrees_is_refused", &["gdal_translate"]) {
        return;
    }
    let geographic = ["-a_srs", "EPSG:4326", "-a_ullr", "6.0", "45.01", "6.01", "45.0"];
    let answer = check(&[], |scene| by_gdal(scene, &geographic));
    answer.failed(65, &["my.ron:5", "dem.tif"]);
}

#[test]
fn coarse_grids_elsewhere_are_refused_with_their_line() {
    let answer = check(&[], |scene| {
        let mut elsewhere = placement(9, 1000.0, 4000.0);
        elsewhere.west += 400_000.0;
        scene.write("t_06.tif", &elsewhere, |_, _| 10.0);
    });
    answer.failed(65, &["my.ron:8", "t_06.tif", "cover"]);
}

#[test]
fn a_terrain_without_any_value_is_refused() {
    let answer = check(&[], |scene| scene.write("dem.tif", &placement(48, 25.0, 0.0), |_, _| f64::NAN));
    answer.failed(65, &["my.ron:5", "dem.tif", "no valid"]);
}

#[test]
fn holes_in_the_terrain_become_holes_in_the_maps() {
    let scene = Scene::new(48);
    let hole = |x: f64, y: f64| x > 0.5 && x < 0.8 && y > 0.3 && y < 0.7;
    scene.write(
        "dem.tif",
        &placement(48, 25.0, 0.0),
        |x, y| if hole(x, y) { f64::NAN } else { height(x, y) },
    );
    scene.campaign("my.ron", "out", &["months: [6],", "tile: 64,"]);
    scene.ask(&["check", "my.ron"]).good();
    scene.ask(&["run", "my.ron"]).good();
    let maps = scene.ask(&["verify", "my.ron", "--json"]);
    let maps: Vec<serde_json::Value> = serde_json::from_str(&maps.good().stdout).unwrap();
    let cells = (0..48 * 48).filter(|i| !hole(f64::from(i % 48) * 0.025, f64::from(i / 48) * 0.025)).count();
    assert!(cells < 48 * 48 && !maps.is_empty());
    for map in maps {
        assert_eq!(map["valid"].as_u64(), Some(cells as u64), "{map}");
    }
}

#[test]
fn a_file_cut_in_half_is_refused() {
    let answer = check(&[], |scene| {
        let whole = fs::read(scene.path("dem.tif")).unwrap();
        fs::write(scene.path("dem.tif"), &whole[..whole.len() / 2]).unwrap();
    });
    answer.failed(65, &["my.ron:5", "dem.tif"]);
}

#[test]
fn a_negative_lapse_rate_is_refused_with_the_way_to_flip_it() {
    check(&["lapse: Constant(-0.0065),"], |_| ()).failed(65, &["my.ron:10", "lapse", "0.0065"]);
}

#[test]
fn a_month_13_is_refused() {
    check(&["months: [1, 13],"], |_| ()).failed(65, &["my.ron:6", "13", "12"]);
}

#[test]
fn a_walltime_shorter_than_the_margin_is_refused() {
    check(&["walltime: \"00:10:00\","], |_| ()).failed(65, &["my.ron:12", "walltime", "margin"]);
}

#[test]
fn an_unknown_field_is_refused_with_the_nearest_known_name() {
    check(&["compresion: Deflate,"], |_| ()).failed(65, &["compresion", "`compression`"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let answer = check(&[], |scene| {
        fs::remove_file(scene.path("t_01.tif")).unwrap();
        fs::remove_file(scene.path("cloud_06.tif")).unwrap();
        fs::write(scene.path("zref.tif"), "no raster").unwrap();
    });
    answer.failed(65, &["t_01.tif", "cloud_06.tif", "zref.tif", "3 problems"]);
}

#[test]
fn an_output_that_is_a_file_is_refused() {
    let answer = check(&[], |scene| fs::write(scene.path("out"), "not a folder").unwrap());
    answer.failed(74, &["out", "folder"]);
}

#[test]
fn an_output_on_a_read_only_disk_is_refused() {
    let test = "an_output_on_a_read_only_disk_is_refused";
    let scene = Scene::new(48);
    let place = scene.path("disk");
    let Some(disk) = Disk::mount(test, &place, "ro,size=1m") else { return };
    scene.campaign("my.ron", "disk/out", &[]);
    scene.ask(&["check", "my.ron"]).failed(74, &["my.ron:4", "cannot be written"]);
    drop(disk);
}

#[test]
fn a_full_disk_ends_a_run_with_its_own_code_and_room_lets_it_go_on() {
    let test = "a_full_disk_ends_a_run_with_its_own_code_and_room_lets_it_go_on";
    let scene = Scene::new(192);
    let place = scene.path("disk");
    // The program that jobs would run is copied there too.
    let program = fs::metadata(PROGRAM).unwrap().len();
    let Some(disk) = Disk::mount(test, &place, &format!("size={}", program + 600_000)) else { return };
    let changes =
        ["months: [6],", "products: [Direct, Diffuse, Total, Solar],", "tile: 64,", "compression: None,"];
    scene.campaign("small.ron", "disk/out", &changes);
    scene.campaign("large.ron", "out", &changes);
    let warned = scene.ask(&["check", "small.ron"]);
    assert!(warned.good().stderr.contains("warning"), "{warned}");
    scene
        .ask(&["run", "small.ron"])
        .failed(73, &["No space left on device", "free", "everything sealed before is intact"]);
    disk.grow(&format!("size={}", program + 32_000_000));
    scene.ask(&["run", "small.ron"]).good();
    scene.ask(&["run", "large.ron"]).good();
    assert_same_maps(&scene.maps("disk/out"), &scene.maps("out"));
}

/// A small disk in memory, mounted for one test.
struct Disk<'p> {
    place: &'p Path,
}

impl<'p> Disk<'p> {
    fn mount(test: &str, place: &'p Path, options: &str) -> Option<Self> {
        fs::create_dir_all(place).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(place).output();
        if mounted.is_ok_and(|m| m.status.success()) {
            return Some(Self { place });
        }
        skip(test, "only root may mount a small disk");
        None
    }

    fn grow(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.place).status().unwrap().success());
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.place).status();
    }
}
