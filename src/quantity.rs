//! Quantities written for people, the same in logs, messages and screens.

/// Now, as the lines of logs begin: `2026-03-21 14:05:09 UTC`.
#[must_use]
pub fn utc_now() -> String {
    stamp(jiff::Timestamp::now())
}

/// A moment in milliseconds since 1970, in the same form.
#[must_use]
pub fn utc(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| format!("{ms} ms since 1970"), stamp)
}

fn stamp(moment: jiff::Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `1 tile`, `2 tiles`.
#[must_use]
pub fn count(n: u64, singular: &str) -> String {
    if n == 1 { format!("1 {singular}") } else { format!("{n} {singular}s") }
}

/// Bytes in decimal units with two significant digits or more: `980 B`, `3.4 MB`, `34 MB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        // 999.5 would be printed as 1000.
        if value < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}
