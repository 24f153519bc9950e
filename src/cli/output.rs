//! Standard output that may be closed at any moment (`alpsckpt status | head`): then the program ends quietly.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use super::Failure;
use crate::quantity::{clean, is_harmful};

/// Prints one line, or several; what a terminal would act on is shown instead (see [`clean`]).
pub(super) fn say(line: impl Display) -> Result<(), Failure> {
    say_drawn(clean(&line.to_string()))
}

/// Prints one line as it is: a picture's, whose colours are ours.
pub(super) fn say_drawn(line: impl Display) -> Result<(), Failure> {
    written(writeln!(io::stdout().lock(), "{line}"))
}

/// Prints a value as JSON.
pub(super) fn say_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    say_drawn(json(value)?)
}

/// A value as JSON; what a terminal would act on is escaped in JSON's own way.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::defect)?;
    if !text.contains(is_harmful) {
        return Ok(text);
    }
    let escaped = |c: char| if is_harmful(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    Ok(text.chars().map(escaped).collect())
}

/// Prints a remark on the error stream, where it disturbs no pipe.
pub(super) fn note(line: impl Display) {
    tell!("{}", clean(&line.to_string()));
}

/// Prints a warning on the error stream.
pub(super) fn warning(text: impl Display) {
    tell!("warning: {}", clean(&text.to_string()));
}

/// What a write to standard output came to; a reader that went away is no error.
pub(super) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Err(Failure::silent(0)),
        Err(e) => Err(Failure::output(format!("standard output cannot be written: {e}"))),
    }
}

/// Whether colours may be used on standard output (see <https://no-color.org>).
pub(super) fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Columns and rows of the terminal, 80 x 24 when there is none.
pub(super) fn terminal_size() -> (u16, u16) {
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns > 0 && rows > 0 => (columns, rows),
        _ => (80, 24),
    }
}

/// Lines of a table: columns as wide as their widest cell, those named in `right` flushed right.
pub(super) fn table(head: &[&str], rows: &[Vec<String>], right: &[usize]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count());
        cells.chain(head.get(column).map(|h| h.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(i, (cell, &w))| {
            if right.contains(&i) { format!("{cell:>w$}") } else { format!("{cell:<w$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head: Vec<String> = head.iter().map(|h| (*h).to_owned()).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|r| line(r))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_a_terminal_would_act_on() {
        let value = ["\u{1b}[2J", "a\u{202e}b\u{9b}", "É"];
        let text = json(&value).unwrap();
        assert!(!text.contains(is_harmful), "{text}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), value);
    }

    #[test]
    fn a_table_is_as_wide_as_its_cells() {
        let rows = vec![vec!["m01".into(), "7".into()], vec!["m01-m02".into(), "12".into()]];
        let lines = table(&["chain", "tiles"], &rows, &[1]);
        assert_eq!(lines, ["chain    tiles", "m01          7", "m01-m02     12"]);
    }
}
