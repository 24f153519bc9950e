//! Tags that are missing, or wrong in a way that GDAL does not mind, are taken as GDAL takes them.

use std::path::Path;
use std::process::Command;

use super::write::through_gdal;
use super::{Lab, PROGRAMS, all, open, same, support, text, values, with_entries, with_text};

const STRIP_BYTE_COUNTS: u16 = 279;

/// Whether GDAL reads all cells of a file.
fn gdal_reads(path: &Path) -> bool {
    let output =
        Command::new("gdalinfo").args(["-checksum", text(path)]).env("LC_ALL", "C").output().unwrap();
    output.status.success() && !String::from_utf8_lossy(&output.stderr).contains("ERROR")
}

#[test]
fn optional_tags_may_be_missing() {
    if !support::have_programs("optional_tags_may_be_missing", &PROGRAMS) {
        return;
    }
    let source = values(0.0, 0.0);
    let expected: Vec<f32> = source.iter().map(|v| *v as f32).collect();
    let lab = Lab::new(&source);
    let (whole, cut) = (lab.path("whole.tif"), lab.path("cut.tif"));
    let all_optional = &[262, 277, 278, 284, 339];
    // Compression, rows of a strip, tags left out, whether GDAL reads it; where it does, so do we.
    let table: [(&str, &str, &[u16], bool); 14] = [
        ("NONE", "45", &[STRIP_BYTE_COUNTS], true),
        ("NONE", "7", &[STRIP_BYTE_COUNTS], false),
        ("NONE", "7", &[278], true),
        ("NONE", "45", all_optional, true),
        ("NONE", "45", &[259, 262, 277, 278, 279, 284, 339], true),
        ("NONE", "7", all_optional, true),
        ("DEFLATE", "45", &[STRIP_BYTE_COUNTS], true),
        ("DEFLATE", "45", all_optional, true),
        ("DEFLATE", "7", &[262, 277, 284, 339], true),
        ("LZW", "45", &[STRIP_BYTE_COUNTS], true),
        ("ZSTD", "45", &[STRIP_BYTE_COUNTS], true),
        ("PACKBITS", "45", &[STRIP_BYTE_COUNTS], true),
        ("DEFLATE", "7", &[STRIP_BYTE_COUNTS], false),
        ("DEFLATE", "7", &[278], false),
    ];
    for (compression, rows, without, read_by_gdal) in table {
        let options = [format!("COMPRESS={compression}"), format!("BLOCKYSIZE={rows}")];
        std::fs::rename(
            lab.translate("made.tif", &["-ot", "Byte", "-co", &options[0], "-co", &options[1]]),
            &whole,
        )
        .unwrap();
        with_entries(&whole, &cut, |entries, _| entries.retain(|entry| !without.contains(&entry.0)));
        assert_eq!(gdal_reads(&cut), read_by_gdal, "{compression} {rows} {without:?}");
        match all(&cut) {
            Ok(grid) => assert!(same(&grid.values, &expected), "{compression} {rows} {without:?}"),
            Err(problem) => assert!(!read_by_gdal, "{compression} {rows} {without:?}: {problem}"),
        }
    }
    // What follows from the size alone, GDAL need not read for us to read it.
    let plain = lab.translate("made.tif", &["-ot", "Byte", "-co", "BLOCKYSIZE=7"]);
    with_entries(&plain, &cut, |entries, _| entries.retain(|entry| entry.0 != STRIP_BYTE_COUNTS));
    assert!(same(&all(&cut).unwrap().values, &expected));
    let packed = lab.translate("made.tif", &["-ot", "Byte", "-co", "BLOCKYSIZE=7", "-co", "COMPRESS=LZW"]);
    with_entries(&packed, &cut, |entries, _| entries.retain(|entry| entry.0 != STRIP_BYTE_COUNTS));
    support::refused(open(&cut), "does not tell the lengths of its 7 compressed blocks");
}

#[test]
fn lengths_that_cannot_be_are_taken_as_gdal_takes_them() {
    if !support::have_programs("lengths_that_cannot_be_are_taken_as_gdal_takes_them", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(1.0, 0.0));
    for (options, lengths) in [
        (&["-co", "BLOCKYSIZE=45"][..], &[0_u32][..]),
        (&["-co", "BLOCKYSIZE=45"], &[3]),
        (&["-co", "BLOCKYSIZE=45", "-co", "COMPRESS=DEFLATE"], &[0]),
        (&["-co", "BLOCKYSIZE=15"], &[0, 1050, 1050]),
        (&["-co", "BLOCKYSIZE=15"], &[3, 1050, 1050]),
        (&["-co", "BLOCKYSIZE=15"], &[3, 3, 3]),
        (&["-co", "BLOCKYSIZE=15"], &[2100, 2100, 2100]),
        (&["-co", "BLOCKYSIZE=15"], &[1050, 1050, 9999]),
    ] {
        let whole = lab.translate("whole.tif", &[&["-ot", "Byte"], options].concat());
        let wrong = lab.path("wrong.tif");
        with_entries(&whole, &wrong, |entries, bytes| {
            let entry = entries.iter_mut().find(|entry| entry.0 == STRIP_BYTE_COUNTS).unwrap();
            assert_eq!(entry.2 as usize, lengths.len());
            let list: Vec<u8> = lengths.iter().flat_map(|length| length.to_le_bytes()).collect();
            entry.1 = 4;
            entry.3 = (bytes.len() as u32).to_le_bytes();
            match <[u8; 4]>::try_from(list.as_slice()) {
                Ok(alone) => entry.3 = alone,
                Err(_) => bytes.extend(list),
            }
        });
        assert!(
            same(&all(&wrong).unwrap().values, &through_gdal(&lab, &wrong, &[])),
            "{options:?} {lengths:?}"
        );
    }
}

#[test]
fn nodata_is_found_in_every_notation() {
    if !support::have_programs("nodata_is_found_in_every_notation", &PROGRAMS) {
        return;
    }
    let lowest = f64::from(f32::MIN);
    // The type, the number in four cells, the text of the tag, whether those cells are no data.
    let table = [
        // In whole numbers the fraction is cut, unless the value lies outside of what GDAL compares such cells as.
        ("Int16", -999.0, "-999.9", true),
        ("Int16", -1000.0, "-999.9", false),
        ("Int16", -32768.0, "-32768.5", true),
        ("Int16", 32767.0, "32768", false),
        ("Int16", 0.0, "-0.5", true),
        ("UInt16", 210.0, "210.9", true),
        ("UInt16", 211.0, "210.9", false),
        ("UInt16", 65535.0, "65535.9", true),
        ("UInt16", 0.0, "-0.5", false),
        ("Byte", 210.0, "210.9", true),
        ("Byte", 255.0, "255.9", false),
        ("Byte", 0.0, "-0.5", false),
        ("Int32", -999.0, "-999.9", true),
        ("Int32", 2_147_483_647.0, "2147483647.5", false),
        ("UInt32", 210.0, "210.9", true),
        ("UInt32", 4_294_967_295.0, "4294967295.9", false),
        ("Float32", -999.0, "-999.9", false),
        ("Float32", lowest, "-3.40282346638529e+38", true),
        ("Float32", lowest, "-3.4028234663852886e+38", true),
        ("Float64", lowest, "-3.40282346638529e+38", true),
        ("Float64", lowest, "-3.40282e+38", true),
        ("Float32", f64::NEG_INFINITY, "-1.7976931348623157e+308", true),
        ("Float32", f64::INFINITY, "inf", true),
        ("Float32", f64::INFINITY, "1.#INF", true),
        ("Float32", -9999.9, "-9999.9", true),
        ("Float32", -9999.0, " -9999 ", true),
        ("Float32", -9999.0, "-9999.0 m", true),
        ("Float32", -9999.0, "nan", false),
        ("Float32", -9999.0, "-nan", false),
        ("Float32", -9999.0, "NaN", false),
        ("Float32", -9999.0, "1.#QNAN", false),
        ("Float32", -9999.0, "-1.#IND", false),
        ("Int16", -9999.0, "-9999.0", true),
        ("Int16", -9999.0, "-9.999e3", true),
        ("Int16", -32768.0, "-32768.", true),
        ("Int16", -9999.0, "nan", false),
        ("UInt16", 55_537.0, "-9999", false),
        ("UInt16", 0.0, "65536", false),
        ("Byte", 1.0, "257", false),
        ("Byte", 255.0, "-1", false),
    ];
    for (kind, number, notation, hidden) in table {
        let mut source = values(2.0, 0.0);
        source[7..11].fill(number);
        let lab = Lab::new(&source);
        let (made, path) = (lab.translate("made.tif", &["-ot", kind]), lab.path("nodata.tif"));
        with_text(&made, &path, 42113, notation.as_bytes());
        let read = all(&path).unwrap().values;
        let found: Vec<bool> = read.iter().map(|v| v.is_nan()).collect();
        let expected: Vec<bool> = (0..source.len()).map(|i| hidden && (7..11).contains(&i)).collect();
        assert!(found == expected, "{kind} {number} {notation:?}");
        // The mask that GDAL makes of it, in whole numbers.
        if !kind.starts_with("Float") && notation != "nan" {
            let mask = through_gdal(&lab, &path, &["-b", "mask"]);
            let gdals: Vec<bool> = mask.iter().map(|shown| *shown == 0.0).collect();
            assert!(gdals == expected, "GDAL: {kind} {number} {notation:?}");
        }
    }
    // GDAL would take these for 0, or for a part of them.
    let lab = Lab::new(&values(2.0, 0.0));
    let made = lab.translate("made.tif", &["-ot", "Float32"]);
    for notation in ["none", "NULL", "- 9999", "-9999,5", "0x10"] {
        let path = lab.path("nodata.tif");
        with_text(&made, &path, 42113, notation.as_bytes());
        let problem = support::refused(open(&path), &format!("nodata value {notation:?}"));
        let cured = crate::cures::run_cure(&problem.cure, lab.folder.path());
        assert!(same(&all(&cured).unwrap().values, &all(&made).unwrap().values), "{notation:?}");
    }
}
