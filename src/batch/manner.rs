//! How a batch system behaves, where a campaign depends on it.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::{BatchError, JobKey, Submission};

/// The exit code with which a link of ours says that it sealed its work and the chain is to go on. Each client makes its batch
/// system understand it, or says by [`Manner::resubmission`] who acts upon it.
pub const GO_ON: u8 = 99;

/// The signal that asks a link to seal its work and end. Each client has its batch system send it.
pub const CHECKPOINT_SIGNAL: Signal = Signal::SIGUSR2;

/// What a site may want to know of a job: the keys of a campaign file's `site`, in no batch system's own language.
pub const SETUP_KEYS: [&str; 4] = ["project", "properties", "queue", "resources"];

/// The variables of an environment, by their names.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// How a batch system behaves, where a campaign depends on it.
#[derive(Debug)]
pub struct Manner {
    /// What people call it, such as in `--cluster`.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// Who makes the next run of a link that ended with [`GO_ON`].
    pub resubmission: Resubmission,
    /// How it signals a job before its walltime.
    pub signalling: Signalling,
    /// A run that ended sooner after its start is not made again, whatever its exit code; `None`: each counts.
    pub uncounted: Option<Duration>,
    /// How often it may be asked for jobs.
    pub ask_every: Duration,
    /// How old its nodes may be while no job of the campaign comes, moves or ends.
    pub nodes_every: Duration,
    /// How long it knows a job that is over; `None`: for as long as a campaign lasts.
    pub forgets_after: Option<Duration>,
    /// What it reads of a job's script.
    pub requests: Requests,
    /// The command that lists its nodes, for a person; empty where there is none.
    pub nodes_command: &'static str,
    /// Beginnings of the names of variables that belong to one job, and do not travel with a program to the next.
    pub variables: &'static [&'static str],
    /// What a link finds of itself in its environment; `None`: it is no job of this batch system.
    pub environment: fn(Variables<'_>) -> Option<LinkEnvironment>,
}

/// Who makes the next run of a link that sealed its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resubmission {
    /// The batch system, by the exit code [`GO_ON`]: a new job, which names the one it came from.
    BySystem,
    /// The job itself, by this command as its last one: the same job again, counted by its restarts.
    ByJob {
        /// The command; `%jobid%` stands for the job's number.
        command: &'static [&'static str],
    },
}

impl Resubmission {
    /// What this job is to run as its last command; `None`: nothing.
    #[must_use]
    pub fn last_command(&self, job: JobKey) -> Option<Vec<String>> {
        match self {
            Self::BySystem => None,
            Self::ByJob { command } => {
                let id = job.id.to_string();
                Some(command.iter().map(|word| word.replace("%jobid%", &id)).collect())
            }
        }
    }
}

/// How a batch system signals a job before its walltime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signalling {
    /// How late the signal may come. Later the link stops by itself, as when the server is down.
    pub late: Duration,
    /// How early it may come.
    pub early: Duration,
}

/// What a batch system reads of a job's script.
#[derive(Debug)]
pub struct Requests {
    /// The beginning of a line of a script that it reads as a request of its own; empty where it reads none.
    pub prefix: &'static str,
    /// The lines of a submission's script that tell it what is wanted.
    pub lines: fn(&Submission) -> Result<Vec<String>, BatchError>,
}

/// The language in which a campaign file says what its site wants of a job's nodes.
#[derive(Debug)]
pub struct SiteLanguage {
    /// These nodes (as `resources` name them) with so many cores of each.
    pub with_cores: fn(nodes: &str, cores: u32) -> String,
    /// The cores of a node that `resources` ask for, where they say so.
    pub cores: fn(resources: &str) -> Option<u32>,
    /// Both properties at once.
    pub both: fn(wanted: &str, also: &str) -> String,
}

/// What a link finds of itself in its environment.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkEnvironment {
    /// The run that it is.
    pub job: JobKey,
    /// The job's name.
    pub name: String,
    /// The number of the submission that it comes from; empty where it is not told.
    pub submission: String,
    /// The node that it runs on, as the batch system names it.
    pub node: Option<String>,
    /// Its walltime, scheduler seconds; `None`: not told.
    pub walltime: Option<u64>,
    /// Scheduler seconds in one real second.
    pub time_scale: f64,
    /// From when on the end of this run counts, scheduler seconds after its start: with all that two clocks may differ.
    pub counted_after: Option<f64>,
    /// The command by which the job has itself run again, its last one after a link that ended with [`GO_ON`]; `None`: that is
    /// not for the job to do.
    pub go_on_by: Option<Vec<String>>,
}

/// The names of the variables by which a batch system tells a job of itself.
#[derive(Debug)]
pub struct JobVariables {
    /// The job's number.
    pub job: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The number of the submission that it comes from.
    pub submission: &'static str,
    /// The file whose first line is its node.
    pub nodes: &'static str,
    /// Its walltime, s.
    pub walltime: &'static str,
}

/// How much two clocks of whole seconds may hide, s: a run is counted by such at both ends.
const WHOLE_SECONDS: f64 = 2.0;

impl JobVariables {
    /// What they tell a job of a batch system of this manner; `None` where there is none.
    #[must_use]
    pub fn read(&self, variable: Variables<'_>, manner: &Manner) -> Option<LinkEnvironment> {
        let job: JobKey = variable(self.job)?.trim().parse().ok()?;
        let listed = variable(self.nodes).and_then(|file| std::fs::read_to_string(file).ok());
        let node =
            |text: String| text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
        let walltime = variable(self.walltime).and_then(|v| v.trim().parse::<f64>().ok());
        Some(LinkEnvironment {
            job,
            name: variable(self.name).unwrap_or_default(),
            submission: variable(self.submission).unwrap_or_default(),
            node: listed.and_then(node),
            walltime: walltime.filter(|s| *s >= 0.0).map(|s| s as u64),
            time_scale: 1.0,
            counted_after: manner.uncounted.map(|uncounted| uncounted.as_secs_f64() + WHOLE_SECONDS),
            go_on_by: manner.resubmission.last_command(job),
        })
    }
}
