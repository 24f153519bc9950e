//! The content of a file: its checksum, its time, its way to the disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;
use serde::{Deserialize, Serialize};

/// A checksum of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Checksum {
    /// The CRC32 of all of it.
    Whole(u32),
    /// The CRC32 of its first and its last [`EDGE`] bytes.
    Edges(u32),
}

/// Half of what is read of a large file.
pub const EDGE: u64 = 512 << 10;

/// When a file was written last, ns since 1970.
pub(in crate::foreign) fn modified(facts: &std::fs::Metadata) -> i64 {
    facts.mtime().saturating_mul(1_000_000_000).saturating_add(facts.mtime_nsec())
}

/// Opens a regular file for reading, wherever its path leads; no FIFO is waited for.
pub(in crate::foreign) fn open_here(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
}

/// Brings a file to the disk, where its file system can be asked to.
pub(in crate::foreign) fn to_disk(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// The checksum of the first `size` bytes of a file.
pub(in crate::foreign) fn sum(file: &File, size: u64) -> io::Result<Checksum> {
    let mut crc = crc32fast::Hasher::new();
    let mut part = |from: u64, to: u64| -> io::Result<()> {
        let mut bytes = vec![0; (to - from) as usize];
        file.read_exact_at(&mut bytes, from)?;
        crc.update(&bytes);
        Ok(())
    };
    if size <= 2 * EDGE {
        part(0, size)?;
        return Ok(Checksum::Whole(crc.finalize()));
    }
    part(0, EDGE)?;
    part(size - EDGE, size)?;
    Ok(Checksum::Edges(crc.finalize()))
}
