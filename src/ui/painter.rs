//! Pictures in a terminal: two pixels in a character where there are colours and blocks, else a character each.

use ratatui::style::Color;

use super::theme::Theme;
use crate::glyphs::Glyphs;

/// Values of a picture, row by row from its top; NaN where there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pixels<'p> {
    /// Across.
    pub(crate) width: usize,
    /// Down.
    pub(crate) height: usize,
    /// `width * height` of them; what lacks at the end has no value.
    pub(crate) values: &'p [f32],
}

/// What pictures are drawn with.
#[derive(Clone, Copy)]
pub(crate) struct Painter<'p> {
    /// The colours that the terminal has.
    pub(crate) theme: Theme,
    /// Two pixels in one character, the upper and the lower in the foreground's colour.
    pub(crate) halves: Option<[&'static str; 2]>,
    /// Characters from low to high, where there are no colours; the first is for nothing.
    pub(crate) ramp: &'static [&'static str],
    /// A pixel without a value.
    pub(crate) unknown: &'static str,
    /// The values of the ends of the colours.
    pub(crate) range: (f32, f32),
    /// The colour of a value.
    pub(crate) colour: &'p dyn Fn(f32) -> Option<[u8; 3]>,
}

/// A character that stands for two pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) symbol: &'static str,
    /// Of the sign; `None`: the terminal's own.
    pub(crate) fore: Option<Color>,
    /// Behind it; `None`: the terminal's own.
    pub(crate) back: Option<Color>,
    /// Whether any of the two has a value.
    pub(crate) known: bool,
}

/// Columns of characters and rows of pixels, two a character, of a picture in so many columns and rows of characters: as large
/// as there is room for, its proportions kept. A character is about twice as high as wide.
pub(crate) fn size_in((width, height): (usize, usize), (columns, rows): (usize, usize)) -> (usize, usize) {
    let (w, h) = (width.max(1) as f64, height.max(1) as f64);
    let (room_w, room_h) = (columns as f64, rows as f64 * 2.0);
    let scale = (room_w / w).min(room_h / h);
    let fit = |n: f64, room: f64| (n * scale).round().clamp(1.0, room.max(1.0)) as usize;
    (fit(w, room_w), fit(h, room_h))
}

impl Pixels<'_> {
    /// The mean of the valid values under a pixel of a smaller or larger picture; NaN without any.
    fn sample(&self, (columns, rows): (usize, usize), x: usize, y: usize) -> f32 {
        let span = |at: usize, of: usize, n: usize| {
            let from = at * n / of;
            from..((at + 1) * n / of).max(from + 1).min(n)
        };
        let (mut sum, mut count) = (0.0f64, 0u32);
        for row in span(y, rows, self.height) {
            for column in span(x, columns, self.width) {
                let value = self.values.get(row * self.width + column).copied().unwrap_or(f32::NAN);
                if value.is_finite() {
                    sum += f64::from(value);
                    count += 1;
                }
            }
        }
        if count == 0 { f32::NAN } else { (sum / f64::from(count)) as f32 }
    }
}

impl Painter<'_> {
    /// The halves of a block that the terminal's signs have.
    pub(crate) fn halves(glyphs: &Glyphs) -> Option<[&'static str; 2]> {
        glyphs.half.zip(glyphs.lower_half).map(|(upper, lower)| [upper, lower])
    }

    /// The rows of a picture of so many columns and rows of pixels.
    pub(crate) fn draw(&self, pixels: Pixels<'_>, size: (usize, usize)) -> Vec<Vec<Mark>> {
        let at = |x: usize, y: usize| if y < size.1 { pixels.sample(size, x, y) } else { f32::NAN };
        let row = |y: usize| (0..size.0).map(|x| self.mark(at(x, 2 * y), at(x, 2 * y + 1))).collect();
        (0..size.1.div_ceil(2)).map(row).collect()
    }

    /// The colours from low to high, so many characters wide.
    pub(crate) fn scale(&self, columns: usize) -> Vec<Mark> {
        let (low, high) = self.range;
        let value = |step: usize| low + (high - low) * (step as f32 + 0.5) / columns as f32;
        (0..columns).map(|step| self.whole(value(step))).collect()
    }

    /// What stands for two pixels, the upper and the lower.
    fn mark(&self, upper: f32, lower: f32) -> Mark {
        let mean = match (upper.is_nan(), lower.is_nan()) {
            (true, true) => return Mark { symbol: self.unknown, fore: None, back: None, known: false },
            (true, false) => lower,
            (false, true) => upper,
            (false, false) => f32::midpoint(upper, lower),
        };
        match (self.halves, self.coloured(upper), self.coloured(lower)) {
            (Some([half, _]), Some(fore), back) => Mark { symbol: half, fore: Some(fore), back, known: true },
            (Some([_, half]), None, Some(fore)) => {
                Mark { symbol: half, fore: Some(fore), back: None, known: true }
            }
            _ => self.whole(mean),
        }
    }

    /// What stands for one value.
    fn whole(&self, value: f32) -> Mark {
        match self.coloured(value) {
            Some(colour) => Mark { symbol: " ", fore: None, back: Some(colour), known: true },
            None => Mark { symbol: self.plain(value), fore: None, back: None, known: true },
        }
    }

    fn coloured(&self, value: f32) -> Option<Color> {
        (self.colour)(value).and_then(|rgb| self.theme.pixel(rgb))
    }

    /// A value as a sign, low to high.
    fn plain(&self, value: f32) -> &'static str {
        let (low, high) = self.range;
        // The first is for nothing: the lowest value still shows.
        let steps = self.ramp.len().saturating_sub(1).max(1);
        let part = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 };
        let at = 1 + ((part * steps as f32) as usize).min(steps - 1);
        self.ramp.get(at).copied().unwrap_or(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyphs::UNICODE;
    use crate::ui::theme::Depth;

    #[test]
    fn a_pixel_without_a_value_has_no_colour_wherever_it_stands() {
        let grey = |value: f32| (!value.is_nan()).then_some([(value * 255.0) as u8; 3]);
        let painter = Painter {
            theme: Theme::new(Depth::True),
            halves: Painter::halves(&UNICODE),
            ramp: UNICODE.ramp,
            unknown: UNICODE.unknown,
            range: (0.0, 1.0),
            colour: &grey,
        };
        let nan = f32::NAN;
        let pixels = Pixels { width: 3, height: 2, values: &[1.0, nan, nan, nan, 1.0, nan] };
        let white = Some(Color::Rgb(255, 255, 255));
        let of = |symbol, fore, known| Mark { symbol, fore, back: None, known };
        assert_eq!(
            painter.draw(pixels, (3, 2)),
            [[of("▀", white, true), of("▄", white, true), of("·", None, false)]]
        );
        assert_eq!(painter.draw(pixels, (3, 1)).len(), 1, "half a row is one");
    }

    #[test]
    fn a_picture_is_as_large_as_there_is_room_for() {
        assert_eq!(size_in((96, 96), (160, 43)), (86, 86));
        assert_eq!(size_in((96, 96), (40, 43)), (40, 40));
        assert_eq!(size_in((200, 10), (80, 22)), (80, 4));
        assert_eq!(size_in((16, 16), (250, 68)), (136, 136), "a small one is enlarged");
        assert_eq!(size_in((1, 900), (80, 22)), (1, 44));
    }
}
