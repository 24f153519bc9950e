//! What the screens look like: text and styles of the whole program, at the sizes people have.

use super::{paint, press};
use crate::campaign::snapshot::{JobState, Snapshot};
use crate::checkpoint::ChainId;
use crate::glyphs;
use crate::quantity::Unit;
use crate::ui::fixtures;
use crate::ui::message::Message;
use crate::ui::model::Model;
use crate::ui::screens::log::Tail;
use crate::ui::theme::Depth;
use crate::ui::update::update;

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 45)];

/// A model with a picture of each month and the log of the selected one.
fn filled(mut model: Model) -> Model {
    for month in [1, 6, 12] {
        let message = Message::Picture(ChainId::of_months(&[month]), Ok(fixtures::picture()));
        update(&mut model, message, fixtures::clock(1));
    }
    if let Some(path) = model.log.path(&model.shared).cloned() {
        let said = [
            "link 3 of m06 begins on node-2: job 1043, 2 threads, alpsckpt 0.1.0",
            "generation 7 verified: 124 tiles, 34 MB; resuming",
            "tile 125 of 200: 1.4 s",
            "warning: /scratch is 91 % full",
            "tile 126 of 200: 1.5 s; a line so long that it does not fit into eighty columns and must be folded, with all of it kept",
            "error: tile 127: cannot write",
        ];
        let lines = said.iter().enumerate().map(|(i, l)| (i as u64 * 100, (*l).to_owned())).collect();
        update(
            &mut model,
            Message::Log(path.clone(), Ok(Tail { path, cut: true, lines })),
            fixtures::clock(1),
        );
    }
    model
}

fn look(name: &str, snapshot: &Snapshot, keys: &str) {
    for (columns, rows) in SIZES {
        look_at(name, snapshot, keys, columns, rows);
    }
}

fn look_at(name: &str, snapshot: &Snapshot, keys: &str, columns: u16, rows: u16) {
    let mut model = filled(fixtures::model(snapshot.clone(), columns, rows));
    press(&mut model, keys);
    check(&format!("{name}_{columns}x{rows}"), &model);
}

fn check(name: &str, model: &Model) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../snapshots");
    settings.bind(|| insta::assert_snapshot!(name, paint::picture(model)));
}

#[test]
fn months_of_a_planned_campaign() {
    look("months_planned", &fixtures::planned(), "");
}

#[test]
fn months_running_waiting_failed_and_complete() {
    look("months_mixed", &fixtures::mixed(), "kk");
    look("months_failed_selected", &fixtures::mixed(), "");
    look("months_waiting_selected", &fixtures::mixed(), "k");
    look_at("months_mixed", &fixtures::mixed(), "", 60, 18);
    look_at("months_mixed", &fixtures::mixed(), "", 40, 12);
}

#[test]
fn months_between_jobs_silent_unconfirmed_and_stopped() {
    look("months_doubtful", &fixtures::doubtful(), "");
    look("months_silent_selected", &fixtures::doubtful(), "j");
    look("months_unconfirmed_selected", &fixtures::doubtful(), "jj");
}

#[test]
fn months_held_suspended_and_in_a_state_unknown_here() {
    let held = fixtures::in_state(1, JobState::Hold);
    let mut suspended = fixtures::running(3);
    for job in suspended.job.iter_mut().chain(&mut suspended.jobs) {
        job.state = JobState::Suspended;
    }
    let strange = fixtures::in_state(6, JobState::Unknown("toAckReservation".to_owned()));
    let snapshot = fixtures::campaign(vec![held, suspended, strange]);
    look("months_held", &snapshot, "k");
    look("months_suspended", &snapshot, "");
    look("jobs_never_started", &fixtures::campaign(vec![fixtures::deleted_before_start(3)]), "2k");
}

#[test]
fn months_of_programs_with_their_margins_and_nodes() {
    let snapshot = fixtures::programs();
    for (name, keys) in
        [("lines", ""), ("percent", "j"), ("cpu", "jj"), ("unfit", "jjj"), ("complete", "jjjj")]
    {
        let look = |screen: &str, keys: &str, columns, rows| {
            let mut model = fixtures::model(snapshot.clone(), columns, rows);
            press(&mut model, &format!("kkkkk{keys}"));
            check(&format!("{screen}_of_programs_{name}_{columns}x{rows}"), &model);
        };
        for (columns, rows) in [(80, 24), (120, 30), (160, 45)] {
            look("months", keys, columns, rows);
        }
        if name == "cpu" {
            look("jobs", "jj2", 80, 24);
        }
    }
}

#[test]
fn months_of_a_program_count_in_its_own_unit() {
    for (unit, words) in [
        (Unit::CpuSeconds, ["2 cpu-minutes, 118 cpu-seconds in", "cores busy", "2 cpu-min"]),
        (Unit::Lines, ["of 200 lines", "lines/min", "124/200"]),
        (Unit::Percent, ["124 %", "%/min", "62 %"]),
    ] {
        let mut snapshot = fixtures::mixed();
        snapshot.history.clear();
        snapshot.paced = None;
        for chain in &mut snapshot.chains {
            chain.unit = unit;
            chain.total = if unit == Unit::CpuSeconds { 0 } else { chain.total };
            chain.generations.iter_mut().for_each(|generation| generation.unit = unit);
            chain.links.iter_mut().for_each(|link| link.resumed = None);
            chain.failure = None;
            chain.quicklook = None;
        }
        let seen = |keys: &str| {
            let mut model = fixtures::model(snapshot.clone(), 160, 45);
            press(&mut model, keys);
            paint::text(&model)
        };
        let months = seen("kk");
        assert!(words.iter().all(|word| months.contains(word)), "{unit:?}: {months}");
        for keys in ["kk", "2kk", "4kk", "kkx"] {
            let text = seen(keys);
            assert!(!text.contains("tile"), "{unit:?}, keys {keys}: {text}");
        }
    }
}

#[test]
fn months_of_a_whole_year() {
    look("months_year", &fixtures::year(), "jjjjj");
}

#[test]
fn months_when_all_maps_are_there() {
    look("months_finished", &fixtures::finished(), "");
}

#[test]
fn months_when_the_scheduler_does_not_answer() {
    look("months_mute_scheduler", &fixtures::mute_scheduler(), "");
}

#[test]
fn months_of_a_campaign_held_by_another() {
    look("months_read_only", &fixtures::read_only(), "r");
}

#[test]
fn jobs_of_a_month_and_of_all() {
    look("jobs", &fixtures::mixed(), "2");
    look("jobs_all", &fixtures::mixed(), "2a");
    look("jobs_none", &fixtures::planned(), "2");
    look_at("jobs", &fixtures::mixed(), "2", 60, 18);
    let mut damaged = fixtures::mixed();
    damaged.chains[2].generations[1].damage =
        Some("000007.ron: the checksum does not fit the content".to_owned());
    look("jobs_damaged_generation", &damaged, "2");
}

#[test]
fn logs() {
    look("log", &fixtures::mixed(), "3");
    look("log_scrolled", &fixtures::mixed(), "3g");
    look("log_none", &fixtures::mixed(), "k3");
    look_at("log", &fixtures::mixed(), "3", 60, 18);
}

#[test]
fn maps() {
    look("map", &fixtures::mixed(), "4");
    look("map_none", &fixtures::mixed(), "4k");
    look_at("map", &fixtures::mixed(), "4", 60, 18);
}

#[test]
fn overlays() {
    look("errors", &fixtures::mute_scheduler(), "e");
    look("help", &fixtures::mixed(), "?");
    look_at("help_scrolled", &fixtures::mixed(), "?G", 60, 18);
    look("confirm_resubmit", &fixtures::mixed(), "r");
    look("confirm_stop", &fixtures::mixed(), "kkx");
    look("confirm_submit_all", &fixtures::planned(), "S");
    look_at("confirm_stop", &fixtures::mixed(), "kkx", 40, 12);
}

#[test]
fn a_terminal_that_is_too_small_is_told() {
    look_at("too_small", &fixtures::mixed(), "", 20, 5);
    look_at("too_small", &fixtures::mixed(), "", 3, 1);
}

#[test]
fn without_colours() {
    for keys in ["", "4"] {
        let snapshot = fixtures::mixed();
        let mut model = filled(fixtures::model_in(Depth::Mono, &glyphs::UNICODE, snapshot, 80, 24));
        press(&mut model, keys);
        let buffer = paint::buffer(&model);
        assert!(buffer.content().iter().all(|c| (c.fg, c.bg) == Default::default()), "a colour is left");
        check(&format!("no_color{keys}_80x24"), &model);
    }
}

#[test]
fn in_ascii() {
    for (columns, rows) in SIZES {
        for keys in ["", "2", "3", "4", "?", "r"] {
            let mut snapshot = fixtures::mixed();
            snapshot.name = "Parc des Ecrins".to_owned();
            let mut model =
                filled(fixtures::model_in(Depth::Indexed, &glyphs::ASCII, snapshot, columns, rows));
            press(&mut model, keys);
            let text = paint::text(&model);
            assert!(text.is_ascii(), "{text}");
            if keys.is_empty() || keys == "r" {
                check(&format!("ascii_{keys}_{columns}x{rows}"), &model);
            }
        }
    }
}

#[test]
fn in_24_bit_colours() {
    let mut model = filled(fixtures::model_in(Depth::True, &glyphs::UNICODE, fixtures::mixed(), 80, 24));
    press(&mut model, "4");
    check("map_true_colour_80x24", &model);
}
