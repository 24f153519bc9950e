//! What each message changes: a pure function from the model and a message to the model and effects.

mod news;
mod press;

use super::faces;
use super::haste::WAIT;
use super::memory::Visit;
use super::message::{Effect, Message};
use super::model::{Model, Overlay};
use super::shared::Clock;
use super::theme::Meaning;
use crate::words::notices::{self, Told};
use ratatui::crossterm::event::KeyEventKind;

/// Takes a message at a moment.
pub(crate) fn update(model: &mut Model, message: Message, now: Clock) -> Vec<Effect> {
    model.shared.clock = now;
    // What was asked for before this key is done before it.
    let mut effects = take_due(model);
    let mut reads = false;
    match message {
        Message::Key(key) if key.kind != KeyEventKind::Release => {
            effects.extend(press::press(model, &key));
            reads = true;
        }
        Message::Paste => pasted(model),
        Message::Resize(columns, rows) => model.shared.size = (columns, rows),
        // A person who went somewhere meanwhile is not taken away again.
        Message::Recalled(visit) if model.haste.is_new() => {
            go_on(model, visit);
            reads = true;
        }
        Message::Key(_) | Message::Recalled(_) => {}
        Message::Tick | Message::Due => reads = true,
        Message::Snapshot(snapshot) => {
            news::take_snapshot(model, *snapshot);
            reads = true;
        }
        Message::RefreshFailed(why) => {
            model.shared.refresh_error = Some(why);
            reads = true;
        }
        Message::Acted(action, result) => news::acted(model, &action, result),
        Message::Log(path, result) => model.log.take(path, result),
        Message::Picture(chain, result) => model.map.take(chain, result),
    }
    news::forget(model);
    if reads {
        effects.extend((faces::shown(model).files)(model));
    }
    effects
}

/// What was asked for and is to be done by now.
fn take_due(model: &mut Model) -> Vec<Effect> {
    let now = model.shared.clock.steady_ms;
    model.soon.extract_if(.., |(due, _)| *due <= now).map(|(_, effect)| effect).collect()
}

/// Does something a moment later, if no burst or paste calls it off.
fn soon(model: &mut Model, effect: Effect) {
    model.soon.push((model.shared.clock.steady_ms + WAIT, effect));
}

/// A paste came: it has nowhere to type, and what its first bytes may have asked for is called off.
fn pasted(model: &mut Model) {
    let now = model.shared.clock.steady_ms;
    model.haste.paste(now);
    call_off(model, now.saturating_sub(WAIT));
    model.say(notices::told(Told::Pasted), Meaning::Warning);
}

/// Takes back what was asked for since a moment; whether there was anything.
fn call_off(model: &mut Model, since: u64) -> bool {
    let mut any = !model.soon.is_empty();
    for (_, effect) in std::mem::take(&mut model.soon) {
        if let Effect::Act(action) = effect {
            model.shared.pending.retain(|pending| *pending != action);
        }
    }
    if let Some(Overlay::Confirm(ask)) = &model.overlay
        && ask.since >= since
    {
        model.overlay = None;
        any = true;
    }
    any
}

/// Goes to where the last visit ended.
fn go_on(model: &mut Model, visit: Visit) {
    model.shared.screen = visit.screen;
    model.jobs.all = visit.all_jobs;
    let there = |id| model.shared.snapshot.is_none() || model.shared.chain_of(id).is_some();
    if visit.chain.as_ref().is_some_and(there) {
        model.shared.selected = visit.chain;
    }
}

/// Where this visit is.
pub(crate) fn visit(model: &Model) -> Visit {
    Visit { screen: model.shared.screen, chain: model.shared.selected.clone(), all_jobs: model.jobs.all }
}
