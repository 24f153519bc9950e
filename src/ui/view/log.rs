//! What a link said: the end of its log.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::pen::Pen;
use crate::ui::model::{Model, logs_of};
use crate::ui::scroll;
use crate::ui::theme::Meaning;
use crate::words;

/// Rows above the text.
pub(super) const HEAD: u16 = 2;

/// Draws it.
pub(super) fn draw(model: &Model, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let mut lines = vec![pen.rule(&title(model, pen), columns)];
    let Some(path) = model.log_path() else {
        lines.push(Line::default());
        lines.push(pen.line(Meaning::Muted, "  no job of this month has written a log yet"));
        return pen.put(frame, area, &lines);
    };
    let tail = model.log.tail.as_ref().filter(|t| t.path == *path);
    lines.push(place(model, pen, path, tail.is_some_and(|t| t.cut), columns));
    let error = model.log.error.as_ref().filter(|(file, _)| file == path).map(|(_, why)| why);
    match (tail, error) {
        (_, Some(error)) => lines.extend(pen.wrapped(Meaning::Bad, &format!("  {error}"), columns, 3)),
        (None, None) => lines.push(pen.line(Meaning::Muted, format!("  reading {}", pen.glyphs.ellipsis))),
        (Some(tail), None) if tail.lines.is_empty() => {
            lines.push(pen.line(Meaning::Muted, "  the log is empty"));
        }
        (Some(tail), None) => {
            let (width, height) = super::log_size(model);
            let rows = scroll::visible(tail, model.log.top, usize::from(width), usize::from(height));
            lines.extend(rows.into_iter().map(|row| {
                let meaning = meaning_of(&row);
                Line::from(vec![Span::raw(" "), pen.span(meaning, row)])
            }));
        }
    }
    pen.put(frame, area, &lines);
}

fn title(model: &Model, pen: Pen) -> String {
    let Some(chain) = model.chain() else { return "Log".to_owned() };
    let name = words::months(&chain.months, pen.glyphs);
    let logs = logs_of(chain);
    let at = model.log_path().and_then(|p| logs.iter().position(|l| *l == p));
    let of = at
        .map_or_else(String::new, |at| format!(", {} of {}", at + 1, words::count(logs.len() as u64, "log")));
    format!("Log of {name}{of}")
}

fn place(model: &Model, pen: Pen, path: &std::path::Path, cut: bool, columns: usize) -> Line<'static> {
    let state = match (model.log.top, cut) {
        (None, _) => pen.span(Meaning::Active, "follows the end "),
        (Some(_), true) => pen.span(Meaning::Warning, format!("{} ", words::notices::log_stays(true))),
        (Some(_), false) => pen.span(Meaning::Warning, format!("{} ", words::notices::log_stays(false))),
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
