//! Twelve months of the whole Alps by the program that the jobs run: 50 000 x 50 000 cells of 25 m on this machine.
//!
//! ```sh
//! cargo bench --bench whole_alps                     # an hour or two on two cores, and all the disk but 10 GB
//! cargo bench --bench whole_alps -- --size 4096      # a minute or two: to see that it runs
//! ```
//!
//! The terrain is made once and kept. Then a process of its own runs a campaign of one chain from its opening to its
//! verified maps. As many of the 25 maps are written as the disk takes; the others are computed, compressed and counted.
//!
//! Exit codes: 0 all that is asked for was reached, 1 a bound is broken, 2 wrong usage, 65 nothing could be measured.

mod campaign;
mod counting;
mod job;
mod machine;
mod report;
mod room;
mod terrain;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use clap::{Parser, Subcommand};

use crate::campaign::{Campaign, MAPS};
use crate::job::Ran;
use crate::machine::Machine;
use crate::report::Report;
use crate::terrain::Terrain;

/// What went well, or a sentence that says why not.
type Outcome<T> = Result<T, String>;

/// Cells across and down of the whole Alps.
const WHOLE: u32 = 50_000;

/// Runs twelve months of the whole Alps on this machine: time, memory and bytes of the whole job, to its verified maps.
///
/// Deterministic ranges as steep as the Alps, 1250 km across and down, terrain everywhere; clouds and a temperature at 1 km.
#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo bench --bench whole_alps --",
    disable_help_subcommand = true,
    after_help = "\
Examples:
  cargo bench --bench whole_alps
  cargo bench --bench whole_alps -- --size 4096
  cargo bench --bench whole_alps -- --folder /scratch/alps --layers 4 --keep --json

Exit codes: 0 all bounds hold, 1 a bound is broken, 2 wrong usage, 65 nothing could be measured."
)]
struct Args {
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// Cells across and down: the middle of the whole. Time and memory are judged only at the default.
    #[arg(long, default_value_t = WHOLE, value_parser = clap::value_parser!(u32).range(1024..=i64::from(WHOLE)))]
    size: u32,
    /// Edge of a work tile, cells; a multiple of 256.
    #[arg(long, default_value_t = 2048, value_parser = tile)]
    tile: u32,
    /// Threads.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,
    /// How many of the 25 maps are written, the first ones; as many as the disk takes by default.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MAPS as i64))]
    layers: Option<u32>,
    /// Takes the terrain, which is kept for the next run, and the campaign; by default in the system's temporary folder.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Keeps the campaign with its finished maps, too.
    #[arg(long)]
    keep: bool,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What this program starts itself for.
#[derive(Debug, Subcommand)]
enum Part {
    /// Runs the campaign's job and says what it cost.
    #[command(hide = true)]
    Job(job::Args),
}

fn tile(text: &str) -> Result<u32, String> {
    let fits = |tile: &u32| (256..=8192).contains(tile) && tile.is_multiple_of(256);
    text.parse().ok().filter(fits).ok_or_else(|| "needs a multiple of 256 from 256 to 8192".into())
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        // As under `cargo test --all-targets`.
        eprintln!("nothing measured: run it by `cargo bench --bench whole_alps`");
        return ExitCode::SUCCESS;
    }
    let done = match &args.part {
        Some(Part::Job(args)) => job::run(args).map(|()| true),
        None => measure(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(sentence) => {
            eprintln!("whole_alps: {sentence}");
            ExitCode::from(65)
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

/// Whether all that is asked for was reached.
fn measure(args: &Args) -> Outcome<bool> {
    let folder = folder(args.folder.as_deref())?;
    campaign::clear(&folder)?;
    let progress = Progress(Instant::now());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads as usize).build();
    let pool = pool.map_err(|e| format!("no {} threads can be had: {e}", args.threads))?;
    let (terrain, campaign, expected) = pool.install(|| -> Outcome<_> {
        let terrain = Terrain::ensure(&folder, args.size, &progress)?;
        progress.say("the coarse grids and the campaign");
        let campaign = Campaign::create(&folder, &terrain, args.tile, args.threads)?;
        let expected = room::expected(&campaign, &terrain)?;
        Ok((terrain, campaign, expected))
    })?;
    let written = room::choose(&folder, &expected, args.size, args.layers, &progress)?;
    let ran = run_job(&campaign, written, args.threads)?;
    let report = Report::new(args, Machine::of_here(), &terrain, ran);
    let text = if args.json {
        serde_json::to_string_pretty(&report).map_err(|e| format!("no JSON: {e}"))?
    } else {
        report.to_string()
    };
    // A reader that goes away is no error.
    let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end());
    if args.keep {
        progress.say(&format!("the maps stay in {}", campaign.output().display()));
    } else {
        campaign.remove()?;
    }
    progress.say(&format!("the terrain stays in {}", terrain.path.display()));
    Ok(report.holds())
}

fn folder(given: Option<&Path>) -> Outcome<PathBuf> {
    let folder = given.map_or_else(|| std::env::temp_dir().join("alpsckpt-whole-alps"), Path::to_path_buf);
    let cannot = |e: std::io::Error| {
        format!("{}: no folder can be made there: {e} (name another one with --folder)", folder.display())
    };
    std::fs::create_dir_all(&folder).map_err(cannot)?;
    // The campaign's file names it, and paths in it count from elsewhere.
    folder.canonicalize().map_err(cannot)
}

/// Runs this program once more, for the job alone: its memory is only the job's.
fn run_job(campaign: &Campaign, written: usize, threads: u32) -> Outcome<Ran> {
    let path = std::env::current_exe().map_err(|e| format!("this program does not find itself: {e}"))?;
    let mut command = Command::new(path);
    command.arg("--bench").arg("job").arg("--campaign").arg(campaign.file());
    command.arg("--written").arg(written.to_string());
    // What the job does outside its own pool has as many threads.
    command.env("RAYON_NUM_THREADS", threads.to_string()).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|e| format!("this program cannot start itself: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "the job failed, {}; its log is in {}",
            output.status,
            campaign.output().join(".alpsckpt").display()
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("the job answered nonsense: {e}"))
}
