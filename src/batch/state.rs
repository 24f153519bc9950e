//! Where jobs stand.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a job stands, and whatever a server may add.
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
