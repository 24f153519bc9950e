//! Horizons: for each cell of a tile and each direction of the table the tangent of the skyline's height.
//!
//! A ray crosses the rows (or columns) across its main direction; between the two nodes beside a crossing the ground
//! is linear. The earth is round and the air bends light along it. See [`sweep`] for how the cost is kept from growing
//! with distance.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

mod frame;
mod hull;
mod near;
mod sweep;

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use self::frame::{Course, Frame};
use self::sweep::{Sweep, Task};
use super::azimuths::Compass;
use super::terrain::Terrain;
use super::vector::Vectors;

/// Steps of the table in a tangent of 1: 0.014 degrees near the horizontal. The steepest skyline has 83 degrees.
pub(super) const STEPS: f32 = 4096.0;

/// Radius of a sphere with the ellipsoid's curvature in middle latitudes, m.
const EARTH_RADIUS: f64 = 6_371_000.0;

/// What refraction takes from the earth's curvature (surveyors' standard: Gauss 1823, 0.13).
const REFRACTION: f64 = 0.13;

/// Distance between lines of the far search, cells.
const SPACING: usize = 4;

/// How skylines are found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Light {
    /// The earth is round and the air refracts.
    pub curved: bool,
    pub vectors: Vectors,
}

impl Light {
    fn radius(self) -> f64 {
        if self.curved { EARTH_RADIUS / (1.0 - REFRACTION) } else { f64::INFINITY }
    }
}

/// A number of steps of the table, the nearest; beyond its range its end.
#[inline(always)]
pub(super) fn quantized(steps: f32) -> i16 {
    let steps = steps + 32_768.0;
    let steps = if steps > 0.0 { steps } else { 0.0 };
    let steps = if steps < 65_535.0 { steps } else { 65_535.0 };
    // Next to 2^23 the last bit of a float stands for 1: a conversion to integers that every processor does eight or
    // sixteen at a time.
    ((steps + 8_388_608.0).to_bits() as u16 ^ 0x8000) as i16
}

/// Skylines of a tile's cells: for each direction a plane of tangents in [`STEPS`], row by row.
#[derive(Debug)]
pub(super) struct Skylines {
    width: usize,
    height: usize,
    planes: Vec<i16>,
}

impl Skylines {
    /// Looks from all cells of the terrain's tile as far as its window reaches; `None` when asked to stop.
    pub(super) fn of(terrain: &Terrain, compass: &Compass, light: Light, stop: &AtomicBool) -> Option<Self> {
        let tile = terrain.tile;
        let (width, height) = (tile.width(), tile.height());
        let (upright, across) =
            rayon::join(|| Frame::new(terrain, false, SPACING), || Frame::new(terrain, true, SPACING));
        let mut planes = vec![0_i16; width * height * compass.units.len()];
        let directions = planes.par_chunks_exact_mut(width * height).zip(&compass.units).with_max_len(1);
        directions.try_for_each_init(Vec::new, |turned, (plane, unit)| {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let course = Course::new(*unit);
            let (rows, columns) = (tile.y0..tile.y1, tile.x0..tile.x1);
            let step = terrain.cell * course.length;
            let radius = light.radius();
            if course.across {
                turned.resize(plane.len(), 0);
                let task = Task { frame: &across, course, step, radius, rows: columns, columns: rows };
                light.vectors.run(Sweep::<SPACING> { task, out: turned });
                frame::transpose(turned, height, plane, width);
            } else {
                let task = Task { frame: &upright, course, step, radius, rows, columns };
                light.vectors.run(Sweep::<SPACING> { task, out: plane });
            }
            Some(())
        })?;
        Some(Self { width, height, planes })
    }

    /// A row of cells in a direction, by its number in the compass.
    #[inline(always)]
    pub(super) fn row(&self, direction: usize, y: usize) -> &[i16] {
        let start = (direction * self.height + y) * self.width;
        &self.planes[start..start + self.width]
    }
}

#[cfg(test)]
mod tests;
