//! The image file directories of a TIFF file, whose tags are read through the crate `tiff`.

use std::cell::RefCell;
use std::io::{BufReader, ErrorKind};
use std::rc::Rc;

use tiff::decoder::{Decoder, Limits};
use tiff::tags::{IfdPointer, Tag, Type, ValueBuffer};
use tiff::{TiffError, TiffResult};

use super::crate_reader::{CrateReader, opening};
use super::file::{ByteOrder, COPY_AGAIN, LEAVE_AT_REST, TiffFile};
use super::other_formats;
use crate::engine::Problem;

/// A directory with more entries than any program writes is damage.
const MOST_ENTRIES: u64 = 4096;

/// One directory: the tags of one image.
pub(super) struct Directory<'s> {
    pub(super) source: &'s TiffFile,
    pub(super) order: ByteOrder,
    big: bool,
    decoder: Rc<RefCell<Decoder<BufReader<CrateReader<'s>>>>>,
    tags: tiff::Directory,
}

impl<'s> Directory<'s> {
    /// The first directory.
    pub(super) fn first(source: &'s TiffFile) -> Result<Self, Problem> {
        let (order, big, offset) = header(source)?;
        let start = (order, big);
        let bytes = CrateReader { source, opening: opening(start), at: 0 };
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
        source: &'s TiffFile,
        (order, big): (ByteOrder, bool),
        decoder: Rc<RefCell<Decoder<BufReader<CrateReader<'s>>>>>,
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
fn failed(source: &TiffFile, what: &str, error: &TiffError) -> Problem {
    match error {
        // Those of `CrateReader`.
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
fn header(source: &TiffFile) -> Result<(ByteOrder, bool, u64), Problem> {
    let head = source.read(0, source.length.min(16))?;
    let order = match head.get(..2) {
        Some(b"II") => Some(ByteOrder::Little),
        Some(b"MM") => Some(ByteOrder::Big),
        _ => None,
    };
    let Some(order) = order.filter(|_| source.length >= 8) else {
        return Err(other_formats::problem(source));
    };
    let at = |from: usize, to: usize| head.get(from..to).map(|bytes| order.unsigned(bytes));
    match (at(2, 4), at(4, 8), at(4, 6), at(8, 16)) {
        (Some(42), Some(offset), _, _) => Ok((order, false, offset)),
        (Some(43), _, Some(8), Some(offset)) => Ok((order, true, offset)),
        _ => Err(other_formats::problem(source)),
    }
}
