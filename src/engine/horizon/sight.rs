//! What an observer sees, and how light goes to it.

use super::super::lanes::LANES;
use super::frame::SPACING;
use super::geometry::{SweepTask, TILT};

/// What the observers of a strip of lines see in a group.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct FarSight {
    /// The height of what stands highest, above the sea and less what the earth's curve takes, over its distance.
    pub rise: [f32; LANES],
    /// The inverse of that distance, 1/m.
    pub inverse: [f32; LANES],
}

/// How light goes over the rows of a direction.
pub(super) struct LightPath {
    /// Rows of the frame in a group of the level.
    pub rows: f32,
    /// Metres of a row.
    pub step: f32,
    /// What the earth's curve takes from the height of a point a row away, m; it grows with the square.
    pub curve: f32,
    /// What the sweep's plane falls in a row, m.
    pub fall: f32,
}

impl LightPath {
    pub(super) fn new(task: &SweepTask<'_>, spacing: usize) -> Self {
        Self {
            rows: (SPACING * spacing) as f32,
            step: task.step as f32,
            curve: (task.step * task.step / (2.0 * task.radius)) as f32,
            fall: (TILT * task.step) as f32,
        }
    }
}
