//! The columns of the months' table, and what stands in them.

use ratatui::text::Span;

use crate::campaign::snapshot::{ChainState, ChainView};
use crate::quantity::Unit;
use crate::ui::panels::month::meaning_of;
use crate::ui::panels::nodes::short_host;
use crate::ui::pen::Pen;
use crate::ui::shared::Shared;
use crate::ui::text;
use crate::ui::theme::Meaning;
use crate::words::{self, Label};

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
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
/// Columns of the percentage after a bar.
pub(super) const PERCENT: usize = 6;
/// Columns of the pointer before a row.
pub(super) const POINTER: usize = 2;

impl Column {
    /// Its head.
    pub(super) fn title(self) -> Label {
        match self {
            Month => Label::Month,
            State => Label::State,
            Progress => Label::Progress,
            Done => Label::Done,
            Link => Label::Link,
            Node => Label::Node,
            Checkpoint | CheckpointWithAge => Label::Saved,
            Ends => Label::EndsIn,
        }
    }

    /// Its least width.
    pub(super) fn width(self) -> usize {
        match self {
            Month => 9,
            State | Progress => 14,
            Done | Node | Ends => 11,
            Link => 4,
            Checkpoint => 7,
            CheckpointWithAge => 18,
        }
    }

    /// Whether it is aligned on its right.
    pub(super) fn right_aligned(self) -> bool {
        matches!(self, Done | Link | Checkpoint | CheckpointWithAge | Ends)
    }
}

/// The columns drawn in `room` columns, with their widths; what is left over goes to the progress bar.
pub(super) fn fitted(room: usize) -> Vec<(Column, usize)> {
    let least = |set: &[Column]| POINTER + set.iter().map(|c| c.width() + 1).sum::<usize>();
    let set = SETS.iter().find(|set| least(set) <= room).copied().unwrap_or(&[Month]);
    let spare = room.saturating_sub(least(set)).min(WIDEST_BAR + PERCENT - Progress.width());
    set.iter().map(|&c| (c, c.width() + if c == Progress { spare } else { 0 })).collect()
}

pub(super) fn cell(shared: &Shared, chain: &ChainView, column: Column, pen: Pen) -> (Meaning, String) {
    match column {
        Month => (Meaning::Title, shared.name(chain)),
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
        CheckpointWithAge => (Meaning::Base, checkpoint(shared, chain)),
        // Of a month that is not heard of nobody knows when it ends.
        Ends if chain.state == ChainState::Silent => (Meaning::Warning, "?".to_owned()),
        Ends => (Meaning::Base, chain.eta.map_or_else(String::new, words::duration)),
    }
}

/// The node now and how often it changed: `node-2 ↷2`.
fn node(chain: &ChainView, pen: Pen) -> String {
    let now = matches!(chain.state, ChainState::Running | ChainState::Silent | ChainState::Between);
    let name = if now { chain.place().map(|(_, node)| short_host(node)) } else { None };
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

fn checkpoint(shared: &Shared, chain: &ChainView) -> String {
    let Some(last) = words::last_good(chain) else { return String::new() };
    let age = words::seconds_between(last.sealed_ms, shared.clock.wall_ms);
    words::details::saved(last.bytes, age)
}

pub(super) fn progress(chain: &ChainView, width: usize, bare: bool, pen: Pen) -> Vec<Span<'static>> {
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

/// Whether a piece of a row is a part of a progress bar.
pub(super) fn is_bar(span: &Span<'_>, pen: Pen) -> bool {
    let parts = || pen.glyphs.bar.iter().chain([&pen.glyphs.bar_empty]);
    let part = |c: char| parts().any(|p| p.chars().eq([c]));
    !span.content.is_empty() && span.content.chars().all(part)
}
