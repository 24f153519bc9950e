//! The selected month in words.

use ratatui::text::{Line, Span};

use super::pen::Pen;
use crate::campaign::event::listed;
use crate::campaign::snapshot::{ChainState, ChainView};
use crate::ui::model::Model;
use crate::ui::text;
use crate::ui::theme::Meaning;
use crate::words;

/// Columns of the labels.
const LABEL: usize = 12;

/// The node of the running link.
pub(super) fn node_now(chain: &ChainView) -> Option<&str> {
    chain.place().map(|(_, node)| node)
}

/// The panel's title.
pub(super) fn title(chain: &ChainView, pen: Pen) -> String {
    format!("{} {} {}", words::months(&chain.months, pen.glyphs), pen.glyphs.dot, words::state(chain))
}

/// All that is known, most important first, so that what does not fit below may be cut.
pub(super) fn lines(model: &Model, chain: &ChainView, pen: Pen, columns: usize) -> Vec<Line<'static>> {
    let mut facts: Vec<(&str, Meaning, String)> = Vec::new();
    if let Some(failure) = chain.failure.as_ref().filter(|_| chain.state == ChainState::Failed) {
        facts.push(("to do", Meaning::Warning, failure.hint.clone()));
    }
    if let Some(said) = words::explain(chain, model.clock.wall_ms) {
        facts.push(("state", Meaning::Base, said));
    }
    if chain.total > 0 || (!chain.unit.is_tiles() && chain.tiles > 0) {
        facts.push(("progress", Meaning::Base, progress(chain)));
    } else if chain.state == ChainState::Planned {
        facts.push(("progress", Meaning::Muted, words::notices::not_submitted()));
    }
    facts.extend(link(model, chain).map(|said| ("link", Meaning::Base, said)));
    facts.extend(checkpoint(model, chain).map(|said| ("checkpoint", Meaning::Base, said)));
    if let Some(margin) = chain.margin.as_ref().filter(|_| chain.state != ChainState::Complete) {
        facts.push(("is saved", Meaning::Base, words::margin(margin)));
    }
    if chain.attempts > 0 {
        facts.push(("submitted", Meaning::Base, submitted(chain)));
    }
    if !chain.maps.is_empty() {
        let label = if chain.unit.is_tiles() { "maps" } else { "outputs" };
        facts.push((label, Meaning::Good, maps(chain)));
    }
    facts.into_iter().flat_map(|(label, meaning, said)| fact(label, meaning, &said, pen, columns)).collect()
}

/// A label and its text, wrapped beside the label.
pub(super) fn fact(
    label: &str,
    meaning: Meaning,
    said: &str,
    pen: Pen,
    columns: usize,
) -> Vec<Line<'static>> {
    let room = columns.saturating_sub(LABEL + 1).max(1);
    let mut label = label;
    let mut lines = Vec::new();
    for line in pen.wrapped(meaning, said, room, 4) {
        let head = pen.span(Meaning::Muted, format!(" {}", text::left(label, LABEL, pen.glyphs)));
        let mut spans: Vec<Span<'static>> = vec![head];
        spans.extend(line.spans);
        lines.push(Line::from(spans));
        label = "";
    }
    lines
}

fn progress(chain: &ChainView) -> String {
    let unit = chain.unit;
    let mut said = if unit.is_tiles() {
        format!("{} of {}", chain.tiles, words::count(chain.total, "tile"))
    } else {
        unit.part(chain.tiles, chain.total)
    };
    if chain.sealed_tiles < chain.tiles && (unit.is_tiles() || !chain.generations.is_empty()) {
        let sealed = if unit.is_tiles() {
            format!("{} of them", chain.sealed_tiles)
        } else {
            unit.amount(chain.sealed_tiles)
        };
        said.push_str(&format!(", {sealed} in a checkpoint"));
    }
    if let Some(rate) = chain.tiles_per_minute.filter(|r| r.is_finite() && *r > 0.0) {
        said.push_str(&format!(", {}", unit.rate(rate)));
    }
    if let Some(phase) = chain.phase.filter(|_| chain.state == ChainState::Running) {
        said.push_str(", ");
        said.push_str(words::states::phase(phase, chain.unit));
    }
    said
}

fn link(model: &Model, chain: &ChainView) -> Option<String> {
    let link = chain.links.last()?;
    let length = |until| words::duration(words::seconds_between(link.started_ms, until));
    let running = matches!(chain.state, ChainState::Running | ChainState::Silent);
    let time = match link.ended_ms {
        Some(ended) => format!("ran {}", length(ended)),
        None if running => format!("for {}", length(model.clock.wall_ms)),
        None => "was killed".to_owned(),
    };
    let mut said = format!("{} (job {}) on {}, {time}", link.link, link.job_id, link.node);
    if let Some((None, node)) = chain.place() {
        said = format!("the next one begins on {node}; the last, {said}");
    }
    let before = chain.links.iter().rev().nth(1);
    if let Some(before) = before.filter(|_| link.hop) {
        said.push_str(&format!(", hopped from {}", before.node));
    }
    if let Some(resumed) = &link.resumed {
        said.push_str(&format!(", {resumed}"));
    }
    Some(said)
}

fn checkpoint(model: &Model, chain: &ChainView) -> Option<String> {
    let last = words::last_good(chain)?;
    let age = words::duration(words::seconds_between(last.sealed_ms, model.clock.wall_ms));
    let tiles = last.unit.amount(last.tiles);
    let damaged = chain.generations.iter().filter(|g| g.damage.is_some()).count() as u64;
    let passed_over = match damaged {
        0 => String::new(),
        n => format!("; {} passed over (screen Jobs)", words::count(n, "damaged one")),
    };
    let class =
        last.processors.as_ref().map_or_else(String::new, |class| format!(", for processors of {class}"));
    Some(format!(
        "generation {}, {}, {tiles}, {age} ago{class}{passed_over}",
        last.number,
        words::bytes(last.bytes)
    ))
}

fn submitted(chain: &ChainView) -> String {
    let ours = words::count(chain.attempts.into(), "time");
    let theirs = words::count(chain.resubmissions.into(), "time");
    let hops = words::count(chain.hops.into(), "hop");
    let without = match chain.left_out.as_slice() {
        [] => String::new(),
        nodes => format!("; not on {}, where the program does not fit", listed(nodes)),
    };
    format!("{ours} by us, {theirs} by the batch system; {hops} between nodes{without}")
}

fn maps(chain: &ChainView) -> String {
    let bytes = chain.maps.iter().map(|m| m.bytes).sum::<u64>();
    let names: Vec<String> = chain
        .maps
        .iter()
        .map(|m| m.path.file_name().unwrap_or(m.path.as_os_str()).to_string_lossy().into_owned())
        .collect();
    format!("{}, {}: {}", words::count(names.len() as u64, "file"), words::bytes(bytes), names.join(", "))
}
