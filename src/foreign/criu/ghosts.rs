//! What a restore that was ended may have left beside the program's files.
//!
//! A removed file that the program has still open is in the image. CRIU makes it anew under a name of its own, and removes that
//! name at once; one that it could not remove any more would stop each later restore.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use prost::Message;

use crate::durable::beneath;

/// The first bytes of an image file; four others follow that say of which.
const MAGIC: u32 = 0x5456_4319;

/// A removed file is in the image whole.
const GHOST: i32 = 1;

#[derive(Clone, PartialEq, Message)]
struct Regular {
    #[prost(uint32, required, tag = "1")]
    id: u32,
    #[prost(string, required, tag = "5")]
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
    #[prost(uint32, required, tag = "2")]
    ghost: u32,
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
}

/// Removes what an ended restore of this image has left. What cannot be read or removed CRIU itself will tell.
pub(in crate::foreign) fn remove(image: &Path) {
    for path in paths(image).unwrap_or_default() {
        let _ = beneath::remove(&path);
    }
}

/// Under which names a restore makes the removed files of an image.
fn paths(image: &Path) -> io::Result<Vec<PathBuf>> {
    let remapped: Vec<Remapped> = entries(&image.join("remap-fpath.img"))?;
    let files: Vec<File> = entries(&image.join("files.img"))?;
    let files = files.into_iter().filter_map(|file| file.regular);
    let names: BTreeMap<u32, String> = files.map(|file| (file.id, file.name)).collect();
    let ghosts = remapped.iter().filter(|remapped| remapped.kind == Some(GHOST));
    Ok(ghosts
        .filter_map(|ghost| {
            let name = names.get(&ghost.file)?.trim_start_matches('/');
            Some(PathBuf::from(format!("/{name}.cr.{:x}.ghost", ghost.ghost)))
        })
        .collect())
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
