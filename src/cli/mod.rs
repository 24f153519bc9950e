//! The command line: every ability of the program without a screen, and the entry point of every process.
//!
//! One file a command. A command answers `Ok` or a [`CliError`]: what to print on the error stream and with which code
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
#[cfg(test)]
mod documented;
mod error;
mod exit;
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
mod rights;
mod run;
mod status;
mod steps;
mod submit;
mod trace;
mod verify;

use error::CliError;
use output::Output;
use steps::Steps;

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

ALPSCKPT_LOG=FILE has a command write what goes on inside to a file, a line for each step: see where it hangs.

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

/// The commands, in the order of the help: each with its arguments and with what it does, given these and how its answer is
/// written. Another command is another line here, and a file.
macro_rules! commands {
    ($($(#[$meta:meta])* $name:ident($args:ident: $type:ty, $out:pat) => $run:expr,)*) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($(#[$meta])* $name($type),)*
        }

        impl Command {
            fn run(self, output: Output) -> Result<ExitCode, CliError> {
                match self {
                    $(Self::$name($args) => {
                        let $out = output;
                        $run.map(Done::code)
                    })*
                }
            }
        }
    };
}

commands! {
    Demo(args: demo::Args, _) => demo::run(&args),
    New(args: new::Args, _) => new::run(&args),
    Check(args: check::Args, _) => check::run(&args),
    Doctor(args: doctor::Args, out) => doctor::run(&args, out),
    Preview(args: preview::Args, _) => preview::run(&args),
    Plan(args: plan::Args, out) => plan::run(&args, out),
    Run(args: run::Args, _) => run::run(&args),
    Submit(args: submit::Args, _) => submit::run(&args),
    Open(args: open::Args, _) => open::run(&args),
    Status(args: status::Args, out) => status::run(&args, out),
    /// Submits a failed or stopped chain again, from its last good checkpoint.
    #[command(after_help = act::RESUBMIT_HELP)]
    Resubmit(args: act::Resubmission, _) => act::resubmit(&args),
    #[command(flatten)]
    Act(act: act::Act, _) => act::run(&act),
    Log(args: log::Args, _) => log::run(&args),
    #[command(subcommand)]
    Checkpoints(command: checkpoints::Command, out) => checkpoints::run(&command, out),
    Verify(args: verify::Args, out) => verify::run(&args, out),
    Bench(args: bench::Args, out) => bench::run(&args, out),
    Maps(args: maps::Args, _) => maps::run(&args),
    #[command(subcommand)]
    Cluster(command: cluster::Command, out) => cluster::run(command, out),
    #[command(subcommand)]
    Kit(command: kit::Command, _) => kit::run(&command),
    Man(args: man::Args, _) => man::run(&args, Cli::command()),
    Completions(args: completions::Args, _) => completions::run(&args, Cli::command()),
    #[command(subcommand, hide = true)]
    Job(command: job::Command, _) => Ok::<_, CliError>(job::run(&command)),
}

/// What a command comes to where it does not fail.
trait Done {
    fn code(self) -> ExitCode;
}

impl Done for () {
    fn code(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

impl Done for ExitCode {
    fn code(self) -> ExitCode {
        self
    }
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
    output::know_commands(is_command);
    let parsed = Cli::command()
        .try_get_matches()
        .and_then(|matches| Ok((Output::of(&matches), Cli::from_arg_matches(&matches)?)));
    let done = match parsed {
        Ok((output, Cli { command: Some(command) })) => trace(&command).and_then(|()| command.run(output)),
        Ok((_, Cli { command: None })) => trace::begin().and_then(|()| open::last()).map(Done::code),
        // Help is one too.
        Err(error) => return output::say_of_arguments(&error),
    };
    match done {
        Ok(code) => code,
        Err(error) => output::report(&error),
    }
}

/// Begins to write what goes on inside. What a batch system starts is a job's, which ends for no variable that was meant for a
/// person's session.
fn trace(command: &Command) -> Result<(), CliError> {
    match command {
        Command::Job(_) => Ok(()),
        Command::Cluster(command) if command.is_of_a_job() => Ok(()),
        Command::Cluster(command) if command.is_the_server() => {
            if let Err(error) = trace::begin() {
                output::report(&error);
            }
            Ok(())
        }
        _ => trace::begin(),
    }
}

/// Whether there is a command of this name.
fn is_command(name: &str) -> bool {
    Command::has_subcommand(name)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_well_formed() {
        super::Cli::command().debug_assert();
    }
}
