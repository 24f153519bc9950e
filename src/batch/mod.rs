//! The batch system, behind one trait: what a scheduler is asked, what it answers, and how it behaves ([`Manner`]).
//!
//! Clients of schedulers stand beside this room, in their own; the embedded cluster ([`embedded`]), real processes on this
//! machine, is the one client that has no scheduler behind it.

pub mod embedded;
mod end;
mod error;
mod job;
mod manner;
mod state;
mod submission;

use serde::{Deserialize, Serialize};

pub use end::{By, End, Ending, How, Next};
pub use error::BatchError;
pub use job::{Job, JobId, JobKey, Node, NodeState};
pub use manner::{
    CHECKPOINT_SIGNAL, GO_ON, JobVariables, LinkEnvironment, Manner, Requests, Resubmission, SETUP_KEYS,
    Signalling, SiteLanguage, Variables,
};
pub use state::JobState;
pub use submission::{Submission, Token, is_host_name};

/// What is known of the batch system itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterInfo {
    /// Its name with its version, or `embedded cluster`.
    pub name: String,
    /// Scheduler seconds that pass in one real second: 1 on a real cluster.
    pub time_scale: f64,
}

/// A batch system. Every call is bounded in time; none is repeated behind the caller's back.
pub trait BatchSystem: Send {
    /// How it behaves.
    fn manner(&self) -> &'static Manner;

    /// What it is.
    ///
    /// # Errors
    /// When it does not answer.
    fn info(&mut self) -> Result<ClusterInfo, BatchError>;

    /// Submits a job that can be run again ([`Manner::resubmission`]), with a checkpoint signal; returns the first job's
    /// number.
    ///
    /// # Errors
    /// See [`BatchError::surely_not_submitted`]: after any other error the token must be looked up before a retry.
    fn submit(&mut self, submission: &Submission) -> Result<JobId, BatchError>;

    /// Tells it what is known to be there, the newest last: an answer that shows none of these jobs is not certain.
    fn expect(&mut self, _known: &[(Token, JobId)]) {}

    /// All jobs, ended ones too where the batch system still knows them, of the attempts with these tokens. An empty answer
    /// is certain: the implementation proves that it could have seen them.
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
