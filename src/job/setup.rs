//! What a job's script ran before the program, and how it failed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;

use crate::campaign::shell::UNREADABLE;
use crate::durable::beneath;

/// So much of the end of what the setup printed is told, bytes.
const LAST_WORDS: u64 = 600;

/// The setup lines of a job failed: the program does not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupFailure {
    /// The exit status with which they ended.
    pub status: u8,
    /// The line that failed.
    pub command: String,
}

impl SetupFailure {
    /// In words, with what was printed last and what to do.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { status, command } = self;
        let what = match command.trim() {
            command if command.is_empty() || command.starts_with(UNREADABLE) => {
                format!("the `setup` lines ended with exit status {status}")
            }
            command => format!("the `setup` line `{command}` ended with exit status {status}"),
        };
        let said = said_last().map_or(String::new(), |said| format!(", having said last: {said}"));
        format!(
            "{what}{said}: nothing was computed (correct the line in the campaign file; where its failure means nothing, end it \
             with `|| true`)"
        )
    }
}

/// What stands last in the job's error stream, if that is a file, on one line.
fn said_last() -> Option<String> {
    let mut file = File::open("/proc/self/fd/2").ok()?;
    let facts = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    // What is read here is recorded where others may read it: nothing but the job's own file of the campaign.
    let ours = std::fs::read_link("/proc/self/fd/2").is_ok_and(|path| beneath::is_below(&path));
    if !ours || facts.nlink() > 1 {
        return None;
    }
    file.seek(SeekFrom::Start(facts.len().saturating_sub(LAST_WORDS))).ok()?;
    let mut bytes = Vec::new();
    file.take(LAST_WORDS).read_to_end(&mut bytes).ok()?;
    last_words(&String::from_utf8_lossy(&bytes))
}

/// The last three lines of a text that say something, without what would move a terminal's cursor.
pub(crate) fn last_words(text: &str) -> Option<String> {
    let plain = |line: &str| line.replace(|c: char| c.is_control(), " ").trim().to_owned();
    let mut lines: Vec<String> =
        text.lines().rev().map(plain).filter(|line| !line.is_empty()).take(3).collect();
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join(" / "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_setup_is_told_with_its_line() {
        let failure = |command: &str| SetupFailure { status: 1, command: command.to_owned() };
        let words = failure("module load nosuch").words();
        assert!(words.contains("`module load nosuch` ended with exit status 1"), "{words}");
        let words = failure("trap 'alpsckpt_go_on --setup-status").words();
        assert!(words.starts_with("the `setup` lines ended with exit status 1"), "{words}");
    }

    #[test]
    fn last_words_are_the_last_lines_on_one_line() {
        assert_eq!(last_words("a\nb\n\n\u{1b}[31mc\r\nd\n").as_deref(), Some("b / [31mc / d"));
        assert_eq!(last_words("\n \n"), None);
    }
}
