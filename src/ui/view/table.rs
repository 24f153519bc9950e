//! The table of the months: columns that fit, rows with their failures in words.

use std::ops::Range;

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::pen::{Pen, mark_selected};
use crate::campaign::actions::ActionKind;
use crate::campaign::snapshot::{ChainState, ChainView};
use crate::quantity::Unit;
use crate::ui::model::Model;
use crate::ui::theme::Meaning;
use crate::ui::{scroll, text};
use crate::words;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Month,
    State,
    Progress,
    Done,
    Link,
    Node,
    Checkpoint,
    CheckpointWithAge,
    Ends,
}

use Column::{Checkpoint, CheckpointWithAge, Done, Ends, Link, Month, Node, Progress, State};

/// From the fullest set to the barest; the first that fits is drawn.
const SETS: [&[Column]; 7] = [
    &[Month, State, Progress, Done, Link, Node, CheckpointWithAge, Ends],
    &[Month, State, Progress, Done, Link, Node, Checkpoint, Ends],
    &[Month, State, Progress, Link, Node, Checkpoint, Ends],
    &[Month, State, Progress, Node, Ends],
    &[Month, State, Progress, Ends],
    &[Month, State, Progress],
    &[Month, Progress],
];

/// The progress bar is drawn up to this width.
const WIDEST_BAR: usize = 24;
const PERCENT: usize = 6;
const POINTER: usize = 2;

impl Column {
    fn title(self) -> &'static str {
        match self {
            Month => "month",
            State => "state",
            Progress => "progress",
            Done => "done",
            Link => "link",
            Node => "node",
            Checkpoint | CheckpointWithAge => "saved",
            Ends => "ends in",
        }
    }

    /// Its least width.
    fn width(self) -> usize {
        match self {
            Month => 9,
            State | Progress => 14,
            Done | Node | Ends => 11,
            Link => 4,
            Checkpoint => 7,
            CheckpointWithAge => 18,
        }
    }

    fn right_aligned(self) -> bool {
        matches!(self, Done | Link | Checkpoint | CheckpointWithAge | Ends)
    }
}

/// The columns drawn in `room` columns, with their widths; what is left over goes to the progress bar.
fn fitted(room: usize) -> Vec<(Column, usize)> {
    let least = |set: &[Column]| POINTER + set.iter().map(|c| c.width() + 1).sum::<usize>();
    let set = SETS.iter().find(|set| least(set) <= room).copied().unwrap_or(&[Month]);
    let spare = room.saturating_sub(least(set)).min(WIDEST_BAR + PERCENT - Progress.width());
    set.iter().map(|&c| (c, c.width() + if c == Progress { spare } else { 0 })).collect()
}

/// The table's lines in `room` columns and at most `height` rows: title, then rows with the selected one visible.
pub(super) fn lines(model: &Model, pen: Pen, room: usize, height: usize) -> Vec<Line<'static>> {
    let columns = fitted(room);
    let mut title = vec![Span::raw(" ".repeat(POINTER))];
    for &(column, width) in &columns {
        // Who counts only tiles reads so.
        let tiles = column == Done && model.chains().iter().all(|chain| chain.unit.is_tiles());
        let text = aligned(column, if tiles { "tiles" } else { column.title() }, width, pen);
        title.push(pen.span(Meaning::Muted, format!("{text} ")));
    }
    let mut rows = Vec::new();
    let mut selected = 0..0;
    for (at, chain) in model.chains().iter().enumerate() {
        let from = rows.len();
        let chosen = Some(&chain.id) == model.selected.as_ref();
        rows.push((at, row(model, chain, chosen, &columns, room, pen)));
        rows.extend(failure(chain, chosen, pen, room).into_iter().map(|line| (at, line)));
        if chosen {
            selected = from..rows.len();
        }
    }
    let height = height.saturating_sub(1);
    let mut lines = vec![Line::from(title)];
    lines.extend(window(model, rows, &selected, height, pen));
    lines
}

/// The rows that fit, each with the number of its month, the selected month among them; what is left out above and below
/// is counted in months.
fn window(
    model: &Model,
    rows: Vec<(usize, Line<'static>)>,
    selected: &Range<usize>,
    height: usize,
    pen: Pen,
) -> Vec<Line<'static>> {
    let (len, months) = (rows.len(), model.chains().len());
    let fits = len <= height || height < 3;
    let (above, below) = match height {
        _ if fits => (false, false),
        _ if selected.end < height => (false, true),
        _ if len - selected.start < height => (true, false),
        _ => (true, true),
    };
    let room = height - usize::from(above) - usize::from(below);
    let first = match (above, below) {
        (false, true) => 0,
        (true, false) => len - room,
        _ => scroll::first_visible(selected.start, len, room).max(selected.end.saturating_sub(room)),
    };
    // A month's lines are not shown without its row.
    let begins = |at: &usize| *at == 0 || rows.get(at - 1).map(|row| row.0) != rows.get(*at).map(|row| row.0);
    let first = (first.min(selected.start)..=selected.start).find(begins).unwrap_or(selected.start);
    let shown: Vec<(usize, Line<'static>)> = rows.into_iter().skip(first).take(room).collect();
    let before = shown.first().map_or(0, |(month, _)| *month);
    let after = months.saturating_sub(shown.last().map_or(0, |(month, _)| month + 1));
    let more = |months: usize, way: &str| {
        (months > 0).then(|| pen.line(Meaning::Muted, format!("  {months} more {way}")))
    };
    let (top, bottom) = (more(before, "above"), more(after, "below"));
    top.into_iter().chain(shown.into_iter().map(|(_, line)| line)).chain(bottom).collect()
}

/// Rows that the whole table takes.
pub(super) fn height(model: &Model, pen: Pen, room: usize) -> usize {
    1 + model.chains().iter().map(|c| 1 + failure(c, false, pen, room).len()).sum::<usize>()
}

fn aligned(column: Column, content: &str, width: usize, pen: Pen) -> String {
    if column.right_aligned() {
        text::right(content, width, pen.glyphs)
    } else {
        text::left(content, width, pen.glyphs)
    }
}

fn row(
    model: &Model,
    chain: &ChainView,
    chosen: bool,
    columns: &[(Column, usize)],
    room: usize,
    pen: Pen,
) -> Line<'static> {
    let pointer = if chosen { pen.glyphs.pointer } else { " " };
    let mut line = Line::from(vec![pen.span(Meaning::Key, format!("{pointer} "))]);
    for &(column, width) in columns {
        if column == Progress {
            // What has no whole has no bar: it is said once.
            let bare = columns.iter().all(|(other, _)| *other != Done);
            line.spans.extend(progress(chain, width, bare, pen));
        } else {
            let (meaning, content) = cell(model, chain, column, pen);
            line.spans.push(pen.span(meaning, aligned(column, &content, width, pen)));
        }
        line.spans.push(Span::raw(" "));
    }
    if chosen {
        mark_selected(&mut line, room);
        // A bar that is turned round reads as its opposite: it stays as it is.
        for span in line.spans.iter_mut().filter(|span| is_bar(span, pen)) {
            span.style = span.style.remove_modifier(Modifier::REVERSED);
        }
    }
    line
}

/// Whether a piece of a row is a part of a progress bar.
fn is_bar(span: &Span<'_>, pen: Pen) -> bool {
    let parts = || pen.glyphs.bar.iter().chain([&pen.glyphs.bar_empty]);
    let part = |c: char| parts().any(|p| p.chars().eq([c]));
    !span.content.is_empty() && span.content.chars().all(part)
}

fn cell(model: &Model, chain: &ChainView, column: Column, pen: Pen) -> (Meaning, String) {
    match column {
        Month => (Meaning::Title, words::months(&chain.months, pen.glyphs)),
        State => {
            let sign = words::sign(chain.state, pen.glyphs);
            (meaning_of(chain.state), format!("{sign} {}", words::state(chain)))
        }
        Progress => (Meaning::Base, String::new()),
        Done if chain.total == 0 && (chain.unit.is_tiles() || chain.tiles == 0) => {
            (Meaning::Muted, String::new())
        }
        // The bar says it.
        Done if chain.unit == Unit::Percent => (Meaning::Muted, String::new()),
        Done => (Meaning::Base, chain.unit.short(chain.tiles, chain.total)),
        Link => (Meaning::Base, chain.links.last().map_or_else(String::new, |l| l.link.to_string())),
        Node => (Meaning::Base, node(chain, pen)),
        Checkpoint => {
            (Meaning::Base, words::last_good(chain).map_or_else(String::new, |g| words::bytes(g.bytes)))
        }
        CheckpointWithAge => (Meaning::Base, checkpoint(model, chain)),
        // Of a month that is not heard of nobody knows when it ends.
        Ends if chain.state == ChainState::Silent => (Meaning::Warning, "?".to_owned()),
        Ends => (Meaning::Base, chain.eta.map_or_else(String::new, words::duration)),
    }
}

/// What colour a state has.
pub(super) fn meaning_of(state: ChainState) -> Meaning {
    match state {
        ChainState::Planned => Meaning::Muted,
        ChainState::Waiting => Meaning::Base,
        ChainState::Running | ChainState::Between => Meaning::Active,
        ChainState::SubmissionUnknown | ChainState::Silent | ChainState::Stopped => Meaning::Warning,
        ChainState::Failed => Meaning::Bad,
        ChainState::Complete => Meaning::Good,
    }
}

/// The node now and how often it changed: `node-2 ↷2`.
fn node(chain: &ChainView, pen: Pen) -> String {
    let now = matches!(chain.state, ChainState::Running | ChainState::Silent | ChainState::Between);
    let name = if now { super::details::node_now(chain).map(short_host) } else { None };
    let hops = if chain.hops > 0 { format!("{}{}", pen.glyphs.hop, chain.hops) } else { String::new() };
    match (name, hops.is_empty()) {
        (Some(name), true) => name.to_owned(),
        (Some(name), false) => {
            // The count of hops must stay readable beside a long name.
            let room = Node.width().saturating_sub(text::width(&hops) + 1);
            format!("{} {hops}", text::cut(name, room, pen.glyphs))
        }
        (None, _) => hops,
    }
}

/// A host name without its domain.
pub(super) fn short_host(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

fn checkpoint(model: &Model, chain: &ChainView) -> String {
    let Some(last) = words::last_good(chain) else { return String::new() };
    let age = words::seconds_between(last.sealed_ms, model.clock.wall_ms);
    format!("{}, {} ago", words::bytes(last.bytes), words::short_duration(age))
}

fn progress(chain: &ChainView, width: usize, bare: bool, pen: Pen) -> Vec<Span<'static>> {
    let bar = width.saturating_sub(PERCENT);
    let Some(percent) = words::percent(chain.tiles, chain.total) else {
        let said = if bare { words::done(chain) } else { String::new() };
        return vec![pen.span(Meaning::Muted, text::left(&said, width, pen.glyphs))];
    };
    let meaning = match chain.state {
        ChainState::Complete => Meaning::Good,
        ChainState::Failed => Meaning::Bad,
        ChainState::Stopped | ChainState::Silent => Meaning::Warning,
        _ => Meaning::Active,
    };
    let (full, empty) = bar_text(chain.tiles, chain.total, bar, pen);
    vec![
        pen.span(meaning, full),
        pen.span(Meaning::Muted, empty),
        pen.span(Meaning::Base, text::right(&format!("{percent} %"), PERCENT, pen.glyphs)),
    ]
}

/// The full and the empty part of a bar, together `columns` wide.
fn bar_text(done: u64, total: u64, columns: usize, pen: Pen) -> (String, String) {
    let steps = pen.glyphs.bar;
    let parts = u128::from(done.min(total)) * (columns * steps.len()) as u128 / u128::from(total.max(1));
    let parts = usize::try_from(parts).unwrap_or(0);
    let (whole, rest) = (parts / steps.len().max(1), parts % steps.len().max(1));
    let mut full = steps.last().unwrap_or(&"#").repeat(whole);
    let mut used = whole;
    if let Some(step) = rest.checked_sub(1).and_then(|i| steps.get(i)) {
        full.push_str(step);
        used += 1;
    }
    (full, pen.glyphs.bar_empty.repeat(columns.saturating_sub(used)))
}

/// Why a month failed, under its row, and what to press.
fn failure(chain: &ChainView, chosen: bool, pen: Pen, room: usize) -> Vec<Line<'static>> {
    if chain.state != ChainState::Failed {
        return Vec::new();
    }
    let indent = POINTER + 2;
    let columns = room.saturating_sub(indent).max(1);
    let said = match &chain.failure {
        Some(failure) => format!("{}: {}", failure.class, failure.cause),
        None => "no cause is known".to_owned(),
    };
    let mut lines = pen.wrapped(Meaning::Bad, &said, columns, 2);
    // The key acts on the selected month: said of another, it would be a trap.
    let name = words::months(&chain.months, pen.glyphs);
    let unless_chosen = Some(name.as_str()).filter(|_| !chosen);
    lines.push(
        pen.with_key(ActionKind::Resubmit, |key| words::notices::resubmit_by(key, chain, unless_chosen)),
    );
    for line in &mut lines {
        line.spans.insert(0, Span::raw(" ".repeat(indent)));
    }
    lines
}
