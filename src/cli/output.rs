//! Standard output that may be closed at any moment (`alpsckpt status | head`): then the program ends quietly.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use super::Failure;
use crate::ui::glyphs::{self, Glyphs};
use crate::ui::theme::Depth;

/// Prints one line.
pub(super) fn say(line: impl Display) -> Result<(), Failure> {
    written(writeln!(io::stdout().lock(), "{line}"))
}

/// Prints a value as JSON.
pub(super) fn say_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::defect)?;
    say(text)
}

/// Prints a remark on the error stream, where it disturbs no pipe.
pub(super) fn note(line: impl Display) {
    tell!("{line}");
}

/// Prints a warning on the error stream.
pub(super) fn warning(text: impl Display) {
    tell!("warning: {text}");
}

/// What a write to standard output came to; a reader that went away is no error.
pub(super) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Err(Failure::silent(0)),
        Err(e) => Err(Failure::output(format!("standard output cannot be written: {e}"))),
    }
}

/// The colours that may be used on standard output (see <https://no-color.org>).
pub(super) fn depth() -> Depth {
    if io::stdout().is_terminal() { Depth::of_environment(variable) } else { Depth::Mono }
}

/// The signs that may be used: none but ASCII's without a UTF-8 locale.
pub(super) fn glyphs() -> &'static Glyphs {
    glyphs::of_environment(variable)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Columns and rows that fit on the terminal above the next prompt; elsewhere 80 columns, and as many rows as it takes.
pub(super) fn room() -> (usize, Option<usize>) {
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns > 0 && rows > 0 && io::stdout().is_terminal() => {
            (usize::from(columns), Some(usize::from(rows - 1)))
        }
        _ => (80, None),
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
    fn a_table_is_as_wide_as_its_cells() {
        let rows = vec![vec!["m01".into(), "7".into()], vec!["m01-m02".into(), "12".into()]];
        let lines = table(&["chain", "tiles"], &rows, &[1]);
        assert_eq!(lines, ["chain    tiles", "m01          7", "m01-m02     12"]);
    }
}
