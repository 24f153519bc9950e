//! A grid as a PNG file that says what it shows: title, scale in km, colours with their values and unit.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use super::{CLIP, CLIPPED, Palette, decimals, length_told, round_length, stretch};
use crate::engine::grid::Grid;
use crate::quantity;

/// What is written beside a picture.
#[derive(Debug, Clone, Copy)]
pub struct Legend<'t> {
    /// What the grid is.
    pub title: &'t str,
    /// The unit of its values, as files have it: `degC`.
    pub unit: &'t str,
    /// How long and wide one of its cells is, m.
    pub cell: f64,
    /// What makes it other than a plain map, such as synthetic terrain.
    pub note: Option<&'t str>,
}

/// Small grids are drawn with as many pixels a cell as make their longest edge about so long.
const EDGE: usize = 800;

/// The narrowest sheet, pixels: room for the legend's lines.
const NARROWEST: usize = 420;

/// Space around and between, pixels.
const MARGIN: usize = 10;

/// Height of the bar of colours, pixels.
const BAR: usize = 14;

const FONT: RasterHeight = RasterHeight::Size16;
const WEIGHT: FontWeight = FontWeight::Regular;
/// Height of a line of text, pixels.
const LINE: usize = 20;
/// Width of a character, pixels.
const CHARACTER: usize = get_raster_width(WEIGHT, FONT);

const INK: [u8; 3] = [30, 30, 30];
const PAPER: [u8; 4] = [255, 255, 255, 255];

/// Writes a grid as a PNG with its legend; nodata is transparent, the rest of the sheet white. A cell is a square of whole
/// pixels. The colours leave out what [`CLIP`] says.
///
/// # Errors
/// When the file cannot be written, or the grid is empty.
pub fn write_png(path: &Path, grid: &Grid, palette: Palette, legend: &Legend) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    encode_png(&mut file, grid, palette, legend)?;
    file.flush()
}

/// Writes the bytes of such a PNG.
///
/// # Errors
/// When they cannot be written, or the grid is empty.
pub fn encode_png(to: impl Write, grid: &Grid, palette: Palette, legend: &Legend) -> io::Result<()> {
    if grid.width == 0 || grid.height == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a picture of no cells"));
    }
    let sheet = draw(grid, palette, legend);
    let edges = [sheet.width, sheet.height].map(u32::try_from);
    let [Ok(width), Ok(height)] = edges else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a picture too large for PNG"));
    };
    let mut encoder = png::Encoder::new(to, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    // The unit first: a campaign's picture is known by it.
    encoder.add_itxt_chunk("Unit".into(), legend.unit.into())?;
    encoder.add_itxt_chunk("Title".into(), legend.title.into())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&sheet.pixels)?;
    writer.finish()?;
    Ok(())
}

struct Sheet {
    width: usize,
    height: usize,
    /// Red, green, blue, alpha, row by row.
    pixels: Vec<u8>,
}

/// Pixels along a cell's edge.
fn zoom(grid: &Grid) -> usize {
    (EDGE / grid.width.max(grid.height).max(1)).max(1)
}

fn draw(grid: &Grid, palette: Palette, legend: &Legend) -> Sheet {
    let zoom = zoom(grid);
    let width = (zoom * grid.width + 2 * MARGIN).max(NARROWEST);
    let above = wrapped(legend.title, width - 2 * MARGIN);
    let range = stretch(&grid.values, CLIP);
    let words = range.map_or("no data", |_| CLIPPED);
    let below: Vec<String> =
        std::iter::once(words).chain(legend.note).flat_map(|t| wrapped(t, width - 2 * MARGIN)).collect();

    let map_top = MARGIN + LINE * above.len() + MARGIN / 2;
    let scale_top = map_top + zoom * grid.height + MARGIN;
    let bar_top = scale_top + LINE + MARGIN / 2;
    let words_top = bar_top + BAR + 4;
    let last_top = words_top + LINE;
    let height = last_top + LINE * below.len() + MARGIN;
    let mut sheet = Sheet { width, height, pixels: PAPER.repeat(width * height) };

    sheet.lines(map_top - MARGIN / 2 - LINE * above.len(), &above);
    sheet.map(grid, palette, range, (MARGIN, map_top), zoom);
    sheet.scale(legend.cell / zoom as f64, zoom * grid.width, scale_top);
    if let Some(range) = range {
        sheet.colours(palette, range, bar_top);
        sheet.values(range, quantity::unit(legend.unit), words_top);
    }
    sheet.lines(last_top, &below);
    sheet
}

impl Sheet {
    fn set(&mut self, x: usize, y: usize, colour: [u8; 4]) {
        if x < self.width && y < self.height {
            let first = 4 * (y * self.width + x);
            self.pixels[first..first + 4].copy_from_slice(&colour);
        }
    }

    fn fill(&mut self, (left, top): (usize, usize), (width, height): (usize, usize), colour: [u8; 4]) {
        for y in top..top + height {
            for x in left..left + width {
                self.set(x, y, colour);
            }
        }
    }

    fn map(
        &mut self,
        grid: &Grid,
        palette: Palette,
        range: Option<(f32, f32)>,
        (left, top): (usize, usize),
        zoom: usize,
    ) {
        for (i, &value) in grid.values.iter().enumerate() {
            let colour = range.and_then(|(low, high)| palette.colour(value, low, high));
            let colour = colour.map_or([0; 4], |[red, green, blue]| [red, green, blue, 255]);
            let corner = (left + zoom * (i % grid.width), top + zoom * (i / grid.width));
            self.fill(corner, (zoom, zoom), colour);
        }
    }

    /// A bar of a round length on the ground, at most a third of the map, with its length.
    fn scale(&mut self, metres_a_pixel: f64, map: usize, top: usize) {
        let metres = round_length(metres_a_pixel * map as f64 / 3.0);
        let long = ((metres / metres_a_pixel).round() as usize).max(1);
        let ink = [INK[0], INK[1], INK[2], 255];
        let middle = top + LINE / 2;
        self.fill((MARGIN, middle - 1), (long, 3), ink);
        for end in [MARGIN, MARGIN + long.saturating_sub(3)] {
            self.fill((end, middle - 5), (3.min(long), 11), ink);
        }
        self.text(2 * MARGIN + long, top, &length_told(metres));
    }

    fn colours(&mut self, palette: Palette, (low, high): (f32, f32), top: usize) {
        let long = self.width - 2 * MARGIN;
        for x in 0..long {
            let value = low + (high - low) * x as f32 / (long - 1) as f32;
            if let Some([red, green, blue]) = palette.colour(value, low, high) {
                self.fill((MARGIN + x, top), (1, BAR), [red, green, blue, 255]);
            }
        }
    }

    /// The values of the bar's ends and middle, with their unit.
    fn values(&mut self, (low, high): (f32, f32), unit: &str, top: usize) {
        let digits = decimals(high - low);
        let said = |value: f32| format!("{value:.digits$} {unit}").trim_end().to_owned();
        let (first, middle, last) = (said(low), said(f32::midpoint(low, high)), said(high));
        let right = self.width.saturating_sub(MARGIN + text_width(&last));
        self.text(MARGIN, top, &first);
        if high > low {
            self.text((self.width - text_width(&middle)) / 2, top, &middle);
            self.text(right, top, &last);
        }
    }

    fn lines(&mut self, top: usize, lines: &[String]) {
        for (number, line) in lines.iter().enumerate() {
            self.text(MARGIN, top + LINE * number, line);
        }
    }

    fn text(&mut self, left: usize, top: usize, text: &str) {
        for (place, character) in text.chars().enumerate() {
            let glyph = get_raster(character, WEIGHT, FONT).or_else(|| get_raster('?', WEIGHT, FONT));
            let Some(glyph) = glyph else { continue };
            for (y, row) in glyph.rows().enumerate() {
                for (x, &strength) in row.iter().enumerate().filter(|(_, strength)| **strength > 0) {
                    let blend = |paper: u8, ink: u8| {
                        let strength = u16::from(strength);
                        ((u16::from(paper) * (255 - strength) + u16::from(ink) * strength) / 255) as u8
                    };
                    let [red, green, blue] = [0, 1, 2].map(|c| blend(PAPER[c], INK[c]));
                    self.set(left + place * CHARACTER + x, top + y, [red, green, blue, 255]);
                }
            }
        }
    }
}

fn text_width(text: &str) -> usize {
    text.chars().count() * CHARACTER
}

/// A text in lines no wider than so many pixels, cut between words; a longer word stands alone.
fn wrapped(text: &str, pixels: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(line) + text_width(word) + CHARACTER <= pixels => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
