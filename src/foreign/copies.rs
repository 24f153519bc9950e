//! The program's own output files: kept beside an image, and brought back to what they were when it was made.
//!
//! A file that is only written at its end is cut to its length then. One that is written anywhere is copied while the program
//! stands, and put back from the copy where it differs.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::{File, FileTimes, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use nix::fcntl::OFlag;
use nix::unistd::Whence;

use super::fitness::{Unfit, files};
use super::record::{self, Record, Recorded, Sum};
use crate::durable::beneath::{self, Folder};
use crate::durable::{DurableError, atomic};

/// Copies, into a folder that must not exist, the files that the program writes anywhere, while it stands: each whole and on the
/// disk. Where the disk can, they share their blocks. `most` bytes are copied, the smallest files first; what is beyond has no
/// copy, and if it is changed the generation cannot be used. The copies' names are put into the record, and the files' times anew:
/// they are brought to the disk first, copied or not.
///
/// Returns the bytes that were copied. No folder is made where there is nothing to copy.
///
/// # Errors
/// When one cannot be read or written.
pub fn take(record: &mut Record, folder: &Path, most: u64) -> Result<u64, DurableError> {
    let mut copied = 0;
    let mut files: Vec<&mut Recorded> = record.files.iter_mut().filter(|file| file.changes()).collect();
    files.sort_by_key(|file| file.size);
    for (number, file) in files.into_iter().enumerate() {
        let from = record::open_here(&file.path).map_err(|e| DurableError::io(&file.path, "read", e))?;
        // A mapping writes without a new time, until what it has written is on the disk.
        let facts = record::to_disk(&from)
            .and_then(|()| from.metadata())
            .map_err(|e| DurableError::io(&file.path, "write", e))?;
        file.modified = record::modified(&facts);
        // A hole takes nothing.
        let held = file.size.min(facts.blocks() * 512);
        if copied + held > most {
            continue;
        }
        if copied == 0 && !beneath::exists(folder) {
            atomic::create_folder_within(folder)?;
        }
        let name = format!("{number:04}");
        let path = folder.join(&name);
        let write = || -> io::Result<()> {
            let to = beneath::create_new(&path)?;
            copy(&from, &to, file.size)?;
            to.sync_all()
        };
        write().map_err(|e| DurableError::io(&path, "write", e))?;
        file.copy = Some(name);
        copied += held;
    }
    if beneath::exists(folder) {
        let synced = Folder::of(&folder.join("0000")).and_then(|(folder, _)| folder.sync());
        synced.map_err(|e| DurableError::io(folder, "write", e))?;
    }
    Ok(copied)
}

/// Copies the first `size` bytes of a file into an empty one, holes as holes.
fn copy(from: &File, to: &File, size: u64) -> io::Result<()> {
    if rustix::fs::ioctl_ficlone(to, from).is_ok() {
        return to.set_len(size);
    }
    to.set_len(size)?;
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    while at < size {
        let (begin, end) = piece(from, at, size);
        at = begin;
        while at < end {
            let part = &mut buffer[..(end - at).min(1 << 20) as usize];
            from.read_exact_at(part, at)?;
            to.write_all_at(part, at)?;
            at += part.len() as u64;
        }
        at = end;
    }
    Ok(())
}

/// The next piece of a file that is no hole, from `at` on; all of the rest where the disk does not tell of holes.
fn piece(file: &File, at: u64, size: u64) -> (u64, u64) {
    let seek = |from: u64, whence| nix::unistd::lseek(file, from as i64, whence);
    match seek(at, Whence::SeekData) {
        Ok(begin) if begin as u64 >= size => (size, size),
        Ok(begin) => {
            let end = seek(begin as u64, Whence::SeekHole).map_or(size, |end| (end as u64).min(size));
            (begin as u64, end.max(begin as u64))
        }
        Err(nix::errno::Errno::ENXIO) => (size, size),
        Err(_) => (at, size),
    }
}

/// What brings an output back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// It is as it was.
    Nothing,
    /// What was added is cut off.
    Cut,
    /// It is put back from this copy.
    PutBack(PathBuf),
    /// It was empty, and is made again.
    Make,
}

/// What is to be done with a file that the program writes.
pub(super) fn action(file: &Recorded, copies: &Path) -> Result<Action, Unfit> {
    let copy = copy_of(file, copies);
    let facts = match std::fs::symlink_metadata(&file.path) {
        Ok(facts) => facts,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return match copy {
                Some(copy) => Ok(Action::PutBack(copy)),
                None if file.size == 0 => Ok(Action::Make),
                None => Err(files::unreachable(file, &e)),
            };
        }
        Err(e) => return Err(files::unreachable(file, &e)),
    };
    let brought_back = |unfit: Unfit| copy.clone().map(Action::PutBack).ok_or(unfit);
    if let Err(other) = files::same_kind_and_mode(file, &facts) {
        return if facts.is_file() { brought_back(other) } else { Err(other) };
    }
    if facts.len() < file.size {
        return brought_back(files::other_size(file, facts.len()));
    }
    let added = facts.len() > file.size;
    let begin = record::open_here(&file.path).and_then(|content| record::sum(&content, file.size));
    let begin = begin.map_err(|e| files::unreachable(file, &e))?;
    if file.sum.is_some_and(|former| former != begin) {
        return brought_back(files::other_content(file));
    }
    // What is only added to has kept its begin; of what is written anywhere that must be seen.
    let kept = file.grows() || (matches!(begin, Sum::Whole(_)) && file.sum.is_some());
    match (added, kept) {
        (true, true) => Ok(Action::Cut),
        (true, false) => brought_back(files::other_size(file, facts.len())),
        (false, true) => Ok(Action::Nothing),
        (false, false) if record::modified(&facts) == file.modified => Ok(Action::Nothing),
        (false, false) => brought_back(files::other_time(file, record::modified(&facts))),
    }
}

/// The copy of a file, if it is whole.
fn copy_of(file: &Recorded, copies: &Path) -> Option<PathBuf> {
    let name =
        file.copy.as_deref().filter(|name| name.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty())?;
    let copy = copies.join(name);
    beneath::facts(&copy).is_ok_and(|facts| facts.is_file() && facts.len() == file.size).then_some(copy)
}

/// An output that was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BroughtBack {
    /// Which.
    pub path: PathBuf,
    /// How, in words.
    pub how: &'static str,
}

/// Brings the program's own output files back to what they were when the record was made, through no symbolic link.
///
/// Begun and not ended, it can be done again. Nothing is changed where one cannot be brought back.
///
/// # Errors
/// All that cannot be brought back.
pub fn roll_back(record: &Record, copies: &Path) -> Result<Vec<BroughtBack>, Vec<Unfit>> {
    let outputs = record.files.iter().filter(|file| file.is_written());
    let mut actions = Vec::new();
    let mut unfit = Vec::new();
    for file in outputs {
        match action(file, copies) {
            Ok(action) => actions.push((file, action)),
            Err(e) => unfit.push(e),
        }
    }
    if !unfit.is_empty() {
        return Err(unfit);
    }
    let mut done = Vec::new();
    for (file, action) in actions {
        let (how, result) = match action {
            Action::Nothing => continue,
            Action::Cut => ("cut to its former length", cut(file)),
            Action::PutBack(copy) => ("put back from its copy", put(file, Some(&copy))),
            Action::Make => ("made again, empty", put(file, None)),
        };
        match result {
            Ok(()) => done.push(BroughtBack { path: file.path.clone(), how }),
            Err(e) => unfit.push(files::says(file, &format!("it cannot be brought back: {e}"))),
        }
    }
    if unfit.is_empty() { Ok(done) } else { Err(unfit) }
}

fn cut(file: &Recorded) -> io::Result<()> {
    let opened = if beneath::is_below(&file.path) {
        beneath::open_to_write(&file.path)?
    } else {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        OpenOptions::new().write(true).custom_flags(flags.bits()).open(&file.path)?
    };
    if !opened.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    opened.set_len(file.size)?;
    opened.sync_all()
}

/// Puts a file in place whole, with its mode and its time.
fn put(file: &Recorded, copy_at: Option<&Path>) -> io::Result<()> {
    put_with(&file.path, file.mode & 0o7777, file.modified, &|to| {
        copy_at.map_or(Ok(()), |from| copy(&beneath::open(from)?, to, file.size))
    })
}

/// The time of the last writing of a file, ns since 1970.
pub(super) fn written_at(modified: i64) -> FileTimes {
    FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_nanos(modified.max(0) as u64))
}

/// Puts a file in place that `fill` fills, with its mode and its time, ns since 1970.
pub(super) fn put_with(
    path: &Path,
    mode: u32,
    modified: i64,
    fill: &dyn Fn(&File) -> io::Result<()>,
) -> io::Result<()> {
    let (folder, name) = Folder::of(path)?;
    let temporary: OsString = atomic::temporary(&name);
    let write = || -> io::Result<()> {
        let to = folder.create_new(&temporary)?;
        fill(&to)?;
        to.set_permissions(Permissions::from_mode(mode))?;
        to.set_times(written_at(modified))?;
        to.sync_all()?;
        folder.rename(&temporary, &name)
    };
    write().inspect_err(|_| {
        let _ = folder.remove(&temporary);
    })?;
    folder.sync()
}
