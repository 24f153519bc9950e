//! The relief of the whole massif on 100 m cells, grown from its rivers.
//!
//! Rivers keep their known heights. From them the land rises as a landscape in balance between uplift and erosion does:
//! the slope at a cell falls with the square root of the area it drains (the stream-power law with concavity 0.5,
//! Whipple and Tucker 1999) and no slope is steeper than rock stands. Heights are the least climb from any river, found
//! by Dijkstra's algorithm, so there is no closed depression, divides are sharp, and the path of the climb gives the
//! drained areas for the next round. A steepness that varies over kilometres is adjusted until summits and passes come
//! out near their heights.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::domain::{self, ProjectedPoint};
use super::noise;
use super::points::PointKind;
use super::rivers::Vertex;
use super::steepness::LandSteepness;

/// Slope at one drained square metre: 0.48 at 1 km2.
const STEEPNESS: f32 = 480.0;

/// The steepest ground, as a tangent, where the steepness is 1.
const STEEPEST: f32 = 0.62;

/// The land levels off within this of the height of the summits around, m.
const SHOULDER: f32 = 150.0;

/// How far from its place a summit's top is looked for, m.
const NEAR: f64 = 600.0;

/// How deep valley floors are filled above their rivers, m: what makes them wide.
const FILL: f32 = 70.0;

/// Cell sizes from coarse to fine, m, and the rounds of each.
const LEVELS: [(f64, u32); 4] = [(800.0, 10), (400.0, 8), (200.0, 6), (100.0, 4)];

/// The eight neighbours: column, row, distance in cells.
const AROUND: [(isize, isize, f32); 8] = [
    (-1, -1, std::f32::consts::SQRT_2),
    (0, -1, 1.0),
    (1, -1, std::f32::consts::SQRT_2),
    (-1, 0, 1.0),
    (1, 0, 1.0),
    (-1, 1, std::f32::consts::SQRT_2),
    (0, 1, 1.0),
    (1, 1, std::f32::consts::SQRT_2),
];

/// Heights over the whole domain, row by row from the north-west.
#[derive(Debug, Clone)]
pub(super) struct Relief {
    /// Cells of an edge.
    pub edge: usize,
    /// Size of a cell, m.
    pub cell: f64,
    /// Heights, m.
    pub heights: Vec<f32>,
}

/// One resolution while it is worked on.
struct ReliefLevel {
    edge: usize,
    cell: f64,
    /// Height of the river in a cell; NaN elsewhere.
    rivers: Vec<f32>,
    /// The climb per metre through a cell.
    slopes: Vec<f32>,
    /// The height of the summits around, m.
    ceilings: Vec<f32>,
    heights: Vec<f32>,
    /// The neighbour a cell drains to; itself on rivers.
    receivers: Vec<u32>,
    /// Cells from low to high along the paths.
    order: Vec<u32>,
}

/// Grows the relief of the domain.
pub(super) fn grow(places: &[ProjectedPoint], courses: &[Vec<Vertex>]) -> Relief {
    let mut steepness = LandSteepness::new(places);
    let mut coarser: Option<ReliefLevel> = None;
    for (cell, rounds) in LEVELS {
        let mut level = ReliefLevel::new(cell, places, courses, coarser.as_ref());
        for _ in 0..rounds {
            level.climb();
            steepness.adjust(|place| level.climb_of(place));
            level.steepen(&steepness);
        }
        level.climb();
        coarser = Some(level);
    }
    coarser.map_or(Relief { edge: 0, cell: 0.0, heights: Vec::new() }, |mut level| {
        level.fill();
        Relief { edge: level.edge, cell: level.cell, heights: level.heights }
    })
}

impl ReliefLevel {
    fn new(cell: f64, places: &[ProjectedPoint], courses: &[Vec<Vertex>], coarser: Option<&Self>) -> Self {
        let edge = (domain::SIDE / cell) as usize;
        let slopes = match coarser {
            None => vec![0.5; edge * edge],
            Some(coarse) => (0..edge * edge)
                .map(|i| {
                    let (column, row) = (i % edge * coarse.edge / edge, i / edge * coarse.edge / edge);
                    coarse.slopes[row * coarse.edge + column]
                })
                .collect(),
        };
        let mut level = Self {
            edge,
            cell,
            rivers: vec![f32::NAN; edge * edge],
            slopes,
            ceilings: Vec::new(),
            heights: Vec::new(),
            receivers: Vec::new(),
            order: Vec::new(),
        };
        for course in courses {
            level.draw(course);
        }
        level.ceilings = (0..edge * edge).map(|i| ceiling(places, level.centre(i))).collect();
        level
    }

    /// Marks the cells of a course, the lowest height winning where several pass.
    fn draw(&mut self, course: &[Vertex]) {
        for pair in course.windows(2) {
            let [a, b] = [pair[0], pair[1]];
            let steps = (((b.x - a.x).abs().max((b.y - a.y).abs()) / self.cell * 2.0) as u32).max(1);
            for step in 0..=steps {
                let t = f64::from(step) / f64::from(steps);
                if let Some(i) = self.index(a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)) {
                    let height = (a.height + t * (b.height - a.height)) as f32;
                    self.rivers[i] = self.rivers[i].min(height);
                }
            }
        }
    }

    /// The cell of a coordinate.
    fn index(&self, x: f64, y: f64) -> Option<usize> {
        let (column, row) = ((x - domain::WEST) / self.cell, (domain::NORTH - y) / self.cell);
        let inside = |v: f64| v >= 0.0 && v < self.edge as f64;
        (inside(column) && inside(row)).then(|| row as usize * self.edge + column as usize)
    }

    /// Heights as the least climb from a river. Whole millimetres, so that the order is the same everywhere.
    fn climb(&mut self) {
        let count = self.edge * self.edge;
        let mut best = vec![u32::MAX; count];
        let mut done = vec![false; count];
        self.receivers = (0..count as u32).collect();
        self.order = Vec::with_capacity(count);
        let mut queue = BinaryHeap::new();
        for (i, height) in self.rivers.iter().enumerate().filter(|(_, height)| !height.is_nan()) {
            best[i] = (height * 1000.0) as u32;
            queue.push(Reverse((best[i], i as u32)));
        }
        while let Some(Reverse((height, i))) = queue.pop() {
            let here = i as usize;
            if std::mem::replace(&mut done[here], true) {
                continue;
            }
            self.order.push(i);
            for (next, distance) in self.around(here) {
                let room = ((self.ceilings[next] - height as f32 / 1000.0) / SHOULDER).clamp(0.3, 1.0);
                let climb = distance * self.cell as f32 * self.slopes[next] * room;
                let through = height + ((climb * 1000.0) as u32).max(1);
                if through < best[next] {
                    best[next] = through;
                    self.receivers[next] = i;
                    queue.push(Reverse((through, next as u32)));
                }
            }
        }
        self.heights = best.iter().map(|&millimetres| (f64::from(millimetres) / 1000.0) as f32).collect();
    }

    /// The neighbours of a cell and their distances in cells.
    fn around(&self, i: usize) -> impl Iterator<Item = (usize, f32)> + use<> {
        let edge = self.edge as isize;
        let (column, row) = ((i % self.edge) as isize, (i / self.edge) as isize);
        AROUND.iter().filter_map(move |&(dx, dy, distance)| {
            let (x, y) = (column + dx, row + dy);
            let inside = x >= 0 && y >= 0 && x < edge && y < edge;
            inside.then_some(((y * edge + x) as usize, distance))
        })
    }

    /// The slopes that the drained areas call for, half-way from those of before so that drainage settles.
    fn steepen(&mut self, steepness: &LandSteepness) {
        let mut areas = vec![(self.cell * self.cell) as f32; self.edge * self.edge];
        for &i in self.order.iter().rev() {
            let receiver = self.receivers[i as usize];
            if receiver != i {
                areas[receiver as usize] += areas[i as usize];
            }
        }
        for (i, area) in areas.iter().enumerate() {
            let (x, y) = self.centre(i);
            let (x, y) = ((x / 1000.0) as f32, (y / 1000.0) as f32);
            let rock =
                1.0 + 1.1 * noise::fractal(x / 1.3, y / 1.3, 4, 5) + 0.25 * noise::signed(i as i32, 0, 6);
            let slope = steepness.at(x, y) * rock.max(0.3) * (STEEPNESS / area.sqrt()).min(STEEPEST);
            self.slopes[i] = 0.5 * (self.slopes[i] + slope.clamp(0.02, 1.7));
        }
    }

    fn centre(&self, i: usize) -> (f64, f64) {
        let (column, row) = ((i % self.edge) as f64 + 0.5, (i / self.edge) as f64 + 0.5);
        (domain::WEST + column * self.cell, domain::NORTH - row * self.cell)
    }

    /// How far a summit or pass should climb from its river over how far it does.
    fn climb_of(&self, place: &ProjectedPoint) -> Option<f32> {
        if place.kind == PointKind::Valley {
            return None;
        }
        let mut i = self.index(place.x, place.y)?;
        if place.kind == PointKind::Summit {
            i = self.top_near(i);
        }
        let height = self.heights[i];
        while self.receivers[i] as usize != i {
            i = self.receivers[i] as usize;
        }
        let foot = self.heights[i];
        let wanted = (place.height - foot).max(50.0);
        // What `fill` will leave as the wanted climb.
        let wanted = f32::midpoint(wanted, (wanted * wanted + 4.0 * wanted * FILL).sqrt());
        Some(wanted / (height - foot).max(50.0))
    }

    /// The highest cell within [`NEAR`] of a cell: what will stand for a summit there.
    fn top_near(&self, i: usize) -> usize {
        let reach = (NEAR / self.cell) as isize;
        let (column, row) = ((i % self.edge) as isize, (i / self.edge) as isize);
        let edge = self.edge as isize;
        let window = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (column + dx, row + dy)));
        window
            .filter(|&(x, y)| x >= 0 && y >= 0 && x < edge && y < edge)
            .map(|(x, y)| (y * edge + x) as usize)
            .max_by(|&a, &b| self.heights[a].total_cmp(&self.heights[b]))
            .unwrap_or(i)
    }

    /// Widens valley floors: the first of the climb is flattened, as sediment and glaciers leave it.
    fn fill(&mut self) {
        let mut feet = self.heights.clone();
        for &i in &self.order {
            let i = i as usize;
            feet[i] = feet[self.receivers[i] as usize];
            let climb = self.heights[i] - feet[i];
            self.heights[i] = feet[i] + climb * climb / (climb + FILL);
        }
    }
}

/// The height of the summits around a coordinate, weighted by their nearness.
fn ceiling(places: &[ProjectedPoint], (x, y): (f64, f64)) -> f32 {
    // Far from all that are known, 3200 m.
    let (mut sum, mut total) = (3200.0 * 2e-4, 2e-4);
    for place in places.iter().filter(|place| place.kind == PointKind::Summit) {
        let (dx, dy) = (((place.x - x) / 1000.0) as f32, ((place.y - y) / 1000.0) as f32);
        let near = dx * dx + dy * dy + 0.3;
        sum += place.height / (near * near);
        total += 1.0 / (near * near);
    }
    sum / total
}
