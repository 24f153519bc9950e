//! Jobs and nodes, as any batch system tells of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::end::{End, Ending};
use super::state::JobState;

/// A job's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One run of a job: a batch system that puts an ended job back in its queue keeps the number and counts its restarts. Written
/// `7`, or `7.2` for the second restart; a link is known by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "KeyForm", into = "KeyForm")]
pub struct JobKey {
    /// The job.
    pub id: JobId,
    /// How many times it was restarted before this run.
    pub restart: u32,
}

/// How a [`JobKey`] is stored: a number alone, as older programs did, where there was no restart.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum KeyForm {
    First(u64),
    Restarted(u64, u32),
    /// As a [`JobId`] stands in RON.
    Alone((u64,)),
}

impl From<KeyForm> for JobKey {
    fn from(form: KeyForm) -> Self {
        match form {
            KeyForm::First(id) | KeyForm::Alone((id,)) => Self { id: JobId(id), restart: 0 },
            KeyForm::Restarted(id, restart) => Self { id: JobId(id), restart },
        }
    }
}

impl From<JobKey> for KeyForm {
    fn from(key: JobKey) -> Self {
        if key.restart == 0 { Self::First(key.id.0) } else { Self::Restarted(key.id.0, key.restart) }
    }
}

impl From<JobId> for JobKey {
    /// Its first run.
    fn from(id: JobId) -> Self {
        Self { id, restart: 0 }
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.restart {
            0 => f.pad(&self.id.to_string()),
            restart => f.pad(&format!("{}.{restart}", self.id)),
        }
    }
}

impl FromStr for JobKey {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, restart) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self { id: JobId(id.parse()?), restart: restart.parse()? })
    }
}

/// What the batch system says of one run of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// How many times it was restarted under this number.
    pub restart: u32,
    /// The number of the first job of the attempt.
    pub array_id: JobId,
    /// Its name: the attempt's token.
    pub name: String,
    /// Its state.
    pub state: JobState,
    /// The node it runs or ran on.
    pub node: Option<String>,
    /// How it ended; `None` while it has not.
    pub end: Option<End>,
    /// The run that it was resubmitted from.
    pub resubmitted_from: Option<JobKey>,
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
}

impl Job {
    /// The run that it is.
    #[must_use]
    pub fn key(&self) -> JobKey {
        JobKey { id: self.id, restart: self.restart }
    }

    /// How its command ended; `None` while it runs, and when it was killed from outside.
    #[must_use]
    pub fn ended(&self) -> Option<Ending> {
        self.end.as_ref()?.ending
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: NodeState,
    /// Jobs on it now.
    pub jobs: Vec<JobId>,
}

/// Whether a node takes jobs; otherwise the server's word for why it does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub enum NodeState {
    /// It takes jobs.
    Up,
    /// It is not there, or not believed any more: what ran on it may be lost.
    Lost(String),
    /// It is given up: what ran on it is lost.
    Dead(String),
    /// Some other state.
    Other(String),
}

impl NodeState {
    /// Whether it takes jobs.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self == Self::Up
    }

    /// Whether what ran on it may be lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Dead(_))
    }

    /// In a word: the server's own, where it takes no jobs.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Up => "Alive",
            Self::Lost(word) | Self::Dead(word) | Self::Other(word) => word,
        }
    }
}

impl From<NodeState> for String {
    fn from(state: NodeState) -> Self {
        state.word().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_written_as_older_programs_wrote_a_job_until_it_is_restarted() {
        let (first, third) = (JobKey::from(JobId(7)), JobKey { id: JobId(7), restart: 2 });
        assert_eq!((first.to_string(), third.to_string()), ("7".to_owned(), "7.2".to_owned()));
        for key in [first, third] {
            assert_eq!(key.to_string().parse(), Ok(key));
            assert_eq!(serde_json::from_str::<JobKey>(&serde_json::to_string(&key).unwrap()).unwrap(), key);
            assert_eq!(ron::from_str::<JobKey>(&ron::to_string(&key).unwrap()).unwrap(), key);
        }
        assert_eq!(serde_json::to_string(&first).unwrap(), "7");
        // In its newtype, as the files of older programs hold a job in RON.
        assert_eq!(ron::to_string(&JobId(7)).unwrap(), "(7)");
        for stored in ["(7)", "7"] {
            assert_eq!(ron::from_str::<JobKey>(stored), Ok(first), "{stored}");
        }
        for bad in ["", "local", "7.", ".2", "7.x", "-7", "7.2.3"] {
            assert!(bad.parse::<JobKey>().is_err(), "{bad}");
        }
    }
}
