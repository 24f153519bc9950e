//! All that the directories of a TIFF file say, as bytes (TIFF 6.0 §2; BigTIFF: libtiff's design page).
//!
//! Nothing is understood here beyond where the bytes stand: what a file is must not depend on what the reader of its
//! cells makes of a tag.

use std::fs::File;

use super::super::reading::read;

/// Overviews and masks follow the image; a chain longer than this is a loop.
const MOST_DIRECTORIES: usize = 64;
/// A directory with more entries than any program writes is damage.
const MOST_ENTRIES: u64 = 4096;
/// Values longer than this are told by their place alone.
const LONGEST_VALUE: u64 = 256 << 20;

/// Hands over the header and each directory with its values, as they stand in the file. Ends where the file is no TIFF
/// any more: the same bytes end in the same place.
pub(super) fn visit(file: &File, length: u64, take: &mut dyn FnMut(&[u8])) -> std::io::Result<()> {
    let Some(head) = read(file, length, 0, 16.min(length))? else { return Ok(()) };
    let Some(form) = HeaderForm::of(&head) else { return Ok(()) };
    take(&head);
    let mut next = if form.big { form.number(head.get(8..16)) } else { form.number(head.get(4..8)) };
    for _ in 0..MOST_DIRECTORIES {
        match next.filter(|offset| *offset != 0) {
            Some(offset) => next = form.directory(file, length, offset, take)?,
            None => break,
        }
    }
    Ok(())
}

struct HeaderForm {
    little: bool,
    big: bool,
}

impl HeaderForm {
    fn of(head: &[u8]) -> Option<Self> {
        let little = match head.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let form = Self { little, big: false };
        match form.number(head.get(2..4))? {
            42 => Some(form),
            43 => Some(Self { big: true, ..form }),
            _ => None,
        }
    }

    fn number(&self, bytes: Option<&[u8]>) -> Option<u64> {
        let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let bytes = bytes?;
        Some(if self.little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) })
    }

    /// One directory; where the next one begins.
    fn directory(
        &self,
        file: &File,
        length: u64,
        offset: u64,
        take: &mut dyn FnMut(&[u8]),
    ) -> std::io::Result<Option<u64>> {
        let (count_size, entry_size, word) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let Some(count) = read(file, length, offset, count_size)? else { return Ok(None) };
        let Some(count) = self.number(Some(&count)).filter(|n| *n <= MOST_ENTRIES) else { return Ok(None) };
        let Some(table) = read(file, length, offset + count_size, count * entry_size + word)? else {
            return Ok(None);
        };
        take(&table);
        let word = word as usize;
        for entry in table.chunks_exact(entry_size as usize) {
            let size = match self.number(entry.get(2..4)) {
                Some(1 | 2 | 6 | 7) => 1,
                Some(3 | 8) => 2,
                Some(4 | 9 | 11 | 13) => 4,
                Some(5 | 10 | 12 | 16 | 17 | 18) => 8,
                _ => 0,
            };
            let values = self.number(entry.get(4..4 + word)).and_then(|n| n.checked_mul(size));
            let place = self.number(entry.get(4 + word..4 + 2 * word));
            if let (Some(bytes @ 1..=LONGEST_VALUE), Some(place)) = (values, place)
                && bytes > word as u64
                && let Some(values) = read(file, length, place, bytes)?
            {
                take(&values);
            }
        }
        Ok(self.number(table.get(table.len() - word..)))
    }
}
