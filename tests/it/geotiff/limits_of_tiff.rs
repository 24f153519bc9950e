//! What the crate `tiff` cannot do, which is why our own code does it (`docs/decisions/0020-own-tiff-reader.md`). Where one
//! of these tests fails with a newer version of the crate, that code may go.

use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use alpsckpt::engine::geotiff::{Encoding, lay_out};
use alpsckpt::engine::{Compression, Storage, Tiling};
use tiff::decoder::{Decoder, DecodingResult};
use tiff::encoder::TiffEncoder;
use tiff::tags::Tag;

use super::write::through_gdal;
use super::{HEIGHT, Lab, PROGRAMS, WIDTH, all, layer, open, placement, support, values, with_entries};

/// The first block as the crate decodes it; its words where it does not.
fn first_block(path: &Path) -> Result<DecodingResult, String> {
    let mut decoder = Decoder::new(File::open(path).unwrap()).map_err(|e| e.to_string())?;
    decoder.read_chunk(0).map_err(|e| e.to_string())
}

#[test]
fn the_crate_does_not_open_images_without_optional_tags() {
    if !support::have_programs("the_crate_does_not_open_images_without_optional_tags", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let whole = lab.translate("whole.tif", &["-ot", "Byte", "-co", "BLOCKYSIZE=45"]);
    assert!(first_block(&whole).is_ok());
    for tag in [262, 279] {
        let cut = lab.path("cut.tif");
        with_entries(&whole, &cut, |entries, _| entries.retain(|entry| entry.0 != tag));
        first_block(&cut).map(drop).expect_err("an image without an optional tag");
        assert_eq!(all(&cut).unwrap().values.len(), WIDTH * HEIGHT, "{tag}");
    }
}

#[test]
fn the_crate_knows_no_blocks_that_were_never_written() {
    if !support::have_programs("the_crate_knows_no_blocks_that_were_never_written", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&vec![0.0; WIDTH * HEIGHT]);
    for compression in ["COMPRESS=NONE", "COMPRESS=PACKBITS", "COMPRESS=JPEG"] {
        let arguments = ["-ot", "Byte", "-co", "SPARSE_OK=TRUE", "-co", compression];
        let path = lab.translate("sparse.tif", &arguments);
        let zeros = |read: &DecodingResult| matches!(read, DecodingResult::U8(cells) if cells.iter().all(|c| *c == 0));
        assert!(!first_block(&path).is_ok_and(|read| zeros(&read)), "{compression}");
        assert!(all(&path).unwrap().values.iter().all(|v| *v == 0.0), "{compression}");
    }
}

#[test]
fn the_crate_undoes_a_predictor_where_libtiff_knows_none() {
    if !support::have_programs("the_crate_undoes_a_predictor_where_libtiff_knows_none", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.5));
    let plain = lab.translate("plain.tif", &["-ot", "Float32", "-co", "COMPRESS=PACKBITS"]);
    let predicted = lab.path("predicted.tif");
    with_entries(&plain, &predicted, |entries, _| entries.push((317, 3, 1, [2, 0, 0, 0])));
    let read = first_block(&predicted);
    assert!(!read.is_ok_and(|read| matches!(read, DecodingResult::F32(cells) if cells[1] == 7.5)));
    let ours = all(&predicted).unwrap().values;
    assert_eq!((ours[0], ours[1]), (0.5, 7.5));
    assert_eq!(ours, through_gdal(&lab, &predicted, &[]));
}

#[test]
fn the_crate_reads_no_palettes() {
    if !support::have_programs("the_crate_reads_no_palettes", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let plain = lab.translate("plain.tif", &["-ot", "UInt16"]);
    let palette = lab.path("palette.tif");
    with_entries(&plain, &palette, |entries, _| {
        entries.iter_mut().find(|entry| entry.0 == 262).unwrap().3 = [3, 0, 0, 0];
    });
    first_block(&palette).map(drop).expect_err("numbers of colours");
    assert_eq!(all(&palette).unwrap().values, all(&plain).unwrap().values);
}

#[test]
fn the_crate_loses_its_place_after_an_unknown_type_in_a_bigtiff() {
    if !support::have_programs("the_crate_loses_its_place_after_an_unknown_type_in_a_bigtiff", &PROGRAMS) {
        return;
    }
    let lab = Lab::new(&values(0.0, 0.0));
    let path = lab.translate("big.tif", &["-ot", "Byte", "-co", "BIGTIFF=YES", "-mo", "TIFFTAG_SOFTWARE=me"]);
    let mut bytes = std::fs::read(&path).unwrap();
    // The entry of the software gets a type that no version of the standard has; readers are to pass over it.
    let entry = bytes.windows(4).position(|w| w == [0x31, 0x01, 2, 0]).unwrap();
    bytes[entry + 2] = 99;
    std::fs::write(&path, &bytes).unwrap();
    let mut decoder = Decoder::new(File::open(&path).unwrap()).unwrap();
    let after = decoder.find_tag(Tag::GeoKeyDirectoryTag);
    assert!(!matches!(after, Ok(Some(_))), "what comes after it is lost");
    support::refused(open(&path), "entries of its directory");
}

#[test]
fn the_crate_puts_values_before_the_directory_that_names_them() {
    // Whoever reads a map through a network first looks at its beginning: all directories must stand there.
    let (blocks, mut file) = (10_000_u32, Cursor::new(Vec::new()));
    let mut encoder = TiffEncoder::new(&mut file).unwrap();
    let mut directory = encoder.image_directory().unwrap();
    let places: Vec<u32> = (0..blocks).collect();
    directory.write_tag(Tag::TileOffsets, places.as_slice()).unwrap();
    directory.finish().unwrap();
    let first = |bytes: &[u8]| u32::from_le_bytes(bytes[4..8].try_into().unwrap());
    assert!(first(file.get_ref()) > 4 * blocks, "{}", first(file.get_ref()));

    let encoding = Encoding::of(&layer(), Storage::Float32, Compression::Zstd);
    let tiling = Tiling { width: 1600, height: 1600, tile: 32, block: 16 };
    let head = lay_out(&layer(), &placement(), tiling, encoding, &[vec![100; blocks as usize]]);
    assert_eq!(first(&head), 8);
}
