//! The map as it fills: two pixels in a cell, a colour scale with its unit.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::pen::Pen;
use crate::campaign::snapshot::ChainView;
use crate::checkpoint::{CampaignDir, Quicklook};
use crate::ui::model::{Model, Picture};
use crate::ui::text;
use crate::ui::theme::Meaning;
use crate::words;

/// The whole screen.
pub(super) fn draw(model: &Model, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    draw_panel(model, pen, frame, area);
}

/// Title, picture, colour scale.
pub(super) fn draw_panel(model: &Model, pen: Pen, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let Some(chain) = model.chain() else { return };
    let name = words::months(&chain.months, pen.glyphs);
    let percent = words::percent(chain.tiles, chain.total).map_or_else(String::new, |p| format!(", {p} %"));
    let picture = model.pictures.get(&chain.id);
    let layer = picture
        .map_or_else(String::new, |p| format!(" {} {}, {}", pen.glyphs.dot, layer(&p.look), unit(&p.look)));
    if picture.is_none() && !chain.unit.is_tiles() {
        let title = format!("Outputs of {name}{percent}");
        return pen.put(frame, area, &outputs(model, chain, &title, pen, columns));
    }
    let title = pen.rule(&format!("Map of {name}{percent}{layer}"), columns);
    let mut lines = vec![title];
    let Some(picture) = picture else {
        lines.push(Line::default());
        let said = match &model.picture_error {
            Some((id, why)) if *id == chain.id => why.clone(),
            _ if chain.quicklook.is_some() => format!("reading {}", pen.glyphs.ellipsis),
            _ => "no tile is computed yet".to_owned(),
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
fn outputs(model: &Model, chain: &ChainView, title: &str, pen: Pen, columns: usize) -> Vec<Line<'static>> {
    let mut lines = vec![pen.rule(title, columns), Line::default()];
    for map in &chain.maps {
        let name = map.path.file_name().unwrap_or(map.path.as_os_str()).to_string_lossy();
        let size = text::right(&words::bytes(map.bytes), 8, pen.glyphs);
        lines.push(pen.line(Meaning::Base, format!("{size}  {name}")));
    }
    let folder = model.snapshot.as_ref().map(|snapshot| CampaignDir::new(&snapshot.output).results());
    let folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
    let said = match chain.maps.as_slice() {
        [] => format!("  a program draws no map; once it has ended well its outputs are in {folder}"),
        _ => format!("  in {folder}"),
    };
    lines.extend(pen.wrapped(Meaning::Muted, &said, columns, 4));
    lines
}

/// Columns and rows (of pixels, two a cell) of the picture in an area, its proportions kept.
fn size_in(look: &Quicklook, area: Rect) -> (usize, usize) {
    let (w, h) = (f64::from(look.width.max(1)), f64::from(look.height.max(1)));
    let (room_w, room_h) = (f64::from(area.width), f64::from(area.height) * 2.0);
    let scale = (room_w / w).min(room_h / h);
    let fit = |n: f64, room: f64| (n * scale).round().clamp(1.0, room.max(1.0)) as usize;
    (fit(w, room_w), fit(h, room_h))
}

/// The mean of the valid values under a pixel; NaN without any.
fn sample(look: &Quicklook, (columns, rows): (usize, usize), x: usize, y: usize) -> f32 {
    let (width, height) = (look.width as usize, look.height as usize);
    let span = |at: usize, of: usize, n: usize| {
        let from = at * n / of;
        from..((at + 1) * n / of).max(from + 1).min(n)
    };
    let (mut sum, mut count) = (0.0f64, 0u32);
    for row in span(y, rows, height) {
        for column in span(x, columns, width) {
            let value = look.values.get(row * width + column).copied().unwrap_or(f32::NAN);
            if value.is_finite() {
                sum += f64::from(value);
                count += 1;
            }
        }
    }
    if count == 0 { f32::NAN } else { (sum / f64::from(count)) as f32 }
}

/// Draws the picture at the top of an area, in its middle; returns the rows it took.
fn paint(picture: &Picture, pen: Pen, buffer: &mut Buffer, area: Rect) -> u16 {
    let size = size_in(&picture.look, area);
    let left = area.x + (area.width.saturating_sub(size.0 as u16)) / 2;
    let rows = size.1.div_ceil(2).min(usize::from(area.height));
    for row in 0..rows {
        for column in 0..size.0 {
            let upper = sample(&picture.look, size, column, 2 * row);
            let lower = if 2 * row + 1 < size.1 {
                sample(&picture.look, size, column, 2 * row + 1)
            } else {
                f32::NAN
            };
            let (symbol, style) = cell(picture, pen, upper, lower);
            if let Some(cell) = buffer.cell_mut((left + column as u16, area.y + row as u16)) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
    }
    rows as u16
}

/// What stands for two pixels, the upper and the lower.
fn cell(picture: &Picture, pen: Pen, upper: f32, lower: f32) -> (&'static str, Style) {
    let unknown = (pen.glyphs.unknown, pen.style(Meaning::Muted));
    let mean = match (upper.is_nan(), lower.is_nan()) {
        (true, true) => return unknown,
        (true, false) => lower,
        (false, true) => upper,
        (false, false) => f32::midpoint(upper, lower),
    };
    let Some((low, high)) = picture.range else { return unknown };
    let colour = |value: f32| picture.colour(value).and_then(|rgb| pen.theme.pixel(rgb));
    if !pen.theme.has_colour() {
        return (ramp(mean, low, high, pen), Style::new());
    }
    match pen.glyphs.half {
        Some(half) => {
            let style = |fg: Option<Color>, bg: Option<Color>| Style { fg, bg, ..Style::new() };
            (half, style(colour(upper).or(Some(Color::Reset)), colour(lower)))
        }
        None => (" ", Style { bg: colour(mean), ..Style::new() }),
    }
}

/// A value as a sign, dark to bright.
fn ramp(value: f32, low: f32, high: f32, pen: Pen) -> &'static str {
    let signs = pen.glyphs.ramp;
    // The blank is for nothing: the lowest value still shows.
    let steps = signs.len().saturating_sub(1).max(1);
    let part = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 };
    let at = 1 + ((part * steps as f32) as usize).min(steps - 1);
    signs.get(at).copied().unwrap_or(" ")
}

/// The layer of a picture, without the month that stands beside it.
fn layer(look: &Quicklook) -> &str {
    match look.layer.rsplit_once("_m") {
        Some((layer, month)) if month.len() == 2 && month.chars().all(|c| c.is_ascii_digit()) => layer,
        _ => &look.layer,
    }
}

/// The unit of a picture's values, as a person says it.
fn unit(look: &Quicklook) -> &str {
    if look.unit == "1" { "ratio" } else { &look.unit }
}

/// `120 W/m2 ▒▒▒▒▒ 480 W/m2`.
fn scale(picture: &Picture, pen: Pen, columns: usize) -> Line<'static> {
    let Some((low, high)) = picture.range else {
        return pen.line(Meaning::Muted, " no valid pixel yet");
    };
    let unit = unit(&picture.look);
    let (from, to) =
        (format!(" {} {unit} ", number(low, high - low)), format!(" {} {unit}", number(high, high - low)));
    let room = columns.saturating_sub(text::width(&from) + text::width(&to) + 1).min(40);
    let mut spans = vec![pen.span(Meaning::Base, from)];
    for step in 0..room {
        let value = low + (high - low) * (step as f32 + 0.5) / room as f32;
        match picture.colour(value).and_then(|rgb| pen.theme.pixel(rgb)) {
            Some(colour) => spans.push(Span::styled(" ", Style::new().bg(colour))),
            None => spans.push(Span::raw(ramp(value, low, high, pen))),
        }
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
