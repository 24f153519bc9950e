//! What the terminal can show: its colours, its signs, its room.

use std::io::{self, IsTerminal};

use crate::glyphs::{self, Glyphs};
use crate::ui::theme::Depth;

/// The colours that may be used on standard output (see <https://no-color.org>).
pub(in crate::cli) fn depth() -> Depth {
    if io::stdout().is_terminal() { Depth::of_environment(variable) } else { Depth::Mono }
}

/// The signs that may be used: none but ASCII's without a UTF-8 locale.
pub(in crate::cli) fn glyphs() -> &'static Glyphs {
    glyphs::of_environment(variable)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Columns and rows that fit on the terminal above the next prompt; elsewhere 80 columns, and as many rows as it takes.
pub(in crate::cli) fn room() -> (usize, Option<usize>) {
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns > 0 && rows > 0 && io::stdout().is_terminal() => {
            (usize::from(columns), Some(usize::from(rows - 1)))
        }
        _ => (80, None),
    }
}
