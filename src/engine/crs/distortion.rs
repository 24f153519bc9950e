//! How a projection stretches and turns the ground.

use super::{Crs, STEP};

/// Tissot's indicatrix at a point: the circle of the ground that a map makes an ellipse of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distortion {
    /// Length on the map of a unit of length on the ground, in the direction where it is greatest.
    pub greatest: f64,
    /// The same where it is least, at a right angle to it.
    pub least: f64,
}

impl Distortion {
    /// Ratio of the two scales; 1 where angles are kept.
    #[must_use]
    pub fn anisotropy(self) -> f64 {
        self.greatest / self.least
    }

    /// The greatest error of an angle between two directions, degrees.
    #[must_use]
    pub fn angle(self) -> f64 {
        2.0 * ((self.greatest - self.least) / (self.greatest + self.least)).asin().to_degrees()
    }

    /// The greatest error of a length, as a share.
    #[must_use]
    pub fn length_error(self) -> f64 {
        let away = |scale: f64| scale.max(1.0 / scale) - 1.0;
        away(self.greatest).max(away(self.least))
    }

    /// The greatest error of the ratio of two lengths in different directions, as a share: what a slope is wrong by that
    /// is computed with one size of cells for all directions.
    #[must_use]
    pub fn shape_error(self) -> f64 {
        self.anisotropy() - 1.0
    }
}

impl Crs {
    /// How this projection distorts the ground at a point; `None` outside the projection's domain and in degrees.
    #[must_use]
    pub fn distortion(self, x: f64, y: f64) -> Option<Distortion> {
        if self.is_geographic() {
            return None;
        }
        // The Jacobian from the map to the ground, metres per metre.
        let way = |step: (f64, f64)| {
            let (east, north) = self.on_the_ground(x, y, step)?;
            let scale = std::f64::consts::PI / 180.0 / (2.0 * STEP);
            Some((east * scale, north * scale))
        };
        let ((a, c), (b, d)) = (way((STEP, 0.0))?, way((0.0, STEP))?);
        // Its singular values, without the cancellation of the usual formula.
        let (sum, difference) = ((a + d).hypot(c - b), (a - d).hypot(b + c));
        let (longest, shortest) = (f64::midpoint(sum, difference), (sum - difference).abs() / 2.0);
        let found = Distortion { greatest: 1.0 / shortest, least: 1.0 / longest };
        (found.greatest.is_finite() && found.least > 0.0).then_some(found)
    }
}
