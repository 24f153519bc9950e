//! SAGA, GRASS and this program side by side: the same 512 x 512 cells with nothing outside them, one core each.
//!
//! ```sh
//! cargo bench --bench against_peers                # half an hour on a quiet machine
//! cargo bench --bench against_peers -- --quick     # one day instead of four months: to see that it runs
//! ```
//!
//! Exit codes: 0 all that is asked for was reached, 1 a ratio was missed or the programs do not agree, 2 nothing could be
//! measured.

mod agreement;
mod cost;
mod grass;
mod ours;
mod peers;
mod process;
mod report;
mod saga;
mod tile;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

/// What went well, or a sentence that says why not.
type Outcome<T> = Result<T, String>;

/// Measures this program against SAGA and GRASS r.horizon and r.sun, in nanoseconds of one core per cell.
#[derive(Debug, Parser)]
#[command(name = "against_peers")]
struct Args {
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// One day of January instead of four months, to see that everything runs; its figures are rough.
    #[arg(long)]
    quick: bool,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
    /// A folder for all intermediate files, to be kept.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What this program starts itself for: each measured process is a child of a small one that does nothing else.
#[derive(Debug, Subcommand)]
#[command(subcommand_help_heading = "Parts that the measurement starts itself")]
enum Part {
    /// Runs a command and says what it cost.
    #[command(hide = true)]
    Measure(process::MeasureArgs),
    /// Runs this program's engine and says what it cost.
    #[command(hide = true)]
    Ours(ours::Args),
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        // As under `cargo test --all-targets`.
        eprintln!("nothing measured: run it by `cargo bench --bench against_peers`");
        return ExitCode::SUCCESS;
    }
    let done = match &args.part {
        Some(Part::Measure(args)) => process::measure(args).map(|()| true),
        Some(Part::Ours(args)) => ours::run(args).map(|()| true),
        None => compare(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(sentence) => {
            eprintln!("against_peers: {sentence}");
            ExitCode::from(2)
        }
    }
}

/// Lines on standard error that say what is being done: a whole run takes long.
struct Progress(Instant);

impl Progress {
    fn say(&self, what: &str) {
        let seconds = self.0.elapsed().as_secs();
        eprintln!("{:3}:{:02}  {what}", seconds / 60, seconds % 60);
    }
}

/// Where a run works and how much of it is done.
struct Run {
    folder: PathBuf,
    quick: bool,
    progress: Progress,
}

/// Whether all that is asked for was reached.
fn compare(args: &Args) -> Outcome<bool> {
    let (folder, _temporary) = folder(args.keep.as_deref())?;
    let run = Run { folder, quick: args.quick, progress: Progress(Instant::now()) };
    let versions = peers::ensure(&run.progress)?;
    tile::write(&run.folder)?;
    let saga = saga::measure(&run, &versions.saga)?;
    let grass = grass::measure(&run, &versions.grass)?;
    let own = ours::measure(&run)?;
    let agreements = agreement::of(&run, &saga, &grass)?;
    let report = report::Report::new(run.quick, &own, &[saga, grass], agreements);
    if args.json {
        let text = serde_json::to_string_pretty(&report).map_err(|e| format!("no JSON: {e}"))?;
        println!("{text}");
    } else {
        print!("{report}");
    }
    Ok(report.reached())
}

fn folder(keep: Option<&Path>) -> Outcome<(PathBuf, Option<tempfile::TempDir>)> {
    let cannot = |e: std::io::Error| format!("no folder to work in: {e}");
    if let Some(folder) = keep {
        std::fs::create_dir_all(folder).map_err(cannot)?;
        // Programs are started in other folders.
        return Ok((folder.canonicalize().map_err(cannot)?, None));
    }
    let folder = tempfile::Builder::new().prefix("against_peers-").tempdir().map_err(cannot)?;
    Ok((folder.path().to_path_buf(), Some(folder)))
}
