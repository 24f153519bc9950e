//! The clocks of a program that goes on elsewhere. DMTCP leaves them to the node: where its monotonic clock is behind, the program
//! hangs in its next timed wait.

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use super::super::backend::{Clocks, Trouble, TroubleKind};
use super::super::calls;

/// A thousand million.
const SECOND: i128 = 1_000_000_000;

/// By how many seconds a program's clocks are ahead of the node's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shift {
    monotonic: i64,
    boottime: i64,
}

impl Shift {
    /// What the program's clocks say now.
    pub(super) fn seen_now(&self) -> Clocks {
        let here = now();
        let shifted = |ns: u64, shift: i64| (i128::from(ns) + i128::from(shift) * SECOND).max(0) as u64;
        Clocks {
            monotonic: shifted(here.monotonic, self.monotonic),
            boottime: shifted(here.boottime, self.boottime),
        }
    }

    /// From the node's clocks to those of an image; in whole seconds, rounded up: clocks never go back.
    fn between(here: Clocks, image: Clocks) -> Self {
        let seconds =
            |here: u64, image: u64| -((i128::from(here) - i128::from(image)).div_euclid(SECOND)) as i64;
        Self {
            monotonic: seconds(here.monotonic, image.monotonic),
            boottime: seconds(here.boottime, image.boottime),
        }
    }
}

/// The node's clocks.
fn now() -> Clocks {
    Clocks::now().unwrap_or_default()
}

/// The words that have a program's clocks go on from these, and by how much they are then ahead; no words where the node has no such
/// namespaces and its clocks are ahead anyway.
pub(super) fn going_on_from(clocks: Clocks) -> Result<(Vec<OsString>, Shift), Trouble> {
    let shift = Shift::between(now(), clocks);
    let words = words(shift);
    let mut attempt = Command::new(&words[0]);
    let answer = calls::ask(attempt.args(&words[1..]).arg("true").env("LC_ALL", "C"), Duration::from_mins(1));
    let why = match answer {
        Ok(answer) if answer.status.success() => return Ok((words, shift)),
        Ok(answer) => answer.last_words(),
        Err(e) => e.to_string(),
    };
    if shift.monotonic <= 0 && shift.boottime <= 0 {
        return Ok((Vec::new(), Shift::default()));
    }
    let behind = shift.monotonic.max(shift.boottime);
    let what = format!(
        "this node's clock is {behind} s behind that of the image, and the node has no time namespaces ({why})"
    );
    Err(Trouble::new(
        TroubleKind::Unfit,
        what,
        "take a node that was not restarted since, or one with user namespaces",
    ))
}

fn words(shift: Shift) -> Vec<OsString> {
    let (monotonic, boottime) = (shift.monotonic.to_string(), shift.boottime.to_string());
    [
        "/usr/bin/unshare",
        "--user",
        "--map-current-user",
        "--fork",
        "--time",
        "--monotonic",
        &monotonic,
        "--boottime",
        &boottime,
        "--",
    ]
    .map(OsString::from)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_go_on_from_the_image_and_never_go_back() {
        let at = |monotonic: u64, boottime: u64| Clocks { monotonic, boottime };
        let second = SECOND as u64;
        for (here, image, seconds) in [
            (at(5 * second, 5 * second), at(7 * second, 7 * second), [2, 2]),
            (at(5 * second, 0), at(5 * second + 1, 0), [1, 0]),
            (at(9 * second, 3), at(2 * second + 1, 3), [-6, 0]),
        ] {
            let shift = Shift::between(here, image);
            assert_eq!([shift.monotonic, shift.boottime], seconds);
            let then = i128::from(here.monotonic) + i128::from(shift.monotonic) * SECOND;
            assert!(then >= i128::from(image.monotonic) && then < i128::from(image.monotonic) + SECOND);
        }
    }
}
