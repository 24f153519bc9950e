//! Whole files or none: temporary name, fsync, then a rename or an exclusive name, then fsync of the folder.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::errno::Errno;

use super::beneath::{self, Folder};
use super::{DurableError, patience};

/// Replaces `path` by `content`: a reader sees the old file or the new one, never a mixture.
///
/// # Errors
/// When a step fails; `path` then still is what it was.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), DurableError> {
    replaced(path, content, How { sync: true, mode: None })
}

/// Replaces `path` by a file of the mode 755, as [`replace`] does.
///
/// # Errors
/// As [`replace`].
pub fn replace_executable(path: &Path, content: &[u8]) -> Result<(), DurableError> {
    replaced(path, content, How { sync: true, mode: Some(0o755) })
}

/// Replaces `path` by a copy of a file, of the mode 755, as [`replace`] does. Where the disk can, the copy shares its blocks.
///
/// # Errors
/// As [`replace`]; when the file cannot be read.
pub fn copy_executable(path: &Path, from: &mut File) -> Result<(), DurableError> {
    let mut copy = || -> io::Result<()> {
        let (folder, name) = Folder::of(path)?;
        let temporary = temporary(&name);
        let mut write = || -> io::Result<()> {
            let mut file = folder.create_new(&temporary)?;
            from.rewind()?;
            io::copy(from, &mut file)?;
            file.set_permissions(Permissions::from_mode(0o755))?;
            file.sync_all()
        };
        write().and_then(|()| folder.rename(&temporary, &name)).inspect_err(|_| {
            let _ = folder.remove(&temporary);
        })?;
        folder.sync()
    };
    patience::again(path, &mut copy).map_err(|e| DurableError::io(path, "write", e))
}

/// Replaces `path` by `content` as [`replace`] does, for a reader; after a power failure it may be old, empty or gone.
///
/// For files written every second that nothing depends on, such as a heartbeat: they must not wait for the disk, nor is what fails
/// tried again before the next second.
///
/// # Errors
/// When a step fails; `path` then still is what it was.
pub fn replace_unsynced(path: &Path, content: &[u8]) -> Result<(), DurableError> {
    replaced(path, content, How { sync: false, mode: None })
}

/// How a file is written.
#[derive(Debug, Clone, Copy)]
struct How {
    /// It is on the disk before it has its name, and the name before this returns.
    sync: bool,
    /// Its mode; `None`: what the umask leaves.
    mode: Option<u32>,
}

fn replaced(path: &Path, content: &[u8], how: How) -> Result<(), DurableError> {
    let way =
        |folder: &Folder, temporary: &OsStr, name: &OsStr| folder.rename(temporary, name).map(|()| true);
    let put = || put(path, content, how, &way);
    let put = if how.sync { patience::again(path, put) } else { put() };
    put.map(drop).map_err(|e| DurableError::io(path, "write", e))
}

/// Creates `path` with `content`; `Ok(false)` when it exists already, untouched.
///
/// Of several processes, on any nodes, exactly one gets `true`: see [`name_new`].
///
/// # Errors
/// When a step fails for another reason than the file's existence.
pub fn create_exclusive(path: &Path, content: &[u8]) -> Result<bool, DurableError> {
    let mut before = false;
    let name_it = |folder: &Folder, temporary: &OsStr, name: &OsStr| name_new(folder, temporary, name);
    let mut created = || -> io::Result<bool> {
        let again = std::mem::replace(&mut before, true);
        let created = put(path, content, How { sync: true, mode: None }, &name_it)?;
        // What a request made whose answer was an error is ours, too.
        Ok(created || (again && beneath::read(path)? == content))
    };
    patience::again(path, &mut created).map_err(|e| DurableError::io(path, "create", e))
}

/// How a written file gets its name; `false`: something else has it.
type Way<'a> = &'a dyn Fn(&Folder, &OsStr, &OsStr) -> io::Result<bool>;

/// Writes a file beside `path` and gives it the name.
fn put(path: &Path, content: &[u8], how: How, way: Way<'_>) -> io::Result<bool> {
    let (folder, name) = Folder::of(path)?;
    let temporary = temporary(&name);
    let write = || -> io::Result<()> {
        let mut file = folder.create_new(&temporary)?;
        file.write_all(content)?;
        if let Some(mode) = how.mode {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        if how.sync { file.sync_all() } else { Ok(()) }
    };
    let put = write().and_then(|()| way(&folder, &temporary, &name));
    if !matches!(put, Ok(true)) {
        let _ = folder.remove(&temporary);
    }
    if put? {
        if how.sync {
            folder.sync()?;
        }
        return Ok(true);
    }
    Ok(false)
}

/// Gives a file of a folder, instead of its temporary name, one that nothing has; `Ok(false)` when something else has it, and
/// the file then keeps the temporary one.
///
/// Of several that do this exactly one gets `true`. A hard link is exclusive on every disk that has them, shared ones too. Without
/// them an exclusive rename is as good where there is one; else the name is first taken by an empty file.
///
/// # Errors
/// When the system refuses.
pub fn name_new(folder: &Folder, temporary: &OsStr, name: &OsStr) -> io::Result<bool> {
    match folder.link(temporary, name) {
        Ok(()) => {}
        // Over NFS the answer to a link that was made can be lost, and the repeated request then says "exists".
        Err(_) if folder.facts(temporary).is_ok_and(|facts| facts.st_nlink == 2) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(e) if cannot(&e) => return rename_new(folder, temporary, name),
        Err(e) => return Err(e),
    }
    let _ = folder.remove(temporary);
    Ok(true)
}

fn rename_new(folder: &Folder, temporary: &OsStr, name: &OsStr) -> io::Result<bool> {
    let moved = || folder.facts(temporary).is_err_and(|e| e.kind() == io::ErrorKind::NotFound);
    match folder.rename_new(temporary, name) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(moved()),
        Err(e) if cannot(&e) => take_name(folder, temporary, name),
        Err(e) => Err(e),
    }
}

/// A reader may find the name empty for a moment; so may it stay after a crash in this moment, a damaged file of a number that is
/// taken.
fn take_name(folder: &Folder, temporary: &OsStr, name: &OsStr) -> io::Result<bool> {
    match folder.create_new(name) {
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(e) => return Err(e),
    }
    folder.rename(temporary, name).map(|()| true).inspect_err(|_| {
        let _ = folder.remove(name);
    })
}

/// The file system has no such operation.
fn cannot(e: &io::Error) -> bool {
    use Errno::{EINVAL, EMLINK, ENOSYS, EOPNOTSUPP, EPERM, EXDEV};
    let number = e.raw_os_error().map(Errno::from_raw);
    number.is_some_and(|e| matches!(e, EPERM | EOPNOTSUPP | ENOSYS | EINVAL | EMLINK | EXDEV))
}

/// Creates a folder and its parents.
///
/// # Errors
/// When the system refuses, or something else has the name.
pub fn create_folder(path: &Path) -> Result<(), DurableError> {
    beneath::create_folders(path).map_err(|e| DurableError::io(path, "create the folder", e))
}

/// Creates a folder in one that must be there: a tree that was removed does not grow again.
///
/// # Errors
/// When the system refuses, or something else has the name.
pub fn create_folder_within(path: &Path) -> Result<(), DurableError> {
    beneath::create_folder(path).map_err(|e| DurableError::io(path, "create the folder", e))
}

/// A name that no other process, on no other node, uses, and that nobody can foresee.
#[must_use]
pub fn temporary(name: &OsStr) -> OsString {
    let host = crate::host::name();
    let name = name.to_string_lossy();
    format!(".{name}.{host}.{}.{:016x}.tmp", std::process::id(), random()).into()
}

/// A random number, for names that no other process makes.
#[must_use]
pub fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // The standard library keys each `RandomState` from the system's random source.
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u64(u64::from(std::process::id()));
    hasher.write_u128(std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_nanos()));
    hasher.finish()
}
