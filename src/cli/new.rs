//! `alpsckpt new`: a commented campaign file.

use std::path::PathBuf;

use super::{CliError, exit, output, place};
use crate::campaign::spec;
use crate::durable::atomic;
use crate::shell_words::word;

/// Writes a commented campaign file to fill in; never overwrites one.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  alpsckpt new my.ron\n  alpsckpt new --command my.ron      for a program of your own\n  alpsckpt new --fields | less     every field explained\n\n\
        Exit codes: 0 written, 74 exists already or cannot be written."
)]
pub(super) struct Args {
    /// The file to write.
    #[arg(value_name = "FILE.ron", required_unless_present = "fields")]
    file: Option<PathBuf>,
    /// A campaign that runs a program of yours instead of computing maps.
    #[arg(long, conflicts_with = "fields")]
    command: bool,
    /// Explains every field of a campaign file, in Markdown, and writes nothing.
    #[arg(long, conflicts_with = "file")]
    fields: bool,
}

/// The page on the campaign file: an installed program has no other.
const FIELDS: &str = include_str!("../../docs/campaign-file.md");

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let Some(named) = &args.file else { return output::say(FIELDS.trim_end()) };
    let file = place::absolute(named)?;
    let template = if args.command { spec::template_of_command() } else { spec::template() };
    if !atomic::create_exclusive(&file, template.as_bytes())? {
        let what = format!("{}: exists already and is left as it is", named.display());
        return Err(CliError::new(exit::OUTPUT, what, "choose another name"));
    }
    output::say(format!("{} written.", named.display()))?;
    output::say(format!("Fill in the marked lines, then: alpsckpt check {}", word(named.as_os_str())))
}
