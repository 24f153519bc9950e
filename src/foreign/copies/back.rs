//! Files brought back to what they were.

use std::ffi::OsString;
use std::fs::{File, FileTimes, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use nix::fcntl::OFlag;

use super::parts::DataParts;
use crate::durable::atomic;
use crate::durable::beneath::{self, Folder};
use crate::foreign::misfit::{Unfit, files};
use crate::foreign::record::{self, Checksum, ImageRecord, Recorded};

/// What brings an output back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::foreign) enum Repair {
    /// It is as it was.
    Nothing,
    /// What was added is cut off.
    Cut,
    /// It is put back from this copy.
    PutBack(PathBuf),
    /// It was empty, and is made again.
    Make,
}

/// What is to be done with a file that the program writes, or that has a copy.
pub(in crate::foreign) fn action(file: &Recorded, copies: &Path) -> Result<Repair, Unfit> {
    let copy = copy_of(file, copies);
    let facts = match std::fs::symlink_metadata(&file.path) {
        Ok(facts) => facts,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return match copy {
                Some(copy) => Ok(Repair::PutBack(copy)),
                None if file.size == 0 && file.is_written() => Ok(Repair::Make),
                None => Err(files::unreachable(file, &e)),
            };
        }
        Err(e) => return Err(files::unreachable(file, &e)),
    };
    let brought_back = |unfit: Unfit| copy.clone().map(Repair::PutBack).ok_or(unfit);
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
    let kept = file.grows() || (matches!(begin, Checksum::Whole(_)) && file.sum.is_some());
    match (added, kept) {
        (true, true) => Ok(Repair::Cut),
        (true, false) => brought_back(files::other_size(file, facts.len())),
        (false, true) => Ok(Repair::Nothing),
        (false, false) if record::modified(&facts) == file.modified => Ok(Repair::Nothing),
        (false, false) => brought_back(files::other_time(file, record::modified(&facts))),
    }
}

/// The copy of a file, if it is whole.
fn copy_of(file: &Recorded, copies: &Path) -> Option<PathBuf> {
    let name =
        file.copy.as_deref().filter(|name| name.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty())?;
    let (copy, length) = (copies.join(name), DataParts::read(file.size, file.parts.as_ref()).bytes());
    beneath::facts(&copy).is_ok_and(|facts| facts.is_file() && facts.len() == length).then_some(copy)
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
pub fn roll_back(record: &ImageRecord, copies: &Path) -> Result<Vec<BroughtBack>, Vec<Unfit>> {
    let outputs = record.files.iter().filter(|file| file.is_written() || file.copy.is_some());
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
            Repair::Nothing => continue,
            Repair::Cut => ("cut to its former length", cut(file)),
            Repair::PutBack(copy) => ("put back from its copy", put(file, Some(&copy))),
            Repair::Make => ("made again, empty", put(file, None)),
        };
        match result {
            Ok(()) => done.push(BroughtBack { path: file.path.clone(), how }),
            Err(e) => unfit.push(files::says(file, &format!("it cannot be brought back: {e}"))),
        }
    }
    if unfit.is_empty() { Ok(done) } else { Err(unfit) }
}

fn cut(file: &Recorded) -> io::Result<()> {
    let opened = open_to_write(&file.path)?;
    opened.set_len(file.size)?;
    opened.sync_all()
}

/// Opens a file that is there, by no symbolic link.
fn open_to_write(path: &Path) -> io::Result<File> {
    let opened = if beneath::is_below(path) {
        beneath::open_to_write(path)?
    } else {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        OpenOptions::new().write(true).custom_flags(flags.bits()).open(path)?
    };
    if !opened.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(opened)
}

/// Puts a file's content back, with its mode and its time.
///
/// Into the file that is there: a program may know it by its number (`SQLite` writes to no other one). It is emptied first, so that
/// what is half written is shorter, and is put back again. A file that is gone, or cannot be written to, is made anew.
fn put(file: &Recorded, copy_at: Option<&Path>) -> io::Result<()> {
    let parts = DataParts::read(file.size, file.parts.as_ref());
    let fill = |to: &File| copy_at.map_or(Ok(()), |from| parts.put(&beneath::open(from)?, to));
    let mode = file.mode & 0o7777;
    let Ok(to) = open_to_write(&file.path) else {
        return put_with(&file.path, mode, file.modified, &fill);
    };
    to.set_len(0)?;
    fill(&to)?;
    to.set_permissions(Permissions::from_mode(mode))?;
    to.sync_all()?;
    to.set_times(written_at(file.modified))?;
    to.sync_all()
}

/// The time of the last writing of a file, ns since 1970.
pub(in crate::foreign) fn written_at(modified: i64) -> FileTimes {
    FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_nanos(modified.max(0) as u64))
}

/// Puts a file in place that `fill` fills, with its mode and its time, ns since 1970.
pub(in crate::foreign) fn put_with(
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
