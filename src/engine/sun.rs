//! Where the sun stands at each step of a month.
//!
//! Two ephemerides: SAGA's (mean elements of Meeus, *Astronomical Algorithms*, chapter 25, low accuracy) and NREL's SPA
//! (Reda and Andreas 2004, *Solar Energy* 76, 577-589) by the crate `solar-positioning`. Neither is given refraction.
//!
//! All functions of the path to a map come from the crate `libm`, not from the system's library, whose last bit depends
//! on the processor: a chain that hops between kinds of nodes must write the same bytes.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use libm::{asin, atan2, cos, sin, sincos};
use solar_positioning::time::JulianDate;
use solar_positioning::{Location, SolarPositions};

use super::model::{Mornings, Physics, Shadow};

/// TT - UT1 in seconds: 68.6 to 70 over 2016-2030; ten seconds move the sun by 0.04 seconds of arc.
const DELTA_T: f64 = 69.0;

/// Where SPA looks from, degrees.
const SPA_LATITUDE: f64 = 45.0;

/// The sun over a horizontal plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    /// Height of the centre above the plane horizon, radians, without refraction.
    pub height: f64,
    /// Azimuth, radians, clockwise from true north.
    pub azimuth: f64,
}

/// Sines and cosines of a place on the earth.
#[derive(Debug, Clone, Copy)]
pub(super) struct GeoPoint {
    sin_lat: f64,
    cos_lat: f64,
    sin_lon: f64,
    cos_lon: f64,
    /// Grid convergence: what azimuths from north exceed those from the grid's columns by, radians.
    pub convergence: f64,
}

impl GeoPoint {
    /// Of a latitude, a longitude counted from the clock's, and what azimuths from north exceed those from the grid's
    /// columns by; radians.
    pub(super) fn new(latitude: f64, longitude: f64, convergence: f64) -> Self {
        let (sin_lat, cos_lat) = sincos(latitude);
        let (sin_lon, cos_lon) = sincos(longitude);
        Self { sin_lat, cos_lat, sin_lon, cos_lon, convergence }
    }

    /// The unit vector to a sun: true east, true north, up.
    #[inline]
    pub(super) fn towards(&self, sun: &Sun) -> (f64, f64, f64) {
        let Self { sin_lat, cos_lat, sin_lon, cos_lon, .. } = *self;
        let sin_tau = sun.sin_hour_angle * cos_lon + sun.cos_hour_angle * sin_lon;
        let cos_tau = sun.cos_hour_angle * cos_lon - sun.sin_hour_angle * sin_lon;
        (
            -sin_tau * sun.cos_declination,
            cos_lat * sun.sin_declination - sin_lat * sun.cos_declination * cos_tau,
            sin_lat * sun.sin_declination + cos_lat * sun.cos_declination * cos_tau,
        )
    }
}

/// The sun at one moment, for any place: its declination, and its hour angle at the clock's longitude.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sun {
    sin_declination: f64,
    cos_declination: f64,
    sin_hour_angle: f64,
    cos_hour_angle: f64,
}

impl Sun {
    /// By SAGA's formula at a Julian date.
    pub(super) fn saga(julian: f64) -> Self {
        let t = (julian - 2_451_545.0) / 36_525.0;
        let anomaly = (357.5291 + 35_999.050_3 * t - 0.000_155_9 * t * t - 4.8e-7 * t * t * t).to_radians();
        let centre = (1.9146 - 0.004_817 * t - 0.000_014 * t * t) * sin(anomaly)
            + (0.019_993 - 0.000_101 * t) * sin(2.0 * anomaly)
            + 0.000_29 * sin(3.0 * anomaly);
        let longitude =
            (280.466_45 + 36_000.769_83 * t + 0.000_303_2 * t * t + centre).rem_euclid(360.0).to_radians();
        let (sin_obliquity, cos_obliquity) = sincos(23.439_291_11_f64.to_radians());
        let (sin_longitude, cos_longitude) = sincos(longitude);
        let sin_declination = sin_obliquity * sin_longitude;
        let right_ascension = atan2(cos_obliquity * sin_longitude, cos_longitude);
        let sidereal = 280.460_618_37
            + 360.985_647_366_29 * (julian - 2_451_545.0)
            + t * t * (0.000_387_933 - t / 38_710_000.0);
        let (sin_hour_angle, cos_hour_angle) =
            sincos(sidereal.rem_euclid(360.0).to_radians() - right_ascension);
        let cos_declination = cos(asin(sin_declination));
        Self { sin_declination, cos_declination, sin_hour_angle, cos_hour_angle }
    }

    /// By SPA at a Julian date whose clock is the mean solar time of a longitude, degrees.
    ///
    /// SPA's own place is on [`SPA_LATITUDE`]: elsewhere the sun's parallax differs by less than 0.003 degrees.
    fn spa(julian: f64, longitude: f64) -> Option<Self> {
        let time = JulianDate::new(julian - longitude / 360.0, DELTA_T).ok()?;
        let prepared = SolarPositions::new().for_time_from_julian(time).ok()?;
        let location = Location { latitude: SPA_LATITUDE, longitude: wrap_degrees(longitude) };
        let position = prepared.at(location, 0.0, None).ok()?;
        let (sin_lat, cos_lat) = sincos(SPA_LATITUDE.to_radians());
        let (sin_height, cos_height) = sincos(FRAC_PI_2 - position.zenith_angle().to_radians());
        let (sin_azimuth, cos_azimuth) = sincos(position.azimuth().to_radians());
        let sin_declination = sin_lat * sin_height + cos_lat * cos_height * cos_azimuth;
        let hour_angle =
            atan2(-cos_height * sin_azimuth, cos_lat * sin_height - sin_lat * cos_height * cos_azimuth);
        let (sin_hour_angle, cos_hour_angle) = sincos(hour_angle);
        let cos_declination = (1.0 - sin_declination * sin_declination).sqrt();
        Some(Self { sin_declination, cos_declination, sin_hour_angle, cos_hour_angle })
    }

    /// Sine of the height; the rest is worth computing only where it is positive.
    pub(super) fn sin_height(&self, place: &GeoPoint) -> f64 {
        let GeoPoint { sin_lat, cos_lat, sin_lon, cos_lon, .. } = *place;
        let cos_tau = self.cos_hour_angle * cos_lon - self.sin_hour_angle * sin_lon;
        sin_lat * self.sin_declination + cos_lat * self.cos_declination * cos_tau
    }

    /// Its position seen from a place.
    pub(super) fn position(&self, place: &GeoPoint) -> Position {
        let (east, north, up) = place.towards(self);
        let azimuth = atan2(east, north);
        Position {
            height: asin(up.clamp(-1.0, 1.0)),
            azimuth: if azimuth < 0.0 { azimuth + TAU } else { azimuth },
        }
    }

    /// Its position seen from a latitude and a longitude counted from the clock's, radians.
    #[cfg(test)]
    pub(super) fn at(&self, latitude: f64, longitude: f64) -> Position {
        self.position(&GeoPoint::new(latitude, longitude, 0.0))
    }

    /// The sun that a latitude (radians) on the clock's meridian sees at a position.
    #[cfg(test)]
    pub(super) fn seen(Position { height, azimuth }: Position, latitude: f64) -> Self {
        let (sin_lat, cos_lat) = sincos(latitude);
        let (up, level) = sincos(height);
        let (east, north) = sincos(azimuth);
        let sin_declination = sin_lat * up + cos_lat * level * north;
        let (sin_hour_angle, cos_hour_angle) =
            sincos(atan2(-level * east, cos_lat * up - sin_lat * level * north));
        let cos_declination = (1.0 - sin_declination * sin_declination).sqrt();
        Self { sin_declination, cos_declination, sin_hour_angle, cos_hour_angle }
    }
}

fn wrap_degrees(longitude: f64) -> f64 {
    if longitude > 180.0 {
        longitude - 360.0
    } else if longitude < -180.0 {
        longitude + 360.0
    } else {
        longitude
    }
}

/// One step of a month.
#[derive(Debug, Clone, Copy)]
pub(super) struct SunStep {
    /// The sun at the beginning of the step, which stands for all of it, as in SAGA.
    pub sun: Sun,
    /// Radiation outside the atmosphere on a plane facing the sun, kW/m2.
    pub extraterrestrial: f64,
}

/// All steps of a month in their order, the nights too.
#[derive(Debug, Clone)]
pub(super) struct Month {
    /// Its steps in their order, one after another in equal times.
    pub steps: Vec<SunStep>,
    /// Length of a step, hours.
    pub hours: f64,
    /// Steps of a day.
    pub per_day: usize,
    /// The same suns by time of day.
    pub by_time: ByTime,
}

/// The suns of a month's steps, all days of one time of day after another, each number in a list of its own: kernels
/// look at many at once.
#[derive(Debug, Clone, Default)]
pub(super) struct ByTime {
    pub days: usize,
    suns: Vec<Sun>,
    /// Radiation outside the atmosphere on a plane facing the sun times the length of a step, kWh/m2.
    weights: Vec<f32>,
}

impl ByTime {
    fn new(steps: &[SunStep], per_day: usize, hours: f64) -> Self {
        let sorted = || (0..per_day).flat_map(|time| steps.iter().skip(time).step_by(per_day));
        Self {
            days: steps.len() / per_day.max(1),
            suns: sorted().map(|step| step.sun).collect(),
            weights: sorted().map(|step| (step.extraterrestrial * hours) as f32).collect(),
        }
    }

    /// The suns of a time of day, and what they weigh.
    #[inline]
    pub(super) fn at(&self, time: usize) -> (&[Sun], &[f32]) {
        let days = time * self.days..(time + 1) * self.days;
        (&self.suns[days.clone()], &self.weights[days])
    }
}

impl Month {
    /// The steps of a month of a year; the clock is the mean solar time of `longitude` (degrees).
    pub(super) fn new(year: i32, month: u8, model: &Physics, longitude: f64) -> Self {
        let hours = f64::from(model.step_minutes.max(1)) / 60.0;
        let per_day = 1440 / model.step_minutes.max(1);
        let first = julian_day(year, month, 1);
        let new_year = julian_day(year, 1, 1);
        let mut steps = Vec::new();
        for day in first..first + i64::from(days_of(year, month)) {
            let day_of_year = (day - new_year + 1) as f64;
            let extraterrestrial = extraterrestrial(model.solar_constant, day_of_year);
            for number in 0..per_day {
                let hour = f64::from(number) * hours;
                let early = model.mornings == Mornings::DayBefore && hour < 12.0;
                let julian = day as f64 - 0.5 + hour / 24.0 - if early { 1.0 } else { 0.0 };
                if let Some(sun) = sun_at(julian, model, longitude) {
                    steps.push(SunStep { sun, extraterrestrial });
                }
            }
        }
        let by_time = ByTime::new(&steps, per_day as usize, hours);
        Self { steps, hours, per_day: per_day as usize, by_time }
    }

    /// Of a single step.
    #[cfg(test)]
    pub(super) fn moment(sun: Sun) -> Self {
        let steps = vec![SunStep { sun, extraterrestrial: 1.0 }];
        Self { by_time: ByTime::new(&steps, 1, 1.0), steps, hours: 1.0, per_day: 1 }
    }

    /// With each sun as far on the other side of the clock's meridian.
    #[cfg(test)]
    pub(super) fn mirrored(&self) -> Self {
        let turn = |sun: &mut Sun| sun.sin_hour_angle = -sun.sin_hour_angle;
        let mut other = self.clone();
        other.steps.iter_mut().for_each(|step| turn(&mut step.sun));
        other.by_time.suns.iter_mut().for_each(turn);
        other
    }
}

/// SAGA's own conventions take SAGA's sun, all others SPA.
fn sun_at(julian: f64, model: &Physics, longitude: f64) -> Option<Sun> {
    if model.shadow == Shadow::SagaSlim || model.mornings == Mornings::DayBefore {
        return Some(Sun::saga(julian));
    }
    Sun::spa(julian, longitude)
}

/// Radiation outside the atmosphere, kW/m2, with the earth's distance of that day (1 = 1 January).
pub(super) fn extraterrestrial(solar_constant: f64, day_of_year: f64) -> f64 {
    solar_constant / 1000.0 * (1.0 + 0.033_44 * cos(day_of_year * 2.0 * PI / 365.25 - 0.048_869))
}

/// The Julian day that begins at noon of a date (Gregorian; Fliegel and Van Flandern 1968).
pub(super) fn julian_day(year: i32, month: u8, day: u8) -> i64 {
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let before_march = (month - 14) / 12;
    (1461 * (year + 4800 + before_march)) / 4 + (367 * (month - 2 - 12 * before_march)) / 12
        - (3 * ((year + 4900 + before_march) / 100)) / 4
        + day
        - 32_075
}

/// Days of a month (1 to 12).
pub(super) fn days_of(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests;
