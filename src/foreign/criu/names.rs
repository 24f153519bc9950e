//! Names that CRIU gives files beside the program's own, by what the image says of them.
//!
//! A removed file that the program has still open is in the image (a ghost). CRIU makes it anew under a name of its own, and removes
//! that name at once; one that it could not remove any more would stop each later restore.
//!
//! A removed file that has other names is not in the image: CRIU gives it one more name, and takes that away with the first
//! restore, or with the dump when the program goes on. Then the image could not be restored again. So each image has such a file
//! keep a name of its own, by the image's checksum, from which CRIU's is laid anew.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use prost::Message;

use crate::durable::beneath::{self, Folder};

/// The first bytes of an image file; four others follow that say of which.
const MAGIC: u32 = 0x5456_4319;

/// A removed file has another name by CRIU.
const LINKED: i32 = 0;
/// A removed file is in the image whole.
const GHOST: i32 = 1;

/// CRIU writes it last; no two images have the same.
const INVENTORY: &str = "inventory.img";

#[derive(Clone, PartialEq, Message)]
struct Regular {
    #[prost(uint32, required, tag = "1")]
    id: u32,
    #[prost(string, required, tag = "6")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(uint32, required, tag = "2")]
    id: u32,
    #[prost(message, optional, tag = "3")]
    regular: Option<Regular>,
}

#[derive(Clone, PartialEq, Message)]
struct Remapped {
    #[prost(uint32, required, tag = "1")]
    file: u32,
    /// The number of the ghost, or of the file by CRIU's name for it.
    #[prost(uint32, required, tag = "2")]
    as_what: u32,
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
}

/// Removes what an ended restore of this image has left. What cannot be read or removed CRIU itself will tell.
pub(in crate::foreign) fn remove_ghosts(image: &Path) {
    for path in ghosts(image).unwrap_or_default() {
        let _ = beneath::remove(&path);
    }
}

/// Has the files that CRIU gave another name for this image keep one.
///
/// # Errors
/// When the image cannot be read, or no name can be given.
pub(in crate::foreign) fn keep_links(image: &Path) -> io::Result<()> {
    for link in links(image)? {
        let (folder, name) = Folder::of(&link.laid)?;
        match folder.link(&name, name_of(&link.kept)) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return Err(io::Error::new(e.kind(), format!("{}: {e}", link.kept.display())));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Gives the kept files the names again by which CRIU looks for them. What cannot be done CRIU itself will tell.
pub(in crate::foreign) fn lay_links(image: &Path) {
    for link in links(image).unwrap_or_default() {
        let Ok((folder, name)) = Folder::of(&link.laid) else { continue };
        let kept = name_of(&link.kept);
        if folder.facts(kept).is_ok() {
            // It may be another image's.
            let _ = folder.remove(&name);
            let _ = folder.link(kept, &name);
        }
    }
}

/// Takes the names away that files were given for this image; to be called before the image itself is removed.
///
/// A folder that somebody else may have written says nothing.
pub fn forget(image: &Path) {
    let Ok(folder) = beneath::open_folder(image) else { return };
    let facts = folder.try_clone().and_then(|folder| std::fs::File::from(folder).metadata());
    if facts.map_or(true, |facts| beneath::not_ours(&facts).is_some()) {
        return;
    }
    let held = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
    for link in links(&held).unwrap_or_default() {
        let _ = beneath::remove(&link.kept);
    }
}

/// A file's name by CRIU, and by which it is kept for one image.
struct Link {
    laid: PathBuf,
    kept: PathBuf,
}

fn name_of(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

fn links(image: &Path) -> io::Result<Vec<Link>> {
    let (remapped, names) = remapped(image, LINKED)?;
    if remapped.is_empty() {
        return Ok(Vec::new());
    }
    let mark = crc32fast::hash(&beneath::read(&image.join(INVENTORY))?);
    Ok(remapped
        .iter()
        .filter_map(|file| {
            let laid = format!("/{}", names.get(&file.as_what)?.trim_start_matches('/'));
            Some(Link { kept: format!("{laid}.{mark:08x}").into(), laid: laid.into() })
        })
        .collect())
}

/// Under which names a restore makes the removed files of an image.
fn ghosts(image: &Path) -> io::Result<Vec<PathBuf>> {
    let (remapped, names) = remapped(image, GHOST)?;
    Ok(remapped
        .iter()
        .filter_map(|ghost| {
            let name = names.get(&ghost.file)?.trim_start_matches('/');
            Some(PathBuf::from(format!("/{name}.cr.{:x}.ghost", ghost.as_what)))
        })
        .collect())
}

/// The removed files of an image of this kind, and the names of all of its files by their numbers.
fn remapped(image: &Path, kind: i32) -> io::Result<(Vec<Remapped>, BTreeMap<u32, String>)> {
    let mut remapped: Vec<Remapped> = match entries(&image.join("remap-fpath.img")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), BTreeMap::new())),
        entries => entries?,
    };
    remapped.retain(|remapped| remapped.kind == Some(kind));
    let files: Vec<File> = entries(&image.join("files.img"))?;
    let files = files.into_iter().filter_map(|file| file.regular);
    Ok((remapped, files.map(|file| (file.id, file.name)).collect()))
}

fn entries<M: Message + Default>(path: &Path) -> io::Result<Vec<M>> {
    let bytes = beneath::read(path)?;
    let unreadable =
        || io::Error::new(io::ErrorKind::InvalidData, format!("{}: no image file", path.display()));
    let mut found = Vec::new();
    let (magic, mut rest) = number(&bytes).ok_or_else(unreadable)?;
    if magic != MAGIC {
        return Err(unreadable());
    }
    (_, rest) = number(rest).ok_or_else(unreadable)?;
    while !rest.is_empty() {
        let (length, body) = number(rest).ok_or_else(unreadable)?;
        let (body, next) = body.split_at_checked(length as usize).ok_or_else(unreadable)?;
        found.push(M::decode(body).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?);
        rest = next;
    }
    Ok(found)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (head, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*head), rest))
}
