//! How far the engine stands from an oracle in double precision: `cargo bench --bench accuracy`.
//!
//! The oracle is that of the tests (`tests/oracle`): every half-hour of every day, a ray at the sun's true azimuth over
//! the whole terrain. Errors of radiation are given in percent of what level ground gets in the same month.

mod engine_side;
mod measure;
#[path = "../../tests/oracle/mod.rs"]
mod oracle;
mod pixels;
mod positions;
mod report;
mod spread;
mod terrain;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use alpsckpt::engine::{Problem, Vectors};
use clap::Parser;

use crate::measure::{Asked, measure};
use crate::report::Report;
use crate::terrain::Terrain;

/// What can go wrong is an input or the disk.
type Outcome<T> = Result<T, Problem>;

/// Measures the engine's accuracy against an independent oracle and prints the table of what is asked and what is so.
///
/// Synthetic ranges at 46, 43 and 49 degrees north in UTM 32N, and a terrain of yours after them. The oracle takes some
/// minutes on two cores; the variable `RAYON_NUM_THREADS` bounds the threads.
#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo bench --bench accuracy --",
    after_help = "\
Examples:
  cargo bench --bench accuracy
  cargo bench --bench accuracy -- --quick
  gdalwarp -t_srs EPSG:32632 -tr 25 25 -r bilinear in.tif out.tif
  cargo bench --bench accuracy -- --dem out.tif --json

Exit codes: 0 all bounds hold, 1 a bound is broken, 2 wrong usage, 65 bad input."
)]
struct Args {
    /// A terrain model to measure on as well: projected, cells of 25 m (see the example of gdalwarp); its middle is taken.
    #[arg(long)]
    dem: Option<PathBuf>,
    /// Cells across and down of a terrain.
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u32).range(512..=8192))]
    size: u32,
    /// Cells of each terrain at which the oracle looks, twelve months each.
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    pixels: u32,
    /// A look in a minute: 100 cells of terrains of at most 1024, at 46 north only; the figures scatter.
    #[arg(long)]
    quick: bool,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    // Cargo says that it is a benchmark; nothing depends on it.
    let args = Args::parse_from(std::env::args_os().filter(|argument| argument != "--bench"));
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(65)
        }
    }
}

/// Whether all bounds hold.
fn run(args: &Args) -> Outcome<bool> {
    let (pixels, size) =
        if args.quick { (args.pixels.min(100), args.size.min(1024)) } else { (args.pixels, args.size) };
    let folder = tempfile::tempdir().map_err(|e| {
        let what = format!("a folder for the terrain cannot be made: {e}");
        Problem::new(&std::env::temp_dir(), what, "make room there, or set TMPDIR to another folder")
    })?;
    let section = |asked: Asked, terrain: &Terrain| {
        eprintln!("{} …", terrain.name);
        measure(terrain, pixels as usize, asked)
    };
    // The user's terrain first: whatever is wrong with it is said before minutes have passed.
    let own = |dem: &PathBuf| section(Asked::All, &Terrain::of_dem(dem, folder.path(), size as usize)?);
    let own = args.dem.as_ref().map(own).transpose()?;
    let latitudes: &[u8] = if args.quick { &[46] } else { &[46, 43, 49] };
    let mut sections = Vec::new();
    for latitude in latitudes {
        let asked = if *latitude == 46 { Asked::All } else { Asked::December };
        sections.push(section(asked, &Terrain::synthetic(*latitude, folder.path(), size as usize)?)?);
    }
    sections.extend(own);
    let report = Report { version: env!("CARGO_PKG_VERSION"), vectors: Vectors::best().name(), sections };
    say(&if args.json { report.json()? } else { report.text() })?;
    Ok(report.holds())
}

/// A reader that goes away is no error.
fn say(text: &str) -> Outcome<()> {
    match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            let what = format!("cannot be written: {e}");
            Err(Problem::new(Path::new("standard output"), what, "look where it leads"))
        }
        _ => Ok(()),
    }
}
