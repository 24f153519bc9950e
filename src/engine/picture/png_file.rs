//! Grids as PNG files with a labelled scale bar.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::{Palette, font, stretch};
use crate::engine::grid::Grid;

/// Part of the values left out at either end of the scale: single glints would darken all the rest.
const CLIP: f64 = 0.005;

/// Height of the strip with the bar and its numbers, pixels.
const STRIP: usize = 30;

/// Height of the bar, pixels.
const BAR: usize = 10;

/// Space around, pixels.
const MARGIN: usize = 6;

/// The narrowest picture that has room for a bar and its numbers, pixels.
const NARROWEST: usize = 120;

const INK: [u8; 4] = [30, 30, 30, 255];
const PAPER: [u8; 4] = [255, 255, 255, 255];

/// Writes a grid as a PNG with a scale bar below it; nodata transparent. Pictures narrower than 120 cells stand at the
/// left of a strip of that width.
///
/// # Errors
/// When the file cannot be written, or the grid is empty.
pub fn write_png(path: &Path, grid: &Grid, palette: Palette, unit: &str) -> io::Result<()> {
    if grid.width == 0 || grid.height == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a picture of no cells"));
    }
    let mut file = BufWriter::new(File::create(path)?);
    encode_png(&mut file, grid, palette, unit)?;
    file.flush()
}

/// Writes the bytes of such a PNG.
///
/// # Errors
/// When they cannot be written, or the grid is empty.
pub fn encode_png(to: impl Write, grid: &Grid, palette: Palette, unit: &str) -> io::Result<()> {
    if grid.width == 0 || grid.height == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a picture of no cells"));
    }
    let canvas = draw(grid, palette, unit);
    let edges = [canvas.width, canvas.height].map(u32::try_from);
    let [Ok(width), Ok(height)] = edges else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a picture too large for PNG"));
    };
    let mut encoder = png::Encoder::new(to, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_itxt_chunk("Unit".into(), unit.into())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&canvas.pixels)?;
    writer.finish()?;
    Ok(())
}

struct Canvas {
    width: usize,
    height: usize,
    /// Red, green, blue, alpha, row by row.
    pixels: Vec<u8>,
}

fn draw(grid: &Grid, palette: Palette, unit: &str) -> Canvas {
    let width = grid.width.max(NARROWEST);
    let height = grid.height + STRIP;
    let mut canvas = Canvas { width, height, pixels: vec![0; 4 * width * height] };
    let range = stretch(&grid.values, CLIP);
    if let Some((low, high)) = range {
        for (i, &value) in grid.values.iter().enumerate() {
            if let Some([red, green, blue]) = palette.colour(value, low, high) {
                canvas.set(i % grid.width, i / grid.width, [red, green, blue, 255]);
            }
        }
    }
    canvas.strip(grid.height, palette, range, unit);
    canvas
}

impl Canvas {
    fn set(&mut self, x: usize, y: usize, colour: [u8; 4]) {
        if x < self.width && y < self.height {
            let first = 4 * (y * self.width + x);
            self.pixels[first..first + 4].copy_from_slice(&colour);
        }
    }

    /// The scale bar with the numbers of its ends and middle.
    fn strip(&mut self, top: usize, palette: Palette, range: Option<(f32, f32)>, unit: &str) {
        for y in top..self.height {
            for x in 0..self.width {
                self.set(x, y, PAPER);
            }
        }
        let text_top = top + MARGIN + BAR + 3;
        let Some((low, high)) = range else {
            return self.text(MARGIN, text_top, "-");
        };
        let long = self.width - 2 * MARGIN;
        for x in 0..long {
            let value = low + (high - low) * x as f32 / (long - 1) as f32;
            if let Some([red, green, blue]) = palette.colour(value, low, high) {
                for y in 0..BAR {
                    self.set(MARGIN + x, top + MARGIN + y, [red, green, blue, 255]);
                }
            }
        }
        let digits = decimals(high - low);
        let last = format!("{high:.digits$} {unit}");
        self.text(MARGIN, text_top, &format!("{low:.digits$}"));
        self.text(self.width.saturating_sub(MARGIN + text_width(&last)), text_top, &last);
        // The middle only where it touches neither end.
        if self.width >= 2 * NARROWEST {
            let middle = format!("{:.digits$}", f32::midpoint(low, high));
            self.text((self.width - text_width(&middle)) / 2, text_top, &middle);
        }
    }

    fn text(&mut self, left: usize, top: usize, text: &str) {
        for (place, character) in text.chars().enumerate() {
            for (row, bits) in font::glyph(character).into_iter().enumerate() {
                for column in (0..font::WIDTH).filter(|column| bits >> (font::WIDTH - 1 - column) & 1 == 1) {
                    self.set(left + place * (font::WIDTH + 1) + column, top + row, INK);
                }
            }
        }
    }
}

fn text_width(text: &str) -> usize {
    text.chars().count() * (font::WIDTH + 1)
}

/// Decimals that tell the ends of a scale of this span apart.
fn decimals(span: f32) -> usize {
    match span {
        _ if span >= 20.0 => 0,
        _ if span >= 2.0 => 1,
        _ => 2,
    }
}
