//! What a program has written in its own folder and closed again: kept with an image, so that an older one finds it as it was.
//!
//! CRIU knows nothing of such files, and a program that goes on from an older image finds what was written since: lines that a
//! shell has added by `>>` would come twice. Small files are copied into one file beside the image; of larger ones the length and
//! both ends are known, so that what was only added to can be cut. What came later is moved aside, for a program that makes a
//! folder, a link or a file anew may fail where it is there already.

mod back;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::fs::Metadata;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::own_folder::NOT_ITS_OWN;
use super::record::{self, Checksum, EDGE, ImageRecord, Pending};
use crate::durable::{DurableError, beneath};

/// How much of a program's folder is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Names that are looked at.
    pub names: usize,
    /// Bytes of the largest file that is copied.
    pub file: u64,
    /// Bytes of all copies together; the files that were written last come first.
    pub all: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { names: 20_000, file: 4 << 20, all: 256 << 20 }
    }
}

/// What lies in a program's folder at the moment of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Closed {
    /// The folder; absolute.
    #[serde(with = "super::written")]
    folder: PathBuf,
    things: Vec<Thing>,
    /// There are more names than were looked at.
    more: bool,
}

/// Something with a name in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Thing {
    /// Its path in the folder.
    #[serde(with = "super::written")]
    path: PathBuf,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum What {
    Folder {
        mode: u32,
    },
    File(KeptFile),
    /// It is open, or has another name, or is no file: it stays as it is.
    Other,
}

/// A file that nobody has open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Kept")]
struct KeptFile {
    size: u64,
    /// ns since 1970.
    modified: i64,
    mode: u32,
    inode: u64,
    /// Where its copy begins in the file of copies.
    copy: Option<u64>,
    /// Of its content, where there is no copy.
    sum: Option<Checksum>,
}

impl KeptFile {
    fn of(facts: &Metadata) -> Self {
        Self {
            size: facts.len(),
            modified: record::modified(facts),
            mode: facts.mode() & 0o7777,
            inode: facts.ino(),
            copy: None,
            sum: None,
        }
    }
}

/// What lies in a folder, by the paths in it, folders before what is in them; with whether that is all.
fn walk(folder: &Path, most: usize) -> io::Result<(BTreeMap<PathBuf, Metadata>, bool)> {
    let mut found = BTreeMap::new();
    let mut next = vec![PathBuf::new()];
    while let Some(inner) = next.pop() {
        let names = match beneath::names(&folder.join(&inner)) {
            // It may be closed to its owner as well.
            Err(_) if inner != Path::new("") => continue,
            names => names?,
        };
        for name in names {
            let path = inner.join(&name);
            let ours = NOT_ITS_OWN.iter().any(|own| path == Path::new(own))
                || name.as_encoded_bytes().starts_with(b"link_remap.");
            if ours {
                continue;
            }
            if found.len() >= most {
                return Ok((found, false));
            }
            let Ok(facts) = beneath::facts(&folder.join(&path)) else { continue };
            if beneath::is_folder(&facts) {
                next.push(path.clone());
            }
            found.insert(path, facts);
        }
    }
    Ok((found, true))
}

/// Notes what lies in the folder of a program that stands, and whose open files this record has; copies are written to a file that
/// must not exist. None is made where there is nothing to copy.
///
/// Bringing that file to the disk is for whoever seals the image; what was not copied [`Closed::hold`] holds for it.
///
/// # Errors
/// When the folder cannot be listed, or the copies cannot be written.
pub fn keep(
    folder: &Path,
    record: &ImageRecord,
    copies: &Path,
    bounds: Bounds,
) -> Result<Closed, DurableError> {
    let walked = walk(folder, bounds.names).map_err(|e| DurableError::io(folder, "list", e))?;
    let (found, all) = walked;
    let open: HashSet<&Path> =
        record.files.iter().filter(|file| file.has_content()).map(|file| file.path.as_path()).collect();
    let mut things: Vec<(Thing, i64)> = Vec::new();
    for (path, facts) in found {
        let kept = KeptFile::of(&facts);
        let what = if beneath::is_folder(&facts) {
            What::Folder { mode: kept.mode }
        } else if beneath::is_regular(&facts)
            && facts.nlink() == 1
            && !open.contains(folder.join(&path).as_path())
        {
            What::File(kept)
        } else {
            What::Other
        };
        things.push((Thing { path, what }, kept.modified));
    }
    // What was written last will be written next.
    things.sort_by_key(|(_, modified)| std::cmp::Reverse(*modified));
    let mut pack = Pack { path: copies, file: None, bytes: 0 };
    let mut read = 0;
    for (thing, _) in &mut things {
        let What::File(kept) = &mut thing.what else { continue };
        let path = folder.join(&thing.path);
        let Ok(file) = beneath::open(&path) else {
            thing.what = What::Other;
            continue;
        };
        if kept.size <= bounds.file && pack.bytes + kept.size <= bounds.all {
            kept.copy = Some(pack.add(&file, kept.size)?);
            continue;
        }
        if read + 2 * EDGE <= bounds.all {
            read += 2 * EDGE;
            kept.sum = record::sum(&file, kept.size).ok();
        }
    }
    things.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    let things = things.into_iter().map(|(thing, _)| thing).collect();
    Ok(Closed { folder: folder.to_path_buf(), things, more: !all })
}

/// The file of copies, made when the first is.
struct Pack<'p> {
    path: &'p Path,
    file: Option<std::fs::File>,
    bytes: u64,
}

impl Pack<'_> {
    /// Adds the first bytes of a file; where they begin.
    fn add(&mut self, from: &std::fs::File, size: u64) -> Result<u64, DurableError> {
        let begin = self.bytes;
        if size == 0 {
            return Ok(begin);
        }
        let mut write = || -> io::Result<()> {
            let mut bytes = vec![0; size as usize];
            std::os::unix::fs::FileExt::read_exact_at(from, &mut bytes, 0)?;
            if self.file.is_none() {
                self.file = Some(beneath::create_new(self.path)?);
            }
            self.file.as_mut().map_or(Ok(()), |file| file.write_all(&bytes))
        };
        write().map_err(|e| DurableError::io(self.path, "write", e))?;
        self.bytes += size;
        Ok(begin)
    }
}

impl Closed {
    /// Holds what was not copied open, while the program stands, until it is brought to the disk.
    ///
    /// # Errors
    /// When something cannot be opened, or not be brought there.
    pub fn hold(&self, pending: &mut Pending) -> io::Result<()> {
        for thing in &self.things {
            if matches!(&thing.what, What::File(kept) if kept.copy.is_none()) {
                pending.add(beneath::open(&self.folder.join(&thing.path)))?;
            }
        }
        Ok(())
    }

    /// What of the folder cannot be brought back as it was, in words; empty where all can.
    #[must_use]
    pub fn beyond(&self, bounds: Bounds) -> String {
        let (mut files, mut held) = (0, 0);
        for thing in &self.things {
            if let What::File(kept) = &thing.what
                && kept.copy.is_none()
            {
                (files, held) = (files + 1, held + kept.size);
            }
        }
        let bytes = crate::quantity::bytes;
        let mut words = Vec::new();
        if files > 0 {
            words.push(format!(
                "Of the program's closed files {files} ({}) have no copy beside its images: they are larger than {}, or than {} \
                 with the others. What is added to them since an older image is cut off again; one that is changed in another \
                 way refuses that image",
                bytes(held),
                bytes(bounds.file),
                bytes(bounds.all),
            ));
        }
        if self.more {
            words.push(format!(
                "The program's folder has more than {} names: the others are left as they are when an older image is used",
                bounds.names
            ));
        }
        words.join(". ")
    }
}
