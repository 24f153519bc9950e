//! The program's own files: kept beside an image, and brought back to what they were when it was made.
//!
//! A file that is only written at its end is cut to its length then. One that is written anywhere is copied while the program
//! stands, and put back from the copy where it differs. In the program's own folder small files that it only reads, or writes at
//! their end, are copied as well: it may remove or replace them later, and an older image needs them.

mod back;
mod parts;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::Path;

use super::own_folder::NOT_ITS_OWN;
use super::record::{self, ImageRecord, Opening, Recorded};
use crate::durable::beneath::{self, Folder};
use crate::durable::{DurableError, atomic};
use crate::quantity::bytes;

pub use back::{BroughtBack, roll_back};
pub(super) use back::{action, put_with, written_at};
use parts::DataParts;

/// How much of a program's open files is copied. Holes take nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most {
    /// Bytes of all copies of files that it writes anywhere.
    pub written: u64,
    /// Bytes of the largest copy of another file.
    pub file: u64,
    /// Bytes of all copies of others.
    pub others: u64,
}

impl Default for Most {
    fn default() -> Self {
        Self { written: 4 << 30, file: 4 << 20, others: 256 << 20 }
    }
}

/// Whether an older image may need a copy of this file: the program writes to it anywhere, or has it in its folder.
fn needs_copy(file: &Recorded, own: &Path) -> bool {
    let inner = || {
        file.path.strip_prefix(own).is_ok_and(|inner| !NOT_ITS_OWN.iter().any(|name| inner.starts_with(name)))
    };
    let is_data = file.has_content() && !file.openings.contains(&Opening::Executable);
    file.changes() || (is_data && inner())
}

/// Copies the files that a program has open and an older image may need, while it stands, into a folder that must not exist: each
/// whole and on the disk. Where the disk can, they share their blocks. The smallest come first; what is beyond has no copy, and if it
/// is changed the generation cannot be used. `own` is the program's folder.
///
/// The copies' names are put into the record, and anew the times of the files that it writes anywhere: these are brought to the disk first,
/// copied or not. A file that is gone is left out.
///
/// Returns the bytes that were copied. No folder is made where there is nothing to copy.
///
/// # Errors
/// When one cannot be read or written.
pub fn take(record: &mut ImageRecord, own: &Path, folder: &Path, most: Most) -> Result<u64, DurableError> {
    let mut found: Vec<(&mut Recorded, File, DataParts)> = Vec::new();
    for file in record.files.iter_mut().filter(|file| needs_copy(file, own)) {
        let from = match record::open_here(&file.path) {
            Err(e) if record::is_gone(&e) => continue,
            // It may be closed to its owner as well.
            Err(_) if !file.changes() => continue,
            from => from.map_err(|e| DurableError::io(&file.path, "read", e))?,
        };
        if file.changes() {
            // A mapping writes without a new time, until what it has written is on the disk.
            let facts = record::to_disk(&from).and_then(|()| from.metadata());
            file.modified = record::modified(&facts.map_err(|e| DurableError::io(&file.path, "write", e))?);
        }
        let parts = DataParts::of(&from, file.size);
        found.push((file, from, parts));
    }
    found.sort_by_key(|(_, _, parts)| parts.bytes());
    let (mut written, mut others) = (0, 0);
    for (number, (file, from, parts)) in found.into_iter().enumerate() {
        let (copied, bound) =
            if file.changes() { (&mut written, most.written) } else { (&mut others, most.others) };
        let held = parts.bytes();
        if *copied + held > bound || (!file.changes() && held > most.file) {
            continue;
        }
        if !beneath::exists(folder) {
            atomic::create_folder_within(folder)?;
        }
        let name = format!("{number:04}");
        let path = folder.join(&name);
        let write = || -> io::Result<()> {
            let to = beneath::create_new(&path)?;
            parts.take(&from, &to)?;
            to.sync_all()
        };
        write().map_err(|e| DurableError::io(&path, "write", e))?;
        file.copy = Some(name);
        file.parts = parts.noted();
        *copied += held;
    }
    if beneath::exists(folder) {
        let synced = Folder::of(&folder.join("0000")).and_then(|(folder, _)| folder.sync());
        synced.map_err(|e| DurableError::io(folder, "write", e))?;
    }
    Ok(written + others)
}

/// What an older image may need and has no copy of, in words; empty where there is nothing.
#[must_use]
pub fn beyond(record: &ImageRecord, own: &Path, most: Most) -> String {
    let left: Vec<&Recorded> =
        record.files.iter().filter(|file| needs_copy(file, own) && file.copy.is_none()).collect();
    let Some(largest) = left.iter().max_by_key(|file| file.size) else { return String::new() };
    format!(
        "Of the files that the program has open {} ({}), such as {}, have no copy beside its images: they hold more than {}, or than {} where it \
         does not write anywhere in them. One that is removed or changed later makes the images from before useless",
        left.len(),
        bytes(left.iter().map(|file| file.size).sum()),
        super::tasks::shown(&largest.path),
        bytes(most.written),
        bytes(most.file),
    )
}
