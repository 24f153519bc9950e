//! How jobs end, whose doing it is, and what follows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::state::JobState;

/// How a job ended, as its client understands what the batch system says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// What ended it.
    pub how: How,
    /// Whose doing it was.
    pub by: By,
    /// What the batch system makes of it.
    pub next: Next,
    /// How its command ended, where that is told.
    pub ending: Option<Ending>,
}

/// What ended a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Its command, by itself or by a signal.
    Command(Ending),
    /// Its walltime was over.
    Walltime,
    /// Somebody had it deleted; in the batch system's words.
    Deleted(String),
    /// Its node died, and the batch system gave it up.
    NodeDied,
    /// It could not be started on its node; in the batch system's words.
    NotStarted(String),
    /// Something else; in the batch system's words, empty where it has none.
    Other(String),
    /// The batch system does not say, or not yet.
    Untold,
}

/// Whose doing the end of a job was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// The job's own program.
    Program,
    /// The user whose job it is.
    User,
    /// An administrator.
    Administrator,
    /// The site: its rules, its nodes, its power.
    Site,
    /// It is not told.
    Unknown,
}

/// What the batch system makes of a job's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the job is over.
    Nothing,
    /// The chain goes on with a next run, which may take a moment to appear.
    Successor,
    /// It would, but for a run that was shorter than it counts, seconds.
    TooShort {
        /// How long it ran.
        ran: u64,
        /// Up to where a run does not count.
        uncounted: u64,
    },
}

impl Next {
    /// Of a run that is to be followed by another, by its start and its end in seconds since 1970 (0: not told), where one of
    /// `uncounted` seconds or less is not.
    #[must_use]
    pub fn of_run(started: i64, stopped: i64, uncounted: Duration) -> Self {
        let uncounted = uncounted.as_secs();
        match u64::try_from(stopped - started) {
            Ok(ran) if started > 0 && ran <= uncounted => Self::TooShort { ran, uncounted },
            _ => Self::Successor,
        }
    }
}

impl End {
    /// By a job's state and how its command ended; `None` while it has not. `killed`: what else ended it, `next`: what follows a
    /// command that ended so.
    #[must_use]
    pub fn by_state(
        state: &JobState,
        ending: Option<Ending>,
        killed: impl FnOnce() -> Self,
        next: impl FnOnce(Ending) -> Next,
    ) -> Option<Self> {
        match (state, ending) {
            (JobState::Error, ending) => Some(Self { ending, ..killed() }),
            (_, Some(ending)) => Some(Self { next: next(ending), ..Self::of(ending) }),
            (JobState::Terminated, None) => Some(Self::untold()),
            _ => None,
        }
    }

    /// Of a command that ended like this, with nothing to follow.
    #[must_use]
    pub fn of(ending: Ending) -> Self {
        Self { how: How::Command(ending), by: By::Program, next: Next::Nothing, ending: Some(ending) }
    }

    /// Something else than its command ended the job.
    #[must_use]
    pub fn killed(how: How, by: By) -> Self {
        Self { how, by, next: Next::Nothing, ending: None }
    }

    /// The batch system does not say how.
    #[must_use]
    pub fn untold() -> Self {
        Self::killed(How::Untold, By::Unknown)
    }

    /// Whether the chain is to go on after it by itself.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.next != Next::Nothing
    }
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
    /// From a raw wait status (25344 = exit 99, 9 = killed by signal 9).
    #[must_use]
    pub fn of_wait_status(status: i32) -> Self {
        match status & 0x7f {
            0 => Self::Code(((status >> 8) & 0xff) as u8),
            signal => Self::Signal(signal as u8),
        }
    }
}
