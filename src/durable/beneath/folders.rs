//! Folders: listed, made, held, synced, removed.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::dir::Dir;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;

use super::{Folder, facts, remove, resolve};
use crate::durable::{DurableError, patience};

/// The names in a folder, in no order.
///
/// # Errors
/// When it is missing, no folder, reached through a link below an output folder, or the system refuses.
pub fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    use std::os::unix::ffi::OsStrExt;
    patience::again(folder, || {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
        let mut folder =
            Dir::from_fd(resolve::opened(folder, resolve::below(folder), flags, Mode::empty())?)?;
        let mut names = Vec::new();
        for entry in folder.iter() {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(std::ffi::OsStr::from_bytes(&name).to_owned());
            }
        }
        Ok(names)
    })
}

/// The names in a folder, in no order; none where there is no folder.
///
/// # Errors
/// When it is there and cannot be listed.
pub fn names_if_any(folder: &Path) -> Result<Vec<OsString>, DurableError> {
    match names(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        names => names.map_err(|e| DurableError::io(folder, "list", e)),
    }
}

/// Creates a folder in one that must be there, unless it is there already.
///
/// # Errors
/// When the system refuses, or what has the name is no folder, or a link below an output folder.
pub fn create_folder(path: &Path) -> io::Result<()> {
    patience::again(path, || {
        let created = Folder::of(path).and_then(|(folder, name)| folder.create_folder(&name));
        if matches!(created, Ok(true)) {
            return Ok(());
        }
        // The system may refuse what is not needed.
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        match resolve::opened(path, resolve::below(path), flags, Mode::empty()) {
            Ok(_) => Ok(()),
            Err(e) => Err(created.err().unwrap_or(e)),
        }
    })
}

/// Creates a folder and those above it.
///
/// # Errors
/// As [`create_folder`].
pub fn create_folders(path: &Path) -> io::Result<()> {
    match create_folder(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
                create_folders(above)?;
            }
            create_folder(path)
        }
        created => created,
    }
}

/// Creates a folder that must not exist, for this user alone.
///
/// # Errors
/// When something has the name, or the system refuses.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    let (folder, name) = Folder::of(path)?;
    folder.create_private_folder(&name)
}

/// Makes creations, renames and removals in a folder durable.
///
/// # Errors
/// When it is missing, or the system cannot sync.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    patience::again(folder, || Folder::of(&folder.join("."))?.0.sync())
}

/// Opens a folder itself, to hold on to it whatever becomes of its name.
///
/// # Errors
/// When it is missing, no folder, reached through a link below an output folder, or the system refuses.
pub fn open_folder(folder: &Path) -> io::Result<OwnedFd> {
    patience::again(folder, || {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
        resolve::opened(folder, resolve::below(folder), flags, Mode::empty())
    })
}

/// Removes a folder with all that is in it; links in it lead nowhere.
///
/// # Errors
/// When something of it cannot be removed.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    for name in names(path)? {
        let inner = path.join(name);
        if facts(&inner)?.is_dir() { remove_folder(&inner)? } else { remove(&inner)? }
    }
    let (folder, name) = Folder::of(path)?;
    folder.remove_folder(&name)
}
