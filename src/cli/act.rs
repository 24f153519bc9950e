//! `alpsckpt resubmit`, `checkpoint`, `hold`, `resume`, `stop`: the same actions as the screen's keys.

use std::path::{Path, PathBuf};

use super::{CliError, output, place};
use crate::campaign::controller::{self, Action, Controller};
use crate::campaign::snapshot::ChainState;
use crate::campaign::spec::Loaded;
use crate::checkpoint::{CampaignDir, ChainId, fence};
use crate::prepare;

/// The end of the help of an action on a chain.
macro_rules! help {
    ($action:literal) => {
        concat!(
            "Examples:\n  alpsckpt ",
            $action,
            " m07\n  alpsckpt ",
            $action,
            " m07 --campaign my.ron\n\n",
            "Without --campaign it is the campaign of the current folder: the output folder itself, or the folder of its \
             file. The campaign opened last is only taken when you say so at the terminal.\n\n",
            "Exit codes: 0 done, 2 no campaign is named, 66 no such campaign, 69 the batch system does not answer, 73 the disk is \
             full, 75 the chain is not in a state for it, or another session holds the campaign."
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

A complete chain is taken too when a map of it is not what was computed (see verify): the map is put aside.

With --campaign my.ron the next attempt goes by that file, as it is now: what changed is shown.

Exit codes: 0 done, 2 no campaign is named, 66 no such campaign, 69 the batch system does not answer, 73 the disk is full, \
75 the chain is not in a state for it, \
or another session holds the campaign, 76 an input is not what the chain's tiles were computed from.";

/// A chain of a campaign.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The chain, such as m01.
    #[arg(value_parser = super::job::chain)]
    chain: ChainId,
    /// A campaign file or output folder; without it the campaign of the current folder.
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

/// Submits a failed or stopped chain again, or a complete one with damaged maps. The campaign's file, when it is named, may say how it goes on and where the files
/// lie now.
pub(super) fn resubmit(args: &Resubmission) -> Result<(), CliError> {
    let Args { chain, campaign } = &args.of;
    let file = campaign.as_deref().filter(|path| path.is_file());
    let begun = |file: &Path| -> Result<Loaded, CliError> {
        Ok(prepare::as_begun(place::load(file)?, &output::tell)?)
    };
    let loaded = file.map(begun).transpose()?;
    let output = match &loaded {
        Some(loaded) => place::begun(loaded.spec.output.clone())?,
        None => place::acted_on(campaign.as_deref(), &typed("resubmit", chain))?,
    };
    resubmit_of(args, &output, loaded.as_ref()).map_err(|e| e.about(place::name_of(&output)))
}

fn resubmit_of(args: &Resubmission, output: &Path, loaded: Option<&Loaded>) -> Result<(), CliError> {
    let chain = &args.of.chain;
    // Before anything is written: what is seen there is journalled.
    fence::ensure_known(&CampaignDir::new(output).chain(chain))?;
    loaded.map(controller::restore).transpose()?;
    let mut controller = Controller::open(output)?;
    // What begins anew takes more of an edited file than what goes on.
    if let Some(loaded) = loaded.filter(|_| !args.anew) {
        place::tell_taken(&controller.follow(loaded)?);
    }
    if !args.anew {
        controller.put_damaged_aside(chain)?.iter().for_each(output::warning);
    }
    let snapshot = controller.refresh()?;
    let planned = snapshot.chains.iter().any(|c| c.id == *chain && c.state == ChainState::Planned);
    if args.anew {
        let (taken, said) = controller.begin_anew(chain, loaded)?;
        place::tell_taken(&taken);
        said.iter().for_each(output::warning);
    }
    // What never was submitted is begun from other inputs than the campaign was made with.
    let action = if args.anew && planned { Action::Submit } else { Action::Resubmit };
    let answer = controller.act(&action(chain.clone()))?;
    place::say_where(&controller)?;
    output::say(answer)
}

/// Does one action on the chain and says what was done, and of which campaign.
pub(super) fn run(args: &Args, action: impl Fn(ChainId) -> Action) -> Result<(), CliError> {
    let action = action(args.chain.clone());
    let output = place::acted_on(args.campaign.as_deref(), &typed(word(&action), &args.chain))?;
    let act = || -> Result<(), CliError> {
        let mut controller = Controller::open(&output)?;
        let answer = controller.act(&action)?;
        place::say_where(&controller)?;
        output::say(answer)
    };
    act().map_err(|e| e.about(place::name_of(&output)))
}

/// The command of an action.
fn word(action: &Action) -> &'static str {
    match action {
        Action::Submit(_) => "submit",
        Action::Resubmit(_) => "resubmit",
        Action::Checkpoint(_) => "checkpoint",
        Action::Hold(_) => "hold",
        Action::Resume(_) => "resume",
        Action::Stop(_) => "stop",
    }
}

fn typed(command: &str, chain: &ChainId) -> String {
    format!("{command} {chain}")
}
