//! Links with the real engine and real GeoTIFF files: the same bytes however they were interrupted, and verified.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use alpsckpt::campaign::spec::Spec;
use alpsckpt::checkpoint::{CampaignDir, ExitClass, Phase};
use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::geotiff::Placement;
use alpsckpt::engine::grid::Grid;
use alpsckpt::engine::{Layer, Product, Storage};
use alpsckpt::grid_file::write_grid;
use alpsckpt::job::verify::verify_chain;
use alpsckpt::job::{Origin, RunOptions, Stop, run_chain};

use crate::support;

const WIDTH: usize = 100;
const HEIGHT: usize = 70;

/// A ridge and a valley, with a hole of `hole` columns in one corner.
fn write_dem(path: &Path, hole: usize) {
    write_dem_of(path, (WIDTH, HEIGHT), hole);
}

fn write_dem_of(path: &Path, (width, height): (usize, usize), hole: usize) {
    let ground = |x: usize, y: usize| {
        let (x, y) = (x as f32, y as f32);
        1500.0 + 8.0 * x + 300.0 * (y / 9.0).sin()
    };
    let cell = |i: usize| match (i % width, i / width) {
        (x, y) if x < hole && y < 5 => f32::NAN,
        (x, y) => ground(x, y),
    };
    let grid = Grid { width, height, values: (0..width * height).map(cell).collect() };
    let placement = Placement {
        crs: Crs::of_epsg(3035).unwrap(),
        west: 4_020_000.0,
        north: 2_420_000.0,
        cell_x: 25.0,
        cell_y: 25.0,
        width,
        height,
    };
    let layer = Layer {
        name: "dem".to_owned(),
        month: None,
        unit: "m",
        description: "a ridge and a valley".to_owned(),
        range: (0.0, 9000.0),
        steps: None,
    };
    write_grid(path, &grid, &placement, &layer).unwrap();
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        write_dem(&place.dem(), 7);
        place
    }

    fn dem(&self) -> PathBuf {
        self.folder.path().join("dem.tif")
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn options(&self, threads: u32) -> RunOptions {
        let mut spec: Spec = ron::from_str(
            r#"(version: 1, name: "ridge", output: "", dem: "", months: [1], year: 2018, tile: 48,
                step_minutes: 120, walltime: "01:00:00", margin: "00:10:00")"#,
        )
        .unwrap();
        spec.dem = self.dem();
        spec.output = self.output();
        spec.products = vec![Product::SkyView, Product::Total];
        let chain = spec.chains().remove(0);
        RunOptions {
            spec,
            spec_hash: "abc".to_owned(),
            chain,
            job_id: "local".to_owned(),
            node: "n".to_owned(),
            threads,
            stop: Stop::default(),
            origin: Origin::default(),
        }
    }

    /// One link, asked to stop when it has `tiles` tiles.
    fn link(&self, threads: u32, tiles: Option<u64>) -> ExitClass {
        self.run(&self.options(threads), tiles)
    }

    fn run(&self, options: &RunOptions, tiles: Option<u64>) -> ExitClass {
        let outcome = run_chain(&self.output(), options, &|progress| {
            if progress.phase == Phase::Computing && Some(progress.tiles) == tiles {
                options.stop.asked.store(true, Ordering::Relaxed);
            }
        });
        assert!(outcome.link.is_some(), "{}", outcome.message);
        if tiles.is_none() {
            assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
        }
        outcome.class
    }

    fn map(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.output().join("maps").join(name)).unwrap()
    }

    fn problems(&self) -> Vec<String> {
        let chain = self.options(1).chain;
        let verified = verify_chain(&CampaignDir::new(&self.output()), &chain.id, &self.dem()).unwrap();
        assert_eq!(verified.len(), 2);
        verified.into_iter().flat_map(|v| v.problems).collect()
    }
}

#[test]
fn maps_are_the_same_bytes_over_links_and_threads_and_verify_against_the_dem() {
    let (whole, hopping) = (Place::new(), Place::new());
    whole.link(1, None);
    assert_eq!(hopping.link(3, Some(1)), ExitClass::Checkpointed);
    assert_eq!(hopping.link(2, Some(4)), ExitClass::Checkpointed);
    hopping.link(3, None);
    for name in ["svf.tif", "total_m01.tif"] {
        assert!(whole.map(name) == hopping.map(name), "{name} differs");
    }
    assert_eq!(hopping.problems(), Vec::<String>::new());
}

#[test]
fn a_map_or_dem_that_was_changed_after_the_chain_was_complete_is_told() {
    let place = Place::new();
    place.link(2, None);
    let path = place.output().join("maps").join("svf.tif");
    let good = std::fs::read(&path).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    std::fs::write(&path, flipped).unwrap();
    let said = place.problems().join("; ");
    assert!(said.contains("checksum"), "{said}");
    std::fs::write(&path, &good[..good.len() / 2]).unwrap();
    let said = place.problems().join("; ");
    assert!(said.contains("bytes"), "{said}");
    std::fs::write(&path, &good).unwrap();
    assert_eq!(place.problems(), Vec::<String>::new());
    write_dem(&place.dem(), 8);
    let said = place.problems().join("; ");
    assert!(said.contains("the DEM has 6960"), "{said}");
}

/// A region of 300 x 20 cells has overviews: they are made when the chain is finished.
#[test]
fn a_wide_map_has_overviews_the_same_over_links_and_threads_and_in_both_forms() {
    for (storage, kind) in [(Storage::Integer, "UInt16"), (Storage::Rounded, "Float32")] {
        let (whole, hopping) = (Place::new(), Place::new());
        for place in [&whole, &hopping] {
            write_dem_of(&place.dem(), (300, 20), 7);
        }
        let options = |place: &Place, threads| {
            let mut options = place.options(threads);
            options.spec.storage = storage;
            options
        };
        assert_eq!(whole.run(&options(&whole, 2), None), ExitClass::Complete);
        assert_eq!(hopping.run(&options(&hopping, 1), Some(3)), ExitClass::Checkpointed);
        // Stopped again while the first map is put together: nothing half-written stays.
        let stopped = options(&hopping, 1);
        let outcome = run_chain(&hopping.output(), &stopped, &|progress| {
            if progress.phase == Phase::Finishing {
                stopped.stop.asked.store(true, Ordering::Relaxed);
            }
        });
        assert_eq!(outcome.class, ExitClass::Checkpointed, "{}", outcome.message);
        assert_eq!(std::fs::read_dir(hopping.output().join("maps")).unwrap().count(), 0);
        assert_eq!(hopping.run(&options(&hopping, 1), None), ExitClass::Complete);
        for name in ["svf.tif", "total_m01.tif"] {
            assert!(whole.map(name) == hopping.map(name), "{name} differs");
        }
        assert_eq!(hopping.problems(), Vec::<String>::new());
        let left: Vec<_> = std::fs::read_dir(whole.output().join("maps")).unwrap().collect();
        assert_eq!(left.len(), 2, "{left:?}");
        if !support::have_programs("a_wide_map_has_overviews (as GDAL sees it)", &["gdalinfo"]) {
            continue;
        }
        let said = support::gdalinfo(&whole.output().join("maps/total_m01.tif"), &["-stats"]);
        let band = &said["bands"][0];
        assert_eq!(band["type"], kind);
        assert_eq!(band["overviews"][0]["size"], serde_json::json!([150, 10]), "{said}");
        assert_eq!(band["overviews"].as_array().unwrap().len(), 1);
    }
}
