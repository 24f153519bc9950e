//! Images that were verified, and are held open until they are restored.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::{packed, to_its_end};
use crate::checkpoint::generation::{Image, ImageFile};
use crate::durable::{beneath, checksum};
use crate::layout::ChainDir;

/// An image that was verified, held open: what is reached by its way is what was verified, whatever gets its name meanwhile.
#[derive(Debug)]
pub struct Held {
    folder: OwnedFd,
}

impl Held {
    /// The way to it, for this process alone and as long as it is held.
    #[must_use]
    pub fn way(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.folder.as_raw_fd()).into()
    }
}

/// Why an image does not count; `None`: it is what was written, by this user.
///
/// # Errors
/// On `stop`.
pub fn damage(
    dir: &ChainDir,
    image: &Image,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Option<String>, io::ErrorKind> {
    hold(dir, image, stop).map(Result::err)
}

/// Opens an image and verifies it through what was opened; or why it does not count.
///
/// # Errors
/// On `stop`.
pub fn hold(
    dir: &ChainDir,
    image: &Image,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Result<Held, String>, io::ErrorKind> {
    let named = dir.images().join(&image.folder);
    let of = |path: &Path, what: &str| Ok(Err(format!("{}: {what}", path.display())));
    let held = match beneath::open_folder(&named) {
        Ok(folder) => Held { folder },
        Err(e) => return of(&named, &e.to_string()),
    };
    match strange(&held, image) {
        Ok(None) => {}
        Ok(Some((name, why))) => return of(&named.join(name), &why),
        Err(e) => return of(&named, &e.to_string()),
    }
    for file in &image.files {
        if stop() {
            return Err(io::ErrorKind::Interrupted);
        }
        match checked(&held.way().join(&file.name), file, stop) {
            Ok(None) => {}
            Ok(Some(why)) => return of(&named.join(&file.name), &why),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Err(e.kind()),
            Err(e) => return of(&named.join(&file.name), &e.to_string()),
        }
    }
    Ok(Ok(held))
}

/// What in an image, also beside the files that its record knows, may have been written by somebody else; with why.
fn strange(held: &Held, image: &Image) -> io::Result<Option<(PathBuf, String)>> {
    let inner = image.files.iter().flat_map(|file| Path::new(&file.name).ancestors().skip(1));
    for folder in inner.chain([Path::new("")]).collect::<BTreeSet<_>>() {
        let way = held.way().join(folder);
        let (facts, names) =
            match beneath::facts(&way.join(".")).and_then(|facts| Ok((facts, beneath::names(&way)?))) {
                // What is missing is told by its name later.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                found => found?,
            };
        if let Some(why) = beneath::not_ours(&facts) {
            return Ok(Some((folder.to_path_buf(), why)));
        }
        for name in names {
            if let Some(why) = beneath::not_ours(&beneath::facts(&way.join(&name))?) {
                return Ok(Some((folder.join(name), why)));
            }
        }
    }
    Ok(None)
}

/// What is wrong with one file.
fn checked(path: &Path, file: &ImageFile, stop: &(dyn Fn() -> bool + Sync)) -> io::Result<Option<String>> {
    let (opened, packed) = match beneath::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => (beneath::open(&packed(path)).map_err(|_| e)?, true),
        opened => (opened?, false),
    };
    let facts = opened.metadata()?;
    if let Some(why) = beneath::not_ours(&facts) {
        return Ok(Some(why));
    }
    let found = if packed {
        checksum::of_stream(&mut zstd::Decoder::new(opened)?, stop)
    } else {
        checksum::of_file(&opened, stop)
    };
    let found = found.and_then(to_its_end)?;
    Ok((found != (file.bytes, file.crc)).then(|| {
        format!("not what was written: {} bytes instead of {}, or other content", found.0, file.bytes)
    }))
}
