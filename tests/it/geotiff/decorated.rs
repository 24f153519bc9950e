//! Values in unusual clothes are values: codecs, types and colours that come rarely.

use super::write::through_gdal;
use super::{HEIGHT, Lab, PROGRAMS, WIDTH, all, open, same, support, text, values, with_entries};

#[test]
fn rare_codecs_and_types_are_read() {
    if !support::have_programs("rare_codecs_and_types_are_read", &PROGRAMS) {
        return;
    }
    let tiled = ["TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=16"];
    let table: [(&str, f64, f64, &[&str]); 10] = [
        ("Byte", 0.0, 0.0, &["COMPRESS=PACKBITS", "BLOCKYSIZE=7"]),
        ("UInt16", 40_000.0, 0.0, &["COMPRESS=PACKBITS", "ENDIANNESS=BIG", "BLOCKYSIZE=7"]),
        ("Float32", -100.0, 0.375, &["COMPRESS=PACKBITS", "BIGTIFF=YES"]),
        ("Float64", -100.0, 0.375, &["COMPRESS=PACKBITS", "ENDIANNESS=BIG"]),
        ("Int64", -3_000_000.0, 0.0, &["COMPRESS=ZSTD", "PREDICTOR=2"]),
        ("UInt64", 5_000_000.0, 0.0, &["ENDIANNESS=BIG"]),
        ("Float32", -100.0, 0.375, &["NBITS=16"]),
        ("Float32", -100.0, 0.375, &["NBITS=16", "COMPRESS=DEFLATE", "PREDICTOR=3"]),
        ("Float32", -100.0, 0.375, &["NBITS=16", "COMPRESS=PACKBITS", "ENDIANNESS=BIG"]),
        ("Byte", 0.0, 0.0, &["COMPRESS=PACKBITS"]),
    ];
    for (number, (kind, low, fraction, options)) in table.into_iter().enumerate() {
        let source = values(low, fraction);
        let lab = Lab::new(&source);
        let nodata = low + fraction + 5.0;
        let nodata_text = nodata.to_string();
        let mut arguments = vec!["-ot", kind, "-a_nodata", &nodata_text];
        let tiled = if number % 2 == 1 && !options.contains(&"BLOCKYSIZE=7") { &tiled[..] } else { &[] };
        arguments.extend(options.iter().chain(tiled).flat_map(|option| ["-co", option]));
        let path = lab.translate("rare.tif", &arguments);
        let expected: Vec<f32> =
            source.iter().map(|v| if *v == nodata { f32::NAN } else { *v as f32 }).collect();
        assert!(same(&all(&path).unwrap().values, &expected), "{kind} {options:?}");
    }
}

#[test]
fn bytes_in_jpeg_are_read_as_gdal_reads_them() {
    if !support::have_programs("bytes_in_jpeg_are_read_as_gdal_reads_them", &PROGRAMS) {
        return;
    }
    let smooth = |i: usize| (100.0 + 60.0 * ((i % WIDTH) as f64 * 0.1).sin() + (i / WIDTH) as f64).round();
    let lab = Lab::new(&(0..WIDTH * HEIGHT).map(smooth).collect::<Vec<_>>());
    for layout in [&["BLOCKYSIZE=16"][..], &["TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=16"]] {
        let mut arguments = vec!["-ot", "Byte", "-co", "COMPRESS=JPEG", "-co", "JPEG_QUALITY=90"];
        arguments.extend(layout.iter().flat_map(|option| ["-co", option]));
        let path = lab.translate("jpeg.tif", &arguments);
        let (ours, gdals) = (all(&path).unwrap().values, through_gdal(&lab, &path, &[]));
        // Two decoders may round the cosines of a block differently.
        let worst = ours.iter().zip(&gdals).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= 1.0, "{layout:?}: {worst}");
        assert_eq!(ours.len(), gdals.len());
    }
    let path = lab.translate("jpeg12.tif", &["-ot", "UInt16", "-co", "COMPRESS=LZW"]);
    let claimed = lab.path("claimed.tif");
    with_entries(&path, &claimed, |entries, _| {
        let compression = entries.iter_mut().find(|entry| entry.0 == 259).unwrap();
        compression.3 = [7, 0, 0, 0];
    });
    support::refused(open(&claimed), "8 bits only");
}

/// A raster with a colour table, as `gdal_translate` writes one of a virtual raster.
fn coloured(lab: &Lab, kind: &str, option: &str) -> std::path::PathBuf {
    let plain = lab.translate("plain.tif", &["-ot", kind]);
    let vrt = lab.path("coloured.vrt");
    let content = format!(
        "<VRTDataset rasterXSize=\"{WIDTH}\" rasterYSize=\"{HEIGHT}\"><SRS>EPSG:3035</SRS>\
         <GeoTransform>4030000, 25, 0, 2440000, 0, -25</GeoTransform>\
         <VRTRasterBand dataType=\"{kind}\" band=\"1\"><ColorInterp>Palette</ColorInterp><ColorTable>\
         <Entry c1=\"9\" c2=\"8\" c3=\"7\" c4=\"255\"/><Entry c1=\"1\" c2=\"2\" c3=\"3\" c4=\"255\"/></ColorTable>\
         <SimpleSource><SourceFilename>{}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>",
        text(&plain)
    );
    std::fs::write(&vrt, content).unwrap();
    // Strips of one row, as in the cloud grids of EarthEnv.
    let arguments = ["-q", "-co", "COMPRESS=DEFLATE", "-co", "BLOCKYSIZE=1", "-co", option];
    lab.convert(&vrt, "coloured.tif", &arguments)
}

#[test]
fn a_colour_table_is_decoration() {
    if !support::have_programs("a_colour_table_is_decoration", &PROGRAMS) {
        return;
    }
    for (kind, low) in [("UInt16", 3000.0), ("Byte", 0.0)] {
        let source = values(low, 0.0);
        let lab = Lab::new(&source);
        let expected: Vec<f32> = source.iter().map(|v| *v as f32).collect();
        let path = coloured(&lab, kind, "PHOTOMETRIC=PALETTE");
        let mut found = None;
        // Any other interpretation of the colours of one band leaves the numbers as they are, too.
        for photometric in [3, 0, 1, 2, 5, 6, 8] {
            let other = lab.path("other.tif");
            with_entries(&path, &other, |entries, _| {
                let entry = entries.iter_mut().find(|entry| entry.0 == 262).unwrap();
                found.get_or_insert(entry.3[0]);
                entry.3 = [photometric, 0, 0, 0];
            });
            assert!(same(&all(&other).unwrap().values, &expected), "{kind} {photometric}");
        }
        assert_eq!(found, Some(3), "gdal_translate wrote a palette");
        assert!(same(&through_gdal(&lab, &path, &[]), &expected), "{kind}, by GDAL");
    }
}
