//! A campaign file that was read, and what is wrong with one.

use std::path::{Path, PathBuf};

use super::Spec;

/// A campaign file that was read: the spec with all its paths made absolute, and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The spec; its paths are absolute.
    pub spec: Spec,
    /// The file it was read from.
    pub file: PathBuf,
    /// The text of the file, for line numbers in messages.
    pub text: String,
}

/// What is wrong with a campaign file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {what}{}", file.display(), line.map(|l| format!(":{l}")).unwrap_or_default(), cure_text(cure))]
pub struct SpecError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What is wrong and what was expected.
    pub what: String,
    /// What to do.
    pub cure: String,
}

fn cure_text(cure: &str) -> String {
    if cure.is_empty() { String::new() } else { format!(" ({cure})") }
}

impl SpecError {
    pub(super) fn new(
        file: &Path,
        line: Option<usize>,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { file: file.to_path_buf(), line, what: what.into(), cure: cure.into() }
    }
}
