//! Links with the real engine and real GeoTIFF files: the same bytes however they were interrupted, and verified.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use alpsckpt::campaign::spec::Spec;
use alpsckpt::checkpoint::{CampaignDir, ExitClass, Phase};
use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::geotiff::{Placement, write_grid};
use alpsckpt::engine::grid::Grid;
use alpsckpt::engine::{Layer, Product};
use alpsckpt::job::verify::verify_chain;
use alpsckpt::job::{RunOptions, Stop, run_chain};

const WIDTH: usize = 100;
const HEIGHT: usize = 70;

/// A ridge and a valley, with a hole of `hole` columns in one corner.
fn write_dem(path: &Path, hole: usize) {
    let height = |x: usize, y: usize| {
        let (x, y) = (x as f32, y as f32);
        1500.0 + 8.0 * x + 300.0 * (y / 9.0).sin()
    };
    let cell = |i: usize| match (i % WIDTH, i / WIDTH) {
        (x, y) if x < hole && y < 5 => f32::NAN,
        (x, y) => height(x, y),
    };
    let grid = Grid { width: WIDTH, height: HEIGHT, values: (0..WIDTH * HEIGHT).map(cell).collect() };
    let placement = Placement {
        crs: Crs::of_epsg(3035).unwrap(),
        west: 4_020_000.0,
        north: 2_420_000.0,
        cell_x: 25.0,
        cell_y: 25.0,
        width: WIDTH,
        height: HEIGHT,
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
        let (chain, months) = alpsckpt::job::request::chains(&spec).remove(0);
        RunOptions {
            spec,
            spec_hash: "abc".to_owned(),
            chain,
            months,
            job_id: "local".to_owned(),
            node: "n".to_owned(),
            threads,
            stop: Stop::default(),
        }
    }

    /// One link, asked to stop when it has `tiles` tiles.
    fn link(&self, threads: u32, tiles: Option<u64>) -> ExitClass {
        let options = self.options(threads);
        let outcome = run_chain(&self.output(), &options, &|progress| {
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
        let verified = verify_chain(&CampaignDir::new(&self.output()), &chain, &self.dem()).unwrap();
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
