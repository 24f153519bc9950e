//! Radiation as SAGA 8.5 computes it: a sun for every cell, kept in single precision, and "slim" shadows.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::super::atmosphere::{Air, Beam, pressure};
use super::super::model::Physics;
use super::super::rectangles::Rect;
use super::super::shadow::{self, Throw};
use super::super::sun::{GeoPoint, Month, Sun, SunStep};
use super::super::terrain::Terrain;
use super::{FLAT_HEIGHT, Flat, Geography, Radiation};

/// Sums of one cell.
#[derive(Debug, Clone, Copy, Default)]
struct CellSums {
    direct: f64,
    diffuse: f64,
    direct_flat: f64,
    diffuse_flat: f64,
}

/// A cell of the tile, turned towards the sun.
#[derive(Debug, Clone, Copy)]
struct TurnedCell {
    up: f64,
    east: f64,
    north: f64,
    pressure: f64,
}

/// Sums of a month over the cells of a tile, kWh/m2.
#[derive(Debug)]
pub(in super::super) struct MonthSums {
    direct: Vec<f32>,
    diffuse: Vec<f32>,
    direct_flat: Vec<f32>,
    diffuse_flat: Vec<f32>,
}

impl MonthSums {
    /// From a cell on.
    pub(in super::super) fn from(&self, cell: usize) -> Radiation<'_> {
        Radiation {
            direct: &self.direct[cell..],
            diffuse: &self.diffuse[cell..],
            flat: Flat::Cells { direct: &self.direct_flat[cell..], diffuse: &self.diffuse_flat[cell..] },
        }
    }
}

/// SAGA's radiation of a tile and the terrain around it.
pub(in super::super) struct SagaRadiation<'a> {
    terrain: &'a Terrain,
    model: &'a Physics,
    stop: &'a AtomicBool,
    places: Vec<Option<GeoPoint>>,
    surfaces: Vec<Option<TurnedCell>>,
    flat_pressure: f64,
    air: Air,
}

/// Bytes that a tile of so many cells takes in a window of so many, months' sums and all.
pub(in super::super) fn memory(tile: u64, window: u64, months: usize) -> u64 {
    let around = size_of::<Option<GeoPoint>>() + size_of::<Throw>() + size_of::<AtomicBool>();
    let own = size_of::<Option<TurnedCell>>() + size_of::<CellSums>() + size_of::<f32>() * (1 + 4 * months);
    window * around as u64 + tile * own as u64
}

impl<'a> SagaRadiation<'a> {
    /// Prepares a tile.
    pub(in super::super) fn new(
        terrain: &'a Terrain,
        geography: &Geography,
        model: &'a Physics,
        stop: &'a AtomicBool,
    ) -> Self {
        let (dem, tile) = (terrain.dem, terrain.tile);
        let place = |(x, y): (usize, usize)| {
            let (column, row) = ((terrain.column + x as isize) as f64, (terrain.row + y as isize) as f64);
            let (latitude, longitude) = geography.place(column, row)?;
            let convergence = geography.convergence(column, row)?;
            Some(GeoPoint::new(f64::from(latitude as f32), f64::from(longitude as f32), convergence))
        };
        let surface = |(x, y): (usize, usize)| {
            let gradient = terrain.gradient(x, y)?;
            let up = 1.0 / (1.0 + gradient.east * gradient.east + gradient.north * gradient.north).sqrt();
            let pressure = pressure(f64::from(terrain.z[terrain.index(x, y)]));
            Some(TurnedCell { up, east: -gradient.east * up, north: -gradient.north * up, pressure })
        };
        Self {
            terrain,
            model,
            stop,
            places: cells_of(dem).map(place).collect(),
            surfaces: cells_of(tile).map(surface).collect(),
            flat_pressure: pressure(FLAT_HEIGHT),
            air: Air::new(model, f64::NAN),
        }
    }

    /// The sums of a month, with a sky view factor for each cell; `None` when asked to stop.
    pub(in super::super) fn month(&self, month: &Month, sky_view: &[f32]) -> Option<MonthSums> {
        let dem = self.terrain.dem;
        let mut throws = vec![Throw::DARK; dem.width() * dem.height()];
        let mut shade: Vec<AtomicBool> = throws.iter().map(|_| AtomicBool::new(false)).collect();
        let mut sums = vec![CellSums::default(); self.surfaces.len()];
        for step in &month.steps {
            self.throws(&step.sun, &mut throws)?;
            if throws.iter().all(Throw::is_dark) {
                continue;
            }
            for shaded in &mut shade {
                *shaded.get_mut() = false;
            }
            shadow::cast(self.terrain, self.model.horizon_distance, &throws, &shade, self.stop)?;
            self.add(step, &throws, &shade, sky_view, &mut sums)?;
        }
        Some(finished(&sums, month.hours))
    }

    /// The sun over every cell of the terrain around.
    fn throws(&self, sun: &Sun, throws: &mut [Throw]) -> Option<()> {
        let width = self.terrain.dem.width();
        throws.par_chunks_mut(width).zip(self.places.par_chunks(width)).try_for_each(|(throws, places)| {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            for (throw, place) in throws.iter_mut().zip(places) {
                *throw = Throw::DARK;
                let Some(place) = place else { continue };
                if sun.sin_height(place) > 0.0 {
                    let position = sun.position(place);
                    let azimuth = (position.azimuth - place.convergence) as f32;
                    *throw = Throw::new(position.height as f32, azimuth, self.terrain.cell);
                }
            }
            Some(())
        })
    }

    fn add(
        &self,
        step: &SunStep,
        throws: &[Throw],
        shade: &[AtomicBool],
        sky_view: &[f32],
        sums: &mut [CellSums],
    ) -> Option<()> {
        let (dem, tile) = (self.terrain.dem, self.terrain.tile);
        let width = tile.width();
        let rows =
            sums.par_chunks_mut(width).zip(self.surfaces.par_chunks(width)).zip(sky_view.par_chunks(width));
        rows.enumerate().try_for_each(|(row, ((sums, surfaces), sky_view))| {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            let start = (tile.y0 + row - dem.y0) * dem.width() + tile.x0 - dem.x0;
            let lit = throws[start..start + width].iter().zip(&shade[start..start + width]);
            for (((sum, surface), sky_view), (throw, shade)) in
                sums.iter_mut().zip(surfaces).zip(sky_view).zip(lit)
            {
                if let Some(surface) = surface.filter(|_| !throw.is_dark()) {
                    self.add_cell(step, throw, shade.load(Ordering::Relaxed), (&surface, *sky_view), sum);
                }
            }
            Some(())
        })
    }

    fn add_cell(
        &self,
        step: &SunStep,
        throw: &Throw,
        shaded: bool,
        (surface, sky_view): (&TurnedCell, f32),
        sum: &mut CellSums,
    ) {
        let beam = Beam::new(step.extraterrestrial, throw.height(), self.air);
        let (direct, diffuse) = beam.through(surface.pressure);
        let (up, east, north) = throw.towards_sun();
        if !shaded {
            let cosine = surface.up * up + surface.east * east + surface.north * north;
            sum.direct += (direct * cosine).clamp(0.0, step.extraterrestrial);
        }
        sum.diffuse += diffuse * f64::from(sky_view);
        let (direct_flat, diffuse_flat) = beam.through(self.flat_pressure);
        sum.direct_flat += direct_flat * up;
        sum.diffuse_flat += diffuse_flat;
    }
}

fn finished(sums: &[CellSums], hours: f64) -> MonthSums {
    let each = |of: fn(&CellSums) -> f64| sums.iter().map(|sum| (of(sum) * hours) as f32).collect();
    MonthSums {
        direct: each(|sum| sum.direct),
        diffuse: each(|sum| sum.diffuse),
        direct_flat: each(|sum| sum.direct_flat),
        diffuse_flat: each(|sum| sum.diffuse_flat),
    }
}

/// The cells of a rectangle, row by row.
fn cells_of(rect: Rect) -> impl Iterator<Item = (usize, usize)> {
    (rect.y0..rect.y1).flat_map(move |y| (rect.x0..rect.x1).map(move |x| (x, y)))
}
