//! `alpsckpt bench`: what the engine costs on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use nix::time::{ClockId, clock_gettime};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Failure, Steps, failure, output};
use crate::THIS_PROGRAM;
use crate::engine::crs::Crs;
use crate::engine::geotiff::{Raster, cut_block};
use crate::engine::grid::{Grid, Placement};
use crate::engine::synthetic::ranges;
use crate::engine::{
    CoarseField, Compression, Engine, Layer, MapRequest, MonthInputs, Physics, Piece, Product, RegionBox,
    Storage, TemperatureInput, Vectors,
};
use crate::grid_file::write_grid;
use crate::job::{Workload, memory};
use crate::quantity::{self, count};

/// Measures what the engine costs on this machine, in nanoseconds of one core.
///
/// Twelve months in one pass and a single one on one thread, then the twelve months on all threads. Whole pipeline: reading
/// the terrain with its halo, horizons, sky view, radiation at half-hour steps, clouds, quotient, temperature, compressed
/// blocks of two maps a month.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt bench
  alpsckpt bench --size 8192 --threads 2
  alpsckpt bench --size 256 --steps exact
  alpsckpt bench --dem dem.tif --json

Exit codes: 0 measured, 65 bad input.")]
pub(super) struct Args {
    /// A terrain model to measure on instead of synthetic ranges: its middle is taken.
    #[arg(long)]
    dem: Option<PathBuf>,
    /// Cells across and down of the mapped square [default: 4096; 1024 without vector instructions].
    #[arg(long, value_parser = clap::value_parser!(u32).range(64..=16384))]
    size: Option<u32>,
    /// Edge of a work tile, cells, a multiple of 256; by default the largest that a job's memory allows.
    #[arg(long, value_parser = clap::value_parser!(u32).range(256..=4096))]
    tile: Option<u32>,
    /// Threads of the last pass; by default all that this process may use.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// How the steps of a month are summed: `look-up`, or `exact`, one by one and a hundred times slower.
    #[arg(long, value_enum, default_value_t)]
    steps: Steps,
    /// What the cells of the maps are stored as [default: that of new campaigns].
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    storage: Stored,
    /// The class of vector instructions: portable, avx2 or avx512; the best by default.
    #[arg(long, value_parser = vectors)]
    vectors: Option<Vectors>,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
    /// One pass alone, as JSON: what the passes' own processes are told.
    #[arg(long, hide = true, value_enum)]
    pass: Option<Pass>,
}

/// What cells are stored as, as the command line has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Stored {
    Integer,
    #[default]
    Rounded,
    Float32,
}

impl From<Stored> for Storage {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Integer => Self::Integer,
            Stored::Rounded => Self::Rounded,
            Stored::Float32 => Self::Float32,
        }
    }
}

/// Which months go into a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Pass {
    Year,
    June,
}

/// Cells of the whole Alps at 25 m.
const ALPS: f64 = 2.5e9;
const CELL: f64 = 25.0;

/// A class of vector instructions as the command line has it.
fn plain(class: Vectors) -> String {
    class.name().to_lowercase().replace('-', "")
}

fn vectors(name: &str) -> Result<Vectors, String> {
    let here = Vectors::here();
    let names: Vec<String> = here.iter().map(|class| plain(*class)).collect();
    let found = here.iter().find(|class| plain(**class) == name.to_lowercase());
    found.copied().ok_or_else(|| format!("this processor has {}", names.join(", ")))
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    vectors: &'static str,
    cells: u64,
    terrain: String,
    pipeline_fine_12_months: Pipeline,
    pipeline_fine_1_month: Pipeline,
    /// The twelve months on several threads; none where there is but one.
    pipeline_fine_12_months_threads: Option<Pipeline>,
    /// How many times as fast that is as on one.
    speed_up: Option<f64>,
    /// Largest resident memory of any of these passes, bytes.
    peak_memory_bytes: Option<u64>,
    /// Twelve months of the whole Alps (2.5e9 cells) with these threads, hours.
    whole_alps_hours: f64,
}

/// One pass over some months.
#[derive(Debug, Serialize, Deserialize)]
struct Pipeline {
    months: usize,
    threads: u32,
    /// Edge of a work tile, cells.
    tile: u32,
    /// Cells of the mapped square.
    cells: u64,
    /// Time of all cores, per cell and month.
    ns_per_pixel_month: f64,
    /// Time of all cores, per cell.
    ns_per_pixel: f64,
    /// Time on the clock, per cell.
    wall_ns_per_pixel: f64,
    /// Time of all cores per cell and stage; encoding is not the engine's and stands beside its stages.
    stages_ns_per_pixel: BTreeMap<String, f64>,
    /// Bytes of the encoded maps per cell and map.
    bytes_per_pixel: f64,
    /// Values (4 bytes each) that were read, computed and written, over time on the clock.
    gigabytes_per_second: f64,
    /// Largest resident memory of the process meanwhile, bytes. What is encoded is not kept.
    peak_memory_bytes: Option<u64>,
    /// What a job of such months would hold at most, two tiles' encoded blocks among it, bytes.
    predicted_memory_bytes: u64,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if args.tile.is_some_and(|tile| !tile.is_multiple_of(256)) {
        return Err(Failure::new(failure::USAGE, "--tile must be a multiple of 256", "use 1024"));
    }
    let folder = tempfile_folder()?;
    if let Some(pass) = args.pass {
        return output::say_json(&alone(args, pass, &folder.0)?);
    }
    let report = measure(args, &folder.0)?;
    if args.json { output::say_json(&report) } else { print(&report) }
}

/// A folder that goes with its holder.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tempfile_folder() -> Result<Folder, Failure> {
    let path = std::env::temp_dir().join(format!("alpsckpt-bench-{}", std::process::id()));
    std::fs::create_dir_all(&path).map_err(Failure::defect)?;
    Ok(Folder(path))
}

fn measure(args: &Args, folder: &Path) -> Result<Report, Failure> {
    let classes = args.vectors.unwrap_or_else(Vectors::best);
    let (dem, terrain) = match &args.dem {
        Some(dem) => (dem.clone(), dem.display().to_string()),
        None => (synthetic(folder, size(args))?, "synthetic ranges".to_owned()),
    };
    let all = || std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    let all = args.threads.unwrap_or_else(all);
    let year = apart(args, &dem, Pass::Year, 1)?;
    let month = apart(args, &dem, Pass::June, 1)?;
    let threads = if all > 1 { Some(apart(args, &dem, Pass::Year, all)?) } else { None };
    let last = threads.as_ref().unwrap_or(&year).wall_ns_per_pixel;
    let passes = [Some(&year), Some(&month), threads.as_ref()];
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        vectors: classes.name(),
        cells: year.cells,
        terrain,
        whole_alps_hours: last * ALPS / 3.6e12,
        speed_up: threads.as_ref().map(|all| year.wall_ns_per_pixel / all.wall_ns_per_pixel),
        peak_memory_bytes: passes.into_iter().flatten().filter_map(|pass| pass.peak_memory_bytes).max(),
        pipeline_fine_12_months: year,
        pipeline_fine_1_month: month,
        pipeline_fine_12_months_threads: threads,
    })
}

/// A pass in a process of its own: memory that an earlier one had is not its.
fn apart(args: &Args, dem: &Path, pass: Pass, threads: u32) -> Result<Pipeline, Failure> {
    let mut child = Command::new(THIS_PROGRAM);
    child.arg("bench").arg("--dem").arg(dem);
    child.args(["--size", &size(args).to_string(), "--threads", &threads.to_string()]);
    child.args(args.tile.iter().flat_map(|tile| ["--tile".to_owned(), tile.to_string()]));
    child.args(args.vectors.iter().flat_map(|class| ["--vectors".to_owned(), plain(*class)]));
    let value = |value: Option<PossibleValue>| value.map_or_else(String::new, |v| v.get_name().to_owned());
    child.args(["--steps", &value(args.steps.to_possible_value())]);
    child.args(["--storage", &value(args.storage.to_possible_value())]);
    child.args(["--pass", &value(pass.to_possible_value())]);
    let output = child.stderr(Stdio::inherit()).output().map_err(Failure::defect)?;
    if !output.status.success() {
        let code = output.status.code().and_then(|code| u8::try_from(code).ok());
        return Err(Failure::new(
            code.unwrap_or(failure::DEFECT),
            format!("a pass over the terrain ended: {}", output.status),
            "what it said stands above",
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(Failure::defect)
}

/// The process of a pass.
fn alone(args: &Args, pass: Pass, folder: &Path) -> Result<Pipeline, Failure> {
    let dem = args.dem.as_ref().ok_or_else(|| Failure::defect("a pass alone needs --dem"))?;
    let mut request = request(dem, folder, args)?;
    if pass == Pass::June {
        request.months.retain(|inputs| inputs.month == 6);
    }
    let threads = args.threads.unwrap_or(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build();
    let vectors = args.vectors.unwrap_or_else(Vectors::best);
    pool.map_err(Failure::defect)?.install(|| pipeline(request, args.tile, threads, vectors))
}

/// Cells across and down: so many that the whole takes some minutes at most.
fn size(args: &Args) -> u32 {
    let usual = if args.vectors.unwrap_or_else(Vectors::best) == Vectors::Portable { 1024 } else { 4096 };
    args.size.unwrap_or(usual)
}

/// Terrain around the mapped square as far as horizons look.
fn synthetic(folder: &Path, size: u32) -> Result<PathBuf, Failure> {
    let halo = (Physics::default().horizon_distance / CELL) as usize + 2;
    let edge = size as usize + 2 * halo;
    let mut values = vec![0.0_f32; edge * edge];
    values.par_chunks_mut(edge).enumerate().for_each(|(y, line)| {
        for (x, z) in line.iter_mut().enumerate() {
            // To the decimetre, as terrain models come.
            *z = (ranges::height(x as f64 * CELL, y as f64 * CELL) * 10.0).round() / 10.0;
            // A lake without data.
            if (x as f64 - edge as f64 * 0.45).hypot(y as f64 - edge as f64 * 0.52) < f64::from(size) * 0.05 {
                *z = f32::NAN;
            }
        }
    });
    let path = folder.join("dem.tif");
    let crs = Crs::of_epsg(3035).ok_or_else(|| Failure::defect("EPSG:3035 is unknown"))?;
    // Somewhere in the Alps.
    let (west, north) = (4_250_000.0, 2_620_000.0);
    let placement = Placement { crs, west, north, cell_x: CELL, cell_y: CELL, width: edge, height: edge };
    write_grid(&path, &Grid { width: edge, height: edge, values }, &placement, &layer("height"))?;
    Ok(path)
}

fn layer(name: &str) -> Layer {
    Layer {
        name: name.into(),
        month: None,
        unit: "",
        description: name.into(),
        range: (-1e9, 1e9),
        steps: None,
    }
}

/// Twelve months with clouds and one temperature, over the middle of the terrain.
fn request(dem: &Path, folder: &Path, args: &Args) -> Result<MapRequest, Failure> {
    let raster = Raster::open(dem)?;
    let terrain = raster.placement();
    let size = (size(args) as usize).min(terrain.width).min(terrain.height);
    let (left, top) = ((terrain.width - size) / 2, (terrain.height - size) / 2);
    let west = terrain.west + left as f64 * terrain.cell_x;
    let north = terrain.north - top as f64 * terrain.cell_y;
    let side = size as f64 * terrain.cell_x;
    let region = RegionBox {
        epsg: terrain.crs.epsg(),
        xmin: west,
        ymin: north - side,
        xmax: west + side,
        ymax: north,
    };
    let coarse = |name: &str, value: &dyn Fn(f64, f64) -> f64| -> Result<PathBuf, Failure> {
        let cells = (side / 1000.0).ceil() as usize + 12;
        let placement = Placement {
            crs: terrain.crs,
            west: west - 6000.0,
            north: north + 6000.0,
            cell_x: 1000.0,
            cell_y: 1000.0,
            width: cells,
            height: cells,
        };
        let values =
            (0..cells * cells).map(|i| value((i % cells) as f64, (i / cells) as f64) as f32).collect();
        let path = folder.join(format!("{name}.tif"));
        write_grid(&path, &Grid { width: cells, height: cells, values }, &placement, &layer(name))?;
        Ok(path)
    };
    let reference = coarse("reference_height", &|x, y| 1500.0 + 400.0 * x.sin() * y.cos())?;
    let mut months = Vec::new();
    for month in 1..=12_u8 {
        let warm = 8.0 - 12.0 * (f64::from(month) / 1.91).cos();
        let temperature = coarse(&format!("t{month}"), &|x, y| warm + x.sin() + (0.7 * y).cos())?;
        let cloud =
            coarse(&format!("cloud{month}"), &|x, y| 5000.0 + 1500.0 * (0.3 * x).sin() * (0.4 * y).cos())?;
        months.push(MonthInputs {
            month,
            linke: None,
            lapse: CoarseField::Constant(0.006),
            cloud: Some(cloud),
            temperatures: vec![TemperatureInput {
                name: "mean".into(),
                path: temperature,
                scale: 1.0,
                offset: 0.0,
            }],
        });
    }
    Ok(MapRequest {
        dem: dem.to_path_buf(),
        region: Some(region),
        reference_height: Some(reference),
        months,
        year: 2018,
        tag: String::new(),
        model: Physics { summing: args.steps.into(), ..Physics::default() },
        products: vec![Product::SkyView, Product::Solar, Product::Temperature],
        tile: 256,
        block: 256,
        compression: Compression::Zstd,
        storage: args.storage.into(),
    })
}

/// Computes and encodes all tiles.
fn pipeline(
    request: MapRequest,
    tile: Option<u32>,
    threads: u32,
    vectors: Vectors,
) -> Result<Pipeline, Failure> {
    let months = request.months.len();
    let tile = match tile {
        Some(tile) => tile,
        None => Engine::open(request.clone())?.fitting_tile(threads),
    };
    let engine = Engine::open_with(MapRequest { tile, ..request }, vectors)?;
    let tiling = engine.tiling();
    let (begin, cpu) = (Instant::now(), cpu_ns()?);
    let (bytes, encoding) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut read = 0.0;
    for tile in (0..tiling.count()).filter_map(|number| tiling.tile(number)) {
        let never = AtomicBool::new(false);
        let ground = engine.read(tile, &never)?;
        engine.compute_pieces(&ground, &never, &|piece| {
            let before = own_ns();
            for (layer, cells) in engine.layers().iter().zip(&piece.layers) {
                for corner in corners(piece, tiling.block) {
                    let block = cut_block(cells, piece.width, corner, tiling.block);
                    let encoded = Workload::encode(&engine, layer, &block, tiling.block);
                    bytes.fetch_add(encoded.len() as u64, Ordering::Relaxed);
                }
            }
            encoding.fetch_add(own_ns() - before, Ordering::Relaxed);
        })?;
        read += engine.window_cells(tile) as f64;
    }
    let (bytes, encoding) = (bytes.into_inner(), encoding.into_inner());
    let cells = f64::from(tiling.width) * f64::from(tiling.height);
    let (wall, cpu) = (begin.elapsed().as_nanos() as f64, (cpu_ns()? - cpu) as f64);
    let stages = engine.spent().into_iter().map(|(stage, spent)| {
        let name = format!("{stage:?}").to_lowercase();
        (name, spent.as_nanos() as f64 / cells)
    });
    let encoding = ("encoding".to_owned(), encoding as f64 / cells);
    let maps = engine.layers().len() as f64;
    Ok(Pipeline {
        months,
        threads,
        tile,
        cells: cells as u64,
        ns_per_pixel_month: cpu / cells / months as f64,
        ns_per_pixel: cpu / cells,
        wall_ns_per_pixel: wall / cells,
        stages_ns_per_pixel: stages.chain([encoding]).collect(),
        bytes_per_pixel: bytes as f64 / cells / maps,
        gigabytes_per_second: 4.0 * (read + cells * maps) / wall,
        peak_memory_bytes: memory::peak(),
        predicted_memory_bytes: engine.peak_memory(tile, threads),
    })
}

/// The corners of a piece's blocks, in the piece.
fn corners(piece: &Piece, edge: u32) -> impl Iterator<Item = (u32, u32)> + use<> {
    let (width, height, edge) = (piece.width, piece.height, edge as usize);
    (0..height).step_by(edge).flat_map(move |y| (0..width).step_by(edge).map(move |x| (x, y)))
}

/// Time of a core that this thread has used, ns.
fn own_ns() -> u64 {
    let spent = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(std::time::Duration::from);
    spent.map_or(0, |spent| spent.as_nanos() as u64)
}

/// Time of all cores that this process has used, ns.
fn cpu_ns() -> Result<u64, Failure> {
    let spent = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_err(Failure::defect)?;
    Ok(std::time::Duration::from(spent).as_nanos() as u64)
}

fn print(report: &Report) -> Result<(), Failure> {
    output::say(format!("{} of {}, {}", count(report.cells, "cell"), report.terrain, report.vectors))?;
    output::say("")?;
    let passes: Vec<&Pipeline> = [&report.pipeline_fine_12_months, &report.pipeline_fine_1_month]
        .into_iter()
        .chain(&report.pipeline_fine_12_months_threads)
        .collect();
    let mut rows = Vec::new();
    let mut row = |name: &str, of: &dyn Fn(&Pipeline) -> String| {
        rows.push([name.to_owned()].into_iter().chain(passes.iter().map(|pass| of(pass))).collect());
    };
    for stage in report.pipeline_fine_12_months.stages_ns_per_pixel.keys() {
        row(stage, &|p| format!("{:.1}", p.stages_ns_per_pixel.get(stage).copied().unwrap_or(0.0)));
    }
    row("all, ns a cell", &|p| format!("{:.0}", p.ns_per_pixel));
    row("all, ns a cell and month", &|p| format!("{:.1}", p.ns_per_pixel_month));
    row("on the clock, ns a cell", &|p| format!("{:.0}", p.wall_ns_per_pixel));
    row("GB/s in and out", &|p| format!("{:.3}", p.gigabytes_per_second));
    row("bytes a cell and map", &|p| format!("{:.2}", p.bytes_per_pixel));
    row("edge of a work tile", &|p| p.tile.to_string());
    row("memory held", &|p| p.peak_memory_bytes.map_or_else(|| "?".to_owned(), quantity::bytes));
    row("of a job, predicted", &|p| quantity::bytes(p.predicted_memory_bytes));
    let head = |pass: &&Pipeline| {
        let months = count(pass.months as u64, "month");
        if pass.threads == 1 {
            months
        } else {
            format!("{months}, {}", count(u64::from(pass.threads), "thread"))
        }
    };
    let heads: Vec<String> = passes.iter().map(head).collect();
    let heads: Vec<&str> =
        ["ns of a core per cell"].into_iter().chain(heads.iter().map(String::as_str)).collect();
    let numbers: Vec<usize> = (1..heads.len()).collect();
    output::table(&heads, &rows, &numbers).into_iter().try_for_each(output::say)?;
    output::say("")?;
    if let (Some(times), Some(pass)) = (report.speed_up, &report.pipeline_fine_12_months_threads) {
        output::say(format!("{}: {times:.2} times one", count(u64::from(pass.threads), "thread")))?;
    }
    output::say(format!("twelve months of the whole Alps here: {:.2} h", report.whole_alps_hours))
}
