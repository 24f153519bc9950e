//! The jobs: every link of the selected month or of all, and every job that never became one; what the selected one said of its end, checkpoints, nodes.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pen::{Pen, mark_selected};
use super::{details, is_wide, months};
use crate::campaign::snapshot::{ChainState, ChainView, LinkView, Snapshot};
use crate::ui::model::{Model, Row};
use crate::ui::theme::Meaning;
use crate::ui::{scroll, text};
use crate::words;

/// Draws them.
pub(super) fn draw(model: &Model, snapshot: &Snapshot, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    let (room, rows) = (usize::from(area.width), usize::from(area.height));
    let jobs = model.job_rows();
    let kept = if rows >= 12 { rows / 2 } else { 0 };
    let height = (jobs.len().max(1) + 2).min(rows - kept);
    let mut lines = vec![pen.rule(&title(model, pen), room)];
    lines.extend(table(model, &jobs, pen, room, height.saturating_sub(1)));
    if let Some(row) = jobs.get(model.job_row()) {
        lines.push(Line::default());
        lines.extend(row_details(model, row, pen, room));
    }
    lines.truncate(rows);
    let used = lines.len() as u16;
    pen.put(frame, area, &lines);
    let below = Rect { y: area.y + used, height: area.height - used, ..area };
    draw_below(model, snapshot, pen, frame, below);
}

fn title(model: &Model, pen: Pen) -> String {
    match model.chain() {
        Some(chain) if !model.jobs.all => format!("Jobs of {}", words::months(&chain.months, pen.glyphs)),
        _ => "Jobs of all months".to_owned(),
    }
}

/// Checkpoints and nodes: beside each other where there is room, else below.
fn draw_below(model: &Model, snapshot: &Snapshot, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
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
    let mut lines = vec![pen.rule("Checkpoints", columns)];
    lines.extend(generations(model, pen, columns, generations_rows.saturating_sub(1)));
    pen.put(frame, Rect { width: half.saturating_sub(2), height: generations_rows as u16, ..area }, &lines);
    let columns = usize::from(nodes_area.width);
    let mut lines = vec![pen.rule("Nodes", columns)];
    let most = usize::from(nodes_area.height).saturating_sub(1);
    lines.extend(months::node_lines(model, &snapshot.nodes, pen, columns, most));
    pen.put(frame, nodes_area, &lines);
}

struct Widths {
    month: Option<usize>,
    node: usize,
    resumed: Option<usize>,
}

fn table(model: &Model, jobs: &[Row<'_>], pen: Pen, room: usize, height: usize) -> Vec<Line<'static>> {
    if jobs.is_empty() {
        return vec![Line::default(), pen.line(Meaning::Muted, "  no job yet")];
    }
    let widths = Widths {
        month: model.jobs.all.then_some(10),
        node: if is_wide(model) { 20 } else { 12 },
        resumed: is_wide(model).then_some(34),
    };
    let mut lines = vec![head(&widths, pen)];
    let height = height.saturating_sub(1);
    let chosen = model.job_row();
    let first = scroll::first_visible(chosen, jobs.len(), height);
    for (at, row) in jobs.iter().enumerate().skip(first).take(height) {
        lines.push(table_row(model, row, at == chosen, &widths, pen, room));
    }
    lines
}

fn head(widths: &Widths, pen: Pen) -> Line<'static> {
    let g = &pen.glyphs;
    let mut said = "  ".to_owned();
    if let Some(width) = widths.month {
        said.push_str(&text::left("month", width, g));
    }
    said.push_str(&format!("{} {} ", text::right("link", 4, g), text::right("job", 7, g)));
    said.push_str(&format!("{} ", text::left("node", widths.node, g)));
    said.push_str("started  ran         ");
    if let Some(width) = widths.resumed {
        said.push_str(&format!("{} ", text::left("began with", width, g)));
    }
    said.push_str("end");
    pen.line(Meaning::Muted, said)
}

fn table_row(
    model: &Model,
    row: &Row<'_>,
    chosen: bool,
    widths: &Widths,
    pen: Pen,
    room: usize,
) -> Line<'static> {
    let g = &pen.glyphs;
    let cells = match row.link {
        Some(link) => link_cells(model, row.chain, link),
        None => job_cells(model, row),
    };
    let mut spans = vec![pen.span(Meaning::Key, format!("{} ", if chosen { g.pointer } else { " " }))];
    if let Some(width) = widths.month {
        spans.push(pen.span(Meaning::Title, text::left(&words::months(&row.chain.months, g), width, g)));
    }
    let number = text::right(&cells.link, 4, g);
    spans.push(pen.span(Meaning::Base, format!("{number} {} ", text::right(&cells.job, 7, g))));
    let hop = if cells.hop { format!(" {}", g.hop) } else { String::new() };
    let room_for_name = widths.node.saturating_sub(text::width(&hop));
    let node = format!("{}{hop}", text::cut(super::table::short_host(&cells.node), room_for_name, g));
    spans.push(pen.span(Meaning::Base, format!("{} ", text::left(&node, widths.node, g))));
    let started = cells.started_ms.map_or_else(String::new, |ms| words::time_of_day(ms, &model.zone));
    spans.push(pen.span(Meaning::Muted, format!("{} ", text::left(&started, 8, g))));
    spans.push(pen.span(Meaning::Base, text::left(&cells.ran, 12, g)));
    if let Some(width) = widths.resumed {
        spans.push(pen.span(Meaning::Muted, format!("{} ", text::left(&cells.resumed, width, g))));
    }
    let (meaning, said) = cells.end;
    spans.push(pen.span(meaning, said));
    let mut line = text::cut_line(Line::from(spans), room, g);
    if chosen {
        mark_selected(&mut line, room);
    }
    line
}

/// What stands in a row.
struct Cells {
    link: String,
    job: String,
    node: String,
    hop: bool,
    started_ms: Option<i64>,
    ran: String,
    resumed: String,
    end: (Meaning, String),
}

fn link_cells(model: &Model, chain: &ChainView, link: &LinkView) -> Cells {
    Cells {
        link: link.link.to_string(),
        job: link.job_id.clone(),
        node: link.node.clone(),
        hop: link.hop,
        started_ms: Some(link.started_ms),
        ran: ran(model, chain, link),
        resumed: link.resumed.clone().unwrap_or_default(),
        end: end(chain, link),
    }
}

/// A job that waits, is starting, or ended before a link of it began.
fn job_cells(model: &Model, row: &Row<'_>) -> Cells {
    let job = row.job;
    let ran = job.and_then(|job| Some(job.stopped? - job.started?));
    let meaning = if job.is_some_and(|job| job.state.is_over()) { Meaning::Bad } else { Meaning::Base };
    Cells {
        link: String::new(),
        job: job.map_or_else(String::new, |job| job.id.to_string()),
        node: job.and_then(|job| job.node.clone()).unwrap_or_default(),
        hop: false,
        started_ms: job.and_then(|job| job.started).map(|seconds| seconds.saturating_mul(1_000)),
        ran: ran.map_or_else(String::new, |seconds| words::duration(seconds.max(0).unsigned_abs())),
        resumed: String::new(),
        end: (meaning, job.map_or_else(String::new, |job| words::job(job, model.clock.wall_ms))),
    }
}

fn is_running(chain: &ChainView, link: &LinkView) -> bool {
    let newest = chain.links.last().is_some_and(|last| last.link == link.link);
    newest && link.end.is_none() && matches!(chain.state, ChainState::Running | ChainState::Silent)
}

fn ran(model: &Model, chain: &ChainView, link: &LinkView) -> String {
    let until = match link.ended_ms {
        Some(ended) => ended,
        None if is_running(chain, link) => model.clock.wall_ms,
        // Killed: when is not known.
        None => return String::new(),
    };
    words::duration(words::seconds_between(link.started_ms, until))
}

fn end(chain: &ChainView, link: &LinkView) -> (Meaning, String) {
    match &link.end {
        Some(said) => (Meaning::Base, said.clone()),
        None if is_running(chain, link) => (super::table::meaning_of(chain.state), words::state(chain)),
        None => (Meaning::Bad, "killed: it left no word".to_owned()),
    }
}

/// What a link began with: a generation, its program, its inputs.
fn began_with(link: &LinkView) -> String {
    let program = format!("alpsckpt {}, engine {}", link.program, link.numerics);
    let inputs = link.inputs.as_ref().map(|inputs| format!("inputs {inputs}"));
    [link.resumed.clone(), Some(program), inputs].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The selected row in full: what its link said, and what the batch system says of its job.
fn row_details(model: &Model, row: &Row<'_>, pen: Pen, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(link) = row.link {
        lines.extend(details::fact("began with", Meaning::Base, &began_with(link), pen, room));
        let (meaning, said) = end(row.chain, link);
        lines.extend(details::fact("end", meaning, &said, pen, room));
    }
    if let Some(job) = row.job {
        let mut said = format!("{} {}", job.id, words::job(job, model.clock.wall_ms));
        if let Some(from) = job.resubmitted_from {
            said.push_str(&format!(" (made from job {from} by the batch system)"));
        }
        lines.extend(details::fact("job", Meaning::Base, &said, pen, room));
    }
    lines
}

/// The checkpoints of the selected month, newest first.
fn generations(model: &Model, pen: Pen, columns: usize, most: usize) -> Vec<Line<'static>> {
    let Some(chain) = model.chain().filter(|c| !c.generations.is_empty()) else {
        return vec![pen.line(Meaning::Muted, " none yet")];
    };
    let g = &pen.glyphs;
    let newest_first = chain.generations.iter().rev().take(most);
    newest_first
        .map(|generation| {
            let number =
                pen.span(Meaning::Base, format!(" {}", text::right(&generation.number.to_string(), 3, g)));
            if let Some(damage) = &generation.damage {
                return Line::from(vec![number, pen.span(Meaning::Bad, format!("  damaged: {damage}"))]);
            }
            let age = words::seconds_between(generation.sealed_ms, model.clock.wall_ms);
            // What has no whole is said in words, beside which there is no room for the link on a narrow screen.
            let whole = generation.unit.is_tiles() || chain.total > 0;
            let room = if whole { 5 } else { 11 };
            let link = if whole || columns >= 44 {
                format!(" link {}", text::left(&generation.link.to_string(), 2, g))
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
                pen.span(Meaning::Muted, format!(" {} ago", words::short_duration(age))),
            ])
        })
        .collect()
}
