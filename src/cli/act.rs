//! `alpsckpt resubmit`, `checkpoint`, `hold`, `resume`, `stop`: the same actions as the screen's keys.

use std::path::PathBuf;

use super::{Failure, output, place};
use crate::campaign::controller::{Action, Controller};
use crate::checkpoint::ChainId;

pub(super) const HELP: &str = "\
Examples:
  alpsckpt resubmit m07
  alpsckpt checkpoint m01 --campaign my.ron
  alpsckpt hold m06
  alpsckpt resume m06
  alpsckpt stop m07

Exit codes: 0 done, 66 no such campaign, 69 the batch system does not answer, 75 the chain is not in a state for it,
or another frontend holds the campaign.";

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

/// Does one action on the chain and says what was done.
pub(super) fn run(args: &Args, action: impl Fn(ChainId) -> Action) -> Result<(), Failure> {
    let mut controller = Controller::open(&place::output_of(args.campaign.as_deref())?)?;
    // What is known of the chain decides whether the action fits: look first.
    controller.refresh()?;
    let answer = controller.act(&action(args.chain.clone()))?;
    output::say(answer)
}
