//! Images of programs: folders of files that are written whole, checked whole, and trusted only where this user wrote them.
//!
//! A restored program has the rights of who restores it. So an image counts only if its folder and all of its files belong to
//! this user and nobody else may write to them, and if each file has the checksum that the generation's record has, which must
//! be this user's as well: others who may write beside it can take it away, but put nothing in its place.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::generation::{Image, ImageFile};
use super::layout::ChainDir;
use super::link::LinkNumber;
use crate::durable::{DurableError, atomic, beneath};

/// How a packed file of an image is called beside its own name.
pub const PACKED: &str = ".zst";

/// A new, empty folder for an image of this link, under a temporary name, for nobody else.
///
/// # Errors
/// When it cannot be made.
pub fn begin(dir: &ChainDir, link: LinkNumber, number: u32) -> Result<PathBuf, DurableError> {
    let images = dir.images();
    atomic::create_folder_within(&images)?;
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

/// Makes the files of a folder durable and takes their checksums.
///
/// # Errors
/// When one cannot be read or synced.
pub fn seal(folder: &Path) -> Result<Vec<ImageFile>, DurableError> {
    let mut names = names(folder)?;
    names.sort();
    let sealed = |name: &String| {
        let path = folder.join(name);
        let file = beneath::open(&path).map_err(|e| DurableError::io(&path, "read", e))?;
        let (bytes, crc) = sum(&mut &file, &|| false)
            .and_then(|sum| file.sync_all().map(|()| sum))
            .map_err(|e| DurableError::io(&path, "sync", e))?;
        Ok(ImageFile { name: name.clone(), bytes, crc })
    };
    let files = names.iter().map(sealed).collect::<Result<_, DurableError>>()?;
    beneath::sync_folder(folder).map_err(|e| DurableError::io(folder, "sync", e))?;
    Ok(files)
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

/// Why an image does not count; `None`: it is what was written, by this user.
///
/// # Errors
/// On `stop`.
pub fn damage(
    dir: &ChainDir,
    image: &Image,
    stop: &dyn Fn() -> bool,
) -> Result<Option<String>, io::ErrorKind> {
    let folder = dir.images().join(&image.folder);
    let of = |path: &Path, what: &str| Some(format!("{}: {what}", path.display()));
    match beneath::facts(&folder) {
        Err(e) => return Ok(of(&folder, &e.to_string())),
        Ok(facts) if !facts.is_dir() => return Ok(of(&folder, "not a folder")),
        Ok(facts) => {
            if let Some(why) = not_ours(&facts) {
                return Ok(of(&folder, &why));
            }
        }
    }
    for file in &image.files {
        if stop() {
            return Err(io::ErrorKind::Interrupted);
        }
        let path = folder.join(&file.name);
        match checked(&path, file, stop) {
            Ok(None) => {}
            Ok(Some(why)) => return Ok(of(&path, &why)),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Err(e.kind()),
            Err(e) => return Ok(of(&path, &e.to_string())),
        }
    }
    let known = |name: &str| {
        let unpacked = name.strip_suffix(PACKED);
        image.files.iter().any(|file| file.name == name || Some(file.name.as_str()) == unpacked)
    };
    match names(&folder) {
        Err(e) => Ok(Some(e.to_string())),
        Ok(found) => Ok(found
            .iter()
            .find(|name| !known(name))
            .and_then(|name| of(&folder.join(name), "no file of this image"))),
    }
}

/// What is wrong with one file.
fn checked(path: &Path, file: &ImageFile, stop: &dyn Fn() -> bool) -> io::Result<Option<String>> {
    let (opened, packed) = match beneath::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => (beneath::open(&packed(path)).map_err(|_| e)?, true),
        opened => (opened?, false),
    };
    let facts = opened.metadata()?;
    if let Some(why) = not_ours(&facts) {
        return Ok(Some(why));
    }
    let found = if packed { sum(&mut zstd::Decoder::new(opened)?, stop)? } else { sum(&mut &opened, stop)? };
    Ok((found != (file.bytes, file.crc)).then(|| {
        format!("not what was written: {} bytes instead of {}, or other content", found.0, file.bytes)
    }))
}

/// Why a file or folder may have been written by somebody else.
#[must_use]
pub fn not_ours(facts: &Metadata) -> Option<String> {
    let own = nix::unistd::geteuid().as_raw();
    if facts.uid() != own {
        return Some(format!("belongs to user {}, not to this one, {own}", facts.uid()));
    }
    if facts.permissions().mode() & 0o022 != 0 {
        return Some(format!("others may write to it (mode {:o})", facts.permissions().mode() & 0o7777));
    }
    (facts.is_file() && facts.nlink() > 1).then(|| format!("has {} names (hard links)", facts.nlink()))
}

/// The name of the packed form of a file.
#[must_use]
pub fn packed(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PACKED);
    name.into()
}

/// Length and checksum of all that can be read.
fn sum(from: &mut dyn Read, stop: &dyn Fn() -> bool) -> io::Result<(u64, u32)> {
    let mut crc = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        if stop() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match from.read(&mut buffer) {
            Ok(0) => return Ok((bytes, crc.finalize())),
            Ok(n) => {
                crc.update(buffer.get(..n).unwrap_or_default());
                bytes += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

fn names(folder: &Path) -> Result<Vec<String>, DurableError> {
    let text = |name: std::ffi::OsString| {
        name.into_string()
            .map_err(|name| DurableError::damaged(&folder.join(name), "no name of an image's file"))
    };
    let names = beneath::names(folder).map_err(|e| DurableError::io(folder, "list", e))?;
    names.into_iter().map(text).collect()
}

/// Packs the files of an image that are larger than `least` bytes; bytes before and after. Each is replaced only when its packed
/// form is durable and reads back.
///
/// # Errors
/// When one cannot be packed; the image is then as good as before.
pub fn compact(dir: &ChainDir, image: &Image, level: i32, least: u64) -> Result<(u64, u64), DurableError> {
    let folder = dir.images().join(&image.folder);
    let (mut before, mut after) = (0, 0);
    for file in &image.files {
        let path = folder.join(&file.name);
        let to = packed(&path);
        before += file.bytes;
        if beneath::exists(&path) && file.bytes > least {
            pack(&path, &to, file, level)?;
        }
        let there = beneath::facts(&path).or_else(|_| beneath::facts(&to));
        after += there.map_err(|e| DurableError::io(&path, "examine", e))?.len();
    }
    Ok((before, after))
}

fn pack(path: &Path, to: &Path, file: &ImageFile, level: i32) -> Result<(), DurableError> {
    let part =
        to.with_file_name(format!(".{}.part", to.file_name().map_or("", |n| n.to_str().unwrap_or(""))));
    let _ = beneath::remove(&part);
    let write = || -> io::Result<()> {
        let mut from = beneath::open(path)?;
        let mut packed: File = beneath::create_new(&part)?;
        zstd::stream::copy_encode(&mut from, &mut packed, level)?;
        packed.sync_all()?;
        let read = sum(&mut zstd::Decoder::new(beneath::open(&part)?)?, &|| false)?;
        if read != (file.bytes, file.crc) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not what was written"));
        }
        beneath::rename(&part, to)?;
        beneath::sync_folder(to.parent().unwrap_or(Path::new(".")))?;
        beneath::remove(path)
    };
    write().map_err(|e| {
        let _ = beneath::remove(&part);
        DurableError::io(path, "pack", e)
    })
}

/// Unpacks what is packed of an image, before a restore.
///
/// # Errors
/// When a file cannot be written; the image is then as good as before.
pub fn unpack(dir: &ChainDir, image: &Image) -> Result<(), DurableError> {
    let folder = dir.images().join(&image.folder);
    for file in &image.files {
        let path = folder.join(&file.name);
        let from = packed(&path);
        if beneath::exists(&path) || !beneath::exists(&from) {
            continue;
        }
        let part = folder.join(format!(".{}.part", file.name));
        let _ = beneath::remove(&part);
        let write = || -> io::Result<()> {
            let mut to = beneath::create_new(&part)?;
            zstd::stream::copy_decode(beneath::open(&from)?, &mut to)?;
            to.sync_all()?;
            beneath::rename(&part, &path)?;
            beneath::remove(&from)
        };
        write().map_err(|e| {
            let _ = beneath::remove(&part);
            DurableError::io(&path, "unpack", e)
        })?;
    }
    Ok(())
}

/// Removes the images that are not among `kept`, and what killed links left of theirs.
///
/// # Errors
/// When the folder cannot be listed; what cannot be removed is left.
pub fn let_go(dir: &ChainDir, kept: &dyn Fn(&OsStr) -> bool) -> Result<(), DurableError> {
    let images = dir.images();
    for name in beneath::names_if_any(&images)? {
        if !kept(&name) {
            let _ = beneath::remove_folder(&images.join(&name));
        }
    }
    Ok(())
}
