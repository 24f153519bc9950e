//! `alpsckpt cluster`: the embedded cluster's process, and what a person may do with it.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Failure, failure, output, place};
use crate::oar_client::BatchSystem;
use crate::oar_client::embedded::{self, Embedded, ServeError};
use crate::ui::words;

/// The embedded cluster: real processes on this machine under OAR's rules.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  alpsckpt cluster status
  alpsckpt cluster node dahu-2 off       its job dies, as when the power fails
  alpsckpt cluster stop --kill-jobs

Exit codes: 0 done, 69 it does not answer or has no such node, 74 its files cannot be written.")]
pub(super) enum Command {
    /// Shows the nodes and their jobs; starts the cluster if it does not run.
    Status(Place),
    /// Ends the cluster's process. Its jobs go on and are adopted by the next, unless --kill-jobs is given.
    Stop {
        #[command(flatten)]
        place: Place,
        /// Kills its jobs too; their chains can be resubmitted later.
        #[arg(long)]
        kill_jobs: bool,
    },
    /// Cuts the power of a node, or brings it back.
    Node {
        /// The node.
        name: String,
        /// What to do.
        power: Power,
        #[command(flatten)]
        place: Place,
    },
    /// Runs the cluster in this process until it is told to end; any client starts it by itself.
    Serve(Place),
    /// Runs one job and records how it ended; called by the cluster only.
    #[command(hide = true)]
    Wrap {
        /// The job's folder.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
}

/// Where the cluster's state lies.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The cluster's state folder [default: in the user's state folder].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// A node's power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Power {
    /// With power.
    On,
    /// Without: its jobs die.
    Off,
}

pub(super) fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Status(place) => status(&place)?,
        Command::Stop { place, kill_jobs } => {
            client(&place)?.shutdown(kill_jobs)?;
            let jobs = if kill_jobs { "its jobs are killed" } else { "its jobs go on" };
            output::say(format!("The cluster's process has ended; {jobs}."))?;
        }
        Command::Node { name, power, place } => {
            client(&place)?.set_power(&name, power == Power::On)?;
            let state = if power == Power::On { "has power" } else { "is without power" };
            output::say(format!("{name} {state}."))?;
        }
        Command::Serve(place) => match embedded::serve(&directory(&place)?) {
            Ok(()) => (),
            Err(ServeError::File(e)) => return Err(e.into()),
            Err(e) => return Err(Failure::new(failure::NOT_NOW, &e, "clients find that one by themselves")),
        },
        Command::Wrap { dir } => return Ok(embedded::wrap(&dir)),
    }
    Ok(ExitCode::SUCCESS)
}

fn directory(place: &Place) -> Result<PathBuf, Failure> {
    place::cluster_of(place.dir.as_deref())
}

fn client(place: &Place) -> Result<Embedded, Failure> {
    Ok(Embedded::new(&directory(place)?))
}

fn status(place: &Place) -> Result<(), Failure> {
    let mut client = client(place)?;
    let (info, nodes) = (client.info()?, client.nodes()?);
    if place.json {
        return output::say_json(&serde_json::json!({ "info": info, "nodes": nodes }));
    }
    let scale = words::scale(info.time_scale).map_or(String::new(), |s| format!(", {s}"));
    output::say(format!("{}{scale}  {}", info.name, directory(place)?.display()))?;
    let rows: Vec<Vec<String>> = nodes
        .iter()
        .map(|n| {
            let jobs = n.jobs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            vec![n.name.clone(), n.state.clone(), jobs]
        })
        .collect();
    output::table(&["node", "state", "jobs"], &rows, &[]).into_iter().try_for_each(output::say)
}
