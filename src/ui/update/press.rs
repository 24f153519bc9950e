//! What a key press changes.

use ratatui::crossterm::event::KeyEvent;

use super::{call_off, soon};
use crate::campaign::actions::{Action, Asks};
use crate::keys::{self, Command, Screen};
use crate::ui::available::available;
use crate::ui::haste::WAIT;
use crate::ui::message::Effect;
use crate::ui::model::{Ask, Model, Overlay};
use crate::ui::theme::Meaning;
use crate::ui::{confirm, faces, layout, pages, scroll};
use crate::words::actions;
use crate::words::notices::{self, Told};

/// Rows that a page which lies over the screen is moved by.
const PAGE: u16 = 11;

/// Takes a key.
pub(super) fn press(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    let now = model.shared.clock.steady_ms;
    let by_hand = model.haste.key(now);
    let settles = model.haste.settles(now);
    for (due, _) in &mut model.soon {
        *due = settles.max(*due);
    }
    if !by_hand && call_off(model, model.haste.since(now)) {
        model.say(notices::told(Told::CalledOff), Meaning::Warning);
    }
    match model.overlay.take() {
        // The question stays; what answers it must be typed.
        Some(Overlay::Confirm(ask)) if !by_hand => model.overlay = Some(Overlay::Confirm(ask)),
        Some(Overlay::Confirm(ask)) => answer(model, ask, key),
        Some(Overlay::Help(line)) => page_key(model, Overlay::Help, line, key),
        Some(Overlay::Errors(line)) => page_key(model, Overlay::Errors, line, key),
        Some(Overlay::Events(line)) => page_key(model, Overlay::Events, line, key),
        None => match keys::command_of(key, model.shared.screen) {
            Some(command) if by_hand || command.only_shows() => return obey(model, command),
            _ => {}
        },
    }
    Vec::new()
}

/// Keys while a question is asked: yes, no, or nothing (the question stays).
fn answer(model: &mut Model, ask: Ask, key: &KeyEvent) {
    if keys::is(key, if ask.typed { Command::TypedYes } else { Command::Yes }) {
        if model.shared.clock.steady_ms.saturating_sub(ask.since) < WAIT {
            model.say(notices::told(Told::TooQuick), Meaning::Warning);
            model.overlay = Some(Overlay::Confirm(ask));
        } else {
            start(model, ask.actions);
        }
    } else if keys::is(key, Command::No) {
        model.say(notices::told(Told::NothingDone), Meaning::Muted);
    } else {
        model.overlay = Some(Overlay::Confirm(ask));
    }
}

/// Keys while a page lies over the screen; any that does not move it closes it.
fn page_key(model: &mut Model, page: fn(usize) -> Overlay, line: usize, key: &KeyEvent) {
    let command = keys::command_of(key, Screen::Months);
    if let Some(by) = command.and_then(|command| scroll::moved(command, PAGE)) {
        let most = pages::overflow(model, &page(0));
        model.overlay = Some(page(line.saturating_add_signed(by).min(most)));
    }
}

fn start(model: &mut Model, actions: Vec<Action>) {
    let Some(first) = actions.first() else { return };
    let text = match actions.len() {
        1 => actions::under_way(first.kind, &model.shared.name_of(&first.chain)),
        n => actions::all_under_way(n as u64),
    };
    model.say(format!("{text} {}", model.shared.glyphs.ellipsis), Meaning::Active);
    for action in actions {
        model.shared.pending.push(action.clone());
        soon(model, Effect::Act(action));
    }
}

/// Does what a command asks for, if it can be done now.
fn obey(model: &mut Model, command: Command) -> Vec<Effect> {
    if let Err(why) = available(model, command) {
        model.say(why, Meaning::Warning);
        return Vec::new();
    }
    match command {
        Command::Act(kind) if kind.row().asks == Asks::Nothing => {
            let action = model.shared.chain().map(|chain| kind.on(chain.id.clone()));
            start(model, action.into_iter().collect());
        }
        Command::Act(kind) => model.overlay = confirm::question(model, kind).map(Overlay::Confirm),
        Command::SubmitAll => model.overlay = confirm::submit_all(model).map(Overlay::Confirm),
        Command::Back => {
            model.notice = None;
            model.shared.screen = faces::shown(model).back;
        }
        Command::PreviousMonth => model.step_month(-1),
        Command::NextMonth => model.step_month(1),
        Command::Go(screen) => model.shared.screen = screen,
        Command::NextScreen => turn(model, 1),
        Command::PreviousScreen => turn(model, Screen::ALL.len() - 1),
        Command::Errors => model.overlay = Some(Overlay::Errors(0)),
        Command::Events => model.overlay = Some(Overlay::Events(0)),
        Command::Help => model.overlay = Some(Overlay::Help(0)),
        Command::Redraw => return vec![Effect::Redraw],
        Command::Suspend => return vec![Effect::Suspend],
        Command::Quit => soon(model, Effect::Quit),
        command => {
            let body = layout::body(model);
            (faces::shown(model).obey)(model, command, body);
        }
    }
    Vec::new()
}

fn turn(model: &mut Model, by: usize) {
    let at = Screen::ALL.iter().position(|s| *s == model.shared.screen).unwrap_or(0);
    model.shared.screen = Screen::ALL.get((at + by) % Screen::ALL.len()).copied().unwrap_or_default();
}
