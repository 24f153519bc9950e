//! One pass over some months, in a process of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use nix::time::{ClockId, clock_gettime};

use super::report::Pipeline;
use super::{Args, Pass, plain, size, terrain};
use crate::THIS_PROGRAM;
use crate::cli::{CliError, exit};
use crate::engine::geotiff::cut_block;
use crate::engine::{Engine, MapRequest, Piece, Vectors};
use crate::job::{Workload, memory};

/// A pass in a process of its own: memory that an earlier one had is not its.
pub(super) fn apart(args: &Args, dem: &Path, pass: Pass, threads: u32) -> Result<Pipeline, CliError> {
    let mut child = Command::new(THIS_PROGRAM);
    child.arg("bench").arg("--dem").arg(dem);
    child.args(["--size", &size(args).to_string(), "--threads", &threads.to_string()]);
    child.args(args.tile.iter().flat_map(|tile| ["--tile".to_owned(), tile.to_string()]));
    child.args(args.vectors.iter().flat_map(|class| ["--vectors".to_owned(), plain(*class)]));
    let value = |value: Option<PossibleValue>| value.map_or_else(String::new, |v| v.get_name().to_owned());
    child.args(["--steps", &value(args.steps.to_possible_value())]);
    child.args(["--storage", &value(args.storage.to_possible_value())]);
    child.args(["--pass", &value(pass.to_possible_value())]);
    let output = child.stderr(Stdio::inherit()).output().map_err(CliError::defect)?;
    if !output.status.success() {
        let code = output.status.code().and_then(|code| u8::try_from(code).ok());
        return Err(CliError::new(
            code.unwrap_or(exit::DEFECT),
            format!("a pass over the terrain ended: {}", output.status),
            "what it said stands above",
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(CliError::defect)
}

/// The process of a pass.
pub(super) fn alone(args: &Args, pass: Pass, folder: &Path) -> Result<Pipeline, CliError> {
    let dem = args.dem.as_ref().ok_or_else(|| CliError::defect("a pass alone needs --dem"))?;
    let mut request = terrain::request(dem, folder, args)?;
    if pass == Pass::June {
        request.months.retain(|inputs| inputs.month == 6);
    }
    let threads = args.threads.unwrap_or(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build();
    let vectors = args.vectors.unwrap_or_else(Vectors::best);
    pool.map_err(CliError::defect)?.install(|| pipeline(request, args.tile, threads, vectors))
}

/// Computes and encodes all tiles.
fn pipeline(
    request: MapRequest,
    tile: Option<u32>,
    threads: u32,
    vectors: Vectors,
) -> Result<Pipeline, CliError> {
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
fn cpu_ns() -> Result<u64, CliError> {
    let spent = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_err(CliError::defect)?;
    Ok(std::time::Duration::from(spent).as_nanos() as u64)
}
