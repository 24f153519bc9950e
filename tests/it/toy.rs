//! A chain's workload that is cheap and deterministic, with map files of its own form, for the tests of links.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use alpsckpt::campaign::spec::{self, Spec};
use alpsckpt::checkpoint::{CampaignDir, ChainDir, ChainId};
use alpsckpt::engine::geotiff::Pyramid;
use alpsckpt::engine::{EngineError, Layer, Piece, Problem, Tile, Tiling};
use alpsckpt::job::workload::Contents;
use alpsckpt::job::{Origin, Outcome, Progress, RunOptions, Stop, Workload, run_with};

const MAGIC: &[u8] = b"TOYMAP\n";

/// What is done with each tile before it is computed; it may set the flag that stops the link.
type OnTile = Box<dyn Fn(u64, &AtomicBool) + Send + Sync>;

/// 70 x 50 cells in 3 x 2 tiles of 2 x 2 blocks; one block has no valid cell.
pub(crate) struct Toy {
    layers: Vec<Layer>,
    on_tile: OnTile,
}

pub(crate) const TILING: Tiling = Tiling { width: 70, height: 50, tile: 32, block: 16 };

impl Toy {
    pub(crate) fn new() -> Self {
        Self::with(|_, _| ())
    }

    pub(crate) fn with(on_tile: impl Fn(u64, &AtomicBool) + Send + Sync + 'static) -> Self {
        let layer = |name: &str| Layer {
            name: name.to_owned(),
            month: Some(1),
            unit: "kWh/m2",
            description: String::new(),
            range: (0.0, 1.0),
            steps: None,
        };
        let layers = ["svf", "total_m01", "quotient_m01"].map(layer).to_vec();
        Self { layers, on_tile: Box::new(on_tile) }
    }

    fn value(layer: usize, x: u32, y: u32) -> f32 {
        let nothing = (16..32).contains(&x) && (16..32).contains(&y);
        let hash =
            (u64::from(x) << 32 | u64::from(y) << 8 | layer as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        if nothing || hash >> 60 == 0 { f32::NAN } else { (hash >> 40) as f32 / (1 << 24) as f32 }
    }

    /// The cells that are valid in layer 0; the others differ, so the mask is that of layer 0 everywhere.
    fn cell(layer: usize, x: u32, y: u32) -> f32 {
        if Self::value(0, x, y).is_nan() { f32::NAN } else { Self::value(layer, x, y).max(0.0) }
    }
}

impl Workload for Toy {
    fn tiling(&self) -> Tiling {
        TILING
    }

    fn layers(&self) -> &[Layer] {
        &self.layers
    }

    fn valid_cells(&self) -> Result<u64, EngineError> {
        let cells = (0..TILING.height).flat_map(|y| (0..TILING.width).map(move |x| (x, y)));
        Ok(cells.filter(|(x, y)| !Self::cell(0, *x, *y).is_nan()).count() as u64)
    }

    type Ground = Tile;

    fn read(&self, tile: Tile, _: &AtomicBool) -> Result<Tile, EngineError> {
        Ok(tile)
    }

    fn compute(
        &self,
        tile: &Tile,
        stop: &AtomicBool,
        each: &(dyn Fn(&Piece) + Sync),
    ) -> Result<(), EngineError> {
        (self.on_tile)(tile.number, stop);
        if stop.load(Ordering::Relaxed) {
            return Err(EngineError::Stopped);
        }
        let cells = |layer| {
            let rows = tile.y..tile.y + tile.height;
            rows.flat_map(|y| (tile.x..tile.x + tile.width).map(move |x| Self::cell(layer, x, y))).collect()
        };
        let layers = (0..self.layers.len()).map(cells).collect();
        each(&Piece { x: tile.x, y: tile.y, width: tile.width, height: tile.height, layers });
        Ok(())
    }

    fn encode(&self, _layer: &Layer, cells: &[f32], block: u32) -> Vec<u8> {
        assert_eq!(cells.len(), (block * block) as usize);
        cells.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    fn pyramid(&self, _layer: &Layer) -> Option<Pyramid> {
        None
    }

    fn lay_out(&self, layer: &Layer, levels: &[Vec<u32>]) -> Vec<u8> {
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(format!("{}\n", layer.name).as_bytes());
        assert_eq!(levels.iter().map(Vec::len).collect::<Vec<_>>(), [TILING.blocks() as usize]);
        head
    }

    fn reopen(map: &Path, _stop: &dyn Fn() -> bool) -> Result<Contents, Problem> {
        let bytes = std::fs::read(map).map_err(|e| Problem::new(map, e.to_string(), ""))?;
        let body = bytes.strip_prefix(MAGIC);
        let body = body.ok_or_else(|| Problem::new(map, "not a toy map", ""))?;
        let at = body.iter().position(|b| *b == b'\n').map_or(0, |p| p + 1);
        let values: Vec<f32> = body[at..].as_chunks::<4>().0.iter().map(|v| f32::from_le_bytes(*v)).collect();
        Ok(Contents::of(&values))
    }
}

/// A campaign folder of its own, with one chain.
pub(crate) struct Site {
    pub(crate) folder: Folder,
}

/// A folder that goes away with the test, or one that belongs to the process that started this one.
pub(crate) enum Folder {
    Own(tempfile::TempDir),
    Given(PathBuf),
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Given(folder) => folder,
        }
    }
}

impl Site {
    pub(crate) fn new() -> Self {
        Self { folder: Folder::Own(tempfile::tempdir().unwrap()) }
    }

    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder: Folder::Given(folder) }
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub(crate) fn campaign(&self) -> CampaignDir {
        CampaignDir::new(&self.output())
    }

    pub(crate) fn chain(&self) -> ChainDir {
        self.campaign().chain(&ChainId::of_months(&[1]))
    }

    /// The bytes of the finished maps, by name; anything else in their folder is a mistake.
    pub(crate) fn maps(&self) -> Vec<(String, Vec<u8>)> {
        let mut maps: Vec<_> = std::fs::read_dir(self.campaign().maps())
            .unwrap()
            .map(|e| e.unwrap())
            .map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap()))
            .collect();
        maps.sort();
        maps
    }

    pub(crate) fn run(&self, toy: &Toy, options: &RunOptions) -> Outcome {
        run_with(&self.output(), options, &|| Ok(Borrowed(toy)), &|_| ())
    }

    pub(crate) fn run_telling(
        &self,
        toy: &Toy,
        options: &RunOptions,
        report: &(dyn Fn(&Progress) + Sync),
    ) -> Outcome {
        run_with(&self.output(), options, &|| Ok(Borrowed(toy)), report)
    }

    /// Runs one link that is asked to stop at the `step`-th report of its progress; also says whether there was none.
    pub(crate) fn run_stopped_at_step(&self, step: u64) -> (Outcome, bool) {
        let (options, seen) = (options(), std::sync::atomic::AtomicU64::new(0));
        let outcome = self.run_telling(&Toy::new(), &options, &|_| {
            if seen.fetch_add(1, Ordering::Relaxed) == step {
                options.stop.asked.store(true, Ordering::Relaxed);
            }
        });
        (outcome, seen.load(Ordering::Relaxed) <= step)
    }

    /// The names of the generations on disk, in order.
    pub(crate) fn generations(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.chain().generations())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// What a link said.
    pub(crate) fn log(&self, link: u32) -> String {
        std::fs::read_to_string(self.chain().log(alpsckpt::checkpoint::LinkNumber(link))).unwrap()
    }

    /// Runs one link that is asked to stop once it has computed `tiles` new tiles.
    pub(crate) fn run_for(&self, tiles: u64, options: &RunOptions) -> Outcome {
        let asked = options.stop.asked.clone();
        let left = std::sync::atomic::AtomicU64::new(tiles);
        let toy = Toy::with(move |_, halt| {
            let none_left =
                left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err();
            if none_left {
                asked.store(true, Ordering::Relaxed);
                halt.store(true, Ordering::Relaxed);
            }
        });
        self.run(&toy, options)
    }
}

struct Borrowed<'a>(&'a Toy);

impl Workload for Borrowed<'_> {
    fn tiling(&self) -> Tiling {
        self.0.tiling()
    }
    fn layers(&self) -> &[Layer] {
        self.0.layers()
    }
    fn valid_cells(&self) -> Result<u64, EngineError> {
        self.0.valid_cells()
    }
    type Ground = Tile;
    fn read(&self, tile: Tile, stop: &AtomicBool) -> Result<Tile, EngineError> {
        self.0.read(tile, stop)
    }
    fn compute(
        &self,
        tile: &Tile,
        stop: &AtomicBool,
        each: &(dyn Fn(&Piece) + Sync),
    ) -> Result<(), EngineError> {
        self.0.compute(tile, stop, each)
    }
    fn encode(&self, layer: &Layer, cells: &[f32], block: u32) -> Vec<u8> {
        self.0.encode(layer, cells, block)
    }
    fn pyramid(&self, layer: &Layer) -> Option<Pyramid> {
        self.0.pyramid(layer)
    }
    fn lay_out(&self, layer: &Layer, levels: &[Vec<u32>]) -> Vec<u8> {
        self.0.lay_out(layer, levels)
    }
    fn reopen(map: &Path, stop: &dyn Fn() -> bool) -> Result<Contents, Problem> {
        Toy::reopen(map, stop)
    }
}

pub(crate) fn options() -> RunOptions {
    RunOptions {
        spec: spec(),
        spec_hash: "0123456789abcdef".to_owned(),
        chain: spec().chain_of(&[1]),
        job_id: "local".to_owned(),
        node: "node-1".to_owned(),
        threads: 2,
        stop: Stop::default(),
        origin: Origin::default(),
    }
}

pub(crate) fn spec() -> Spec {
    let text = r#"(version: 1, name: "toy", output: "out", dem: "dem.tif", months: [1], year: 2018,
        walltime: "01:00:00", margin: "00:10:00")"#;
    let spec: Spec = ron::Options::default()
        .with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
        .from_str(text)
        .unwrap();
    assert_eq!(spec.pace, None::<spec::Pace>);
    spec
}

/// The maps of an undisturbed run.
pub(crate) fn undisturbed() -> Vec<(String, Vec<u8>)> {
    let site = Site::new();
    let outcome = site.run(&Toy::new(), &options());
    assert_eq!(outcome.class.code(), 0, "{}", outcome.message);
    site.maps()
}

/// Waits for what another thread or process will do; fails after a minute.
pub(crate) fn patiently<T>(look: impl Fn() -> Option<T>) -> T {
    for _ in 0..6000 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("nothing came within a minute");
}
