//! What the crate `tiff` reads of a file: at first the image that it asks for, then the file.

use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use tiff::tags::{Tag, Type};

use super::file::{ByteOrder, TiffFile};

/// What the crate sees while it opens a file.
///
/// It takes a file only when its first directory is an image as it can decode it, and refuses those without, for example,
/// lengths of strips. So it is shown an image of one cell, in the file's byte order and form, and then the file.
pub(super) fn opening((order, big): (ByteOrder, bool)) -> Vec<u8> {
    let number = |value: u64, length: usize| {
        let mut bytes = value.to_le_bytes().get(..length).unwrap_or_default().to_vec();
        if order == ByteOrder::Big {
            bytes.reverse();
        }
        bytes
    };
    let word = if big { 8 } else { 4 };
    let mut bytes = if order == ByteOrder::Little { b"II".to_vec() } else { b"MM".to_vec() };
    if big {
        bytes.extend([number(43, 2), number(8, 2), number(0, 2), number(16, 8)].concat());
    } else {
        bytes.extend([number(42, 2), number(8, 4)].concat());
    }
    let long = Type::LONG.to_u16();
    let tags = [Tag::ImageWidth, Tag::ImageLength, Tag::PhotometricInterpretation, Tag::StripOffsets];
    let tags = tags.into_iter().chain([Tag::StripByteCounts]);
    bytes.extend(number(5, if big { 8 } else { 2 }));
    for tag in tags {
        let value = number(1, 4);
        bytes.extend(
            [number(tag.to_u16().into(), 2), number(long.into(), 2), number(1, word), value].concat(),
        );
        bytes.resize(bytes.len() + word - 4, 0);
    }
    bytes.extend(number(0, word));
    bytes
}

/// The bytes of a file as the crate reads them.
pub(super) struct CrateReader<'s> {
    pub(super) source: &'s TiffFile,
    /// What is shown instead of the file until this is emptied.
    pub(super) opening: Vec<u8>,
    pub(super) at: u64,
}

impl Read for CrateReader<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = if self.opening.is_empty() {
            // The system refuses places beyond 2^63; a damaged file may name them.
            if self.at < self.source.length { self.source.file.read_at(to, self.at)? } else { 0 }
        } else {
            let from = usize::try_from(self.at).ok().and_then(|at| self.opening.get(at..));
            from.unwrap_or_default().read(to)?
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for CrateReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let beyond = || std::io::Error::from(ErrorKind::InvalidInput);
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self.at.checked_add_signed(by).ok_or_else(beyond)?,
            SeekFrom::End(by) => self.source.length.checked_add_signed(by).ok_or_else(beyond)?,
        };
        Ok(self.at)
    }
}
