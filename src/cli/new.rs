//! `alpsckpt new`: a commented campaign file.

use std::path::PathBuf;

use super::{Failure, failure, output, place};
use crate::campaign::spec;
use crate::durable::atomic;

/// Writes a commented campaign file to fill in; never overwrites one.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  alpsckpt new my.ron\n\nExit codes: 0 written, 74 exists already or cannot be written."
)]
pub(super) struct Args {
    /// The file to write.
    #[arg(value_name = "FILE.ron")]
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let file = place::absolute(&args.file)?;
    if !atomic::create_exclusive(&file, spec::template().as_bytes())? {
        let what = format!("{}: exists already and is left as it is", args.file.display());
        return Err(Failure::new(failure::OUTPUT, what, "choose another name"));
    }
    output::say(format!("{} written.", args.file.display()))?;
    output::say(format!("Fill in the marked lines, then: alpsckpt check {}", args.file.display()))
}
