//! `alpsckpt bench`: what the engine costs on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use nix::time::{ClockId, clock_gettime};
use rayon::prelude::*;
use serde::Serialize;

use super::{Failure, failure, output};
use crate::engine::crs::Crs;
use crate::engine::geotiff::{Raster, cut_block, write_grid};
use crate::engine::grid::{Grid, Placement};
use crate::engine::synthetic::ranges;
use crate::engine::{
    Compression, Engine, Field, Layer, Model, MonthInputs, Piece, Product, RegionBox, Request, Storage,
    TemperatureInput, Vectors,
};
use crate::job::Workload;

/// Measures what the engine costs on this machine, in nanoseconds of one core.
///
/// Whole pipeline: reading the terrain with its halo, skylines, sky view, radiation at half-hour steps, clouds, quotient,
/// temperature, compressed blocks of two maps a month.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt bench
  alpsckpt bench --size 4096 --threads 2
  alpsckpt bench --dem dem.tif --json

Exit codes: 0 measured, 65 bad input.")]
pub(super) struct Args {
    /// A terrain model to measure on instead of synthetic ranges: its middle is taken.
    #[arg(long)]
    dem: Option<PathBuf>,
    /// Cells across and down of the mapped square.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(64..=16384))]
    size: u32,
    /// Edge of a work tile, cells; a multiple of 256.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(256..=4096))]
    tile: u32,
    /// Threads.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,
    /// The class of vector instructions: portable, avx2 or avx512; the best by default.
    #[arg(long, value_parser = vectors)]
    vectors: Option<Vectors>,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Cells of the whole Alps at 25 m.
const ALPS: f64 = 2.5e9;
const CELL: f64 = 25.0;

fn vectors(name: &str) -> Result<Vectors, String> {
    let here = Vectors::here();
    let plain = |class: &Vectors| class.name().to_lowercase().replace('-', "");
    let names: Vec<String> = here.iter().map(plain).collect();
    let found = here.iter().find(|class| plain(class) == name.to_lowercase());
    found.copied().ok_or_else(|| format!("this processor has {}", names.join(", ")))
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    vectors: &'static str,
    threads: u32,
    cells: u64,
    tile: u32,
    terrain: String,
    pipeline_fine_12_months: Pipeline,
    pipeline_fine_1_month: Pipeline,
    /// Largest resident memory of the process so far, bytes.
    peak_memory_bytes: Option<u64>,
    /// Twelve months of the whole Alps (2.5e9 cells) with these threads, hours.
    whole_alps_hours: f64,
}

/// One pass over some months.
#[derive(Debug, Serialize)]
struct Pipeline {
    months: usize,
    #[serde(skip)]
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
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if !args.tile.is_multiple_of(256) {
        return Err(Failure::new(failure::USAGE, "--tile must be a multiple of 256", "use 1024"));
    }
    let folder = tempfile_folder()?;
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
        None => (synthetic(folder, args.size)?, "synthetic ranges".to_owned()),
    };
    let base = request(&dem, folder, args)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads as usize)
        .build()
        .map_err(Failure::defect)?;
    let year = pool.install(|| pipeline(base.clone(), classes))?;
    let month = base.months.iter().filter(|m| m.month == 6).cloned().collect();
    let one = pool.install(|| pipeline(Request { months: month, ..base }, classes))?;
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        vectors: classes.name(),
        threads: args.threads,
        cells: year.cells,
        tile: args.tile,
        terrain,
        whole_alps_hours: year.wall_ns_per_pixel * ALPS / 3.6e12,
        pipeline_fine_12_months: year,
        pipeline_fine_1_month: one,
        peak_memory_bytes: peak_memory(),
    })
}

/// Terrain around the mapped square as far as horizons look.
fn synthetic(folder: &Path, size: u32) -> Result<PathBuf, Failure> {
    let halo = (Model::default().horizon_distance / CELL) as usize + 2;
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
fn request(dem: &Path, folder: &Path, args: &Args) -> Result<Request, Failure> {
    let raster = Raster::open(dem)?;
    let terrain = raster.placement();
    let size = (args.size as usize).min(terrain.width).min(terrain.height);
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
            lapse: Field::Constant(0.006),
            cloud: Some(cloud),
            temperatures: vec![TemperatureInput {
                name: "mean".into(),
                path: temperature,
                scale: 1.0,
                offset: 0.0,
            }],
        });
    }
    Ok(Request {
        dem: dem.to_path_buf(),
        region: Some(region),
        reference_height: Some(reference),
        months,
        year: 2018,
        model: Model::default(),
        products: vec![Product::SkyView, Product::Solar, Product::Temperature],
        tile: args.tile.min((size as u32).next_multiple_of(256)),
        block: 256,
        compression: Compression::Zstd,
        storage: Storage::default(),
    })
}

/// Computes and encodes all tiles.
fn pipeline(request: Request, vectors: Vectors) -> Result<Pipeline, Failure> {
    let months = request.months.len();
    let engine = Engine::open_with(request, vectors)?;
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
        cells: cells as u64,
        ns_per_pixel_month: cpu / cells / months as f64,
        ns_per_pixel: cpu / cells,
        wall_ns_per_pixel: wall / cells,
        stages_ns_per_pixel: stages.chain([encoding]).collect(),
        bytes_per_pixel: bytes as f64 / cells / maps,
        gigabytes_per_second: 4.0 * (read + cells * maps) / wall,
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

fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn print(report: &Report) -> Result<(), Failure> {
    output::say(format!(
        "{} cells of {}, tiles of {}, {} threads, {}",
        report.cells, report.terrain, report.tile, report.threads, report.vectors
    ))?;
    output::say("")?;
    let mut rows = Vec::new();
    let (year, month) = (&report.pipeline_fine_12_months, &report.pipeline_fine_1_month);
    for stage in year.stages_ns_per_pixel.keys() {
        let of = |p: &Pipeline| format!("{:.1}", p.stages_ns_per_pixel.get(stage).copied().unwrap_or(0.0));
        rows.push(vec![stage.clone(), of(year), of(month)]);
    }
    let mut row =
        |name: &str, of: &dyn Fn(&Pipeline) -> String| rows.push(vec![name.into(), of(year), of(month)]);
    row("all, ns a cell", &|p| format!("{:.0}", p.ns_per_pixel));
    row("all, ns a cell and month", &|p| format!("{:.1}", p.ns_per_pixel_month));
    row("on the clock, ns a cell", &|p| format!("{:.0}", p.wall_ns_per_pixel));
    row("GB/s in and out", &|p| format!("{:.3}", p.gigabytes_per_second));
    row("bytes a cell and map", &|p| format!("{:.2}", p.bytes_per_pixel));
    output::table(&["ns of a core per cell", "12 months", "1 month"], &rows, &[1, 2])
        .into_iter()
        .try_for_each(output::say)?;
    output::say("")?;
    if let Some(bytes) = report.peak_memory_bytes {
        output::say(format!("peak memory {}", crate::quantity::bytes(bytes)))?;
    }
    output::say(format!("twelve months of the whole Alps here: {:.2} h", report.whole_alps_hours))
}
