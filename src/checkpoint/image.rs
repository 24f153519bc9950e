//! Images of programs: folders of files that are written whole, checked whole, and trusted only where this user wrote them.
//!
//! A restored program has the rights of who restores it. So an image counts only if its folder and all of its files belong to
//! this user and nobody else may write to them, and if each file has the checksum that the generation's record has, which must
//! be this user's as well: others who may write beside it can take it away, but put nothing in its place.

mod held;
mod pack;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::fence;
use super::generation::{Generation, Image, ImageFile};
use crate::durable::{DurableError, beneath, checksum};
use crate::layout::{ChainDir, LinkNumber};

pub use held::{Held, damage, hold};
pub use pack::{compact, unpack};

/// How long the disk is left to itself between two looks at what is to be written.
const BEHIND: Duration = Duration::from_millis(50);

/// The folder, in that of an image, of the files of whatever dumped it.
pub const FILES: &str = "files";

/// How a packed file of an image is called beside its own name.
pub const PACKED: &str = ".zst";

/// A new, empty folder for an image of this link, under a temporary name, for nobody else.
///
/// # Errors
/// When it cannot be made.
pub fn begin(dir: &ChainDir, link: LinkNumber, number: u32) -> Result<PathBuf, DurableError> {
    let images = dir.images();
    // Closed to all others: in it nobody else can rename what lies there.
    match beneath::create_private_folder(&images) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            return Err(DurableError::io(&images, "create the folder", e));
        }
        _ => {}
    }
    let path = images.join(temporary(&name(link, number)));
    beneath::create_private_folder(&path).map_err(|e| DurableError::io(&path, "create the folder", e))?;
    Ok(path)
}

/// What the `number`-th image of a link is called.
#[must_use]
pub fn name(link: LinkNumber, number: u32) -> String {
    format!("{link}-{number}")
}

fn temporary(name: &str) -> String {
    format!(".{name}.part")
}

/// Has the disk write what comes into a folder while it is filled, so that little is left to be written when all is there.
#[derive(Debug)]
pub struct WriteBehind {
    // When this is dropped the thread ends.
    stop: Option<mpsc::Sender<()>>,
    writer: Option<JoinHandle<Result<(), DurableError>>>,
}

impl WriteBehind {
    /// Begins to look for files in this folder. Without a thread all is written in the end, as it would be anyhow.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let (stop, stopped) = mpsc::channel();
        let folder = folder.to_path_buf();
        let write = move || {
            while stopped.recv_timeout(BEHIND) == Err(mpsc::RecvTimeoutError::Timeout) {
                // What is not there yet, or is gone again, is looked for again.
                for name in beneath::names(&folder).unwrap_or_default() {
                    let path = folder.join(name);
                    let Ok(file) = beneath::open(&path) else { continue };
                    file.sync_data().map_err(|e| DurableError::io(&path, "sync", e))?;
                }
            }
            Ok(())
        };
        let writer = std::thread::Builder::new().name("write-behind".to_owned()).spawn(write).ok();
        Self { stop: Some(stop), writer }
    }

    /// Ends it. To be called before [`seal`]: the system tells of what it could not write to who asks first, and only once.
    ///
    /// # Errors
    /// When something could not be written.
    pub fn end(&mut self) -> Result<(), DurableError> {
        self.stop = None;
        match self.writer.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(written) => written.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        }
    }
}

impl Drop for WriteBehind {
    fn drop(&mut self) {
        // Who has not asked has no use for what was written.
        let _ = self.end();
    }
}

/// Makes the files of a folder durable and takes their checksums.
///
/// # Errors
/// When one cannot be read or synced.
pub fn seal(folder: &Path) -> Result<Vec<ImageFile>, DurableError> {
    let names = names(folder)?;
    let files: Vec<ImageFile> =
        names.iter().map(|name| seal_file(folder, name)).collect::<Result<_, DurableError>>()?;
    let above = |file: &ImageFile| -> Vec<PathBuf> {
        Path::new(&file.name).ancestors().skip(1).map(|inner| folder.join(inner)).collect()
    };
    let folders: BTreeSet<PathBuf> = files.iter().flat_map(above).chain([folder.to_path_buf()]).collect();
    for folder in &folders {
        beneath::sync_folder(folder).map_err(|e| DurableError::io(folder, "sync", e))?;
    }
    Ok(files)
}

/// Makes one file of a folder durable and takes its checksum.
///
/// # Errors
/// When it cannot be read or synced.
pub fn seal_file(folder: &Path, name: &str) -> Result<ImageFile, DurableError> {
    let path = folder.join(name);
    let file = beneath::open(&path).map_err(|e| DurableError::io(&path, "read", e))?;
    // The disk writes what is in memory while that is read.
    let (synced, sum) = rayon::join(|| file.sync_all(), || checksum::of_file(&file, &|| false));
    let sum = synced.and(sum).and_then(to_its_end);
    let (bytes, crc) = sum.map_err(|e| DurableError::io(&path, "sync", e))?;
    Ok(ImageFile { name: name.to_owned(), bytes, crc })
}

/// Gives a sealed folder its name.
///
/// # Errors
/// When something has the name, or the system refuses.
pub fn publish(folder: &Path, name: &str) -> Result<PathBuf, DurableError> {
    let to = folder.with_file_name(name);
    beneath::rename_new(folder, &to).map_err(|e| DurableError::io(&to, "put in place", e))?;
    Ok(to)
}

/// What was read, if nothing stopped it.
fn to_its_end<T>(read: Option<T>) -> io::Result<T> {
    read.ok_or_else(|| io::ErrorKind::Interrupted.into())
}

/// The name of the packed form of a file.
#[must_use]
pub fn packed(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PACKED);
    name.into()
}

/// The names of all files, those in folders of the folder too, in order.
fn names(folder: &Path) -> Result<Vec<String>, DurableError> {
    let mut names = Vec::new();
    let mut inner = vec![PathBuf::new()];
    while let Some(within) = inner.pop() {
        let path = folder.join(&within);
        for name in beneath::names(&path).map_err(|e| DurableError::io(&path, "list", e))? {
            let (path, name) = (path.join(&name), within.join(&name));
            let facts = beneath::facts(&path).map_err(|e| DurableError::io(&path, "examine", e))?;
            if beneath::is_folder(&facts) {
                inner.push(name);
                continue;
            }
            let name = name.into_os_string().into_string();
            names.push(name.map_err(|_| DurableError::damaged(&path, "no name of an image's file"))?);
        }
    }
    names.sort();
    Ok(names)
}

/// Bytes that an image takes on the disk as it is now.
#[must_use]
pub fn on_disk(dir: &ChainDir, image: &Image) -> u64 {
    let folder = dir.images().join(&image.folder);
    let length = |file: &ImageFile| {
        let path = folder.join(&file.name);
        beneath::facts(&path).or_else(|_| beneath::facts(&packed(&path))).map_or(0, |facts| facts.len())
    };
    image.files.iter().map(length).sum()
}

/// How long before the end of its job a program must be saved: twice what its image takes, by what was measured, and `spare`.
#[must_use]
pub fn lead(bytes: u64, bytes_per_second: f64, spare: Duration) -> Duration {
    let takes = Duration::try_from_secs_f64(2.0 * bytes as f64 / bytes_per_second.max(1.0));
    takes.unwrap_or(Duration::MAX).saturating_add(spare)
}

/// The images that the generations on disk name, as far as their records can be read.
///
/// # Errors
/// When the folder of the generations cannot be listed.
pub fn named(dir: &ChainDir) -> Result<Vec<Image>, DurableError> {
    let read = |number| Generation::read(dir, number).ok()?.image;
    Ok(fence::generations(dir)?.into_iter().filter_map(read).collect())
}

/// Removes the images that are not among `kept`, and what killed links left of theirs; `before` is told of each folder.
///
/// # Errors
/// When the folder cannot be listed; what cannot be removed is left.
pub fn let_go(
    dir: &ChainDir,
    kept: &dyn Fn(&OsStr) -> bool,
    before: &dyn Fn(&Path),
) -> Result<(), DurableError> {
    let images = dir.images();
    for name in beneath::names_if_any(&images)? {
        if !kept(&name) {
            before(&images.join(&name));
            let _ = beneath::remove_folder(&images.join(&name));
        }
    }
    Ok(())
}
