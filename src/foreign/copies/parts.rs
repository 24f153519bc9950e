//! What of a file is no hole: so much is copied, and no more.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use nix::unistd::Whence;

/// A file in more parts than these is copied from here on as if it had no holes.
const MOST: usize = 4096;

/// Bytes that are copied at once.
const PIECE: u64 = 1 << 20;

/// The parts of a file that hold something, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DataParts {
    /// Of the whole file.
    size: u64,
    /// Begin and length of each.
    parts: Vec<(u64, u64)>,
}

impl DataParts {
    /// Of the first `size` bytes of a file; all of it where its disk does not tell of holes.
    pub(super) fn of(file: &File, size: u64) -> Self {
        let mut parts: Vec<(u64, u64)> = Vec::new();
        let mut at = 0;
        while at < size {
            let (begin, end) = if parts.len() + 1 < MOST { next(file, at, size) } else { (at, size) };
            if begin < end {
                parts.push((begin, end - begin));
            }
            at = end;
        }
        Self { size, parts }
    }

    /// As a record has them.
    pub(super) fn read(size: u64, noted: Option<&Vec<(u64, u64)>>) -> Self {
        let whole = || if size > 0 { vec![(0, size)] } else { Vec::new() };
        Self { size, parts: noted.cloned().unwrap_or_else(whole) }
    }

    /// For a record: `None` where there are no holes.
    pub(super) fn noted(&self) -> Option<Vec<(u64, u64)>> {
        (self.bytes() < self.size).then(|| self.parts.clone())
    }

    /// How much they hold, bytes; that is how long a copy of them is.
    pub(super) fn bytes(&self) -> u64 {
        self.parts.iter().fold(0, |sum: u64, (_, length)| sum.saturating_add(*length))
    }

    /// Copies them out of the file into an empty one, one after the other.
    pub(super) fn take(&self, from: &File, to: &File) -> io::Result<()> {
        if self.noted().is_none() && rustix::fs::ioctl_ficlone(to, from).is_ok() {
            return to.set_len(self.size);
        }
        let mut at = 0;
        for (begin, length) in &self.parts {
            copy((from, *begin), (to, at), *length)?;
            at += length;
        }
        Ok(())
    }

    /// Puts them from their copy into an empty file, with the holes between them.
    pub(super) fn put(&self, from: &File, to: &File) -> io::Result<()> {
        if self.noted().is_none() && rustix::fs::ioctl_ficlone(to, from).is_ok() {
            return to.set_len(self.size);
        }
        let mut at = 0;
        for (begin, length) in &self.parts {
            copy((from, at), (to, *begin), *length)?;
            at += length;
        }
        to.set_len(self.size)
    }
}

fn copy((from, read): (&File, u64), (to, write): (&File, u64), length: u64) -> io::Result<()> {
    let mut buffer = vec![0; length.min(PIECE) as usize];
    let mut done = 0;
    while done < length {
        let part = &mut buffer[..(length - done).min(PIECE) as usize];
        from.read_exact_at(part, read + done)?;
        to.write_all_at(part, write + done)?;
        done += part.len() as u64;
    }
    Ok(())
}

/// The next part that is no hole, from `at` on.
fn next(file: &File, at: u64, size: u64) -> (u64, u64) {
    let seek = |from: u64, whence| nix::unistd::lseek(file, from as i64, whence);
    match seek(at, Whence::SeekData) {
        Ok(begin) if begin as u64 >= size => (size, size),
        Ok(begin) => {
            let end = seek(begin as u64, Whence::SeekHole).map_or(size, |end| (end as u64).min(size));
            (begin as u64, end.max(begin as u64 + 1))
        }
        Err(nix::errno::Errno::ENXIO) => (size, size),
        Err(_) => (at, size),
    }
}
