//! The selected month in words.

use ratatui::text::{Line, Span};

use crate::campaign::snapshot::{ChainState, ChainView};
use crate::ui::pen::Pen;
use crate::ui::shared::Shared;
use crate::ui::text;
use crate::ui::theme::Meaning;
use crate::words::{self, Label, details, label, notices};

/// Columns of the labels.
const LABEL: usize = 12;

/// What colour a state has.
pub(crate) fn meaning_of(state: ChainState) -> Meaning {
    match state {
        ChainState::Planned => Meaning::Muted,
        ChainState::Waiting => Meaning::Base,
        ChainState::Running | ChainState::Between => Meaning::Active,
        ChainState::SubmissionUnknown | ChainState::Silent | ChainState::Stopped => Meaning::Warning,
        ChainState::Failed => Meaning::Bad,
        ChainState::Complete => Meaning::Good,
    }
}

/// The panel's title.
pub(crate) fn title(shared: &Shared, chain: &ChainView, pen: Pen) -> String {
    format!("{} {} {}", shared.name(chain), pen.glyphs.dot, words::state(chain))
}

/// All that is known, most important first, so that what does not fit below may be cut.
pub(crate) fn lines(shared: &Shared, chain: &ChainView, pen: Pen, columns: usize) -> Vec<Line<'static>> {
    let now_ms = shared.clock.wall_ms;
    let mut facts: Vec<(Label, Meaning, String)> = Vec::new();
    if let Some(failure) = chain.failure.as_ref().filter(|_| chain.state == ChainState::Failed) {
        facts.push((Label::ToDo, Meaning::Warning, failure.hint.clone()));
    }
    facts.extend(words::explain(chain, now_ms).map(|said| (Label::State, Meaning::Base, said)));
    if chain.total > 0 || (!chain.unit.is_tiles() && chain.tiles > 0) {
        facts.push((Label::Progress, Meaning::Base, details::progress(chain)));
    } else if chain.state == ChainState::Planned {
        facts.push((Label::Progress, Meaning::Muted, notices::not_submitted()));
    }
    facts.extend(details::link(chain, now_ms).map(|said| (Label::Link, Meaning::Base, said)));
    facts.extend(details::checkpoint(chain, now_ms).map(|said| (Label::Checkpoint, Meaning::Base, said)));
    if let Some(margin) = chain.margin.as_ref().filter(|_| chain.state != ChainState::Complete) {
        facts.push((Label::IsSaved, Meaning::Base, words::margin(margin)));
    }
    if chain.attempts > 0 {
        facts.push((Label::Submitted, Meaning::Base, details::submitted(chain)));
    }
    if !chain.maps.is_empty() {
        let label = if chain.unit.is_tiles() { Label::Maps } else { Label::Outputs };
        facts.push((label, Meaning::Good, details::maps(chain)));
    }
    facts.into_iter().flat_map(|(label, meaning, said)| fact(label, meaning, &said, pen, columns)).collect()
}

/// A label and its text, wrapped beside the label.
pub(crate) fn fact(of: Label, meaning: Meaning, said: &str, pen: Pen, columns: usize) -> Vec<Line<'static>> {
    let room = columns.saturating_sub(LABEL + 1).max(1);
    let mut word = label(of);
    let mut lines = Vec::new();
    for line in pen.wrapped(meaning, said, room, 4) {
        let head = pen.span(Meaning::Muted, format!(" {}", text::left(word, LABEL, pen.glyphs)));
        let mut spans: Vec<Span<'static>> = vec![head];
        spans.extend(line.spans);
        lines.push(Line::from(spans));
        word = "";
    }
    lines
}
