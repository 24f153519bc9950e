//! What to submit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// How long before the walltime the checkpoint signal ([`super::CHECKPOINT_SIGNAL`]) is sent, seconds (of the scheduler's
    /// time).
    pub checkpoint: u64,
    /// Standard output; `%jobid%` stands for the job's number.
    pub stdout: PathBuf,
    /// Standard error, likewise.
    pub stderr: PathBuf,
    /// What the site wants to know, by the keys of [`super::SETUP_KEYS`].
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
