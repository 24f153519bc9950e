//! SAGA's "slim" shadows: every cell throws its own, from cell to cell away from the sun.

use std::sync::atomic::{AtomicBool, Ordering};

use libm::sincos;
use rayon::prelude::*;

use super::terrain::Terrain;

/// The sun over a cell and what a shadow does in a step there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Throw {
    height: f64,
    /// The unit vector to the sun.
    up: f64,
    east: f64,
    north: f64,
    /// Cells eastwards and northwards a step; the larger is 1.
    dx: f64,
    dy: f64,
    /// Height lost a step, m.
    dz: f64,
}

impl Throw {
    /// No sun.
    pub(super) const DARK: Self =
        Self { height: 0.0, up: 0.0, east: 0.0, north: 0.0, dx: 0.0, dy: 0.0, dz: 0.0 };

    /// For a sun's height and azimuth from the grid's north, radians, over cells of this edge, m.
    pub(super) fn new(height: f32, azimuth: f32, cell: f64) -> Self {
        let height = f64::from(height);
        let (up, level) = sincos(height);
        let (east, north) = sincos(f64::from(azimuth));
        let larger = east.abs().max(north.abs());
        // The direction is a unit vector: a step is 1 / larger cells long.
        let dz = up / level * cell / larger;
        Self {
            height,
            up,
            east: east * level,
            north: north * level,
            dx: -east / larger,
            dy: -north / larger,
            dz,
        }
    }

    /// The sun is below the plane horizon.
    pub(super) fn is_dark(&self) -> bool {
        self.height <= 0.0
    }

    /// Height of the sun, radians.
    pub(super) fn height(&self) -> f64 {
        self.height
    }

    /// The unit vector to the sun: up, east, north.
    pub(super) fn towards_sun(&self) -> (f64, f64, f64) {
        (self.up, self.east, self.north)
    }
}

/// Marks the shaded cells of `shade`, both it and `throws` over the DEM's cells in the window.
///
/// From a cell's centre the shadow goes step by step, dropping; each cell it comes to (positions truncated) is shaded
/// while the shadow is not below its ground. The first higher cell, the DEM's edge or `distance` (m) ends it. Sun and
/// step are those of the cell being left. `None` when asked to stop.
pub(super) fn cast(
    terrain: &Terrain,
    distance: f64,
    throws: &[Throw],
    shade: &[AtomicBool],
    stop: &AtomicBool,
) -> Option<()> {
    let dem = terrain.dem;
    let reach = distance / terrain.cell;
    (dem.y0..dem.y1).into_par_iter().try_for_each(|y| {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        for x in dem.x0..dem.x1 {
            throw_from(terrain, (x, y), reach, throws, shade);
        }
        Some(())
    })
}

fn throw_from(terrain: &Terrain, (x, y): (usize, usize), reach: f64, throws: &[Throw], shade: &[AtomicBool]) {
    let dem = terrain.dem;
    let slot = |x: usize, y: usize| (y - dem.y0) * dem.width() + x - dem.x0;
    let mut z = f64::from(terrain.z[terrain.index(x, y)]);
    if z.is_nan() {
        return;
    }
    let mut here = &throws[slot(x, y)];
    // Relative to the cell's south-west corner, so that the outcome does not depend on the window.
    let (mut east, mut north) = (0.5, 0.5);
    while !here.is_dark() {
        east += here.dx;
        north += here.dy;
        z -= here.dz;
        if (east - 0.5) * (east - 0.5) + (north - 0.5) * (north - 0.5) > reach * reach {
            return;
        }
        let Some((at_x, at_y)) = terrain.saga_cell((x, y), east, north) else { return };
        let ground = f64::from(terrain.z[terrain.index(at_x, at_y)]);
        if z < ground {
            return;
        }
        // Marks are only ever set, so the order in which threads come does not matter.
        shade[slot(at_x, at_y)].store(true, Ordering::Relaxed);
        here = &throws[slot(at_x, at_y)];
    }
}

#[cfg(test)]
mod tests {
    use super::super::terrain::fixtures::terrain;
    use super::*;

    fn shaded(window: &Terrain, height: f32, azimuth: f32, x: usize, y: usize) -> bool {
        let throw = Throw::new(height.to_radians(), azimuth.to_radians(), window.cell);
        let throws = vec![throw; window.width * window.height];
        let shade: Vec<AtomicBool> = throws.iter().map(|_| AtomicBool::new(false)).collect();
        cast(window, 20_000.0, &throws, &shade, &AtomicBool::new(false)).unwrap();
        shade[window.index(x, y)].load(Ordering::Relaxed)
    }

    #[test]
    fn a_walls_shadow_is_as_long_as_its_height_over_the_suns_tangent() {
        // 400 m high in column 64; the sun in the east at 45 degrees: 16 cells of shadow to the west.
        let window = terrain(128, 25.0, |x, _| if x == 64 { 401.0 } else { 0.0 });
        assert!(shaded(&window, 45.0, 90.0, 64 - 16, 30));
        assert!(!shaded(&window, 45.0, 90.0, 64 - 17, 30));
        assert!(!shaded(&window, 45.0, 90.0, 65, 30));
    }

    #[test]
    fn a_plain_throws_no_shadow_and_missing_terrain_none_either() {
        let plain = terrain(64, 25.0, |x, _| if x == 40 { f32::NAN } else { 9.0 });
        assert!(!(0..64).any(|x| x != 40 && shaded(&plain, 3.0, 90.0, x, 20)));
    }
}
