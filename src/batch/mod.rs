//! The batch system, behind one trait: what any scheduler is asked and answers, and the embedded cluster
//! ([`embedded`]), real processes on this machine.

pub mod embedded;
mod error;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

pub use error::BatchError;
use serde::{Deserialize, Serialize};

/// A job's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The unique name of one attempt: journalled before the submission, carried by each of its jobs as the job's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Token(pub String);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What to submit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The attempt's token, used as the job's name.
    pub token: Token,
    /// The script, by absolute path.
    pub script: PathBuf,
    /// The working directory.
    pub directory: PathBuf,
    /// Walltime, seconds (of the scheduler's time).
    pub walltime: u64,
    /// How long before the walltime the checkpoint signal (SIGUSR2) is sent, seconds (of the scheduler's time).
    pub checkpoint: u64,
    /// Standard output; `%jobid%` stands for the job's number.
    pub stdout: PathBuf,
    /// Standard error, likewise.
    pub stderr: PathBuf,
    /// Lines of the site: project, properties, queue.
    pub site: BTreeMap<String, String>,
    /// Nodes that the job is not to be given.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not_on: BTreeSet<String>,
}

/// Whether a node's name is one that can be told to a batch system as it is: letters, digits, `.`, `_` and `-`.
#[must_use]
pub fn is_host_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

impl Token {
    /// Whether it is safe everywhere it goes (a job's name, SQL, file names): letters, digits, `.`, `_` and `-`.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        (1..=100).contains(&self.0.len())
            && self.0.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    }
}

impl Submission {
    /// What no batch system should be asked for, in words.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if !self.token.is_plain() {
            return Some(format!(
                "the job's name {:?} has other characters than letters, digits, . _ -",
                self.token.0
            ));
        }
        if let Some(name) = self.not_on.iter().find(|name| !is_host_name(name)) {
            return Some(format!(
                "the node's name {name:?} has other characters than letters, digits, . _ -"
            ));
        }
        let relative = [&self.script, &self.directory].into_iter().find(|p| !p.is_absolute());
        relative.map(|p| format!("{} is not an absolute path", p.display()))
    }
}

/// What the batch system says of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// The number of the first job of the attempt.
    pub array_id: JobId,
    /// Its name: the attempt's token.
    pub name: String,
    /// Its state.
    pub state: JobState,
    /// The node it runs or ran on.
    pub node: Option<String>,
    /// How its command ended; `None` while it runs, and when OAR killed it.
    pub ended: Option<Ending>,
    /// The job it was resubmitted from by the batch system.
    pub resubmitted_from: Option<JobId>,
    /// Seconds since 1970, 0 when not yet: for display only.
    pub submitted: i64,
    /// Seconds since 1970, 0 when not yet: for display only.
    pub started: i64,
    /// Seconds since 1970, 0 when not yet: for display only.
    pub stopped: i64,
    /// Seconds since 1970 when the scheduler expects it to start.
    pub expected_start: Option<i64>,
    /// Why it waits or what happened, in the batch system's words.
    pub message: String,
    /// The types of its events, in order, with their texts.
    pub events: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// With an exit code.
    Code(u8),
    /// Killed by a signal.
    Signal(u8),
}

impl Ending {
    /// From a raw wait status, as OAR records it (25344 = exit 99, 9 = killed by signal 9).
    #[must_use]
    pub fn of_wait_status(status: i32) -> Self {
        match status & 0x7f {
            0 => Self::Code(((status >> 8) & 0xff) as u8),
            signal => Self::Signal(signal as u8),
        }
    }
}

/// OAR's job states, and whatever a server may add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    /// In the queue.
    Waiting,
    /// Held by a person.
    Hold,
    /// Chosen to start.
    ToLaunch,
    /// Starting.
    Launching,
    /// Its command runs.
    Running,
    /// Frozen.
    Suspended,
    /// Its command ended; the epilogue runs.
    Finishing,
    /// Its command ended by itself, whatever its code.
    Terminated,
    /// Killed, deleted or never started.
    Error,
    /// A state this program does not know, in the server's word.
    Unknown(String),
}

impl JobState {
    /// In the queue, held or not.
    #[must_use]
    pub fn is_queued(&self) -> bool {
        matches!(self, Self::Waiting | Self::Hold)
    }

    /// No more will come of this job.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Terminated | Self::Error)
    }
}

impl fmt::Display for JobState {
    /// In OAR's word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "Waiting",
            Self::Hold => "Hold",
            Self::ToLaunch => "toLaunch",
            Self::Launching => "Launching",
            Self::Running => "Running",
            Self::Suspended => "Suspended",
            Self::Finishing => "Finishing",
            Self::Terminated => "Terminated",
            Self::Error => "Error",
            Self::Unknown(word) => word,
        })
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// `Alive`, `Suspected`, `Absent`, `Dead`, in the server's word.
    pub state: String,
    /// Jobs on it now.
    pub jobs: Vec<JobId>,
}

/// What is known of the batch system itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterInfo {
    /// `OAR 2.5.9`, or `embedded cluster`.
    pub name: String,
    /// Scheduler seconds that pass in one real second: 1 on a real cluster.
    pub time_scale: f64,
}

/// A batch system. Every call is bounded in time; none is repeated behind the caller's back.
pub trait BatchSystem: Send {
    /// What it is.
    ///
    /// # Errors
    /// When it does not answer.
    fn info(&mut self) -> Result<ClusterInfo, BatchError>;

    /// Submits an idempotent job with a checkpoint signal; returns the first job's number (the `array_id`).
    ///
    /// # Errors
    /// See [`BatchError::surely_not_submitted`]: after any other error the token must be looked up before a retry.
    fn submit(&mut self, submission: &Submission) -> Result<JobId, BatchError>;

    /// Tells it what is known to be there, the newest last: an answer that shows none of these jobs is not certain.
    fn expect(&mut self, _known: &[(Token, JobId)]) {}

    /// All jobs, ended ones too, of the attempts with these tokens. An empty answer is certain: the
    /// implementation proves that it could have seen them.
    ///
    /// # Errors
    /// When the answer is not certain.
    fn find(&mut self, tokens: &[Token]) -> Result<Vec<Job>, BatchError>;

    /// Deletes a job: its processes are killed at once, it is not resubmitted.
    ///
    /// # Errors
    /// When it does not answer or the job is not ours.
    fn delete(&mut self, job: JobId) -> Result<(), BatchError>;

    /// Sends the checkpoint signal now. Says only that a signal was sent.
    ///
    /// # Errors
    /// When it does not answer or the job is not ours.
    fn checkpoint(&mut self, job: JobId) -> Result<(), BatchError>;

    /// Asks that a waiting job is not started before it is resumed.
    ///
    /// # Errors
    /// When it does not answer, the job is not ours or does not wait.
    fn hold(&mut self, job: JobId) -> Result<(), BatchError>;

    /// Asks that a held job waits again, a suspended one goes on.
    ///
    /// # Errors
    /// When it does not answer, the job is not ours or is neither held nor suspended.
    fn resume(&mut self, job: JobId) -> Result<(), BatchError>;

    /// The nodes.
    ///
    /// # Errors
    /// When it does not answer.
    fn nodes(&mut self) -> Result<Vec<Node>, BatchError>;
}
