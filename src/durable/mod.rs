//! Files that survive a crash, on local disks and on the shared ones of clusters (NFS, `BeeGFS`, Lustre).
//!
//! Three forms, and no others, hold the program's state:
//! - [`sealed`]: one value in one file, readable by a person (RON), closed by a checksum line and put in place whole;
//! - [`framed`]: an append-only log of records, each with its length and checksum, whose torn tail is tolerated;
//! - [`atomic`]: the primitive below both: temporary name, fsync, rename or exclusive name, fsync of the folder.
//!
//! All of them reach their files through [`beneath`], which follows no link below an output folder, and try what fails by a
//! passing error of a shared disk again ([`patience`]). No file locks: they cannot be trusted on shared disks.

pub mod atomic;
pub mod beneath;
pub mod checksum;
#[cfg(test)]
pub(crate) mod faults;
pub mod framed;
pub mod numbered;
pub mod patience;
pub mod sealed;

use std::path::{Path, PathBuf};

/// What went wrong with a file, and with which.
#[derive(Debug, thiserror::Error)]
pub enum DurableError {
    /// The operating system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, in words ("write", "create", …).
        action: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The file's content is not what was written: cut, flipped or zero-filled.
    #[error("{}: damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit, in words.
        what: String,
    },
    /// The file is as it was written, but not by a program that this one understands.
    #[error("{}: intact, but {}: {what}", path.display(), UNKNOWN_FORM)]
    UnknownForm {
        /// The file.
        path: PathBuf,
        /// What it does not know, in words.
        what: String,
    },
}

/// What every [`DurableError::UnknownForm`] says.
const UNKNOWN_FORM: &str = "of a form this version does not know";

/// A message, such as the recorded one of a link's end, tells of a [`DurableError::UnknownForm`]: another program is the cure.
#[must_use]
pub fn tells_of_unknown_form(message: &str) -> bool {
    message.contains(UNKNOWN_FORM)
}

impl DurableError {
    /// An error of the operating system about `path`.
    #[must_use]
    pub fn io(path: &Path, action: &'static str, source: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), action, source }
    }

    /// A content that is not what was written.
    pub fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), what: what.into() }
    }

    /// An intact content of a form that this version does not know.
    pub fn unknown_form(path: &Path, what: impl Into<String>) -> Self {
        Self::UnknownForm { path: path.to_path_buf(), what: what.into() }
    }

    /// The file or folder it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. } | Self::Damaged { path, .. } | Self::UnknownForm { path, .. } => path,
        }
    }

    /// The disk or the quota is full, or the file may not grow any more.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        self.is_too_large()
            || matches!(self, Self::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }

    /// The file may not grow any more: a limit of the process, or of the file system.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::FileTooLarge)
    }

    /// The disk was out of reach for longer than this process was patient: see [`patience::is_passing`].
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if patience::is_passing(source))
    }

    /// This person may not.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied)
    }

    /// A file was to be read, not made.
    #[must_use]
    pub fn is_of_reading(&self) -> bool {
        matches!(self, Self::Io { action, .. } if matches!(*action, "read" | "open" | "list" | "find" | "examine"))
    }

    /// The file is not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}

#[cfg(test)]
mod tests;
