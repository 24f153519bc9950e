//! What cannot be read is named, with a cure.

use std::path::Path;

use super::{HEIGHT, Lab, PROGRAMS, WIDTH, open, support, text, values};

/// Opens what must be refused; the message names the file, contains `expected` and has a cure.
fn refused(path: &Path, expected: &str) {
    let problem = support::refused(open(path), expected);
    assert_eq!(problem.file, path);
    assert!(problem.to_string().contains(expected), "expected {expected:?} in: {problem}");
    assert!(problem.cure.len() > 10, "{problem}");
}

#[test]
fn files_that_are_no_raster_are_each_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    refused(&path("missing.tif"), "there is no such file");
    refused(folder.path(), "is a folder");
    let written = |name: &str, bytes: &[u8]| {
        std::fs::write(path(name), bytes).unwrap();
        path(name)
    };
    refused(&written("empty.tif", b""), "is not a TIFF file: it has only 0 bytes");
    refused(
        &written("text.tif", b"column row value\n"),
        "is not a TIFF file: it does not begin with II or MM",
    );
    refused(&written("number.tif", b"II\x2c\0\x08\0\0\0\0\0\0\0"), "is not a TIFF file: its header");
    refused(&written("header.tif", b"II\x2a\0\x00\x10\0\0"), "is cut or damaged");
}

#[test]
fn files_of_another_kind_are_each_named_with_a_cure() {
    if !support::have_programs("files_of_another_kind_are_each_named_with_a_cure", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let table: [(&[&str], &str); 12] = [
        (&["-b", "1", "-b", "1"], "has 2 bands"),
        (&["-ot", "CFloat32"], "has complex numbers"),
        (&["-ot", "CInt16"], "has complex numbers"),
        (&["-ot", "Byte", "-co", "NBITS=1"], "of 1 bits"),
        (&["-co", "COMPRESS=LZMA"], "LZMA"),
        (&["-a_srs", "EPSG:3857"], "is in EPSG:3857; known are EPSG:3035"),
        (&["-a_srs", "EPSG:27572"], "is in EPSG:27572"),
        (&["-a_srs", "EPSG:4269", "-a_ullr", "5", "47", "6", "46"], "is in EPSG:4269"),
        (&["-a_srs", "+proj=laea +lat_0=45 +lon_0=8 +ellps=GRS80"], "a projection without a code"),
        (
            &["-a_srs", "+proj=longlat +ellps=bessel", "-a_ullr", "5", "47", "6", "46"],
            "described by its parameters",
        ),
        (&["-a_srs", "EPSG:4978"], "geocentric"),
        (&["-mask", "1", "--config", "GDAL_TIFF_INTERNAL_MASK", "YES"], "has a mask inside"),
    ];
    for (arguments, expected) in table {
        refused(&lab.translate("out.tif", arguments), expected);
    }
    let unnamed = lab.convert(&lab.raw, "unnamed.tif", &["-q", "-a_ullr", "0", "45", "70", "0"]);
    refused(&unnamed, "has no coordinate system");
    let bare = lab.convert(&lab.raw, "bare.tif", &["-q", "-a_srs", "EPSG:3035"]);
    refused(&bare, "is not georeferenced");
    let control = ["-gcp", "0", "0", "5", "47", "-gcp", "70", "0", "6", "47", "-gcp", "0", "45", "5", "46"];
    let control = [&["-q", "-a_srs", "EPSG:4326"], &control[..]].concat();
    refused(&lab.convert(&lab.raw, "control.tif", &control), "is placed by control points");
}

#[test]
fn rotated_mirrored_and_south_up_rasters_are_refused() {
    if !support::have_programs("rotated_mirrored_and_south_up_rasters_are_refused", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let plain = lab.translate("plain.tif", &["-ot", "Byte"]);
    let of_vrt = |name: &str, transform: &str| {
        let vrt = lab.path("form.vrt");
        let source =
            format!("<SimpleSource><SourceFilename>{}</SourceFilename></SimpleSource>", text(&plain));
        let content = format!(
            "<VRTDataset rasterXSize=\"{WIDTH}\" rasterYSize=\"{HEIGHT}\"><SRS>EPSG:3035</SRS>\
             <GeoTransform>{transform}</GeoTransform>\
             <VRTRasterBand dataType=\"Byte\" band=\"1\">{source}</VRTRasterBand></VRTDataset>"
        );
        std::fs::write(&vrt, content).unwrap();
        lab.convert(&vrt, name, &["-q"])
    };
    refused(&of_vrt("rotated.tif", "4030000, 20, 15, 2440000, 15, -20"), "is rotated");
    refused(&of_vrt("south.tif", "4030000, 25, 0, 2440000, 0, 25"), "is south up");
    refused(&of_vrt("mirrored.tif", "4030000, -25, 0, 2440000, 0, -25"), "is mirrored");
}
