//! What a file is, told without reading all of it.
//!
//! An [`FileIdentity`] is what a file holds as far as a look of a second can tell: its length, all that its directories say
//! (where it lies, what its numbers mean, where each block is), and some hundred samples of its bytes. Where the file
//! lies, what it is called and when it was touched are no part of it; they are hints ([`FileStamp`]) that spare the look.

mod blocks;
mod directories;

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Problem, geotiff};
pub use blocks::first_changed;
pub(in crate::engine) use blocks::first_changed_in;

/// A smaller file is read whole, bytes.
const WHOLE: u64 = 32 << 20;
/// Samples of a larger one: the first, the last, and others evenly between.
const SAMPLES: u64 = 256;
/// Bytes of a sample.
const SAMPLE: u64 = 64 << 10;

/// What a file holds, as far as [`quick`] tells. Two are equal when they tell of the same content; the stamp does not
/// count.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename = "Identity")]
pub struct FileIdentity {
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of its header and of every tag of every directory, as 32 hexadecimal digits: placement, meaning, the
    /// places and lengths of all blocks. That of no bytes for what is no TIFF. What a side file says of these counts, too.
    pub head: String,
    /// SHA-256 of its bytes, all of them or samples, as 32 hexadecimal digits.
    pub content: String,
    /// What the file system said of it then.
    pub stamp: FileStamp,
}

impl PartialEq for FileIdentity {
    fn eq(&self, other: &Self) -> bool {
        (self.bytes, &self.head, &self.content) == (other.bytes, &other.head, &other.content)
    }
}

impl Eq for FileIdentity {}

impl FileIdentity {
    /// Twelve hexadecimal digits that stand for it.
    #[must_use]
    pub fn short(&self) -> String {
        digest(format!("{} {} {}", self.bytes, self.head, self.content).as_bytes()).chars().take(12).collect()
    }

    /// Whether its digest is that of all bytes: of a larger file samples tell nothing of the cells between.
    #[must_use]
    pub fn tells_all(&self) -> bool {
        self.bytes <= WHOLE
    }

    /// What differs in another file, in words; `None` where nothing does.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self.bytes != other.bytes {
            return Some(format!("it has {} bytes, it had {}", other.bytes, self.bytes));
        }
        if self.head != other.head {
            return Some(
                "its directory, or what lies beside it, is another: where it lies, what its numbers mean, or how it is stored"
                    .to_owned(),
            );
        }
        (self.content != other.content).then(|| "its content is another".to_owned())
    }
}

/// What a file system says of a file. Where it is the same the content is too, unless somebody took pains to hide a
/// change; where it is not the content may still be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Stamp")]
pub struct FileStamp {
    /// Bytes of the file.
    pub bytes: u64,
    /// When its content was written last, nanoseconds since 1970.
    pub written_ns: i64,
    /// When it, or its side file, was changed last in any way, nanoseconds since 1970.
    pub changed_ns: i64,
    /// Its number in the file system.
    pub inode: u64,
}

impl FileStamp {
    /// Of what the file system says.
    #[must_use]
    pub fn of(facts: &Metadata) -> Self {
        let ns = |seconds: i64, more: i64| seconds.saturating_mul(1_000_000_000).saturating_add(more);
        Self {
            bytes: facts.len(),
            written_ns: ns(facts.mtime(), facts.mtime_nsec()),
            changed_ns: ns(facts.ctime(), facts.ctime_nsec()),
            inode: facts.ino(),
        }
    }

    /// Of a raster, whose side file counts as a part of it.
    fn with_side_file(path: &Path, facts: &Metadata) -> Self {
        let own = Self::of(facts);
        let beside = std::fs::metadata(geotiff::side_file(path)).map(|facts| Self::of(&facts).changed_ns);
        Self { changed_ns: beside.map_or(own.changed_ns, |beside| beside.max(own.changed_ns)), ..own }
    }

    /// When its content was written last, milliseconds since 1970.
    #[must_use]
    pub fn written_ms(&self) -> i64 {
        self.written_ns / 1_000_000
    }
}

/// The stamp of a file: two calls of the system.
///
/// # Errors
/// When there is no such file, or it is a folder or a device.
pub fn stamp(path: &Path) -> Result<FileStamp, Problem> {
    let facts = std::fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    if !facts.is_file() {
        let what = if facts.is_dir() { "is a folder, not a file" } else { "is not a regular file" };
        return Err(Problem::new(path, what, "give the path of one GeoTIFF file"));
    }
    Ok(FileStamp::with_side_file(path, &facts))
}

/// Looks at a file: all of it below 32 MiB, else 16 MiB of samples, read side by side in the rayon pool it is called in.
///
/// # Errors
/// When the file cannot be read. What is no TIFF has an identity as well.
pub fn quick(path: &Path) -> Result<FileIdentity, Problem> {
    stamp(path)?;
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    let facts = file.metadata().map_err(|e| unreadable(path, &e))?;
    let mut head = Sha256::new();
    directories::visit(&file, facts.len(), &mut |bytes| head.update(bytes))
        .map_err(|e| unreadable(path, &e))?;
    head.update(geotiff::said_beside(path)?);
    let content = samples(&file, facts.len()).map_err(|e| unreadable(path, &e))?;
    let stamp = FileStamp::with_side_file(path, &facts);
    Ok(FileIdentity { bytes: facts.len(), head: hex(&head.finalize()), content, stamp })
}

/// The digest of the digests of the samples.
fn samples(file: &File, length: u64) -> std::io::Result<String> {
    let count = if length <= WHOLE { length.div_ceil(SAMPLE).max(1) } else { SAMPLES };
    let last = length.saturating_sub(SAMPLE);
    let one = |number: u64| -> std::io::Result<Vec<u8>> {
        let offset = if length <= WHOLE { number * SAMPLE } else { spread(number, last) };
        let mut bytes = vec![0; SAMPLE.min(length - offset) as usize];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(Sha256::digest(&bytes).to_vec())
    };
    let digests = (0..count).into_par_iter().map(one).collect::<std::io::Result<Vec<_>>>()?;
    Ok(digest(&digests.concat()))
}

/// So many bytes of a file of this length; `None` where it does not reach so far.
fn read(file: &File, length: u64, offset: u64, bytes: u64) -> std::io::Result<Option<Vec<u8>>> {
    // Asked before the memory is: no number in a file or a record makes more be reserved than the file has.
    if offset.checked_add(bytes).is_none_or(|end| end > length) {
        return Ok(None);
    }
    let mut buffer = vec![0; bytes as usize];
    file.read_exact_at(&mut buffer, offset)?;
    Ok(Some(buffer))
}

/// Where a sample begins: on the edge of a page, the last at the very end.
fn spread(number: u64, last: u64) -> u64 {
    if number + 1 == SAMPLES { last } else { last / (SAMPLES - 1) * number / 4096 * 4096 }
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The first 32 hexadecimal digits.
fn hex(digest: &[u8]) -> String {
    let number = digest.iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    format!("{number:032x}")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
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

#[cfg(test)]
mod tests;
