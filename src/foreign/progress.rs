//! How far a program has come, as a file tells that it writes.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use regex::bytes::Regex;

use crate::durable::beneath;

/// Bytes of lines that one look counts at most: more are counted at the next.
const MOST_COUNTED: u64 = 256 << 20;
/// Bytes read at a time.
const PIECE: usize = 1 << 20;
/// How much of a file's end is searched, bytes, and how much where nothing was found in that.
const TAILS: [u64; 2] = [64 << 10, 4 << 20];
/// Bytes of memory for a compiled expression: what takes more is no pattern for a number.
const LARGEST_PATTERN: usize = 1 << 20;
/// A part is counted in hundredths.
const WHOLE: u64 = 100;

/// What the progress of a program is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgressSource {
    /// The lines of a file, of so many in all.
    Lines {
        /// The file; absolute.
        file: PathBuf,
        /// How many lines there will be.
        total: u64,
    },
    /// The last place in a file that fits a regular expression: its first group is the percentage, or, where it has a second
    /// one, a part of that.
    Pattern {
        /// The file; absolute.
        file: PathBuf,
        /// The expression.
        pattern: String,
    },
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgramProgress {
    /// What is done, in units of `total`.
    pub done: u64,
    /// Of so much; never less than `done`.
    pub total: u64,
}

/// Reads the progress again and again, each time only what is new.
#[derive(Debug)]
pub struct ProgressReader {
    file: PathBuf,
    kind: SourceKind,
    seen: Option<FileSeen>,
}

#[derive(Debug)]
enum SourceKind {
    Lines(u64),
    Pattern(Regex),
}

/// What was seen of the file.
#[derive(Debug, Clone, Copy)]
struct FileSeen {
    /// Which file it was.
    device: u64,
    inode: u64,
    /// Up to here, bytes.
    upto: u64,
    /// When it had been written last, ns.
    written: i128,
    /// The lines up to there.
    lines: u64,
    /// What the expression found last.
    found: Option<u64>,
}

impl ProgressReader {
    /// Of this file.
    ///
    /// # Errors
    /// When the expression is none, in words.
    pub fn new(source: &ProgressSource) -> Result<Self, String> {
        let (file, kind) = match source {
            ProgressSource::Lines { file, total } => (file, SourceKind::Lines(*total)),
            ProgressSource::Pattern { file, pattern: text } => (file, SourceKind::Pattern(pattern(text)?)),
        };
        Ok(Self { file: file.clone(), kind, seen: None })
    }

    /// Looks again. `None` as long as nothing tells: there is no such file yet, or nothing in it fits. A file that was cut or
    /// replaced is looked at from its beginning.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(&mut self) -> io::Result<Option<ProgramProgress>> {
        let file = match beneath::open(&self.file) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let facts = file.metadata()?;
        let written = i128::from(facts.mtime()) * 1_000_000_000 + i128::from(facts.mtime_nsec());
        let same = |seen: &FileSeen| {
            (seen.device, seen.inode) == (facts.dev(), facts.ino()) && seen.upto <= facts.len()
        };
        let seen = self.seen.filter(same).unwrap_or(FileSeen {
            device: facts.dev(),
            inode: facts.ino(),
            upto: 0,
            written: i128::MIN,
            lines: 0,
            found: None,
        });
        let now = match &self.kind {
            SourceKind::Lines(_) => count_lines(&file, seen)?,
            SourceKind::Pattern(_) if seen.written == written && seen.upto == facts.len() => seen,
            SourceKind::Pattern(pattern) => search(&file, &facts, pattern, seen)?,
        };
        self.seen = Some(FileSeen { written, ..now });
        Ok(match self.kind {
            SourceKind::Lines(total) => Some(ProgramProgress { done: now.lines.min(total), total }),
            SourceKind::Pattern(_) => now.found.map(|done| ProgramProgress { done, total: WHOLE }),
        })
    }
}

/// The expression of this text.
///
/// # Errors
/// When it is none or has no group, in words.
pub fn pattern(text: &str) -> Result<Regex, String> {
    let compiled = regex::bytes::RegexBuilder::new(text).size_limit(LARGEST_PATTERN).build();
    let pattern = compiled.map_err(|e| match e {
        regex::Error::CompiledTooBig(_) => format!("{text:?} is too large an expression"),
        // The last of its lines says what is wrong, those before it where.
        e => {
            let said = e.to_string();
            let last = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("{text:?} is no regular expression: {last}")
        }
    })?;
    if pattern.captures_len() < 2 {
        return Err(format!("{text:?} has no group: nothing says which part is the number"));
    }
    Ok(pattern)
}

/// Goes on counting where it left off.
fn count_lines(file: &File, mut seen: FileSeen) -> io::Result<FileSeen> {
    let mut piece = vec![0; PIECE];
    let stop = seen.upto.saturating_add(MOST_COUNTED);
    while seen.upto < stop {
        let length = file.read_at(&mut piece, seen.upto)?;
        let read = piece.get(..length).unwrap_or_default();
        if read.is_empty() {
            break;
        }
        seen.lines += read.split(|byte| *byte == b'\n').count() as u64 - 1;
        seen.upto += length as u64;
    }
    Ok(seen)
}

/// Searches the end of the file; where nothing is found, what was found before still holds.
fn search(file: &File, facts: &Metadata, pattern: &Regex, seen: FileSeen) -> io::Result<FileSeen> {
    let length = facts.len();
    let mut found = None;
    for tail in TAILS {
        let from = length.saturating_sub(tail);
        let mut bytes = vec![0; (length - from) as usize];
        read_all(file, &mut bytes, from)?;
        // What begins where reading began may have begun before: of 100% it could be 00%.
        let whole = |at: usize| at > 0 || from == 0;
        let captured =
            pattern.captures_iter(&bytes).filter(|c| c.get(0).is_some_and(|all| whole(all.start())));
        found = captured.filter_map(|captures| percent(&captures)).last();
        if found.is_some() || from == 0 || seen.found.is_some() {
            break;
        }
    }
    Ok(FileSeen { upto: length, found: found.or(seen.found), ..seen })
}

/// Reads as many bytes as there are; those of a file cut meanwhile stay zero.
fn read_all(file: &File, bytes: &mut [u8], from: u64) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, from + done as u64)? {
            0 => break,
            length => done += length,
        }
    }
    Ok(())
}

/// The percentage that a place tells, whole and from 0 to 100.
fn percent(captures: &regex::bytes::Captures<'_>) -> Option<u64> {
    let number = |group: usize| -> Option<f64> {
        let text = std::str::from_utf8(captures.get(group)?.as_bytes()).ok()?;
        text.trim().replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite())
    };
    let part = number(1)?;
    let percent = match number(2) {
        Some(whole) if whole > 0.0 => part / whole * 100.0,
        Some(_) => return None,
        None => part,
    };
    Some(percent.clamp(0.0, 100.0) as u64)
}

#[cfg(test)]
mod tests;
