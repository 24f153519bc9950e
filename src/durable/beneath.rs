//! Files below a campaign's output folder, which others may be able to write to.
//!
//! Below `<output>` (from `.alpsckpt` on, and `maps/`, `pictures/` with their files) no symbolic link is followed, no FIFO or
//! device is opened for its content, and nothing is written into a file that has a second name: what others lay under one of
//! the program's names leads nowhere. Links above the output folder are followed, for sites link their scratch. New files are
//! created exclusively, in a folder that is held open from the creation to the rename.
//!
//! Other paths (the user's state, copies of maps) go through the same functions and are reached as they are.

mod folder;
mod folders;
mod resolve;

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;

pub use folder::Folder;
pub use folders::{
    create_folder, create_folders, create_private_folder, names, names_if_any, open_folder, remove_folder,
    sync_folder,
};

use super::patience;

/// Longer files are none of the program's records.
const MOST_BYTES: u64 = 4 << 30;

/// Opens a regular file for reading.
///
/// # Errors
/// When it is missing, reached through a link below an output folder, no regular file, or the system refuses.
pub fn open(path: &Path) -> io::Result<File> {
    patience::again(path, || open_once(path))
}

fn open_once(path: &Path) -> io::Result<File> {
    regular(resolve::opened(path, resolve::below(path), unwaited(OFlag::O_RDONLY), Mode::empty())?.into())
}

/// All bytes of a file.
///
/// # Errors
/// As [`open`]; when it is larger than any file of the program.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    patience::again(path, || {
        let file = open_once(path)?;
        let length = file.metadata()?.len();
        if length > MOST_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{length} bytes are too many")));
        }
        let mut bytes = Vec::with_capacity(length as usize);
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    })
}

/// The first `length` bytes of a file, or all where it has fewer.
///
/// # Errors
/// As [`open`].
pub fn read_head(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    patience::again(path, || {
        let mut bytes = Vec::new();
        open_once(path)?.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    })
}

/// The last `length` bytes of a file, or all where it has fewer.
///
/// # Errors
/// As [`open`].
pub fn read_end(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    patience::again(path, || {
        let mut file = open_once(path)?;
        let all = file.metadata()?.len();
        file.seek(io::SeekFrom::Start(all.saturating_sub(length)))?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    })
}

/// Opens a regular file for reading and writing. It must have no other name: a hard link may lead to anything.
///
/// # Errors
/// As [`open`]; when it has another name.
pub fn open_to_write(path: &Path) -> io::Result<File> {
    patience::again(path, || {
        let flags = unwaited(OFlag::O_RDWR);
        sole(resolve::opened(path, resolve::below(path), flags, Mode::empty())?.into())
    })
}

/// Opens a file for appending, and creates it if need be, readable for all as far as the umask allows.
///
/// # Errors
/// As [`open_to_write`].
pub fn append(path: &Path) -> io::Result<File> {
    let (folder, name) = Folder::of(path)?;
    for _ in 0..2 {
        match folder.create_new(&name) {
            // Opened anew: at its end, wherever that is by then, and for writing alone.
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
        // Where it is none of a campaign's files it may be a link on purpose.
        let flags = unwaited(OFlag::O_WRONLY | OFlag::O_APPEND);
        match resolve::opened(path, resolve::below(path), flags, Mode::empty()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            opened if resolve::below(path) == 0 => return regular(opened?.into()),
            opened => return sole(opened?.into()),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Creates a file that must not exist.
///
/// # Errors
/// When it exists, or the system refuses.
pub fn create_new(path: &Path) -> io::Result<File> {
    let mut before = false;
    patience::again(path, || {
        let (folder, name) = Folder::of(path)?;
        if std::mem::replace(&mut before, true) && folder.facts(&name).is_ok_and(|facts| facts.st_size == 0) {
            // Perhaps the request that failed has made it.
            folder.remove(&name)?;
        }
        folder.create_new(&name)
    })
}

/// What the system says of a name; of a link, not of what it leads to.
///
/// # Errors
/// When there is nothing, or the system refuses.
pub fn facts(path: &Path) -> io::Result<Metadata> {
    patience::again(path, || {
        let guarded = resolve::below(path);
        if guarded == 0 {
            return std::fs::symlink_metadata(path);
        }
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW;
        File::from(resolve::opened(path, guarded, flags, Mode::empty())?).metadata()
    })
}

/// Whether something has this name; `false` also where that cannot be told.
#[must_use]
pub fn exists(path: &Path) -> bool {
    facts(path).is_ok()
}

/// Whether this is a regular file.
#[must_use]
pub fn is_regular(facts: &Metadata) -> bool {
    facts.is_file()
}

/// Whether this is a folder.
#[must_use]
pub fn is_folder(facts: &Metadata) -> bool {
    facts.is_dir()
}

/// Why a file or folder may have been written by somebody else.
#[must_use]
pub fn not_ours(facts: &Metadata) -> Option<String> {
    let own = nix::unistd::geteuid().as_raw();
    if facts.uid() != own {
        return Some(format!("belongs to user {}, not to this one, {own}", facts.uid()));
    }
    if facts.mode() & 0o022 != 0 {
        return Some(format!("others may write to it (mode {:o})", facts.mode() & 0o7777));
    }
    (is_regular(facts) && facts.nlink() > 1).then(|| format!("has {} names (hard links)", facts.nlink()))
}

/// Whether a path lies below an output folder.
#[must_use]
pub fn is_below(path: &Path) -> bool {
    resolve::below(path) > 0
}

/// Gives a file or folder another name, in the same folder or another one of the same disk, that nothing has.
///
/// # Errors
/// When something has the name, or the system refuses.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    let (from_folder, from_name) = Folder::of(from)?;
    let (to_folder, to_name) = Folder::of(to)?;
    from_folder.move_new(&from_name, &to_folder, &to_name)?;
    to_folder.sync()?;
    from_folder.sync()
}

/// Removes a name that is no folder's; what a link leads to stays.
///
/// # Errors
/// When there is none, or the system refuses.
pub fn remove(path: &Path) -> io::Result<()> {
    patience::again(path, || {
        let (folder, name) = Folder::of(path)?;
        folder.remove(&name)
    })
}

/// Gives a file of a folder another name in the same folder; what has that name goes.
///
/// # Errors
/// When the system refuses.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    patience::again(from, || {
        let (folder, name) = Folder::of(from)?;
        folder.rename(&name, to.file_name().unwrap_or_default())
    })
}

/// Waits for nobody, as one would for the writer of a FIFO.
fn unwaited(flags: OFlag) -> OFlag {
    flags | OFlag::O_NONBLOCK | OFlag::O_NOCTTY
}

fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let what = "not a regular file (a folder, a pipe or a device has this name): remove it";
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// A regular file without another name.
fn sole(file: File) -> io::Result<File> {
    let file = regular(file)?;
    match file.metadata()?.nlink() {
        0 | 1 => Ok(file),
        names => {
            let what = format!(
                "the file has {names} names (hard links), and writing to it would change them all: put a copy in its place \
                 (cp NAME NAME.copy && mv NAME.copy NAME)"
            );
            Err(io::Error::new(io::ErrorKind::InvalidInput, what))
        }
    }
}

#[cfg(test)]
mod tests;
