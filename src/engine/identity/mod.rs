//! What a file is, told without reading all of it.
//!
//! An [`FileIdentity`] is what a file holds as far as a look of a second can tell: its length, all that its directories say
//! (where it lies, what its numbers mean, where each block is), and some hundred samples of its bytes. Where the file
//! lies, what it is called and when it was touched are no part of it; they are hints ([`FileStamp`]) that spare the look.

mod directories;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::geotiff;
pub use super::geotiff::first_changed;
use super::problem::Problem;
use super::reading::unreadable;
pub use super::stamp::{FileStamp, stamp};

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

#[cfg(test)]
mod tests;
