//! Horizons: for each cell and each direction of the table the tangent of the horizon's height.
//!
//! A ray crosses the rows (or columns) across its main direction; between the two nodes beside a crossing the ground is
//! linear. The earth is round and the air bends light along it. The first crossings are looked at one by one ([`near`]),
//! those beyond by observers on a lattice ([`far`]). The far parts of a whole tile are found first, [`Horizons::of`]; the
//! table itself is made patch by patch, [`Horizons::patch`], and used while it is in the cache.

mod far;
mod frame;
mod geometry;
mod horizons;
mod lattice;
mod local;
mod near;
mod observers;
mod patch;
mod quarter;
mod samples;
mod sight;
mod sizes;
mod table;
#[cfg(test)]
mod tests;

pub(super) use horizons::{HorizonBuffers, HorizonOptions, Horizons, memory};
pub(super) use patch::Patch;
pub(super) use sizes::{ACROSS, BLOCKS, CELLS, EDGE, SIDE, STEPS};
