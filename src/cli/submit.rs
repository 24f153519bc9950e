//! `alpsckpt submit`: a campaign as chained jobs.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser};

use super::{CliError, exit, output, place};
use crate::batch::embedded;
use crate::campaign::controller::{Controller, Submission};
use crate::campaign::identity::Identity;
use crate::campaign::snapshot::{ChainState, ChainView};
use crate::campaign::spec::Loaded;
use crate::checkpoint::CampaignDir;
use crate::clusters::{self, ClusterChoice};
use crate::prepare::{self, Order, PrepareError};
use crate::shell_words::word;
use crate::words;

/// Submits a campaign as chained jobs: each checkpoints before its walltime and goes on in the next.
///
/// Chains that were submitted already are left alone, so that the command may be repeated after an interruption; those that
/// the batch system refused are submitted again. An edited file is taken for the next attempts, and what changed is shown.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct Args {
    /// The campaign file.
    file: PathBuf,
    #[command(flatten)]
    which: Which,
    /// Only the chains of these months.
    #[arg(long, value_delimiter = ',', value_name = "M,…", value_parser = clap::value_parser!(u8).range(1..=12))]
    months: Vec<u8>,
}

fn after_help() -> String {
    format!(
        "\
Examples:
  alpsckpt submit my.ron --cluster {}
  alpsckpt submit my.ron --months 1,7     the others stay planned

Exit codes: 0 submitted, 65 bad campaign file or input, 69 the batch system refused or is silent, \
73 the disk is full, 75 a chain has failed and is left as it is, or another session holds the campaign, 76 the folder belongs to another \
campaign file or to other inputs.",
        clusters::usual().name
    )
}

/// Which batch system is meant.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The batch system [default: the campaign's own; of a new one embedded].
    #[arg(long, value_parser = cluster_names())]
    cluster: Option<String>,
    /// The state folder of the embedded cluster [default: the campaign's own; of a new one in the user's state folder].
    #[arg(long, value_name = "DIR")]
    cluster_dir: Option<PathBuf>,
}

/// The names of the batch systems, with what each is.
pub(super) fn cluster_names() -> PossibleValuesParser {
    clusters::names().map(|(name, what)| PossibleValue::new(name).help(what)).into()
}

impl Which {
    /// The one that is meant for the campaign in this output folder: what is not said it knows already.
    pub(super) fn choose(&self, output: &Path) -> Result<ClusterChoice, CliError> {
        let own = Identity::read(&CampaignDir::new(output)).ok().map(|identity| identity.cluster);
        let site = self.cluster.as_deref().and_then(ClusterChoice::of_site);
        match (site, &self.cluster_dir, own) {
            (Some(_), Some(_), _) => Err(CliError::new(
                exit::USAGE,
                format!("--cluster-dir belongs to --cluster {}", embedded::MANNER.name),
                "leave out one of the two",
            )),
            (Some(site), None, _) => Ok(site),
            (None, None, Some(own)) if self.cluster.is_none() || !own.is_of_site() => Ok(own),
            (None, dir, _) => Ok(ClusterChoice::embedded(&place::cluster_of(dir.as_deref())?)),
        }
    }
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let loaded = place::load(&args.file)?;
    let asked = months(&loaded.spec.months, &args.months)?;
    let order = Order { months: &asked, known: false, unchanged: true };
    let loaded = prepare::settle(loaded, &order, &output::tell)?;
    let output = &loaded.spec.output;
    let cluster = args.which.choose(output)?;
    if !CampaignDir::new(output).identity().exists() {
        place::warn_of_gone(output);
    }
    let about = |e: CliError| e.about(place::name_of(output));
    let controller = prepare::begin(&loaded, &cluster).map_err(|e| match e {
        e @ PrepareError::NoBatch(_) => e.into(),
        e => about(e.into()),
    })?;
    submit(args, &loaded, &asked, controller).map_err(about)
}

fn submit(args: &Args, loaded: &Loaded, asked: &[u8], mut controller: Controller) -> Result<(), CliError> {
    place::tell_taken(controller.taken());
    place::remember(&loaded.spec.output, &loaded.spec.name);
    place::say_where(&controller)?;
    let wanted = |months: &[u8]| months.iter().any(|m| asked.contains(m));
    let chains: Vec<_> =
        controller.chains().iter().filter(|c| wanted(&c.months)).map(|c| c.id.clone()).collect();
    let snapshot = controller.refresh()?;
    let (mut left, mut unsure) = (Vec::new(), Vec::new());
    for chain in chains {
        let Some(view) = snapshot.chains.iter().find(|c| c.id == chain) else {
            let what = format!("{chain} is in the campaign file and not in the campaign");
            return Err(CliError::defect(what));
        };
        if view.state == ChainState::SubmissionUnknown {
            // What needs no waiting goes first.
            unsure.push(chain);
        } else {
            left.extend(submit_one(&mut controller, view, &args.file)?);
        }
    }
    for chain in unsure {
        // What was found before is told with it.
        let submitted = controller.sure_of(&chain).map_err(CliError::from);
        match submitted.and_then(|view| submit_one(&mut controller, &view, &args.file)) {
            Ok(failed) => left.extend(failed),
            Err(failed) => left.push(failed),
        }
    }
    CliError::all(left.into_iter())?;
    output::say("Follow it with `alpsckpt` or `alpsckpt status --watch`.")
}

/// Submits a chain that never had a job and leaves every other as it is; says what was done. The answer: what is to be said at
/// the end.
fn submit_one(
    controller: &mut Controller,
    view: &ChainView,
    file: &Path,
) -> Result<Option<CliError>, CliError> {
    match controller.submit_if_new(view)? {
        Submission::Done(done) => output::say(done).map(|()| None),
        Submission::Left(now) => leave(&now, file),
    }
}

/// Says how a chain stands that is left as it is; one that has failed is told at the end, with what to do.
fn leave(view: &ChainView, file: &Path) -> Result<Option<CliError>, CliError> {
    let chain = &view.id;
    let resubmit = format!("alpsckpt resubmit {chain} --campaign {}", word(file.as_os_str()));
    match view.state {
        ChainState::Failed => {
            let why = view.failure.as_ref().map(|f| format!(": {}: {}", f.class(), f.cause()));
            let what = format!("{chain}: failed, left as it is{}", why.unwrap_or_default());
            return Ok(Some(CliError::new(exit::NOT_NOW, what, resubmit)));
        }
        ChainState::Stopped => {
            output::say(format!("{chain}: {}, left as it is; to go on: {resubmit}", words::state(view)))?;
        }
        _ => output::say(format!("{chain}: {}, left as it is", words::state(view)))?,
    }
    Ok(None)
}

/// The months asked for, all of the campaign's without any; a month that it does not have is refused.
pub(super) fn months(all: &[u8], asked: &[u8]) -> Result<Vec<u8>, CliError> {
    if let Some(stranger) = asked.iter().find(|m| !all.contains(m)) {
        let known = all.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let what = format!("month {stranger} is not in this campaign");
        return Err(CliError::new(exit::USAGE, what, format!("its months are {known}")));
    }
    Ok(if asked.is_empty() { all.to_vec() } else { asked.to_vec() })
}
