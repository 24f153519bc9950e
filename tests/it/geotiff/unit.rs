//! Heights come in metres, whatever unit a file says they have.

use alpsckpt::engine::Problem;
use alpsckpt::engine::geotiff::Raster;

use super::{Lab, PROGRAMS, same, support, text, values, with_entries};
use crate::cures::run_cure;

const FOOT: f64 = 0.3048;
const US_SURVEY_FOOT: f64 = 1200.0 / 3937.0;

fn heights(raster: &Raster) -> Vec<f32> {
    support::cells(raster).unwrap().values
}

fn refused(path: &std::path::Path, words: &str) -> Problem {
    support::refused(Raster::open_heights(path), words)
}

/// Puts a unit into the metadata of a GeoTIFF, as `gdal_edit.py -units` does.
fn with_unit(lab: &Lab, name: &str, arguments: &[&str], unit: &str) -> std::path::PathBuf {
    let path = lab.translate(name, arguments);
    lab.gdal("gdal_edit.py", &["-units", unit, text(&path)]);
    path
}

#[test]
fn heights_in_feet_come_in_metres() {
    if !support::have_programs("heights_in_feet_come_in_metres", &["gdal_translate", "gdal_edit.py"]) {
        return;
    }
    let source = values(3000.0, 0.5);
    let lab = Lab::new(&source);
    let in_metres = |metres: f64| source.iter().map(|v| (v * metres) as f32).collect::<Vec<_>>();
    for (unit, metres) in [
        ("m", 1.0),
        ("metre", 1.0),
        ("cm", 0.01),
        ("ft", FOOT),
        ("Feet", FOOT),
        ("US survey foot", US_SURVEY_FOOT),
        ("us-ft", US_SURVEY_FOOT),
    ] {
        // Feet need a vertical system that says the same.
        let system = match metres {
            FOOT => "EPSG:32612+8228",
            US_SURVEY_FOOT => "EPSG:32612+6360",
            _ => "EPSG:32612",
        };
        let path = with_unit(&lab, "unit.tif", &["-ot", "Float32", "-a_srs", system], unit);
        let raster = Raster::open_heights(&path).unwrap();
        assert!(same(&heights(&raster), &in_metres(metres)), "{unit}");
        // GDAL does not write down a unit that follows from the vertical system.
        assert_eq!(raster.unit(), (unit != "US survey foot").then_some(unit));
        // Without the wish for heights, the numbers stay.
        assert!(same(&heights(&Raster::open(&path).unwrap()), &in_metres(1.0)), "{unit}");
    }
    for (system, metres) in [
        ("EPSG:3035", 1.0),
        ("EPSG:3035+5621", 1.0),
        ("EPSG:32612+6360", US_SURVEY_FOOT),
        ("EPSG:32612+8228", FOOT),
        ("EPSG:32612+5703", 1.0),
        ("+proj=utm +zone=32 +ellps=GRS80 +vunits=us-ft", US_SURVEY_FOOT),
    ] {
        if system.starts_with('+') {
            // Not a system that is known; its vertical keys are put into one that is.
            let path = lab.translate("keys.tif", &["-ot", "Float32"]);
            let with_keys = lab.path("vertical.tif");
            with_entries(&path, &with_keys, |entries, bytes| {
                let keys = entries.iter_mut().find(|entry| entry.0 == 34735).unwrap();
                let from = u32::from_le_bytes(keys.3) as usize;
                let mut table = bytes[from..from + 2 * keys.2 as usize].to_vec();
                table[6] += 2;
                table
                    .extend([4096_u16, 0, 1, 32767, 4099, 0, 1, 9003].into_iter().flat_map(u16::to_le_bytes));
                keys.2 += 8;
                keys.3 = (bytes.len() as u32).to_le_bytes();
                bytes.extend(table);
            });
            let raster = Raster::open_heights(&with_keys).unwrap();
            assert!(same(&heights(&raster), &in_metres(metres)), "{system}");
            continue;
        }
        let path = lab.translate("system.tif", &["-ot", "Float32", "-a_srs", system]);
        let raster = Raster::open_heights(&path).unwrap();
        assert!(same(&heights(&raster), &in_metres(metres)), "{system}");
    }
    // A scale and an offset in the file are in its unit, and a unit beside it counts, too.
    let path = lab.translate("scaled.tif", &["-ot", "Int16", "-a_scale", "0.5", "-a_offset", "-10"]);
    let side = "<PAMDataset><PAMRasterBand band=\"1\"><UnitType>dm</UnitType></PAMRasterBand></PAMDataset>";
    std::fs::write(lab.path("scaled.tif.aux.xml"), side).unwrap();
    let stored = heights(&Raster::open(&path).unwrap());
    let expected: Vec<f32> = stored.iter().map(|v| (f64::from(*v) * 0.1) as f32).collect();
    let read = heights(&Raster::open_heights(&path).unwrap());
    let worst = read.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn units_that_are_none_of_heights_are_refused_with_cures_that_work() {
    let name = "units_that_are_none_of_heights_are_refused_with_cures_that_work";
    if !support::have_programs(name, &["gdal_translate", "gdal_edit.py"])
        || !support::have_programs(name, &PROGRAMS)
    {
        return;
    }
    let source = values(300.0, 0.5);
    let lab = Lab::new(&source);
    let expected: Vec<f32> = source.iter().map(|v| *v as f32).collect();
    for unit in ["K", "fathom", "degrees"] {
        let path = with_unit(&lab, "odd unit.tif", &["-ot", "Float32"], unit);
        let problem = refused(&path, &format!("has values in {unit:?}"));
        let cured = run_cure(&problem.cure, lab.folder.path());
        assert!(same(&heights(&Raster::open_heights(&cured).unwrap()), &expected), "{unit}");
    }
    // The band says one, the system another.
    let path =
        with_unit(&lab, "both.tif", &["-ot", "Float32", "-a_srs", "EPSG:32612+5703"], "US survey foot");
    let problem = refused(&path, "but in metres by its vertical system");
    let cured = run_cure(&problem.cure, lab.folder.path());
    assert!(same(&heights(&Raster::open_heights(&cured).unwrap()), &expected));
    let path = with_unit(&lab, "both.tif", &["-ot", "Float32", "-a_srs", "EPSG:32612+8228"], "m");
    let problem = refused(&path, "but in feet by its vertical system");
    let cured = run_cure(&problem.cure, lab.folder.path());
    let feet: Vec<f32> = source.iter().map(|v| (v * FOOT) as f32).collect();
    assert!(same(&heights(&Raster::open_heights(&cured).unwrap()), &feet));
    // Depths count downwards.
    let path = lab.translate("depths.tif", &["-ot", "Float32", "-a_srs", "EPSG:32632+5715"]);
    let problem = refused(&path, "has depths, positive downwards (EPSG:5715)");
    let cured = run_cure(&problem.cure, lab.folder.path());
    let turned: Vec<f32> = expected.iter().map(|v| -v).collect();
    assert!(same(&heights(&Raster::open_heights(&cured).unwrap()), &turned));
}

#[test]
fn feet_without_a_vertical_system_are_asked_about_since_gdalwarp_leaves_them_on_metres() {
    let name = "feet_without_a_vertical_system_are_asked_about_since_gdalwarp_leaves_them_on_metres";
    if !support::have_programs(name, &["gdal_translate", "gdal_edit.py", "gdalwarp"]) {
        return;
    }
    let source = values(3000.0, 0.5);
    let lab = Lab::new(&source);
    // Heights in feet with their system, reprojected: metres that say they are feet.
    let feet = lab.translate("feet.tif", &["-ot", "Float32", "-a_srs", "EPSG:32612+6360"]);
    let warped = lab.path("warped.tif");
    lab.gdal("gdalwarp", &["-q", "-t_srs", "EPSG:32612", text(&feet), text(&warped)]);
    let problem = refused(&warped, "without a vertical system");
    let cured = run_cure(&problem.cure, lab.folder.path());
    let read = heights(&Raster::open_heights(&cured).unwrap());
    let worst = read.iter().zip(&source).map(|(read, feet)| (f64::from(*read) - feet * US_SURVEY_FOOT).abs());
    assert!(worst.fold(0.0, f64::max) < 1e-3);
    // Feet that nobody has converted, by the other way that the message names.
    let path = with_unit(&lab, "unit.tif", &["-ot", "Float32", "-a_srs", "EPSG:32612"], "US survey foot");
    let problem = refused(&path, "without a vertical system");
    let other = problem.cure.replace("-units m", "-a_srs EPSG:32612+6360");
    assert!(other != problem.cure && problem.cure.contains("-a_srs EPSG:32612+6360"), "{problem}");
    let cured = run_cure(&other, lab.folder.path());
    let expected: Vec<f32> = source.iter().map(|v| (v * US_SURVEY_FOOT) as f32).collect();
    assert!(same(&heights(&Raster::open_heights(&cured).unwrap()), &expected));
}
