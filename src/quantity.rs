//! Quantities written for people, the same in logs, messages and screens.

mod work;

use jiff::tz::TimeZone;

pub use work::Unit;

/// Now, as the lines of logs begin: see [`moment`].
#[must_use]
pub fn now() -> String {
    stamp(jiff::Timestamp::now(), TimeZone::system())
}

/// A moment in milliseconds since 1970 by this machine's clock on the wall, with its distance from UTC, so that clocks of
/// two machines can be compared: `2026-03-21 15:05:09 +01:00`.
#[must_use]
pub fn moment(ms: i64) -> String {
    moment_in(ms, TimeZone::system())
}

fn moment_in(ms: i64, zone: TimeZone) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| format!("{ms} ms since 1970"), |at| stamp(at, zone))
}

fn stamp(moment: jiff::Timestamp, zone: TimeZone) -> String {
    moment.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// What others wrote, made safe to print: whatever would move a terminal's cursor, change its colours or the order of
/// letters is shown as its number, `\u{1b}`. Ends of lines and tabs stay.
#[must_use]
pub fn clean(text: &str) -> String {
    if !text.contains(is_harmful) {
        return text.to_owned();
    }
    let shown = |c: char| if is_harmful(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// As [`clean`], for a name in a line: ends of lines and tabs too are shown as their numbers.
#[must_use]
pub fn one_line(text: &str) -> String {
    let shown = |c: char| if c == '\n' || c == '\t' { c.escape_unicode().to_string() } else { c.to_string() };
    clean(text).chars().map(shown).collect()
}

/// Whether a terminal acts on a character instead of showing it: controls but for ends of lines and tabs, marks that turn
/// the direction of writing, unseen ones that hide or split lines.
#[must_use]
pub fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}')
}

/// A signal with its name: `signal 9 SIGKILL`.
#[must_use]
pub fn signal(number: i32) -> String {
    let name = nix::sys::signal::Signal::try_from(number).map_or("", |signal| signal.as_str());
    format!("signal {number} {name}")
}

/// `1 tile`, `2 tiles`.
#[must_use]
pub fn count(n: u64, singular: &str) -> String {
    if n == 1 { format!("1 {singular}") } else { format!("{n} {singular}s") }
}

/// The singular or the plural of a word, by how many there are: `is`, `are`.
#[must_use]
pub fn by_number<'w>(n: u64, one: &'w str, many: &'w str) -> &'w str {
    if n == 1 { one } else { many }
}

/// A unit as a person says it, of one as files have it: `°C` of `degC`, `ratio` of `1`.
#[must_use]
pub fn unit(of_file: &str) -> &str {
    match of_file {
        "degC" => "°C",
        "1" => "ratio",
        other => other,
    }
}

/// Bytes in decimal units with two significant digits or more: `980 B`, `3.4 MB`, `34 MB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        // 999.5 would be printed as 1000.
        if value < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// Names in words.
pub(crate) fn listed(names: &[String]) -> String {
    match names {
        [] => "any".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_by_the_clock_on_the_wall_with_its_distance_from_utc() {
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        assert_eq!(moment_in(1_772_373_909_000, zone), "2026-03-01 11:05:09 -03:00");
        assert_eq!(moment_in(1_772_373_909_000, TimeZone::UTC), "2026-03-01 14:05:09 +00:00");
        assert_eq!(moment_in(i64::MAX, TimeZone::UTC), format!("{} ms since 1970", i64::MAX));
        let parsed = jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%S %:z", now());
        assert!(parsed.is_ok_and(|at| at.to_timestamp().is_ok()), "{}", now());
    }

    #[test]
    fn one_is_told_as_one() {
        assert_eq!([count(0, "tile"), count(1, "tile"), count(2, "tile")], ["0 tiles", "1 tile", "2 tiles"]);
        assert_eq!([by_number(1, "is", "are"), by_number(0, "is", "are")], ["is", "are"]);
    }

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left_of_foreign_text() {
        assert_eq!(clean("Écrins \u{1b}[2J\rx\u{9b}31m"), "Écrins \\u{1b}[2J\\u{d}x\\u{9b}31m");
        assert_eq!(clean("a\u{202e}b\u{2066}c"), "a\\u{202e}b\\u{2066}c");
        assert_eq!(one_line("two\nlines\tand \u{1b} é"), "two\\u{a}lines\\u{9}and \\u{1b} é");
        assert_eq!(clean("two\nlines\tand 日本 🏔"), "two\nlines\tand 日本 🏔");
    }
}
