//! A grid in the terminal: two cells a character in colours, or plain characters where colours are not wanted.

use ratatui::style::Color;

use crate::engine::grid::Grid;
use crate::engine::picture::{self, Palette};
use crate::glyphs::Glyphs;
use crate::ui::theme::{Depth, Theme};

/// From low to high, where colours are not wanted.
const RAMP: &[u8] = b".:-=+*#%@";

/// What a terminal can draw with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brush {
    theme: Theme,
    /// Two pixels in one character; without it a character is one colour.
    half: Option<&'static str>,
}

/// The colours of a picture: the palette, and the values of its ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) palette: Palette,
    pub(super) low: f32,
    pub(super) high: f32,
}

/// Columns and rows of characters that a picture takes: as large as there is room for, its proportions kept. A character is
/// about twice as high as wide.
pub(super) fn size_in(grid: &Grid, (columns, rows): (usize, usize)) -> (usize, usize) {
    let (width, height) = (grid.width.max(1) as f64, grid.height.max(1) as f64);
    let scale = (columns as f64 / width).min(2.0 * rows as f64 / height);
    let fit = |n: f64, most: usize| (n.round() as usize).clamp(1, most.max(1));
    (fit(width * scale, columns), fit((height * scale / 2.0).ceil(), rows))
}

impl Brush {
    pub(super) fn new(depth: Depth, glyphs: &'static Glyphs) -> Self {
        Self { theme: Theme::new(depth), half: glyphs.half }
    }

    /// The lines of a picture of so many characters across and down.
    pub(super) fn draw(self, grid: &Grid, scale: Scale, (columns, rows): (usize, usize)) -> Vec<String> {
        let pixels = picture::resampled(grid, columns, 2 * rows);
        let at = |x: usize, y: usize| pixels.at(x as isize, y as isize);
        let line = |row: usize| {
            let cells = (0..columns).map(|x| self.cell(at(x, 2 * row), at(x, 2 * row + 1), scale));
            cells.collect::<String>() + self.end()
        };
        (0..rows).map(line).collect()
    }

    /// The colours from low to high, so many characters wide.
    pub(super) fn bar(self, scale: Scale, columns: usize) -> String {
        let value = |x: usize| {
            let part = (x as f32 + 0.5) / columns as f32;
            scale.low + (scale.high - scale.low) * part
        };
        let cells = (0..columns).map(|x| self.cell(value(x), value(x), scale));
        cells.collect::<String>() + self.end()
    }

    fn end(self) -> &'static str {
        if self.theme.has_colour() { "\x1b[0m" } else { "" }
    }

    fn cell(self, upper: f32, lower: f32, scale: Scale) -> String {
        let mean = match (upper.is_nan(), lower.is_nan()) {
            (true, _) => lower,
            (_, true) => upper,
            _ => f32::midpoint(upper, lower),
        };
        let colour = |value: f32| {
            scale.palette.colour(value, scale.low, scale.high).and_then(|rgb| self.theme.pixel(rgb))
        };
        if !self.theme.has_colour() {
            return plain(mean, scale).to_string();
        }
        match (colour(upper), colour(lower), self.half) {
            (None, None, _) => "\x1b[0m ".to_owned(),
            (Some(upper), Some(lower), Some(half)) => format!("\x1b[{};{}m{half}", fore(upper), back(lower)),
            (Some(upper), None, Some(half)) => format!("\x1b[0;{}m{half}", fore(upper)),
            (None, Some(lower), Some(_)) => format!("\x1b[0;{}m▄", fore(lower)),
            (_, _, None) => colour(mean).map_or_else(String::new, |c| format!("\x1b[{}m ", back(c))),
        }
    }
}

fn fore(colour: Color) -> String {
    ground(38, colour)
}

fn back(colour: Color) -> String {
    ground(48, colour)
}

/// The parameters of the sequence that sets a colour.
fn ground(which: u8, colour: Color) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("{which};2;{r};{g};{b}"),
        Color::Indexed(index) => format!("{which};5;{index}"),
        _ => "0".to_owned(),
    }
}

fn plain(value: f32, Scale { low, high, .. }: Scale) -> char {
    if value.is_nan() {
        return ' ';
    }
    let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
    let index = (share * (RAMP.len() - 1) as f32).round() as usize;
    RAMP.get(index).map_or('?', |c| char::from(*c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyphs::{ASCII, UNICODE};

    const GREY: Scale = Scale { palette: Palette::Grey, low: 0.0, high: 1.0 };

    #[test]
    fn without_colours_a_grid_is_drawn_in_plain_characters() {
        let brush = Brush::new(Depth::Mono, &UNICODE);
        let grid = Grid { width: 3, height: 2, values: vec![0.0, 1.0, f32::NAN, 0.0, 9.0, f32::NAN] };
        assert_eq!(brush.draw(&grid, GREY, (3, 1)), [".@ "]);
        assert_eq!(brush.bar(GREY, 9), ".:-=+*#%@");
    }

    #[test]
    fn colours_are_those_that_the_terminal_knows_and_blocks_those_of_its_characters() {
        let grid = Grid { width: 1, height: 2, values: vec![0.0, 1.0] };
        let draw = |depth, glyphs| Brush::new(depth, glyphs).draw(&grid, GREY, (1, 1)).concat();
        assert_eq!(draw(Depth::True, &UNICODE), "\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[0m");
        assert_eq!(draw(Depth::Indexed, &UNICODE), "\x1b[38;5;16;48;5;231m▀\x1b[0m");
        assert_eq!(draw(Depth::Indexed, &ASCII), "\x1b[48;5;244m \x1b[0m");
    }

    #[test]
    fn a_picture_is_as_large_as_there_is_room_for() {
        let grid = |width, height| Grid { width, height, values: vec![0.5; width * height] };
        assert_eq!(size_in(&grid(96, 96), (160, 43)), (86, 43));
        assert_eq!(size_in(&grid(96, 96), (40, 43)), (40, 20));
        assert_eq!(size_in(&grid(200, 10), (80, 22)), (80, 2));
        assert_eq!(size_in(&grid(16, 16), (250, 68)), (136, 68), "a small one is enlarged");
        assert_eq!(size_in(&grid(1, 900), (80, 22)), (1, 22));
    }
}
