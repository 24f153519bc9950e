//! Whole files or none: temporary name, fsync, then a rename or an exclusive link, then fsync of the folder.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::DurableError;

/// Replaces `path` by `content`: a reader sees the old file or the new one, never a mixture.
///
/// # Errors
/// When a step fails; `path` then still is what it was.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), DurableError> {
    let temporary = write_temporary(path, content, true)?;
    rename_into_place(&temporary, path)?;
    sync_folder_of(path)
}

/// Replaces `path` by `content` as [`replace`] does, for a reader; after a power failure it may be old, empty or gone.
///
/// For files written every second that nothing depends on, such as a heartbeat: they must not wait for the disk.
///
/// # Errors
/// When a step fails; `path` then still is what it was.
pub fn replace_unsynced(path: &Path, content: &[u8]) -> Result<(), DurableError> {
    let temporary = write_temporary(path, content, false)?;
    rename_into_place(&temporary, path)
}

fn rename_into_place(temporary: &Path, path: &Path) -> Result<(), DurableError> {
    fs::rename(temporary, path).map_err(|e| {
        let _ = fs::remove_file(temporary);
        DurableError::io(path, "put in place", e)
    })
}

/// Creates `path` with `content`; `Ok(false)` when it exists already, untouched.
///
/// Of several processes, on any nodes, exactly one gets `true` (a hard link is atomic on shared disks too).
///
/// # Errors
/// When a step fails for another reason than the file's existence.
pub fn create_exclusive(path: &Path, content: &[u8]) -> Result<bool, DurableError> {
    let temporary = write_temporary(path, content, true)?;
    let linked = link_new(&temporary, path);
    let _ = fs::remove_file(&temporary);
    match linked {
        Ok(true) => sync_folder_of(path).map(|()| true),
        Ok(false) => Ok(false),
        Err(e) => Err(DurableError::io(path, "create", e)),
    }
}

/// Gives a file, which has no name but `temporary`, the name `path` too; `Ok(false)` when something else has it.
///
/// # Errors
/// When the system refuses for another reason, as on file systems without hard links.
pub fn link_new(temporary: &Path, path: &Path) -> std::io::Result<bool> {
    match fs::hard_link(temporary, path) {
        Ok(()) => Ok(true),
        // Over NFS the answer to a link that was made can be lost, and the repeated request then says "exists".
        Err(_) if fs::metadata(temporary).is_ok_and(|m| m.nlink() == 2) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
    }
}

/// Makes a rename, creation or removal in the folder of `path` durable.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_folder_of(path: &Path) -> Result<(), DurableError> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| DurableError::io(folder, "sync", e))
}

/// Creates a folder and its parents.
///
/// # Errors
/// When the system refuses.
pub fn create_folder(path: &Path) -> Result<(), DurableError> {
    fs::create_dir_all(path).map_err(|e| DurableError::io(path, "create the folder", e))
}

/// Creates a folder in one that must be there: a tree that was removed does not grow again.
///
/// # Errors
/// When the system refuses.
pub fn create_folder_within(path: &Path) -> Result<(), DurableError> {
    match fs::create_dir(path) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map_err(|e| DurableError::io(path, "create the folder", e)),
    }
}

fn write_temporary(path: &Path, content: &[u8], sync: bool) -> Result<PathBuf, DurableError> {
    let temporary = temporary_beside(path);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .and_then(|mut f| f.write_all(content).and_then(|()| if sync { f.sync_all() } else { Ok(()) }));
    written.map_err(|e| {
        let _ = fs::remove_file(&temporary);
        DurableError::io(path, "write", e)
    })?;
    Ok(temporary)
}

/// A name in the same folder that no other process, on no other node, uses.
fn temporary_beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let host = nix::unistd::gethostname().map(|h| h.to_string_lossy().into_owned()).unwrap_or_default();
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let nanos = std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_nanos());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".{name}.{host}.{}.{nanos:x}.{count}.tmp", std::process::id()))
}
