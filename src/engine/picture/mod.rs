//! Pictures of grids: colour scales, lengths, PNG.

mod palette;
mod sheet;

pub use palette::Palette;
pub use sheet::{Legend, encode_png, write_png};

use super::grid::Grid;

/// The part of the values that the colours of every picture leave out at either end: single glints would darken all the rest.
pub const CLIP: f64 = 0.02;

/// [`CLIP`] in words.
pub const CLIPPED: &str = "colours from the 2nd to the 98th percentile";

/// The range that leaves out the lowest and highest `clip` (0..0.5) of the valid values; `None` without any.
#[must_use]
pub fn stretch(values: &[f32], clip: f64) -> Option<(f32, f32)> {
    let mut valid: Vec<f32> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let last = valid.len().checked_sub(1)?;
    let cut = (last as f64 * clip.clamp(0.0, 0.5)) as usize;
    let high = *valid.select_nth_unstable_by(last - cut, f32::total_cmp).1;
    let low = *valid.select_nth_unstable_by(cut, f32::total_cmp).1;
    Some((low, high))
}

/// Decimals that tell the ends of a scale of this span apart.
#[must_use]
pub fn decimals(span: f32) -> usize {
    match span {
        _ if span >= 20.0 => 0,
        _ if span >= 2.0 => 1,
        _ => 2,
    }
}

/// The longest of 1, 2 and 5 times a power of ten that is no longer than this, both in m: what a scale bar stands for.
#[must_use]
pub fn round_length(longest: f64) -> f64 {
    let power = 10.0_f64.powf(longest.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|times| times * power).find(|length| *length <= longest).unwrap_or(power)
}

/// A length on the ground, m, in words: `500 m`, `20 km`.
#[must_use]
pub fn length_told(metres: f64) -> String {
    if metres < 1_000.0 { format!("{metres} m") } else { format!("{} km", metres / 1_000.0) }
}

/// A grid on another number of columns and rows: each of its cells the mean of the valid ones that it covers, NaN without any.
#[must_use]
pub fn resampled(grid: &Grid, width: usize, height: usize) -> Grid {
    let span = |at: usize, of: usize, cells: usize| {
        let from = at * cells / of;
        from..((at + 1) * cells / of).max(from + 1).min(cells)
    };
    let mean = |i: usize| {
        let (columns, rows) = (span(i % width, width, grid.width), span(i / width, height, grid.height));
        let cells = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
        let valid = cells.map(|(x, y)| grid.at(x as isize, y as isize)).filter(|value| !value.is_nan());
        let (sum, count) = valid.fold((0.0_f64, 0_u32), |(s, n), value| (s + f64::from(value), n + 1));
        // 0 / 0 is NaN: no data.
        (sum / f64::from(count)) as f32
    };
    Grid { width, height, values: (0..width * height).map(mean).collect() }
}

#[cfg(test)]
mod tests;
