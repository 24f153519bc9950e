//! The table of the months: columns that fit, rows with their failures in words.

use std::ops::Range;

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::cells::{Column, POINTER, cell, fitted, is_bar, progress};
use crate::campaign::actions::ActionKind;
use crate::campaign::snapshot::{ChainState, ChainView};
use crate::ui::pen::{Pen, mark_selected};
use crate::ui::shared::Shared;
use crate::ui::theme::Meaning;
use crate::ui::{scroll, text};
use crate::words::{self, Label, label, screens};

/// The table's lines in `room` columns and at most `height` rows: title, then rows with the selected one visible.
pub(super) fn lines(shared: &Shared, pen: Pen, room: usize, height: usize) -> Vec<Line<'static>> {
    let columns = fitted(room);
    let mut title = vec![Span::raw(" ".repeat(POINTER))];
    for &(column, width) in &columns {
        // Who counts only tiles reads so.
        let tiles = column == Column::Done && shared.chains().iter().all(|chain| chain.unit.is_tiles());
        let text = aligned(column, label(if tiles { Label::Tiles } else { column.title() }), width, pen);
        title.push(pen.span(Meaning::Muted, format!("{text} ")));
    }
    let mut rows = Vec::new();
    let mut selected = 0..0;
    for (at, chain) in shared.chains().iter().enumerate() {
        let from = rows.len();
        let chosen = Some(&chain.id) == shared.selected.as_ref();
        rows.push((at, row(shared, chain, chosen, &columns, room, pen)));
        rows.extend(failure(shared, chain, chosen, pen, room).into_iter().map(|line| (at, line)));
        if chosen {
            selected = from..rows.len();
        }
    }
    let height = height.saturating_sub(1);
    let mut lines = vec![Line::from(title)];
    lines.extend(window(shared, rows, &selected, height, pen));
    lines
}

/// The rows that fit, each with the number of its month, the selected month among them; what is left out above and below
/// is counted in months.
fn window(
    shared: &Shared,
    rows: Vec<(usize, Line<'static>)>,
    selected: &Range<usize>,
    height: usize,
    pen: Pen,
) -> Vec<Line<'static>> {
    let (len, months) = (rows.len(), shared.chains().len());
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
    let more = |months: usize, told: fn(usize) -> String| {
        (months > 0).then(|| pen.line(Meaning::Muted, format!("  {}", told(months))))
    };
    let (top, bottom) = (more(before, screens::more_above), more(after, screens::more_below));
    top.into_iter().chain(shown.into_iter().map(|(_, line)| line)).chain(bottom).collect()
}

/// Rows that the whole table takes.
pub(super) fn height(shared: &Shared, pen: Pen, room: usize) -> usize {
    1 + shared.chains().iter().map(|c| 1 + failure(shared, c, false, pen, room).len()).sum::<usize>()
}

fn aligned(column: Column, content: &str, width: usize, pen: Pen) -> String {
    if column.right_aligned() {
        text::right(content, width, pen.glyphs)
    } else {
        text::left(content, width, pen.glyphs)
    }
}

fn row(
    shared: &Shared,
    chain: &ChainView,
    chosen: bool,
    columns: &[(Column, usize)],
    room: usize,
    pen: Pen,
) -> Line<'static> {
    let pointer = if chosen { pen.glyphs.pointer } else { " " };
    let mut line = Line::from(vec![pen.span(Meaning::Key, format!("{pointer} "))]);
    for &(column, width) in columns {
        if column == Column::Progress {
            // What has no whole has no bar: it is said once.
            let bare = columns.iter().all(|(other, _)| *other != Column::Done);
            line.spans.extend(progress(chain, width, bare, pen));
        } else {
            let (meaning, content) = cell(shared, chain, column, pen);
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

/// Why a month failed, under its row, and what to press.
fn failure(shared: &Shared, chain: &ChainView, chosen: bool, pen: Pen, room: usize) -> Vec<Line<'static>> {
    if chain.state != ChainState::Failed {
        return Vec::new();
    }
    let indent = POINTER + 2;
    let columns = room.saturating_sub(indent).max(1);
    let mut lines = pen.wrapped(Meaning::Bad, &words::details::failure(chain), columns, 2);
    // The key acts on the selected month: said of another, it would be a trap.
    let name = shared.name(chain);
    let unless_chosen = Some(name.as_str()).filter(|_| !chosen);
    lines.push(
        pen.with_key(ActionKind::Resubmit, |key| words::notices::resubmit_by(key, chain, unless_chosen)),
    );
    for line in &mut lines {
        line.spans.insert(0, Span::raw(" ".repeat(indent)));
    }
    lines
}
