//! The files that a program has open or mapped.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use serde::{Deserialize, Serialize};

use super::content::{Checksum, modified, open_here, sum};
use crate::foreign::tasks::proc::{self, Open, TaskMapping};

/// How a file is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Opening {
    /// Open for writing at its end.
    Append,
    /// Open for writing anywhere, or mapped so.
    Write,
    /// Open for reading.
    Read,
    /// Mapped, for itself.
    Private,
    /// Mapped, together with others.
    Shared,
    /// Its instructions are run.
    Executable,
    /// A folder that is open, or the working folder.
    Folder,
    /// A FIFO.
    Fifo,
}

/// A file that the program has open or mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Where; absolute.
    #[serde(with = "crate::foreign::written")]
    pub path: PathBuf,
    /// Its length, bytes.
    #[serde(default)]
    pub size: u64,
    /// When it was written last, ns since 1970.
    #[serde(default)]
    pub modified: i64,
    /// Its mode with its kind, as the system has it.
    #[serde(default)]
    pub mode: u32,
    /// Of its content.
    #[serde(default)]
    pub sum: Option<Checksum>,
    /// How it is in use.
    #[serde(default)]
    pub openings: BTreeSet<Opening>,
    /// The name of its copy in the folder of copies.
    #[serde(default)]
    pub copy: Option<String>,
    /// Which parts of it the copy has, one after the other, as begins and lengths in bytes: between them it has holes. `None`: all of it.
    #[serde(default)]
    pub parts: Option<Vec<(u64, u64)>>,
}

impl Recorded {
    /// The program writes to it, at its end alone: what was added since can be cut off.
    #[must_use]
    pub fn grows(&self) -> bool {
        self.openings.contains(&Opening::Append) && !self.openings.contains(&Opening::Write)
    }

    /// The program may have changed any part of it.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.openings.contains(&Opening::Write)
    }

    /// The program writes to it.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.grows() || self.changes()
    }

    /// It has a content that is compared.
    #[must_use]
    pub fn has_content(&self) -> bool {
        !self.openings.contains(&Opening::Folder) && !self.openings.contains(&Opening::Fifo)
    }
}

/// Files by their paths.
#[derive(Default)]
pub(super) struct Files(pub(super) BTreeMap<PathBuf, Recorded>);

impl Files {
    pub(super) fn add(&mut self, task: u32, opened: &[Open], mappings: &[TaskMapping]) {
        for open in opened {
            let Some((path, _)) = open.path() else { continue };
            let Ok(facts) = std::fs::metadata(open.door(task)) else { continue };
            let append = open.flags & OFlag::O_APPEND.bits() != 0;
            let mut openings = BTreeSet::new();
            openings.extend(open.reads().then_some(Opening::Read));
            openings.extend(open.writes().then_some(if append { Opening::Append } else { Opening::Write }));
            self.one(&path, &facts, &openings);
        }
        for mapping in mappings.iter().filter(|mapping| !mapping.removed) {
            let Ok(facts) = std::fs::metadata(&mapping.path) else { continue };
            let mut openings =
                BTreeSet::from([if mapping.shared { Opening::Shared } else { Opening::Private }]);
            openings.extend((mapping.shared && mapping.writable).then_some(Opening::Write));
            openings.extend(mapping.executable.then_some(Opening::Executable));
            self.one(&mapping.path, &facts, &openings);
        }
        if let Ok(folder) = std::fs::read_link(proc::folder(task).join("cwd"))
            && let Ok(facts) = std::fs::metadata(&folder)
        {
            self.one(&folder, &facts, &BTreeSet::new());
        }
    }

    fn one(&mut self, path: &Path, facts: &std::fs::Metadata, openings: &BTreeSet<Opening>) {
        use std::os::unix::fs::FileTypeExt;
        let kind = facts.file_type();
        let special = ["/proc", "/sys", "/dev/null"].iter().any(|folder| path.starts_with(folder));
        // What has no name any more is in the image; what has another file's name is none of the two.
        let other = std::fs::metadata(path)
            .map_or(true, |named| (named.dev(), named.ino()) != (facts.dev(), facts.ino()));
        if special || other || facts.nlink() == 0 || !(kind.is_file() || kind.is_dir() || kind.is_fifo()) {
            return;
        }
        let file = self.0.entry(path.to_path_buf()).or_insert_with(|| Recorded {
            path: path.to_path_buf(),
            size: if kind.is_file() { facts.len() } else { 0 },
            modified: modified(facts),
            mode: facts.mode(),
            sum: None,
            openings: BTreeSet::new(),
            copy: None,
            parts: None,
        });
        if kind.is_dir() {
            file.openings.insert(Opening::Folder);
        } else if kind.is_fifo() {
            file.openings.insert(Opening::Fifo);
        } else {
            file.openings.extend(openings);
            if file.sum.is_none() {
                file.sum = open_here(path).and_then(|content| sum(&content, file.size)).ok();
            }
        }
    }
}
