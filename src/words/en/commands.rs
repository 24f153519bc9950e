//! What keys do in English.

use super::actions;
use crate::keys::{Command, Screen};

pub(in crate::words) fn title(screen: Screen) -> &'static str {
    name(Command::Go(screen))
}

pub(in crate::words) fn name(command: Command) -> &'static str {
    words(command).0
}

pub(in crate::words) fn what(command: Command) -> &'static str {
    words(command).1
}

/// For the bar, and for the help.
fn words(command: Command) -> (&'static str, &'static str) {
    match command {
        Command::Act(kind) => (actions::name(kind), actions::what(kind)),
        Command::Go(Screen::Months) => ("Months", "the screen Months"),
        Command::Go(Screen::Jobs) => ("Jobs", "the screen Jobs"),
        Command::Go(Screen::Log) => ("Log", "the screen Log"),
        Command::Go(Screen::Map) => ("Map", "the screen Map"),
        Command::SubmitAll => ("submit all", "submit every planned month"),
        Command::Open => ("open", "open the jobs of this month, the log of this job"),
        Command::Back => ("back", "back to the months"),
        Command::Up => ("up", "one up"),
        Command::Down => ("move", "one down"),
        Command::PageUp => ("page up", "one page up"),
        Command::PageDown => ("page down", "one page down"),
        Command::First => ("first", "to the first"),
        Command::Last => ("last", "to the last"),
        Command::AllLinks => ("all months", "show the jobs of all months, or of this one"),
        Command::OlderLog => ("job", "the log of the job before"),
        Command::NewerLog => ("next job", "the log of the job after"),
        Command::Follow => ("follow", "follow the log's end, or stay"),
        Command::PreviousMonth => ("month before", "go to the month before"),
        Command::NextMonth => ("month", "go to the next month"),
        Command::NextScreen => ("screen", "the next screen"),
        Command::PreviousScreen => ("screen before", "the screen before"),
        Command::Errors => ("errors", "all that went wrong, in full, and what to do"),
        Command::Events => ("events", "all that happened, newest first"),
        Command::Help => ("help", "these keys"),
        Command::Redraw => ("redraw", "draw the screen anew"),
        Command::Suspend => ("background", "go to the background; fg comes back"),
        Command::Quit => ("quit", "leave; jobs go on, alpsckpt comes back to them"),
        Command::Yes => ("yes", "yes to a question before something that loses nothing"),
        Command::TypedYes => ("yes", "yes to a question before something that may lose work"),
        Command::No => ("no", "no to a question"),
    }
}
