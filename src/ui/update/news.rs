//! What a new reading and the end of an action tell, and how long that stands.

use crate::campaign::actions::{Action, possible};
use crate::campaign::snapshot::{ChainState, Snapshot};
use crate::ui::model::{About, Announcement, Ask, Model, Overlay};
use crate::ui::theme::Meaning;
use crate::words::notices::{self, Told};
use crate::words::{self, actions};

/// How long a notice stands, milliseconds; one of something that failed, longer.
const NOTICED: u64 = 60_000;
const FAILURE_NOTICED: u64 = 600_000;

/// Forgets the notice that has stood long enough, or whose subject is over.
pub(super) fn forget(model: &mut Model) {
    if model.notice.as_ref().is_some_and(|notice| is_over(model, notice)) {
        model.notice = None;
    }
}

fn is_over(model: &Model, notice: &Announcement) -> bool {
    let age = model.shared.clock.steady_ms.saturating_sub(notice.at.steady_ms);
    let over = match &notice.about {
        About::State(id, state) => model.shared.chain_of(id).is_some_and(|chain| chain.state != *state),
        About::Action | About::Moment => false,
    };
    let stands = match notice.meaning {
        // It ends with what is under way.
        Meaning::Active => return over || model.shared.pending.is_empty(),
        Meaning::Bad => FAILURE_NOTICED,
        _ => NOTICED,
    };
    over || age > stands
}

/// Takes a reading of the campaign.
pub(super) fn take_snapshot(model: &mut Model, snapshot: Snapshot) {
    let news = news(model, &snapshot);
    let before = model.shared.snapshot.as_ref();
    let answers_again =
        before.is_some_and(|before| before.cluster.error.is_some()) && snapshot.cluster.error.is_none();
    // What failed while the batch system was mute is no news any more once it answers; it stays on its page.
    if answers_again && model.notice.as_ref().is_some_and(|n| n.about == About::Action) {
        model.notice = None;
    }
    model.map.keep(&snapshot);
    let known = |id| snapshot.chains.iter().any(|c| Some(&c.id) == id);
    if !known(model.shared.selected.as_ref()) {
        let needs = |wanted: &[ChainState]| snapshot.chains.iter().find(|c| wanted.contains(&c.state));
        model.shared.selected = needs(&[ChainState::Failed])
            .or_else(|| needs(&[ChainState::Running, ChainState::Silent, ChainState::Between]))
            .or_else(|| snapshot.chains.first())
            .map(|c| c.id.clone());
    }
    model.shared.snapshot = Some(snapshot);
    model.shared.read_at = model.shared.clock.steady_ms;
    model.shared.refresh_error = None;
    if let Some((text, meaning, about)) = news {
        model.say_about(text, meaning, about);
    }
    // A question about a chain that went on meanwhile is no longer the question.
    if let Some(Overlay::Confirm(ask)) = &model.overlay
        && !still_fits(model, ask)
    {
        model.overlay = None;
        model.say(notices::told(Told::QuestionGone), Meaning::Warning);
    }
}

fn still_fits(model: &Model, ask: &Ask) -> bool {
    model.shared.snapshot.as_ref().is_some_and(|snapshot| {
        ask.actions.iter().any(|action| {
            let chain = model.shared.chain_of(&action.chain);
            chain.is_some_and(|chain| possible(action.kind, chain, &snapshot.access).is_ok())
        })
    })
}

/// What a person should hear of although the month may not be selected.
fn news(model: &Model, snapshot: &Snapshot) -> Option<(String, Meaning, About)> {
    let before = model.shared.snapshot.as_ref()?;
    if snapshot.complete && !before.complete {
        let said = notices::all_there(words::is_of_programs(&snapshot.chains));
        return Some((said, Meaning::Good, About::Moment));
    }
    snapshot.chains.iter().find_map(|chain| {
        let was = before.chains.iter().find(|c| c.id == chain.id)?.state;
        if was == chain.state {
            return None;
        }
        let meaning = match chain.state {
            ChainState::Failed => Meaning::Bad,
            ChainState::Silent => Meaning::Warning,
            _ => Meaning::Good,
        };
        let said = notices::news(chain, &model.shared.name(chain))?;
        Some((said, meaning, About::State(chain.id.clone(), chain.state)))
    })
}

/// An action ended.
pub(super) fn acted(model: &mut Model, action: &Action, result: Result<String, String>) {
    if let Some(at) = model.shared.pending.iter().position(|a| a == action) {
        model.shared.pending.remove(at);
    }
    match result {
        Ok(done) => {
            model.trouble = None;
            model.say_about(done, Meaning::Good, About::Action);
        }
        Err(why) => {
            let text = actions::failed(action.kind, &model.shared.name_of(&action.chain), &why);
            model.trouble = Some(text.clone());
            model.say_about(text, Meaning::Bad, About::Action);
        }
    }
}
