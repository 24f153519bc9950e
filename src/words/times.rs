//! Durations and moments.

use jiff::tz::TimeZone;

spoken! { times:
    /// Seconds in words, the two largest units: `2 min 10 s`, `3 d 4 h`.
    fn duration(seconds: u64) -> String;
    /// Seconds in words, the largest unit only, for narrow columns: `2 min`.
    fn short_duration(seconds: u64) -> String;
    /// A moment, in milliseconds since 1970, as far as it must be said at `now_ms`: the time of day, with the date where it
    /// was not today, with the year where it was another.
    fn moment(ms: i64, now_ms: i64, zone: &TimeZone) -> String;
}

/// The time of day of a moment in milliseconds since 1970, `HH:MM:SS`.
pub(crate) fn time_of_day(ms: i64, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| "?".to_owned(), |t| t.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string())
}
