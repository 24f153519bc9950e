//! `alpsckpt completions`: what a shell needs to complete commands and options.

use clap::Command;
use clap_complete::Shell;

use super::{CliError, output};

/// Prints the script by which a shell completes commands, options and their values.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt completions bash > /etc/bash_completion.d/alpsckpt
  alpsckpt completions zsh > ~/.zfunc/_alpsckpt        a folder of $fpath
  alpsckpt completions fish > ~/.config/fish/completions/alpsckpt.fish

Exit codes: 0 printed, 2 no such shell.")]
pub(super) struct Args {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &Args, mut command: Command) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, env!("CARGO_PKG_NAME"), &mut script);
    output::say_bytes(&script)
}
