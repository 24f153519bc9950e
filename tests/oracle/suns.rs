//! The suns of a year by NREL's SPA without refraction (crate `solar-positioning`), half-hour by half-hour.

use alpsckpt::engine::grid::Placement;
use solar_positioning::time::JulianDate;
use solar_positioning::{Location, PreparedPositions, SolarPositions};

use super::ground::Place;

const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const STEPS_OF_A_DAY: u32 = 48;
/// Julian date of the first midnight of 2018.
const NEW_YEAR: f64 = 2_458_119.5;
/// TT - UT1, s.
const DELTA_T: f64 = 69.0;

/// A sun above the plane horizon.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sun {
    /// 0 to 11.
    pub month: usize,
    /// Number of the step in its month, the nights too.
    pub step: usize,
    /// Height above the plane horizon, radians.
    pub height: f64,
    /// Clockwise from the grid's columns, radians.
    pub azimuth: f64,
    /// Radiation outside the air, kW/m2.
    pub outside: f64,
}

/// The moment at which a step begins.
struct Moment {
    month: usize,
    step: usize,
    outside: f64,
    time: PreparedPositions,
}

/// All steps of the year 2018.
pub(crate) struct Year {
    moments: Vec<Moment>,
}

impl Year {
    /// The clock is the mean solar time of a longitude, degrees; `None` where there is none such.
    pub(crate) fn new(longitude: f64) -> Option<Self> {
        let mut moments = Vec::new();
        let mut day_of_year = 0;
        for (month, days) in DAYS.into_iter().enumerate() {
            for step in 0..days * STEPS_OF_A_DAY {
                let days = f64::from(day_of_year) + f64::from(step) / f64::from(STEPS_OF_A_DAY);
                let time = JulianDate::new(NEW_YEAR + days - longitude / 360.0, DELTA_T).ok()?;
                let time = SolarPositions::new().for_time_from_julian(time).ok()?;
                let angle = (days.floor() + 1.0) * std::f64::consts::TAU / 365.25;
                let outside = 1.367 * (1.0 + 0.033_44 * (angle - 0.048_869).cos());
                moments.push(Moment { month, step: step as usize, outside, time });
            }
            day_of_year += days;
        }
        Some(Self { moments })
    }

    /// Its clock is that of the middle of a part of a grid: the longitude of that cell's centre.
    pub(crate) fn of(placement: &Placement, (x, y): (f64, f64)) -> Option<Self> {
        let (x, y) = placement.centre(x, y);
        Self::new(placement.crs.to_lonlat(x, y)?.0)
    }

    /// The suns above the plane horizon of a place.
    pub(crate) fn suns(&self, place: &Place) -> Vec<Sun> {
        let location = Location { latitude: place.latitude, longitude: place.longitude };
        let sun = |moment: &Moment| {
            let position = moment.time.at(location, 0.0, None).ok()?;
            let height = (90.0 - position.zenith_angle()).to_radians();
            let azimuth = position.azimuth().to_radians() - place.turn;
            let Moment { month, step, outside, .. } = *moment;
            (height > 0.0).then_some(Sun { month, step, height, azimuth, outside })
        };
        self.moments.iter().filter_map(sun).collect()
    }
}
