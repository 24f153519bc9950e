//! Finished maps, opened and read again: below the output folder no link is followed.

use std::path::Path;

use crate::durable::beneath;
use crate::engine::Problem;
use crate::engine::geotiff::Raster;

/// Rows that are read at once when a map is reopened: a row of blocks.
const ROWS: usize = 256;

/// What a map turns out to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contents {
    /// Its valid pixels.
    pub valid: u64,
    /// Lowest and highest value; `None` without a valid pixel.
    pub range: Option<(f32, f32)>,
}

impl Contents {
    /// Of these values.
    #[must_use]
    pub fn of(values: &[f32]) -> Self {
        let mut contents = Self { valid: 0, range: None };
        for value in values.iter().copied().filter(|v| !v.is_nan()) {
            contents.valid += 1;
            let (low, high) = contents.range.unwrap_or((value, value));
            contents.range = Some((low.min(value), high.max(value)));
        }
        contents
    }

    /// Of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let range = match (self.range, other.range) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        Self { valid: self.valid + other.valid, range }
    }
}

/// Opens a finished map as any other program would, but neither it nor what lies beside it through a link.
///
/// # Errors
/// As [`Raster::open`].
pub(super) fn open(map: &Path) -> Result<Raster, Problem> {
    Raster::open_by(map, beneath::open)
}

/// Reads a GeoTIFF whole, some rows at a time; a part of it on `stop`.
pub(super) fn read(path: &Path, stop: &dyn Fn() -> bool) -> Result<Contents, Problem> {
    let raster = open(path)?;
    let (width, height) = (raster.placement().width, raster.placement().height);
    count(&raster, (0, 0), (width, height), stop)
}

/// What some cells of a raster hold, from its cell (`x`, `y`) on; of a part of them on `stop`.
pub(super) fn count(
    raster: &Raster,
    (x, y): (isize, isize),
    (width, height): (usize, usize),
    stop: &dyn Fn() -> bool,
) -> Result<Contents, Problem> {
    let mut all = Contents::of(&[]);
    for row in (0..height).step_by(ROWS).take_while(|_| !stop()) {
        let grid = raster.window(x, y.saturating_add_unsigned(row), width, ROWS.min(height - row))?;
        all = all.and(Contents::of(&grid.values));
    }
    Ok(all)
}
