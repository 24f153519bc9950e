//! What keys do.

use super::press;
use crate::campaign::actions::{WhyNot, possible};
use crate::campaign::controller::ActionKind;
use crate::campaign::snapshot::{Access, ChainState, ChainView, JobState};
use crate::checkpoint::ChainId;
use crate::keys::Screen;
use crate::ui::fixtures;
use crate::ui::model::{Effect, Message, Model, Overlay, Row, RowName, Tail};
use crate::ui::update::update;

fn id(month: u8) -> ChainId {
    ChainId::of_months(&[month])
}

fn mixed() -> Model {
    fixtures::model(fixtures::mixed(), 80, 24)
}

fn said(model: &Model) -> &str {
    model.notice.as_ref().map_or("", |n| n.text.as_str())
}

#[test]
fn the_first_selection_is_what_needs_a_person() {
    assert_eq!(mixed().selected, Some(id(6)));
    assert_eq!(fixtures::model(fixtures::planned(), 80, 24).selected, Some(id(1)));
}

#[test]
fn r_asks_and_enter_resubmits() {
    let mut model = mixed();
    assert_eq!(press(&mut model, "r"), []);
    let Some(Overlay::Confirm(ask)) = &model.overlay else { panic!("no question") };
    assert_eq!(ask.question, "Resubmit June from generation 7 (62 %)?");
    assert_eq!(press(&mut model, "<Enter>"), [Effect::Act(ActionKind::Resubmit.on(id(6)))]);
    assert_eq!(said(&model), "resubmitting June …");
    press(&mut model, "r");
    assert_eq!(said(&model), "June: an action is under way");
    let done =
        Message::Acted(ActionKind::Resubmit.on(id(6)), Ok("June submitted again: job 1060".to_owned()));
    update(&mut model, done, fixtures::clock(2));
    assert_eq!(said(&model), "June submitted again: job 1060");
    assert!(model.pending.is_empty());
}

#[test]
fn stopping_needs_a_typed_y() {
    let mut model = mixed();
    press(&mut model, "kkx");
    assert_eq!(model.selected, Some(id(1)));
    assert_eq!(press(&mut model, "<Enter>"), []);
    assert!(matches!(model.overlay, Some(Overlay::Confirm(_))), "Enter is no yes");
    assert_eq!(press(&mut model, "y"), [Effect::Act(ActionKind::Stop.on(id(1)))]);
    press(&mut model, "kjkx");
    assert_eq!(said(&model), "January: an action is under way");
}

#[test]
fn escape_and_n_are_no() {
    for no in ["<Esc>", "n", "q", "<Ctrl-c>"] {
        let mut model = mixed();
        assert_eq!(press(&mut model, &format!("kkx{no}")), [], "{no}");
        assert_eq!((said(&model), &model.overlay), ("nothing was done", &None));
    }
}

#[test]
fn a_checkpoint_needs_no_question() {
    let mut model = mixed();
    assert_eq!(press(&mut model, "kkc"), [Effect::Act(ActionKind::Checkpoint.on(id(1)))]);
}

fn hold_and_resume(chain: &ChainView) -> [String; 2] {
    [ActionKind::Hold, ActionKind::Resume].map(|kind| {
        possible(kind, chain, &Access::Writer).err().map_or_else(String::new, |why| why.to_string())
    })
}

#[test]
fn what_waits_can_be_held_what_is_held_or_suspended_resumed() {
    let waiting = fixtures::in_state(3, JobState::Waiting);
    assert_eq!(hold_and_resume(&waiting), ["", "its job waits and is not held"]);
    let held = fixtures::in_state(3, JobState::Hold);
    assert_eq!(hold_and_resume(&held), ["it is held already: resume it", ""]);
    let starting = fixtures::in_state(3, JobState::ToLaunch);
    assert_eq!(hold_and_resume(&starting)[0], "its job is just starting");
    let running = fixtures::running(1);
    let [hold, resume] = hold_and_resume(&running);
    assert!(hold.contains("checkpoint it now and hold the next job, or stop it"), "{hold}");
    assert_eq!(resume, "its job is neither held nor suspended");
    let suspended = ChainView { state: ChainState::Running, ..fixtures::in_state(1, JobState::Suspended) };
    assert_eq!(hold_and_resume(&suspended), ["it is suspended already: resume it", ""]);
    let checkpoint = possible(ActionKind::Checkpoint, &suspended, &Access::Writer);
    assert_eq!(checkpoint, Err(WhyNot::JobSuspended));
    assert!(hold_and_resume(&fixtures::failed(6)).iter().all(|why| why.contains("no job")));
}

#[test]
fn holding_and_resuming_need_no_question() {
    let mut model = mixed();
    assert_eq!(press(&mut model, "kH"), [Effect::Act(ActionKind::Hold.on(id(3)))]);
    assert_eq!(said(&model), "holding March …");
    let failed = Message::Acted(ActionKind::Hold.on(id(3)), Err("no answer".to_owned()));
    update(&mut model, failed, fixtures::clock(2));
    assert_eq!(said(&model), "March was not held: no answer");
    press(&mut model, "u");
    assert_eq!(said(&model), "March: its job waits and is not held");
    let held = fixtures::campaign(vec![fixtures::in_state(3, JobState::Hold)]);
    let mut model = fixtures::model(held, 80, 24);
    assert_eq!(press(&mut model, "u"), [Effect::Act(ActionKind::Resume.on(id(3)))]);
}

#[test]
fn a_job_that_never_started_has_a_row_and_is_chosen_by_its_number() {
    let mut model = fixtures::model(fixtures::campaign(vec![fixtures::deleted_before_start(3)]), 80, 24);
    press(&mut model, "2k");
    assert_eq!(model.jobs.row, Some((id(3), RowName::Job(1048))));
    assert_eq!(press(&mut model, "<Enter>"), []);
    assert_eq!(said(&model), "this job has not begun: it has no log");
    // The newest job becomes a link; the chosen row stays.
    let mut snapshot = fixtures::campaign(vec![fixtures::deleted_before_start(3)]);
    snapshot.chains[0].links = fixtures::running(3).links;
    snapshot.chains[0].links[0].job_id = "1051".to_owned();
    update(&mut model, Message::Snapshot(Box::new(snapshot)), fixtures::clock(2));
    let names: Vec<RowName> = model.job_rows().iter().map(Row::name).collect();
    let links = [1, 2, 3].map(RowName::Link);
    assert_eq!(names, [&[RowName::Job(1048)], &links[..]].concat());
    assert_eq!(model.job_row(), 0);
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut model = mixed();
    for (keys, why) in [
        ("c", "June: no link of it runs"),
        ("s", "June: it was submitted before: resubmit it"),
        ("S", "no month is planned"),
        ("x", "June: it has no job"),
        ("jr", "December: it is complete"),
    ] {
        assert_eq!(press(&mut model, keys), []);
        assert_eq!(said(&model), why);
        assert_eq!(model.overlay, None);
    }
    let mut model = fixtures::model(fixtures::doubtful(), 80, 24);
    press(&mut model, "jjx");
    assert_eq!(said(&model), "March: its submission is still being looked up");
}

#[test]
fn a_read_only_campaign_takes_no_action() {
    let mut model = fixtures::model(fixtures::read_only(), 80, 24);
    for key in ["r", "c", "x", "s", "S"] {
        assert_eq!(press(&mut model, key), []);
        assert_eq!(said(&model), "read-only: loginnode2 (process 4242, since 13:58) holds this campaign");
        assert_eq!(model.overlay, None);
    }
}

#[test]
fn capital_s_submits_every_planned_month() {
    let mut model = fixtures::model(fixtures::planned(), 80, 24);
    press(&mut model, "S");
    let expected: Vec<Effect> = [1, 3, 6, 12].map(|m| Effect::Act(ActionKind::Submit.on(id(m)))).into();
    assert_eq!(press(&mut model, "y"), expected);
}

#[test]
fn a_question_goes_when_the_month_moved_on() {
    let mut model = mixed();
    press(&mut model, "r");
    let mut snapshot = fixtures::mixed();
    snapshot.chains[2].state = ChainState::Waiting;
    update(&mut model, Message::Snapshot(Box::new(snapshot)), fixtures::clock(2));
    assert_eq!(model.overlay, None);
    assert!(said(&model).contains("changed"), "{}", said(&model));
}

#[test]
fn an_unchanged_question_survives_a_reading() {
    let mut model = mixed();
    press(&mut model, "r");
    update(&mut model, Message::Snapshot(Box::new(fixtures::mixed())), fixtures::clock(2));
    assert!(matches!(model.overlay, Some(Overlay::Confirm(_))));
}

#[test]
fn enter_goes_deeper_and_escape_back() {
    let mut model = mixed();
    press(&mut model, "<Enter>");
    assert_eq!(model.screen, Screen::Jobs);
    let effects = press(&mut model, "<Up><Enter>");
    assert_eq!(model.screen, Screen::Log);
    let second = model.chain().unwrap().logs[1].clone();
    assert_eq!(effects, [Effect::ReadLog(second)], "the log of the chosen link");
    press(&mut model, "<Esc>");
    assert_eq!(model.screen, Screen::Jobs);
    press(&mut model, "<Esc>");
    assert_eq!(model.screen, Screen::Months);
}

#[test]
fn digits_and_tab_change_the_screen() {
    let mut model = mixed();
    for (keys, screen) in
        [("2", Screen::Jobs), ("4", Screen::Map), ("<Tab>", Screen::Months), ("3", Screen::Log)]
    {
        press(&mut model, keys);
        assert_eq!(model.screen, screen);
    }
}

#[test]
fn brackets_choose_the_log_and_the_newest_is_followed() {
    let mut model = mixed();
    press(&mut model, "3[");
    let logs = model.chain().unwrap().logs.clone();
    assert_eq!(model.log_path(), Some(&logs[1]));
    press(&mut model, "]");
    assert_eq!(model.log.chosen, None, "the newest is not held by name");
    let mut snapshot = fixtures::mixed();
    snapshot.chains[2].logs.push("0004.log".into());
    update(&mut model, Message::Snapshot(Box::new(snapshot)), fixtures::clock(2));
    assert_eq!(model.log_path(), Some(&"0004.log".into()));
}

fn with_log(lines: u64) -> Model {
    let mut model = mixed();
    press(&mut model, "3");
    let path = model.log_path().unwrap().clone();
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
    let path = model.log_path().unwrap().clone();
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
    let path = model.log_path().cloned();
    assert_eq!(model.log.tail.as_ref().map(|t| t.path.clone()), path, "an unchanged file is not sent twice");
}

#[test]
fn the_selection_is_kept_by_name() {
    let mut model = mixed();
    let mut snapshot = fixtures::mixed();
    snapshot.chains.insert(0, fixtures::chain(2));
    update(&mut model, Message::Snapshot(Box::new(snapshot.clone())), fixtures::clock(2));
    assert_eq!(model.selected, Some(id(6)));
    snapshot.chains.retain(|c| c.id != id(6));
    update(&mut model, Message::Snapshot(Box::new(snapshot)), fixtures::clock(3));
    assert!(model.chain().is_some());
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
    assert_eq!(model.snapshot.as_ref().map(|s| s.chains.len()), Some(4));
    assert_eq!(model.refresh_error.as_deref(), Some("journal: damaged"));
    update(&mut model, Message::Snapshot(Box::new(fixtures::mixed())), fixtures::clock(3));
    assert_eq!(model.refresh_error, None);
}

#[test]
fn the_age_of_the_last_answer_grows_between_readings() {
    let mut model = mixed();
    update(&mut model, Message::Tick, fixtures::clock(40));
    assert_eq!(model.answer_age(), Some(41));
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
fn help_scrolls_within_its_lines_and_any_other_key_closes_it() {
    let mut model = fixtures::model(fixtures::mixed(), 60, 18);
    press(&mut model, "?kG");
    let Some(Overlay::Help(last)) = model.overlay else { panic!("no help") };
    press(&mut model, "jj");
    assert_eq!(model.overlay, Some(Overlay::Help(last)));
    assert_eq!(press(&mut model, "q"), [], "q closes the help only");
    assert_eq!(model.overlay, None);
    assert_eq!(press(&mut model, "q"), [Effect::Quit]);
}

#[test]
fn e_shows_the_whole_text_of_what_failed_and_what_to_do() {
    let mut model = fixtures::model(fixtures::campaign(vec![fixtures::chain(1)]), 80, 24);
    press(&mut model, "e");
    assert_eq!((said(&model), &model.overlay), ("nothing is wrong", &None));
    let refused = "refused by the batch system: Bad resource request\nLINE 4: ... ((foo='bar')...\n   ^\nTo do: edit it";
    update(
        &mut model,
        Message::Acted(ActionKind::Submit.on(id(1)), Err(refused.to_owned())),
        fixtures::clock(2),
    );
    // Later news hides it from the last lines, not from its page.
    press(&mut model, "x");
    assert_eq!(said(&model), "January: it has no job");
    press(&mut model, "e");
    let text = super::paint::text(&model);
    for line in [
        "January was not submitted: refused by the batch",
        "  LINE 4: ... ((foo='bar')...",
        "     ^",
        "  To do: edit it",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    press(&mut model, "q");
    assert_eq!(model.overlay, None);
    update(
        &mut model,
        Message::Acted(ActionKind::Submit.on(id(1)), Ok("done".to_owned())),
        fixtures::clock(3),
    );
    assert!(model.errors().is_empty());
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
