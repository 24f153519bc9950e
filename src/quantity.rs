//! Quantities written for people, the same in logs, messages and screens.

/// Now, as the lines of logs begin: `2026-03-21 14:05:09 UTC`.
#[must_use]
pub fn utc_now() -> String {
    stamp(jiff::Timestamp::now())
}

/// A moment in milliseconds since 1970, in the same form.
#[must_use]
pub fn utc(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| format!("{ms} ms since 1970"), stamp)
}

fn stamp(moment: jiff::Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
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

/// Whether a terminal acts on a character instead of showing it: controls but for ends of lines and tabs, marks that turn
/// the direction of writing, unseen ones that hide or split lines.
#[must_use]
pub fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}')
}

/// `1 tile`, `2 tiles`.
#[must_use]
pub fn count(n: u64, singular: &str) -> String {
    if n == 1 { format!("1 {singular}") } else { format!("{n} {singular}s") }
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

#[cfg(test)]
mod clean_tests {
    use super::clean;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left_of_foreign_text() {
        assert_eq!(clean("Écrins \u{1b}[2J\rx\u{9b}31m"), "Écrins \\u{1b}[2J\\u{d}x\\u{9b}31m");
        assert_eq!(clean("a\u{202e}b\u{2066}c"), "a\\u{202e}b\\u{2066}c");
        assert_eq!(clean("two\nlines\tand 日本 🏔"), "two\nlines\tand 日本 🏔");
    }
}
