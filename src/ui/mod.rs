//! The terminal screens.
//!
//! | file | what it is |
//! |---|---|
//! | `model`, `update`, `confirm`, `scroll` | what the screens know, and what each message changes: pure |
//! | `view/` | from the model to the screen, a file a screen: pure |
//! | `actions` | everything a key does, as data: bar, help, questions and `docs/screens.md` come from it |
//! | `theme`, `glyphs`, `words`, `text` | colours by meaning, signs, numbers in words, widths |
//! | `runtime` | the loop: keys, signals, messages in; drawing and effects out |
//! | `driver` | the controller, in a thread of its own |
//! | `reader` | logs and pictures, read in a thread of its own |
//! | `terminal` | the terminal put into and out of full screen, whatever happens |
//! | `memory` | the screen and month of the last visit |
//!
//! `update` and `view` read no clock, no file and no environment; the loop blocks on no file and no process.

mod actions;
mod confirm;
mod driver;
mod glyphs;
mod memory;
mod model;
mod reader;
mod runtime;
mod scroll;
mod terminal;
mod text;
mod theme;
mod update;
mod view;
pub(crate) mod words;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

use std::path::Path;

/// Why the screens could not be shown, or ended by themselves.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// Input or output is no terminal.
    #[error("the screens need a terminal; `alpsckpt status` prints the same without one")]
    NoTerminal,
    /// The terminal does not do what it is asked to.
    #[error("the terminal: {0}")]
    Terminal(#[source] std::io::Error),
    /// The campaign cannot be opened.
    #[error(transparent)]
    Campaign(#[from] crate::campaign::controller::ControlError),
    /// A thread of the screens ended; jobs are not touched by it.
    #[error("a defect stopped the screens ({0}); jobs go on")]
    Defect(String),
}

/// Shows the campaign whose maps go to `output` until the person leaves.
///
/// Blocks; must be called outside of any async runtime.
///
/// # Errors
/// When there is no terminal, or the campaign cannot be opened.
pub fn run(output: &Path) -> Result<(), UiError> {
    runtime::run(output)
}
