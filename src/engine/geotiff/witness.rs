//! What was read of a file: the checksum of each block's bytes as they were when they were read first.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::read_block::{MEANING, ReadBlock};
use super::reread::first_changed_in;
use crate::engine::problem::Problem;
use crate::engine::stamp::FileStamp;

/// Remembers what was read of one file, and what has to be found there. Shareable among threads.
#[derive(Debug)]
pub struct Witness {
    path: PathBuf,
    /// As long as it is open.
    file: Weak<File>,
    state: Mutex<WitnessState>,
}

#[derive(Debug, Default)]
struct WitnessState {
    /// By offset and length: how a block is cut may change.
    known: HashMap<(u64, u64), KnownBlocks>,
    /// Read by this process since somebody last asked, each once.
    fresh: Vec<ReadBlock>,
    /// What the file system said of the file when it was known to hold what was read.
    stamp: Option<FileStamp>,
}

#[derive(Debug, Clone)]
struct KnownBlocks {
    crc: u32,
    /// Who read it first, in words; `None`: this process.
    since: Option<Arc<str>>,
    /// This process read it too.
    read: bool,
}

impl Witness {
    pub(super) fn new(path: &Path, file: &Arc<File>) -> Self {
        let stamp = file.metadata().ok().map(|facts| FileStamp::of(&facts));
        let state = Mutex::new(WitnessState { stamp, ..WitnessState::default() });
        Self { path: path.to_path_buf(), file: Arc::downgrade(file), state }
    }

    /// Path of the file that was read.
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
        let WitnessState { known, fresh, .. } = &mut *state;
        let known = known.entry((block.offset, block.bytes)).or_insert(KnownBlocks {
            crc: block.crc,
            since: None,
            read: false,
        });
        if known.crc != block.crc {
            return Err(words(known.since.as_deref()));
        }
        if !known.read {
            known.read = true;
            fresh.push(block);
        }
        Ok(())
    }

    /// Takes note of what the numbers mean, once, when the file is opened.
    pub(super) fn note_meaning(&self, told: &[u8]) {
        let _ = self.see(MEANING, &crc32fast::hash(told).to_le_bytes());
    }

    /// What this process read since this was last asked, each block once.
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
            let known = state.known.entry((block.offset, block.bytes)).or_insert(KnownBlocks {
                crc: block.crc,
                since: None,
                read: false,
            });
            known.since = Some(Arc::clone(&since));
            if known.crc != block.crc {
                return Err(Problem::changed(&self.path, &place(block), &since));
            }
        }
        Ok(())
    }

    /// Makes sure that the open file still holds what was read of it. Where it was not written to meanwhile that costs one
    /// call of the system, else all that was read is read again, in the rayon pool it is called in.
    ///
    /// # Errors
    /// When a block is another by now.
    pub fn verify(&self) -> Result<(), Problem> {
        // What is closed was read whole.
        let Some(file) = self.file.upgrade() else { return Ok(()) };
        let stamp = file.metadata().ok().map(|facts| FileStamp::of(&facts));
        if stamp.is_some() && stamp == self.state().stamp {
            return Ok(());
        }
        let known = self.state().known.clone();
        let block = |(place, known): (&(u64, u64), &KnownBlocks)| ReadBlock {
            offset: place.0,
            bytes: place.1,
            crc: known.crc,
        };
        let mut blocks: Vec<ReadBlock> = known.iter().map(block).collect();
        blocks.sort_unstable();
        match first_changed_in(&file, &blocks, &|| false) {
            Ok(None) => {
                self.state().stamp = stamp;
                Ok(())
            }
            Ok(Some(offset)) => {
                let since = known
                    .iter()
                    .find(|(place, _)| place.0 == offset)
                    .and_then(|(_, known)| known.since.as_deref());
                Err(Problem::changed(&self.path, &format!("at byte {offset}"), &words(since)))
            }
            Err(e) => Err(Problem::new(
                &self.path,
                format!("cannot be read: {e}"),
                "make sure that the disk answers",
            )),
        }
    }

    fn state(&self) -> MutexGuard<'_, WitnessState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(block: &ReadBlock) -> String {
    if block.is_stored() {
        format!("at byte {}", block.offset)
    } else {
        "by its tags or by a file beside it (where it lies, its nodata, scale or unit)".to_owned()
    }
}

fn words(since: Option<&str>) -> String {
    since.unwrap_or("this process itself").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A witness of a file of these bytes, and the file.
    fn witness(bytes: &[u8]) -> (Witness, Arc<File>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.tif");
        std::fs::write(&path, bytes).unwrap();
        let file = Arc::new(File::options().read(true).write(true).open(&path).unwrap());
        (Witness::new(&path, &file), file, folder)
    }

    #[test]
    fn an_open_file_that_is_written_to_is_found_where_it_was_read() {
        let (witness, file, folder) = witness(b"one two three");
        witness.see(4, b"two").unwrap();
        assert_eq!(witness.verify(), Ok(()));
        let write = |offset: u64, bytes: &[u8]| {
            std::os::unix::fs::FileExt::write_all_at(&*file, bytes, offset).unwrap();
        };
        let written = std::time::UNIX_EPOCH;
        for (offset, bytes, is_good) in [(0, b"ONE", true), (4, b"TWO", false), (4, b"two", true)] {
            write(offset, bytes);
            // As `touch -r` restores it.
            file.set_modified(written).unwrap();
            assert_eq!(witness.verify().is_ok(), is_good, "{bytes:?}");
        }
        file.set_len(5).unwrap();
        let problem = witness.verify().unwrap_err();
        assert!(problem.changed && problem.what.contains("at byte 4 is not what this process"), "{problem}");
        // Replaced under its name: what is open stays what it was.
        file.set_len(0).unwrap();
        write(0, b"one two three");
        std::fs::write(folder.path().join("new"), b"nothing").unwrap();
        std::fs::rename(folder.path().join("new"), folder.path().join("d.tif")).unwrap();
        assert_eq!(witness.verify(), Ok(()));
    }

    #[test]
    fn a_file_beside_that_changes_the_meaning_is_told_though_no_byte_changed() {
        let told = |nodata: &[u8]| {
            let (witness, ..) = witness(b"one");
            witness.note_meaning(nodata);
            witness
        };
        let read = told(b"-9999").newly_read();
        assert_eq!(read.iter().map(ReadBlock::is_stored).collect::<Vec<_>>(), [false]);
        assert_eq!(told(b"-9999").expect(&read, "link 1"), Ok(()));
        let problem = told(b"0").expect(&read, "link 1").unwrap_err();
        assert!(problem.what.contains("by a file beside it"), "{problem}");
    }

    #[test]
    fn the_first_reading_is_noted_once_and_another_content_is_told() {
        let (witness, _file, _folder) = super::tests::witness(b"");
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
        let (witness, _file, _folder) = super::tests::witness(b"");
        let block = ReadBlock { offset: 8, bytes: 3, crc: crc32fast::hash(b"one") };
        witness.see(8, b"one").unwrap();
        witness.see(99, b"more").unwrap();
        witness.expect(&[block], "link 1").unwrap();
        assert_eq!(witness.newly_read().iter().map(|b| b.offset).collect::<Vec<_>>(), [8, 99]);
        assert_eq!(witness.see(8, b"two").unwrap_err(), "link 1");
        let (other, _file, _folder) = super::tests::witness(b"");
        other.see(8, b"two").unwrap();
        let problem = other.expect(&[block], "link 1").unwrap_err();
        assert!(problem.changed && problem.to_string().contains("link 1"), "{problem}");
    }
}
