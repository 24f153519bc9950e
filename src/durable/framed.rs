//! An append-only log of records: `length u32 | crc32 u32 | bytes`, after an 8-byte magic that names the format.
//!
//! A torn tail (a crash in the middle of an append) is told apart from damage in the middle: the reader returns
//! every good record, and says where and why it stopped; the writer truncates to the last good record.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{DurableError, atomic, beneath};

/// Longer records are taken for damage: a length made of random bits must not allocate gigabytes.
pub const MAX_RECORD: u32 = 64 << 20;
const HEADER: u64 = 8;

/// What a reading of a log found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The good records, in order.
    pub records: Vec<Vec<u8>>,
    /// The file's length up to the end of the last good record.
    pub good: u64,
    /// Why the reading stopped before the end of the file, if it did.
    pub damage: Option<Damage>,
}

/// Where a log stops being readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Offset of the first byte that does not belong to a good record.
    pub offset: u64,
    /// What is wrong there, in words.
    pub what: String,
}

/// Reads all good records of `path`.
///
/// # Errors
/// When the file cannot be read; as [`decode`].
pub fn read(path: &Path, magic: [u8; 8]) -> Result<Reading, DurableError> {
    let bytes = beneath::read(path).map_err(|e| DurableError::io(path, "read", e))?;
    decode(path, &bytes, magic)
}

/// Reads all good records from the bytes of the file `path`.
///
/// # Errors
/// When the bytes do not begin with `magic`; [`DurableError::UnknownForm`] when they begin with that of a later version.
pub fn decode(path: &Path, bytes: &[u8], magic: [u8; 8]) -> Result<Reading, DurableError> {
    let mut reading = Reading::default();
    let (good, damage) = decode_each(path, bytes, magic, |record| reading.records.push(record.to_vec()))?;
    (reading.good, reading.damage) = (good, damage);
    Ok(reading)
}

/// Gives `each` all good records one after the other, none of them copied; how far they reach ([`Reading::good`]), and the
/// damage behind them.
///
/// # Errors
/// As [`decode`].
pub fn decode_each<'b>(
    path: &Path,
    bytes: &'b [u8],
    magic: [u8; 8],
    mut each: impl FnMut(&'b [u8]),
) -> Result<(u64, Option<Damage>), DurableError> {
    let Some(mut rest) = bytes.strip_prefix(&magic) else {
        if let Some(version) = newer_version(bytes, magic) {
            let what = format!("version {version} of its format is newer than this program");
            return Err(DurableError::unknown_form(path, what));
        }
        return Err(DurableError::damaged(path, "its first 8 bytes are not those of this kind of file"));
    };
    let mut good = HEADER;
    while !rest.is_empty() {
        match split_record(rest) {
            Ok((record, after)) => {
                each(record);
                good += framed_length(record);
                rest = after;
            }
            Err(what) => {
                return Ok((good, Some(Damage { offset: good, what: what.to_owned() })));
            }
        }
    }
    Ok((good, None))
}

/// Bytes that a record takes in a log.
#[must_use]
pub fn framed_length(record: &[u8]) -> u64 {
    8 + record.len() as u64
}

/// The version in the magic of a log, its last character, where it is a higher digit than ours.
fn newer_version(bytes: &[u8], magic: [u8; 8]) -> Option<char> {
    let [stem @ .., ours] = magic;
    let version = bytes.strip_prefix(&stem)?.first().copied()?;
    (version.is_ascii_digit() && version > ours).then(|| char::from(version))
}

/// Whether good records follow the damage in the bytes of a log: then it is no torn tail, and what was lost is unknown.
#[must_use]
pub fn records_follow(bytes: &[u8], damage: &Damage) -> bool {
    let rest = bytes.get(damage.offset as usize + 1..).unwrap_or_default();
    (0..rest.len()).any(|at| rest.get(at..).is_some_and(|r| split_record(r).is_ok()))
}

fn split_record(bytes: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let (head, body) = bytes.split_first_chunk::<8>().ok_or("a record's head is cut")?;
    let [l0, l1, l2, l3, c0, c1, c2, c3] = *head;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    if length == 0 || length > MAX_RECORD {
        return Err("a record's length is impossible (zeros or damage)");
    }
    let (record, after) = body.split_at_checked(length as usize).ok_or("a record is cut")?;
    if crc32fast::hash(record) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Err("a record's checksum does not fit");
    }
    Ok((record, after))
}

/// The bytes of a record in its file: length, checksum, record.
#[must_use]
pub fn frame(record: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(record.len() + 8);
    frame.extend_from_slice(&(record.len() as u32).to_le_bytes());
    frame.extend_from_slice(&crc32fast::hash(record).to_le_bytes());
    frame.extend_from_slice(record);
    frame
}

/// Appends records; each [`Writer::append`] is durable when it returns.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Writer {
    /// Opens `path`, made new with `magic` when missing, cut back to `good` (from [`Reading::good`]) otherwise.
    ///
    /// # Errors
    /// When the file cannot be opened, created or cut.
    pub fn open(path: &Path, magic: [u8; 8], good: Option<u64>) -> Result<Self, DurableError> {
        let Some(good) = good else {
            atomic::create_exclusive(path, &magic)?;
            return Self::open(path, magic, Some(HEADER));
        };
        let open = || -> std::io::Result<File> {
            let mut file = beneath::open_to_write(path)?;
            file.set_len(good)?;
            file.seek(SeekFrom::End(0))?;
            file.sync_all()?;
            Ok(file)
        };
        let file = open().map_err(|e| DurableError::io(path, "open for appending", e))?;
        Ok(Self { path: path.to_path_buf(), file, length: good })
    }

    /// Appends one record without making it durable yet: see [`Writer::sync`].
    ///
    /// # Errors
    /// When it cannot be written (the file is then cut back) or is empty or too long.
    pub fn push(&mut self, record: &[u8]) -> Result<(), DurableError> {
        if !(1..=MAX_RECORD as usize).contains(&record.len()) {
            return Err(DurableError::damaged(&self.path, "a record to append is empty or too long"));
        }
        let frame = frame(record);
        if let Err(e) = self.file.write_all(&frame) {
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            return Err(DurableError::io(&self.path, "append", e));
        }
        self.length += frame.len() as u64;
        Ok(())
    }

    /// Makes all pushed records durable.
    ///
    /// # Errors
    /// When the system cannot sync.
    pub fn sync(&mut self) -> Result<(), DurableError> {
        self.file.sync_data().map_err(|e| DurableError::io(&self.path, "sync", e))
    }

    /// Appends one record, durable when this returns.
    ///
    /// # Errors
    /// As [`Writer::push`] and [`Writer::sync`].
    pub fn append(&mut self, record: &[u8]) -> Result<(), DurableError> {
        self.push(record)?;
        self.sync()
    }

    /// Where it lies, or lay when it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The file's length.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }
}
