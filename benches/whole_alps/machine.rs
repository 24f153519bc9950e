//! What the system says of the machine, of the disk and of this process.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use alpsckpt::engine::Vectors;
use nix::sys::statvfs::statvfs;
use nix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::Outcome;

/// What is measured on.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    /// The class of vector instructions.
    pub(crate) vectors: &'static str,
    pub(crate) cores: usize,
    pub(crate) memory_bytes: u64,
}

impl Machine {
    pub(crate) fn of_here() -> Self {
        let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            processor: name.map_or_else(|| "unknown processor".into(), |(_, name)| name.trim().to_owned()),
            vectors: Vectors::best().name(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_bytes: kilobytes("/proc/meminfo", "MemTotal:"),
        }
    }
}

/// Where this process stood at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    clock: Instant,
    /// Time of all cores that it had used.
    core: Duration,
    /// The most memory that it had held, bytes; 0 where the system does not say.
    pub(crate) peak: u64,
}

impl Moment {
    pub(crate) fn now() -> Self {
        let core = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from);
        Self { clock: Instant::now(), core, peak: kilobytes("/proc/self/status", "VmHWM:") }
    }

    /// Time on the clock and of the cores since an earlier moment, s.
    pub(crate) fn since(&self, earlier: &Self) -> (f64, f64) {
        let clock = self.clock.saturating_duration_since(earlier.clock);
        (clock.as_secs_f64(), self.core.saturating_sub(earlier.core).as_secs_f64())
    }
}

/// Bytes that this process has read and written, of files on the disk and in memory; 0 where the system does not say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Io {
    pub(crate) read: u64,
    pub(crate) written: u64,
}

impl Io {
    pub(crate) fn of_this_process() -> Self {
        let text = fs::read_to_string("/proc/self/io").unwrap_or_default();
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
        };
        Self { read: number("rchar:"), written: number("wchar:") }
    }
}

/// Bytes free for this user on the disk of a folder.
pub(crate) fn free(folder: &Path) -> Outcome<u64> {
    let disk = statvfs(folder)
        .map_err(|e| format!("{}: the disk does not say how much is free: {e}", folder.display()))?;
    Ok(disk.blocks_available().saturating_mul(disk.fragment_size()))
}

/// A line of one of the system's tables, in bytes; 0 where there is none.
fn kilobytes(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}
