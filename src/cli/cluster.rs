//! `alpsckpt cluster`: the embedded cluster's process, and what a person may do with it.

use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use super::output::{AsJson, Document, Output};
use super::{CliError, exit, output, place};
use crate::batch::embedded::{self, Config, Embedded, Nodes, ServeError};
use crate::batch::{BatchSystem, ClusterInfo, JobId, Node};
use crate::clusters;
use crate::quantity::count;
use crate::words;

fn about() -> String {
    format!("The embedded cluster: real processes on this machine under {}'s rules", clusters::usual().title)
}

/// The embedded cluster.
#[derive(Debug, clap::Subcommand)]
#[command(about = about(), after_help = "\
Examples:
  alpsckpt cluster status
  alpsckpt cluster node dahu-2 off       its job dies, as when the power fails
  alpsckpt cluster set --nodes 4 --slots 2
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
    /// Changes how many nodes there are and how many jobs each takes at a time; jobs go on.
    ///
    /// Without options it takes over what was changed in cluster.ron by hand.
    Set {
        /// How many nodes, or their names with commas between them.
        #[arg(long, value_name = "N|NAMES")]
        nodes: Option<Nodes>,
        /// Jobs that a node takes at a time.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
        slots: Option<u32>,
        #[command(flatten)]
        place: Place,
    },
    /// Takes the cluster over from a machine or container that is gone for good.
    ///
    /// Looks for half a minute whether its server there lives, and leaves it alone if it does. The jobs that ran there have
    /// ended; their chains can be resubmitted.
    TakeOver {
        /// The server there is of an older alpsckpt without a heartbeat, and surely gone.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        place: Place,
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
    /// Becomes a job's script; called by the cluster only.
    #[command(hide = true)]
    Become {
        /// The job's folder.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
    /// Runs one job and records how it ended; called by the cluster only.
    #[command(hide = true)]
    Wrap {
        /// The job's folder.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
}

impl Command {
    /// It is the cluster's own process, which any client may have started.
    pub(super) fn is_the_server(&self) -> bool {
        matches!(self, Self::Serve(_))
    }

    /// It is a process of a job.
    pub(super) fn is_of_a_job(&self) -> bool {
        matches!(self, Self::Become { .. } | Self::Wrap { .. })
    }
}

/// Where the cluster's state lies.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The cluster's state folder [default: in the user's state folder].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    _json: AsJson,
}

/// A node's power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Power {
    /// With power.
    On,
    /// Without: its jobs die.
    Off,
}

pub(super) fn run(command: Command, out: Output) -> Result<ExitCode, CliError> {
    match command {
        Command::Status(place) => status(&place, out)?,
        Command::Stop { place, kill_jobs } => {
            client(&place)?.shutdown(kill_jobs)?;
            let jobs = if kill_jobs { "its jobs are killed" } else { "its jobs go on" };
            output::say(format!("The cluster's process has ended; {jobs}."))?;
        }
        Command::Set { nodes, slots, place } => {
            let config = client(&place)?.set(nodes.as_ref(), slots)?;
            output::say(format!("The cluster has {}.", size(&config)))?;
        }
        Command::TakeOver { force, place } => {
            tell!("Looking for half a minute whether its server lives ...");
            let taken = client(&place)?.take_over(force)?;
            output::say(if taken {
                "The cluster is taken over: the next command here starts its server. The jobs that ran elsewhere have ended."
            } else {
                "No server runs elsewhere: nothing is to be taken over."
            })?;
        }
        Command::Node { name, power, place } => {
            client(&place)?.set_power(&name, power == Power::On)?;
            let state = if power == Power::On { "has power" } else { "is without power" };
            output::say(format!("{name} {state}."))?;
        }
        Command::Serve(place) => match embedded::serve(&directory(&place)?) {
            Ok(()) => (),
            Err(ServeError::File(e)) => return Err(e.into()),
            Err(e) => return Err(CliError::new(exit::NOT_NOW, &e, "clients find that one by themselves")),
        },
        Command::Become { dir } => return Ok(embedded::become_script(&dir)),
        Command::Wrap { dir } => return Ok(embedded::wrap(&dir)),
    }
    Ok(ExitCode::SUCCESS)
}

fn directory(place: &Place) -> Result<PathBuf, CliError> {
    place::cluster_of(place.dir.as_deref())
}

fn client(place: &Place) -> Result<Embedded, CliError> {
    Ok(Embedded::new(&directory(place)?))
}

/// Nodes and slots, in words.
fn size(config: &Config) -> String {
    let (nodes, jobs) = (config.nodes.len() as u64, u64::from(config.slots));
    format!("{}, {} at a time on each", count(nodes, "node"), count(jobs, "job"))
}

fn status(place: &Place, out: Output) -> Result<(), CliError> {
    let mut client = client(place)?;
    let (info, nodes, config) = (client.info()?, client.nodes()?, client.config()?);
    let (slots, size) = (config.slots, size(&config));
    let nodes = nodes.into_iter().map(Row::from).collect();
    out.show(&Cluster { info, nodes, slots, size, directory: directory(place)? })
}

/// The embedded cluster at one moment.
#[derive(Debug, Serialize)]
struct Cluster {
    info: ClusterInfo,
    nodes: Vec<Row>,
    /// Jobs that a node takes at a time.
    slots: u32,
    /// Nodes and slots, in words.
    #[serde(skip)]
    size: String,
    #[serde(skip)]
    directory: PathBuf,
}

/// A node of it.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    /// In the cluster's own word.
    state: String,
    jobs: Vec<JobId>,
}

impl From<Node> for Row {
    fn from(node: Node) -> Self {
        Self { state: node.state.word().to_owned(), name: node.name, jobs: node.jobs }
    }
}

impl Document for Cluster {
    fn lines(&self) -> Vec<String> {
        let scale = words::scale(self.info.time_scale).map_or(String::new(), |s| format!(", {s}"));
        let mut lines =
            vec![format!("{}{scale}  {}", self.info.name, self.directory.display()), self.size.clone()];
        let row = |n: &Row| {
            let jobs = n.jobs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            vec![n.name.clone(), n.state.clone(), jobs]
        };
        let rows: Vec<Vec<String>> = self.nodes.iter().map(row).collect();
        lines.extend(output::table(&["node", "state", "jobs"], &rows, &[]));
        lines
    }

    fn json(&self) -> Result<String, CliError> {
        output::object(self)
    }
}

/// A document with every field, for the page on them.
#[cfg(test)]
pub(super) fn sample() -> serde_json::Value {
    let info = ClusterInfo { name: "embedded cluster".to_owned(), time_scale: 1.0 };
    let node = Row { name: "dahu-1".to_owned(), state: "Alive".to_owned(), jobs: vec![JobId(7)] };
    let document =
        Cluster { info, nodes: vec![node], slots: 1, size: String::new(), directory: PathBuf::new() };
    serde_json::from_str(&document.json().unwrap()).unwrap()
}
