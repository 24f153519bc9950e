//! What happened: on the first screen a line each, on its page in full.

use ratatui::text::{Line, Span};

use crate::campaign::snapshot::HistoryLine;
use crate::ui::pen::Pen;
use crate::ui::shared::Shared;
use crate::ui::text;
use crate::ui::theme::Meaning;
use crate::words;

/// Columns of a chain's name.
const NAME: usize = 10;

/// The last events, newest last, at most `most` lines.
pub(crate) fn last(
    shared: &Shared,
    history: &[HistoryLine],
    pen: Pen,
    columns: usize,
    most: usize,
) -> Vec<Line<'static>> {
    let skipped = history.len().saturating_sub(most);
    let one = |event: &HistoryLine| {
        let mut spans = head(shared, event, pen);
        spans.push(pen.span(Meaning::Base, event.text.clone()));
        text::cut_line(Line::from(spans), columns, pen.glyphs)
    };
    history.iter().skip(skipped).map(one).collect()
}

/// An event in full, wrapped beside its time and its month.
pub(crate) fn whole(shared: &Shared, event: &HistoryLine, pen: Pen, columns: usize) -> Vec<Line<'static>> {
    let mut head = head(shared, event, pen);
    let taken = head.iter().map(|span| text::width(&span.content)).sum::<usize>();
    let room = columns.saturating_sub(taken).max(1);
    let mut lines = Vec::new();
    for line in pen.wrapped(Meaning::Base, &event.text, room, usize::MAX) {
        let mut spans = std::mem::replace(&mut head, vec![Span::raw(" ".repeat(taken))]);
        spans.extend(line.spans);
        lines.push(Line::from(spans));
    }
    lines
}

/// When, and of which month.
fn head(shared: &Shared, event: &HistoryLine, pen: Pen) -> Vec<Span<'static>> {
    let moment = words::moment(event.happened_ms, shared.clock.wall_ms, &shared.zone);
    let chain = event.chain.as_ref().and_then(|id| shared.chain_of(id));
    let name = chain.map_or_else(String::new, |c| shared.name(c));
    vec![
        pen.span(Meaning::Muted, format!(" {moment} ")),
        pen.span(Meaning::Title, text::left(&name, NAME, pen.glyphs)),
    ]
}
