//! What keys do: actions, questions, and why not.

use super::{id, mixed, press, said};
use crate::campaign::actions::{WhyNot, possible};
use crate::campaign::controller::ActionKind;
use crate::campaign::snapshot::{Access, ChainState, ChainView, JobState};
use crate::ui::fixtures;
use crate::ui::message::{Effect, Message};
use crate::ui::model::Overlay;
use crate::ui::screens::jobs::{Row, RowName};
use crate::ui::update::update;

#[test]
fn the_first_selection_is_what_needs_a_person() {
    assert_eq!(mixed().shared.selected, Some(id(6)));
    assert_eq!(fixtures::model(fixtures::planned(), 80, 24).shared.selected, Some(id(1)));
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
    assert!(model.shared.pending.is_empty());
}

#[test]
fn stopping_needs_a_typed_y() {
    let mut model = mixed();
    press(&mut model, "kkx");
    assert_eq!(model.shared.selected, Some(id(1)));
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
    let names: Vec<RowName> = model.jobs.rows(&model.shared).iter().map(Row::name).collect();
    let links = [1, 2, 3].map(RowName::Link);
    assert_eq!(names, [&[RowName::Job(1048)], &links[..]].concat());
    assert_eq!(model.jobs.at(&model.jobs.rows(&model.shared), &model.shared), 0);
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
