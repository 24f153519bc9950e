//! `alpsckpt checkpoints`: the generations of a campaign's chains: listed, verified, packed, let go.

mod images;
mod list;

use std::path::PathBuf;

use super::output::Output;
use super::{CliError, exit, place};
use crate::campaign::chains;
use crate::campaign::inputs::{self, Inputs};
use crate::checkpoint::{CampaignDir, Chain, ChainDir, ChainId, Generation, GenerationNumber, fence};
use crate::durable::DurableError;
use images::{Compact, Prune};
use list::Ls;
#[cfg(test)]
pub(super) use list::sample;

/// Lists, verifies, packs and removes what chains have sealed.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  alpsckpt checkpoints ls
  alpsckpt checkpoints verify m07
  alpsckpt checkpoints compact
  alpsckpt checkpoints prune m07 --dry-run

Exit codes: those of its commands; 2 wrong usage.")]
pub(super) enum Command {
    Ls(Ls),
    Verify(Which),
    Compact(Compact),
    Prune(Prune),
}

/// Reads the images of programs as a job would before it restores one: every byte, and who may have written it.
///
/// Tiles are verified by each link that resumes them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt checkpoints verify
  alpsckpt checkpoints verify m07 --campaign my.ron

Exit codes: 0 all are good, 65 one is damaged, 66 no such campaign or chain.")]
pub(super) struct Which {
    /// Only this chain, such as m07.
    #[arg(value_parser = crate::cli::job::chain)]
    chain: Option<ChainId>,
    /// A campaign file or output folder; without it the current folder's campaign, else the one opened last.
    #[arg(long, short, value_name = "CAMPAIGN")]
    campaign: Option<PathBuf>,
}

pub(super) fn run(command: &Command, out: Output) -> Result<(), CliError> {
    match command {
        Command::Ls(args) => list::run(args, out),
        Command::Verify(which) => images::verify(which),
        Command::Compact(args) => images::compact(args),
        Command::Prune(args) => images::prune(args),
    }
}

/// The chains that are meant.
fn chains(which: &Which) -> Result<Vec<(ChainId, ChainDir)>, CliError> {
    let output = place::output_of(which.campaign.as_deref())?;
    let spec = place::spec_of(&output)?;
    let campaign = CampaignDir::new(&output);
    let all = chains::of(&campaign, &spec)?.into_iter();
    let meant = |chain: &Chain| which.chain.as_ref().is_none_or(|asked| chain.is_called(asked.as_str()));
    let meant: Vec<ChainId> = all.filter(meant).map(|chain| chain.id).collect();
    if let (Some(chain), true) = (&which.chain, meant.is_empty()) {
        let what = format!("{chain}: the campaign has no such chain");
        return Err(CliError::new(exit::MISSING, what, "see `alpsckpt status` for its chains"));
    }
    Ok(meant.into_iter().map(|id| (id.clone(), campaign.chain(&id))).collect())
}

/// The generations of a chain, oldest first, as far as their records can be read.
fn generations(dir: &ChainDir) -> Result<Vec<Generation>, CliError> {
    Ok(records(dir)?.into_iter().filter_map(|(_, record)| record.ok()).collect())
}

/// A generation's number by its file, and its record.
type Record = (GenerationNumber, Result<Generation, DurableError>);

/// The records of all generations of a chain, oldest first.
fn records(dir: &ChainDir) -> Result<Vec<Record>, CliError> {
    let numbers = fence::generations(dir)?;
    Ok(numbers.into_iter().map(|number| (number, Generation::read(dir, number))).collect())
}

/// The chain is complete: what its generations held of a program was let go.
fn is_complete(dir: &ChainDir) -> bool {
    Inputs::first(dir).is_ok_and(|first| inputs::is_complete(dir, first.after))
}
