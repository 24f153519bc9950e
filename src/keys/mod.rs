//! Every key that does something on the screens, in one table, and what it is called.
//!
//! Nothing else of the program names a key in a text: who tells a person what to press asks [`of`] or [`shown`]. A key is
//! written as it is read, `s`, `Ctrl-b`, `Enter`, and a command has a name, so that a file could give a command other keys.

mod command;
mod table;

use std::str::FromStr;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub(crate) use command::{Command, Screen};
pub(crate) use table::{Row, table};

use crate::glyphs::{ASCII, Glyphs};

/// How a command in the foreground is interrupted: by the terminal, on any screen or none.
pub(crate) const INTERRUPT: &str = "Ctrl-C";

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character.
    Char(char),
    /// A character with Ctrl.
    Ctrl(char),
    /// A key with a name.
    Code(KeyCode),
}

/// The keys with a name, by the name that they are read and shown by.
const NAMED: &[(KeyCode, &str)] = &[
    (KeyCode::Enter, "Enter"),
    (KeyCode::Esc, "Esc"),
    (KeyCode::Tab, "Tab"),
    (KeyCode::BackTab, "Shift-Tab"),
    (KeyCode::Up, "Up"),
    (KeyCode::Down, "Down"),
    (KeyCode::Left, "Left"),
    (KeyCode::Right, "Right"),
    (KeyCode::PageUp, "PgUp"),
    (KeyCode::PageDown, "PgDn"),
    (KeyCode::Home, "Home"),
    (KeyCode::End, "End"),
];

impl Key {
    /// Whether `event` is this key.
    pub(crate) fn matches(self, event: &KeyEvent) -> bool {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        match self {
            Self::Char(c) => event.code == KeyCode::Char(c) && !ctrl && !alt,
            Self::Ctrl(c) => event.code == KeyCode::Char(c) && ctrl && !alt,
            Self::Code(code) => event.code == code && !alt,
        }
    }

    /// As it is written on the screen.
    pub(crate) fn label(self, glyphs: &Glyphs) -> String {
        match self {
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("Ctrl-{c}"),
            Self::Code(KeyCode::Enter) => glyphs.enter.to_owned(),
            Self::Code(code) => {
                let name = NAMED.iter().find(|(named, _)| *named == code).map(|(_, name)| *name);
                name.map_or_else(|| format!("{code:?}"), str::to_owned)
            }
        }
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let alone = |text: &str| {
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none())
        };
        let code = NAMED.iter().find(|(_, name)| *name == text).map(|(code, _)| *code);
        let ctrl = text.strip_prefix("Ctrl-").and_then(alone);
        code.map(Key::Code).or(ctrl.map(Key::Ctrl)).or(alone(text).map(Key::Char)).ok_or_else(|| {
            let names: Vec<&str> = NAMED.iter().map(|(_, name)| *name).collect();
            format!("{text:?} is no key: write one character, Ctrl- and one, or one of {}", names.join(", "))
        })
    }
}

/// What a key press means on a screen.
pub(crate) fn command_of(key: &KeyEvent, screen: Screen) -> Option<Command> {
    let means = |row: &&Row| row.screens.contains(&screen) && row.keys.iter().any(|k| k.matches(key));
    table().iter().find(means).map(|row| row.command)
}

/// Whether a key press is one of a command, on whatever screen.
pub(crate) fn is(key: &KeyEvent, command: Command) -> bool {
    rows_of(command).any(|row| row.keys.iter().any(|k| k.matches(key)))
}

/// The first key of a command, in plain letters, for messages: `r`, `Enter`.
pub(crate) fn of(command: impl Into<Command>) -> String {
    shown(command, &ASCII)
}

/// The first key of a command, as the screens show it.
pub(crate) fn shown(command: impl Into<Command>, glyphs: &Glyphs) -> String {
    all_shown(command, glyphs).into_iter().next().unwrap_or_default()
}

/// All keys of a command, as the screens show them.
pub(crate) fn all_shown(command: impl Into<Command>, glyphs: &Glyphs) -> Vec<String> {
    first_row(command.into()).map_or_else(Vec::new, |row| row.keys.iter().map(|k| k.label(glyphs)).collect())
}

impl Row {
    /// What the bar shows for its keys: pairs of opposite keys stand together.
    pub(crate) fn bar_label(&self, glyphs: &Glyphs) -> String {
        match self.command {
            Command::Down => pair(Command::Up, self, glyphs),
            Command::NextMonth => pair(Command::PreviousMonth, self, glyphs),
            Command::OlderLog => pair(self.command, first_row(Command::NewerLog).unwrap_or(self), glyphs),
            _ => self.first().map_or_else(String::new, |key| key.label(glyphs)),
        }
    }

    /// Its keys as they are written on the screen.
    pub(crate) fn labels(&self, glyphs: &Glyphs) -> String {
        self.keys.iter().map(|k| k.label(glyphs)).collect::<Vec<_>>().join(", ")
    }

    fn first(&self) -> Option<Key> {
        self.keys.first().copied()
    }
}

/// The first keys of two opposite commands.
fn pair(one: Command, other: &Row, glyphs: &Glyphs) -> String {
    let one = first_row(one).and_then(Row::first);
    match (one, other.first()) {
        (Some(Key::Code(KeyCode::Up)), Some(Key::Code(KeyCode::Down))) => glyphs.up_down.to_owned(),
        (Some(Key::Code(KeyCode::Left)), Some(Key::Code(KeyCode::Right))) => glyphs.left_right.to_owned(),
        (one, other) => {
            one.into_iter().chain(other).map(|key| key.label(glyphs)).collect::<Vec<_>>().join(" ")
        }
    }
}

fn first_row(command: Command) -> Option<&'static Row> {
    rows_of(command).next()
}

fn rows_of(command: Command) -> impl Iterator<Item = &'static Row> {
    table().iter().filter(move |row| row.command == command)
}

#[cfg(test)]
mod tests;
