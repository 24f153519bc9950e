//! What is pasted, or comes as fast, never acts.

use super::{after, burst, press, said};
use crate::campaign::controller::ActionKind;
use crate::checkpoint::ChainId;
use crate::keys::Screen;
use crate::ui::fixtures;
use crate::ui::message::{Effect, Message};
use crate::ui::model::{Model, Overlay};
use crate::ui::update::update;

/// January is selected: it runs.
fn running() -> Model {
    let mut model = fixtures::model(fixtures::mixed(), 80, 24);
    press(&mut model, "kk");
    assert_eq!(model.shared.selected, Some(ChainId::of_months(&[1])));
    model
}

#[test]
fn pasted_words_stop_no_job_at_any_speed_of_the_line() {
    for words in
        ["the xylophone", "xy", "xyxyxyxyxyxy", "xylophone", "yes exactly yes", "cccccccccc", "qqqqqqqqqq"]
    {
        for gap in [0, 1, 5, 12, 29] {
            let mut model = running();
            assert_eq!(burst(&mut model, words, gap), [], "{words:?} with {gap} ms between");
            assert!(model.shared.pending.is_empty(), "{words:?}: {:?}", model.shared.pending);
        }
    }
}

#[test]
fn a_burst_that_is_pasted_over_a_question_does_not_answer_it() {
    let mut model = running();
    press(&mut model, "x");
    assert!(matches!(model.overlay, Some(Overlay::Confirm(_))));
    assert_eq!(burst(&mut model, "yes, or so I think", 2), []);
    // A no would be harmless: the question may be gone, but nothing was done.
    assert!(model.shared.pending.is_empty());
    assert!(said(&model).contains("nothing was done"), "{}", said(&model));
}

#[test]
fn a_burst_still_moves() {
    let mut model = fixtures::model(fixtures::year(), 80, 24);
    press(&mut model, "g");
    assert_eq!(burst(&mut model, "jjjjjjjjjjj", 1), []);
    assert_eq!(model.shared.selected, Some(ChainId::of_months(&[12])));
    assert_eq!(model.notice, None, "nothing was called off");
}

#[test]
fn few_keys_at_once_are_a_persons() {
    let mut model = running();
    assert_eq!(
        burst(&mut model, "jkc", 3),
        [Effect::Act(ActionKind::Checkpoint.on(ChainId::of_months(&[1])))]
    );
    assert_eq!(burst(&mut running(), "q", 0), [Effect::Quit]);
}

#[test]
fn the_key_that_asks_and_the_one_that_answers_are_not_of_one_burst() {
    let mut model = running();
    assert_eq!(burst(&mut model, "xy", 40), []);
    assert!(matches!(model.overlay, Some(Overlay::Confirm(_))), "the question stays");
    assert!(said(&model).contains("too quick"), "{}", said(&model));
    assert_eq!(press(&mut model, "y"), [Effect::Act(ActionKind::Stop.on(ChainId::of_months(&[1])))]);
}

#[test]
fn a_paste_in_brackets_and_the_keys_around_it_do_nothing() {
    let mut model = running();
    // What came just before is of it: an editor's way to begin, or the first piece without brackets.
    after(&mut model, 500, Message::Key(super::key("c")));
    assert_eq!(model.shared.pending.len(), 1);
    after(&mut model, 60, Message::Paste);
    assert!(model.shared.pending.is_empty() && model.soon.is_empty());
    assert!(said(&model).contains("pasted"), "{}", said(&model));
    assert_eq!(burst(&mut model, "c", 60), [], "within 100 ms of it");
    press(&mut model, "x");
    assert!(matches!(model.overlay, Some(Overlay::Confirm(_))), "a person's key after it counts");
    after(&mut model, 500, Message::Paste);
    assert!(matches!(model.overlay, Some(Overlay::Confirm(_))), "the question of a person stays");
    assert_eq!(burst(&mut model, "y", 50), []);
    assert_eq!(press(&mut model, "y"), [Effect::Act(ActionKind::Stop.on(ChainId::of_months(&[1])))]);
}

#[test]
fn what_acts_is_shown_at_once() {
    let mut model = running();
    let effects = after(&mut model, 500, Message::Key(super::key("c")));
    assert!(!effects.iter().any(|e| matches!(e, Effect::Act(_))), "{effects:?}");
    assert_eq!(said(&model), "asking January to checkpoint …");
    assert!(!model.is_acting(), "left now, nothing would have to be waited for");
    assert_eq!(model.next_due(), Some(model.shared.clock.steady_ms + super::super::haste::WAIT));
    press(&mut model, "");
    assert!(model.is_acting());
}

#[test]
fn a_memory_that_is_read_late_takes_nobody_away() {
    use crate::ui::update::visit;
    let mut there = running();
    press(&mut there, "4");
    let visit = visit(&there);
    let mut fresh = fixtures::model(fixtures::mixed(), 80, 24);
    update(&mut fresh, Message::Recalled(visit.clone()), fixtures::clock(1));
    assert_eq!(
        (fresh.shared.screen, fresh.shared.selected.clone()),
        (Screen::Map, there.shared.selected.clone())
    );
    let mut gone_on = fixtures::model(fixtures::mixed(), 80, 24);
    press(&mut gone_on, "2");
    update(&mut gone_on, Message::Recalled(visit), fixtures::clock(9));
    assert_eq!(gone_on.shared.screen, Screen::Jobs);
}
