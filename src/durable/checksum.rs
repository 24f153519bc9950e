//! Checksums (CRC-32) of files that need not fit in memory.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use crc32fast::Hasher;
use rayon::prelude::*;

/// Bytes read at a time, between two looks at `stop`.
const READ: usize = 1 << 20;

/// Bytes of a file that one core takes at a time.
const PIECE: u64 = 16 << 20;

/// Of the bytes of a file from `from` to `to`; `None` on `stop`.
///
/// # Errors
/// When they cannot be read.
pub fn of_part(file: &File, from: u64, to: u64, stop: &dyn Fn() -> bool) -> io::Result<Option<Hasher>> {
    let mut crc = Hasher::new();
    let mut buffer = vec![0; to.saturating_sub(from).min(READ as u64) as usize];
    let mut at = from;
    while at < to {
        if stop() {
            return Ok(None);
        }
        let wanted = (to - at).min(buffer.len() as u64) as usize;
        let part = buffer.get_mut(..wanted).unwrap_or_default();
        file.read_exact_at(part, at)?;
        crc.update(part);
        at += wanted as u64;
    }
    Ok(Some(crc))
}

/// Length and checksum of a file, by all cores of the present pool; `None` on `stop`.
///
/// # Errors
/// When it cannot be read.
pub fn of_file(file: &File, stop: &(dyn Fn() -> bool + Sync)) -> io::Result<Option<(u64, u32)>> {
    let length = file.metadata()?.len();
    // It is read from its beginning to its end; a system that takes no such hint reads it all the same.
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::Sequential);
    let pieces: Vec<u64> = (0..length.div_ceil(PIECE)).collect();
    let piece = |number: &u64| of_part(file, number * PIECE, length.min((number + 1) * PIECE), stop);
    let crcs = pieces.par_iter().map(piece).collect::<io::Result<Option<Vec<_>>>>()?;
    Ok(crcs.map(|crcs| {
        let mut whole = Hasher::new();
        for crc in &crcs {
            whole.combine(crc);
        }
        (length, whole.finalize())
    }))
}

/// Length and checksum of all that can be read; `None` on `stop`.
///
/// # Errors
/// When it cannot be read.
pub fn of_stream(from: &mut dyn Read, stop: &dyn Fn() -> bool) -> io::Result<Option<(u64, u32)>> {
    let mut crc = Hasher::new();
    let mut buffer = vec![0; READ];
    let mut bytes = 0;
    loop {
        if stop() {
            return Ok(None);
        }
        match from.read(&mut buffer) {
            Ok(0) => return Ok(Some((bytes, crc.finalize()))),
            Ok(n) => {
                crc.update(buffer.get(..n).unwrap_or_default());
                bytes += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_give_the_same() {
        let bytes: Vec<u8> = (0..PIECE as usize + 3 * READ + 7).map(|i| (i * 31 % 251) as u8).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for length in [0, 1, READ, PIECE as usize, bytes.len()] {
            let bytes = &bytes[..length];
            std::fs::write(&path, bytes).unwrap();
            let file = File::open(&path).unwrap();
            let sum = Some((length as u64, crc32fast::hash(bytes)));
            assert_eq!(of_file(&file, &|| false).unwrap(), sum);
            assert_eq!(of_stream(&mut &file, &|| false).unwrap(), sum);
            let part = of_part(&file, 0, length as u64, &|| false).unwrap().unwrap();
            assert_eq!(Some((length as u64, part.finalize())), sum);
        }
        let file = File::open(&path).unwrap();
        assert_eq!(
            (of_file(&file, &|| true).unwrap(), of_stream(&mut &file, &|| true).unwrap()),
            (None, None)
        );
        assert!(of_part(&file, 0, bytes.len() as u64 + 1, &|| false).is_err());
    }
}
