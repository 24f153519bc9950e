//! Horizons the long way, by every crossing.

use crate::engine::azimuths::Compass;
use crate::engine::terrain::Terrain;

/// All horizons of one cell, the long way: every crossing, in double precision.
pub(super) fn brute(window: &Terrain, compass: &Compass, radius: f64, x: usize, y: usize) -> Vec<f64> {
    compass.units.iter().map(|unit| crossings(window, unit, radius, (x, y), usize::MAX)).collect()
}

/// The steepest of the first so many crossings of one cell in one direction.
pub(super) fn crossings(
    window: &Terrain,
    &(east, north): &(f64, f64),
    radius: f64,
    (x, y): (usize, usize),
    reach: usize,
) -> f64 {
    let at = |x: f64, y: f64| {
        let (x, y) = (x as isize, y as isize);
        let inside = x >= 0 && y >= 0 && (x as usize) < window.width && (y as usize) < window.height;
        inside.then(|| f64::from(window.z[y as usize * window.width + x as usize]))
    };
    let own = f64::from(window.z[y * window.width + x]);
    let south = -north;
    let main = east.abs().max(south.abs());
    let (dx, dy) = (east / main, south / main);
    let step = (dx * dx + dy * dy).sqrt() * window.cell;
    let mut best = f64::MIN;
    for k in 1..=reach {
        let k = k as f64;
        let round = |v: f64| (v * 1e9).round() / 1e9;
        let (px, py) = (x as f64 + round(k * dx), y as f64 + round(k * dy));
        let part = (px - px.floor()).max(py - py.floor());
        let second = if east.abs() > south.abs() { (0.0, 1.0) } else { (1.0, 0.0) };
        let Some(a) = at(px.floor(), py.floor()) else { break };
        let b = at(px.floor() + second.0, py.floor() + second.1).unwrap_or(a);
        let distance = k * step;
        best = best.max((a + (b - a) * part - own) / distance - distance / (2.0 * radius));
    }
    best
}
