//! Everything that can be done, as data: the key bar, the help, the confirmations and `docs/screens.md` are printed
//! from this one table.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::glyphs::Glyphs;
use super::model::{Model, Screen};
use super::{scroll, words};
use crate::campaign::actions::possible;
use crate::campaign::controller::ActionKind;

/// Something a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Submit,
    SubmitAll,
    Resubmit,
    Checkpoint,
    Hold,
    Resume,
    Stop,
    Open,
    Back,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    AllLinks,
    OlderLog,
    NewerLog,
    Follow,
    PreviousMonth,
    NextMonth,
    Go(Screen),
    NextScreen,
    PreviousScreen,
    Errors,
    Events,
    Help,
    Redraw,
    Suspend,
    Quit,
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character.
    Char(char),
    /// A character with Ctrl.
    Ctrl(char),
    /// A key with a name.
    Code(KeyCode),
}

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What is done.
    pub(crate) command: Command,
    /// By which keys; the first is shown in the bar.
    pub(crate) keys: &'static [Key],
    /// In one or two words, for the bar.
    pub(crate) name: &'static str,
    /// In a sentence, for the help.
    pub(crate) what: &'static str,
    /// On which screens it does something; the bar shows it there.
    pub(crate) screens: &'static [Screen],
    /// Whether the key bar shows it.
    pub(crate) bar: bool,
}

const ALL: &[Screen] = &Screen::ALL;
const TABLES: &[Screen] = &[Screen::Months, Screen::Jobs];
const JOBS: &[Screen] = &[Screen::Jobs];
const LOG: &[Screen] = &[Screen::Log];
const SCROLLED: &[Screen] = &[Screen::Months, Screen::Jobs, Screen::Log];
const MAP: &[Screen] = &[Screen::Map];
const SIDEWAYS: &[Screen] = &[Screen::Log, Screen::Map];

const fn entry(
    command: Command,
    keys: &'static [Key],
    name: &'static str,
    what: &'static str,
    screens: &'static [Screen],
    bar: bool,
) -> Entry {
    Entry { command, keys, name, what, screens, bar }
}

use Key::{Char, Code, Ctrl};

/// The table, in the order of the bar.
pub(crate) const TABLE: &[Entry] = &[
    entry(Command::Submit, &[Char('s')], "submit", "submit the selected planned month", ALL, true),
    entry(Command::SubmitAll, &[Char('S')], "submit all", "submit every planned month", ALL, true),
    entry(
        Command::Resubmit,
        &[Char('r')],
        "resubmit",
        "submit the selected failed or stopped month again, from its last good checkpoint",
        ALL,
        true,
    ),
    entry(
        Command::Checkpoint,
        &[Char('c')],
        "checkpoint",
        "checkpoint the selected month now: its job seals what it has and ends, the next one goes on",
        ALL,
        true,
    ),
    entry(
        Command::Hold,
        &[Char('H')],
        "hold",
        "hold the selected month: its waiting job does not start until it is resumed",
        ALL,
        true,
    ),
    entry(
        Command::Resume,
        &[Char('u')],
        "resume",
        "resume the selected month: its held or suspended job goes on",
        ALL,
        true,
    ),
    entry(
        Command::Stop,
        &[Char('x')],
        "stop",
        "stop the selected month: its job is deleted, its checkpoints stay",
        ALL,
        true,
    ),
    entry(
        Command::Open,
        &[Code(KeyCode::Enter)],
        "open",
        "open the jobs of this month, the log of this job",
        TABLES,
        true,
    ),
    entry(
        Command::AllLinks,
        &[Char('a')],
        "all months",
        "show the jobs of all months, or of this one",
        JOBS,
        true,
    ),
    entry(Command::OlderLog, &[Char('[')], "job", "the log of the job before", LOG, true),
    entry(Command::NewerLog, &[Char(']')], "next job", "the log of the job after", LOG, false),
    entry(Command::Follow, &[Char('f')], "follow", "follow the log's end, or stay", LOG, true),
    entry(
        Command::PreviousMonth,
        &[Code(KeyCode::Left), Char('h')],
        "month before",
        "go to the month before",
        SIDEWAYS,
        false,
    ),
    entry(
        Command::NextMonth,
        &[Code(KeyCode::Right), Char('l')],
        "month",
        "go to the next month",
        SIDEWAYS,
        true,
    ),
    entry(Command::Up, &[Code(KeyCode::Up), Char('k')], "up", "one up", SCROLLED, false),
    entry(Command::Up, &[Code(KeyCode::Up), Char('k')], "month before", "go to the month before", MAP, false),
    entry(Command::Down, &[Code(KeyCode::Down), Char('j')], "move", "one down", SCROLLED, true),
    entry(Command::Down, &[Code(KeyCode::Down), Char('j')], "next month", "go to the next month", MAP, false),
    entry(Command::PageUp, &[Code(KeyCode::PageUp), Ctrl('b')], "page up", "one page up", SCROLLED, false),
    entry(
        Command::PageDown,
        &[Code(KeyCode::PageDown), Ctrl('f')],
        "page down",
        "one page down",
        SCROLLED,
        false,
    ),
    entry(Command::First, &[Code(KeyCode::Home), Char('g')], "first", "to the first", SCROLLED, false),
    entry(Command::Last, &[Code(KeyCode::End), Char('G')], "last", "to the last", SCROLLED, false),
    entry(Command::Go(Screen::Months), &[Char('1')], "Months", "the screen Months", ALL, false),
    entry(Command::Go(Screen::Jobs), &[Char('2')], "Jobs", "the screen Jobs", ALL, false),
    entry(Command::Go(Screen::Log), &[Char('3')], "Log", "the screen Log", ALL, false),
    entry(Command::Go(Screen::Map), &[Char('4')], "Map", "the screen Map", ALL, false),
    entry(Command::NextScreen, &[Code(KeyCode::Tab)], "screen", "the next screen", ALL, true),
    entry(
        Command::PreviousScreen,
        &[Code(KeyCode::BackTab)],
        "screen before",
        "the screen before",
        ALL,
        false,
    ),
    entry(Command::Back, &[Code(KeyCode::Esc)], "back", "back to the months", ALL, false),
    entry(Command::Errors, &[Char('e')], "errors", "all that went wrong, in full, and what to do", ALL, true),
    entry(Command::Events, &[Char('w')], "events", "all that happened, newest first", ALL, true),
    entry(Command::Help, &[Char('?')], "help", "these keys", ALL, true),
    entry(Command::Redraw, &[Ctrl('l')], "redraw", "draw the screen anew", ALL, false),
    entry(Command::Suspend, &[Ctrl('z')], "background", "go to the background; fg comes back", ALL, false),
    entry(
        Command::Quit,
        &[Char('q'), Ctrl('c')],
        "quit",
        "leave; jobs go on, alpsckpt comes back to them",
        ALL,
        true,
    ),
];

impl Command {
    /// Whether it changes nothing but what is shown: keys that came by a paste may do no more.
    pub(crate) fn only_shows(self) -> bool {
        kind_of(self).is_none() && !matches!(self, Self::SubmitAll | Self::Suspend | Self::Quit)
    }
}

/// What a key press means on a screen.
pub(crate) fn command_of(key: &KeyEvent, screen: Screen) -> Option<Command> {
    TABLE
        .iter()
        .find(|e| e.screens.contains(&screen) && e.keys.iter().any(|k| k.matches(key)))
        .map(|e| e.command)
}

impl Key {
    /// Whether `event` is this key.
    pub(crate) fn matches(self, event: &KeyEvent) -> bool {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        match self {
            Char(c) => event.code == KeyCode::Char(c) && !ctrl && !alt,
            Ctrl(c) => event.code == KeyCode::Char(c) && ctrl && !alt,
            Code(code) => event.code == code && !alt,
        }
    }

    /// As it is written on the screen.
    pub(crate) fn label(self, glyphs: &Glyphs) -> String {
        match self {
            Char(c) => c.to_string(),
            Ctrl(c) => format!("Ctrl-{c}"),
            Code(KeyCode::Enter) => glyphs.enter.to_owned(),
            Code(code) => match code {
                KeyCode::PageUp => "PgUp".to_owned(),
                KeyCode::PageDown => "PgDn".to_owned(),
                KeyCode::BackTab => "Shift-Tab".to_owned(),
                other => format!("{other:?}"),
            },
        }
    }
}

impl Entry {
    /// What the bar shows for its keys: pairs of opposite keys stand together.
    pub(crate) fn bar_label(&self, glyphs: &Glyphs) -> String {
        match self.command {
            Command::Down => glyphs.up_down.to_owned(),
            Command::NextMonth => glyphs.left_right.to_owned(),
            Command::OlderLog => "[ ]".to_owned(),
            _ => self.keys.first().map_or_else(String::new, |k| k.label(glyphs)),
        }
    }

    /// Its keys as they are written on the screen.
    pub(crate) fn labels(&self, glyphs: &Glyphs) -> String {
        self.keys.iter().map(|k| k.label(glyphs)).collect::<Vec<_>>().join(", ")
    }
}

/// Whether a command can be done now; else why not, in words.
pub(crate) fn available(model: &Model, command: Command) -> Result<(), String> {
    let snapshot = model.snapshot.as_ref().ok_or("the campaign is not read yet");
    if let Some(kind) = kind_of(command) {
        let snapshot = snapshot?;
        let chain = model.chain().ok_or("no month is selected")?;
        let name = words::months(&chain.months, model.glyphs);
        if model.pending.iter().any(|a| a.chain() == &chain.id) {
            return Err(format!("{name}: an action is under way"));
        }
        return possible(kind, chain, &snapshot.access).map_err(|why| match model.read_only() {
            Some(_) => why,
            None => format!("{name}: {why}"),
        });
    }
    match command {
        Command::Errors if model.errors().is_empty() => Err("nothing is wrong".to_owned()),
        Command::Events if model.snapshot.as_ref().is_none_or(|s| s.history.is_empty()) => {
            Err("nothing has happened yet".to_owned())
        }
        Command::SubmitAll => match (snapshot?, model.read_only(), model.planned().next()) {
            (_, Some(why), _) => Err(format!("read-only: {why}")),
            (_, None, None) => Err("no month is planned".to_owned()),
            (snapshot, None, Some(planned)) => possible(ActionKind::Submit, planned, &snapshot.access),
        },
        Command::Open if model.screen == Screen::Jobs => match model.job_rows().get(model.job_row()) {
            None => Err("there is no job yet".to_owned()),
            Some(row) if row.link.is_none() && !scroll::has_log(row) => {
                Err("this job has not begun: it has no log".to_owned())
            }
            Some(_) => Ok(()),
        },
        Command::OlderLog | Command::NewerLog if model.chain().is_none_or(|c| c.logs.len() < 2) => {
            Err("there is no other log of this month".to_owned())
        }
        _ => Ok(()),
    }
}

/// The action on the selected month that a command asks for.
pub(crate) fn kind_of(command: Command) -> Option<ActionKind> {
    match command {
        Command::Submit => Some(ActionKind::Submit),
        Command::Resubmit => Some(ActionKind::Resubmit),
        Command::Checkpoint => Some(ActionKind::Checkpoint),
        Command::Hold => Some(ActionKind::Hold),
        Command::Resume => Some(ActionKind::Resume),
        Command::Stop => Some(ActionKind::Stop),
        _ => None,
    }
}
