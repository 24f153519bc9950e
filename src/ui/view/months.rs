//! The first screen: all that a person needs.
//!
//! Wide: the table and the selected month on the left; its map as it fills, the nodes and what happened on the right.
//! Narrow: the same below each other, as far as there is room.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pen::Pen;
use super::table::{self, short_host};
use super::{details, events, is_wide, map};
use crate::batch::NodeState;
use crate::campaign::snapshot::{NodeView, Snapshot};
use crate::ui::model::Model;
use crate::ui::theme::Meaning;
use crate::ui::{text, words};

/// Rows kept for the selected month below a long table.
const DETAILS: usize = 6;

/// Draws it.
pub(super) fn draw(model: &Model, snapshot: &Snapshot, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    if is_wide(model) {
        let side = (area.width * 3 / 8).min(72);
        let left = Rect { width: area.width - side - 2, ..area };
        let right = Rect { x: area.x + left.width + 2, width: side, ..area };
        draw_left(model, snapshot, pen, frame, left);
        draw_side(model, snapshot, pen, frame, right);
    } else {
        draw_left(model, snapshot, pen, frame, area);
    }
}

fn draw_left(model: &Model, snapshot: &Snapshot, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    let (room, rows) = (usize::from(area.width), usize::from(area.height));
    let needed = table::height(model, pen, room);
    let kept = if rows >= 2 * DETAILS { DETAILS } else { 0 };
    let height = needed.min(rows - kept);
    let mut lines = table::lines(model, pen, room, height);
    let wide = is_wide(model);
    if wide && rows > height + 1 {
        lines.push(Line::default());
    }
    if let Some(chain) = model.chain()
        && lines.len() + 1 < rows
    {
        lines.push(pen.rule(&details::title(chain, pen), room));
        lines.extend(details::lines(model, chain, pen, room));
    }
    lines.truncate(rows);
    let left = rows - lines.len();
    if wide {
        if left > 3 && !snapshot.history.is_empty() {
            lines.push(Line::default());
            lines.push(pen.rule("What happened", room));
            lines.extend(events::last(model, &snapshot.history, pen, room, left - 2));
        }
    } else {
        if left > 0 && !snapshot.nodes.is_empty() {
            lines.push(nodes_in_a_line(model, snapshot, pen));
        }
        if left > 2 {
            lines.push(pen.rule("What happened", room));
            lines.extend(events::last(model, &snapshot.history, pen, room, left - 2));
        }
    }
    pen.put(frame, area, &lines);
}

/// The map, then the nodes.
fn draw_side(model: &Model, snapshot: &Snapshot, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let nodes = snapshot.nodes.len().min(usize::from(area.height) / 3);
    let lower = if nodes == 0 { 0 } else { nodes as u16 + 2 };
    let upper = Rect { height: area.height.saturating_sub(lower), ..area };
    map::draw_panel(model, pen, frame, upper);
    if nodes > 0 {
        let mut lines = vec![Line::default(), pen.rule("Nodes", columns)];
        lines.extend(node_lines(model, &snapshot.nodes, pen, columns, nodes));
        pen.put(frame, Rect { y: upper.bottom(), height: lower, ..area }, &lines);
    }
}

/// A node a line: name, state, what runs on it. At most `most`; the last then says how many are left out.
pub(super) fn node_lines(
    model: &Model,
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
            spans.push(pen.span(node_meaning(node), text::left(node.state.word(), 10, pen.glyphs)));
            let load = load(model, node, pen);
            let meaning = if node.chains.is_empty() { Meaning::Muted } else { Meaning::Active };
            spans.push(pen.span(meaning, format!(" {load}")));
            Line::from(spans)
        })
        .collect();
    if lines.len() > most {
        lines.truncate(most.saturating_sub(1));
        let rest = nodes.len() - lines.len();
        lines.push(pen.line(Meaning::Muted, format!(" and {}", words::count(rest as u64, "more node"))));
    }
    lines
}

fn node_meaning(node: &NodeView) -> Meaning {
    match node.state {
        NodeState::Up => Meaning::Good,
        NodeState::Dead(_) => Meaning::Bad,
        NodeState::Lost(_) | NodeState::Other(_) => Meaning::Warning,
    }
}

fn load(model: &Model, node: &NodeView, pen: Pen) -> String {
    if node.chains.is_empty() {
        return if node.state.is_up() { "free".to_owned() } else { String::new() };
    }
    let name =
        |id| model.chain_of(id).map_or_else(|| id.to_string(), |c| words::months(&c.months, pen.glyphs));
    node.chains.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn nodes_in_a_line(model: &Model, snapshot: &Snapshot, pen: Pen) -> Line<'static> {
    let mut spans = vec![pen.span(Meaning::Muted, " nodes ")];
    for (at, node) in snapshot.nodes.iter().enumerate() {
        if at > 0 {
            spans.push(pen.span(Meaning::Muted, format!(" {} ", pen.glyphs.dot)));
        }
        spans.push(pen.span(Meaning::Base, format!("{} ", short_host(&node.name))));
        let load = load(model, node, pen);
        let (meaning, said) = if load.is_empty() {
            (node_meaning(node), node.state.word().to_owned())
        } else {
            (Meaning::Muted, load)
        };
        spans.push(pen.span(meaning, said));
    }
    Line::from(spans)
}
