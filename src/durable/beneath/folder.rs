//! A folder that is held open while files come and go in it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, RenameFlags, openat, renameat, renameat2};
use nix::sys::stat::{FileStat, Mode, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};

use super::resolve;
#[cfg(test)]
use crate::durable::faults;

/// A folder, whatever may be put in its place under its name.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    file: OwnedFd,
}

impl Folder {
    /// Opens the folder in which `path` lies; with the name that it has there.
    ///
    /// # Errors
    /// When the folder is missing, reached through a link below an output folder, or the system refuses; `path` has no name.
    pub fn of(path: &Path) -> io::Result<(Self, OsString)> {
        let nameless = || io::Error::new(io::ErrorKind::InvalidInput, "the path ends in no name");
        let name = path.file_name().ok_or_else(nameless)?;
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let guarded = resolve::below(path).saturating_sub(1);
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY;
        let file = resolve::opened(folder, guarded, flags, Mode::empty())?;
        Ok((Self { path: folder.to_path_buf(), file }, name.to_owned()))
    }

    /// Where it lay when it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates a file for reading and writing that must not exist.
    ///
    /// # Errors
    /// When it exists, or the system refuses.
    pub fn create_new(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        Ok(openat(self.fd(), name, flags, Mode::from_bits_truncate(0o666))?.into())
    }

    /// Creates a folder; `false` when something has the name already.
    ///
    /// # Errors
    /// When the system refuses for another reason.
    pub fn create_folder(&self, name: &OsStr) -> io::Result<bool> {
        match mkdirat(self.fd(), name, Mode::from_bits_truncate(0o777)) {
            Ok(()) => Ok(true),
            Err(Errno::EEXIST) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Creates a folder for this user alone.
    ///
    /// # Errors
    /// When something has the name, or the system refuses.
    pub fn create_private_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(mkdirat(self.fd(), name, Mode::S_IRWXU)?)
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// When there is none, it is not empty, or the system refuses.
    pub fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(self.fd(), name, UnlinkatFlags::RemoveDir)?)
    }

    /// Moves a file or folder to a name in a folder of the same disk that nothing has.
    ///
    /// # Errors
    /// When something has it, or the system refuses.
    pub fn move_new(&self, from: &OsStr, folder: &Self, to: &OsStr) -> io::Result<()> {
        match renameat2(self.fd(), from, folder.fd(), to, RenameFlags::RENAME_NOREPLACE) {
            // A file system that cannot do it in one step, such as NFS.
            Err(Errno::EINVAL) => {
                match folder.facts(to) {
                    Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                    Err(e) => return Err(e),
                }
                Ok(renameat(self.fd(), from, folder.fd(), to)?)
            }
            moved => Ok(moved?),
        }
    }

    /// Gives a file another name; what has that name goes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(renameat(self.fd(), from, self.fd(), to)?)
    }

    /// Gives a file another name that nothing has.
    ///
    /// # Errors
    /// When something has it, the file system cannot do this, or the system refuses.
    pub fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        #[cfg(test)]
        faults::meet(&self.path, faults::Step::RenameNew)?;
        Ok(renameat2(self.fd(), from, self.fd(), to, RenameFlags::RENAME_NOREPLACE)?)
    }

    /// Gives a file a second name that nothing has.
    ///
    /// # Errors
    /// When something has it, the file system has no hard links, or the system refuses.
    pub fn link(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        #[cfg(test)]
        faults::meet(&self.path, faults::Step::Link)?;
        Ok(linkat(self.fd(), from, self.fd(), to, AtFlags::empty())?)
    }

    /// Removes a name that is no folder's.
    ///
    /// # Errors
    /// When there is none, or the system refuses.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(self.fd(), name, UnlinkatFlags::NoRemoveDir)?)
    }

    /// What the system says of a name; of a link, not of what it leads to.
    ///
    /// # Errors
    /// When there is nothing, or the system refuses.
    pub fn facts(&self, name: &OsStr) -> io::Result<FileStat> {
        Ok(fstatat(self.fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW)?)
    }

    /// Makes creations, renames and removals in it durable.
    ///
    /// # Errors
    /// When the system cannot sync.
    pub fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        faults::meet(&self.path, faults::Step::Any)?;
        Ok(nix::unistd::fsync(self.fd())?)
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
