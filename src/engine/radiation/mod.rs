//! Potential radiation of a month: direct and diffuse, on the terrain and on its flat twin.
//!
//! Two ways to the same sums over the steps of a month: [`by_skyline`] looks shadows up in horizon tables and shares
//! the sun among the cells of a patch; [`by_cell`] throws SAGA's shadows from cell to cell with a sun of its own for
//! each.

mod air;
pub(super) mod by_cell;
pub(super) mod by_skyline;
mod exact;
mod patch;
mod suns;

use super::grid::Placement;
use super::model::{Model, North};
use super::sun::Place;

/// Height of the flat twin, m: level ground under all of the sky (the original's yardstick).
pub(super) const FLAT_HEIGHT: f64 = 1.0;

/// Sums of a month over the cells of a tile, kWh/m2; NaN where the terrain is missing.
#[derive(Debug, Clone)]
pub(super) struct Radiation {
    pub direct: Vec<f32>,
    pub diffuse: Vec<f32>,
    pub direct_flat: Vec<f32>,
    pub diffuse_flat: Vec<f32>,
}

impl Radiation {
    /// For so many cells, all missing.
    pub(super) fn missing(cells: usize) -> Self {
        let none = vec![f32::NAN; cells];
        Self { direct: none.clone(), diffuse: none.clone(), direct_flat: none.clone(), diffuse_flat: none }
    }
}

/// Where the cells of the DEM lie on the earth.
#[derive(Debug, Clone)]
pub(super) struct Geography {
    dem: Placement,
    middle: f64,
    north: North,
}

impl Geography {
    /// For a DEM and the cell of it whose mean solar time is the clock; `None` when that cell has no place on earth.
    pub(super) fn new(dem: &Placement, (column, row): (f64, f64), model: &Model) -> Option<Self> {
        let mut geography = Self { dem: dem.clone(), middle: 0.0, north: model.north };
        geography.middle = geography.lonlat(column, row)?.0;
        Some(geography)
    }

    /// The terrain model's placement.
    fn dem(&self) -> &Placement {
        &self.dem
    }

    /// Longitude of the clock, degrees.
    pub(super) fn middle(&self) -> f64 {
        self.middle
    }

    /// Longitude and latitude of a cell, degrees.
    ///
    /// Rounded to 1e-9 degrees (0.1 mm), so that projections whose last bit depends on the processor give equal maps.
    fn lonlat(&self, column: f64, row: f64) -> Option<(f64, f64)> {
        let (x, y) = self.dem.centre(column, row);
        let (lon, lat) = self.dem.crs.to_lonlat(x, y)?;
        Some(((lon * 1e9).round() / 1e9, (lat * 1e9).round() / 1e9))
    }

    /// Sines and cosines of a cell's place; `None` where it has none on earth.
    pub(super) fn whereabouts(&self, column: f64, row: f64) -> Option<Place> {
        let (latitude, longitude) = self.place(column, row)?;
        Some(Place::new(latitude, longitude, self.turn(column, row)?))
    }

    /// Latitude, and longitude counted from the clock's, radians.
    pub(super) fn place(&self, column: f64, row: f64) -> Option<(f64, f64)> {
        let (lon, lat) = self.lonlat(column, row)?;
        Some((lat.to_radians(), (lon - self.middle).to_radians()))
    }

    /// What azimuths from true north exceed those from the grid's columns by, radians; 0 where the model takes the
    /// columns for north.
    pub(super) fn turn(&self, column: f64, row: f64) -> Option<f64> {
        if self.north == North::Grid {
            return Some(0.0);
        }
        let (x, y) = self.dem.centre(column, row);
        let convergence = self.dem.crs.convergence(x, y)?;
        Some(((convergence * 1e9).round() / 1e9).to_radians())
    }
}
