//! Damaged files give a message: never a panic, a loop or the memory of the machine.

use std::path::Path;

use alpsckpt::engine::Problem;
use alpsckpt::engine::geotiff::blocks;
use alpsckpt::engine::grid::Grid;
use alpsckpt::grid_file::write_grid;
use proptest::prelude::*;

use super::{HEIGHT, Lab, PROGRAMS, WIDTH, all, layer, open, placement, support, values};

/// Opens and reads what a damaged file may still give.
fn read(path: &Path) -> Result<(), Problem> {
    let _ = blocks(path);
    let raster = open(path)?;
    let (width, height) = (raster.placement().width, raster.placement().height);
    raster.window(-1, -1, width.min(200), height.min(200))?;
    raster.window(width as isize - 3, height as isize - 3, 5, 5).map(drop)
}

/// Bytes of whole files in several forms.
fn samples(folder: &Path) -> Vec<Vec<u8>> {
    let path = folder.join("ours.tif");
    let values32 = values(-50.0, 0.5).iter().map(|v| *v as f32).collect();
    write_grid(&path, &Grid { width: WIDTH, height: HEIGHT, values: values32 }, &placement(), &layer())
        .unwrap();
    let mut samples = vec![std::fs::read(&path).unwrap()];
    if support::have_programs("damaged_files_never_panic (forms by GDAL)", &PROGRAMS) {
        let lab = Lab::new(&values(0.0, 0.0));
        let forms: [&[&str]; 7] = [
            &["-ot", "Int16", "-co", "COMPRESS=LZW", "-co", "PREDICTOR=2"],
            &["-ot", "Byte", "-co", "ENDIANNESS=BIG"],
            &["-ot", "Int16", "-co", "COMPRESS=PACKBITS"],
            &["-ot", "Byte", "-co", "COMPRESS=JPEG", "-co", "BLOCKYSIZE=16"],
            &["-ot", "Float64", "-co", "COMPRESS=ZSTD", "-co", "PREDICTOR=3", "-co", "BIGTIFF=YES"],
            &["-ot", "UInt16", "-co", "TILED=YES", "-co", "BLOCKXSIZE=16", "-co", "BLOCKYSIZE=16"],
            &["-a_srs", "+proj=longlat +a=6378137 +rf=298.257223563", "-a_ullr", "5", "47", "6", "46"],
        ];
        samples.extend(forms.map(|form| std::fs::read(lab.translate("form.tif", form)).unwrap()));
    }
    samples
}

#[test]
fn a_file_cut_anywhere_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for whole in samples(folder.path()) {
        let path = folder.path().join("cut.tif");
        for keep in (0..whole.len()).step_by(whole.len() / 60) {
            std::fs::write(&path, &whole[..keep]).unwrap();
            let problem = all(&path).map(drop).expect_err("a part of a file");
            assert_eq!(problem.file, path);
            assert!(keep < 8 || problem.what.contains("cut"), "{keep} of {}: {problem}", whole.len());
        }
        std::fs::write(&path, &whole).unwrap();
        read(&path).unwrap();
    }
}

#[test]
fn damaged_files_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let samples = samples(folder.path());
    let path = folder.path().join("damaged.tif");
    // Directories and their values lie at either end of a file: half of the flips go there.
    let place = prop_oneof![0.0..1.0f64, 0.0..0.05f64, 0.9..1.0f64];
    let flips = prop::collection::vec((place, any::<u8>()), 1..6);
    let cut = prop_oneof![9 => Just(1.0f64), 1 => 0.0..1.0f64];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&(0..samples.len(), flips, cut), |(which, flips, cut)| {
            let mut bytes = samples[which].clone();
            for (place, byte) in flips {
                let at = (place * bytes.len() as f64) as usize;
                bytes[at] = byte;
            }
            bytes.truncate((cut * bytes.len() as f64) as usize);
            std::fs::write(&path, &bytes)?;
            if let Err(problem) = read(&path) {
                prop_assert_eq!(&problem.file, &path);
                prop_assert!(!problem.what.is_empty() && !problem.cure.is_empty());
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_file_that_claims_more_than_it_holds_is_refused_without_the_memory() {
    // One deflate block whose directory claims 8000 x 8000 cells: a quarter of a gigabyte that is not there.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claim.tif");
    write_grid(
        &path,
        &Grid { width: WIDTH, height: HEIGHT, values: vec![1.0; WIDTH * HEIGHT] },
        &placement(),
        &layer(),
    )
    .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    for tag in [256u16, 257, 322, 323] {
        let entry = [tag.to_le_bytes(), [4, 0], [1, 0], [0, 0]].concat();
        let at = bytes.windows(8).position(|w| w == entry).unwrap();
        bytes[at + 8..at + 12].copy_from_slice(&8000u32.to_le_bytes());
    }
    std::fs::write(&path, &bytes).unwrap();
    support::refused(open(&path).unwrap().window(0, 0, 10, 10), "instead of 256000000");
}
