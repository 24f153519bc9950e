//! What lies beside a file is read as GDAL reads it, or refused.

use std::path::Path;

use alpsckpt::engine::grid::Grid;
use alpsckpt::engine::identity;
use alpsckpt::grid_file::write_grid;

use super::write::through_gdal;
use super::{HEIGHT, Lab, PROGRAMS, WIDTH, all, layer, open, placement, same, support, text, values};
use crate::cures::run_cure;

fn write_side(path: &Path, inside: &str) {
    std::fs::write(format!("{}.aux.xml", text(path)), format!("<PAMDataset>{inside}</PAMDataset>")).unwrap();
}

#[test]
fn nodata_scale_and_offset_beside_a_file_count_as_in_gdal() {
    if !support::have_programs("nodata_scale_and_offset_beside_a_file_count_as_in_gdal", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(2.0, 0.0));
    let bare: &[&str] = &["-ot", "UInt16"];
    let full: &[&str] = &["-ot", "UInt16", "-a_nodata", "5", "-a_scale", "0.5", "-a_offset", "1"];
    let table: [(&[&str], &str); 9] = [
        (bare, "<NoDataValue>7</NoDataValue>"),
        (bare, "<NoDataValue>7</NoDataValue><Offset>10</Offset><Scale>2</Scale>"),
        (bare, "<Scale>2</Scale>"),
        (bare, "<NoDataValue le_hex_equiv=\"0000000000002040\">7.9</NoDataValue>"),
        (bare, "<!-- <NoDataValue>7</NoDataValue> --><Description>made</Description>"),
        // Beside wins for nodata, inside for scale and offset.
        (full, "<NoDataValue>7</NoDataValue>"),
        (full, "<NoDataValue>7</NoDataValue><Offset>10</Offset><Scale>2</Scale>"),
        (full, "<Offset>10</Offset>"),
        (full, "<Metadata><MDI key=\"STATISTICS_MEAN\">9</MDI></Metadata>"),
    ];
    for (arguments, inside) in table {
        let path = lab.translate("values.tif", arguments);
        write_side(&path, &format!("<PAMRasterBand band=\"1\">{inside}</PAMRasterBand>"));
        let ours = all(&path).unwrap().values;
        // GDAL unscales only where there is something to unscale.
        let gdals = through_gdal(&lab, &path, &["-unscale", "-a_nodata", "-9999"]);
        assert_eq!(ours.len(), gdals.len());
        let (mut hidden, mut worst) = (0, 0.0_f32);
        for (ours, gdals) in ours.iter().zip(&gdals) {
            // What is no data keeps its number through `-unscale`.
            if ours.is_nan() {
                hidden += 1;
                assert!([-9999.0, 5.0, 7.0, 8.0].contains(gdals), "{inside}: {gdals}");
            } else {
                worst = worst.max((ours - gdals).abs());
            }
        }
        assert!(worst < 1e-4, "{arguments:?} {inside}: {worst}");
        assert_eq!(
            hidden > 0,
            inside.contains("<NoDataValue") && !inside.contains("<!--") || arguments == full
        );
    }
    // In no other band, and not when the file is cut: as GDAL.
    let path = lab.translate("values.tif", bare);
    for whole in [
        "<PAMDataset><PAMRasterBand band=\"2\"><NoDataValue>7</NoDataValue></PAMRasterBand></PAMDataset>",
        "<PAMDataset><PAMRasterBand band=\"1\"><NoDataValue>7</NoDataValue>",
    ] {
        std::fs::write(lab.path("values.tif.aux.xml"), whole).unwrap();
        assert!(all(&path).unwrap().values.iter().all(|v| v.is_finite()), "{whole}");
    }
}

/// The band's no-data, scale and offset, as GDAL finds them.
fn found_by_gdal(path: &Path) -> [serde_json::Value; 3] {
    let info = support::gdalinfo(path, &[]);
    ["noDataValue", "scale", "offset"].map(|name| info["bands"][0][name].clone())
}

#[test]
fn a_side_file_is_read_as_the_xml_that_gdal_reads() {
    if !support::have_programs("a_side_file_is_read_as_the_xml_that_gdal_reads", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(2.0, 0.0));
    let path = lab.translate("values.tif", &["-ot", "Int16"]);
    let plain = all(&path).unwrap().values;
    let of = |band: &str, inside: &str| format!("<PAMRasterBand {band}>{inside}</PAMRasterBand>");
    let first = |inside: &str| of("band=\"1\"", inside);
    let whole = |inside: &str| format!("<PAMDataset>{inside}</PAMDataset>");
    let full = first("<NoDataValue>7</NoDataValue><Offset>1</Offset><Scale>0.5</Scale>");
    // The file; what GDAL finds, which counts here, too: no-data, scale, offset.
    let nothing = (None::<f32>, 1.0_f32, 0.0_f32);
    let table = vec![
        (whole(&full), (Some(7.0), 0.5, 1.0)),
        (format!("\u{feff}\n{}", whole(&full)), (Some(7.0), 0.5, 1.0)),
        // In another file within the file, or anywhere but right inside.
        (
            whole(&format!("<Subdataset name=\"GTIFF_DIR:2:values.tif\">{}</Subdataset>", whole(&full))),
            nothing,
        ),
        (
            whole(&format!(
                "<Subdataset name=\"a\">{}</Subdataset>{}",
                whole(&full),
                first("<Scale>3</Scale>")
            )),
            (None, 3.0, 0.0),
        ),
        (whole(&format!("<Other>{full}</Other>")), nothing),
        (whole(&first("<Other><NoDataValue>7</NoDataValue><Scale>2</Scale></Other>")), nothing),
        // The later band sets all anew but no-data; within a band the first counts.
        (whole(&format!("{full}{}", first("<Scale>3</Scale>"))), (Some(7.0), 3.0, 0.0)),
        (whole(&format!("{full}{}", first("<NoDataValue>8</NoDataValue>"))), (Some(8.0), 1.0, 0.0)),
        (
            whole(&first(
                "<NoDataValue>7</NoDataValue><NoDataValue>8</NoDataValue><Scale>2</Scale><Scale>3</Scale>",
            )),
            (Some(7.0), 2.0, 0.0),
        ),
        // Ways to write a text, and a number of a band.
        (
            whole(&first("<NoDataValue><![CDATA[7]]></NoDataValue><Scale><![CDATA[2]]></Scale>")),
            (Some(7.0), 2.0, 0.0),
        ),
        (whole(&first("<NoDataValue>&#55;</NoDataValue><Scale>&#x32;</Scale>")), (Some(7.0), 2.0, 0.0)),
        (whole(&first("<Scale>2<!-- or -->5</Scale>")), nothing),
        (whole(&of("band=\"01\"", "<Scale>2</Scale>")), (None, 2.0, 0.0)),
        (whole(&of("BAND='1' scale='2'", "")), (None, 2.0, 0.0)),
        (whole(&of("", "<band>1</band><Scale>2</Scale>")), (None, 2.0, 0.0)),
        (whole(&of("", "<Scale>2</Scale>")), nothing),
        // Anything before the first element.
        (format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", whole(&full)), nothing),
        (format!("<!-- made -->{}", whole(&full)), nothing),
        (format!("<Other>{}</Other>", whole(&full)), nothing),
        // Cut, and closed by another name.
        (format!("<PAMDataset>{full}</PAMData"), nothing),
        (whole(&first("<NoDataValue>7</NoData><Scale>2</Scale>")), nothing),
    ];
    for (side, (nodata, scale, offset)) in table {
        std::fs::write(lab.path("values.tif.aux.xml"), &side).unwrap();
        let [gdals_nodata, gdals_scale, gdals_offset] = found_by_gdal(&path);
        assert_eq!(gdals_nodata.as_f64(), nodata.map(f64::from), "{side}");
        assert_eq!(gdals_scale.as_f64().unwrap_or(1.0), f64::from(scale), "{side}");
        assert_eq!(gdals_offset.as_f64().unwrap_or(0.0), f64::from(offset), "{side}");
        let expected: Vec<f32> =
            plain.iter().map(|v| if Some(*v) == nodata { f32::NAN } else { v * scale + offset }).collect();
        assert!(same(&all(&path).unwrap().values, &expected), "{side}");
    }
    // What is not XML, but GDAL reads, is asked about; the cure is GDAL's view.
    for side in [
        format!("{}<Other/>", whole(&full)),
        whole(&format!("{full}<Other>a & b</Other>")),
        format!("<PAMDataset>{full}</pamdataset>"),
    ] {
        std::fs::write(lab.path("values.tif.aux.xml"), &side).unwrap();
        assert_eq!(found_by_gdal(&path)[1].as_f64(), Some(0.5), "{side}");
        let problem = support::refused(open(&path), "is not well-formed XML");
        let cured = run_cure(&problem.cure, lab.folder.path());
        let expected: Vec<f32> =
            plain.iter().map(|v| if *v == 7.0 { f32::NAN } else { v * 0.5 + 1.0 }).collect();
        assert!(same(&all(&cured).unwrap().values, &expected), "{side}");
    }
}

#[test]
fn a_mask_beside_or_inside_is_refused_and_its_cure_works_for_every_type() {
    if !support::have_programs(
        "a_mask_beside_or_inside_is_refused_and_its_cure_works_for_every_type",
        &["gdal_translate", "gdalbuildvrt", "gdalwarp"],
    ) {
        return;
    }
    // Zero is a value, and so is what a nodata of -9999 would become in an unsigned type.
    for (kind, low) in [("UInt16", 0.0), ("Byte", 0.0), ("Int16", -9999.0), ("Float32", -100.0)] {
        let source = values(low, 0.0);
        let lab = Lab::new(&source);
        let plain = lab.translate("plain.tif", &["-ot", kind]);
        let shown: Vec<bool> = (0..source.len()).map(|i| i % 70 >= 10).collect();
        let opacity = Lab::new(&shown.iter().map(|s| if *s { 255.0 } else { 0.0 }).collect::<Vec<_>>());
        let opacity = opacity.translate("opacity.tif", &["-ot", "Byte"]);
        let both = lab.path("both.vrt");
        lab.gdal("gdalbuildvrt", &["-q", "-separate", text(&both), text(&plain), text(&opacity)]);
        let expected: Vec<f32> =
            source.iter().zip(&shown).map(|(v, shown)| if *shown { *v as f32 } else { f32::NAN }).collect();
        for (name, internal) in [("inside.tif", "YES"), ("b side.tif", "NO")] {
            let arguments = ["-q", "-b", "1", "-mask", "2", "--config", "GDAL_TIFF_INTERNAL_MASK", internal];
            let path = lab.convert(&both, name, &arguments);
            let words = if internal == "YES" { "a mask inside" } else { "a mask beside it (b side.tif.msk)" };
            let problem = support::refused(open(&path), words);
            let cured = run_cure(&problem.cure, lab.folder.path());
            assert!(same(&all(&cured).unwrap().values, &expected), "{kind} {name}");
            // gdalwarp computes the size of a cell anew, from the corners.
            let (there, here) = (open(&cured).unwrap(), open(&plain).unwrap());
            assert!((there.placement().cell_x - here.placement().cell_x).abs() < 1e-12);
            assert_eq!(there.placement().west, here.placement().west);
        }
        // A band of opacities takes two steps.
        let path = lab.convert(&both, "alpha.tif", &["-q", "-colorinterp_2", "alpha"]);
        let problem = support::refused(open(&path), "a band of opacities");
        let masked = run_cure(&problem.cure, lab.folder.path());
        let cured = run_cure(&open(&masked).unwrap_err().cure, lab.folder.path());
        assert!(same(&all(&cured).unwrap().values, &expected), "{kind}, opacities");
    }
}

#[test]
fn a_place_beside_a_file_is_the_same_or_asked_about() {
    if !support::have_programs("a_place_beside_a_file_is_the_same_or_asked_about", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(2.0, 0.0));
    let path = lab.translate("placed.tif", &["-ot", "Int16"]);
    let here = open(&path).unwrap().placement().clone();
    // What GDAL itself writes of the place, of the file and of another one.
    let wkt = |system: &str| {
        let path = lab.translate("system.vrt", &["-of", "VRT", "-a_srs", system]);
        let vrt = std::fs::read_to_string(path).unwrap();
        let from = vrt.find("<SRS").unwrap();
        vrt[from..vrt.find("</SRS>").unwrap() + 6].to_owned()
    };
    let same_place = "<GeoTransform> 4.03e6, 25, 0, 2.44e6, 0, -25.0000</GeoTransform>";
    for inside in [same_place.to_owned(), wkt("EPSG:3035"), wkt("EPSG:3035+5621")] {
        write_side(&path, &inside);
        assert_eq!(open(&path).unwrap().placement(), &here, "{inside}");
    }
    let elsewhere = "<GeoTransform> 4.03e6, 30, 0, 2.44e6, 0, -30</GeoTransform>";
    for (inside, words) in
        [(elsewhere.to_owned(), "lies elsewhere"), (wkt("EPSG:32632"), "names another system")]
    {
        write_side(&path, &inside);
        let problem = support::refused(open(&path), words);
        assert!(problem.what.contains("placed.tif.aux.xml"), "{problem}");
        // The cure writes what GDAL believes.
        let cured = run_cure(&problem.cure, lab.folder.path());
        let there = open(&cured).unwrap().placement().clone();
        assert!(there.cell_x == 30.0 || there.crs.epsg() == 32632, "{there:?}");
    }
    // World files and overviews beside a file that says itself where it lies change nothing, there as here.
    std::fs::remove_file(lab.path("placed.tif.aux.xml")).unwrap();
    std::fs::write(lab.path("placed.tfw"), "30\n0\n0\n-30\n0\n0\n").unwrap();
    assert_eq!(open(&path).unwrap().placement(), &here);
    assert_eq!(support::gdalinfo(&path, &[])["geoTransform"][1], 25.0);
}

#[test]
fn what_is_said_beside_a_file_is_part_of_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dem.tif");
    let grid = Grid { width: WIDTH, height: HEIGHT, values: vec![1.5; WIDTH * HEIGHT] };
    write_grid(&path, &grid, &placement(), &layer()).unwrap();
    let bare = identity::quick(&path).unwrap();
    // File systems tell times in steps of some milliseconds.
    std::thread::sleep(std::time::Duration::from_millis(50));
    write_side(
        &path,
        "<PAMRasterBand band=\"1\"><Metadata><MDI key=\"MEAN\">9</MDI></Metadata></PAMRasterBand>",
    );
    let viewed = identity::quick(&path).unwrap();
    assert_eq!(viewed, bare, "statistics change nothing");
    assert_ne!(viewed.stamp, bare.stamp, "but it is looked at");
    for inside in ["<NoDataValue>1.5</NoDataValue>", "<Scale>2</Scale>", "<UnitType>ft</UnitType>"] {
        write_side(&path, &format!("<PAMRasterBand band=\"1\">{inside}</PAMRasterBand>"));
        let changed = identity::quick(&path).unwrap();
        assert!(bare.difference(&changed).unwrap().contains("what lies beside it"), "{inside}");
    }
    std::fs::remove_file(folder.path().join("dem.tif.aux.xml")).unwrap();
    assert_eq!(identity::quick(&path).unwrap().stamp, bare.stamp);
}
