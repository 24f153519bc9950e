//! The log screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::state::{State, logs_of, visible};
use crate::ui::pen::Pen;
use crate::ui::shared::Shared;
use crate::ui::theme::Meaning;
use crate::words::screens::{self, Empty};
use crate::words::{Label, details, label};

/// Rows above the text.
const HEAD: u16 = 2;

/// Columns and rows of a log's text in an area.
pub(crate) fn text_size(area: Rect) -> (u16, u16) {
    (area.width.saturating_sub(2).max(1), area.height.saturating_sub(HEAD))
}

/// Draws it.
pub(crate) fn draw(shared: &Shared, log: &State, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let mut lines = vec![pen.rule(&title(shared, log), columns)];
    let Some(path) = log.path(shared) else {
        lines.push(Line::default());
        lines.push(pen.line(Meaning::Muted, format!("  {}", screens::empty(Empty::Logs))));
        return pen.put(frame, area, &lines);
    };
    let tail = log.tail.as_ref().filter(|t| t.path == *path);
    lines.push(place(log, pen, path, tail.is_some_and(|t| t.cut), columns));
    let error = log.error.as_ref().filter(|(file, _)| file == path).map(|(_, why)| why);
    let muted = |said: &str| pen.line(Meaning::Muted, format!("  {said}"));
    match (tail, error) {
        (_, Some(error)) => lines.extend(pen.wrapped(Meaning::Bad, &format!("  {error}"), columns, 3)),
        (None, None) => lines.push(muted(&screens::reading(pen.glyphs.ellipsis))),
        (Some(tail), None) if tail.lines.is_empty() => lines.push(muted(screens::empty(Empty::Log))),
        (Some(tail), None) => {
            let (width, height) = text_size(area);
            let rows = visible(tail, log.top, usize::from(width), usize::from(height));
            lines.extend(rows.into_iter().map(|row| {
                let meaning = meaning_of(&row);
                Line::from(vec![Span::raw(" "), pen.span(meaning, row)])
            }));
        }
    }
    pen.put(frame, area, &lines);
}

fn title(shared: &Shared, log: &State) -> String {
    let Some(chain) = shared.chain() else { return label(Label::Log).to_owned() };
    details::log_of(&shared.name(chain), log.position(shared), logs_of(chain).len())
}

fn place(log: &State, pen: Pen, path: &std::path::Path, cut: bool, columns: usize) -> Line<'static> {
    let state = match log.top {
        None => pen.span(Meaning::Active, format!("{} ", screens::log_follows())),
        Some(_) => pen.span(Meaning::Warning, format!("{} ", screens::log_stays(cut))),
    };
    pen.spread(pen.line(Meaning::Muted, format!(" {}", path.display())), Line::from(vec![state]), columns)
}

/// Words that a person looks for in a log.
fn meaning_of(row: &str) -> Meaning {
    let lower = row.to_ascii_lowercase();
    if ["error", "failed", "panicked", "fatal"].iter().any(|w| lower.contains(w)) {
        Meaning::Bad
    } else if lower.contains("warning") {
        Meaning::Warning
    } else {
        Meaning::Base
    }
}
