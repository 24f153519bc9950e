//! `alpsckpt bench`: what the engine costs on this machine.

mod pass;
mod report;
mod terrain;

use std::path::{Path, PathBuf};

use super::output::{AsJson, Output};
use super::{CliError, Steps, exit, output};
use crate::engine::{Storage, Vectors};
use report::Report;
#[cfg(test)]
pub(super) use report::sample;

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
    #[command(flatten)]
    _json: AsJson,
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

pub(super) fn run(args: &Args, out: Output) -> Result<(), CliError> {
    if args.tile.is_some_and(|tile| !tile.is_multiple_of(256)) {
        return Err(CliError::new(exit::USAGE, "--tile must be a multiple of 256", "use 1024"));
    }
    let folder = tempfile::Builder::new().prefix("alpsckpt-bench-").tempdir().map_err(CliError::defect)?;
    if let Some(pass) = args.pass {
        let measured = output::plain(&pass::alone(args, pass, folder.path())?)?;
        return output::say_bytes(measured.as_bytes());
    }
    out.show(&measure(args, folder.path())?)
}

fn measure(args: &Args, folder: &Path) -> Result<Report, CliError> {
    let classes = args.vectors.unwrap_or_else(Vectors::best);
    let (dem, terrain) = match &args.dem {
        Some(dem) => (dem.clone(), dem.display().to_string()),
        None => (terrain::synthetic(folder, size(args))?, "synthetic ranges".to_owned()),
    };
    let all = || std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    let all = args.threads.unwrap_or_else(all);
    let year = pass::apart(args, &dem, Pass::Year, 1)?;
    let month = pass::apart(args, &dem, Pass::June, 1)?;
    let threads = if all > 1 { Some(pass::apart(args, &dem, Pass::Year, all)?) } else { None };
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

/// Cells across and down: so many that the whole takes some minutes at most.
fn size(args: &Args) -> u32 {
    let usual = if args.vectors.unwrap_or_else(Vectors::best) == Vectors::Portable { 1024 } else { 4096 };
    args.size.unwrap_or(usual)
}
