//! `alpsckpt job run`: what a batch job executes, the first time and at each resume.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Failure;
use crate::checkpoint::ChainId;
use crate::job::{entry, surroundings};
use clap::{Args, Subcommand};

/// What runs inside a batch job; written into `job.sh`, not typed by people.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs one link of a chain: resumes, computes, and checkpoints in time (exit 99) or finishes the maps (exit 0).
    Run(Run),
    /// Looks at a folder from a node and answers the challenge in it; see `alpsckpt doctor`.
    Look(Look),
}

/// A folder with a challenge.
#[derive(Debug, Args)]
pub(super) struct Look {
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
}

/// One link of a chain.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The campaign's output folder.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// The hash of the frozen spec, `<output>/.alpsckpt/spec-<HASH>.ron`.
    #[arg(long, value_name = "HASH")]
    spec: String,
    /// The chain, such as m01.
    #[arg(long, value_name = "CHAIN", value_parser = chain)]
    chain: ChainId,
}

/// Reads a chain's name as a person types it.
pub(super) fn chain(text: &str) -> Result<ChainId, String> {
    ChainId::parse(text).ok_or_else(|| "write m01, or m01-m02 for a chain of several months".to_owned())
}

/// Runs one link; the exit code is that of its [`crate::checkpoint::ExitClass`].
pub(super) fn run(command: &Command) -> ExitCode {
    match command {
        Command::Run(args) => ExitCode::from(entry::entry(&args.output, args.chain.as_str(), &args.spec)),
        Command::Look(args) => match surroundings::answer(&args.folder) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => Failure::output(e.to_string()).report(),
        },
    }
}
