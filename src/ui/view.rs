//! From the model to the screen: pure functions.
//!
//! ```text
//! alpsckpt  Parc des Écrins              embedded cluster · answered 1 s ago    header
//! synthetic terrain through real summits · paced 40 tiles/min · 1 s = 3 h
//!  1 Months   2 Jobs   3 Log   4 Map            1 of 4 months complete · 48 %    tabs
//! ! the scheduler does not answer: …                                             banners
//!   …                                                                            body: one of the four screens
//! January: checkpoint asked of job 1042                                          notice
//!  r resubmit  c checkpoint  x stop  Enter open  Tab screen  ? help  q quit       bar
//! ```

use ratatui::Frame;
use ratatui::text::Line;

use super::model::{Model, Overlay};
use super::pen::Pen;
use super::theme::Meaning;
use super::{faces, header, layout, pages, text};
use crate::words::{notices, screens};

/// Below this nothing useful can be drawn.
const SMALLEST: (u16, u16) = (40, 12);

/// Draws the whole screen.
pub(crate) fn view(model: &Model, frame: &mut Frame<'_>) {
    let pen = Pen::of(&model.shared);
    let (all, size) = (frame.area(), model.shared.size);
    // The frame follows the terminal; the model hears of a new size by a message, a moment later.
    if all.as_size() != size.into() {
        let mut sized = model.clone();
        sized.shared.size = (all.width, all.height);
        return view(&sized, frame);
    }
    if size.0 < SMALLEST.0 || size.1 < SMALLEST.1 {
        return draw_too_small(model, frame);
    }
    let around = layout::surroundings(model);
    let areas = &around.areas;
    pen.put(frame, areas.header, &around.header);
    pen.put(frame, areas.tabs, &[header::tabs(&model.shared, pen)]);
    pen.put(frame, areas.banner, &around.banner);
    if let Some(snapshot) = &model.shared.snapshot {
        (faces::shown(model).draw)(model, snapshot, pen, frame, areas.body);
    } else {
        let said = screens::reading_campaign(pen.glyphs.ellipsis);
        pen.put(frame, areas.body, &[Line::default(), pen.line(Meaning::Muted, format!("  {said}"))]);
    }
    pen.put(frame, areas.notice, &around.notice);
    pen.put(frame, areas.bar, &around.bar);
    match &model.overlay {
        Some(page @ (Overlay::Help(line) | Overlay::Errors(line) | Overlay::Events(line))) => {
            pages::page(model, page, *line, pen, frame);
        }
        Some(Overlay::Confirm(ask)) => pages::confirm(ask, pen, frame),
        None => {}
    }
}

fn draw_too_small(model: &Model, frame: &mut Frame<'_>) {
    let pen = Pen::of(&model.shared);
    let said = notices::too_small(model.shared.size, SMALLEST);
    let columns = usize::from(model.shared.size.0);
    let lines: Vec<Line<'static>> = text::wrap(&said, columns).into_iter().map(Line::from).collect();
    pen.put(frame, frame.area(), &lines);
}
