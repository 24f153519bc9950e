//! The directions of one main axis, as the near search goes them.

use super::super::azimuths::Compass;
use super::frame::Course;
use super::near::{CrossingParts, March, reach};

/// A direction as the near search goes it.
#[derive(Debug)]
pub(super) struct NearDirection {
    /// Its number in the compass.
    pub direction: usize,
    /// Its unit vector, east and north.
    pub unit: (f32, f32),
    pub march: March,
}

/// The directions of one main axis.
#[derive(Debug)]
pub(super) struct Quarter {
    pub across: bool,
    /// Rows grow towards the horizon.
    pub forward: bool,
    pub parts: CrossingParts,
    pub looks: Vec<NearDirection>,
}

impl Quarter {
    pub(super) fn new(compass: &Compass, (across, forward): (bool, bool), cell: f64, radius: f64) -> Self {
        let mut parts = CrossingParts::default();
        let courses = compass.units.iter().map(|unit| (unit, Course::new(*unit))).enumerate();
        let looks = courses
            .filter(|(_, (_, course))| (course.across, course.forward) == (across, forward))
            .map(|(direction, ((east, north), course))| NearDirection {
                direction,
                unit: (*east as f32, *north as f32),
                march: March::new(&course, reach((*east, *north)), cell * course.length, radius, &mut parts),
            })
            .collect();
        Self { across, forward, parts, looks }
    }
}
