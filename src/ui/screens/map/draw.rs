//! Title, picture and colour scale; of a program its outputs, as it draws no map.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::state::{Picture, State};
use crate::campaign::snapshot::ChainView;
use crate::checkpoint::{CampaignDir, Quicklook};
use crate::ui::painter::{self, Mark, Painter, Pixels};
use crate::ui::pen::Pen;
use crate::ui::shared::Shared;
use crate::ui::text;
use crate::ui::theme::Meaning;
use crate::words::screens::{self, Empty};
use crate::words::{self, details};

/// Draws it, as a screen or beside others.
pub(crate) fn draw(shared: &Shared, state: &State, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let Some(chain) = shared.chain() else { return };
    let (name, percent) = (shared.name(chain), words::percent(chain.tiles, chain.total));
    let picture = state.pictures.get(&chain.id);
    if picture.is_none() && !chain.unit.is_tiles() {
        let title = details::outputs_of(&name, percent);
        return pen.put(frame, area, &outputs(shared, chain, &title, pen, columns));
    }
    let layer = picture
        .map_or_else(String::new, |p| format!(" {} {}, {}", pen.glyphs.dot, layer(&p.look), unit(&p.look)));
    let title = pen.rule(&format!("{}{layer}", details::map_of(&name, percent)), columns);
    let mut lines = vec![title];
    let Some(picture) = picture else {
        lines.push(Line::default());
        let said = match &state.error {
            Some((id, why)) if *id == chain.id => why.clone(),
            _ if chain.quicklook.is_some() => screens::reading(pen.glyphs.ellipsis),
            _ => screens::empty(Empty::Map).to_owned(),
        };
        lines.extend(pen.wrapped(Meaning::Muted, &format!("  {said}"), columns, 3));
        return pen.put(frame, area, &lines);
    };
    pen.put(frame, area, &lines);
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    if inner.height > 0 {
        let rows = paint(picture, pen, frame.buffer_mut(), inner);
        let below = Rect { y: inner.y + rows, height: 1, ..area };
        pen.put(frame, below, &[scale(picture, pen, columns)]);
    }
}

/// What a program has made: it draws no map.
fn outputs(shared: &Shared, chain: &ChainView, title: &str, pen: Pen, columns: usize) -> Vec<Line<'static>> {
    let mut lines = vec![pen.rule(title, columns), Line::default()];
    for map in &chain.maps {
        let name = map.path.file_name().unwrap_or(map.path.as_os_str()).to_string_lossy();
        let size = text::right(&words::bytes(map.bytes), 8, pen.glyphs);
        lines.push(pen.line(Meaning::Base, format!("{size}  {name}")));
    }
    let folder = shared.snapshot.as_ref().map(|snapshot| CampaignDir::new(&snapshot.output).results());
    let folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
    let said = format!("  {}", details::outputs_in(&folder, !chain.maps.is_empty()));
    lines.extend(pen.wrapped(Meaning::Muted, &said, columns, 4));
    lines
}

/// The painter of a picture.
fn painter(pen: Pen, range: Option<(f32, f32)>, colour: &dyn Fn(f32) -> Option<[u8; 3]>) -> Painter<'_> {
    Painter {
        theme: pen.theme,
        halves: Painter::halves(pen.glyphs),
        ramp: pen.glyphs.ramp,
        unknown: pen.glyphs.unknown,
        range: range.unwrap_or_default(),
        colour,
    }
}

/// Draws the picture at the top of an area, in its middle; returns the rows it took.
fn paint(picture: &Picture, pen: Pen, buffer: &mut Buffer, area: Rect) -> u16 {
    let look = &picture.look;
    // Without a range no pixel is valid.
    let values = if picture.range.is_some() { look.values.as_slice() } else { &[] };
    let pixels = Pixels { width: look.width as usize, height: look.height as usize, values };
    let room = (usize::from(area.width), usize::from(area.height));
    let size = painter::size_in((pixels.width, pixels.height), room);
    let colour = |value: f32| picture.colour(value);
    let marks = painter(pen, picture.range, &colour).draw(pixels, size);
    let left = area.x + (area.width.saturating_sub(size.0 as u16)) / 2;
    for (y, row) in (area.y..area.bottom()).zip(&marks) {
        for (x, mark) in (left..).zip(row) {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.set_symbol(mark.symbol).set_style(style(*mark, pen));
            }
        }
    }
    marks.len().min(room.1) as u16
}

fn style(mark: Mark, pen: Pen) -> Style {
    match mark {
        Mark { known: false, .. } => pen.style(Meaning::Muted),
        Mark { fore, back, .. } => Style { fg: fore, bg: back, ..Style::new() },
    }
}

/// The layer of a picture, without the month that stands beside it.
fn layer(look: &Quicklook) -> &str {
    match look.layer.rsplit_once("_m") {
        Some((layer, month)) if month.len() == 2 && month.chars().all(|c| c.is_ascii_digit()) => layer,
        _ => &look.layer,
    }
}

/// The unit of a picture's values, as every terminal can show it.
fn unit(look: &Quicklook) -> &str {
    match look.unit.as_str() {
        "1" => crate::quantity::unit("1"),
        unit => unit,
    }
}

/// `120 W/m2 ▒▒▒▒▒ 480 W/m2`.
fn scale(picture: &Picture, pen: Pen, columns: usize) -> Line<'static> {
    let Some((low, high)) = picture.range else {
        return pen.line(Meaning::Muted, format!(" {}", screens::empty(Empty::Pixels)));
    };
    let unit = unit(&picture.look);
    let (from, to) =
        (format!(" {} {unit} ", number(low, high - low)), format!(" {} {unit}", number(high, high - low)));
    let room = columns.saturating_sub(text::width(&from) + text::width(&to) + 1).min(40);
    let mut spans = vec![pen.span(Meaning::Base, from)];
    let colour = |value: f32| picture.colour(value);
    for mark in painter(pen, picture.range, &colour).scale(room) {
        spans.push(Span::styled(mark.symbol, style(mark, pen)));
    }
    spans.push(pen.span(Meaning::Base, to));
    Line::from(spans)
}

/// A value with as many decimals as the range needs.
fn number(value: f32, range: f32) -> String {
    match range.abs() {
        r if r >= 20.0 => format!("{value:.0}"),
        r if r >= 2.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixtures;

    #[test]
    fn a_picture_is_named_by_its_layer_and_its_unit() {
        let mut look = fixtures::picture().look;
        assert_eq!((layer(&look), unit(&look)), ("total", "W/m2"));
        (look.layer, look.unit) = ("quotient_m01".to_owned(), "1".to_owned());
        assert_eq!((layer(&look), unit(&look)), ("quotient", "ratio"));
        look.layer = "mean_max".to_owned();
        assert_eq!(layer(&look), "mean_max");
    }
}
