//! The jobs screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::cells::{self, Cells};
use super::state::{Row, State};
use crate::campaign::snapshot::{ChainView, GenerationView, Snapshot};
use crate::ui::panels::{month, nodes};
use crate::ui::pen::{Pen, mark_selected};
use crate::ui::shared::Shared;
use crate::ui::theme::Meaning;
use crate::ui::{scroll, text};
use crate::words::screens::{self, Empty};
use crate::words::{self, Label, details, label};

/// Draws them.
pub(crate) fn draw(
    shared: &Shared,
    state: &State,
    snapshot: &Snapshot,
    pen: Pen,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let (room, rows) = (usize::from(area.width), usize::from(area.height));
    let jobs = state.rows(shared);
    let chosen = state.at(&jobs, shared);
    let kept = if rows >= 12 { rows / 2 } else { 0 };
    let height = (jobs.len().max(1) + 2).min(rows - kept);
    let mut lines = vec![pen.rule(&title(shared, state), room)];
    let widths = Widths::of(shared, state, room);
    lines.extend(table(shared, &jobs, chosen, &widths, pen, height.saturating_sub(1)));
    if let Some(row) = jobs.get(chosen) {
        lines.push(Line::default());
        lines.extend(row_details(shared, row, pen, room));
    }
    lines.truncate(rows);
    let used = lines.len() as u16;
    pen.put(frame, area, &lines);
    let below = Rect { y: area.y + used, height: area.height - used, ..area };
    draw_below(shared, snapshot, pen, frame, below);
}

fn title(shared: &Shared, state: &State) -> String {
    let name = shared.chain().filter(|_| !state.all).map(|chain| shared.name(chain));
    details::jobs_of(name.as_deref())
}

/// Checkpoints and nodes: beside each other where there is room, else below.
fn draw_below(shared: &Shared, snapshot: &Snapshot, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    if area.height < 3 {
        return;
    }
    let area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let half = if area.width >= 76 { area.width / 2 } else { area.width };
    let columns = usize::from(half).saturating_sub(2);
    let rows = usize::from(area.height);
    let (generations_rows, nodes_area) = if half < area.width {
        (rows, Rect { x: area.x + half, width: area.width - half, ..area })
    } else {
        (rows / 2, Rect { y: area.y + area.height / 2, height: area.height - area.height / 2, ..area })
    };
    let mut lines = vec![pen.rule(label(Label::Checkpoints), columns)];
    lines.extend(generations(shared, pen, columns, generations_rows.saturating_sub(1)));
    pen.put(frame, Rect { width: half.saturating_sub(2), height: generations_rows as u16, ..area }, &lines);
    let columns = usize::from(nodes_area.width);
    let mut lines = vec![pen.rule(label(Label::Nodes), columns)];
    let most = usize::from(nodes_area.height).saturating_sub(1);
    lines.extend(nodes::lines(shared, &snapshot.nodes, pen, columns, most));
    pen.put(frame, nodes_area, &lines);
}

struct Widths {
    month: Option<usize>,
    node: usize,
    resumed: Option<usize>,
    room: usize,
}

impl Widths {
    fn of(shared: &Shared, state: &State, room: usize) -> Self {
        Self {
            month: state.all.then_some(10),
            node: if shared.is_wide() { 20 } else { 12 },
            resumed: shared.is_wide().then_some(34),
            room,
        }
    }
}

fn table(
    shared: &Shared,
    jobs: &[Row<'_>],
    chosen: usize,
    widths: &Widths,
    pen: Pen,
    height: usize,
) -> Vec<Line<'static>> {
    if jobs.is_empty() {
        return vec![Line::default(), pen.line(Meaning::Muted, format!("  {}", screens::empty(Empty::Jobs)))];
    }
    let mut lines = vec![head(widths, pen)];
    let height = height.saturating_sub(1);
    let first = scroll::first_visible(chosen, jobs.len(), height);
    for (at, row) in jobs.iter().enumerate().skip(first).take(height) {
        lines.push(table_row(shared, row, at == chosen, widths, pen));
    }
    lines
}

fn head(widths: &Widths, pen: Pen) -> Line<'static> {
    let g = pen.glyphs;
    let mut said = "  ".to_owned();
    if let Some(width) = widths.month {
        said.push_str(&text::left(label(Label::Month), width, g));
    }
    let (link, job) = (text::right(label(Label::Link), 4, g), text::right(label(Label::Job), 7, g));
    said.push_str(&format!("{link} {job} {} ", text::left(label(Label::Node), widths.node, g)));
    let (started, ran) = (text::left(label(Label::Started), 8, g), text::left(label(Label::Ran), 12, g));
    said.push_str(&format!("{started} {ran}"));
    if let Some(width) = widths.resumed {
        said.push_str(&format!("{} ", text::left(label(Label::BeganWith), width, g)));
    }
    said.push_str(label(Label::End));
    pen.line(Meaning::Muted, said)
}

fn table_row(shared: &Shared, row: &Row<'_>, chosen: bool, widths: &Widths, pen: Pen) -> Line<'static> {
    let g = pen.glyphs;
    let cells = Cells::of(shared, row);
    let mut spans = vec![pen.span(Meaning::Key, format!("{} ", if chosen { g.pointer } else { " " }))];
    if let Some(width) = widths.month {
        spans.push(pen.span(Meaning::Title, text::left(&shared.name(row.chain), width, g)));
    }
    let number = text::right(&cells.link, 4, g);
    spans.push(pen.span(Meaning::Base, format!("{number} {} ", text::right(&cells.job, 7, g))));
    let hop = if cells.hop { format!(" {}", g.hop) } else { String::new() };
    let room_for_name = widths.node.saturating_sub(text::width(&hop));
    let node = format!("{}{hop}", text::cut(nodes::short_host(&cells.node), room_for_name, g));
    spans.push(pen.span(Meaning::Base, format!("{} ", text::left(&node, widths.node, g))));
    let started = cells.started_ms.map_or_else(String::new, |ms| words::time_of_day(ms, &shared.zone));
    spans.push(pen.span(Meaning::Muted, format!("{} ", text::left(&started, 8, g))));
    spans.push(pen.span(Meaning::Base, text::left(&cells.ran, 12, g)));
    if let Some(width) = widths.resumed {
        spans.push(pen.span(Meaning::Muted, format!("{} ", text::left(&cells.resumed, width, g))));
    }
    let (meaning, said) = cells.end;
    spans.push(pen.span(meaning, said));
    let mut line = text::cut_line(Line::from(spans), widths.room, g);
    if chosen {
        mark_selected(&mut line, widths.room);
    }
    line
}

/// The selected row in full: what its link said, and what the batch system says of its job.
fn row_details(shared: &Shared, row: &Row<'_>, pen: Pen, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(link) = row.link {
        let said = details::began_with(link);
        lines.extend(month::fact(Label::BeganWith, Meaning::Base, &said, pen, room));
        let (meaning, said) = cells::end(row.chain, link);
        lines.extend(month::fact(Label::End, meaning, &said, pen, room));
    }
    if let Some(job) = row.job {
        let said = details::job_in_full(job, shared.clock.wall_ms);
        lines.extend(month::fact(Label::Job, Meaning::Base, &said, pen, room));
    }
    lines
}

/// The checkpoints of the selected month, newest first.
fn generations(shared: &Shared, pen: Pen, columns: usize, most: usize) -> Vec<Line<'static>> {
    let Some(chain) = shared.chain().filter(|c| !c.generations.is_empty()) else {
        return vec![pen.line(Meaning::Muted, format!(" {}", screens::empty(Empty::Checkpoints)))];
    };
    let newest_first = chain.generations.iter().rev().take(most);
    newest_first.map(|generation| generation_line(shared, chain, generation, pen, columns)).collect()
}

fn generation_line(
    shared: &Shared,
    chain: &ChainView,
    generation: &GenerationView,
    pen: Pen,
    columns: usize,
) -> Line<'static> {
    let g = pen.glyphs;
    let number = pen.span(Meaning::Base, format!(" {}", text::right(&generation.number.to_string(), 3, g)));
    if let Some(damage) = &generation.damage {
        return Line::from(vec![number, pen.span(Meaning::Bad, format!("  {}", details::damaged(damage)))]);
    }
    let age = words::seconds_between(generation.sealed_ms, shared.clock.wall_ms);
    // What has no whole is said in words, beside which there is no room for the link on a narrow screen.
    let whole = generation.unit.is_tiles() || chain.total > 0;
    let room = if whole { 5 } else { 11 };
    let link = if whole || columns >= 44 {
        format!(" {} {}", label(Label::Link), text::left(&generation.link.to_string(), 2, g))
    } else {
        String::new()
    };
    let percent = match words::percent(generation.tiles, chain.total) {
        Some(percent) => format!("{percent} %"),
        None if generation.unit.is_tiles() => String::new(),
        None => generation.unit.short(generation.tiles, 0),
    };
    Line::from(vec![
        number,
        pen.span(Meaning::Muted, link),
        pen.span(Meaning::Base, format!(" {}", text::right(&percent, room, g))),
        pen.span(Meaning::Base, format!(" {}", text::right(&words::bytes(generation.bytes), 7, g))),
        pen.span(Meaning::Muted, format!(" {}", details::ago(age))),
    ])
}
