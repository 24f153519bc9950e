//! Terrain, and rays over it.

use std::f64::consts::{FRAC_PI_2, TAU};

use alpsckpt::engine::grid::{Grid, Placement};

use super::suns::Sun;

/// The ellipsoid WGS 84: its great half-axis, m, and the square of its eccentricity.
const AXIS: f64 = 6_378_137.0;
const ECCENTRICITY_2: f64 = 0.006_694_379_990_14;

/// A terrain model; missing cells hide nothing.
pub(crate) struct Ground {
    placement: Placement,
    z: Vec<f32>,
    /// Edge of a cell on the ground, m.
    cell: f64,
    highest: f64,
}

/// Where a cell lies on the earth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Degrees.
    pub longitude: f64,
    /// Degrees.
    pub latitude: f64,
    /// What azimuths from true north exceed those from the grid's columns by, radians.
    pub turn: f64,
}

/// A cell with a slope.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    /// Column and row.
    pub at: (usize, usize),
    /// Height, m.
    pub z: f64,
    pub place: Place,
    /// Height gained per metre eastwards and northwards, by the grid's directions.
    gradient: (f64, f64),
}

impl Cell {
    /// Cosine of the angle between the sun and the upright on the slope.
    pub(crate) fn cosine(&self, sun: &Sun) -> f64 {
        let (east, north) = self.gradient;
        let level = sun.height.cos();
        let facing = sun.height.sin() - level * (east * sun.azimuth.sin() + north * sun.azimuth.cos());
        facing / (1.0 + east * east + north * north).sqrt()
    }
}

impl Ground {
    /// `None` when its middle has no place on earth.
    pub(crate) fn new(grid: Grid, placement: Placement) -> Option<Self> {
        let cell = ground_cell(&placement)?;
        let highest = grid.values.iter().copied().fold(f32::MIN, f32::max);
        Some(Self { placement, z: grid.values, cell, highest: f64::from(highest) })
    }

    fn at(&self, x: usize, y: usize) -> f64 {
        f64::from(self.z[y * self.placement.width + x])
    }

    /// `None` on the edge, where the cell or a neighbour is missing, and where it has no place on earth.
    pub(crate) fn cell(&self, (x, y): (usize, usize)) -> Option<Cell> {
        let place = &self.placement;
        if x == 0 || y == 0 || x + 1 >= place.width || y + 1 >= place.height {
            return None;
        }
        let slope = |ahead: f64, behind: f64| (ahead - behind) / (2.0 * self.cell);
        let east = slope(self.at(x + 1, y), self.at(x - 1, y));
        let north = slope(self.at(x, y - 1), self.at(x, y + 1));
        let z = self.at(x, y);
        let place = self.place(x as f64, y as f64)?;
        let whole = !(z + east + north).is_nan();
        whole.then_some(Cell { at: (x, y), z, place, gradient: (east, north) })
    }

    /// Where the centre of a cell lies, also between cells.
    pub(crate) fn place(&self, column: f64, row: f64) -> Option<Place> {
        let (x, y) = self.placement.centre(column, row);
        let (longitude, latitude) = self.placement.crs.to_lonlat(x, y)?;
        let turn = self.placement.crs.convergence(x, y)?.to_radians();
        Some(Place { longitude, latitude, turn })
    }

    /// How far away the nearest ground stands that hides the sun from a cell, m: 0 where it is the cell's own slope; `None`
    /// where the sun shines.
    pub(crate) fn shaded_from(&self, cell: &Cell, sun: &Sun) -> Option<f64> {
        if cell.cosine(sun) <= 0.0 {
            return Some(0.0);
        }
        let tangent = sun.height.tan();
        for (distance, z) in self.crossings(cell.at, sun.azimuth) {
            let ray = cell.z + distance * tangent;
            // Nothing reaches higher: exact, and what makes the oracle affordable.
            if ray > self.highest {
                return None;
            }
            if z >= ray {
                return Some(distance);
            }
        }
        None
    }

    /// Tangent of the horizon's height.
    fn horizon(&self, cell: &Cell, azimuth: f64) -> f64 {
        let mut best = f64::MIN;
        for (distance, z) in self.crossings(cell.at, azimuth) {
            best = best.max((z - cell.z) / distance);
            if cell.z + distance * best > self.highest {
                break;
            }
        }
        best
    }

    /// A ray's crossings with the grid lines across its main direction: distance and height of the ground there, linear
    /// between the two nodes beside.
    fn crossings(&self, (x, y): (usize, usize), azimuth: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let (east, south) = (azimuth.sin(), -azimuth.cos());
        let Placement { width, height, .. } = self.placement;
        let eastwards = east.abs() >= south.abs();
        let (ahead, aside) = if eastwards { (east, south) } else { (south, east) };
        let (first, beside, end, edge) =
            if eastwards { (x, y, width, height) } else { (y, x, height, width) };
        let drift = aside / ahead.abs();
        let step = drift.hypot(1.0) * self.cell;
        let onward = if ahead > 0.0 { 1 } else { -1 };
        (1..).map_while(move |k: isize| {
            let line = first.checked_add_signed(onward * k).filter(|line| *line < end)?;
            let k = k as f64;
            let place = beside as f64 + k * drift;
            if !(0.0..=(edge - 1) as f64).contains(&place) {
                return None;
            }
            let node = (place as usize).min(edge - 2);
            let part = place - node as f64;
            let [a, b] =
                [node, node + 1].map(|n| if eastwards { self.at(line, n) } else { self.at(n, line) });
            Some((k * step, a + part * (b - a)))
        })
    }

    /// Sky view factor on the slope (Dozier and Frew 1990) over so many directions: what terrain and the cell's own slope
    /// leave.
    pub(crate) fn sky_view(&self, cell: &Cell, directions: usize) -> f64 {
        let (east, north) = cell.gradient;
        let upright = 1.0 / (1.0 + east * east + north * north).sqrt();
        let sum: f64 = (0..directions)
            .map(|i| {
                let azimuth = TAU * i as f64 / directions as f64;
                let rise = east * azimuth.sin() + north * azimuth.cos();
                let horizon = self.horizon(cell, azimuth).max(rise).max(0.0).atan();
                let (sine, cosine) = horizon.sin_cos();
                upright * (cosine * cosine - rise * (FRAC_PI_2 - horizon - sine * cosine))
            })
            .sum();
        sum / directions as f64
    }
}

/// Edge of a cell on the ground in the middle of a grid, m: the mean of its two directions.
fn ground_cell(grid: &Placement) -> Option<f64> {
    const REACH: f64 = 100.0;
    let middle = (grid.width as f64 / 2.0, grid.height as f64 / 2.0);
    let edge = |east: f64, south: f64| {
        let at = |sign: f64| {
            let (x, y) = grid.centre(middle.0 + sign * east, middle.1 + sign * south);
            grid.crs.to_lonlat(x, y)
        };
        let (from, to) = (at(-1.0)?, at(1.0)?);
        let latitude = f64::midpoint(from.1, to.1).to_radians();
        let flattened = 1.0 - ECCENTRICITY_2 * latitude.sin().powi(2);
        let parallel = AXIS / flattened.sqrt() * latitude.cos();
        let meridian = AXIS * (1.0 - ECCENTRICITY_2) / flattened.powf(1.5);
        let (across, along) =
            (parallel * (to.0 - from.0).to_radians(), meridian * (to.1 - from.1).to_radians());
        Some(across.hypot(along) / (2.0 * REACH))
    };
    Some(f64::midpoint(edge(REACH, 0.0)?, edge(0.0, REACH)?))
}
