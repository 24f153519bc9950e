//! What all tiles of a request share, and what a thread keeps from patch to patch.

use super::super::azimuths::Compass;
use super::super::buffer_pool::BufferPool;
use super::super::horizon::{self, Patch};
use super::super::model::Physics;
use super::super::vector::Vectors;
use super::sums::PatchSums;

/// What all tiles of a request share.
#[derive(Debug)]
pub(in super::super) struct RadiationSetting {
    pub(super) compass: Compass,
    pub(super) light: horizon::HorizonOptions,
    pub(super) model: Physics,
    pub(super) store: horizon::HorizonBuffers,
    pub(super) workspaces: BufferPool<Workspace>,
}

impl RadiationSetting {
    pub(in super::super) fn new(model: &Physics, vectors: Vectors) -> Self {
        Self {
            compass: Compass::new(model.azimuths),
            light: horizon::HorizonOptions { curved: model.curved, vectors },
            model: model.clone(),
            store: horizon::HorizonBuffers::default(),
            workspaces: BufferPool::default(),
        }
    }

    /// The table's directions: azimuths from the grid's columns, radians.
    pub(in super::super) fn azimuths(&self) -> Vec<f64> {
        let azimuth = |(east, north): &(f64, f64)| east.atan2(*north).rem_euclid(std::f64::consts::TAU);
        self.compass.units.iter().map(azimuth).collect()
    }
}

/// What a thread needs of memory to work on patches.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) patch: Patch,
    pub(super) sums: PatchSums,
}
