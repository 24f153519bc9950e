//! Numbers and states in words: no number without its unit.

use crate::campaign::event::listed;
use crate::campaign::snapshot::{ChainState, ChainView, GenerationView, JobState, JobView, MarginView};
use crate::checkpoint::ExitClass;
pub(crate) use crate::quantity::bytes;
pub(crate) use crate::quantity::count;

use super::glyphs::Glyphs;

const NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The name of a month (1 to 12).
fn month(number: u8) -> &'static str {
    usize::from(number).checked_sub(1).and_then(|i| NAMES.get(i)).copied().unwrap_or("?")
}

/// The name of a chain by its months: `January`, `Jun–Jul`, `Jan, Jun, Dec`.
pub(crate) fn months(numbers: &[u8], glyphs: &Glyphs) -> String {
    let short = |n: u8| month(n).get(..3).unwrap_or("?").to_owned();
    match numbers {
        [] => "?".to_owned(),
        [one] => month(*one).to_owned(),
        [first, .., last]
            if numbers.windows(2).all(|w| matches!(w, [a, b] if a.checked_add(1) == Some(*b))) =>
        {
            format!("{}{}{}", short(*first), glyphs.range, short(*last))
        }
        many => many.iter().map(|&n| short(n)).collect::<Vec<_>>().join(", "),
    }
}

/// Seconds in words, the two largest units: `2 min 10 s`, `3 d 4 h`.
pub(crate) fn duration(seconds: u64) -> String {
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

/// Seconds in words, the largest unit only, for narrow columns: `2 min`.
pub(crate) fn short_duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A whole number of percent, rounded down: 100 only when all is done. `None` while the whole is not known.
pub(crate) fn percent(done: u64, total: u64) -> Option<u64> {
    (total > 0).then(|| (u128::from(done.min(total)) * 100 / u128::from(total)) as u64)
}

/// Whether a program of the user's computes the campaign, and not the engine.
pub(crate) fn is_of_programs(chains: &[ChainView]) -> bool {
    !chains.is_empty() && chains.iter().all(|chain| !chain.unit.is_tiles())
}

/// How far a chain is: a percentage, else what it has done where that can be without a whole; empty where nothing is known.
pub(crate) fn done(chain: &ChainView) -> String {
    match percent(chain.tiles, chain.total) {
        Some(percent) => format!("{percent} %"),
        None if chain.unit.is_tiles() || chain.tiles == 0 => String::new(),
        None => chain.unit.short(chain.tiles, chain.total),
    }
}

/// The state of a chain in words of at most 13 columns.
pub(crate) fn state(chain: &ChainView) -> String {
    match chain.state {
        ChainState::Planned => "planned".to_owned(),
        ChainState::SubmissionUnknown => "unconfirmed".to_owned(),
        ChainState::Waiting => odd_state(chain).unwrap_or_else(|| "waiting".to_owned()),
        ChainState::Running => odd_state(chain).unwrap_or_else(|| "running".to_owned()),
        ChainState::Between => "between jobs".to_owned(),
        ChainState::Silent => match chain.silent_for {
            Some(s) => format!("silent {}", short_duration(s)),
            None => "silent".to_owned(),
        },
        ChainState::Failed => "failed".to_owned(),
        ChainState::Stopped => "stopped".to_owned(),
        ChainState::Complete => "complete".to_owned(),
    }
}

/// The word for a job that waits or runs in another way than usual; a state that this program does not know is told in
/// the batch system's own word.
fn odd_state(chain: &ChainView) -> Option<String> {
    match chain.job_state()? {
        JobState::Hold => Some("held".to_owned()),
        JobState::Suspended => Some("suspended".to_owned()),
        JobState::Unknown(word) => Some(word.clone()),
        _ => None,
    }
}

/// What a state means for a person, in a sentence; `None` where the word says all.
pub(crate) fn explain(chain: &ChainView, now_ms: i64) -> Option<String> {
    match chain.state {
        ChainState::Waiting | ChainState::Running if odd_state(chain).is_some() => odd_words(chain),
        ChainState::Running if chain.said.is_some() => chain.said.clone(),
        ChainState::SubmissionUnknown => Some(
            "The answer to the submission was lost. It is looked up by its token and never sent twice."
                .to_owned(),
        ),
        ChainState::Between
            if chain
                .links
                .last()
                .is_some_and(|l| !matches!(l.class, None | Some(ExitClass::Checkpointed))) =>
        {
            let end = chain.links.last().and_then(|l| l.end.clone()).unwrap_or_default();
            Some(format!(
                "Its link has ended ({end}); the batch system has not said yet what comes of its job."
            ))
        }
        ChainState::Waiting if chain.job.is_none() => {
            chain.unseen.map(|job| format!("Submitted as job {job}, not seen since."))
        }
        ChainState::Between => {
            Some("Checkpointed; the batch system makes the next job of this month by itself.".to_owned())
        }
        ChainState::Silent => Some(format!(
            "No heartbeat for {}. The job still has its node: it is only given up when the batch system ends it.",
            chain.silent_for.map_or_else(|| "a while".to_owned(), duration)
        )),
        ChainState::Waiting => {
            let job = chain.job.as_ref()?;
            let facts = [expected(job, now_ms), Some(job.message.trim().to_owned())];
            let facts: Vec<String> = facts.into_iter().flatten().filter(|said| !said.is_empty()).collect();
            (!facts.is_empty()).then(|| format!("In the queue: {}", facts.join("; ")))
        }
        _ => None,
    }
}

/// What an unusual state of its job means, and what to do.
fn odd_words(chain: &ChainView) -> Option<String> {
    let job = chain.job.as_ref()?;
    let resume = format!("resume it (key u, or `alpsckpt resume {}`)", chain.id);
    Some(match &job.state {
        JobState::Hold => format!("Job {} is held: it does not start until you {resume}.", job.id),
        JobState::Suspended => format!("Job {} is suspended, its processes stand still: {resume}.", job.id),
        state => format!("Job {} is in a state that this program does not know: {state}.", job.id),
    })
}

/// When the batch system expects to start a job, if that lies ahead.
fn expected(job: &JobView, now_ms: i64) -> Option<String> {
    let wait = seconds_between(now_ms, job.expected_start?.saturating_mul(1_000));
    (wait > 0 && job.started.is_none()).then(|| format!("expected to start in {}", duration(wait)))
}

/// A job in the batch system's words: state, node, how it ended or when it may start, and its message.
pub(crate) fn job(job: &JobView, now_ms: i64) -> String {
    let mut said = job.state.to_string();
    if let Some(node) = &job.node {
        said.push_str(&format!(" on {node}"));
    }
    for fact in [job.end.clone(), expected(job, now_ms)].into_iter().flatten() {
        said.push_str(&format!(", {fact}"));
    }
    if !job.message.trim().is_empty() {
        said.push_str(&format!(": {}", job.message.trim()));
    }
    said
}

/// How long before the walltime a program is saved, and why: `10 min before the walltime, the campaign's margin`.
pub(crate) fn margin(margin: &MarginView) -> String {
    let fixed = duration(margin.fixed_seconds);
    let (Some(measured), Some(bytes), Some(rate)) =
        (margin.measured_seconds, margin.bytes, margin.bytes_per_second)
    else {
        return format!(
            "{fixed} before the walltime, the campaign's margin, or earlier, once a dump was measured"
        );
    };
    let by = format!("{} at {}/s", self::bytes(bytes), self::bytes(rate as u64));
    if measured > margin.fixed_seconds {
        format!(
            "{} before the walltime, as {by} ask for; the campaign's margin is {fixed}",
            duration(measured)
        )
    } else {
        format!("{fixed} before the walltime, the campaign's margin; {by} ask for {}", duration(measured))
    }
}

/// The nodes that a chain's last attempt leaves out, in a sentence.
pub(crate) fn left_out(chain: &ChainView) -> Option<String> {
    let nodes = Some(chain.left_out.as_slice()).filter(|nodes| !nodes.is_empty())?;
    Some(format!("The last attempt is not to run on {}, where its program does not fit.", listed(nodes)))
}

/// The sign of a state.
pub(crate) fn sign(state: ChainState, glyphs: &Glyphs) -> &'static str {
    let [planned, unknown, waiting, running, between, silent, failed, stopped, complete] = glyphs.states;
    match state {
        ChainState::Planned => planned,
        ChainState::SubmissionUnknown => unknown,
        ChainState::Waiting => waiting,
        ChainState::Running => running,
        ChainState::Between => between,
        ChainState::Silent => silent,
        ChainState::Failed => failed,
        ChainState::Stopped => stopped,
        ChainState::Complete => complete,
    }
}

/// The newest checkpoint that a link can go on from.
pub(crate) fn last_good(chain: &ChainView) -> Option<&GenerationView> {
    chain.generations.iter().rev().find(|g| g.damage.is_none())
}

/// From where a resubmission goes on: `from generation 7 (62 %)`, or `from the beginning`.
pub(crate) fn resume_point(chain: &ChainView) -> String {
    let Some(generation) = last_good(chain) else {
        return "from the beginning".to_owned();
    };
    match percent(generation.tiles, chain.total) {
        Some(p) => format!("from generation {} ({p} %)", generation.number),
        None if generation.unit.is_tiles() => format!("from generation {}", generation.number),
        None => {
            format!("from generation {} ({})", generation.number, generation.unit.amount(generation.tiles))
        }
    }
}

/// Seconds from one moment to a later one, both in milliseconds since 1970; clocks that disagree give 0.
pub(crate) fn seconds_between(from_ms: i64, to_ms: i64) -> u64 {
    to_ms.saturating_sub(from_ms).max(0).unsigned_abs() / 1_000
}

/// The time of day of a moment, `HH:MM:SS`.
pub(crate) fn time_of_day(ms: i64, zone: &jiff::tz::TimeZone) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| "?".to_owned(), |t| t.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string())
}

/// A moment as far as it must be said at `now_ms`: the time of day, with the date where it was not today, with the year
/// where it was another.
pub(crate) fn moment(ms: i64, now_ms: i64, zone: &jiff::tz::TimeZone) -> String {
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

/// The factor of a scaled cluster's time: `1 s = 3 h`; `None` at scale 1.
pub(crate) fn scale(factor: f64) -> Option<String> {
    if !factor.is_finite() || (factor - 1.0).abs() < 1e-9 || factor <= 0.0 {
        return None;
    }
    if factor < 1.0 {
        return Some(format!("1 s = {factor:.2} s"));
    }
    Some(format!("1 s = {}", duration(factor.round() as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixtures;
    use crate::ui::glyphs::{ASCII, UNICODE};

    #[test]
    fn durations_have_two_units_at_most() {
        let said = [0, 59, 60, 130, 3_600, 3_720, 90_000, 86_400].map(duration);
        assert_eq!(said, ["0 s", "59 s", "1 min", "2 min 10 s", "1 h", "1 h 2 min", "1 d 1 h", "1 d"]);
        assert_eq!([59, 61, 7_300, 90_000].map(short_duration), ["59 s", "1 min", "2 h", "1 d"]);
    }

    #[test]
    fn bytes_have_decimal_units() {
        let said = [0, 999, 1_000, 3_400_000, 34_000_000, 999_600, 1_500_000_000_000].map(bytes);
        assert_eq!(said, ["0 B", "999 B", "1.0 kB", "3.4 MB", "34 MB", "1.0 MB", "1.5 TB"]);
        assert_eq!(bytes(u64::MAX), "18447 PB");
    }

    #[test]
    fn a_hundred_percent_means_all_of_it() {
        assert_eq!(percent(199, 200), Some(99));
        assert_eq!(percent(200, 200), Some(100));
        assert_eq!(percent(7, 5), Some(100));
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(u64::MAX, u64::MAX), Some(100));
    }

    #[test]
    fn chains_are_named_by_their_months() {
        assert_eq!(months(&[9], &UNICODE), "September");
        assert_eq!(months(&[6, 7], &UNICODE), "Jun–Jul");
        assert_eq!(months(&[6, 7, 8], &ASCII), "Jun-Aug");
        assert_eq!(months(&[1, 6], &ASCII), "Jan, Jun");
        assert_eq!(months(&[0], &ASCII), "?");
    }

    #[test]
    fn a_moment_has_its_date_where_it_was_not_today() {
        let utc = jiff::tz::TimeZone::UTC;
        let said = |ago: i64| moment(fixtures::NOW - ago * 1_000, fixtures::NOW, &utc);
        assert_eq!(said(9), "14:05:00");
        assert_eq!(said(86_400), "28 Feb 14:05:09");
        assert_eq!(said(100 * 86_400), "2025-11-21 14:05:09");
        assert_eq!(moment(i64::MAX, fixtures::NOW, &utc), "?");
    }

    #[test]
    fn scales_are_said_only_when_time_is_scaled() {
        assert_eq!(scale(1.0), None);
        assert_eq!(scale(10_800.0).as_deref(), Some("1 s = 3 h"));
        assert_eq!(scale(f64::NAN), None);
    }

    #[test]
    fn the_resume_point_names_the_last_generation() {
        let snapshot = fixtures::mixed();
        assert_eq!(resume_point(&snapshot.chains[2]), "from generation 7 (62 %)");
        assert_eq!(resume_point(&fixtures::planned().chains[0]), "from the beginning");
    }

    #[test]
    fn a_job_that_is_held_suspended_or_in_an_unknown_state_gives_its_month_the_word() {
        let waiting = |state| self::state(&fixtures::in_state(3, state));
        assert_eq!(waiting(JobState::Waiting), "waiting");
        assert_eq!(waiting(JobState::Hold), "held");
        assert_eq!(waiting(JobState::Unknown("toAckReservation".to_owned())), "toAckReservation");
        let mut running = fixtures::running(1);
        if let Some(job) = &mut running.job {
            job.state = JobState::Suspended;
        }
        assert_eq!(self::state(&running), "suspended");
        let said = explain(&running, fixtures::NOW).unwrap();
        assert!(said.contains("key u, or `alpsckpt resume m01`"), "{said}");
        let unknown = fixtures::in_state(3, JobState::Unknown("Dreaming".to_owned()));
        let said = explain(&unknown, fixtures::NOW).unwrap();
        assert!(said.contains("Dreaming"), "{said}");
    }

    #[test]
    fn a_waiting_job_says_when_it_may_start_and_why_it_waits() {
        let said = explain(&fixtures::waiting(3), fixtures::NOW).unwrap();
        assert_eq!(said, "In the queue: expected to start in 12 min 34 s; no free resource; 2 jobs ahead");
        let later = fixtures::NOW + 800_000;
        let said = explain(&fixtures::waiting(3), later).unwrap();
        assert_eq!(
            said, "In the queue: no free resource; 2 jobs ahead",
            "a forecast that passed says nothing"
        );
        let deleted = &fixtures::deleted_before_start(3).jobs[0];
        assert_eq!(job(deleted, fixtures::NOW), "Error, no exit code: Job killed by Leon");
    }

    #[test]
    fn a_margin_is_told_with_what_it_follows_from() {
        let of = |saving| {
            let text = "(version: 1, name: \"a\", output: \"o\", months: [1], walltime: \"02:00:00\", margin: \"00:10:00\",
                workload: Command(run: Program([\"true\"])))";
            let spec = crate::campaign::spec::parse(std::path::Path::new("/a.ron"), text).unwrap().spec;
            MarginView::of(&spec, saving, 1.0)
        };
        let saving = |bytes, bytes_per_second| Some(crate::checkpoint::Saving { bytes, bytes_per_second });
        let unknown = of(None);
        assert_eq!((unknown.seconds, unknown.measured_seconds), (600, None));
        assert!(
            margin(&unknown).starts_with("10 min before the walltime, the campaign's margin"),
            "{}",
            margin(&unknown)
        );
        // Twice 4 GB at 10 MB/s, and half of what is left after the latest signal.
        let slow = of(saving(4_000_000_000, 10e6));
        assert_eq!((slow.seconds, slow.measured_seconds), (1085, Some(1085)));
        assert_eq!(
            margin(&slow),
            "18 min 5 s before the walltime, as 4.0 GB at 10 MB/s ask for; the campaign's margin is 10 min"
        );
        let fast = of(saving(1_000_000_000, 100e6));
        assert_eq!((fast.seconds, fast.measured_seconds), (600, Some(305)), "never below the campaign's");
        assert_eq!(
            margin(&fast),
            "10 min before the walltime, the campaign's margin; 1.0 GB at 100 MB/s ask for 5 min 5 s"
        );
    }

    #[test]
    fn clocks_that_disagree_give_no_negative_age() {
        assert_eq!(seconds_between(5_000, 1_000), 0);
        assert_eq!(seconds_between(i64::MIN, i64::MAX), i64::MAX.unsigned_abs() / 1_000);
    }
}
