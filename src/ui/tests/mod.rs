//! Tests of the whole screens: what they look like, and that nothing makes them panic.

mod docs;
mod haste;
mod keys;
mod looks;
mod moves;
mod news;
mod paint;
mod storm;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::fixtures;
use super::message::{Effect, Message};
use super::model::Model;
use super::shared::Clock;
use super::update::update;
use crate::checkpoint::ChainId;

/// The chain of a month.
pub(super) fn id(month: u8) -> ChainId {
    ChainId::of_months(&[month])
}

/// The screens of a campaign at work.
pub(super) fn mixed() -> Model {
    fixtures::model(fixtures::mixed(), 80, 24)
}

/// The last piece of news.
pub(super) fn said(model: &Model) -> &str {
    model.notice.as_ref().map_or("", |n| n.text.as_str())
}

/// Milliseconds between two keys of a person.
const CALM: u64 = 200;

/// Presses keys as a person does, written as on the screen: `j`, `<Enter>`, `<Ctrl-z>`. What the last key asks for, also
/// what is done only a moment later.
pub(super) fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let (name, left) = match rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
            Some((name, left)) => (name.to_owned(), left),
            None => (first.to_string(), &rest[first.len_utf8()..]),
        };
        rest = left;
        effects = after(model, CALM, Message::Key(key(&name)));
    }
    let due = after(model, CALM, Message::Due);
    effects.extend(due.into_iter().filter(|effect| matches!(effect, Effect::Act(_) | Effect::Quit)));
    effects
}

/// Keys with so many milliseconds between them, and what they ask for in the end.
pub(super) fn burst(model: &mut Model, keys: &str, gap: u64) -> Vec<Effect> {
    let mut effects = Vec::new();
    for c in keys.chars() {
        effects.extend(after(model, gap, Message::Key(key(&c.to_string()))));
    }
    effects.extend(after(model, CALM, Message::Due));
    effects.retain(|effect| matches!(effect, Effect::Act(_) | Effect::Quit));
    effects
}

/// Takes a message so many milliseconds after the last one.
pub(super) fn after(model: &mut Model, ms: u64, message: Message) -> Vec<Effect> {
    let now = later(model, ms);
    update(model, message, now)
}

/// The clock so many milliseconds after the last message.
pub(super) fn later(model: &Model, ms: u64) -> Clock {
    let Clock { steady_ms, wall_ms } = model.shared.clock;
    Clock { steady_ms: steady_ms + ms, wall_ms: wall_ms + ms as i64 }
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
