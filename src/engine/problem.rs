//! What is wrong with an input, and why the engine stopped.

use std::path::{Path, PathBuf};

/// One thing that is wrong with an input: what, where and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what} ({cure})", file.display())]
pub struct Problem {
    /// The file, or the name of the field of the campaign file.
    pub file: PathBuf,
    /// What was found and what was expected.
    pub what: String,
    /// What to do about it.
    pub cure: String,
    /// It was another when it was read before: maps must not be made of both.
    pub changed: bool,
}

impl Problem {
    /// A problem of `file`.
    pub fn new(file: &Path, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), what: what.into(), cure: cure.into(), changed: false }
    }
}

/// Why the engine stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// An input is unfit.
    #[error(transparent)]
    Input(Problem),
    /// An input is not what it was when it was read before.
    #[error(transparent)]
    Changed(Problem),
    /// It was asked to stop in the middle of a tile.
    #[error("stopped in the middle of a tile, as asked")]
    Stopped,
}

impl From<Problem> for EngineError {
    fn from(problem: Problem) -> Self {
        if problem.changed { Self::Changed(problem) } else { Self::Input(problem) }
    }
}
