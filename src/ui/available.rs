//! What can be done now, and why not: for the keys, the bar and the help.

use super::faces;
use super::model::Model;
use crate::campaign::actions::{ActionKind, possible};
use crate::keys::Command;
use crate::words::notices::{self, Idle};
use crate::words::{self, actions};

/// Whether a command can be done now; else why not, in words.
pub(crate) fn available(model: &Model, command: Command) -> Result<(), String> {
    let idle = |why| Err(notices::idle(why).to_owned());
    match command {
        Command::Act(kind) => act(model, kind),
        Command::SubmitAll => submit_all(model),
        Command::Errors if model.errors().is_empty() => idle(Idle::NothingWrong),
        Command::Events if model.shared.snapshot.as_ref().is_none_or(|s| s.history.is_empty()) => {
            idle(Idle::NothingHappened)
        }
        command => (faces::shown(model).available)(model, command).or_else(idle),
    }
}

fn act(model: &Model, kind: ActionKind) -> Result<(), String> {
    let shared = &model.shared;
    let snapshot = shared.snapshot.as_ref().ok_or(notices::idle(Idle::NotRead))?;
    let chain = shared.chain().ok_or(notices::idle(Idle::NoMonth))?;
    let name = words::months(&chain.months, shared.glyphs);
    if shared.pending.iter().any(|a| a.chain == chain.id) {
        return Err(actions::already_under_way(&name));
    }
    possible(kind, chain, &snapshot.access).map_err(|why| actions::why_not_of(&name, &why))
}

fn submit_all(model: &Model) -> Result<(), String> {
    let shared = &model.shared;
    let snapshot = shared.snapshot.as_ref().ok_or(notices::idle(Idle::NotRead))?;
    match (shared.read_only(), shared.planned().next()) {
        (Some(why), _) => Err(notices::read_only(why)),
        (None, None) => Err(notices::idle(Idle::NothingPlanned).to_owned()),
        (None, Some(planned)) => {
            possible(ActionKind::Submit, planned, &snapshot.access).map_err(|why| why.to_string())
        }
    }
}
