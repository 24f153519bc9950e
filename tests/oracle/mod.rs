//! What the engine is measured by: every step, and every crossing of a ray at the sun's true azimuth, cell by cell in
//! double precision, with no code of the engine but the projection (SPA is the same crate).
//!
//! The earth is flat here and the air straight: the engine is asked for the same ([`flat_earth`]).

pub(crate) mod air;
pub(crate) mod ground;
pub(crate) mod suns;

use alpsckpt::engine::Physics;

/// What the oracle knows of the engine's physics.
pub(crate) fn flat_earth() -> Physics {
    Physics { curved: false, ..Physics::default() }
}
