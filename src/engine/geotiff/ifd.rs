//! The bytes of a TIFF file and its image file directories, whose tags are read through the crate `tiff`.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use nix::fcntl::OFlag;
use tiff::decoder::{Decoder, Limits};
use tiff::tags::{IfdPointer, Tag, Type, ValueBuffer};
use tiff::{TiffError, TiffResult};

use super::foreign;
use crate::engine::{Problem, cure};

/// What to do about a file that is not whole.
pub(super) const COPY_AGAIN: &str =
    "copy or download it again, then compare its size and checksum with the source's";

/// What to do about a file that the system fails to read.
const LEAVE_AT_REST: &str = "make sure that the disk answers and nobody rewrites the file";

/// A directory with more entries than any program writes is damage.
const MOST_ENTRIES: u64 = 4096;

/// An open file, readable from many threads at once.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) length: u64,
    pub(super) file: Arc<File>,
    /// How it was opened, and what lies beside it is.
    pub(super) reach: Reach,
}

/// How files are opened for reading.
pub(super) type Reach = fn(&Path) -> std::io::Result<File>;

/// Opens a file wherever its path leads.
pub(super) fn as_named(path: &Path) -> std::io::Result<File> {
    // A pipe would be waited for until somebody writes into it.
    File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)
}

impl Source {
    /// Opens a file as `reach` does: see [`Raster::open_by`](super::Raster::open_by).
    pub(super) fn open(path: &Path, reach: Reach) -> Result<Self, Problem> {
        let problem = |e: std::io::Error| match e.kind() {
            ErrorKind::NotFound => {
                Problem::new(path, "there is no such file", "correct the path or put the file there")
            }
            ErrorKind::PermissionDenied => {
                Problem::new(path, "may not be read", "give yourself the right to read it (chmod, setfacl)")
            }
            _ => Problem::new(
                path,
                format!("cannot be opened: {e}"),
                "make sure that the file can be read from here",
            ),
        };
        let file = reach(path).map_err(problem)?;
        let facts = file.metadata().map_err(problem)?;
        if !facts.is_file() {
            let what =
                if facts.is_dir() { "is a folder, not a GeoTIFF file" } else { "is not a regular file" };
            return Err(Problem::new(path, what, "give the path of one GeoTIFF file"));
        }
        tracing::debug!(file = %path.display(), "opened");
        Ok(Self { path: path.to_path_buf(), length: facts.len(), file: Arc::new(file), reach })
    }

    /// A problem of this file.
    pub(super) fn problem(&self, what: impl Into<String>, cure: impl Into<String>) -> Problem {
        Problem::new(&self.path, what, cure)
    }

    /// [`cure::anew`] of this file.
    pub(super) fn anew(&self, aim: &str, options: &str, addition: &str) -> String {
        cure::anew(&self.path, aim, options, addition)
    }

    /// A cure that turns hidden cells into nodata: NaN, which no valid cell of any type is.
    pub(super) fn unmasked(&self) -> String {
        let (file, result) = (cure::quoted(&self.path), cure::result(&self.path, "nodata"));
        format!("turn it into nodata: `gdalwarp -overwrite -ot Float32 -dstnodata nan {file} {result}`")
    }

    /// `length` bytes from `offset`; never allocates more than the file holds.
    pub(super) fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, Problem> {
        self.verify_extent(offset, length)?;
        let mut bytes = vec![0; length as usize];
        self.file.read_exact_at(&mut bytes, offset).map_err(|e| {
            let what = format!("cannot be read ({length} bytes at byte {offset}): {e}");
            self.problem(what, LEAVE_AT_REST)
        })?;
        Ok(bytes)
    }

    fn verify_extent(&self, offset: u64, length: u64) -> Result<(), Problem> {
        match offset.checked_add(length) {
            Some(end) if end <= self.length => Ok(()),
            _ => {
                let what = format!(
                    "is cut or damaged: it refers to {length} bytes at byte {offset}, but ends at byte {}",
                    self.length
                );
                Err(self.problem(what, COPY_AGAIN))
            }
        }
    }
}

/// The order of bytes in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The unsigned number in up to eight bytes.
    fn unsigned(self, bytes: &[u8]) -> u64 {
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, fold),
            Self::Big => bytes.iter().fold(0, fold),
        }
    }
}

/// One directory: the tags of one image.
pub(super) struct Directory<'s> {
    pub(super) source: &'s Source,
    pub(super) order: Order,
    big: bool,
    decoder: Rc<RefCell<Decoder<BufReader<Bytes<'s>>>>>,
    tags: tiff::Directory,
}

impl<'s> Directory<'s> {
    /// The first directory.
    pub(super) fn first(source: &'s Source) -> Result<Self, Problem> {
        let (order, big, offset) = header(source)?;
        let start = (order, big);
        let bytes = Bytes { source, opening: opening(start), at: 0 };
        let damaged = |e: TiffError| source.problem(format!("cannot be opened: {e}"), COPY_AGAIN);
        let mut decoder = Decoder::new(BufReader::new(bytes)).map_err(damaged)?.with_limits(limits());
        decoder.inner().get_mut().opening = Vec::new();
        Self::at(source, start, Rc::new(RefCell::new(decoder)), offset)
    }

    /// The directory after this one.
    pub(super) fn following(&self) -> Option<Result<Self, Problem>> {
        let next = self.tags.next()?;
        Some(Self::at(self.source, (self.order, self.big), Rc::clone(&self.decoder), next.0))
    }

    fn at(
        source: &'s Source,
        (order, big): (Order, bool),
        decoder: Rc<RefCell<Decoder<BufReader<Bytes<'s>>>>>,
        offset: u64,
    ) -> Result<Self, Problem> {
        let count = order.unsigned(&source.read(offset, if big { 8 } else { 2 })?);
        if count == 0 || count > MOST_ENTRIES {
            return Err(
                source.problem(format!("is damaged: its directory claims {count} entries"), COPY_AGAIN)
            );
        }
        let tags = decoder.borrow_mut().read_directory(IfdPointer(offset));
        let tags = tags.map_err(|e| failed(source, "its directory", &e))?;
        // After an entry of a type that it does not know, the crate loses its place in a BigTIFF.
        if big && tags.len() as u64 != count {
            let what =
                format!("is damaged: of the {count} entries of its directory {} can be read", tags.len());
            return Err(source.problem(what, COPY_AGAIN));
        }
        let directory = Self { source, order, big, decoder, tags };
        directory.tags.iter().try_for_each(|(tag, _)| directory.verify_extent(tag.to_u16()))?;
        Ok(directory)
    }

    /// A file cut anywhere is told when it is opened, even where the lost values would not be needed.
    fn verify_extent(&self, tag: u16) -> Result<(), Problem> {
        let Some((kind, count)) = self.entry(tag) else { return Ok(()) };
        let Some(length) = count.checked_mul(size(kind)) else { return Err(self.strange(tag)) };
        let mut last = [0];
        let read = self.read(tag, |tags, tag| tags.find_tag_bytes(tag, &mut last, length.saturating_sub(1)));
        read.map(drop)
    }

    /// Type and count of a tag.
    fn entry(&self, tag: u16) -> Option<(Type, u64)> {
        let entry = self.tags.get(Tag::from_u16_exhaustive(tag))?;
        Some((entry.field_type(), entry.count()))
    }

    pub(super) fn has(&self, tag: u16) -> bool {
        self.entry(tag).is_some()
    }

    /// The values of a tag of whole numbers; `None` when it is not there.
    pub(super) fn numbers(&self, tag: u16) -> Result<Option<Vec<u64>>, Problem> {
        let Some((kind, _)) = self.entry(tag) else { return Ok(None) };
        match kind {
            Type::BYTE | Type::SHORT | Type::LONG | Type::IFD | Type::LONG8 | Type::IFD8 => {}
            _ => return Err(self.strange(tag)),
        }
        let bytes = self.bytes(tag)?;
        Ok(Some(bytes.chunks_exact(size(kind) as usize).map(|b| self.order.unsigned(b)).collect()))
    }

    /// The first value of a tag of whole numbers.
    pub(super) fn number(&self, tag: u16) -> Result<Option<u64>, Problem> {
        Ok(self.numbers(tag)?.and_then(|values| values.first().copied()))
    }

    /// The values of a tag of doubles; empty when it is not there.
    pub(super) fn doubles(&self, tag: u16) -> Result<Vec<f64>, Problem> {
        let Some((kind, _)) = self.entry(tag) else { return Ok(Vec::new()) };
        if kind != Type::DOUBLE {
            return Err(self.strange(tag));
        }
        let bytes = self.bytes(tag)?;
        Ok(bytes.chunks_exact(8).map(|b| f64::from_bits(self.order.unsigned(b))).collect())
    }

    /// The text of a tag, up to its closing zero.
    pub(super) fn text(&self, tag: u16) -> Result<Option<String>, Problem> {
        let Some((kind, _)) = self.entry(tag) else { return Ok(None) };
        if kind != Type::ASCII {
            return Err(self.strange(tag));
        }
        let bytes = self.bytes(tag)?;
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(Some(String::from_utf8_lossy(text).trim().to_owned()))
    }

    /// The bytes of a tag's values, in the file's order.
    ///
    /// Not as the crate's own values: those take 32 bytes for a number, and refuse texts that are not ASCII.
    pub(super) fn bytes(&self, tag: u16) -> Result<Vec<u8>, Problem> {
        let mut values = ValueBuffer::empty(Type::BYTE);
        self.read(tag, |tags, tag| tags.find_tag_buf(tag, &mut values))?;
        Ok(values.as_bytes().to_vec())
    }

    fn read<T>(
        &self,
        tag: u16,
        what: impl FnOnce(&mut tiff::decoder::IfdDecoder, Tag) -> TiffResult<T>,
    ) -> Result<T, Problem> {
        let mut decoder = self.decoder.borrow_mut();
        what(&mut decoder.read_directory_tags(&self.tags), Tag::from_u16_exhaustive(tag))
            .map_err(|e| failed(self.source, &format!("tag {tag}"), &e))
    }

    fn strange(&self, tag: u16) -> Problem {
        let found = self.entry(tag).map_or("no values".to_owned(), |(kind, count)| {
            format!("{count} values of type {}", kind.to_u16())
        });
        self.source.problem(format!("is damaged: tag {tag} has {found}"), COPY_AGAIN)
    }
}

/// Bytes of one value.
fn size(kind: Type) -> u64 {
    match kind {
        Type::BYTE | Type::ASCII | Type::SBYTE | Type::UNDEFINED => 1,
        Type::SHORT | Type::SSHORT => 2,
        Type::LONG | Type::SLONG | Type::FLOAT | Type::IFD => 4,
        // Not an open list for long: no type of TIFF has more.
        _ => 8,
    }
}

/// What the crate could not read, in our words.
fn failed(source: &Source, what: &str, error: &TiffError) -> Problem {
    match error {
        // Those of `Bytes`.
        TiffError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => {
            let what = format!("is cut or damaged: {what} reaches beyond its end at byte {}", source.length);
            source.problem(what, COPY_AGAIN)
        }
        TiffError::IoError(e) => source.problem(format!("cannot be read ({what}): {e}"), LEAVE_AT_REST),
        e => source.problem(format!("is damaged: {what} cannot be read: {e}"), COPY_AGAIN),
    }
}

/// Values of a tag are never larger than this; those of a raster in a hundred million blocks are.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = 1 << 30;
    limits
}

/// Byte order, whether it is a BigTIFF, and where the first directory is.
fn header(source: &Source) -> Result<(Order, bool, u64), Problem> {
    let head = source.read(0, source.length.min(16))?;
    let order = match head.get(..2) {
        Some(b"II") => Some(Order::Little),
        Some(b"MM") => Some(Order::Big),
        _ => None,
    };
    let Some(order) = order.filter(|_| source.length >= 8) else { return Err(foreign::problem(source)) };
    let at = |from: usize, to: usize| head.get(from..to).map(|bytes| order.unsigned(bytes));
    match (at(2, 4), at(4, 8), at(4, 6), at(8, 16)) {
        (Some(42), Some(offset), _, _) => Ok((order, false, offset)),
        (Some(43), _, Some(8), Some(offset)) => Ok((order, true, offset)),
        _ => Err(foreign::problem(source)),
    }
}

/// What the crate sees while it opens a file.
///
/// It takes a file only when its first directory is an image as it can decode it, and refuses those without, for example,
/// lengths of strips. So it is shown an image of one cell, in the file's byte order and form, and then the file.
fn opening((order, big): (Order, bool)) -> Vec<u8> {
    let number = |value: u64, length: usize| {
        let mut bytes = value.to_le_bytes().get(..length).unwrap_or_default().to_vec();
        if order == Order::Big {
            bytes.reverse();
        }
        bytes
    };
    let word = if big { 8 } else { 4 };
    let mut bytes = if order == Order::Little { b"II".to_vec() } else { b"MM".to_vec() };
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
struct Bytes<'s> {
    source: &'s Source,
    /// What is shown instead of the file until this is emptied.
    opening: Vec<u8>,
    at: u64,
}

impl Read for Bytes<'_> {
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

impl Seek for Bytes<'_> {
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
