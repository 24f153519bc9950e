//! The terminal screens.
//!
//! | file | what it is |
//! |---|---|
//! | `screens/` | a folder a screen: the state of its own, what its keys do with it, how it is drawn |
//! | `faces` | the table of the screens |
//! | `shared`, `model`, `message` | what all screens know; that with the state of each; what can happen and be asked for |
//! | `update/` | what each message changes: pure |
//! | `view`, `layout`, `header`, `bar`, `pages` | from the model to the terminal, around the body of a screen: pure |
//! | `panels/`, `painter`, `pen` | parts that several screens show, pictures, lines |
//! | `available`, `confirm`, `scroll`, `haste` | what can be done now, questions, positions, pastes told from a person's keys |
//! | `theme`, `text` | colours by meaning, widths |
//! | `runtime/` | the loop: keys, signals, messages in; drawing and effects out |
//! | `input` | the keys, read in a thread of its own |
//! | `driver` | the controller, in a thread of its own |
//! | `reader` | logs and pictures, read in a thread of its own |
//! | `terminal` | the terminal put into and out of full screen, whatever happens |
//! | `memory` | the screen and month of the last visit |
//!
//! Words come from [`crate::words`], keys from
//! [`crate::keys`].
//!
//! `update` and `view` read no clock, no file and no environment; the loop blocks on no file and no process.

mod available;
mod bar;
mod confirm;
mod driver;
mod faces;
mod haste;
mod header;
mod input;
mod layout;
mod memory;
mod message;
mod model;
mod pages;
pub(crate) mod painter;
mod panels;
mod pen;
mod reader;
mod runtime;
mod screens;
mod scroll;
mod shared;
mod terminal;
pub(crate) mod text;
pub(crate) mod theme;
mod update;
mod view;

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

/// Why the screens could not be shown, or ended by themselves.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// Input or output is no terminal.
    #[error("the screens need a terminal; `alpsckpt status` prints the same without one")]
    NoTerminal,
    /// The terminal only prints.
    #[error(
        "the screens need a terminal that can move its cursor, and TERM says {0}; `alpsckpt status --watch` prints the \
         same line by line, `alpsckpt demo --headless` the demo"
    )]
    DumbTerminal(String),
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

/// How often ages and files are looked at anew.
pub const TICK: Duration = Duration::from_secs(1);

/// Whether there is a terminal that can show the screens.
///
/// # Errors
/// When there is none, or one that only prints.
pub fn check_terminal() -> Result<(), UiError> {
    terminal::check()
}

/// Shows the campaign whose maps go to `output` until the person leaves; what is shown is looked at anew each `tick`
/// ([`TICK`] for a person).
///
/// Blocks; must be called outside of any async runtime.
///
/// # Errors
/// When there is no terminal that can show it, or the campaign cannot be opened.
pub fn run(output: &Path, tick: Duration) -> Result<(), UiError> {
    runtime::run(output, tick)
}
