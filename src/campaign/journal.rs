//! The append-only record of everything decided and seen, with intents before outside effects.
//!
//! A framed log of JSON records ([`Entry`]). A torn tail or damage in the middle costs the records from there on and
//! nothing else: the writer sets the damaged bytes aside as `journal.damaged-<offset>`, goes on after the good
//! prefix, and the state is rebuilt from what the chains and the batch system show. A record that is intact and yet
//! not understood is no damage but a later program's: then there is no writer, and nothing is cut. No submission depends
//! on the journal alone: each attempt also has an exclusively created file of its own (see [`super::identity`]).

use std::io::Read;
use std::path::{Path, PathBuf};

use super::event::{Entry, Event};
use crate::durable::framed::{self, Writer};
use crate::durable::{DurableError, atomic, beneath};

/// The first bytes of a journal; the digit is the format's version.
pub const MAGIC: [u8; 8] = *b"alpsjrn1";

/// What a reading of the journal found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The good entries, in order; the newest of them where only so many were to be kept.
    pub entries: Vec<Entry>,
    /// How many good entries there are.
    pub count: u64,
    /// Length of the file up to the end of the last good entry; `None` when there is no journal.
    pub good: Option<u64>,
    /// Where and why reading stopped early.
    pub damage: Option<String>,
    /// What a later program wrote, in words: its records are passed over, and nothing may be appended.
    pub newer: Option<String>,
    offset: u64,
}

/// How many entries are kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All.
    All,
    /// The newest, so many.
    Newest(usize),
}

impl Keep {
    /// Leaves out what is too old, now and then: each entry is moved only a few times.
    pub fn prune(self, entries: &mut Vec<Entry>) {
        if matches!(self, Self::Newest(most) if entries.len() >= most.saturating_mul(2)) {
            self.cut(entries);
        }
    }

    fn cut(self, entries: &mut Vec<Entry>) {
        if let Self::Newest(most) = self {
            entries.drain(..entries.len().saturating_sub(most));
        }
    }
}

/// Reads all good entries; a missing journal is empty, a damaged one gives its good prefix.
///
/// # Errors
/// When the file is there and cannot be read, or is of a later version of the format.
pub fn read(path: &Path) -> Result<Reading, DurableError> {
    read_each(path, Keep::All, &mut |_| ())
}

/// The same, each entry shown to `taken`, and only some of them kept: a campaign of months has tens of thousands.
///
/// # Errors
/// As [`read`].
pub fn read_each(path: &Path, keep: Keep, taken: &mut dyn FnMut(&Entry)) -> Result<Reading, DurableError> {
    let bytes = match beneath::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Reading::default()),
        Err(e) => return Err(DurableError::io(path, "read", e)),
    };
    decode(path, &bytes, keep, taken)
}

/// The good entries of the journal's bytes. Damage is no error but part of the answer.
fn decode(
    path: &Path,
    bytes: &[u8],
    keep: Keep,
    taken: &mut dyn FnMut(&Entry),
) -> Result<Reading, DurableError> {
    let mut reading = Reading::default();
    let mut end = MAGIC.len() as u64;
    let log = framed::decode_each(path, bytes, MAGIC, |record| {
        match serde_json::from_slice(record) {
            Ok(entry) => {
                taken(&entry);
                reading.count += 1;
                reading.entries.push(entry);
                keep.prune(&mut reading.entries);
            }
            Err(e) => {
                reading.newer.get_or_insert_with(|| {
                    let version = env!("CARGO_PKG_VERSION");
                    format!(
                        "the record at byte {end} was written by a newer alpsckpt than this one, {version}: update it; \
                         nothing was changed ({e})"
                    )
                });
            }
        }
        end += framed::framed_length(record);
    });
    let (good, damage) = match log {
        Ok(log) => log,
        Err(e @ DurableError::UnknownForm { .. }) => return Err(e),
        Err(e) => {
            return Ok(Reading { good: Some(0), damage: Some(e.to_string()), ..Reading::default() });
        }
    };
    keep.cut(&mut reading.entries);
    reading.entries.shrink_to_fit();
    reading.good = Some(good);
    if let Some(damage) = damage {
        reading.offset = damage.offset;
        reading.damage =
            Some(format!("{}: damaged at byte {}: {}", path.display(), damage.offset, damage.what));
    }
    Ok(reading)
}

/// Appends entries. Only the lease's holder has one.
#[derive(Debug)]
pub struct Journal {
    writer: Writer,
}

impl Journal {
    /// Opens the journal for appending and returns what it holds. Damaged bytes are first set aside, whole.
    ///
    /// # Errors
    /// When it cannot be read, set aside, created or cut; [`DurableError::UnknownForm`] when a later program wrote to it.
    pub fn open(path: &Path) -> Result<(Self, Reading, Option<PathBuf>), DurableError> {
        Self::open_each(path, Keep::All, &mut |_| ())
    }

    /// The same, each entry shown to `taken`, and only some of them kept.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_each(
        path: &Path,
        keep: Keep,
        taken: &mut dyn FnMut(&Entry),
    ) -> Result<(Self, Reading, Option<PathBuf>), DurableError> {
        let reading = read_each(path, keep, taken)?;
        if let Some(newer) = &reading.newer {
            return Err(DurableError::unknown_form(path, newer.clone()));
        }
        let mut aside = None;
        let mut good = reading.good;
        if reading.damage.is_some() {
            aside = Some(set_aside(path, reading.offset)?);
            if good == Some(0) {
                // Not even the head is readable: the whole file lies aside now.
                beneath::remove(path).map_err(|e| DurableError::io(path, "remove", e))?;
                good = None;
            }
        }
        Ok((Self { writer: Writer::open(path, MAGIC, good)? }, reading, aside))
    }

    /// Appends entries, durable when this returns.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), DurableError> {
        for entry in entries {
            let record = serde_json::to_vec(entry).map_err(|e| {
                DurableError::damaged(Path::new("journal"), format!("a record has no JSON form: {e}"))
            })?;
            self.writer.push(&record)?;
        }
        if entries.is_empty() { Ok(()) } else { self.writer.sync() }
    }

    /// The file's length: what this writer knows to be in it.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.writer.length()
    }
}

/// Copies the bytes from `offset` on beside the journal, under a name that was free.
fn set_aside(path: &Path, offset: u64) -> Result<PathBuf, DurableError> {
    // Opened as for writing: bytes of a file that has another name are perhaps not the campaign's, and are not copied here.
    let mut bytes = Vec::new();
    beneath::open_to_write(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|e| DurableError::io(path, "read", e))?;
    let tail = bytes.get(offset as usize..).unwrap_or_default();
    for n in 1_u32.. {
        let suffix = if n == 1 { String::new() } else { format!("-{n}") };
        let aside = path.with_file_name(format!("journal.damaged-{offset}{suffix}"));
        if atomic::create_exclusive(&aside, tail)? {
            return Ok(aside);
        }
    }
    Err(DurableError::damaged(path, "the damaged part cannot be set aside"))
}

/// An entry of now.
#[must_use]
pub fn entry(event: Event) -> Entry {
    Entry { at_ms: super::clock::wall_ms(), happened_ms: None, event }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::batch::Token;
    use crate::checkpoint::ChainId;

    fn some_entries() -> Vec<Entry> {
        let chain = ChainId::of_months(&[1]);
        let token = Token("k3x9.m01.1.abcdef".to_owned());
        let job = crate::batch::JobId(7);
        [
            Event::Created { spec: "0123456789ab".to_owned(), cluster: "embedded cluster".to_owned() },
            Event::SubmitIntent { chain: chain.clone(), attempt: 1, token, recovered: false },
            Event::Submitted { chain: chain.clone(), attempt: 1, job },
            Event::Warning { chain: Some(chain), text: "é \" \n".to_owned() },
        ]
        .into_iter()
        .map(entry)
        .collect()
    }

    fn written(folder: &Path) -> (PathBuf, Vec<Entry>) {
        let path = folder.join("journal");
        let (mut journal, _, _) = Journal::open(&path).unwrap();
        let entries = some_entries();
        journal.append(&entries).unwrap();
        assert_eq!(journal.length(), fs::metadata(&path).unwrap().len());
        (path, entries)
    }

    #[test]
    fn all_entries_are_shown_and_counted_and_the_newest_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let event = |attempt| Event::SubmitLost { chain: ChainId::of_months(&[1]), attempt };
        let entries: Vec<Entry> = (0..25).map(|attempt| entry(event(attempt))).collect();
        Journal::open(&path).unwrap().0.append(&entries).unwrap();
        let mut shown = Vec::new();
        let reading = read_each(&path, Keep::Newest(4), &mut |entry| shown.push(entry.clone())).unwrap();
        assert_eq!((shown, reading.count), (entries.clone(), 25));
        assert_eq!(reading.entries, entries[21..]);
        assert_eq!(read(&path).unwrap().entries, entries);
    }

    #[test]
    fn entries_come_back_in_order_and_appending_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (path, entries) = written(folder.path());
        assert_eq!(read(&path).unwrap().entries, entries);
        let (mut journal, reading, aside) = Journal::open(&path).unwrap();
        assert_eq!((reading.entries, aside), (entries.clone(), None));
        journal.append(&entries[..1]).unwrap();
        assert_eq!(read(&path).unwrap().entries.len(), 5);
    }

    #[test]
    fn a_torn_tail_is_set_aside_and_appending_goes_on_after_the_good_entries() {
        let folder = tempfile::tempdir().unwrap();
        let (path, entries) = written(folder.path());
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let (mut journal, reading, aside) = Journal::open(&path).unwrap();
        assert_eq!(reading.entries, entries[..3]);
        assert!(reading.damage.unwrap().contains("a record is cut"));
        let aside = aside.unwrap();
        assert!(aside.file_name().unwrap().to_string_lossy().starts_with("journal.damaged-"));
        let good = reading.good.unwrap() as usize;
        assert_eq!(fs::read(aside).unwrap(), bytes[good..bytes.len() - 3]);
        journal.append(&entries[3..]).unwrap();
        assert_eq!(read(&path).unwrap().entries, entries);
    }

    #[test]
    fn a_journal_of_zeros_is_set_aside_whole_and_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (path, entries) = written(folder.path());
        fs::write(&path, vec![0; 300]).unwrap();
        let (mut journal, reading, aside) = Journal::open(&path).unwrap();
        assert!(reading.entries.is_empty() && reading.damage.is_some());
        assert_eq!(fs::read(aside.unwrap()).unwrap().len(), 300);
        journal.append(&entries).unwrap();
        assert_eq!(read(&path).unwrap().entries, entries);
    }

    #[test]
    fn what_a_later_program_wrote_is_read_past_and_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (path, entries) = written(folder.path());
        let known = fs::read(&path).unwrap();
        let strange =
            framed::frame(br#"{"at_ms":1,"event":{"Annotated":{"chain":"m01","text":"of later"}}}"#);
        let last = serde_json::to_vec(&entries[0]).unwrap();
        let bytes = [known.clone(), strange, framed::frame(&last)].concat();
        fs::write(&path, &bytes).unwrap();
        let reading = read(&path).unwrap();
        assert_eq!((reading.entries.len(), reading.damage), (5, None));
        assert!(reading.newer.unwrap().contains(&format!("at byte {} was written by a newer", known.len())));
        let refused = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let error = Journal::open(&path).unwrap_err();
            assert!(matches!(error, DurableError::UnknownForm { .. }), "{error}");
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is set aside");
        };
        refused(&bytes);
        // Not even with damage behind it.
        refused(&[&bytes[..], &[0xff; 9]].concat());
        let mut later = known;
        later[7] = b'2';
        refused(&later);
        assert!(read(&path).is_err());
    }

    proptest::proptest! {
        // Each case syncs files.
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

        #[test]
        fn any_damage_leaves_a_prefix_and_sets_the_rest_aside(
            cut in 0usize..800, flip in 0usize..800, bit in 0u8..8, zero in proptest::bool::ANY,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (path, entries) = written(folder.path());
            let mut bytes = fs::read(&path).unwrap();
            bytes.truncate(bytes.len().min(cut.max(1)));
            let at = flip % bytes.len();
            if zero { bytes[at..].fill(0) } else { bytes[at] ^= 1 << bit }
            fs::write(&path, &bytes).unwrap();
            let (mut journal, reading, _) = match Journal::open(&path) {
                Ok(opened) => opened,
                Err(e) => {
                    // One bit makes `alpsjrn1` the head of a later version: refused, not cut.
                    proptest::prop_assert!(matches!(e, DurableError::UnknownForm { .. }) && at == 7, "{}", e);
                    proptest::prop_assert_eq!(fs::read(&path).unwrap(), bytes);
                    return Ok(());
                }
            };
            proptest::prop_assert!(entries.starts_with(&reading.entries));
            journal.append(&entries[..1]).unwrap();
            let again = read(&path).unwrap();
            proptest::prop_assert_eq!(again.damage, None);
            proptest::prop_assert_eq!(again.entries.len(), reading.entries.len() + 1);
        }
    }
}
