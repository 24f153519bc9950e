//! The questions before actions that cost something.

use super::model::{Ask, Model};
use crate::campaign::actions::{Action, ActionKind, Asks};
use crate::campaign::snapshot::ChainView;
use crate::words;
use crate::words::actions::{self, Question};

/// The question before an action on the selected month; `None` for one that needs none.
pub(crate) fn question(model: &Model, kind: ActionKind) -> Option<Ask> {
    let chain = model.chain()?;
    let question = actions::question(kind, chain, &words::months(&chain.months, model.glyphs))?;
    Some(ask(model, question, vec![kind.on(chain.id.clone())], kind.row().asks == Asks::Typed))
}

/// The question before all planned months are submitted; `None` where there are none.
pub(crate) fn submit_all(model: &Model) -> Option<Ask> {
    let planned: Vec<&ChainView> = model.planned().collect();
    if planned.is_empty() {
        return None;
    }
    let names: Vec<String> = planned.iter().map(|c| words::months(&c.months, model.glyphs)).collect();
    let actions = planned.iter().map(|c| ActionKind::Submit.on(c.id.clone())).collect();
    Some(ask(model, words::actions::submit_all(&names), actions, false))
}

fn ask(model: &Model, question: Question, actions: Vec<Action>, typed: bool) -> Ask {
    let Question { asked, details } = question;
    Ask { actions, question: asked, details, typed, since: model.clock.steady_ms }
}

/// What is said while an action is under way.
pub(crate) fn under_way(model: &Model, action: &Action) -> String {
    actions::under_way(action.kind, &name_of(model, action))
}

/// What is said when an action failed.
pub(crate) fn failed(model: &Model, action: &Action, why: &str) -> String {
    actions::failed(action.kind, &name_of(model, action), why)
}

fn name_of(model: &Model, action: &Action) -> String {
    let id = &action.chain;
    model.chain_of(id).map_or_else(|| id.to_string(), |c| words::months(&c.months, model.glyphs))
}
