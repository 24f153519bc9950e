//! Pictures of grids: colour scales, hill shading, PNG.

mod font;
mod palette;
mod png_file;

pub use palette::Palette;
pub use png_file::{encode_png, write_png};

use super::grid::Grid;

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

/// How bright each cell of a terrain is in light from the north-west, 45 degrees high: 0 (shade) to 1 (facing it).
///
/// `cell` is the ground size of a cell, m; slopes after Horn (1981). NaN where a cell or a neighbour is.
#[must_use]
pub fn hillshade(grid: &Grid, cell: f32) -> Grid {
    let shade = |i: usize| {
        let (x, y) = ((i % grid.width) as isize, (i / grid.width) as isize);
        // At the edge the nearest cell inside stands in for the missing one.
        let at = |dx: isize, dy: isize| {
            let column = (x + dx).clamp(0, grid.width as isize - 1);
            grid.at(column, (y + dy).clamp(0, grid.height as isize - 1))
        };
        let side = |dx: isize| at(dx, -1) + 2.0 * at(dx, 0) + at(dx, 1);
        let row = |dy: isize| at(-1, dy) + 2.0 * at(0, dy) + at(1, dy);
        let east = (side(1) - side(-1)) / (8.0 * cell);
        let north = (row(-1) - row(1)) / (8.0 * cell);
        let facing = 0.5 * east - 0.5 * north + std::f32::consts::FRAC_1_SQRT_2;
        let bright = facing / (1.0 + east * east + north * north).sqrt();
        // Not `max`, which would turn NaN into shade. Horn's slope leaves out the cell itself.
        if grid.at(x, y).is_nan() {
            f32::NAN
        } else if bright < 0.0 {
            0.0
        } else {
            bright
        }
    };
    Grid { width: grid.width, height: grid.height, values: (0..grid.values.len()).map(shade).collect() }
}

/// A grid made smaller by whole factors until no edge is longer than `max_edge`: each cell the mean of the valid ones.
#[must_use]
pub fn overview(grid: &Grid, max_edge: usize) -> Grid {
    let factor = grid.width.max(grid.height).div_ceil(max_edge.max(1)).max(1);
    let (width, height) = (grid.width.div_ceil(factor), grid.height.div_ceil(factor));
    let mut values = Vec::with_capacity(width * height);
    for row in 0..height {
        for column in 0..width {
            let (mut sum, mut count) = (0.0, 0.0);
            for y in row * factor..grid.height.min((row + 1) * factor) {
                for x in column * factor..grid.width.min((column + 1) * factor) {
                    let value = f64::from(grid.at(x as isize, y as isize));
                    if !value.is_nan() {
                        sum += value;
                        count += 1.0;
                    }
                }
            }
            // 0 / 0 is NaN: no data.
            values.push((sum / count) as f32);
        }
    }
    Grid { width, height, values }
}

#[cfg(test)]
mod tests;
