//! The pressure of the air at a height.

use libm::exp;

/// How the pressure falls with the height, 1/m (SAGA).
pub(super) const DECAY: f64 = 5.4667e-5 * std::f64::consts::LN_10;

/// Pressure at a height above the sea, m, relative to sea level.
pub(in super::super) fn pressure(z: f64) -> f64 {
    exp(-DECAY * z)
}
