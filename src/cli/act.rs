//! `alpsckpt resubmit`, `checkpoint`, `hold`, `resume`, `stop`, and whatever else can be done with a chain: the same actions as the
//! screen's keys. Those that need more than a chain have a command of their own.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgMatches, Command, FromArgMatches, Subcommand};

use super::{CliError, output, place};
use crate::campaign::controller::{self, ActionKind, Controller};
use crate::campaign::snapshot::ChainState;
use crate::campaign::spec::Loaded;
use crate::checkpoint::{CampaignDir, ChainId, fence};
use crate::prepare;
use crate::words;

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
    let action = if args.anew && planned { ActionKind::Submit } else { ActionKind::Resubmit };
    let answer = controller.act(&action.on(chain.clone()))?;
    place::say_where(&controller)?;
    output::say(answer)
}

/// An action that needs no more than a chain.
#[derive(Debug)]
pub(super) struct Act {
    kind: ActionKind,
    of: Args,
}

impl Act {
    /// Those without a command of their own.
    fn kinds() -> impl Iterator<Item = ActionKind> {
        let own = [ActionKind::Submit, ActionKind::Resubmit];
        ActionKind::ALL.into_iter().filter(move |kind| !own.contains(kind))
    }
}

impl FromArgMatches for Act {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let (name, of) =
            matches.subcommand().ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))?;
        let kind = Self::kinds().find(|kind| kind.row().name == name);
        let kind = kind.ok_or_else(|| clap::Error::new(ErrorKind::InvalidSubcommand))?;
        Ok(Self { kind, of: Args::from_arg_matches(of)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for Act {
    fn augment_subcommands(command: Command) -> Command {
        let one = |kind: ActionKind| {
            let name = kind.row().name;
            <Args as clap::Args>::augment_args(Command::new(name))
                .about(words::actions::about(kind))
                .after_help(help(name))
        };
        command.subcommands(Self::kinds().map(one))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        Self::kinds().any(|kind| kind.row().name == name)
    }
}

/// The end of the help of an action.
fn help(name: &str) -> String {
    format!(
        "Examples:\n  alpsckpt {name} m07\n  alpsckpt {name} m07 --campaign my.ron\n\n\
         Without --campaign it is the campaign of the current folder: the output folder itself, or the folder of its \
         file. The campaign opened last is only taken when you say so at the terminal.\n\n\
         Exit codes: 0 done, 2 no campaign is named, 66 no such campaign, 69 the batch system does not answer, 73 the disk is \
         full, 75 the chain is not in a state for it, or another session holds the campaign."
    )
}

/// Does one action on the chain and says what was done, and of which campaign.
pub(super) fn run(act: &Act) -> Result<(), CliError> {
    let Act { kind, of: Args { chain, campaign } } = act;
    let output = place::acted_on(campaign.as_deref(), &typed(kind.row().name, chain))?;
    let act = || -> Result<(), CliError> {
        let mut controller = Controller::open(&output)?;
        let answer = controller.act(&kind.on(chain.clone()))?;
        place::say_where(&controller)?;
        output::say(answer)
    };
    act().map_err(|e| e.about(place::name_of(&output)))
}

fn typed(command: &str, chain: &ChainId) -> String {
    format!("{command} {chain}")
}
