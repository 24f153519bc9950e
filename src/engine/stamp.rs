//! What a file system says of a file: hints that spare a look at it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::beside::side_file;
use super::problem::Problem;
use super::reading::unreadable;
use crate::quantity;

/// What a file system says of a file. Where it is the same the content is too, unless somebody took pains to hide a
/// change; where it is not the content may still be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Stamp")]
pub struct FileStamp {
    /// Bytes of the file.
    pub bytes: u64,
    /// When its content was written last, nanoseconds since 1970.
    pub written_ns: i64,
    /// When it, or its side file, was changed last in any way, nanoseconds since 1970.
    pub changed_ns: i64,
    /// Its number in the file system.
    pub inode: u64,
}

impl FileStamp {
    /// Of what the file system says.
    #[must_use]
    pub fn of(facts: &Metadata) -> Self {
        let ns = |seconds: i64, more: i64| seconds.saturating_mul(1_000_000_000).saturating_add(more);
        Self {
            bytes: facts.len(),
            written_ns: ns(facts.mtime(), facts.mtime_nsec()),
            changed_ns: ns(facts.ctime(), facts.ctime_nsec()),
            inode: facts.ino(),
        }
    }

    /// Of a raster, whose side file counts as a part of it.
    pub(super) fn with_side_file(path: &Path, facts: &Metadata) -> Self {
        let own = Self::of(facts);
        let beside = std::fs::metadata(side_file(path)).map(|facts| Self::of(&facts).changed_ns);
        Self { changed_ns: beside.map_or(own.changed_ns, |beside| beside.max(own.changed_ns)), ..own }
    }

    /// When its content was written last, milliseconds since 1970.
    #[must_use]
    pub fn written_ms(&self) -> i64 {
        self.written_ns / 1_000_000
    }
}

/// The stamp of a file: two calls of the system.
///
/// # Errors
/// When there is no such file, or it is a folder or a device.
pub fn stamp(path: &Path) -> Result<FileStamp, Problem> {
    let facts = std::fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    if !facts.is_file() {
        let what = if facts.is_dir() { "is a folder, not a file" } else { "is not a regular file" };
        return Err(Problem::new(path, what, "give the path of one GeoTIFF file"));
    }
    Ok(FileStamp::with_side_file(path, &facts))
}

impl Problem {
    /// `file` is not what it was when it was read before: `place` tells where, `since` who read it when.
    #[must_use]
    pub fn changed(file: &Path, place: &str, since: &str) -> Self {
        let now = stamp(file).map_or_else(
            |problem| problem.what,
            |stamp| format!("it was written last on {}", quantity::moment(stamp.written_ms())),
        );
        let what = format!("was changed: its content {place} is not what {since} read; {now}");
        Self { changed: true, ..Self::new(file, what, "put the file back as it was") }
    }
}
