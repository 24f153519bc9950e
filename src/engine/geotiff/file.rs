//! An open file: its bytes at any place, and what is said of it.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::OFlag;

use crate::engine::{Problem, cure};

/// What to do about a file that is not whole.
pub(super) const COPY_AGAIN: &str =
    "copy or download it again, then compare its size and checksum with the source's";

/// What to do about a file that the system fails to read.
pub(super) const LEAVE_AT_REST: &str = "make sure that the disk answers and nobody rewrites the file";

/// An open file, readable from many threads at once.
#[derive(Debug)]
pub(super) struct TiffFile {
    pub(super) path: PathBuf,
    pub(super) length: u64,
    pub(super) file: Arc<File>,
    /// How it was opened, and what lies beside it is.
    pub(super) reach: Opener,
}

/// How files are opened for reading.
pub(super) type Opener = fn(&Path) -> std::io::Result<File>;

/// Opens a file wherever its path leads.
pub(super) fn as_named(path: &Path) -> std::io::Result<File> {
    // A pipe would be waited for until somebody writes into it.
    File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)
}

impl TiffFile {
    /// Opens a file as `reach` does: see [`Raster::open_by`](super::Raster::open_by).
    pub(super) fn open(path: &Path, reach: Opener) -> Result<Self, Problem> {
        let problem = |e: std::io::Error| match e.kind() {
            ErrorKind::NotFound => {
                Problem::new(path, "there is no such file", "correct the path or put the file there")
            }
            ErrorKind::PermissionDenied => {
                Problem::new(path, "may not be read", "give yourself the right to read it (chmod, setfacl)")
            }
            _ => Problem::new(
                path,
                format!("cannot be opened: {e}"),
                "make sure that the file can be read from here",
            ),
        };
        let file = reach(path).map_err(problem)?;
        let facts = file.metadata().map_err(problem)?;
        if !facts.is_file() {
            let what =
                if facts.is_dir() { "is a folder, not a GeoTIFF file" } else { "is not a regular file" };
            return Err(Problem::new(path, what, "give the path of one GeoTIFF file"));
        }
        tracing::debug!(file = %path.display(), "opened");
        Ok(Self { path: path.to_path_buf(), length: facts.len(), file: Arc::new(file), reach })
    }

    /// A problem of this file.
    pub(super) fn problem(&self, what: impl Into<String>, cure: impl Into<String>) -> Problem {
        Problem::new(&self.path, what, cure)
    }

    /// [`cure::anew`] of this file.
    pub(super) fn anew(&self, aim: &str, options: &str, addition: &str) -> String {
        cure::anew(&self.path, aim, options, addition)
    }

    /// A cure that turns hidden cells into nodata: NaN, which no valid cell of any type is.
    pub(super) fn unmasked(&self) -> String {
        let (file, result) = (cure::quoted(&self.path), cure::result(&self.path, "nodata"));
        format!("turn it into nodata: `gdalwarp -overwrite -ot Float32 -dstnodata nan {file} {result}`")
    }

    /// `length` bytes from `offset`; never allocates more than the file holds.
    pub(super) fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, Problem> {
        self.verify_extent(offset, length)?;
        let mut bytes = vec![0; length as usize];
        self.file.read_exact_at(&mut bytes, offset).map_err(|e| {
            let what = format!("cannot be read ({length} bytes at byte {offset}): {e}");
            self.problem(what, LEAVE_AT_REST)
        })?;
        Ok(bytes)
    }

    fn verify_extent(&self, offset: u64, length: u64) -> Result<(), Problem> {
        match offset.checked_add(length) {
            Some(end) if end <= self.length => Ok(()),
            _ => {
                let what = format!(
                    "is cut or damaged: it refers to {length} bytes at byte {offset}, but ends at byte {}",
                    self.length
                );
                Err(self.problem(what, COPY_AGAIN))
            }
        }
    }
}

/// The order of bytes in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// The unsigned number in up to eight bytes.
    pub(super) fn unsigned(self, bytes: &[u8]) -> u64 {
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, fold),
            Self::Big => bytes.iter().fold(0, fold),
        }
    }
}
