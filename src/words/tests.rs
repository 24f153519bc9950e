//! Numbers, times and states as they are told.

use super::*;
use crate::campaign::fixtures;
use crate::campaign::snapshot::{JobState, MarginView};
use crate::glyphs::{ASCII, UNICODE};

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
    let waiting = |of| state(&fixtures::in_state(3, of));
    assert_eq!(waiting(JobState::Waiting), "waiting");
    assert_eq!(waiting(JobState::Hold), "held");
    assert_eq!(waiting(JobState::Unknown("toAckReservation".to_owned())), "toAckReservation");
    let mut running = fixtures::running(1);
    if let Some(job) = &mut running.job {
        job.state = JobState::Suspended;
    }
    assert_eq!(state(&running), "suspended");
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
    assert_eq!(said, "In the queue: no free resource; 2 jobs ahead", "a forecast that passed says nothing");
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

/// Two words of ours, one after the other.
fn is_prose(text: &str) -> bool {
    let is_word = |word: &str| {
        word.chars().filter(char::is_ascii_lowercase).count() > 1 && !word.contains(['/', '_', ':', '{'])
    };
    let words: Vec<&str> = text.trim_matches('"').split(' ').collect();
    words.windows(2).any(|two| is_word(two[0]) && is_word(two[1]))
}

#[test]
fn the_screens_make_no_sentences() {
    let mut found = Vec::new();
    for file in crate::literals::sources(&["ui"]) {
        // Why the screens could not be shown at all is told by its error.
        if file.ends_with("ui/mod.rs") || file.ends_with("ui/terminal.rs") {
            continue;
        }
        let texts = crate::literals::literals(&std::fs::read_to_string(&file).unwrap());
        found.extend(texts.into_iter().filter(|text| is_prose(text)).map(|text| (file.clone(), text)));
    }
    assert!(found.is_empty(), "sentences belong to the words: {found:#?}");
    assert!(is_prose("\"no job yet\"") && is_prose("\"{name}: it waits\"") && is_prose("\"more node\""));
    assert!(!is_prose("\"  {said}\"") && !is_prose("\"{started} {ran}\""));
}

#[test]
fn every_action_that_asks_has_its_question_and_every_command_its_words() {
    use crate::campaign::actions::{ActionKind, Asks};
    for kind in ActionKind::ALL {
        let asked = actions::question(kind, &fixtures::running(1), "January");
        assert_eq!(asked.is_some(), kind.row().asks != Asks::Nothing, "{kind:?}");
        assert!(
            actions::do_it(kind, &fixtures::running(1).id)
                .contains(&format!("`alpsckpt {} m01`", kind.row().name))
        );
    }
    for row in crate::keys::table() {
        assert!(
            !commands::name(row.command).is_empty() && !commands::what(row.command).is_empty(),
            "{row:?}"
        );
    }
}
