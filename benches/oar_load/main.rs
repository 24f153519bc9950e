//! What following a campaign costs a real OAR: 300 jobs of ours among 3000 of others in its database.
//!
//! ```sh
//! cargo bench --bench oar_load                          # OAR 2.5, seven minutes
//! cargo bench --bench oar_load -- --oar 2.6 --json
//! cargo bench --bench oar_load -- --seconds 5 --repeat 1   # to see that it runs
//! ```
//!
//! The OAR is that of `tests/cluster/up`. A campaign of twelve months is submitted by the program itself to an `oarsub` that
//! takes everything and does nothing; then the rows that its jobs would have left, and those of others, are put into OAR's
//! tables, and removed in the end. All else is real: `oarstat` and `oarnodes` on the login node, database, server.
//!
//! Exit codes: 0 all that is asked for was reached, 1 a bound is broken, 2 wrong usage, 65 nothing could be measured.

mod campaign;
mod cluster;
mod load;
mod report;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::campaign::Campaign;
use crate::cluster::Cluster;
use crate::report::{Report, Stage};

/// What went well, or a sentence that says why not.
type Outcome<T> = Result<T, String>;

/// Jobs of one attempt.
const LINKS: usize = 25;
/// After this long the client asks no more for jobs that are over; then two refreshes more, so that it knows.
const SETTLED: Duration = Duration::from_secs(50);
/// Jobs of others.
const OTHERS: usize = 3000;

/// What following a campaign costs a real OAR: 300 jobs of ours among 3000 of others in its database.
///
/// Raises the cluster of tests/cluster (as root) and leaves it up. Nobody else should use it meanwhile.
#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo bench --bench oar_load --",
    after_help = "\
Examples:
  cargo bench --bench oar_load
  cargo bench --bench oar_load -- --oar 2.6 --json

Exit codes: 0 all bounds hold, 1 a bound is broken, 2 wrong usage, 65 nothing could be measured."
)]
struct Args {
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// Which OAR; by the environment, too, as of the commands in tests/cluster.
    #[arg(long, default_value_t = std::env::var("ALPSCKPT_OAR").unwrap_or_else(|_| "2.5".to_owned()), value_parser = ["2.5", "2.6"])]
    oar: String,
    /// How long the server is watched, with a campaign followed and without.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Every time is the median of so many.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if !args.bench {
        // As under `cargo test --all-targets`.
        eprintln!("nothing measured: run it by `cargo bench --bench oar_load`");
        return ExitCode::SUCCESS;
    }
    match measure(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(sentence) => {
            eprintln!("oar_load: {sentence}");
            ExitCode::from(65)
        }
    }
}

/// Whether all that is asked for was reached.
fn measure(args: &Args) -> Outcome<bool> {
    let cluster = Cluster::raise(&args.oar)?;
    // What an earlier run may have left when it was killed.
    cluster.remove_rows()?;
    eprintln!("submitting a campaign of twelve months");
    let campaign = Campaign::submit(&cluster)?;
    let tokens = campaign.tokens()?;
    let rows = cluster.rows();
    let mut stages = Vec::new();
    for (name, ours, others) in [("none", 0, 0), ("ours", LINKS, 0), ("all", LINKS, OTHERS)] {
        rows.put(&tokens, ours, others)?;
        eprintln!("measuring with {} jobs in the database", ours * tokens.len() + others);
        stages.push(Stage::measure(name, &cluster, &campaign, ours * tokens.len(), others, args.repeat)?);
    }
    let alone = campaign.cost_alone(args.repeat)?;
    eprintln!("watching the server for {} s, then again while the campaign is followed", args.seconds);
    let idle = load::watch(&cluster, args.seconds, || Ok(0))?;
    let mut follower = campaign.follow()?;
    follower.commands_in(SETTLED)?;
    let minute = Duration::from_secs(args.seconds);
    let followed = load::watch(&cluster, args.seconds, || follower.commands_in(minute))?;
    rows.remove()?;
    let report = Report::new(&cluster.version()?, args, stages, alone, idle, followed);
    let text = if args.json {
        serde_json::to_string_pretty(&report).map_err(|e| format!("no JSON: {e}"))?
    } else {
        report.to_string()
    };
    // A reader that goes away is no error.
    let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end());
    Ok(report.holds())
}
