//! Rasters in memory.

use super::crs::Crs;

/// A raster, row by row from the north-west; NaN = no data.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// How many columns it has.
    pub width: usize,
    /// How many rows it has.
    pub height: usize,
    /// Values.
    pub values: Vec<f32>,
}

impl Grid {
    /// The value at a column and row; NaN outside.
    #[must_use]
    pub fn at(&self, x: isize, y: isize) -> f32 {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < self.width && y < self.height => self.values[y * self.width + x],
            _ => f32::NAN,
        }
    }
}

/// Where a raster lies: its system and the affine map from cells to coordinates, north up.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// The coordinate system.
    pub crs: Crs,
    /// The x of the west edge of the first column (not its centre).
    pub west: f64,
    /// The y of the north edge of the first row.
    pub north: f64,
    /// Width of a cell, in the system's unit (m or degrees).
    pub cell_x: f64,
    /// Height of a cell, positive.
    pub cell_y: f64,
    /// Columns of the raster.
    pub width: usize,
    /// Rows of the raster.
    pub height: usize,
}

impl Placement {
    /// The coordinates of the centre of a cell, which may lie outside.
    #[must_use]
    pub fn centre(&self, column: f64, row: f64) -> (f64, f64) {
        (self.west + (column + 0.5) * self.cell_x, self.north - (row + 0.5) * self.cell_y)
    }

    /// The fractional column and row of a coordinate, counted from cell centres.
    #[must_use]
    pub fn cell_of(&self, x: f64, y: f64) -> (f64, f64) {
        ((x - self.west) / self.cell_x - 0.5, (self.north - y) / self.cell_y - 0.5)
    }
}
