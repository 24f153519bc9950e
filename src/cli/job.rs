//! `alpsckpt job run`: what a batch job executes, the first time and at each resume.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use super::{CliError, exit, output};
use crate::checkpoint::{ChainId, ExitClass};
use crate::foreign::trial;
use crate::job::entry::{self, Order};
use crate::job::setup::SetupFailure;
use crate::job::{signals, surroundings};
use crate::shell_words::word;
use clap::{Args, Subcommand};

/// What runs inside a batch job; written into `job.sh`, not typed by people.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs a job's script with the checkpoint signal held back until `job run` takes it.
    Hold(Hold),
    /// Runs one link of a chain: resumes, computes, and checkpoints in time (exit 99) or finishes the maps (exit 0).
    Run(Run),
    /// Looks at a folder from a node and answers the challenge in it; see `alpsckpt doctor`.
    Look(Look),
    /// Waits in its folder to be dumped and restored; see `alpsckpt doctor`.
    Trial,
}

/// A job's script.
#[derive(Debug, Args)]
pub(super) struct Hold {
    script: PathBuf,
}

/// How the script's setup failed; left out where it did not.
#[derive(Debug, Args)]
pub(super) struct SetupArgs {
    /// The exit status with which the setup lines ended.
    #[arg(long, value_name = "STATUS")]
    setup_status: Option<u8>,
    /// The line that failed.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    setup_command: Option<OsString>,
}

impl SetupArgs {
    fn failure(&self) -> Option<SetupFailure> {
        let command = self.setup_command.as_deref().unwrap_or_default().to_string_lossy().into_owned();
        self.setup_status.map(|status| SetupFailure { status, command })
    }
}

/// A folder with a challenge.
#[derive(Debug, Args)]
pub(super) struct Look {
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// The CRIU that the campaign names.
    #[arg(long, value_name = "DIR")]
    kit: Option<PathBuf>,
    #[command(flatten)]
    setup: SetupArgs,
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
    /// The campaign's own name, which no other campaign has.
    #[arg(long, value_name = "NAME")]
    campaign: Option<String>,
    #[command(flatten)]
    setup: SetupArgs,
}

/// Runs one of the processes around a foreign program, if that is what this one was started for: `job outside`, `job init`,
/// `job tree`.
pub(super) fn inside() -> Option<ExitCode> {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    crate::foreign::inside::entry(&words)
}

/// Reads a chain's name as a person types it.
pub(super) fn chain(text: &str) -> Result<ChainId, String> {
    ChainId::parse(text).ok_or_else(|| {
        let chain = "write m01, or m01-m02 for a chain of several months";
        // A campaign's file or folder.
        if text.contains(['.', '/']) {
            let campaign = word(std::ffi::OsStr::new(text));
            format!("{chain}; a campaign is named by --campaign {campaign}")
        } else {
            chain.to_owned()
        }
    })
}

/// Runs one link; the exit code is that of its [`ExitClass`].
pub(super) fn run(command: &Command) -> ExitCode {
    match command {
        Command::Hold(args) => match signals::become_script(&args.script) {
            Err(e) => {
                let cure = "job scripts need bash there";
                output::report(&CliError::new(exit::BATCH, format!("/bin/bash: {e}"), cure))
            }
        },
        Command::Run(args) => ExitCode::from(entry::entry(&Order {
            output: &args.output,
            chain: &args.chain,
            spec_hash: &args.spec,
            campaign: args.campaign.as_deref(),
            setup: args.setup.failure(),
        })),
        Command::Trial => match trial::small_program() {
            Ok(status) => ExitCode::from(status),
            Err(e) => output::report(&CliError::output(e)),
        },
        Command::Look(args) => {
            if let Some(failure) = args.setup.failure() {
                tell!("alpsckpt: {}", failure.words());
                return ExitCode::from(ExitClass::Setup.code());
            }
            match surroundings::answer(&args.folder, args.kit.as_deref()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(e) => output::report(&CliError::output(e.to_string())),
            }
        }
    }
}
