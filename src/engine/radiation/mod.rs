//! Potential radiation of a month: direct and diffuse, on the terrain and on its flat twin.
//!
//! Two ways to the same sums over the steps of a month: [`by_horizon`] looks shadows up in horizon tables and shares
//! the sun among the cells of a patch; [`by_cell`] throws SAGA's shadows from cell to cell with a sun of its own for
//! each.

mod air;
pub(super) mod by_cell;
pub(super) mod by_horizon;
mod exact;
pub(super) mod setting;
mod sums;
mod suns;

use libm::sincos;

use super::grid::Placement;
use super::model::{North, Physics};
use super::sun::GeoPoint;

/// Height of the flat twin, m: level ground under all of the sky (the original's yardstick).
pub(super) const FLAT_HEIGHT: f64 = 1.0;

/// The ellipsoid GRS 80: its great half-axis, m, and the square of its eccentricity.
const AXIS: f64 = 6_378_137.0;
const ECCENTRICITY_2: f64 = 0.006_694_380_022_90;

/// Cells to both sides over which the size of one is measured: far enough for the rounding of coordinates.
const REACH: f64 = 32.0;

/// Sums of a month over rows of cells, kWh/m2. Where the terrain is missing they mean nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Radiation<'a> {
    pub direct: &'a [f32],
    pub diffuse: &'a [f32],
    pub flat: Flat<'a>,
}

/// The same of the flat twin.
#[derive(Debug, Clone, Copy)]
pub(super) enum Flat<'a> {
    /// For all of the cells.
    Same { direct: f32, diffuse: f32 },
    /// Cell by cell.
    Cells { direct: &'a [f32], diffuse: &'a [f32] },
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
    pub(super) fn new(dem: &Placement, (column, row): (f64, f64), model: &Physics) -> Option<Self> {
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

    /// Edge of a cell on the ground around a place, m: the mean of its two directions on the ellipsoid GRS 80 (in a
    /// conformal projection they are equal, in EPSG:3035 over the Alps within 0.2 %). `None` where the model takes
    /// projected metres for metres on the ground.
    pub(super) fn ground_cell(&self, column: f64, row: f64) -> Option<f64> {
        if self.north == North::Grid {
            return None;
        }
        let edge = |east: f64, south: f64| {
            let (lon_a, lat_a) = self.lonlat(column - east, row - south)?;
            let (lon_b, lat_b) = self.lonlat(column + east, row + south)?;
            let (sin_lat, cos_lat) = sincos(f64::midpoint(lat_a, lat_b).to_radians());
            let flattened = 1.0 - ECCENTRICITY_2 * sin_lat * sin_lat;
            let across = AXIS / flattened.sqrt();
            let along = across * (1.0 - ECCENTRICITY_2) / flattened;
            let (dx, dy) =
                (across * cos_lat * (lon_b - lon_a).to_radians(), along * (lat_b - lat_a).to_radians());
            Some((dx * dx + dy * dy).sqrt() / (2.0 * REACH))
        };
        Some(f64::midpoint(edge(REACH, 0.0)?, edge(0.0, REACH)?))
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
    pub(super) fn whereabouts(&self, column: f64, row: f64) -> Option<GeoPoint> {
        let (latitude, longitude) = self.place(column, row)?;
        Some(GeoPoint::new(latitude, longitude, self.convergence(column, row)?))
    }

    /// Latitude, and longitude counted from the clock's, radians.
    pub(super) fn place(&self, column: f64, row: f64) -> Option<(f64, f64)> {
        let (lon, lat) = self.lonlat(column, row)?;
        Some((lat.to_radians(), (lon - self.middle).to_radians()))
    }

    /// Grid convergence: what azimuths from true north exceed those from the grid's columns by, radians; 0 where the model takes the
    /// columns for north.
    pub(super) fn convergence(&self, column: f64, row: f64) -> Option<f64> {
        if self.north == North::Grid {
            return Some(0.0);
        }
        let (x, y) = self.dem.centre(column, row);
        let convergence = self.dem.crs.convergence(x, y)?;
        Some(((convergence * 1e9).round() / 1e9).to_radians())
    }
}

#[cfg(test)]
mod tests;
