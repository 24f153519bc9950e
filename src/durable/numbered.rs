//! Names that begin with a number, as the program writes them.
//!
//! Copies that editors and synchronising programs leave (`0002.ron.bak`, `0002.sync-conflict-….ron`) are no files of the program.

use std::collections::BTreeSet;
use std::path::Path;

use super::{DurableError, beneath};

/// The highest number of a link, generation, attempt or server; what has a higher one was not made by this program.
pub const MOST: u32 = 999_999;

/// The number at the beginning of a name and the rest after its dot: `0007.end.ron` is (7, `end.ron`).
///
/// `None` unless the number has exactly the digits that this program writes: at least `width`, no superfluous zeros, from 1 to
/// [`MOST`].
#[must_use]
pub fn split(name: &str, width: usize) -> Option<(u32, &str)> {
    let (digits, rest) = name.split_once('.')?;
    number(digits, width).map(|number| (number, rest))
}

/// The numbers that `of` finds in the names of a folder's files, in order, each once; none where there is no folder.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn list(folder: &Path, of: impl Fn(&str) -> Option<u32>) -> Result<Vec<u32>, DurableError> {
    let names = beneath::names_if_any(folder)?;
    let found: BTreeSet<u32> = names.iter().filter_map(|name| of(name.to_str()?)).collect();
    Ok(found.into_iter().collect())
}

/// The numbers of the files `NNNN.<kind>` in a folder, of at least `width` digits, in order; none where there is no folder.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn of_kind(folder: &Path, width: usize, kind: &str) -> Result<Vec<u32>, DurableError> {
    list(folder, |name| number_of(name, width, kind))
}

/// The number in a name `NNNN.<kind>`: see [`split`].
#[must_use]
pub fn number_of(name: &str, width: usize, kind: &str) -> Option<u32> {
    split(name, width).filter(|(_, rest)| *rest == kind).map(|(number, _)| number)
}

/// The number that these digits are: see [`split`].
#[must_use]
pub fn number(digits: &str, width: usize) -> Option<u32> {
    let number = digits.parse().ok().filter(|n| (1..=MOST).contains(n))?;
    (format!("{number:0width$}") == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_as_the_program_writes_them_have_a_number() {
        assert_eq!(split("0007.ron", 4), Some((7, "ron")));
        assert_eq!(split("12345.resume.ron", 4), Some((12_345, "resume.ron")));
        assert_eq!(split("999999.ron", 6), Some((MOST, "ron")));
        for name in [
            "007.ron",
            "00007.ron",
            "0000.ron",
            "1000000.ron",
            "4294967295.ron",
            "+007.ron",
            "0007",
            "a.ron",
            ".ron",
            "0002~.ron",
        ] {
            assert_eq!(split(name, 4), None, "{name}");
        }
    }
}
