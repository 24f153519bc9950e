//! `alpsckpt open`, and `alpsckpt` alone: the screen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{CliError, exit, output, place};
use crate::campaign::controller::{self, ControlError, Controller};
use crate::campaign::identity::Identity;
use crate::checkpoint::CampaignDir;
use crate::prepare;
use crate::ui::{self, UiError};

/// Opens the screen on a campaign; so does `alpsckpt` alone, on the current folder's campaign or the one opened last.
///
/// An edited campaign file is taken for the next attempts, and what changed is shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt open my.ron
  alpsckpt

Exit codes: 0 closed by its user, 65 bad campaign file, 66 no such campaign, 76 the file is another campaign's.")]
pub(super) struct Args {
    /// A campaign file or output folder; without it the current folder's campaign, else the one opened last.
    campaign: Option<PathBuf>,
    /// Seconds between two looks at ages and files: the program's tests choose it.
    #[arg(long, hide = true, default_value_t = ui::TICK.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    tick: u64,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let tick = Duration::from_secs(args.tick);
    let Some(file) = args.campaign.as_deref().filter(|path| path.is_file()) else {
        return show(&place::output_of(args.campaign.as_deref())?, tick);
    };
    let loaded = prepare::as_begun(place::load(file)?, &output::tell)?;
    let output = place::begun(loaded.spec.output.clone())?;
    if !controller::edits(&loaded).unwrap_or_default().is_empty() {
        let mut controller = Controller::open(&output)?;
        match controller.follow(&loaded) {
            Ok(taken) => place::tell_taken(&taken),
            // Who only looks is told, and looks.
            Err(ControlError::ReadOnly { .. }) => place::tell_edits(&loaded, file),
            Err(e) => return Err(CliError::from(e).about(place::name_of(&output))),
        }
    }
    show(&output, tick)
}

/// `alpsckpt` alone: the campaign of the current folder, else the one opened last.
pub(super) fn last() -> Result<(), CliError> {
    screen(&place::output_of(None)?)
}

/// Opens the screen on the campaign of an output folder and remembers it.
pub(super) fn screen(output: &Path) -> Result<(), CliError> {
    show(output, ui::TICK)
}

fn show(output: &Path, tick: Duration) -> Result<(), CliError> {
    place::remember(output, &Identity::read(&CampaignDir::new(output))?.name);
    ui::run(output, tick).map_err(|e| match e {
        UiError::Campaign(e) => e.into(),
        UiError::NoTerminal | UiError::DumbTerminal(_) => CliError::new(exit::USAGE, e, ""),
        UiError::Terminal(_) => CliError::output(e),
        UiError::Defect(_) => CliError::defect(e),
    })
}
