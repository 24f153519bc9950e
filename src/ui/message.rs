//! What can happen to the screens, and what they can ask for.

use std::path::PathBuf;

use ratatui::crossterm::event::KeyEvent;

use super::memory::Visit;
use super::screens::log::Tail;
use super::screens::map::Picture;
use crate::campaign::actions::Action;
use crate::campaign::snapshot::Snapshot;
use crate::checkpoint::ChainId;

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Something was pasted, in the terminal's brackets.
    Paste,
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// Where the last visit ended was read.
    Recalled(Visit),
    /// Time went on.
    Tick,
    /// What was asked for a moment ago is to be done.
    Due,
    /// The campaign was read.
    Snapshot(Box<Snapshot>),
    /// The campaign could not be read; the screens show what was known.
    RefreshFailed(String),
    /// An action ended, with the answer in words.
    Acted(Action, Result<String, String>),
    /// A log was read.
    Log(PathBuf, Result<Tail, String>),
    /// A picture was read.
    Picture(ChainId, Result<Picture, String>),
}

/// What the loop is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Ask the controller.
    Act(Action),
    /// Read the end of a log.
    ReadLog(PathBuf),
    /// Read a picture.
    ReadPicture(ChainId, PathBuf),
    /// Draw everything anew: something else wrote on the terminal.
    Redraw,
    /// Go to the background.
    Suspend,
    /// Leave; jobs go on.
    Quit,
}
