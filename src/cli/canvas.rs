//! A grid in the terminal: two cells a character in true colour, or plain characters where colours are not wanted.

use crate::engine::grid::Grid;
use crate::engine::picture::Palette;

/// From low to high, where colours are not wanted.
const RAMP: &[u8] = b".:-=+*#%@";

/// The lines of a picture of `grid`, at most `columns` wide; values from `low` to `high`.
pub(super) fn draw(
    grid: &Grid,
    palette: Palette,
    (low, high): (f32, f32),
    columns: usize,
    colours: bool,
) -> Vec<String> {
    let step = (grid.width.div_ceil(columns.max(1))).max(1);
    let rows = grid.height.div_ceil(step);
    let across = grid.width.div_ceil(step);
    let at = |x: usize, y: usize| grid.at((x * step) as isize, (y * step) as isize);
    // A character is about twice as high as wide: it shows two rows.
    let lines = (0..rows).step_by(2).map(|y| {
        let cells = (0..across).map(|x| (at(x, y), if y + 1 < rows { at(x, y + 1) } else { f32::NAN }));
        if colours {
            let blocks: String = cells
                .map(|(upper, lower)| {
                    half_block(palette.colour(upper, low, high), palette.colour(lower, low, high))
                })
                .collect();
            blocks + "\x1b[0m"
        } else {
            cells.map(|(upper, _)| plain(upper, low, high)).collect()
        }
    });
    lines.collect()
}

fn half_block(upper: Option<[u8; 3]>, lower: Option<[u8; 3]>) -> String {
    match (upper, lower) {
        (None, None) => "\x1b[0m ".to_owned(),
        (Some([r, g, b]), None) => format!("\x1b[0;38;2;{r};{g};{b}m▀"),
        (None, Some([r, g, b])) => format!("\x1b[0;38;2;{r};{g};{b}m▄"),
        (Some([r, g, b]), Some([x, y, z])) => format!("\x1b[38;2;{r};{g};{b};48;2;{x};{y};{z}m▀"),
    }
}

fn plain(value: f32, low: f32, high: f32) -> char {
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

    #[test]
    fn without_colours_a_grid_is_drawn_in_plain_characters() {
        let grid = Grid { width: 3, height: 2, values: vec![0.0, 1.0, f32::NAN, 9.0, 9.0, 9.0] };
        assert_eq!(draw(&grid, Palette::Grey, (0.0, 1.0), 80, false), [".@ "]);
    }

    #[test]
    fn a_wide_grid_is_reduced_to_the_columns_there_are() {
        let grid = Grid { width: 100, height: 40, values: vec![1.0; 4000] };
        let lines = draw(&grid, Palette::Grey, (0.0, 1.0), 25, false);
        assert_eq!((lines.len(), lines.iter().map(String::len).max()), (5, Some(25)));
    }
}
