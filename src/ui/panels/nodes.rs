//! The nodes, and what runs on them.

use ratatui::text::Line;

use crate::batch::NodeState;
use crate::campaign::snapshot::{NodeView, Snapshot};
use crate::ui::pen::Pen;
use crate::ui::shared::Shared;
use crate::ui::text;
use crate::ui::theme::Meaning;
use crate::words::{Label, label, screens};

/// A host name without its domain.
pub(crate) fn short_host(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// A node a line: name, state, what runs on it. At most `most`; the last then says how many are left out.
pub(crate) fn lines(
    shared: &Shared,
    nodes: &[NodeView],
    pen: Pen,
    columns: usize,
    most: usize,
) -> Vec<Line<'static>> {
    let name_width =
        nodes.iter().map(|n| text::width(short_host(&n.name))).max().unwrap_or(0).min(columns / 3);
    let mut lines: Vec<Line<'static>> = nodes
        .iter()
        .map(|node| {
            let name = text::left(short_host(&node.name), name_width, pen.glyphs);
            let mut spans = vec![pen.span(Meaning::Base, format!(" {name}  "))];
            let state = text::left(node.state.word(), 10, pen.glyphs);
            spans.push(pen.span(meaning_of(&node.state), state));
            let load = load(shared, node);
            let meaning = if node.chains.is_empty() { Meaning::Muted } else { Meaning::Active };
            spans.push(pen.span(meaning, format!(" {load}")));
            Line::from(spans)
        })
        .collect();
    if lines.len() > most {
        lines.truncate(most.saturating_sub(1));
        let rest = nodes.len() - lines.len();
        lines.push(pen.line(Meaning::Muted, format!(" {}", screens::more_nodes(rest))));
    }
    lines
}

/// All nodes in one line.
pub(crate) fn in_a_line(shared: &Shared, snapshot: &Snapshot, pen: Pen) -> Line<'static> {
    let mut spans = vec![pen.span(Meaning::Muted, format!(" {} ", label(Label::NodesInALine)))];
    for (at, node) in snapshot.nodes.iter().enumerate() {
        if at > 0 {
            spans.push(pen.span(Meaning::Muted, format!(" {} ", pen.glyphs.dot)));
        }
        spans.push(pen.span(Meaning::Base, format!("{} ", short_host(&node.name))));
        let load = load(shared, node);
        let (meaning, said) = if load.is_empty() {
            (meaning_of(&node.state), node.state.word().to_owned())
        } else {
            (Meaning::Muted, load)
        };
        spans.push(pen.span(meaning, said));
    }
    Line::from(spans)
}

fn meaning_of(state: &NodeState) -> Meaning {
    match state {
        NodeState::Up => Meaning::Good,
        NodeState::Dead(_) => Meaning::Bad,
        NodeState::Lost(_) | NodeState::Other(_) => Meaning::Warning,
    }
}

fn load(shared: &Shared, node: &NodeView) -> String {
    match node.chains.as_slice() {
        [] if node.state.is_up() => screens::free().to_owned(),
        chains => chains.iter().map(|id| shared.name_of(id)).collect::<Vec<_>>().join(", "),
    }
}
