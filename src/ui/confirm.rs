//! The questions before actions that cost something.

use super::actions::Command;
use super::model::{Ask, Model};
use super::words;
use crate::campaign::controller::Action;
use crate::campaign::snapshot::ChainView;

/// The question before `command`; `None` for a command that needs none.
pub(crate) fn question(model: &Model, command: Command) -> Option<Ask> {
    if command == Command::SubmitAll {
        return submit_all(model);
    }
    let chain = model.chain()?;
    let name = words::months(&chain.months, model.glyphs);
    let id = chain.id.clone();
    Some(match command {
        Command::Submit => Ask {
            actions: vec![Action::Submit(id)],
            question: format!("Submit {name}?"),
            details: format!(
                "One job enters the queue; the batch system makes its followers until {}.",
                if chain.unit.is_tiles() { "the maps are there" } else { "the program has come to its end" }
            ),
            typed: false,
            since: model.clock.steady_ms,
        },
        Command::Resubmit => Ask {
            actions: vec![Action::Resubmit(id)],
            question: format!("Resubmit {name} {}?", words::resume_point(chain)),
            details: cause(chain),
            typed: false,
            since: model.clock.steady_ms,
        },
        Command::Stop => Ask {
            actions: vec![Action::Stop(id)],
            question: format!("Stop {name}?"),
            details: stop_details(chain),
            typed: true,
            since: model.clock.steady_ms,
        },
        _ => return None,
    })
}

fn submit_all(model: &Model) -> Option<Ask> {
    let planned: Vec<&ChainView> = model.planned().collect();
    if planned.is_empty() {
        return None;
    }
    let names: Vec<String> = planned.iter().map(|c| words::months(&c.months, model.glyphs)).collect();
    Some(Ask {
        actions: planned.iter().map(|c| Action::Submit(c.id.clone())).collect(),
        question: format!("Submit {}?", words::count(planned.len() as u64, "job")),
        details: names.join(", "),
        typed: false,
        since: model.clock.steady_ms,
    })
}

fn cause(chain: &ChainView) -> String {
    match &chain.failure {
        Some(failure) => format!("It failed ({}): {}", failure.class, failure.cause),
        None => "It was stopped.".to_owned(),
    }
}

fn stop_details(chain: &ChainView) -> String {
    let lost = chain.tiles.saturating_sub(chain.sealed_tiles);
    let job = chain.job.as_ref().map_or_else(String::new, |j| format!("Job {} is deleted. ", j.id));
    let kept = match words::last_good(chain) {
        Some(g) => format!("Generation {} with {} stays", g.number, g.unit.amount(g.tiles)),
        None => "There is no checkpoint yet".to_owned(),
    };
    let work = if lost == 0 {
        ".".to_owned()
    } else {
        let (what, are) = (chain.unit.amount(lost), chain.unit.is(lost));
        let them = if are == "is" { "it" } else { "them" };
        format!("; {what} computed since {are} lost. To keep {them}, press c first.")
    };
    format!("{job}{kept}{work}")
}

/// What is said while an action is under way.
pub(crate) fn under_way(model: &Model, action: &Action) -> String {
    let name = name_of(model, action);
    match action {
        Action::Submit(_) => format!("submitting {name}"),
        Action::Resubmit(_) => format!("resubmitting {name}"),
        Action::Checkpoint(_) => format!("asking {name} to checkpoint"),
        Action::Hold(_) => format!("holding {name}"),
        Action::Resume(_) => format!("resuming {name}"),
        Action::Stop(_) => format!("stopping {name}"),
    }
}

/// What is said when an action failed.
pub(crate) fn failed(model: &Model, action: &Action, why: &str) -> String {
    let verb = match action {
        Action::Submit(_) => "submitted",
        Action::Resubmit(_) => "resubmitted",
        Action::Checkpoint(_) => "checkpointed",
        Action::Hold(_) => "held",
        Action::Resume(_) => "resumed",
        Action::Stop(_) => "stopped",
    };
    format!("{} was not {verb}: {why}", name_of(model, action))
}

fn name_of(model: &Model, action: &Action) -> String {
    let id = action.chain();
    model.chain_of(id).map_or_else(|| id.to_string(), |c| words::months(&c.months, model.glyphs))
}
