//! `alpsckpt open`, and `alpsckpt` alone: the screen.

use std::path::{Path, PathBuf};

use super::{Failure, failure, place};
use crate::campaign::identity::Identity;
use crate::campaign::registry;
use crate::checkpoint::CampaignDir;
use crate::ui::{self, UiError};

/// Opens the screen on a campaign; so does `alpsckpt` alone, on the campaign opened last.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt open my.ron
  alpsckpt

Exit codes: 0 closed by its user, 66 no such campaign.")]
pub(super) struct Args {
    /// A campaign file or output folder; the campaign opened last without it.
    campaign: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    screen(&place::output_of(args.campaign.as_deref())?)
}

/// `alpsckpt` alone: the campaign opened last.
pub(super) fn last() -> Result<(), Failure> {
    screen(&place::output_of(None)?)
}

/// Opens the screen on the campaign of an output folder and remembers it.
pub(super) fn screen(output: &Path) -> Result<(), Failure> {
    registry::remember(output, &Identity::read(&CampaignDir::new(output))?.name)?;
    ui::run(output).map_err(|e| match e {
        UiError::Campaign(e) => e.into(),
        UiError::NoTerminal => Failure::new(failure::USAGE, e, ""),
        UiError::Terminal(_) => Failure::output(e),
        UiError::Defect(_) => Failure::defect(e),
    })
}
