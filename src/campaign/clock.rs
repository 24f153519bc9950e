//! The two clocks: one for people, one for decisions.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::durable::atomic::random;

/// Milliseconds since 1970 by this machine's clock: for display only.
#[must_use]
pub fn wall_ms() -> i64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// Milliseconds of this machine's monotonic clock, the only one that decides anything: never set, and the same for all
/// processes of one boot.
#[must_use]
pub fn monotonic_ms() -> u64 {
    // Linux always has this clock.
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| Duration::from(now).as_millis() as u64)
}

/// `length` random characters of a-z and 0-9.
#[must_use]
pub(crate) fn random_name(length: usize) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut bits = 0;
    (0..length)
        .map(|n| {
            if n % 8 == 0 {
                bits = random();
            }
            let digit = DIGITS.get((bits % 36) as usize).copied().unwrap_or(b'x');
            bits /= 36;
            char::from(digit)
        })
        .collect()
}
