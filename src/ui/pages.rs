//! What lies over the screen: the keys, and questions before actions.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use crate::keys::{self, Command, Row};
use crate::ui::available::available;
use crate::ui::model::{Ask, Model, Overlay};
use crate::ui::panels::events;
use crate::ui::pen::Pen;
use crate::ui::text;
use crate::ui::theme::Meaning;
use crate::words::{Label, commands, label, notices, screens};

const PAGE_WIDTH: u16 = 100;
const ASK_WIDTH: u16 = 66;

/// A window in the middle; returns its inside.
fn window(frame: &mut Frame<'_>, pen: Pen, title: &str, width: u16, rows: usize) -> Rect {
    let all = frame.area();
    let width = width.min(all.width.saturating_sub(2));
    let height = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2).min(all.height.saturating_sub(2));
    let area = Rect::new((all.width - width) / 2, (all.height - height) / 2, width, height);
    let block = Block::bordered()
        .border_set(pen.glyphs.border())
        .border_style(pen.style(Meaning::Title))
        .title(Line::from(vec![pen.span(Meaning::Title, format!(" {title} "))]));
    let inner = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    inner
}

/// A question.
pub(crate) fn confirm(ask: &Ask, pen: Pen, frame: &mut Frame<'_>) {
    let width = ASK_WIDTH.min(frame.area().width.saturating_sub(2));
    let columns = usize::from(width).saturating_sub(4).max(1);
    let mut lines = vec![Line::default()];
    lines.extend(pen.wrapped(Meaning::Title, &ask.question, columns, 3));
    lines.push(Line::default());
    lines.extend(pen.wrapped(Meaning::Base, &ask.details, columns, 6));
    lines.push(Line::default());
    lines.push(answers(ask, pen));
    for line in &mut lines {
        line.spans.insert(0, Span::raw(" "));
    }
    let inner = window(frame, pen, label(Label::Sure), width, lines.len());
    // Where the window is too low, the answers are what must stay.
    let hidden = lines.len().saturating_sub(usize::from(inner.height));
    lines.drain(..hidden);
    pen.put(frame, inner, &lines);
}

fn answers(ask: &Ask, pen: Pen) -> Line<'static> {
    let labels = |command| {
        let two: Vec<String> = keys::all_shown(command, pen.glyphs).into_iter().take(2).collect();
        notices::either(&two)
    };
    let yes = labels(if ask.typed { Command::TypedYes } else { Command::Yes });
    Line::from(vec![
        pen.span(Meaning::Key, yes),
        pen.span(Meaning::Base, format!(" {}    ", label(Label::Yes))),
        pen.span(Meaning::Key, labels(Command::No)),
        pen.span(Meaning::Base, format!(" {}", label(Label::No))),
    ])
}

/// Lines of a page that do not fit: how far it can be scrolled.
pub(crate) fn overflow(model: &Model, page: &Overlay) -> usize {
    let rows = usize::from(model.shared.size.1).saturating_sub(4);
    page_lines(model, page, Pen::of(&model.shared)).1.len().saturating_sub(rows)
}

/// A page over the screen, from one of its lines on.
pub(crate) fn page(model: &Model, page: &Overlay, from: usize, pen: Pen, frame: &mut Frame<'_>) {
    let (title, lines) = page_lines(model, page, pen);
    let overflow = overflow(model, page);
    let title = if overflow > 0 { screens::scrolled(title, pen.glyphs.up_down) } else { title.to_owned() };
    let inner = window(frame, pen, &title, PAGE_WIDTH, lines.len());
    pen.put(frame, inner, lines.get(from.min(overflow)..).unwrap_or(&[]));
}

/// The title and all lines of a page.
fn page_lines(model: &Model, page: &Overlay, pen: Pen) -> (&'static str, Vec<Line<'static>>) {
    match page {
        Overlay::Errors(_) => (label(Label::Wrong), error_lines(model, pen)),
        Overlay::Events(_) => (label(Label::HappenedNewestFirst), event_lines(model, pen)),
        _ => (label(Label::Keys), help_lines(model, pen)),
    }
}

/// Columns of a page's text.
fn page_columns(model: &Model) -> usize {
    usize::from(PAGE_WIDTH.min(model.shared.size.0.saturating_sub(2))).saturating_sub(4)
}

fn error_lines(model: &Model, pen: Pen) -> Vec<Line<'static>> {
    let columns = page_columns(model).max(1);
    let mut lines = Vec::new();
    for (about, said) in model.errors() {
        lines.push(pen.line(Meaning::Title, format!(" {about}")));
        for line in said.lines() {
            // What fits keeps its blanks: a database points into the line above.
            let fits = text::width(line) <= columns;
            let parts = if fits { vec![line.to_owned()] } else { text::wrap(line, columns) };
            lines.extend(parts.into_iter().map(|part| pen.line(Meaning::Base, format!("  {part}"))));
        }
        lines.push(Line::default());
    }
    lines.push(pen.line(Meaning::Muted, format!(" {}", screens::closes())));
    lines
}

fn event_lines(model: &Model, pen: Pen) -> Vec<Line<'static>> {
    let columns = page_columns(model).max(1);
    let history = model.shared.snapshot.as_ref().map_or(&[][..], |s| &s.history);
    let mut lines: Vec<Line<'static>> =
        history.iter().rev().flat_map(|event| events::whole(&model.shared, event, pen, columns)).collect();
    lines.push(Line::default());
    lines.push(pen.line(Meaning::Muted, format!(" {}", screens::closes())));
    lines
}

fn help_lines(model: &Model, pen: Pen) -> Vec<Line<'static>> {
    let columns = page_columns(model);
    let here = |e: &&Row| e.screens.contains(&model.shared.screen);
    let mut lines =
        vec![pen.line(Meaning::Title, format!(" {}", screens::on_the_screen(model.shared.screen)))];
    for entry in keys::table().iter().filter(here) {
        lines.extend(help_entry(model, entry, pen, columns));
    }
    lines.push(Line::default());
    lines.push(pen.line(Meaning::Muted, format!(" {}", screens::help_closes())));
    lines
}

fn help_entry(model: &Model, entry: &Row, pen: Pen, columns: usize) -> Vec<Line<'static>> {
    const KEYS: usize = 13;
    let what = commands::what(entry.command);
    let (mut keys, now) = (entry.labels(pen.glyphs), available(model, entry.command));
    let meaning = if now.is_ok() { Meaning::Base } else { Meaning::Muted };
    let said = match now {
        Ok(()) => what.to_owned(),
        Err(why) => screens::not_now(what, &why),
    };
    let mut lines = Vec::new();
    for line in pen.wrapped(meaning, &said, columns.saturating_sub(KEYS), 3) {
        let key = pen.span(Meaning::Key, format!("  {}", text::left(&keys, KEYS, pen.glyphs)));
        let mut spans = vec![key];
        spans.extend(line.spans);
        lines.push(Line::from(spans));
        keys.clear();
    }
    lines
}
