//! The 25 m surface: the relief bent so that its tops stand where summits are, with gullies, through every point.

use rayon::prelude::*;

use super::domain::{self, ProjectedPoint};
use super::noise;
use super::points::PointKind;
use super::relief::Relief;

/// Size of a cell, m.
pub(super) const CELL: f64 = 25.0;

/// How far the relief's tops may be from the summits they stand for, m.
const REACH: f64 = 900.0;

/// The widest patch around a control point within which the surface is brought to its height, m.
const PATCH: f64 = 1000.0;

/// From here on heights are pressed together so that nothing tops the highest summit, m.
const HIGH: f64 = 3950.0;

/// No height is more than this above [`HIGH`], m.
const PRESS: f64 = 220.0;

/// Cells of an edge of the raster of shifts.
const SHIFTS: usize = 360;

/// Size of a cell of that raster, m.
const SHIFT_CELL: f64 = domain::SIDE / SHIFTS as f64;

/// The relief and what brings it to the control points.
#[derive(Debug)]
pub(super) struct Surface {
    relief: Relief,
    pins: Vec<Pin>,
    shifts: Vec<[f64; 2]>,
}

/// A control point's pull on the surface.
#[derive(Debug, Clone, Copy)]
struct Pin {
    /// Centre of the 25 m cell that holds the point.
    x: f64,
    y: f64,
    /// From here to the place of the relief that stands for it.
    dx: f64,
    dy: f64,
    /// Radius of its patch, m.
    radius: f64,
    /// What is added at its centre, m.
    lift: f64,
}

impl Surface {
    pub(super) fn new(relief: Relief, places: &[ProjectedPoint]) -> Self {
        let centre = |v: f64| ((v / CELL).floor() + 0.5) * CELL;
        let mut pins: Vec<Pin> = places
            .iter()
            .map(|place| Pin {
                x: centre(place.x),
                y: centre(place.y),
                dx: 0.0,
                dy: 0.0,
                radius: 0.0,
                lift: 0.0,
            })
            .collect();
        for i in 0..pins.len() {
            let nearest = pins.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, other)| {
                let (dx, dy) = (other.x - pins[i].x, other.y - pins[i].y);
                (dx * dx + dy * dy).sqrt()
            });
            let nearest = nearest.fold(f64::INFINITY, f64::min);
            pins[i].radius = PATCH.min(0.95 * nearest);
            let (dx, dy) = stand_in(&relief, &places[i], REACH.min(0.45 * nearest));
            (pins[i].dx, pins[i].dy) = (dx, dy);
        }
        let shifts = shifts(&pins);
        let mut surface = Self { relief, pins, shifts };
        let lifts: Vec<f64> = surface
            .pins
            .iter()
            .zip(places)
            .map(|(pin, place)| unpress(f64::from(place.height)) - surface.unpinned(pin.x, pin.y))
            .collect();
        for (pin, lift) in surface.pins.iter_mut().zip(lifts) {
            pin.lift = lift;
        }
        surface
    }

    /// The shift at a place, bilinear.
    fn shift(&self, x: f64, y: f64) -> [f64; 2] {
        let last = SHIFTS as f64 - 1.001;
        let column = ((x - domain::WEST) / SHIFT_CELL - 0.5).clamp(0.0, last);
        let row = ((domain::NORTH - y) / SHIFT_CELL - 0.5).clamp(0.0, last);
        let (u, v) = (column - column.floor(), row - row.floor());
        let first = row as usize * SHIFTS + column as usize;
        let upper = [self.shifts[first], self.shifts[first + 1]];
        let lower = [self.shifts[first + SHIFTS], self.shifts[first + SHIFTS + 1]];
        let mix = |axis: usize| {
            (upper[0][axis] * (1.0 - u) + upper[1][axis] * u) * (1.0 - v)
                + (lower[0][axis] * (1.0 - u) + lower[1][axis] * u) * v
        };
        [mix(0), mix(1)]
    }

    /// Heights of a window: row by row from the north-west corner, cells of 25 m.
    pub(super) fn window(&self, west: f64, north: f64, width: usize, height: usize) -> Vec<f32> {
        let mut heights = vec![0.0; width * height];
        heights.par_chunks_mut(width).enumerate().for_each(|(row, line)| {
            let y = north - (row as f64 + 0.5) * CELL;
            let reach: Vec<&Pin> = self.pins.iter().filter(|pin| (pin.y - y).abs() < pin.radius).collect();
            for (column, value) in line.iter_mut().enumerate() {
                let x = west + (column as f64 + 0.5) * CELL;
                let lift: f64 = reach.iter().map(|pin| pin.lift_at(x, y)).sum();
                *value = press(self.unpinned(x, y) + lift) as f32;
            }
        });
        heights
    }

    /// The surface before the last lift.
    fn unpinned(&self, x: f64, y: f64) -> f64 {
        let [dx, dy] = self.shift(x, y);
        let (u, v) = ((x / 1000.0) as f32, (y / 1000.0) as f32);
        let (x, y) = domain::bend(x, y);
        let (height, slope) = self.relief.sample(x + dx, y + dy);
        let gullies = noise::ridged(u / 0.45, v / 0.45, 4, 303) - 0.55;
        height + f64::from(gullies) * 45.0 * (slope * slope).min(1.0)
    }
}

/// How the relief is shifted at a place so that its tops stand where summits are: the pins' shifts weighted by
/// nearness, row by row over the domain.
fn shifts(pins: &[Pin]) -> Vec<[f64; 2]> {
    let raster = (0..SHIFTS * SHIFTS).into_par_iter().map(|i| {
        let x = domain::WEST + ((i % SHIFTS) as f64 + 0.5) * SHIFT_CELL;
        let y = domain::NORTH - ((i / SHIFTS) as f64 + 0.5) * SHIFT_CELL;
        let (mut total, mut east, mut north) = (1.0 / 9e12, 0.0, 0.0);
        for pin in pins {
            let (dx, dy) = (pin.x - x, pin.y - y);
            let near = dx * dx + dy * dy + 100.0;
            let weight = 1.0 / (near * near);
            total += weight;
            east += weight * pin.dx;
            north += weight * pin.dy;
        }
        [east / total, north / total]
    });
    raster.collect()
}

impl Pin {
    /// Its lift at a place: all of it at the centre, nothing from the radius on.
    fn lift_at(&self, x: f64, y: f64) -> f64 {
        let (dx, dy) = (x - self.x, y - self.y);
        let t = 1.0 - (dx * dx + dy * dy).sqrt() / self.radius;
        if t <= 0.0 { 0.0 } else { self.lift * t * t * (3.0 - 2.0 * t) }
    }
}

fn press(height: f64) -> f64 {
    let above = height - HIGH;
    if above > 0.0 { HIGH + PRESS * above / (above + PRESS) } else { height }
}

/// The height that [`press`] makes into this one.
fn unpress(height: f64) -> f64 {
    let above = height - HIGH;
    if above > 0.0 { HIGH + PRESS * above / (PRESS - above) } else { height }
}

/// The offset to the place of the relief that stands for a control point: the highest for a summit, the nearest in
/// height for a pass, itself for a valley floor.
fn stand_in(relief: &Relief, place: &ProjectedPoint, reach: f64) -> (f64, f64) {
    if place.kind == PointKind::Valley {
        return (0.0, 0.0);
    }
    let (x, y) = domain::bend(place.x, place.y);
    let steps = (reach / relief.cell) as i32;
    let mut best = (f64::NEG_INFINITY, 0.0, 0.0);
    for j in -steps..=steps {
        for i in -steps..=steps {
            let (dx, dy) = (f64::from(i) * relief.cell, f64::from(j) * relief.cell);
            let far = (dx * dx + dy * dy).sqrt();
            let (height, _) = relief.sample(x + dx, y + dy);
            let fitness = match place.kind {
                PointKind::Summit => height - 0.1 * far,
                _ => -(height - f64::from(place.height)).abs() - 0.1 * far,
            };
            if far <= reach && fitness > best.0 {
                best = (fitness, dx, dy);
            }
        }
    }
    (best.1, best.2)
}

impl Relief {
    /// Height, m, and slope, as a tangent, at a coordinate: cubic between cells; the edge's beyond it.
    pub(super) fn sample(&self, x: f64, y: f64) -> (f64, f64) {
        let column = (x - domain::WEST) / self.cell - 0.5;
        let row = (domain::NORTH - y) / self.cell - 0.5;
        let (left, top) = (column.floor(), row.floor());
        let (across, slope_x) = kernel(column - left);
        let (down, slope_y) = kernel(row - top);
        let (mut height, mut east, mut south) = (0.0, 0.0, 0.0);
        for j in 0..4 {
            for i in 0..4 {
                let value = self.clamped(left as isize + i as isize - 1, top as isize + j as isize - 1);
                height += value * across[i] * down[j];
                east += value * slope_x[i] * down[j];
                south += value * across[i] * slope_y[j];
            }
        }
        (height, (east * east + south * south).sqrt() / self.cell)
    }

    fn clamped(&self, column: isize, row: isize) -> f64 {
        let last = self.edge as isize - 1;
        let (column, row) = (column.clamp(0, last) as usize, row.clamp(0, last) as usize);
        f64::from(self.heights[row * self.edge + column])
    }
}

/// Weights of four cells by the cubic B-spline, and their derivatives.
fn kernel(t: f64) -> ([f64; 4], [f64; 4]) {
    let s = 1.0 - t;
    let weights = [
        s * s * s / 6.0,
        (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0,
        (4.0 - 6.0 * s * s + 3.0 * s * s * s) / 6.0,
        t * t * t / 6.0,
    ];
    let slopes = [-s * s / 2.0, (3.0 * t * t - 4.0 * t) / 2.0, (4.0 * s - 3.0 * s * s) / 2.0, t * t / 2.0];
    (weights, slopes)
}

impl Surface {
    /// The mean height of a square around a coordinate, from the relief's cells.
    pub(super) fn mean_around(&self, x: f64, y: f64, half: f64) -> f32 {
        let (x, y) = domain::bend(x, y);
        let steps = (half / self.relief.cell) as i32;
        let (mut sum, mut count) = (0.0, 0.0);
        for j in -steps..=steps {
            for i in -steps..=steps {
                let (dx, dy) = (f64::from(i) * self.relief.cell, f64::from(j) * self.relief.cell);
                let column = ((x + dx - domain::WEST) / self.relief.cell).floor();
                let row = ((domain::NORTH - y - dy) / self.relief.cell).floor();
                sum += self.relief.clamped(column as isize, row as isize);
                count += 1.0;
            }
        }
        (sum / count) as f32
    }
}
