//! This program: its engine through the library, on one thread, in a process of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use alpsckpt::engine::geotiff::cut_block;
use alpsckpt::engine::{
    CoarseField, Compression, Engine, MapRequest, MonthInputs, Physics, Piece, Product, Storage, Tile,
    Vectors,
};
use alpsckpt::job::Workload;
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::cost::{Period, Spent, Stage};
use crate::{Outcome, Run, process, tile};

/// What the process is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long)]
    dem: PathBuf,
    #[arg(long, value_delimiter = ',')]
    months: Vec<u8>,
    /// Repeats until so much time has passed.
    #[arg(long)]
    seconds: f64,
    /// Takes the maps as bare numbers.
    #[arg(long)]
    maps: Option<PathBuf>,
}

/// Passes over the tile.
#[derive(Debug, Serialize, Deserialize)]
struct Passes {
    count: u32,
    /// Of one pass.
    spent: Spent,
    /// Of one opening of the engine.
    start: Spent,
    peak: u64,
}

/// What this program costs.
pub(crate) struct Own {
    /// Twelve months in one pass.
    pub(crate) year: Stage,
    /// A pass over one month, the mean of the months that the peers are run for.
    pub(crate) month: Stage,
    /// Opening the engine on twelve months; taken off both.
    pub(crate) start: Stage,
    /// The class of vector instructions.
    pub(crate) vectors: &'static str,
}

/// The file of one of the maps.
pub(crate) fn map(run: &Run, layer: &str) -> PathBuf {
    run.folder.join(format!("ours/{layer}.f32"))
}

/// Runs the year and the months in processes of their own.
pub(crate) fn measure(run: &Run) -> Outcome<Own> {
    let folder = run.folder.join("ours");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let passes = |months: &[u8], maps: Option<&Path>| -> Outcome<Passes> {
        let mut part = process::this_program()?;
        let months: Vec<String> = months.iter().map(u8::to_string).collect();
        part.arg("ours").arg("--dem").arg(run.folder.join(tile::DEM)).arg("--months").arg(months.join(","));
        part.arg("--seconds").arg(if run.quick { "1" } else { "10" });
        part.args(maps.iter().flat_map(|maps| [Path::new("--maps"), maps]));
        process::heard(part)
    };
    run.progress.say("alpsckpt: twelve months in one pass");
    let year = passes(&(1..=12).collect::<Vec<_>>(), Some(&folder))?;
    let mut months = Vec::new();
    for period in Period::all(run.quick) {
        run.progress.say(&format!("alpsckpt: month {}", period.month));
        let month = passes(&[period.month], None)?;
        months.push(Stage { spent: month.spent, peak: month.peak });
    }
    Ok(Own {
        year: Stage { spent: year.spent, peak: year.peak },
        month: crate::cost::Peer::mean(&months),
        start: Stage { spent: year.start, peak: 0 },
        vectors: Vectors::best().name(),
    })
}

/// The process: passes until the time is up.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| format!("no thread: {e}"))?;
    let (mut passes, mut spent, mut start) = (0, Spent::default(), Spent::default());
    while spent.wall < args.seconds {
        // A new engine each time: an old one would still hold the terrain.
        let (engine, opening) = timed(|| pool.install(|| open(request(&args.dem, &args.months))))?;
        let ((), pass) = timed(|| pool.install(|| pass(&engine)))?;
        (passes, spent, start) = (passes + 1, spent + pass, start + opening);
    }
    let one = 1.0 / f64::from(passes);
    let peak = peak_memory().ok_or("the system does not say how much memory was used")?;
    if let Some(folder) = &args.maps {
        keep_maps(&open(request(&args.dem, &args.months))?, folder)?;
    }
    process::say(&Passes { count: passes, spent: spent.times(one), start: start.times(one), peak })
}

/// All that the peers give: the sky view factor, and total radiation on the terrain and on level ground.
fn request(dem: &Path, months: &[u8]) -> MapRequest {
    let month = |month: &u8| MonthInputs {
        month: *month,
        lapse: CoarseField::Constant(0.006),
        cloud: None,
        temperatures: Vec::new(),
        linke: None,
    };
    MapRequest {
        dem: dem.to_path_buf(),
        region: None,
        reference_height: None,
        months: months.iter().map(month).collect(),
        year: 2018,
        tag: String::new(),
        model: Physics::default(),
        products: vec![Product::SkyView, Product::Total, Product::TotalFlat],
        tile: tile::EDGE as u32,
        block: 256,
        storage: Storage::Rounded,
        compression: Compression::default(),
    }
}

fn open(request: MapRequest) -> Outcome<Engine> {
    Engine::open(request).map_err(|e| e.to_string())
}

/// The whole tile, to the last compressed block.
fn pass(engine: &Engine) -> Outcome<()> {
    let edge = engine.tiling().block;
    let never = AtomicBool::new(false);
    let ground = engine.read(only_tile(engine)?, &never).map_err(|e| e.to_string())?;
    let encode = |piece: &Piece| {
        for (layer, cells) in engine.layers().iter().zip(&piece.layers) {
            for y in (0..piece.height).step_by(edge as usize) {
                for x in (0..piece.width).step_by(edge as usize) {
                    let block = cut_block(cells, piece.width, (x, y), edge);
                    std::hint::black_box(Workload::encode(engine, layer, &block, edge));
                }
            }
        }
    };
    engine.compute_pieces(&ground, &never, &encode).map_err(|e| e.to_string())
}

fn only_tile(engine: &Engine) -> Outcome<Tile> {
    let tiling = engine.tiling();
    tiling.tile(0).filter(|_| tiling.count() == 1).ok_or("the terrain is not one tile".into())
}

/// Writes the cells of each map, to be compared.
fn keep_maps(engine: &Engine, folder: &Path) -> Outcome<()> {
    let computed = engine.compute(only_tile(engine)?, &AtomicBool::new(false)).map_err(|e| e.to_string())?;
    for (layer, cells) in engine.layers().iter().zip(&computed.layers) {
        let path = folder.join(format!("{}.f32", layer.name));
        let bytes: Vec<u8> = cells.iter().flat_map(|cell| cell.to_le_bytes()).collect();
        std::fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// Does something and says what this process spent on it.
fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Spent)> {
    let (begin, before) = (Instant::now(), cpu()?);
    let result = work()?;
    Ok((result, Spent { cpu: cpu()? - before, wall: begin.elapsed().as_secs_f64() }))
}

fn cpu() -> Outcome<f64> {
    let spent = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_err(|e| format!("no clock: {e}"))?;
    Ok(std::time::Duration::from(spent).as_secs_f64())
}

/// The most memory that this process has held, bytes.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
