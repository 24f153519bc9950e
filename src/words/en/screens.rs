//! Lines of the screens in English.

use crate::keys::{self, Command, Screen};
use crate::quantity::count;
use crate::words::duration;
use crate::words::screens::Empty;

pub(in crate::words) fn empty(what: Empty) -> &'static str {
    match what {
        Empty::Jobs => "no job yet",
        Empty::Logs => "no job of this month has written a log yet",
        Empty::Log => "the log is empty",
        Empty::Map => "no tile is computed yet",
        Empty::Pixels => "no valid pixel yet",
        Empty::Checkpoints => "none yet",
    }
}

pub(in crate::words) fn reading(ellipsis: &str) -> String {
    format!("reading {ellipsis}")
}

pub(in crate::words) fn reading_campaign(ellipsis: &str) -> String {
    format!("reading the campaign {ellipsis}")
}

pub(in crate::words) fn answered(age: u64) -> String {
    format!("answered {} ago", duration(age))
}

pub(in crate::words) fn no_answer() -> &'static str {
    "no answer"
}

pub(in crate::words) fn paced(pace: &str) -> String {
    format!("paced {pace}")
}

pub(in crate::words) fn months_failed(months: usize) -> String {
    format!("{months} failed")
}

pub(in crate::words) fn months_silent(months: usize) -> String {
    format!("{months} silent")
}

pub(in crate::words) fn months_complete(done: usize, all: usize) -> String {
    format!("{done} of {} complete", count(all as u64, "month"))
}

pub(in crate::words) fn more_above(months: usize) -> String {
    format!("{months} more above")
}

pub(in crate::words) fn more_below(months: usize) -> String {
    format!("{months} more below")
}

pub(in crate::words) fn more_nodes(nodes: usize) -> String {
    format!("and {}", count(nodes as u64, "more node"))
}

pub(in crate::words) fn free() -> &'static str {
    "free"
}

pub(in crate::words) fn scrolled(title: &str, keys: &str) -> String {
    format!("{title} ({keys} scroll)")
}

pub(in crate::words) fn closes() -> &'static str {
    "Any other key closes this."
}

pub(in crate::words) fn help_closes() -> &'static str {
    "Any other key closes this. Jobs need no screen: they go on when you quit."
}

pub(in crate::words) fn on_the_screen(screen: Screen) -> String {
    format!("On the screen {}", super::commands::title(screen))
}

pub(in crate::words) fn not_now(what: &str, why: &str) -> String {
    format!("{what} (not now: {why})")
}

pub(in crate::words) fn log_follows() -> &'static str {
    "follows the end"
}

pub(in crate::words) fn log_stays(cut: bool) -> String {
    let key = keys::of(Command::Follow);
    if cut { format!("stays; {key} follows; the last 64 kB only") } else { format!("stays; {key} follows") }
}
