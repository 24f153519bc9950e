//! `alpsckpt open`, and `alpsckpt` alone: the screen.

use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// Seconds between two looks at ages and files: the program's tests choose it.
    #[arg(long, hide = true, default_value_t = ui::TICK.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    tick: u64,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    show(&place::output_of(args.campaign.as_deref())?, Duration::from_secs(args.tick))
}

/// `alpsckpt` alone: the campaign opened last.
pub(super) fn last() -> Result<(), Failure> {
    screen(&place::output_of(None)?)
}

/// Opens the screen on the campaign of an output folder and remembers it.
pub(super) fn screen(output: &Path) -> Result<(), Failure> {
    show(output, ui::TICK)
}

fn show(output: &Path, tick: Duration) -> Result<(), Failure> {
    registry::remember(output, &Identity::read(&CampaignDir::new(output))?.name)?;
    ui::run(output, tick).map_err(|e| match e {
        UiError::Campaign(e) => e.into(),
        UiError::NoTerminal | UiError::DumbTerminal(_) => Failure::new(failure::USAGE, e, ""),
        UiError::Terminal(_) => Failure::output(e),
        UiError::Defect(_) => Failure::defect(e),
    })
}
