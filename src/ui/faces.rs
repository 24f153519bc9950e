//! The table of the screens: a row each, which joins what a screen does to the model that holds its state.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::message::Effect;
use super::model::Model;
use super::pen::Pen;
use super::screens::{jobs, log, map, months};
use super::scroll;
use super::theme::Meaning;
use crate::campaign::snapshot::Snapshot;
use crate::keys::{Command, Screen};
use crate::words::notices::{self, Idle, Told};

/// Rows of a screen around its table.
const AROUND: u16 = 8;

/// What a screen does.
pub(crate) struct Face {
    /// Which it is.
    pub(crate) screen: Screen,
    /// Where one goes back to.
    pub(crate) back: Screen,
    /// Draws its body.
    pub(crate) draw: fn(&Model, &Snapshot, Pen, &mut Frame<'_>, Rect),
    /// Does what a command means on it, where that is something of its own; given the area of its body.
    pub(crate) obey: fn(&mut Model, Command, Rect),
    /// Whether a command of its own does something now; else why not.
    pub(crate) available: fn(&Model, Command) -> Result<(), Idle>,
    /// The files that it shows.
    pub(crate) files: fn(&Model) -> Vec<Effect>,
}

/// All of them, in the order in which they are shown.
pub(crate) static FACES: [Face; 4] = [
    Face {
        screen: Screen::Months,
        back: Screen::Months,
        draw: |model, snapshot, pen, frame, area| {
            months::draw(&model.shared, &model.map, snapshot, pen, frame, area);
        },
        obey: obey_months,
        available: |_, _| Ok(()),
        files: |model| if model.shared.is_wide() { picture(model) } else { Vec::new() },
    },
    Face {
        screen: Screen::Jobs,
        back: Screen::Months,
        draw: |model, snapshot, pen, frame, area| {
            jobs::draw(&model.shared, &model.jobs, snapshot, pen, frame, area);
        },
        obey: obey_jobs,
        available: available_jobs,
        files: |_| Vec::new(),
    },
    Face {
        screen: Screen::Log,
        back: Screen::Jobs,
        draw: |model, _, pen, frame, area| log::draw(&model.shared, &model.log, pen, frame, area),
        obey: obey_log,
        available: available_log,
        files: |model| model.log.path(&model.shared).cloned().map(Effect::ReadLog).into_iter().collect(),
    },
    Face {
        screen: Screen::Map,
        back: Screen::Months,
        draw: |model, _, pen, frame, area| map::draw(&model.shared, &model.map, pen, frame, area),
        obey: |_, _, _| {},
        available: |_, _| Ok(()),
        files: picture,
    },
];

/// The row of the screen that is shown.
pub(crate) fn shown(model: &Model) -> &'static Face {
    let [first, ..] = &FACES;
    FACES.iter().find(|face| face.screen == model.shared.screen).unwrap_or(first)
}

/// The picture of the selected month.
fn picture(model: &Model) -> Vec<Effect> {
    let wanted = model.shared.chain().and_then(|c| Some((c.id.clone(), c.quicklook.clone()?)));
    wanted.map(|(chain, path)| Effect::ReadPicture(chain, path)).into_iter().collect()
}

/// Visible rows of a table, as far as a page of it goes.
fn rows(model: &Model) -> u16 {
    model.shared.size.1.saturating_sub(AROUND)
}

fn obey_months(model: &mut Model, command: Command, _: Rect) {
    if let Some(by) = scroll::moved(command, rows(model)) {
        model.step_month(by);
    } else if command == Command::Open {
        model.shared.screen = Screen::Jobs;
        model.jobs = jobs::State::default();
    }
}

fn obey_jobs(model: &mut Model, command: Command, _: Rect) {
    if let Some(by) = scroll::moved(command, rows(model)) {
        let row = model.jobs.stepped(&model.shared, by).map(|row| (row.chain.id.clone(), row.name()));
        if let Some((chain, name)) = row {
            model.select(chain.clone());
            model.jobs.row = Some((chain, name));
        }
        return;
    }
    match command {
        Command::AllLinks => model.jobs.all = !model.jobs.all,
        Command::Open => {
            let row = model.jobs.chosen(&model.shared);
            if let Some((chain, log)) = row.map(|row| (row.chain.id.clone(), log::of_row(&row))) {
                model.select(chain);
                model.log.choose(log);
                model.shared.screen = Screen::Log;
            }
        }
        _ => {}
    }
}

fn available_jobs(model: &Model, command: Command) -> Result<(), Idle> {
    match model.jobs.chosen(&model.shared) {
        _ if command != Command::Open => Ok(()),
        None => Err(Idle::NoJob),
        Some(row) if row.link.is_none() && !log::has_log(&row) => Err(Idle::NoLogOfJob),
        Some(_) => Ok(()),
    }
}

fn obey_log(model: &mut Model, command: Command, body: Rect) {
    let size = log::text_size(body);
    if let Some(by) = scroll::moved(command, size.1) {
        return model.log.scroll(by, size);
    }
    match command {
        Command::Follow => model.log.toggle_follow(size),
        Command::OlderLog if !model.log.step(&model.shared, -1) => {
            model.say(notices::told(Told::OldestLog), Meaning::Muted);
        }
        Command::NewerLog if !model.log.step(&model.shared, 1) => {
            model.say(notices::told(Told::NewestLog), Meaning::Muted);
        }
        _ => {}
    }
}

fn available_log(model: &Model, command: Command) -> Result<(), Idle> {
    match command {
        Command::OlderLog | Command::NewerLog if model.shared.chain().is_none_or(|c| c.logs.len() < 2) => {
            Err(Idle::NoOtherLog)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_screen_has_a_row_in_the_order_of_its_key() {
        assert_eq!(FACES.each_ref().map(|face| face.screen), Screen::ALL);
    }
}
