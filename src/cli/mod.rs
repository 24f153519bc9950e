//! The command line: every ability of the program without a screen, and the entry point of every process.
//!
//! One file a command. A command answers `Ok` or a [`Failure`]: what to print on the error stream and with which code
//! to exit. The codes are listed in `docs/commands.md`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod cluster;
mod failure;
mod job;
mod output;

use failure::Failure;

const AFTER_HELP: &str = "\
Begin:
  alpsckpt demo                     see it work: four months of the Parc des Écrins
  alpsckpt new my.ron               a commented campaign file to fill in
  alpsckpt check my.ron             every problem of the file and its inputs at once
  alpsckpt run my.ron               compute here …
  alpsckpt submit my.ron            … or as chained jobs on a cluster
  alpsckpt                          the screen, on the campaign opened last

CAMPAIGN is a campaign file, an output folder, or nothing: then the campaign opened last.
Exit codes: 0 done, 2 wrong usage, 65 bad campaign file or input, others in docs/commands.md.";

/// Plans, runs and follows checkpointed campaigns of alpine radiation and temperature maps.
///
/// Without a command it opens the screen on the campaign opened last.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(subcommand, hide = true)]
    Cluster(cluster::Command),
    #[command(subcommand, hide = true)]
    Job(job::Command),
}

/// The entry point of every process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        None => Ok(ExitCode::SUCCESS),
        Some(Command::Cluster(command)) => cluster::run(&command),
        Some(Command::Job(command)) => job::run(&command),
    }
}
