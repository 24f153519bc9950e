//! What keys and readings move: screens, selections, logs.

use super::{id, mixed, press, said};
use crate::keys::Screen;
use crate::ui::fixtures;
use crate::ui::message::{Effect, Message};
use crate::ui::model::Model;
use crate::ui::screens::log::Tail;
use crate::ui::update::update;

#[test]
fn enter_goes_deeper_and_escape_back() {
    let mut model = mixed();
    press(&mut model, "<Enter>");
    assert_eq!(model.shared.screen, Screen::Jobs);
    let effects = press(&mut model, "<Up><Enter>");
    assert_eq!(model.shared.screen, Screen::Log);
    let second = model.shared.chain().unwrap().logs[1].clone();
    assert_eq!(effects, [Effect::ReadLog(second)], "the log of the chosen link");
    press(&mut model, "<Esc>");
    assert_eq!(model.shared.screen, Screen::Jobs);
    press(&mut model, "<Esc>");
    assert_eq!(model.shared.screen, Screen::Months);
}

#[test]
fn digits_and_tab_change_the_screen() {
    let mut model = mixed();
    for (keys, screen) in
        [("2", Screen::Jobs), ("4", Screen::Map), ("<Tab>", Screen::Months), ("3", Screen::Log)]
    {
        press(&mut model, keys);
        assert_eq!(model.shared.screen, screen);
    }
}

#[test]
fn brackets_choose_the_log_and_the_newest_is_followed() {
    let mut model = mixed();
    press(&mut model, "3[");
    let logs = model.shared.chain().unwrap().logs.clone();
    assert_eq!(model.log.path(&model.shared), Some(&logs[1]));
    press(&mut model, "]");
    assert_eq!(model.log.chosen, None, "the newest is not held by name");
    let mut snapshot = fixtures::mixed();
    snapshot.chains[2].logs.push("0004.log".into());
    update(&mut model, Message::Snapshot(Box::new(snapshot)), fixtures::clock(2));
    assert_eq!(model.log.path(&model.shared), Some(&"0004.log".into()));
}

fn with_log(lines: u64) -> Model {
    let mut model = mixed();
    press(&mut model, "3");
    let path = model.log.path(&model.shared).unwrap().clone();
    let lines = (0..lines).map(|i| (i * 10, format!("line {i}"))).collect();
    let tail = Tail { path: path.clone(), cut: false, lines };
    update(&mut model, Message::Log(path, Ok(tail)), fixtures::clock(1));
    model
}

#[test]
fn a_scrolled_log_stays_while_it_grows_and_end_follows_again() {
    let mut model = with_log(100);
    press(&mut model, "k");
    let top = model.log.top.expect("scrolled");
    let path = model.log.path(&model.shared).unwrap().clone();
    let lines = (0..150).map(|i| (i * 10, format!("line {i}"))).collect();
    update(&mut model, Message::Log(path.clone(), Ok(Tail { path, cut: false, lines })), fixtures::clock(2));
    assert_eq!(model.log.top, Some(top));
    press(&mut model, "G");
    assert_eq!(model.log.top, None);
    press(&mut model, "g");
    assert_eq!(model.log.top, Some(0));
    press(&mut model, "ff");
    assert!(model.log.top.is_some(), "f follows, f again stays");
}

#[test]
fn a_short_log_does_not_scroll() {
    let mut model = with_log(3);
    press(&mut model, "kkg");
    assert_eq!(model.log.top, None);
}

#[test]
fn going_to_another_month_and_back_shows_its_log_again() {
    let mut model = with_log(5);
    press(&mut model, "<Right>");
    press(&mut model, "<Left>");
    let path = model.log.path(&model.shared).cloned();
    assert_eq!(model.log.tail.as_ref().map(|t| t.path.clone()), path, "an unchanged file is not sent twice");
}

#[test]
fn the_selection_is_kept_by_name() {
    let mut model = mixed();
    let mut snapshot = fixtures::mixed();
    snapshot.chains.insert(0, fixtures::chain(2));
    update(&mut model, Message::Snapshot(Box::new(snapshot.clone())), fixtures::clock(2));
    assert_eq!(model.shared.selected, Some(id(6)));
    snapshot.chains.retain(|c| c.id != id(6));
    update(&mut model, Message::Snapshot(Box::new(snapshot)), fixtures::clock(3));
    assert!(model.shared.chain().is_some());
}

#[test]
fn a_failure_is_told_although_another_month_is_selected() {
    let mut snapshot = fixtures::mixed();
    snapshot.chains[2] = fixtures::running(6);
    let mut model = fixtures::model(snapshot, 80, 24);
    update(&mut model, Message::Snapshot(Box::new(fixtures::mixed())), fixtures::clock(2));
    assert_eq!(said(&model), "June failed: node died");
}

#[test]
fn a_failed_reading_keeps_what_was_known() {
    let mut model = mixed();
    update(&mut model, Message::RefreshFailed("journal: damaged".to_owned()), fixtures::clock(2));
    assert_eq!(model.shared.snapshot.as_ref().map(|s| s.chains.len()), Some(4));
    assert_eq!(model.shared.refresh_error.as_deref(), Some("journal: damaged"));
    update(&mut model, Message::Snapshot(Box::new(fixtures::mixed())), fixtures::clock(3));
    assert_eq!(model.shared.refresh_error, None);
}

#[test]
fn the_age_of_the_last_answer_grows_between_readings() {
    let mut model = mixed();
    update(&mut model, Message::Tick, fixtures::clock(40));
    assert_eq!(model.shared.answer_age(), Some(41));
}

#[test]
fn pictures_are_read_only_where_they_are_seen() {
    let asks = |model: &mut Model| {
        let effects = update(model, Message::Tick, fixtures::clock(2));
        effects.iter().any(|e| matches!(e, Effect::ReadPicture(..)))
    };
    let mut narrow = mixed();
    assert!(!asks(&mut narrow));
    press(&mut narrow, "4");
    assert!(asks(&mut narrow));
    assert!(asks(&mut fixtures::model(fixtures::mixed(), 160, 45)));
}

#[test]
fn keys_before_the_first_reading_do_no_harm() {
    use crate::{glyphs, ui::theme};
    let theme = theme::Theme::new(theme::Depth::True);
    let mut model = Model::new((80, 24), theme, &glyphs::UNICODE, jiff::tz::TimeZone::UTC);
    press(&mut model, "jkr1234<Enter>GgfS");
    assert_eq!(said(&model), "the campaign is not read yet");
    assert_eq!(press(&mut model, "<Ctrl-c>"), [Effect::Quit]);
}
