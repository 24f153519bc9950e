//! Text measured in terminal columns: cut, padded, wrapped. Nothing here splits a character.

use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::glyphs::Glyphs;

/// Columns that `text` takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` without control characters (they become blanks): what a scheduler or a file said cannot move the cursor.
///
/// Variation selectors and joiners go too: terminals disagree about the width of what they make.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{200d}'))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// At most `columns` of `text`; cut text ends with an ellipsis.
pub(crate) fn cut(text: &str, columns: usize, glyphs: &Glyphs) -> String {
    let text = clean(text);
    if text.width() <= columns {
        return text;
    }
    if columns == 0 {
        return String::new();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w > columns - 1 {
            break;
        }
        kept.push(c);
        used += w;
    }
    kept.push_str(glyphs.ellipsis);
    kept
}

/// `text` cut or padded on the right to exactly `columns`.
pub(crate) fn left(text: &str, columns: usize, glyphs: &Glyphs) -> String {
    let mut text = cut(text, columns, glyphs);
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(text.width())));
    text
}

/// `text` cut or padded on the left to exactly `columns`.
pub(crate) fn right(text: &str, columns: usize, glyphs: &Glyphs) -> String {
    let text = cut(text, columns, glyphs);
    let mut padded = " ".repeat(columns.saturating_sub(text.width()));
    padded.push_str(&text);
    padded
}

/// `text` in lines of at most `columns`, broken at blanks where there are any; words that are too long (paths) are
/// broken where the line ends, so that nothing is lost. At least one line.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let text = clean(text);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let w = word.width();
        if used > 0 && used + 1 + w > columns {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        if w <= columns {
            line.push_str(word);
            used += w;
        } else {
            used = push_long(word, columns, &mut line, &mut lines);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Hard-wraps one line, keeping its blanks: for logs, where columns matter.
pub(crate) fn fold(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    push_long(&clean(text), columns.max(1), &mut line, &mut lines);
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Adds `word` to an empty `line` character by character; full lines go to `lines`. Returns the columns used.
fn push_long(word: &str, columns: usize, line: &mut String, lines: &mut Vec<String>) -> usize {
    let mut used = line.width();
    for c in word.chars() {
        let w = c.width().unwrap_or(0);
        if used > 0 && used + w > columns {
            lines.push(std::mem::take(line));
            used = 0;
        }
        line.push(c);
        used += w;
    }
    used
}

/// Columns that a line of spans takes.
pub(crate) fn line_width(line: &Line<'_>) -> usize {
    line.spans.iter().map(|s| s.content.width()).sum()
}

/// A line cut to `columns`, its spans' styles kept.
pub(crate) fn cut_line(line: Line<'static>, columns: usize, glyphs: &Glyphs) -> Line<'static> {
    if line_width(&line) <= columns {
        return line;
    }
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut room = columns;
    for span in line.spans {
        let w = span.content.width();
        // The last span that fits must leave a column for the ellipsis.
        if w < room {
            room -= w;
            spans.push(span);
        } else {
            let text = if w == room { format!("{} ", span.content) } else { span.content.into_owned() };
            spans.push(Span::styled(cut(&text, room, glyphs), span.style));
            break;
        }
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyphs::{ASCII, UNICODE};
    use proptest::prelude::*;

    #[test]
    fn wide_characters_are_never_split() {
        assert_eq!(cut("日本語", 4, &UNICODE), "日…");
        assert_eq!(cut("日本語", 6, &UNICODE), "日本語");
        assert_eq!(left("日本", 6, &ASCII), "日本  ");
        assert_eq!(right("é", 3, &ASCII), "  é");
    }

    #[test]
    fn long_paths_are_broken_but_kept_whole() {
        let lines = wrap("maps are in /very/long/path/to/a/folder", 12);
        assert_eq!(lines.first().map(String::as_str), Some("maps are in"));
        assert_eq!(lines[1..].concat(), "/very/long/path/to/a/folder");
    }

    #[test]
    fn control_characters_are_shown_as_blanks() {
        assert_eq!(clean("a\tb\u{1b}[31m"), "a b [31m");
    }

    #[test]
    fn a_cut_line_ends_with_the_ellipsis() {
        let line = Line::from(vec![Span::raw("abc"), Span::raw("def"), Span::raw("ghi")]);
        let text: String = cut_line(line, 6, &UNICODE).spans.iter().map(|s| s.content.to_string()).collect();
        assert_eq!(text, "abcde…");
    }

    proptest! {
        #[test]
        fn cut_and_wrapped_text_fits(text in "\\PC{0,60}", columns in 1usize..30) {
            prop_assert!(width(&cut(&text, columns, &UNICODE)) <= columns);
            prop_assert_eq!(width(&left(&text, columns, &UNICODE)), columns);
            for line in wrap(&text, columns).into_iter().chain(fold(&text, columns)) {
                // A character of two columns cannot fit into one.
                prop_assert!(width(&line) <= columns.max(2), "{:?}", line);
            }
        }
    }
}
