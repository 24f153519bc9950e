//! Durations and moments in English.

use jiff::tz::TimeZone;

pub(in crate::words) fn duration(seconds: u64) -> String {
    let (d, h, m, s) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let two = |a: u64, unit: &str, b: u64, lower: &str| {
        if b == 0 { format!("{a} {unit}") } else { format!("{a} {unit} {b} {lower}") }
    };
    match (d, h, m) {
        (0, 0, 0) => format!("{s} s"),
        (0, 0, _) => two(m, "min", s, "s"),
        (0, _, _) => two(h, "h", m, "min"),
        _ => two(d, "d", h, "h"),
    }
}

pub(in crate::words) fn short_duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

pub(in crate::words) fn moment(ms: i64, now_ms: i64, zone: &TimeZone) -> String {
    let at = |ms| jiff::Timestamp::from_millisecond(ms).map(|t| t.to_zoned(zone.clone()));
    let (Ok(then), Ok(now)) = (at(ms), at(now_ms)) else { return "?".to_owned() };
    let form = if then.date() == now.date() {
        "%H:%M:%S"
    } else if then.year() == now.year() {
        "%d %b %H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    then.strftime(form).to_string()
}
