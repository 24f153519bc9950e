//! The jobs: every link of the selected month or of all, what the selected one said of its end, checkpoints, nodes.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::pen::{Pen, mark_selected};
use super::{details, is_wide, months};
use crate::campaign::snapshot::{ChainState, ChainView, LinkView, Snapshot};
use crate::ui::model::Model;
use crate::ui::theme::Meaning;
use crate::ui::{scroll, text, words};

/// Draws them.
pub(super) fn draw(model: &Model, snapshot: &Snapshot, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    let (room, rows) = (usize::from(area.width), usize::from(area.height));
    let links = model.link_rows();
    let kept = if rows >= 12 { rows / 2 } else { 0 };
    let height = (links.len().max(1) + 2).min(rows - kept);
    let mut lines = vec![pen.rule(&title(model, pen), room)];
    lines.extend(table(model, &links, pen, room, height.saturating_sub(1)));
    if let Some((chain, at)) = links.get(model.link_row())
        && let Some(link) = chain.links.get(*at)
    {
        lines.push(Line::default());
        lines.extend(link_details(model, chain, link, pen, room));
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
    lines.extend(generations(model, pen, generations_rows.saturating_sub(1)));
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

fn table(
    model: &Model,
    links: &[(&ChainView, usize)],
    pen: Pen,
    room: usize,
    height: usize,
) -> Vec<Line<'static>> {
    if links.is_empty() {
        return vec![Line::default(), pen.line(Meaning::Muted, "  no job has started yet")];
    }
    let widths = Widths {
        month: model.jobs.all.then_some(10),
        node: if is_wide(model) { 20 } else { 12 },
        resumed: is_wide(model).then_some(34),
    };
    let mut lines = vec![head(&widths, pen)];
    let height = height.saturating_sub(1);
    let first = scroll::first_visible(model.link_row(), links.len(), height);
    for (row, (chain, at)) in links.iter().enumerate().skip(first).take(height) {
        if let Some(link) = chain.links.get(*at) {
            let running = at + 1 == chain.links.len();
            lines.push(link_row(model, chain, link, running, row == model.link_row(), &widths, pen, room));
        }
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

#[expect(clippy::too_many_arguments, reason = "one row of one table: its parts have no life of their own")]
fn link_row(
    model: &Model,
    chain: &ChainView,
    link: &LinkView,
    newest: bool,
    chosen: bool,
    widths: &Widths,
    pen: Pen,
    room: usize,
) -> Line<'static> {
    let g = &pen.glyphs;
    let mut spans = vec![pen.span(Meaning::Key, format!("{} ", if chosen { g.pointer } else { " " }))];
    if let Some(width) = widths.month {
        spans.push(pen.span(Meaning::Title, text::left(&words::months(&chain.months, g), width, g)));
    }
    let number = text::right(&link.link.to_string(), 4, g);
    spans.push(pen.span(Meaning::Base, format!("{number} {} ", text::right(&link.job_id, 7, g))));
    let hop = if link.hop { format!(" {}", g.hop) } else { String::new() };
    let room_for_name = widths.node.saturating_sub(text::width(&hop));
    let node = format!("{}{hop}", text::cut(super::table::short_host(&link.node), room_for_name, g));
    spans.push(pen.span(Meaning::Base, format!("{} ", text::left(&node, widths.node, g))));
    spans.push(pen.span(Meaning::Muted, format!("{} ", words::time_of_day(link.started_ms, &model.zone))));
    spans.push(pen.span(Meaning::Base, text::left(&ran(model, chain, link, newest), 12, g)));
    if let Some(width) = widths.resumed {
        let said = link.resumed.as_deref().unwrap_or("");
        spans.push(pen.span(Meaning::Muted, format!("{} ", text::left(said, width, g))));
    }
    let (meaning, said) = end(chain, link, newest);
    spans.push(pen.span(meaning, said));
    let mut line = text::cut_line(Line::from(spans), room, g);
    if chosen {
        mark_selected(&mut line, room);
    }
    line
}

fn is_running(chain: &ChainView, link: &LinkView, newest: bool) -> bool {
    newest && link.end.is_none() && matches!(chain.state, ChainState::Running | ChainState::Silent)
}

fn ran(model: &Model, chain: &ChainView, link: &LinkView, newest: bool) -> String {
    let until = match link.ended_ms {
        Some(ended) => ended,
        None if is_running(chain, link, newest) => model.clock.wall_ms,
        // Killed: when is not known.
        None => return String::new(),
    };
    words::duration(words::seconds_between(link.started_ms, until))
}

fn end(chain: &ChainView, link: &LinkView, newest: bool) -> (Meaning, String) {
    match &link.end {
        Some(said) => (Meaning::Base, said.clone()),
        None if is_running(chain, link, newest) => {
            (super::table::meaning_of(chain.state), words::state(chain))
        }
        None => (Meaning::Bad, "killed: it left no word".to_owned()),
    }
}

/// The selected link's words in full.
fn link_details(
    model: &Model,
    chain: &ChainView,
    link: &LinkView,
    pen: Pen,
    room: usize,
) -> Vec<Line<'static>> {
    let newest = chain.links.last().is_some_and(|l| l.link == link.link);
    let mut lines = Vec::new();
    if let Some(resumed) = &link.resumed {
        lines.extend(details::fact("began with", Meaning::Base, resumed, pen, room));
    }
    let (meaning, said) = end(chain, link, newest);
    lines.extend(details::fact("end", meaning, &said, pen, room));
    if let Some(job) = chain.job.as_ref().filter(|_| newest) {
        lines.extend(details::fact("job now", Meaning::Base, &job_words(model, job), pen, room));
    }
    lines
}

fn job_words(model: &Model, job: &crate::campaign::snapshot::JobView) -> String {
    let mut said = format!("{} {}", job.id, job.state);
    if let Some(node) = &job.node {
        said.push_str(&format!(" on {node}"));
    }
    if let Some(start) = job.expected_start {
        let wait = words::seconds_between(model.clock.wall_ms, start.saturating_mul(1_000));
        if wait > 0 {
            said.push_str(&format!(", expected to start in {}", words::duration(wait)));
        }
    }
    if !job.message.trim().is_empty() {
        said.push_str(&format!(": {}", job.message.trim()));
    }
    said
}

/// The checkpoints of the selected month, newest first.
fn generations(model: &Model, pen: Pen, most: usize) -> Vec<Line<'static>> {
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
            let percent =
                words::percent(generation.tiles, chain.total).map_or_else(String::new, |p| format!("{p} %"));
            Line::from(vec![
                number,
                pen.span(Meaning::Muted, format!(" link {}", text::left(&generation.link.to_string(), 2, g))),
                pen.span(Meaning::Base, format!(" {}", text::right(&percent, 5, g))),
                pen.span(Meaning::Base, format!(" {}", text::right(&words::bytes(generation.bytes), 7, g))),
                pen.span(Meaning::Muted, format!(" {} ago", words::short_duration(age))),
            ])
        })
        .collect()
}
