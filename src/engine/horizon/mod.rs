//! Horizons: for each cell and each direction of the table the tangent of the horizon's height.
//!
//! A ray crosses the rows (or columns) across its main direction; between the two nodes beside a crossing the ground is
//! linear. The earth is round and the air bends light along it. The first crossings are looked at one by one ([`near`]),
//! those beyond by observers on a lattice ([`far`]). The far parts of a whole tile are found first, [`Horizons::of`]; the
//! table itself is made patch by patch, [`Horizons::patch`], and used while it is in the cache.

mod far;
mod frame;
mod lattice;
mod near;
mod observers;
mod patch;
mod samples;

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use self::far::{Sweep, SweepMemory, SweepTask};
use self::frame::{Course, Frame};
use self::lattice::{Glimpse, Lattice};
use self::near::{CrossingParts, March};
pub(super) use self::patch::{ACROSS, BLOCKS, CELLS, EDGE, Patch, SIDE};
use super::azimuths::Compass;
use super::buffer_pool::BufferPool;
use super::terrain::Terrain;
use super::vector::Vectors;

/// Steps of the table in a tangent of 1: 0.014 degrees near the horizontal. The steepest horizon has 83 degrees.
pub(super) const STEPS: f32 = 4096.0;

/// Radius of a sphere with the ellipsoid's curvature in middle latitudes, m.
const EARTH_RADIUS: f64 = 6_371_000.0;

/// What refraction takes from the earth's curvature (surveyors' standard: Gauss 1823, 0.13).
const REFRACTION: f64 = 0.13;

/// How horizons are found.
#[derive(Debug, Clone, Copy)]
pub(super) struct HorizonOptions {
    /// The earth is round and the air refracts.
    pub curved: bool,
    pub vectors: Vectors,
}

impl HorizonOptions {
    fn radius(self) -> f64 {
        if self.curved { EARTH_RADIUS / (1.0 - REFRACTION) } else { f64::INFINITY }
    }
}

/// A direction as the near search goes it.
#[derive(Debug)]
struct NearDirection {
    /// Its number in the compass.
    direction: usize,
    /// Its unit vector, east and north.
    unit: (f32, f32),
    march: March,
}

/// The directions of one main axis.
#[derive(Debug)]
struct Quarter {
    across: bool,
    /// Rows grow towards the horizon.
    forward: bool,
    parts: CrossingParts,
    looks: Vec<NearDirection>,
}

impl Quarter {
    fn new(compass: &Compass, (across, forward): (bool, bool), cell: f64, radius: f64) -> Self {
        let mut parts = CrossingParts::default();
        let courses = compass.units.iter().map(|unit| (unit, Course::new(*unit))).enumerate();
        let looks = courses
            .filter(|(_, (_, course))| (course.across, course.forward) == (across, forward))
            .map(|(direction, ((east, north), course))| NearDirection {
                direction,
                unit: (*east as f32, *north as f32),
                march: March::new(
                    &course,
                    near::reach((*east, *north)),
                    cell * course.length,
                    radius,
                    &mut parts,
                ),
            })
            .collect();
        Self { across, forward, parts, looks }
    }
}

/// Bytes that the horizons over a tile take, of which all threads share the one part and each has its own other: at most,
/// for the columns and rows of a tile and of the window around it.
pub(super) fn memory(tile: (usize, usize), window: (usize, usize), directions: usize) -> (u64, u64) {
    let frames = Frame::bytes(window.0, window.1) + Frame::bytes(window.1, window.0);
    let sweep = far::bytes(tile, window);
    (frames + directions as u64 * sweep.lattice, sweep.memory)
}

/// Memory that is kept from tile to tile.
#[derive(Debug, Default)]
pub(super) struct HorizonBuffers {
    memory: BufferPool<SweepMemory>,
    glimpses: BufferPool<Vec<Glimpse>>,
}

/// What horizons over a tile are made of.
#[derive(Debug)]
pub(super) struct Horizons {
    vectors: Vectors,
    quarters: Vec<Quarter>,
    /// The far part of each direction.
    lattices: Vec<Lattice>,
    /// The height that they count from, m.
    middle: f32,
}

impl Horizons {
    /// Looks from all of the terrain's tile as far as its window reaches; `None` when asked to stop.
    pub(super) fn of(
        terrain: &Terrain,
        compass: &Compass,
        light: HorizonOptions,
        store: &HorizonBuffers,
        stop: &AtomicBool,
    ) -> Option<Self> {
        let tile = terrain.tile;
        let radius = light.radius();
        let middle = terrain.heights().map_or(0.0, |(low, high)| f64::midpoint(low, high) as f32);
        let (upright, across) = rayon::join(|| Frame::new(terrain, false), || Frame::new(terrain, true));
        let sweep = |unit: &(f64, f64)| {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let course = Course::new(*unit);
            let (rows, columns) = (tile.y0..tile.y1, tile.x0..tile.x1);
            let (frame, rows, columns) =
                if course.across { (&across, columns, rows) } else { (&upright, rows, columns) };
            let (step, near) = (terrain.cell * course.length, near::reach(*unit));
            let task = SweepTask { frame, course, step, radius, near, rows, columns };
            let mut memory = store.memory.take(SweepMemory::default);
            let glimpses = store.glimpses.take(Vec::new);
            let lattice = light.vectors.run(Sweep { task, memory: &mut memory, middle, glimpses });
            store.memory.give(memory);
            Some(lattice)
        };
        let lattices = compass.units.par_iter().with_max_len(1).map(sweep).collect::<Option<_>>()?;
        let axes = [(false, false), (false, true), (true, false), (true, true)];
        let quarters = axes.map(|axis| Quarter::new(compass, axis, terrain.cell, radius));
        Some(Self { vectors: light.vectors, quarters: quarters.into(), lattices, middle })
    }

    /// Gives its memory to the next.
    pub(super) fn leave(&mut self, store: &HorizonBuffers) {
        for lattice in self.lattices.drain(..) {
            store.glimpses.give(lattice.into_glimpses());
        }
    }

    /// Finds the horizons of the patch whose first cell is `corner` of the terrain's window; `folded`: with what each
    /// cell's own slope hides.
    pub(super) fn patch(&self, terrain: &Terrain, corner: (usize, usize), folded: bool, patch: &mut Patch) {
        self.vectors.run(patch::Find { horizons: self, terrain, patch, corner, folded });
    }
}

#[cfg(test)]
mod tests;
