//! Everything a person can ask for of a chain, a row each, and why not now: the one source for keys, screens and commands.
//!
//! One more action is one more kind, its row and its function here; its key stands in [`crate::keys`], its words in
//! [`crate::words`].

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::snapshot::{Access, ChainState, ChainView, JobState};
use crate::batch::{BatchError, BatchSystem, JobId};
use crate::checkpoint::{ChainId, LOCAL};

/// What a person asks for: the same on the screens and on the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What is to be done.
    pub kind: ActionKind,
    /// With which chain.
    pub chain: ChainId,
}

/// What can be done with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ActionKind {
    /// Submit a planned chain.
    Submit,
    /// Submit a failed or stopped chain again, from its last good generation.
    Resubmit,
    /// Checkpoint now: the link seals and ends, the batch system starts the next.
    Checkpoint,
    /// Hold a chain's waiting job: it is not started until it is resumed.
    Hold,
    /// Let a chain's held or suspended job go on.
    Resume,
    /// Stop a chain: its job is deleted, what is sealed stays.
    Stop,
}

/// What is known of an action, whatever the chain.
#[derive(Debug)]
pub struct Row {
    /// Its command: `alpsckpt NAME CHAIN`.
    pub name: &'static str,
    /// Whether a person is asked first.
    pub asks: Asks,
    /// What it does.
    pub deed: Deed,
    possible: fn(&ChainView) -> Result<(), WhyNot>,
}

/// Whether a person is asked before an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Nothing is lost by it.
    Nothing,
    /// It costs something.
    Once,
    /// Work may be lost by it: the answer must be typed.
    Typed,
}

/// What an action does, for the controller.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    /// Submits a new attempt of the chain.
    Submit,
    /// Asks something of the chain's job.
    Order {
        /// What is journalled before it is asked.
        intent: fn(ChainId, JobId) -> Event,
        /// What is asked of the batch system.
        ask: fn(&mut dyn BatchSystem, JobId) -> Result<(), BatchError>,
    },
    /// Deletes the chain's jobs.
    Delete,
}

/// What was asked of a job, for the answer in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordered {
    /// What.
    pub kind: ActionKind,
    /// Of which job.
    pub job: JobId,
}

/// Why an action is not possible now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot {
    /// This session may not act; who does, or why it cannot, in words.
    ReadOnly(String),
    /// Nothing of its program is kept: the checkpoint signal would be its end.
    Unsaved,
    /// It runs in the foreground of another terminal, where it can be interrupted.
    Foreground,
    /// It runs in the foreground: no batch system has a job of it.
    ForegroundWithoutJob,
    /// It was submitted before.
    SubmittedBefore,
    /// It was never submitted.
    NeverSubmitted,
    /// It is complete.
    Complete,
    /// Whether its last submission has a job is being looked up, before another one.
    LastSubmissionOpen,
    /// Whether its submission has a job is being looked up.
    SubmissionOpen,
    /// Its job has not ended, though nothing is heard of it.
    JobSilent,
    /// It has a job already.
    HasJob,
    /// Its job is suspended: it hears no signal.
    JobSuspended,
    /// Its node does not answer.
    NodeSilent,
    /// No link of it runs.
    NoLink,
    /// Its job is held already.
    HeldAlready,
    /// Its job is suspended already.
    SuspendedAlready,
    /// Its job is just starting.
    JobStarting,
    /// The batch system has not shown its job yet.
    JobNotShown,
    /// Its job runs: only a waiting one can be held.
    JobRuns,
    /// It is between two jobs.
    BetweenJobs,
    /// It has no job that could go on: it is to be submitted again.
    NoJobToResume,
    /// Its job waits and is not held.
    NotHeld,
    /// Its job is neither held nor suspended.
    NeitherHeldNorSuspended,
    /// It has no job.
    NoJob,
}

const SUBMIT: Row = Row { name: "submit", asks: Asks::Once, deed: Deed::Submit, possible: submit };
const RESUBMIT: Row = Row { name: "resubmit", asks: Asks::Once, deed: Deed::Submit, possible: resubmit };
const CHECKPOINT: Row = Row {
    name: "checkpoint",
    asks: Asks::Nothing,
    deed: Deed::Order {
        intent: |chain, job| Event::CheckpointAsked { chain, job },
        ask: |client, job| client.checkpoint(job),
    },
    possible: checkpoint,
};
const HOLD: Row = Row {
    name: "hold",
    asks: Asks::Nothing,
    deed: Deed::Order {
        intent: |chain, job| Event::HoldAsked { chain, job },
        ask: |client, job| client.hold(job),
    },
    possible: hold,
};
const RESUME: Row = Row {
    name: "resume",
    asks: Asks::Nothing,
    deed: Deed::Order {
        intent: |chain, job| Event::ResumeAsked { chain, job },
        ask: |client, job| client.resume(job),
    },
    possible: resume,
};
const STOP: Row = Row { name: "stop", asks: Asks::Typed, deed: Deed::Delete, possible: stop };

impl ActionKind {
    /// All actions, in the order they are offered.
    pub const ALL: [Self; 6] =
        [Self::Submit, Self::Resubmit, Self::Checkpoint, Self::Hold, Self::Resume, Self::Stop];

    /// What is known of it.
    #[must_use]
    pub const fn row(self) -> &'static Row {
        match self {
            Self::Submit => &SUBMIT,
            Self::Resubmit => &RESUBMIT,
            Self::Checkpoint => &CHECKPOINT,
            Self::Hold => &HOLD,
            Self::Resume => &RESUME,
            Self::Stop => &STOP,
        }
    }

    /// This action on a chain.
    #[must_use]
    pub const fn on(self, chain: ChainId) -> Action {
        Action { kind: self, chain }
    }
}

/// Whether one action is possible now.
///
/// # Errors
/// Why it is not.
pub fn possible(kind: ActionKind, chain: &ChainView, access: &Access) -> Result<(), WhyNot> {
    match access {
        Access::ReadOnly { why } => Err(WhyNot::ReadOnly(why.clone())),
        Access::Writer => (kind.row().possible)(chain),
    }
}

fn submit(chain: &ChainView) -> Result<(), WhyNot> {
    match chain.state {
        ChainState::Planned => Ok(()),
        ChainState::Failed | ChainState::Stopped => Err(WhyNot::SubmittedBefore),
        other => Err(busy(other)),
    }
}

fn resubmit(chain: &ChainView) -> Result<(), WhyNot> {
    match chain.state {
        ChainState::Failed | ChainState::Stopped => Ok(()),
        ChainState::Planned => Err(WhyNot::NeverSubmitted),
        other => Err(busy(other)),
    }
}

fn busy(state: ChainState) -> WhyNot {
    match state {
        ChainState::Complete => WhyNot::Complete,
        ChainState::SubmissionUnknown => WhyNot::LastSubmissionOpen,
        ChainState::Silent => WhyNot::JobSilent,
        _ => WhyNot::HasJob,
    }
}

fn checkpoint(chain: &ChainView) -> Result<(), WhyNot> {
    let by_state = match chain.state {
        ChainState::Running if chain.job_state() == Some(&JobState::Suspended) => Err(WhyNot::JobSuspended),
        ChainState::Running => Ok(()),
        ChainState::Silent => Err(WhyNot::NodeSilent),
        _ => Err(WhyNot::NoLink),
    };
    if chain.unsaved && by_state.is_ok() {
        return Err(WhyNot::Unsaved);
    }
    if is_in_foreground(chain) { interrupt(chain.state) } else { by_state }
}

fn hold(chain: &ChainView) -> Result<(), WhyNot> {
    if is_in_foreground(chain) {
        return Err(WhyNot::ForegroundWithoutJob);
    }
    Err(match (chain.state, chain.job_state()) {
        (ChainState::Waiting, Some(JobState::Waiting)) => return Ok(()),
        (_, Some(JobState::Hold)) => WhyNot::HeldAlready,
        (_, Some(JobState::Suspended)) => WhyNot::SuspendedAlready,
        (ChainState::Waiting, Some(_)) => WhyNot::JobStarting,
        (ChainState::Waiting, None) => WhyNot::JobNotShown,
        (ChainState::Running | ChainState::Silent, _) => WhyNot::JobRuns,
        (ChainState::Between, _) => WhyNot::BetweenJobs,
        (state, _) => return has_job(state),
    })
}

fn resume(chain: &ChainView) -> Result<(), WhyNot> {
    if is_in_foreground(chain) {
        return Err(WhyNot::ForegroundWithoutJob);
    }
    Err(match (chain.state, chain.job_state()) {
        (_, Some(JobState::Hold | JobState::Suspended)) => return Ok(()),
        (ChainState::Failed | ChainState::Stopped, _) => WhyNot::NoJobToResume,
        (ChainState::Waiting, _) => WhyNot::NotHeld,
        (ChainState::Running | ChainState::Silent | ChainState::Between, _) => {
            WhyNot::NeitherHeldNorSuspended
        }
        (state, _) => return has_job(state),
    })
}

fn stop(chain: &ChainView) -> Result<(), WhyNot> {
    if is_in_foreground(chain) { interrupt(chain.state) } else { has_job(chain.state) }
}

/// Whether `alpsckpt run` computes it, and not a job.
fn is_in_foreground(chain: &ChainView) -> bool {
    chain.job.is_none() && chain.links.last().is_some_and(|l| l.job_id == LOCAL && l.end.is_none())
}

/// What runs in the foreground is interrupted there.
fn interrupt(state: ChainState) -> Result<(), WhyNot> {
    match state {
        ChainState::Running | ChainState::Silent => Err(WhyNot::Foreground),
        state => has_job(state),
    }
}

fn has_job(state: ChainState) -> Result<(), WhyNot> {
    match state {
        ChainState::Waiting | ChainState::Running | ChainState::Between | ChainState::Silent => Ok(()),
        ChainState::SubmissionUnknown => Err(WhyNot::SubmissionOpen),
        ChainState::Complete => Err(WhyNot::Complete),
        ChainState::Planned | ChainState::Failed | ChainState::Stopped => Err(WhyNot::NoJob),
    }
}
