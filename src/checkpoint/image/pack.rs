//! Images packed while nobody needs them, and unpacked before a restore.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::held::Held;
use super::{packed, temporary};
use crate::checkpoint::{Image, ImageFile};
use crate::durable::{DurableError, beneath, checksum};
use crate::layout::ChainDir;

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
        let read = checksum::of_stream(&mut zstd::Decoder::new(beneath::open(&part)?)?, &|| false)?;
        if read != Some((file.bytes, file.crc)) {
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

/// What is not whole yet.
fn part_of(path: &Path) -> PathBuf {
    path.with_file_name(temporary(&path.file_name().unwrap_or_default().to_string_lossy()))
}

/// Unpacks what is packed of an image, before a restore.
///
/// # Errors
/// When a file cannot be written; the image is then as good as before.
pub fn unpack(held: &Held, image: &Image) -> Result<(), DurableError> {
    let folder = held.way();
    for file in &image.files {
        let path = folder.join(&file.name);
        let from = packed(&path);
        if beneath::exists(&path) || !beneath::exists(&from) {
            continue;
        }
        let part = part_of(&path);
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
