//! The bytes of a TIFF file and its image file directories (TIFF 6.0 §2; BigTIFF: libtiff's design page).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::engine::Problem;

/// What to do about a file that is not whole.
pub(super) const COPY_AGAIN: &str =
    "copy or download it again, then compare its size and checksum with the source's";

/// A directory with more entries than any program writes is damage.
const MOST_ENTRIES: u64 = 4096;

/// An open file, readable from many threads at once.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) length: u64,
    file: File,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, Problem> {
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
        let file = File::open(path).map_err(problem)?;
        let facts = file.metadata().map_err(problem)?;
        if !facts.is_file() {
            let what =
                if facts.is_dir() { "is a folder, not a GeoTIFF file" } else { "is not a regular file" };
            return Err(Problem::new(path, what, "give the path of one GeoTIFF file"));
        }
        Ok(Self { path: path.to_path_buf(), length: facts.len(), file })
    }

    /// A problem of this file.
    pub(super) fn problem(&self, what: impl Into<String>, cure: impl Into<String>) -> Problem {
        Problem::new(&self.path, what, cure)
    }

    /// `length` bytes from `offset`; never allocates more than the file holds.
    pub(super) fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, Problem> {
        self.verify_extent(offset, length)?;
        let mut bytes = vec![0; length as usize];
        self.file.read_exact_at(&mut bytes, offset).map_err(|e| {
            let what = format!("cannot be read ({length} bytes at byte {offset}): {e}");
            self.problem(what, "make sure that the disk answers and nobody rewrites the file")
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
#[derive(Debug)]
pub(super) struct Directory<'s> {
    pub(super) source: &'s Source,
    pub(super) order: Order,
    /// Where the next directory is; 0 after the last.
    next: u64,
    big: bool,
    entries: BTreeMap<u16, Entry>,
}

#[derive(Debug)]
struct Entry {
    kind: u16,
    count: u64,
    /// The value itself when it fits, else its offset.
    field: Vec<u8>,
}

impl Entry {
    /// Bytes of one value; 0 for an unknown type.
    fn size(&self) -> u64 {
        match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            _ => 0,
        }
    }
}

impl<'s> Directory<'s> {
    /// The first directory.
    pub(super) fn first(source: &'s Source) -> Result<Self, Problem> {
        let foreign = |what: &str| {
            let cure = "give a GeoTIFF; `gdal_translate FILE OUT.tif` converts other rasters";
            Err(source.problem(format!("is not a TIFF file: {what}"), cure))
        };
        if source.length < 8 {
            return foreign(&format!("it has only {} bytes", source.length));
        }
        let head = source.read(0, source.length.min(16))?;
        let order = match head.get(..2) {
            Some(b"II") => Order::Little,
            Some(b"MM") => Order::Big,
            _ => return foreign("it does not begin with II or MM"),
        };
        let at = |from: usize, to: usize| head.get(from..to).map(|bytes| order.unsigned(bytes));
        match (at(2, 4), at(4, 6), at(4, 8), at(8, 16)) {
            (Some(42), _, Some(offset), _) => Self::at(source, order, false, offset),
            (Some(43), Some(8), _, Some(offset)) => Self::at(source, order, true, offset),
            _ => foreign("its header has neither the number of TIFF (42) nor of BigTIFF (43)"),
        }
    }

    /// The directory after this one.
    pub(super) fn following(&self) -> Option<Result<Self, Problem>> {
        (self.next != 0).then(|| Self::at(self.source, self.order, self.big, self.next))
    }

    fn at(source: &'s Source, order: Order, big: bool, offset: u64) -> Result<Self, Problem> {
        let (count_size, entry_size, word) = if big { (8, 20, 8) } else { (2, 12, 4) };
        let count = order.unsigned(&source.read(offset, count_size)?);
        if count == 0 || count > MOST_ENTRIES {
            return Err(
                source.problem(format!("is damaged: its directory claims {count} entries"), COPY_AGAIN)
            );
        }
        // `read` has verified that offset + count_size lies inside the file: no overflow.
        let body = source.read(offset + count_size, count * entry_size + word)?;
        let (table, next) = body.split_at(body.len() - word as usize);
        let mut entries = BTreeMap::new();
        for entry in table.chunks_exact(entry_size as usize) {
            let (tag, rest) = entry.split_at(2);
            let (kind, rest) = rest.split_at(2);
            let (count, field) = rest.split_at(word as usize);
            entries.insert(
                order.unsigned(tag) as u16,
                Entry {
                    kind: order.unsigned(kind) as u16,
                    count: order.unsigned(count),
                    field: field.to_vec(),
                },
            );
        }
        let directory = Self { source, order, next: order.unsigned(next), big, entries };
        directory.entries.iter().try_for_each(|(tag, entry)| directory.verify_extent(*tag, entry))?;
        Ok(directory)
    }

    /// A file cut anywhere is told when it is opened, even where the lost values would not be needed.
    fn verify_extent(&self, tag: u16, entry: &Entry) -> Result<(), Problem> {
        let length = entry.count.checked_mul(entry.size()).ok_or_else(|| self.strange(tag, entry))?;
        if length > entry.field.len() as u64 {
            self.source.verify_extent(self.order.unsigned(&entry.field), length)?;
        }
        Ok(())
    }

    pub(super) fn has(&self, tag: u16) -> bool {
        self.entries.contains_key(&tag)
    }

    /// The values of a tag of whole numbers; `None` when it is not there.
    pub(super) fn numbers(&self, tag: u16) -> Result<Option<Vec<u64>>, Problem> {
        let Some(entry) = self.entries.get(&tag) else { return Ok(None) };
        if !matches!(entry.kind, 1 | 3 | 4 | 13 | 16 | 18) {
            return Err(self.strange(tag, entry));
        }
        let bytes = self.bytes(tag, entry)?;
        Ok(Some(bytes.chunks_exact(entry.size() as usize).map(|b| self.order.unsigned(b)).collect()))
    }

    /// The first value of a tag of whole numbers.
    pub(super) fn number(&self, tag: u16) -> Result<Option<u64>, Problem> {
        Ok(self.numbers(tag)?.and_then(|values| values.first().copied()))
    }

    /// The values of a tag of doubles; empty when it is not there.
    pub(super) fn doubles(&self, tag: u16) -> Result<Vec<f64>, Problem> {
        let Some(entry) = self.entries.get(&tag) else { return Ok(Vec::new()) };
        if entry.kind != 12 {
            return Err(self.strange(tag, entry));
        }
        let bytes = self.bytes(tag, entry)?;
        Ok(bytes.chunks_exact(8).map(|b| f64::from_bits(self.order.unsigned(b))).collect())
    }

    /// The text of a tag, without the closing zeros.
    pub(super) fn text(&self, tag: u16) -> Result<Option<String>, Problem> {
        let Some(entry) = self.entries.get(&tag) else { return Ok(None) };
        if entry.kind != 2 {
            return Err(self.strange(tag, entry));
        }
        let bytes = self.bytes(tag, entry)?;
        Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches('\0').trim().to_owned()))
    }

    fn bytes(&self, tag: u16, entry: &Entry) -> Result<Vec<u8>, Problem> {
        let length = entry.count.checked_mul(entry.size()).ok_or_else(|| self.strange(tag, entry))?;
        match usize::try_from(length).ok().and_then(|length| entry.field.get(..length)) {
            Some(inline) => Ok(inline.to_vec()),
            None => self.source.read(self.order.unsigned(&entry.field), length),
        }
    }

    fn strange(&self, tag: u16, entry: &Entry) -> Problem {
        let what = format!("is damaged: tag {tag} has {} values of type {}", entry.count, entry.kind);
        self.source.problem(what, COPY_AGAIN)
    }
}
