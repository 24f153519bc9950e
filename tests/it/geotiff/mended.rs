//! The cures that the reader prints, run as they are printed; their results are read.

use std::os::unix::fs::FileTypeExt;
use std::process::Command;

use super::write::through_gdal;
use super::{Lab, PROGRAMS, WIDTH, all, open, same, support, text, values, with_text};
use crate::cures::run_cure;

#[test]
fn cures_for_forms_that_are_not_read_work_as_printed() {
    if !support::have_programs("cures_for_forms_that_are_not_read_work_as_printed", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(1.0, 0.0));
    let table: [(&[&str], &str); 8] = [
        (&["-ot", "Int16", "-b", "1", "-b", "1"], "has 2 bands"),
        (&["-ot", "CFloat32"], "complex"),
        (&["-ot", "CInt16"], "complex"),
        (&["-ot", "Byte", "-co", "NBITS=1"], "of 1 bits"),
        (&["-ot", "UInt16", "-co", "NBITS=12"], "of 12 bits"),
        (&["-ot", "Byte", "-co", "NBITS=1", "-co", "COMPRESS=CCITTFAX4"], "of 1 bits"),
        (&["-ot", "Int16", "-co", "COMPRESS=LZMA"], "LZMA"),
        (&["-ot", "Float32", "-co", "COMPRESS=LERC"], "LERC"),
    ];
    for (arguments, words) in table {
        let path = lab.translate("my file.tif", arguments);
        let problem = support::refused(open(&path), words);
        let cured = run_cure(&problem.cure, lab.folder.path());
        let expected = through_gdal(&lab, &path, &["-b", "1"]);
        assert!(same(&all(&cured).unwrap().values, &expected), "{arguments:?}");
        std::fs::remove_file(cured).unwrap();
    }
}

#[test]
fn cures_for_what_a_file_says_wrongly_of_itself_work_as_printed() {
    let name = "cures_for_what_a_file_says_wrongly_of_itself_work_as_printed";
    if !support::have_programs(name, &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(1.0, 0.0));
    let made = lab.translate("made.tif", &["-ot", "Int16"]);
    let item = |name: &str, text: &str| {
        format!("<Item name=\"{name}\" sample=\"0\" role=\"{}\">{text}</Item>", name.to_lowercase())
    };
    for (metadata, words) in [
        (item("SCALE", "ten"), "has the scale \"ten\""),
        (item("OFFSET", "none") + &item("SCALE", "1"), "has the offset \"none\""),
        (item("OFFSET", "3") + &item("SCALE", "0"), "has the scale 0"),
    ] {
        let path = lab.path("wrong.tif");
        with_text(&made, &path, 42112, format!("<GDALMetadata>{metadata}</GDALMetadata>").as_bytes());
        let problem = support::refused(open(&path), words);
        let cured = run_cure(&problem.cure, lab.folder.path());
        let offset = if words.ends_with('0') { 3.0 } else { 0.0 };
        let expected: Vec<f32> = all(&made).unwrap().values.iter().map(|v| v + offset).collect();
        assert!(same(&all(&cured).unwrap().values, &expected), "{words}");
    }
}

#[test]
fn a_huge_compressed_strip_is_refused_and_its_cure_works() {
    if !support::have_programs("a_huge_compressed_strip_is_refused_and_its_cure_works", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&vec![7.0; WIDTH * super::HEIGHT]);
    let arguments =
        ["-ot", "Byte", "-outsize", "9000", "8000", "-co", "BLOCKYSIZE=8000", "-co", "COMPRESS=ZSTD"];
    let path = lab.translate("huge.tif", &arguments);
    let problem = support::refused(open(&path), "9000 x 8000 cells, too large");
    let cured = run_cure(&problem.cure, lab.folder.path());
    assert_eq!(open(&cured).unwrap().window(8990, 7990, 2, 1).unwrap().values, [7.0, 7.0]);
}

#[test]
fn files_of_other_formats_are_named_and_their_cures_work() {
    if !support::have_programs("files_of_other_formats_are_named_and_their_cures_work", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(1.0, 0.0));
    let degrees = ["-ot", "Float32", "-a_srs", "EPSG:4326", "-a_ullr", "5", "47", "7.8", "45.2"];
    let made = lab.translate("made.tif", &degrees);
    let table: [(&str, &str, &[&str], &str); 8] = [
        ("f.grib", "GRIB", &["-ot", "Float64"], "is a GRIB file"),
        ("f.nc", "netCDF", &["-co", "FORMAT=NC"], "is a NetCDF file"),
        ("f 2.nc", "netCDF", &["-co", "FORMAT=NC2"], "is a NetCDF file"),
        ("f4.nc", "netCDF", &["-co", "FORMAT=NC4"], "is a NetCDF-4 or HDF5 file"),
        ("f.img", "HFA", &[], "is an Erdas Imagine file"),
        ("f.vrt", "VRT", &[], "is a virtual raster of GDAL"),
        ("f.asc", "AAIGrid", &[], "is an ASCII grid of ESRI"),
        ("f.ter", "Terragen", &["-ot", "Float32"], "does not begin with II or MM"),
    ];
    let expected = all(&made).unwrap().values;
    for (name, driver, arguments, words) in table {
        if driver == "Terragen" {
            // A format without a name here; what GDAL makes of it is its own affair.
            std::fs::write(lab.path(name), b"TERRAGENTERRAIN ").unwrap();
            let problem = support::refused(open(&lab.path(name)), words);
            assert!(problem.cure.contains("gdal_translate"), "{problem}");
            continue;
        }
        let path = lab.convert(&made, name, &[&["-q", "-of", driver], arguments].concat());
        let problem = support::refused(open(&path), words);
        let cured = run_cure(&problem.cure, lab.folder.path());
        let read = all(&cured).unwrap().values;
        let worst = read.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(read.len() == expected.len() && worst < 0.01, "{name}: {worst}");
    }
    let packed = lab.path("made.tif.gz");
    support::said("gzip", &["-k", text(&made)], lab.folder.path());
    let problem = support::refused(open(&packed), "is a gzip archive");
    std::fs::remove_file(&made).unwrap();
    run_cure(&problem.cure, lab.folder.path());
    assert!(same(&all(&made).unwrap().values, &expected));
}

#[test]
fn pipes_and_devices_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("dem.tif");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success() && std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(open(&pipe).map(drop)).unwrap());
    // Without a writer a pipe would be waited for without end.
    let answer = told.recv_timeout(std::time::Duration::from_mins(1)).expect("the pipe is not waited for");
    support::refused(answer, "is not a regular file");
    support::refused(open(std::path::Path::new("/dev/zero")), "is not a regular file");
}
