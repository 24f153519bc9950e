//! Tests of the whole screens: what they look like, and that nothing makes them panic.

mod docs;
mod keys;
mod looks;
mod paint;
mod storm;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::fixtures;
use super::model::{Effect, Message, Model};
use super::update::update;

/// Presses keys, written as on the screen: `j`, `<Enter>`, `<Ctrl-z>`.
pub(super) fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let (name, after) = match rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
            Some((name, after)) => (name.to_owned(), after),
            None => (first.to_string(), &rest[first.len_utf8()..]),
        };
        rest = after;
        effects = update(model, Message::Key(key(&name)), fixtures::clock(1));
    }
    effects
}

fn key(name: &str) -> KeyEvent {
    let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
    match name {
        "Enter" => plain(KeyCode::Enter),
        "Esc" => plain(KeyCode::Esc),
        "Tab" => plain(KeyCode::Tab),
        "Up" => plain(KeyCode::Up),
        "Down" => plain(KeyCode::Down),
        "Left" => plain(KeyCode::Left),
        "Right" => plain(KeyCode::Right),
        "PgUp" => plain(KeyCode::PageUp),
        "End" => plain(KeyCode::End),
        _ => match (name.strip_prefix("Ctrl-").and_then(|c| c.chars().next()), name.chars().next()) {
            (Some(c), _) => KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL),
            (None, Some(c)) => plain(KeyCode::Char(c)),
            (None, None) => panic!("no key"),
        },
    }
}
