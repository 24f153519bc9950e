//! The last lines: what the last action did, and the keys.

use ratatui::text::{Line, Span};

use crate::campaign::actions::ActionKind;
use crate::keys::{self, Command, Row};
use crate::ui::available::available;
use crate::ui::model::Model;
use crate::ui::pen::Pen;
use crate::ui::text;
use crate::ui::theme::Meaning;
use crate::words;

/// The result of the last action, one or two lines; always at least one, so that the screen does not jump.
pub(crate) fn notice(model: &Model, pen: Pen) -> Vec<Line<'static>> {
    let most = if model.shared.size.1 >= 20 { 2 } else { 1 };
    let columns = usize::from(model.shared.size.0).saturating_sub(2).max(1);
    match &model.notice {
        Some(notice) => {
            let time = words::moment(notice.at.wall_ms, model.shared.clock.wall_ms, &model.shared.zone);
            let said = format!("{time} {}", notice.text);
            pen.wrapped(notice.meaning, &said, columns, most).into_iter().map(indent).collect()
        }
        None => vec![Line::default()],
    }
}

fn indent(mut line: Line<'static>) -> Line<'static> {
    line.spans.insert(0, Span::raw(" "));
    line
}

/// The keys of the screen; what cannot be done now is dim, and left out first where room is short.
pub(crate) fn lines(model: &Model, pen: Pen) -> Vec<Line<'static>> {
    let most = if model.shared.size.1 >= 20 { 2 } else { 1 };
    let columns = usize::from(model.shared.size.0);
    let shown =
        |e: &&Row| e.bar && e.screens.contains(&model.shared.screen) && worth_showing(model, e.command);
    let all: Vec<(&Row, bool)> =
        keys::table().iter().filter(shown).map(|e| (e, available(model, e.command).is_ok())).collect();
    let packed = pack(&all, columns, pen);
    if packed.len() <= most {
        return packed;
    }
    let mut possible: Vec<(&Row, bool)> = all.into_iter().filter(|(_, now)| *now).collect();
    let mut packed = pack(&possible, columns, pen);
    // Help and quit stand last and always stay.
    while packed.len() > most && possible.len() > 2 {
        possible.remove(possible.len() - 3);
        packed = pack(&possible, columns, pen);
    }
    packed.truncate(most);
    packed
}

/// Submitting is no matter once everything is submitted; some others only where they can be done.
fn worth_showing(model: &Model, command: Command) -> bool {
    match command {
        Command::Act(ActionKind::Submit) | Command::SubmitAll => model.shared.planned().next().is_some(),
        Command::Act(ActionKind::Hold | ActionKind::Resume) | Command::Errors => {
            available(model, command).is_ok()
        }
        _ => true,
    }
}

fn pack(entries: &[(&Row, bool)], columns: usize, pen: Pen) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = vec![Line::default()];
    let mut used = 0;
    for (entry, now) in entries {
        let label = entry.bar_label(pen.glyphs);
        let said = words::commands::name(entry.command);
        let width = 3 + text::width(&label) + text::width(said);
        if used > 0 && used + width > columns {
            lines.push(Line::default());
            used = 0;
        }
        let (key, name) = if *now { (Meaning::Key, Meaning::Base) } else { (Meaning::Muted, Meaning::Muted) };
        let spans =
            [Span::raw(" "), pen.span(key, label), Span::raw(" "), pen.span(name, said), Span::raw(" ")];
        if let Some(line) = lines.last_mut() {
            line.spans.extend(spans);
        }
        used += width;
    }
    lines
}
