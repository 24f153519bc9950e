//! The memory of this process, as the system tells.

use crate::host;

/// Resident now, bytes; 0 when the system does not say.
pub(super) fn now() -> u64 {
    field("VmRSS:").unwrap_or(0)
}

/// The most that was resident at a time, bytes; `None` when the system does not say.
#[must_use]
pub fn peak() -> Option<u64> {
    field("VmHWM:")
}

fn field(name: &str) -> Option<u64> {
    Some(host::own_status(name)?.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
