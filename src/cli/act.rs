//! `alpsckpt resubmit`, `checkpoint`, `hold`, `resume`, `stop`: the same actions as the screen's keys.

use std::path::PathBuf;

use super::{Failure, output, place};
use crate::campaign::controller::{Action, Controller};
use crate::campaign::snapshot::ChainState;
use crate::checkpoint::{CampaignDir, ChainId, fence};

/// The end of the help of an action on a chain.
macro_rules! help {
    ($action:literal) => {
        concat!(
            "Examples:\n  alpsckpt ",
            $action,
            " m07\n  alpsckpt ",
            $action,
            " m07 --campaign my.ron\n\n",
            "Exit codes: 0 done, 66 no such campaign, 69 the batch system does not answer, 75 the chain is not in a \
             state for it, or another frontend holds the campaign."
        )
    };
}

pub(super) const CHECKPOINT_HELP: &str = help!("checkpoint");
pub(super) const HOLD_HELP: &str = help!("hold");
pub(super) const RESUME_HELP: &str = help!("resume");
pub(super) const STOP_HELP: &str = help!("stop");

pub(super) const RESUBMIT_HELP: &str = "\
Examples:
  alpsckpt resubmit m07
  alpsckpt resubmit m07 --campaign my.ron
  alpsckpt resubmit m07 --anew

Exit codes: 0 done, 66 no such campaign, 69 the batch system does not answer, 75 the chain is not in a state for it, \
or another frontend holds the campaign, 76 an input is not what the chain's tiles were computed from.";

/// A chain of a campaign.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The chain, such as m01.
    #[arg(value_parser = super::job::chain)]
    chain: ChainId,
    /// A campaign file or output folder; the campaign opened last without it.
    #[arg(long, short, value_name = "CAMPAIGN")]
    campaign: Option<PathBuf>,
}

/// A failed or stopped chain.
#[derive(Debug, clap::Args)]
pub(super) struct Resubmission {
    #[command(flatten)]
    of: Args,
    /// Computes the chain anew from the inputs as they are now; what it sealed so far does not count any more.
    #[arg(long)]
    anew: bool,
}

/// Submits a failed or stopped chain again. The campaign's file, when it is named, may say where the files lie now.
pub(super) fn resubmit(args: &Resubmission) -> Result<(), Failure> {
    let Args { chain, campaign } = &args.of;
    let output = place::output_of(campaign.as_deref())?;
    // Before anything is written: what is seen there is journalled.
    fence::ensure_known(&CampaignDir::new(&output).chain(chain))?;
    let mut controller = Controller::open(&output)?;
    if let Some(file) = campaign.as_deref().filter(|path| path.is_file()) {
        controller.follow(&place::load_settled(file)?)?;
    }
    let snapshot = controller.refresh()?;
    let planned = snapshot.chains.iter().any(|c| c.id == *chain && c.state == ChainState::Planned);
    if args.anew {
        controller.begin_anew(chain)?.iter().for_each(output::warning);
    }
    // What never was submitted is begun from other inputs than the campaign was made with.
    let action = if args.anew && planned { Action::Submit } else { Action::Resubmit };
    output::say(controller.act(&action(chain.clone()))?)
}

/// Does one action on the chain and says what was done.
pub(super) fn run(args: &Args, action: impl Fn(ChainId) -> Action) -> Result<(), Failure> {
    let mut controller = Controller::open(&place::output_of(args.campaign.as_deref())?)?;
    // What is known of the chain decides whether the action fits: look first.
    controller.refresh()?;
    let answer = controller.act(&action(args.chain.clone()))?;
    output::say(answer)
}
