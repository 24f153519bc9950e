//! Forms of numbers that need no language, and those of [`crate::quantity`].

pub(crate) use crate::quantity::bytes;

/// A whole number of percent, rounded down: 100 only when all is done. `None` while the whole is not known.
pub(crate) fn percent(done: u64, total: u64) -> Option<u64> {
    (total > 0).then(|| (u128::from(done.min(total)) * 100 / u128::from(total)) as u64)
}

/// Seconds from one moment to a later one, both in milliseconds since 1970; clocks that disagree give 0.
pub(crate) fn seconds_between(from_ms: i64, to_ms: i64) -> u64 {
    to_ms.saturating_sub(from_ms).max(0).unsigned_abs() / 1_000
}

/// The factor of a scaled cluster's time: `1 s = 3 h`; `None` at scale 1.
pub(crate) fn scale(factor: f64) -> Option<String> {
    if !factor.is_finite() || (factor - 1.0).abs() < 1e-9 || factor <= 0.0 {
        return None;
    }
    if factor < 1.0 {
        return Some(format!("1 s = {factor:.2} s"));
    }
    Some(format!("1 s = {}", super::duration(factor.round() as u64)))
}
