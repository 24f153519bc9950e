//! What is compared. Another row: a name, a unit, a bound if there is one, and a function that gives one number, lower is
//! better, for one program.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Outcome;
use crate::scene::{Scene, Side};
use crate::screen;

/// One number of a program.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// The speed, former / present, that may not be missed.
    pub(crate) bound: Option<f64>,
    pub(crate) measure: fn(&Side, &Scene) -> Outcome<f64>,
}

/// All of them, in the order of the table.
pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "year",
        unit: "ns/cell",
        bound: Some(0.98),
        measure: |side, scene| pass(side, scene, "year", ""),
    },
    Row {
        name: "month",
        unit: "ns/cell",
        bound: Some(0.98),
        measure: |side, scene| pass(side, scene, "june", ""),
    },
    Row {
        name: "reading",
        unit: "ns/cell",
        bound: Some(0.95),
        measure: |side, scene| pass(side, scene, "june", "reading"),
    },
    Row { name: "verify", unit: "ns/cell", bound: None, measure: verify },
    Row { name: "start", unit: "ms", bound: None, measure: start },
    Row {
        name: "refresh",
        unit: "ms/s",
        bound: Some(2.0),
        measure: |side, scene| Ok(steady(side, scene)?.0),
    },
    Row { name: "memory", unit: "MiB", bound: Some(2.0), measure: |side, scene| Ok(steady(side, scene)?.1) },
    Row { name: "status", unit: "ms", bound: None, measure: status },
    Row { name: "status_slow", unit: "ms", bound: Some(5.0), measure: status_slow },
    // More than there were: names below an output are opened without following links. They are waited for side by side.
    Row { name: "status_calls", unit: "calls", bound: None, measure: status_calls },
];

/// The engine's pipeline on one core: the whole, or one of its stages. Compressed blocks are 16-bit integers.
fn pass(side: &Side, scene: &Scene, months: &str, stage: &str) -> Outcome<f64> {
    let dem = scene.dem();
    let size = scene.size.to_string();
    let mut arguments = vec!["bench", "--json", "--threads", "1", "--size", &size, "--pass", months];
    if side.chooses_storage {
        arguments.extend(["--storage", "integer"]);
    }
    let arguments = arguments.into_iter().map(OsStr::new);
    let output = side.run(arguments.chain([OsStr::new("--dem"), dem.as_os_str()]))?;
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    let value = match stage {
        "" => &report["ns_per_pixel"],
        stage => &report["stages_ns_per_pixel"][stage],
    };
    value.as_f64().ok_or_else(|| format!("`bench` says nothing of {months} {stage}: {report}"))
}

/// Reading finished maps and the terrain below them, with every checksum: time on the clock.
fn verify(side: &Side, scene: &Scene) -> Outcome<f64> {
    let begin = Instant::now();
    side.run(["verify".as_ref(), side.complete.as_os_str()])?;
    Ok(begin.elapsed().as_nanos() as f64 / scene.cells())
}

/// One look at a long campaign: time on the clock.
fn status(side: &Side, _: &Scene) -> Outcome<f64> {
    let begin = Instant::now();
    side.run(["status".as_ref(), side.long.as_os_str()])?;
    Ok(begin.elapsed().as_secs_f64() * 1000.0)
}

/// What waits on a shared disk: the calls that name a file.
const CALLS: &str = "trace=%file,getdents64";

/// The same look where each call that names a file takes 5 ms, as on a busy shared disk: by Debian's `strace`.
fn status_slow(side: &Side, _: &Scene) -> Outcome<f64> {
    let slow = "inject=%file,getdents64:delay_enter=5000";
    let begin = Instant::now();
    let output =
        side.under("strace", ["-f", "-qq", "-o", "/dev/null", "-e", CALLS, "-e", slow], side.look())?;
    let time = begin.elapsed().as_secs_f64() * 1000.0;
    let shown = String::from_utf8_lossy(&output.stdout);
    if shown.lines().filter(|line| line.starts_with('m')).count() < 12 {
        return Err(format!("`status` shows no twelve months: {shown}"));
    }
    Ok(time)
}

/// How many of these calls that look makes.
fn status_calls(side: &Side, _: &Scene) -> Outcome<f64> {
    let log = side.log();
    let log = log.to_string_lossy();
    side.under("strace", ["-f", "-qq", "-o", &log, "-e", CALLS], side.look())?;
    let calls = std::fs::read_to_string(&*log).map_err(|e| format!("{log}: {e}"))?;
    Ok(calls.lines().filter(|line| line.contains('(')).count() as f64)
}

/// One look at a campaign of 50 000 records and 5 000 jobs: time on the clock.
fn start(side: &Side, _: &Scene) -> Outcome<f64> {
    let mut look = side.at_busy(["status", "busy"])?;
    let begin = Instant::now();
    let output = look.output().map_err(|e| e.to_string())?;
    let time = begin.elapsed();
    let shown = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || shown.matches("running").count() < 12 {
        return Err(format!(
            "`status` shows no twelve months that run: {shown}{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(time.as_secs_f64() * 1000.0)
}

/// The screen of that campaign, left alone for so long: twice it asks the batch system.
fn steady(side: &Side, _: &Scene) -> Outcome<(f64, f64)> {
    screen::steady(side.at_busy(["open", "busy"])?, Duration::from_secs(20))
}
