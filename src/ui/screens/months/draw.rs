//! The first screen: all that a person needs.
//!
//! Wide: the table and the selected month on the left; its map as it fills, the nodes and what happened on the right.
//! Narrow: the same below each other, as far as there is room.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::table;
use crate::campaign::snapshot::Snapshot;
use crate::ui::panels::{events, month, nodes};
use crate::ui::pen::Pen;
use crate::ui::screens::map;
use crate::ui::shared::Shared;
use crate::words::{Label, label};

/// Rows kept for the selected month below a long table.
const DETAILS: usize = 6;

/// Draws it.
pub(crate) fn draw(
    shared: &Shared,
    pictures: &map::State,
    snapshot: &Snapshot,
    pen: Pen,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    if shared.is_wide() {
        let side = (area.width * 3 / 8).min(72);
        let left = Rect { width: area.width - side - 2, ..area };
        let right = Rect { x: area.x + left.width + 2, width: side, ..area };
        draw_left(shared, snapshot, pen, frame, left);
        draw_side(shared, pictures, snapshot, pen, frame, right);
    } else {
        draw_left(shared, snapshot, pen, frame, area);
    }
}

fn draw_left(shared: &Shared, snapshot: &Snapshot, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    let (room, rows) = (usize::from(area.width), usize::from(area.height));
    let needed = table::height(shared, pen, room);
    let kept = if rows >= 2 * DETAILS { DETAILS } else { 0 };
    let height = needed.min(rows - kept);
    let mut lines = table::lines(shared, pen, room, height);
    let wide = shared.is_wide();
    if wide && rows > height + 1 {
        lines.push(Line::default());
    }
    if let Some(chain) = shared.chain()
        && lines.len() + 1 < rows
    {
        lines.push(pen.rule(&month::title(shared, chain, pen), room));
        lines.extend(month::lines(shared, chain, pen, room));
    }
    lines.truncate(rows);
    let left = rows - lines.len();
    if wide {
        if left > 3 && !snapshot.history.is_empty() {
            lines.push(Line::default());
            lines.push(pen.rule(label(Label::Happened), room));
            lines.extend(events::last(shared, &snapshot.history, pen, room, left - 2));
        }
    } else {
        if left > 0 && !snapshot.nodes.is_empty() {
            lines.push(nodes::in_a_line(shared, snapshot, pen));
        }
        if left > 2 {
            lines.push(pen.rule(label(Label::Happened), room));
            lines.extend(events::last(shared, &snapshot.history, pen, room, left - 2));
        }
    }
    pen.put(frame, area, &lines);
}

/// The map, then the nodes.
fn draw_side(
    shared: &Shared,
    pictures: &map::State,
    snapshot: &Snapshot,
    pen: Pen,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let columns = usize::from(area.width);
    let shown = snapshot.nodes.len().min(usize::from(area.height) / 3);
    let lower = if shown == 0 { 0 } else { shown as u16 + 2 };
    let upper = Rect { height: area.height.saturating_sub(lower), ..area };
    map::draw(shared, pictures, pen, frame, upper);
    if shown > 0 {
        let mut lines = vec![Line::default(), pen.rule(label(Label::Nodes), columns)];
        lines.extend(nodes::lines(shared, &snapshot.nodes, pen, columns, shown));
        pen.put(frame, Rect { y: upper.bottom(), height: lower, ..area }, &lines);
    }
}
