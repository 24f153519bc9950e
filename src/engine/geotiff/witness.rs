//! What was read of a file: the checksum of each block's bytes as they were when they were read first.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::Problem;

/// Bytes of a file as they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadBlock {
    /// Where they begin.
    pub offset: u64,
    /// How many they are.
    pub bytes: u64,
    /// Their checksum (CRC-32).
    pub crc: u32,
}

/// Remembers what was read of one file, and what has to be found there. Shareable among threads.
#[derive(Debug)]
pub struct Witness {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By offset and length: how a block is cut may change.
    known: HashMap<(u64, u64), Known>,
    /// Read first since somebody last asked.
    fresh: Vec<ReadBlock>,
}

#[derive(Debug, Clone)]
struct Known {
    crc: u32,
    /// Who read it first, in words; `None`: this process.
    since: Option<Arc<str>>,
}

impl Witness {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_path_buf(), state: Mutex::default() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes note of bytes at their first reading, and compares them at each later one.
    ///
    /// # Errors
    /// Who read others there before, in words.
    pub(super) fn see(&self, offset: u64, bytes: &[u8]) -> Result<(), String> {
        let block = ReadBlock { offset, bytes: bytes.len() as u64, crc: crc32fast::hash(bytes) };
        let mut state = self.state();
        match state.known.get(&(block.offset, block.bytes)) {
            Some(known) if known.crc == block.crc => Ok(()),
            Some(known) => Err(words(known.since.as_deref())),
            None => {
                state.known.insert((block.offset, block.bytes), Known { crc: block.crc, since: None });
                state.fresh.push(block);
                Ok(())
            }
        }
    }

    /// What was read first since this was last asked.
    #[must_use]
    pub fn newly_read(&self) -> Vec<ReadBlock> {
        std::mem::take(&mut self.state().fresh)
    }

    /// Blocks that must be found as they are here; `since` tells who read them, in words.
    ///
    /// # Errors
    /// When one was read already and is another.
    pub fn expect(&self, blocks: &[ReadBlock], since: &str) -> Result<(), Problem> {
        let since: Arc<str> = since.into();
        let mut state = self.state();
        for block in blocks {
            let known = Known { crc: block.crc, since: Some(Arc::clone(&since)) };
            let before = state.known.insert((block.offset, block.bytes), known);
            if before.is_some_and(|before| before.crc != block.crc) {
                return Err(Problem::changed(&self.path, &format!("at byte {}", block.offset), &since));
            }
        }
        let State { known, fresh } = &mut *state;
        fresh.retain(|b| known.get(&(b.offset, b.bytes)).is_some_and(|k| k.since.is_none()));
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn words(since: Option<&str>) -> String {
    since.unwrap_or("this process, a while ago").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reading_is_noted_once_and_another_content_is_told() {
        let witness = Witness::new(Path::new("/d.tif"));
        assert_eq!(witness.see(8, b"one"), Ok(()));
        assert_eq!(witness.see(8, b"one"), Ok(()));
        assert_eq!(witness.see(8, b"on"), Ok(()), "cut in another way");
        let block =
            |bytes: &[u8]| ReadBlock { offset: 8, bytes: bytes.len() as u64, crc: crc32fast::hash(bytes) };
        assert_eq!(witness.newly_read(), [block(b"one"), block(b"on")]);
        assert_eq!(witness.newly_read(), []);
        assert!(witness.see(8, b"two").unwrap_err().contains("this process"));
    }

    #[test]
    fn what_earlier_readers_saw_is_expected_whether_it_is_read_before_or_after() {
        let witness = Witness::new(Path::new("/d.tif"));
        let block = ReadBlock { offset: 8, bytes: 3, crc: crc32fast::hash(b"one") };
        witness.see(8, b"one").unwrap();
        witness.see(99, b"more").unwrap();
        witness.expect(&[block], "link 1").unwrap();
        assert_eq!(witness.newly_read().iter().map(|b| b.offset).collect::<Vec<_>>(), [99]);
        assert_eq!(witness.see(8, b"two").unwrap_err(), "link 1");
        let other = Witness::new(Path::new("/d.tif"));
        other.see(8, b"two").unwrap();
        let problem = other.expect(&[block], "link 1").unwrap_err();
        assert!(problem.changed && problem.to_string().contains("link 1"), "{problem}");
    }
}
