//! A grid in lines that can be printed: the painter's marks with the sequences of their colours.

use ratatui::style::Color;

use crate::engine::grid::Grid;
use crate::engine::picture::Palette;
use crate::glyphs::{ASCII, Glyphs};
use crate::ui::painter::{self, Mark, Painter, Pixels};
use crate::ui::theme::{Depth, Theme};

/// What a terminal can draw with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brush {
    theme: Theme,
    halves: Option<[&'static str; 2]>,
}

/// The colours of a picture: the palette, and the values of its ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) palette: Palette,
    pub(super) low: f32,
    pub(super) high: f32,
}

/// Columns of characters and rows of pixels, two a character, that a picture takes in so many columns and rows of characters.
pub(super) fn size_in(grid: &Grid, room: (usize, usize)) -> (usize, usize) {
    painter::size_in((grid.width, grid.height), room)
}

impl Brush {
    pub(super) fn new(depth: Depth, glyphs: &'static Glyphs) -> Self {
        Self { theme: Theme::new(depth), halves: Painter::halves(glyphs) }
    }

    /// The lines of a picture of so many characters across and pixels down.
    pub(super) fn draw(self, grid: &Grid, scale: Scale, size: (usize, usize)) -> Vec<String> {
        let pixels = Pixels { width: grid.width, height: grid.height, values: &grid.values };
        let colour = colours(scale);
        self.painter(scale, &colour).draw(pixels, size).iter().map(|row| self.line(row)).collect()
    }

    /// The colours from low to high, so many characters wide.
    pub(super) fn bar(self, scale: Scale, columns: usize) -> String {
        let colour = colours(scale);
        self.line(&self.painter(scale, &colour).scale(columns))
    }

    fn painter(self, scale: Scale, colour: &dyn Fn(f32) -> Option<[u8; 3]>) -> Painter<'_> {
        // What is printed may be kept in a file: its signs are those that every reader has.
        let (halves, ramp, range) = (self.halves, ASCII.ramp, (scale.low, scale.high));
        Painter { theme: self.theme, halves, ramp, unknown: " ", range, colour }
    }

    fn line(self, marks: &[Mark]) -> String {
        let cells = marks.iter().map(|mark| self.cell(*mark));
        cells.collect::<String>() + if self.theme.has_colour() { "\x1b[0m" } else { "" }
    }

    fn cell(self, mark: Mark) -> String {
        let symbol = mark.symbol;
        match (mark.fore, mark.back) {
            _ if !self.theme.has_colour() => symbol.to_owned(),
            (None, None) => format!("\x1b[0m{symbol}"),
            (Some(fore), Some(back)) => format!("\x1b[{};{}m{symbol}", ground(38, fore), ground(48, back)),
            (Some(fore), None) => format!("\x1b[0;{}m{symbol}", ground(38, fore)),
            (None, Some(back)) => format!("\x1b[{}m{symbol}", ground(48, back)),
        }
    }
}

fn colours(scale: Scale) -> impl Fn(f32) -> Option<[u8; 3]> {
    move |value| scale.palette.colour(value, scale.low, scale.high)
}

/// The parameters of the sequence that sets a colour.
fn ground(which: u8, colour: Color) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("{which};2;{r};{g};{b}"),
        Color::Indexed(index) => format!("{which};5;{index}"),
        _ => "0".to_owned(),
    }
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
        assert_eq!(brush.draw(&grid, GREY, (3, 2)), [".@ "]);
        assert_eq!(brush.bar(GREY, 9), ".:-=+*#%@");
    }

    #[test]
    fn colours_are_those_that_the_terminal_knows_and_blocks_those_of_its_characters() {
        let grid = Grid { width: 1, height: 2, values: vec![0.0, 1.0] };
        let draw = |depth, glyphs| Brush::new(depth, glyphs).draw(&grid, GREY, (1, 2)).concat();
        assert_eq!(draw(Depth::True, &UNICODE), "\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[0m");
        assert_eq!(draw(Depth::Indexed, &UNICODE), "\x1b[38;5;16;48;5;231m▀\x1b[0m");
        assert_eq!(draw(Depth::Indexed, &ASCII), "\x1b[48;5;244m \x1b[0m");
    }
}
