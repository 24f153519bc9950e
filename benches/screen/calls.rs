//! The same seen from inside: when the program read a key, and when its write of the next frame had ended.

use std::fs;
use std::process::Command;

use crate::months::Months;
use crate::{Outcome, at, screen};

/// Whether there is a `strace` that may trace.
pub(crate) fn can_be_seen() -> bool {
    Command::new("strace").args(["-o", "/dev/null", "true"]).output().is_ok_and(|o| o.status.success())
}

/// Presses keys; how long the program took from each read to the end of the frame's write, ms.
pub(crate) fn press(months: &Months, keys: u32) -> Outcome<Vec<f64>> {
    let calls = months.path("calls");
    let calls_name = calls.to_string_lossy().into_owned();
    // With the time of each call and how long it took; threads by their numbers.
    let strace = ["strace", "-f", "-ttt", "-T", "-s", "1100", "-e", "trace=read,write", "-o", &calls_name];
    screen::press(months, &strace, keys)?;
    let text = fs::read(&calls).map_err(at(&calls))?;
    let times = answers(&String::from_utf8_lossy(&text));
    if times.len() < keys as usize {
        return Err(format!("{} of {keys} keys are found in the calls of the program", times.len()));
    }
    Ok(times)
}

/// From each read of a single `j` or `k` to the end of the first frame that was begun after it, ms.
fn answers(text: &str) -> Vec<f64> {
    let mut times = Vec::new();
    let (mut read, mut drawing) = (None, false);
    for call in whole_calls(text) {
        let key = call.what.starts_with("read(")
            && (call.what.contains(", \"j\", ") || call.what.contains(", \"k\", "));
        if key {
            (read, drawing) = (Some(call.end), false);
        } else if let Some(from) = read
            && call.what.starts_with("write(")
        {
            drawing |= call.what.contains("[?2026h");
            // A frame that was written in one piece is longer than what is shown of it.
            let ends = call.what.contains("[?2026l") || call.what.contains("\"...,");
            if drawing && ends && !(call.what.contains("\"...,") && call.returned() <= 1_100) {
                times.push((call.end - from) * 1e3);
                read = None;
            }
        }
    }
    times
}

/// A system call of any thread.
struct Call {
    /// Seconds since 1970 when it ended.
    end: f64,
    what: String,
}

impl Call {
    /// What it returned; 0 for an error.
    fn returned(&self) -> u64 {
        let result = self.what.rsplit_once(" = ").map_or("", |(_, result)| result);
        result.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

/// The calls in the order of their ends; those that another thread interrupted are put together.
fn whole_calls(text: &str) -> Vec<Call> {
    let mut open: Vec<(&str, f64, &str)> = Vec::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let Some((time, what)) = rest.trim_start().split_once(' ') else { continue };
        let Ok(began) = time.parse::<f64>() else { continue };
        if let Some((first, _)) = what.split_once(" <unfinished ...>") {
            open.push((thread, began, first));
            continue;
        }
        let (began, what) = match what.split_once(" resumed>") {
            Some((_, rest)) => {
                let Some(at) = open.iter().rposition(|(other, ..)| *other == thread) else { continue };
                let (_, began, first) = open.remove(at);
                (began, format!("{first}{rest}"))
            }
            None => (began, what.to_owned()),
        };
        let took = what.rsplit_once('<').and_then(|(_, took)| took.trim_end_matches('>').parse::<f64>().ok());
        calls.push(Call { end: began + took.unwrap_or(0.0), what });
    }
    calls.sort_by(|a, b| a.end.total_cmp(&b.end));
    calls
}
