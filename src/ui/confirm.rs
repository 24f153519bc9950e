//! The questions before actions that cost something.

use super::model::{Ask, Model};
use crate::campaign::actions::{Action, ActionKind, Asks};
use crate::words::actions::{self, Question};

/// The question before an action on the selected month; `None` for one that needs none.
pub(crate) fn question(model: &Model, kind: ActionKind) -> Option<Ask> {
    let chain = model.shared.chain()?;
    let question = actions::question(kind, chain, &model.shared.name(chain))?;
    Some(ask(model, question, vec![kind.on(chain.id.clone())], kind.row().asks == Asks::Typed))
}

/// The question before all planned months are submitted; `None` where there are none.
pub(crate) fn submit_all(model: &Model) -> Option<Ask> {
    let planned = || model.shared.planned();
    planned().next()?;
    let names: Vec<String> = planned().map(|chain| model.shared.name(chain)).collect();
    let actions = planned().map(|chain| ActionKind::Submit.on(chain.id.clone())).collect();
    Some(ask(model, actions::submit_all(&names), actions, false))
}

fn ask(model: &Model, question: Question, actions: Vec<Action>, typed: bool) -> Ask {
    let Question { asked, details } = question;
    Ask { actions, question: asked, details, typed, since: model.shared.clock.steady_ms }
}
