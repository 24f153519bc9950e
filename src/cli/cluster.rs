//! `alpsckpt cluster`: the embedded cluster's own processes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::Failure;
use super::failure;
use crate::oar_client::embedded::{self, ServeError};

/// The embedded cluster's processes; clients start them, people need not.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serves the cluster of a state directory until it is told to end, or has been idle for ten minutes.
    Serve {
        /// The cluster's state directory.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
    /// Runs a job's script and records how it ended.
    #[command(hide = true)]
    Wrap {
        /// The job's folder.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
}

/// Runs one of the cluster's processes.
pub(super) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve { dir } => match embedded::serve(dir) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(ServeError::File(e)) => Err(e.into()),
            Err(e) => Err(Failure::new(failure::NOT_NOW, &e, "clients find that one by themselves")),
        },
        Command::Wrap { dir } => Ok(embedded::wrap(dir)),
    }
}
