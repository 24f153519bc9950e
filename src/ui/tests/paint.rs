//! A drawn screen as text and styles, so that a change of either fails its snapshot.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::ui::model::Model;
use crate::ui::view::view;

/// The screen of a model.
pub(super) fn buffer(model: &Model) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(model.shared.size.0, model.shared.size.1)).unwrap();
    terminal.draw(|frame| view(model, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// Its text, a line a row.
pub(super) fn text(model: &Model) -> String {
    rows(&buffer(model), |cell| cell.symbol().to_owned())
}

/// Text, then a letter for the style of each cell, then what the letters stand for. Pixels of pictures are all `#`
/// and are summed up in a checksum.
pub(super) fn picture(model: &Model) -> String {
    let buffer = buffer(model);
    let mut letters = BTreeMap::new();
    let mut pixels = crc32fast::Hasher::new();
    for cell in buffer.content() {
        if is_pixel(cell) {
            pixels.update(format!("{:?}{:?}", cell.fg, cell.bg).as_bytes());
        } else if let Some(style) = style(cell) {
            letters.entry(style).or_insert('a');
        }
    }
    for (letter, value) in ('a'..='z').chain('A'..='Z').zip(letters.values_mut()) {
        *value = letter;
    }
    let styles = rows(&buffer, |cell| match style(cell) {
        _ if is_pixel(cell) => "#".to_owned(),
        Some(style) => letters.get(&style).copied().unwrap_or('?').to_string(),
        None => ".".to_owned(),
    });
    let mut out = format!("{}\n{}\n", rows(&buffer, |cell| cell.symbol().to_owned()), styles);
    for (style, letter) in &letters {
        writeln!(out, "{letter}: {style}").unwrap();
    }
    writeln!(out, "#: {:08x}", pixels.finalize()).unwrap();
    out
}

fn is_pixel(cell: &Cell) -> bool {
    let pixel = |c: Color| matches!(c, Color::Indexed(_) | Color::Rgb(..));
    pixel(cell.fg) || pixel(cell.bg)
}

/// `None` for the terminal's own.
fn style(cell: &Cell) -> Option<String> {
    if (cell.fg, cell.bg, cell.modifier) == (Color::Reset, Color::Reset, Modifier::empty()) {
        return None;
    }
    Some(format!("{} on {} {:?}", cell.fg, cell.bg, cell.modifier))
}

fn rows(buffer: &Buffer, show: impl Fn(&Cell) -> String) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let row: String = (0..buffer.area.width).filter_map(|x| buffer.cell((x, y))).map(&show).collect();
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}
