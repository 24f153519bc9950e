//! A window of the DEM with its surroundings.

use std::sync::atomic::AtomicBool;

use super::geotiff::Raster;
use super::rectangles::{Rect, Span, surroundings};
use super::{Problem, checks};

/// Stands for missing terrain where rays pass: so deep that it never shades.
pub(super) const ABYSS: f32 = -1.0e5;

/// Heights around a tile, as far as there are any.
#[derive(Debug)]
pub(super) struct Terrain {
    /// Column of the DEM of the first column; a multiple of [`BLOCK`](super::rectangles::BLOCK).
    pub column: isize,
    /// Row of the DEM of the first row; a multiple of [`BLOCK`](super::rectangles::BLOCK).
    pub row: isize,
    /// Columns; a multiple of [`BLOCK`](super::rectangles::BLOCK).
    pub width: usize,
    /// Rows; a multiple of [`BLOCK`](super::rectangles::BLOCK).
    pub height: usize,
    /// Rows of the whole DEM.
    pub rows: isize,
    /// Edge of a cell, m.
    pub cell: f64,
    /// Heights, m; NaN = missing.
    pub z: Vec<f32>,
    /// The tile's cells in the window.
    pub tile: Rect,
    /// The DEM's cells in the window.
    pub dem: Rect,
}

/// Slope of the ground: height gained per metre eastwards and northwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gradient {
    pub east: f64,
    pub north: f64,
}

impl Terrain {
    /// Reads the cells `[column, column + width) x [row, row + height)` of the DEM with `halo` cells around them, out
    /// to the edges of the blocks they lie in. `None` when asked to stop. Heights that no ground has are refused, whatever was
    /// checked before.
    pub(super) fn read(
        dem: &Raster,
        (column, row): (isize, isize),
        (width, height): (usize, usize),
        halo: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Self>, Problem> {
        let place = dem.placement();
        let all = surroundings(place, Span { column, row, width, height }, halo);
        let Span { column: west, row: north, width: across, height: down } = all;
        let Some(grid) = dem.window_unless(west, north, (across, down), stop)? else { return Ok(None) };
        checks::refuse_strays(dem, &grid, (west, north))?;
        let inside = |edge: isize, from: isize, size: usize| (edge - from).clamp(0, size as isize) as usize;
        let (x0, y0) = ((column - west) as usize, (row - north) as usize);
        Ok(Some(Self {
            column: west,
            row: north,
            width: across,
            height: down,
            rows: place.height as isize,
            cell: place.cell_x,
            z: grid.values,
            tile: Rect { x0, y0, x1: x0 + width, y1: y0 + height },
            dem: Rect {
                x0: inside(0, west, across),
                y0: inside(0, north, down),
                x1: inside(place.width as isize, west, across),
                y1: inside(place.height as isize, north, down),
            },
        }))
    }

    /// Index of a cell of the window.
    pub(super) fn index(&self, x: usize, y: usize) -> usize {
        y * self.width + x
    }

    /// The cell at an offset from the south-west corner of another, in cells east- and northwards, as SAGA finds it:
    /// by cutting off the fraction, with columns counted from the west and rows from the south. `None` outside.
    ///
    /// Cutting off is not rounding down: beyond the DEM's west and south edges the first row or column of cells that is
    /// not there is taken for the outermost one that is.
    pub(super) fn saga_cell(&self, (x, y): (usize, usize), east: f64, north: f64) -> Option<(usize, usize)> {
        let (mut dx, mut dy) = (east.floor() as isize, -(north.floor() as isize));
        if self.column + x as isize + dx == -1 && east > east.floor() {
            dx += 1;
        }
        if self.row + y as isize + dy == self.rows && north > north.floor() {
            dy -= 1;
        }
        let (x, y) = (x.checked_add_signed(dx)?, y.checked_add_signed(dy)?);
        let dem = self.dem;
        ((dem.x0..dem.x1).contains(&x) && (dem.y0..dem.y1).contains(&y)).then_some((x, y))
    }

    /// The slope at a cell; `None` where the cell is missing.
    ///
    /// Central differences; where a neighbour is missing the difference to the opposite one is continued, where both
    /// are the ground is level in that direction (SAGA's `Get_Gradient`).
    pub(super) fn gradient(&self, x: usize, y: usize) -> Option<Gradient> {
        let z = f64::from(self.z[self.index(x, y)]);
        if z.is_nan() {
            return None;
        }
        let at = |dx: isize, dy: isize| {
            let (x, y) = (x.checked_add_signed(dx)?, y.checked_add_signed(dy)?);
            let value = (x < self.width && y < self.height).then(|| f64::from(self.z[self.index(x, y)]))?;
            (!value.is_nan()).then_some(value)
        };
        let across = |ahead: Option<f64>, behind: Option<f64>| match (ahead, behind) {
            (Some(ahead), Some(behind)) => (ahead - behind) / (2.0 * self.cell),
            (Some(ahead), None) => (ahead - z) / self.cell,
            (None, Some(behind)) => (z - behind) / self.cell,
            (None, None) => 0.0,
        };
        Some(Gradient { east: across(at(1, 0), at(-1, 0)), north: across(at(0, -1), at(0, 1)) })
    }

    /// Whether there is any terrain in a rectangle of the window.
    pub(super) fn is_anywhere_in(&self, rect: Rect) -> bool {
        let mut rows = (rect.y0..rect.y1).map(|y| &self.z[self.index(rect.x0, y)..self.index(rect.x1, y)]);
        rows.any(|row| row.iter().any(|z| !z.is_nan()))
    }

    /// The first cell of a rectangle of the window that has a height where these values, row by row, have none.
    pub(super) fn first_without(&self, rect: Rect, values: &[f32]) -> Option<(usize, usize)> {
        let width = rect.width();
        (rect.y0..rect.y1).zip(values.chunks_exact(width.max(1))).find_map(|(y, values)| {
            let ground = &self.z[self.index(rect.x0, y)..self.index(rect.x1, y)];
            let missing = |(z, value): (&f32, &f32)| value.is_nan() && !z.is_nan();
            // Counted first: that is done eight cells at a time.
            let count: usize = ground.iter().zip(values).map(|pair| usize::from(missing(pair))).sum();
            let first = || ground.iter().zip(values).position(missing);
            (count > 0).then(first).flatten().map(|x| (rect.x0 + x, y))
        })
    }

    /// Lowest and highest ground of the tile; `None` where all is missing.
    pub(super) fn heights(&self) -> Option<(f64, f64)> {
        let rows = (self.tile.y0..self.tile.y1)
            .flat_map(|y| &self.z[self.index(self.tile.x0, y)..self.index(self.tile.x1, y)]);
        let range = rows.filter(|z| !z.is_nan()).fold(None, |range: Option<(f32, f32)>, &z| {
            Some(range.map_or((z, z), |(low, high)| (low.min(z), high.max(z))))
        });
        range.map(|(low, high)| (f64::from(low), f64::from(high)))
    }
}

#[cfg(test)]
pub(super) mod fixtures {
    use super::*;

    /// A terrain without surroundings, all of it the tile; edges multiples of [`BLOCK`](super::rectangles::BLOCK).
    pub(crate) fn terrain(size: usize, cell: f64, height: impl Fn(usize, usize) -> f32) -> Terrain {
        let z: Vec<f32> = (0..size * size).map(|i| height(i % size, i / size)).collect();
        let all = Rect { x0: 0, y0: 0, x1: size, y1: size };
        Terrain {
            column: 0,
            row: 0,
            width: size,
            height: size,
            rows: size as isize,
            cell,
            z,
            tile: all,
            dem: all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fixtures::terrain;

    #[test]
    fn the_gradient_of_a_plane_is_its_slope_even_at_the_edge_and_beside_a_hole() {
        let plane =
            terrain(
                64,
                25.0,
                |x, y| if (x, y) == (10, 10) { f32::NAN } else { 5.0 * x as f32 + 10.0 * y as f32 },
            );
        for (x, y) in [(5, 5), (0, 0), (63, 63), (9, 10), (10, 11)] {
            let gradient = plane.gradient(x, y).unwrap();
            assert!(
                (gradient.east - 0.2).abs() < 1e-6 && (gradient.north + 0.4).abs() < 1e-6,
                "{x} {y} {gradient:?}"
            );
        }
        assert_eq!(plane.gradient(10, 10), None);
    }
}
