//! How steep the land is over kilometres, adjusted until summits and passes come out near their heights.

use super::domain::{self, ProjectedPoint};
use super::points::PointKind;

/// Cells of an edge of the field.
const EDGE: usize = 90;

/// Within this distance a point has its full weight, km.
const NEAR: f32 = 1.2;

/// The steepness over the domain, 1 = as the stream-power constant says.
pub(super) struct LandSteepness {
    anchors: Vec<(ProjectedPoint, f32)>,
    field: Vec<f32>,
}

impl LandSteepness {
    pub(super) fn new(places: &[ProjectedPoint]) -> Self {
        let anchors =
            places.iter().filter(|place| place.kind != PointKind::Valley).map(|&place| (place, 1.0));
        Self { anchors: anchors.collect(), field: vec![1.0; EDGE * EDGE] }
    }

    /// Moves each anchor by the ratio of the wanted climb to the present one, then spreads them.
    pub(super) fn adjust(&mut self, ratio: impl Fn(&ProjectedPoint) -> Option<f32>) {
        for (place, value) in &mut self.anchors {
            if let Some(ratio) = ratio(place) {
                *value = (*value * (1.0 + 0.6 * (ratio - 1.0))).clamp(0.25, 3.0);
            }
        }
        let cell = domain::SIDE / EDGE as f64;
        for (i, field) in self.field.iter_mut().enumerate() {
            let x = domain::WEST + ((i % EDGE) as f64 + 0.5) * cell;
            let y = domain::NORTH - ((i / EDGE) as f64 + 0.5) * cell;
            // Far from all anchors the land is a little gentler.
            let (mut sum, mut total) = (0.0007, 0.001);
            for (place, value) in &self.anchors {
                let (dx, dy) = (((place.x - x) / 1000.0) as f32, ((place.y - y) / 1000.0) as f32);
                let near = dx * dx + dy * dy + NEAR * NEAR;
                let weight = 1.0 / (near * near);
                sum += weight * value;
                total += weight;
            }
            *field = sum / total;
        }
    }

    /// The steepness at a coordinate in km, bilinear.
    pub(super) fn at(&self, x: f32, y: f32) -> f32 {
        let cell = (domain::SIDE / EDGE as f64) as f32 / 1000.0;
        let last = (EDGE - 1) as f32;
        let column = ((x - (domain::WEST / 1000.0) as f32) / cell - 0.5).clamp(0.0, last);
        let row = (((domain::NORTH / 1000.0) as f32 - y) / cell - 0.5).clamp(0.0, last);
        let (i, j) = ((column as usize).min(EDGE - 2), (row as usize).min(EDGE - 2));
        let (u, v) = (column - i as f32, row - j as f32);
        let at = |i: usize, j: usize| self.field[j * EDGE + i];
        let upper = at(i, j) + u * (at(i + 1, j) - at(i, j));
        let lower = at(i, j + 1) + u * (at(i + 1, j + 1) - at(i, j + 1));
        upper + v * (lower - upper)
    }
}
