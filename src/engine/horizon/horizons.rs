//! What the horizons over a tile are made of, found for all of it: the far part of each direction, the ways of the near ones.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::super::azimuths::Compass;
use super::super::buffer_pool::BufferPool;
use super::super::terrain::Terrain;
use super::super::vector::Vectors;
use super::far::{self, Sweep, SweepMemory};
use super::frame::{Course, Frame};
use super::geometry::SweepTask;
use super::lattice::{Glimpse, Lattice};
use super::near;
use super::quarter::Quarter;

/// Radius of a sphere with the ellipsoid's curvature in middle latitudes, m.
const EARTH_RADIUS: f64 = 6_371_000.0;

/// What refraction takes from the earth's curvature (surveyors' standard: Gauss 1823, 0.13).
const REFRACTION: f64 = 0.13;

/// How horizons are found.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct HorizonOptions {
    /// The earth is round and the air refracts.
    pub curved: bool,
    pub vectors: Vectors,
}

impl HorizonOptions {
    pub(super) fn radius(self) -> f64 {
        if self.curved { EARTH_RADIUS / (1.0 - REFRACTION) } else { f64::INFINITY }
    }
}

/// Bytes that the horizons over a tile take, of which all threads share the one part and each has its own other: at most,
/// for the columns and rows of a tile and of the window around it.
pub(in super::super) fn memory(
    tile: (usize, usize),
    window: (usize, usize),
    directions: usize,
) -> (u64, u64) {
    let frames = Frame::bytes(window.0, window.1) + Frame::bytes(window.1, window.0);
    let sweep = far::bytes(tile, window);
    (frames + directions as u64 * sweep.lattice, sweep.memory)
}

/// Memory that is kept from tile to tile.
#[derive(Debug, Default)]
pub(in super::super) struct HorizonBuffers {
    memory: BufferPool<SweepMemory>,
    glimpses: BufferPool<Vec<Glimpse>>,
}

/// What horizons over a tile are made of.
#[derive(Debug)]
pub(in super::super) struct Horizons {
    pub(super) vectors: Vectors,
    pub(super) quarters: Vec<Quarter>,
    /// The far part of each direction.
    pub(super) lattices: Vec<Lattice>,
    /// The height that they count from, m.
    pub(super) middle: f32,
}

impl Horizons {
    /// Looks from all of the terrain's tile as far as its window reaches; `None` when asked to stop.
    pub(in super::super) fn of(
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
    pub(in super::super) fn leave(&mut self, store: &HorizonBuffers) {
        for lattice in self.lattices.drain(..) {
            store.glimpses.give(lattice.into_glimpses());
        }
    }
}
