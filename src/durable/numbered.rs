//! Names that begin with a number, as the program writes them.
//!
//! Copies that editors and synchronising programs leave (`0002.ron.bak`, `0002.sync-conflict-….ron`) are no files of the program.

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
