//! Bytes of a file within its length, and why there are none.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::problem::Problem;

/// So many bytes of a file of this length; `None` where it does not reach so far.
pub(super) fn read(file: &File, length: u64, offset: u64, bytes: u64) -> std::io::Result<Option<Vec<u8>>> {
    // Asked before the memory is: no number in a file or a record makes more be reserved than the file has.
    if offset.checked_add(bytes).is_none_or(|end| end > length) {
        return Ok(None);
    }
    let mut buffer = vec![0; bytes as usize];
    file.read_exact_at(&mut buffer, offset)?;
    Ok(Some(buffer))
}

/// A problem of a file that the system does not let be read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    match error.kind() {
        ErrorKind::NotFound => {
            Problem::new(path, "there is no such file", "correct the path or put the file there")
        }
        ErrorKind::PermissionDenied => {
            Problem::new(path, "may not be read", "give yourself the right to read it (chmod, setfacl)")
        }
        _ => Problem::new(path, format!("cannot be read: {error}"), "make sure that the disk answers"),
    }
}
