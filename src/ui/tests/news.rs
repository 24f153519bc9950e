//! Notices: what is told, with its time, and how long.

use super::{after, paint, press, said};
use crate::campaign::controller::ActionKind;
use crate::campaign::snapshot::{ChainState, HistoryLine, Snapshot};
use crate::checkpoint::ChainId;
use crate::ui::fixtures;
use crate::ui::message::Message;
use crate::ui::model::{Model, Overlay};

fn read(model: &mut Model, snapshot: Snapshot) {
    after(model, 1_000, Message::Snapshot(Box::new(snapshot)));
}

fn silent() -> Snapshot {
    let mut snapshot = fixtures::mixed();
    let january = &mut snapshot.chains[0];
    (january.state, january.silent_for, january.eta) = (ChainState::Silent, Some(130), Some(29));
    snapshot
}

#[test]
fn silence_is_told_in_header_row_details_and_as_news_until_it_is_over() {
    let mut model = fixtures::model(fixtures::mixed(), 160, 45);
    press(&mut model, "kk");
    read(&mut model, silent());
    assert_eq!(said(&model), "January is silent: no heartbeat for 2 min 10 s");
    let text = paint::text(&model);
    for words in
        ["1 failed · 1 silent", "‖ silent 2 min", "No heartbeat for 2 min 10 s", " January is silent"]
    {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    assert!(!text.contains("29 s"), "nobody knows when it ends:\n{text}");
    read(&mut model, fixtures::mixed());
    assert_eq!(model.notice, None, "it beats again");
    assert!(!paint::text(&model).contains("silent"));
}

#[test]
fn a_notice_has_its_time_and_goes_with_it() {
    let mut model = fixtures::model(fixtures::mixed(), 80, 24);
    press(&mut model, "c");
    let text = paint::text(&model);
    assert!(text.contains(" 14:05:09 June: no link of it runs"), "{text}");
    after(&mut model, 59_000, Message::Tick);
    assert!(model.notice.is_some());
    after(&mut model, 2_000, Message::Tick);
    assert_eq!(model.notice, None);
}

#[test]
fn what_a_mute_scheduler_let_fail_is_no_news_once_it_answers() {
    let mut model = fixtures::model(fixtures::mute_scheduler(), 80, 24);
    let action = ActionKind::Checkpoint.on(ChainId::of_months(&[1]));
    let failed = Message::Acted(action, Err("no answer within 30 s".to_owned()));
    after(&mut model, 1_000, failed);
    read(&mut model, fixtures::mute_scheduler());
    assert!(said(&model).contains("no answer within 30 s"), "{}", said(&model));
    read(&mut model, fixtures::mixed());
    assert_eq!(model.notice, None);
    press(&mut model, "e");
    assert!(paint::text(&model).contains("no answer within 30 s"), "its page still tells it");
}

#[test]
fn a_failure_is_no_news_once_the_month_runs_again() {
    let mut snapshot = fixtures::mixed();
    snapshot.chains[2] = fixtures::running(6);
    let mut model = fixtures::model(snapshot.clone(), 80, 24);
    read(&mut model, fixtures::mixed());
    assert_eq!(said(&model), "June failed: node died");
    read(&mut model, snapshot);
    assert_eq!(model.notice, None);
}

#[test]
fn events_have_dates_where_they_were_not_today_and_a_page_that_scrolls() {
    let mut snapshot = fixtures::mixed();
    let long =
        "link 4 ended with 118 tiles sealed: ".to_owned() + &"the walltime was near; ".repeat(6) + "its end";
    let line = |hours: i64, text: &str| HistoryLine {
        happened_ms: fixtures::NOW - hours * 3_600_000,
        text: text.to_owned(),
        ..snapshot.history[1].clone()
    };
    let mut history = vec![line(26, "long ago"), line(25, &long)];
    history.extend((0..40).map(|i| line(24, &format!("event {i}"))));
    history.extend(std::mem::take(&mut snapshot.history));
    snapshot.history = history;
    let mut model = fixtures::model(snapshot, 80, 24);
    press(&mut model, "w");
    let text = paint::text(&model);
    assert!(
        text.contains("What happened, newest first") && text.contains(" 14:04:29 January   generation 7"),
        "{text}"
    );
    press(&mut model, "G");
    let Some(Overlay::Events(last)) = model.overlay else { panic!("no page") };
    assert!(last > 20);
    let text = paint::text(&model);
    assert!(text.contains(" 28 Feb 12:05:09 January   long ago") && text.contains("near; its"), "{text}");
    press(&mut model, "q");
    assert_eq!(model.overlay, None);
}

#[test]
fn the_bar_of_the_selected_row_is_not_turned_round() {
    use ratatui::style::Modifier;
    let mut model = fixtures::model(fixtures::finished(), 80, 24);
    press(&mut model, "g");
    let buffer = paint::buffer(&model);
    let row = (0..24).find(|&y| (0..80).any(|x| buffer[(x, y)].symbol() == "▸")).unwrap();
    let full: Vec<u16> = (0..80).filter(|&x| buffer[(x, row)].symbol() == "█").collect();
    assert!(full.len() >= 6, "a full bar");
    assert!(full.iter().all(|&x| !buffer[(x, row)].modifier.contains(Modifier::REVERSED)));
    assert!(buffer[(3, row)].modifier.contains(Modifier::REVERSED), "the rest of the row is marked");
}

#[test]
fn the_key_under_a_failed_month_names_the_month_unless_it_is_selected() {
    let mut model = fixtures::model(fixtures::mixed(), 80, 24);
    assert!(paint::text(&model).contains("    press r to resubmit it from generation 7"));
    press(&mut model, "k");
    assert!(paint::text(&model).contains("    select June, then press r to resubmit it from generation 7"));
}

#[test]
fn no_month_leaves_the_table_uncounted_at_any_size_and_r_stays_in_the_bar() {
    for (columns, rows) in [(40, 12), (60, 18), (80, 24), (120, 30), (160, 45)] {
        for snapshot in [fixtures::mixed(), fixtures::year()] {
            let months = snapshot.chains.len();
            let mut model = fixtures::model(snapshot, columns, rows);
            press(&mut model, "g");
            for step in 0..months {
                let text = paint::text(&model);
                let count = |way: &str| -> usize {
                    let line = text.lines().find_map(|l| l.trim().split_once(&format!(" more {way}")));
                    line.map_or(0, |(number, _)| number.parse().unwrap())
                };
                let named = model.shared.chains().iter().filter(|c| {
                    let name = crate::words::months(&c.months, model.shared.glyphs);
                    text.lines().any(|l| l.trim_start_matches(['▸', ' ']).starts_with(&format!("{name} ")))
                });
                let shown = named.count() + count("above") + count("below");
                assert!(shown >= months, "{columns}x{rows}, month {step}: {shown} of {months}\n{text}");
                let failed = model.shared.chain().is_some_and(|c| c.state == ChainState::Failed);
                assert!(!failed || text.contains("r resubmit"), "{columns}x{rows}:\n{text}");
                press(&mut model, "j");
            }
        }
    }
}
