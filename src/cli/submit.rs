//! `alpsckpt submit`: a campaign as chained jobs.

use std::path::PathBuf;

use super::{Failure, failure, inputs, output, place};
use crate::campaign::controller::{Action, ClusterChoice, Controller};
use crate::campaign::registry;
use crate::campaign::snapshot::ChainState;
use crate::ui::words;

/// Submits a campaign as chained jobs: each checkpoints before its walltime and goes on in the next.
///
/// Chains that were submitted already are left alone, so that the command may be repeated after an interruption.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt submit my.ron --cluster oar
  alpsckpt submit my.ron --months 1,7     the others stay planned

Exit codes: 0 submitted, 65 bad campaign file or input, 69 the batch system refused or is silent, \
75 another frontend holds the campaign, 76 the folder belongs to another campaign file or to other inputs.")]
pub(super) struct Args {
    /// The campaign file.
    file: PathBuf,
    #[command(flatten)]
    which: Which,
    /// Only the chains of these months.
    #[arg(long, value_delimiter = ',', value_name = "M,…", value_parser = clap::value_parser!(u8).range(1..=12))]
    months: Vec<u8>,
}

/// Which batch system is meant.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The batch system.
    #[arg(long, value_enum, default_value_t = Cluster::Embedded)]
    cluster: Cluster,
    /// The state folder of the embedded cluster [default: in the user's state folder].
    #[arg(long, value_name = "DIR")]
    cluster_dir: Option<PathBuf>,
}

/// A batch system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Cluster {
    /// Real processes on this machine under OAR's rules.
    Embedded,
    /// OAR, by its commands.
    Oar,
}

impl Which {
    /// The one that is meant.
    pub(super) fn choose(&self) -> Result<ClusterChoice, Failure> {
        match (self.cluster, &self.cluster_dir) {
            (Cluster::Oar, None) => Ok(ClusterChoice::Oar),
            (Cluster::Oar, Some(_)) => {
                Err(Failure::new(failure::USAGE, "--cluster-dir belongs to --cluster embedded", ""))
            }
            (Cluster::Embedded, dir) => {
                Ok(ClusterChoice::Embedded { directory: place::cluster_of(dir.as_deref())? })
            }
        }
    }
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let loaded = place::load_settled(&args.file)?;
    let asked = months(&loaded.spec.months, &args.months)?;
    inputs::unchanged(&loaded, &asked, |_| String::new())?;
    inputs::check_and_warn(&loaded, &asked)?;
    let cluster = args.which.choose()?;
    let mut controller = Controller::create(&loaded, &cluster)?;
    let wanted = |months: &[u8]| months.iter().any(|m| asked.contains(m));
    let chains: Vec<_> = controller.chains().iter().filter(|c| wanted(&c.1)).cloned().collect();
    registry::remember(&loaded.spec.output, &loaded.spec.name)?;
    let snapshot = controller.refresh()?;
    for (chain, _) in chains {
        match snapshot.chains.iter().find(|c| c.id == chain) {
            Some(c) if c.state == ChainState::Planned => {
                output::say(controller.act(&Action::Submit(chain))?)?;
            }
            Some(c) => output::say(format!("{chain}: {}, left as it is", words::state(c)))?,
            None => {
                return Err(Failure::defect(format!(
                    "{chain} is in the campaign file and not in the campaign"
                )));
            }
        }
    }
    output::say("Follow it with `alpsckpt` or `alpsckpt status --watch`.")
}

/// The months asked for, all of the campaign's without any; a month that it does not have is refused.
pub(super) fn months(all: &[u8], asked: &[u8]) -> Result<Vec<u8>, Failure> {
    if let Some(stranger) = asked.iter().find(|m| !all.contains(m)) {
        let known = all.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let what = format!("month {stranger} is not in this campaign");
        return Err(Failure::new(failure::USAGE, what, format!("its months are {known}")));
    }
    Ok(if asked.is_empty() { all.to_vec() } else { asked.to_vec() })
}
