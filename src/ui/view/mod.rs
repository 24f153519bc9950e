//! From the model to the screen: pure functions.
//!
//! ```text
//! alpsckpt  Parc des Écrins              embedded cluster · answered 1 s ago    header
//! synthetic terrain through real summits · paced 40 tiles/min · 1 s = 3 h
//!  1 Months   2 Jobs   3 Log   4 Map            1 of 4 months complete · 48 %    tabs
//! ! OAR does not answer: …                                                       banners
//!   …                                                                            body: one of the four screens
//! January: checkpoint asked of job 1042                                          notice
//!  r resubmit  c checkpoint  x stop  Enter open  Tab screen  ? help  q quit       bar
//! ```

mod bar;
mod details;
mod events;
mod header;
mod jobs;
mod log;
mod map;
mod months;
mod overlay;
mod pen;
mod table;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::model::{Model, Overlay};
use super::text;
use super::theme::Meaning;
use crate::keys::Screen;
use crate::words;
pub(crate) use overlay::page_overflow;
use pen::Pen;

/// Below this nothing useful can be drawn.
const SMALLEST: (u16, u16) = (40, 12);
/// From this width on, pictures and history stand beside the table.
const WIDE: (u16, u16) = (120, 24);

/// Where the parts of the screen lie.
struct Areas {
    header: Rect,
    tabs: Rect,
    banner: Rect,
    body: Rect,
    notice: Rect,
    bar: Rect,
}

/// The parts of a screen, from the number of lines that each needs.
fn areas(model: &Model, header: usize, banner: usize, notice: usize, bar: usize) -> Areas {
    let (width, height) = model.size;
    let mut top = 0;
    let mut take = |rows: usize| {
        let rows = u16::try_from(rows).unwrap_or(u16::MAX).min(height - top);
        let area = Rect::new(0, top, width, rows);
        top += rows;
        area
    };
    let (header_area, tabs) = (take(header), take(1));
    let banner_area = take(banner);
    let used = header + 1 + banner + notice + bar;
    let body = take(usize::from(height).saturating_sub(used));
    Areas { header: header_area, tabs, banner: banner_area, body, notice: take(notice), bar: take(bar) }
}

/// All lines around the body, and where they go.
struct Surroundings {
    header: Vec<Line<'static>>,
    banner: Vec<Line<'static>>,
    notice: Vec<Line<'static>>,
    bar: Vec<Line<'static>>,
    areas: Areas,
}

fn surroundings(model: &Model) -> Surroundings {
    let pen = Pen::of(model);
    let header = header::lines(model, pen);
    let banner = header::banners(model, pen);
    let notice = bar::notice(model, pen);
    let bar = bar::lines(model, pen);
    let areas = areas(model, header.len(), banner.len(), notice.len(), bar.len());
    Surroundings { header, banner, notice, bar, areas }
}

fn too_small(model: &Model) -> bool {
    model.size.0 < SMALLEST.0 || model.size.1 < SMALLEST.1
}

fn is_wide(model: &Model) -> bool {
    model.size.0 >= WIDE.0 && model.size.1 >= WIDE.1
}

/// Whether the picture of the selected month is on the screen.
pub(crate) fn shows_picture(model: &Model) -> bool {
    match model.screen {
        Screen::Map => true,
        Screen::Months => is_wide(model),
        Screen::Jobs | Screen::Log => false,
    }
}

/// Columns and rows of a log's text.
pub(crate) fn log_size(model: &Model) -> (u16, u16) {
    let body = surroundings(model).areas.body;
    (body.width.saturating_sub(2).max(1), body.height.saturating_sub(log::HEAD))
}

/// Draws the whole screen.
pub(crate) fn view(model: &Model, frame: &mut Frame<'_>) {
    let pen = Pen::of(model);
    let all = frame.area();
    // The frame follows the terminal; the model hears of a new size by a message, a moment later.
    if all.as_size() != model.size.into() {
        let mut sized = model.clone();
        sized.size = (all.width, all.height);
        return view(&sized, frame);
    }
    if too_small(model) {
        return draw_too_small(model, frame);
    }
    let around = surroundings(model);
    let areas = &around.areas;
    pen.put(frame, areas.header, &around.header);
    pen.put(frame, areas.tabs, &[header::tabs(model, pen)]);
    pen.put(frame, areas.banner, &around.banner);
    match (&model.snapshot, model.screen) {
        (None, _) => {
            let line = Line::from(vec![
                pen.span(Meaning::Muted, format!("  reading the campaign {}", pen.glyphs.ellipsis)),
            ]);
            pen.put(frame, areas.body, &[Line::default(), line]);
        }
        (Some(snapshot), Screen::Months) => months::draw(model, snapshot, pen, frame, areas.body),
        (Some(snapshot), Screen::Jobs) => jobs::draw(model, snapshot, pen, frame, areas.body),
        (Some(_), Screen::Log) => log::draw(model, pen, frame, areas.body),
        (Some(_), Screen::Map) => map::draw(model, pen, frame, areas.body),
    }
    pen.put(frame, areas.notice, &around.notice);
    pen.put(frame, areas.bar, &around.bar);
    match &model.overlay {
        Some(page @ (Overlay::Help(line) | Overlay::Errors(line) | Overlay::Events(line))) => {
            overlay::page(model, page, *line, pen, frame);
        }
        Some(Overlay::Confirm(ask)) => overlay::confirm(ask, pen, frame),
        None => {}
    }
}

fn draw_too_small(model: &Model, frame: &mut Frame<'_>) {
    let pen = Pen::of(model);
    let ((w, h), (need_w, need_h)) = (model.size, SMALLEST);
    let said = words::notices::too_small((w, h), (need_w, need_h));
    let lines: Vec<Line<'static>> = text::wrap(&said, usize::from(w)).into_iter().map(Line::from).collect();
    pen.put(frame, frame.area(), &lines);
}
