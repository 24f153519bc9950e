//! The square that the terrain can be cut from, in EPSG:3035, and the control points in it.

use super::noise;
use super::points::{PointKind, control_points};
use crate::engine::crs::Crs;

/// West edge, m.
pub(super) const WEST: f64 = 3_997_000.0;

/// North edge, m.
pub(super) const NORTH: f64 = 2_464_000.0;

/// Side, m.
pub(super) const SIDE: f64 = 72_000.0;

/// A control point in projected coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ProjectedPoint {
    pub x: f64,
    pub y: f64,
    pub height: f32,
    pub kind: PointKind,
}

/// Projected coordinates in whole centimetres: trigonometric functions differ in their last bits between machines.
pub(super) fn project(crs: Crs, longitude: f64, latitude: f64) -> Option<(f64, f64)> {
    let whole = |v: f64| (v * 100.0).round() / 100.0;
    crs.from_lonlat(longitude, latitude).map(|(x, y)| (whole(x), whole(y)))
}

/// The control points, projected.
pub(super) fn places(crs: Crs) -> Vec<ProjectedPoint> {
    control_points()
        .iter()
        .filter_map(|point| {
            let (x, y) = project(crs, point.longitude, point.latitude)?;
            Some(ProjectedPoint { x, y, height: point.height, kind: point.kind })
        })
        .collect()
}

/// The place of the relief that stands for a place of the map. Grown on a raster, valleys follow its eight directions;
/// seen through this bend they wind.
pub(super) fn bend(x: f64, y: f64) -> (f64, f64) {
    let (u, v) = ((x / 1000.0) as f32, (y / 1000.0) as f32);
    let wave = |seed| {
        let wide = 900.0 * noise::fractal(u / 4.0, v / 4.0, 2, seed);
        f64::from(wide + 50.0 * noise::fractal(u / 0.4, v / 0.4, 2, seed + 9))
    };
    (x + wave(101), y + wave(202))
}

/// Places as the relief has them.
pub(super) fn bent(places: &[ProjectedPoint]) -> Vec<ProjectedPoint> {
    let bent = |place: &ProjectedPoint| {
        let (x, y) = bend(place.x, place.y);
        ProjectedPoint { x, y, ..*place }
    };
    places.iter().map(bent).collect()
}
