//! The command line: every ability of the program without a screen, and the entry point of every process.
//!
//! One file a command. A command answers `Ok` or a [`Failure`]: what to print on the error stream and with which code
//! to exit. The codes are listed in `docs/commands.md`.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

mod act;
mod bars;
mod bench;
mod canvas;
mod check;
mod checkpoints;
mod cluster;
mod commands;
mod completions;
mod demo;
mod doctor;
mod failure;
mod job;
mod kit;
mod log;
mod man;
mod maps;
mod new;
mod open;
mod output;
mod place;
mod plan;
mod preview;
mod results;
mod run;
mod status;
mod steps;
mod submit;
mod verify;

use failure::Failure;
use steps::Steps;

use crate::campaign::controller::Action;
use crate::job::signals;

const AFTER_HELP: &str = "\
Begin:
  alpsckpt demo              see it work: four months of the Parc des Écrins
  alpsckpt new my.ron        a commented campaign file to fill in
  alpsckpt check my.ron      every problem of the file and its inputs at once
  alpsckpt run my.ron        compute here …
  alpsckpt submit my.ron     … or as chained jobs on a cluster
  alpsckpt                   the screen, on the campaign opened last

CAMPAIGN is a campaign file, an output folder, or nothing: then the campaign of the current folder, else, \
for what only looks, the one opened last.

Exit codes: 0 done, 2 wrong usage, 65 bad campaign file or input; the others stand in the help of each command.";

/// Plans, runs and follows checkpointed campaigns of alpine radiation and temperature maps.
///
/// Without a command it opens the screen on the campaign opened last.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    New(new::Args),
    Check(check::Args),
    Doctor(doctor::Args),
    Preview(preview::Args),
    Plan(plan::Args),
    Run(run::Args),
    Submit(submit::Args),
    Open(open::Args),
    Status(status::Args),
    /// Submits a failed or stopped chain again, from its last good checkpoint.
    #[command(after_help = act::RESUBMIT_HELP)]
    Resubmit(act::Resubmission),
    /// Asks a running chain to checkpoint now and go on in the next job.
    #[command(after_help = act::CHECKPOINT_HELP)]
    Checkpoint(act::Args),
    /// Holds a waiting chain: its job does not start until it is resumed.
    #[command(after_help = act::HOLD_HELP)]
    Hold(act::Args),
    /// Resumes a chain whose job is held or suspended.
    #[command(after_help = act::RESUME_HELP)]
    Resume(act::Args),
    /// Stops a chain: its job is deleted, what is sealed stays and can be resubmitted.
    #[command(after_help = act::STOP_HELP)]
    Stop(act::Args),
    Log(log::Args),
    #[command(subcommand)]
    Checkpoints(checkpoints::Command),
    Verify(verify::Args),
    Bench(bench::Args),
    Maps(maps::Args),
    #[command(subcommand)]
    Cluster(cluster::Command),
    #[command(subcommand)]
    Kit(kit::Command),
    Man(man::Args),
    Completions(completions::Args),
    #[command(subcommand, hide = true)]
    Job(job::Command),
}

/// The entry point of every process.
#[must_use]
pub fn main() -> ExitCode {
    // Those of the foreign programs' processes that are started with each of them.
    if let Some(code) = job::inside() {
        return code;
    }
    // First of all: until then the batch system's signal would kill a job.
    if std::env::args_os().nth(1).is_some_and(|word| word == "job") {
        signals::hold();
    }
    signals::survive_file_limit();
    let parsed = Cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let command = match parsed {
        Ok(cli) => cli.command,
        // Help is one too.
        Err(error) => return output::say_of_arguments(&error),
    };
    match dispatch(command) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn dispatch(command: Option<Command>) -> Result<ExitCode, Failure> {
    let Some(command) = command else { return done(open::last()) };
    match command {
        Command::Demo(args) => done(demo::run(&args)),
        Command::New(args) => done(new::run(&args)),
        Command::Check(args) => done(check::run(&args)),
        Command::Doctor(args) => done(doctor::run(&args)),
        Command::Preview(args) => done(preview::run(&args)),
        Command::Plan(args) => done(plan::run(&args)),
        Command::Run(args) => done(run::run(&args)),
        Command::Submit(args) => done(submit::run(&args)),
        Command::Open(args) => done(open::run(&args)),
        Command::Status(args) => done(status::run(&args)),
        Command::Resubmit(args) => done(act::resubmit(&args)),
        Command::Checkpoint(args) => done(act::run(&args, Action::Checkpoint)),
        Command::Hold(args) => done(act::run(&args, Action::Hold)),
        Command::Resume(args) => done(act::run(&args, Action::Resume)),
        Command::Stop(args) => done(act::run(&args, Action::Stop)),
        Command::Log(args) => done(log::run(&args)),
        Command::Checkpoints(command) => done(checkpoints::run(&command)),
        Command::Verify(args) => done(verify::run(&args)),
        Command::Bench(args) => done(bench::run(&args)),
        Command::Maps(args) => done(maps::run(&args)),
        Command::Cluster(command) => cluster::run(command),
        Command::Kit(command) => done(kit::run(&command)),
        Command::Man(args) => done(man::run(&args, Cli::command())),
        Command::Completions(args) => done(completions::run(&args, Cli::command())),
        Command::Job(command) => Ok(job::run(&command)),
    }
}

/// Whether there is a command of this name.
fn is_command(name: &str) -> bool {
    Command::has_subcommand(name)
}

fn done(result: Result<(), Failure>) -> Result<ExitCode, Failure> {
    result.map(|()| ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_well_formed() {
        super::Cli::command().debug_assert();
    }
}
