//! The table of keys.

use ratatui::crossterm::event::KeyCode;

use super::Key::{self, Char, Code, Ctrl};
use super::command::{Command, Screen};
use crate::campaign::actions::ActionKind;

/// A line of the table; its words are those of its command, see [`crate::words::commands`].
#[derive(Debug)]
pub(crate) struct Row {
    /// What is done.
    pub(crate) command: Command,
    /// By which keys; the first is shown in the bar.
    pub(crate) keys: &'static [Key],
    /// On which screens it does something; on none while a question is asked.
    pub(crate) screens: &'static [Screen],
    /// Whether the key bar shows it on these screens.
    pub(crate) bar: bool,
}

/// The table, in the order of the bar.
pub(crate) fn table() -> &'static [Row] {
    USUAL
}

const ALL: &[Screen] = &Screen::ALL;
const TABLES: &[Screen] = &[Screen::Months, Screen::Jobs];
const JOBS: &[Screen] = &[Screen::Jobs];
const LOG: &[Screen] = &[Screen::Log];
const SCROLLED: &[Screen] = &[Screen::Months, Screen::Jobs, Screen::Log];
const MAP: &[Screen] = &[Screen::Map];
const SIDEWAYS: &[Screen] = &[Screen::Log, Screen::Map];
const QUESTIONS: &[Screen] = &[];

const fn shown(command: Command, keys: &'static [Key], screens: &'static [Screen]) -> Row {
    Row { command, keys, screens, bar: true }
}

const fn other(command: Command, keys: &'static [Key], screens: &'static [Screen]) -> Row {
    Row { command, keys, screens, bar: false }
}

const USUAL: &[Row] = &[
    shown(Command::Act(ActionKind::Submit), &[Char('s')], ALL),
    shown(Command::SubmitAll, &[Char('S')], ALL),
    shown(Command::Act(ActionKind::Resubmit), &[Char('r')], ALL),
    shown(Command::Act(ActionKind::Checkpoint), &[Char('c')], ALL),
    shown(Command::Act(ActionKind::Hold), &[Char('H')], ALL),
    shown(Command::Act(ActionKind::Resume), &[Char('u')], ALL),
    shown(Command::Act(ActionKind::Stop), &[Char('x')], ALL),
    shown(Command::Open, &[Code(KeyCode::Enter)], TABLES),
    shown(Command::AllLinks, &[Char('a')], JOBS),
    shown(Command::OlderLog, &[Char('[')], LOG),
    other(Command::NewerLog, &[Char(']')], LOG),
    shown(Command::Follow, &[Char('f')], LOG),
    other(Command::PreviousMonth, &[Code(KeyCode::Left), Char('h')], SIDEWAYS),
    shown(Command::NextMonth, &[Code(KeyCode::Right), Char('l')], SIDEWAYS),
    other(Command::Up, &[Code(KeyCode::Up), Char('k')], SCROLLED),
    other(Command::PreviousMonth, &[Code(KeyCode::Up), Char('k')], MAP),
    shown(Command::Down, &[Code(KeyCode::Down), Char('j')], SCROLLED),
    other(Command::NextMonth, &[Code(KeyCode::Down), Char('j')], MAP),
    other(Command::PageUp, &[Code(KeyCode::PageUp), Ctrl('b')], SCROLLED),
    other(Command::PageDown, &[Code(KeyCode::PageDown), Ctrl('f')], SCROLLED),
    other(Command::First, &[Code(KeyCode::Home), Char('g')], SCROLLED),
    other(Command::Last, &[Code(KeyCode::End), Char('G')], SCROLLED),
    other(Command::Go(Screen::Months), &[Char('1')], ALL),
    other(Command::Go(Screen::Jobs), &[Char('2')], ALL),
    other(Command::Go(Screen::Log), &[Char('3')], ALL),
    other(Command::Go(Screen::Map), &[Char('4')], ALL),
    shown(Command::NextScreen, &[Code(KeyCode::Tab)], ALL),
    other(Command::PreviousScreen, &[Code(KeyCode::BackTab)], ALL),
    other(Command::Back, &[Code(KeyCode::Esc)], ALL),
    shown(Command::Errors, &[Char('e')], ALL),
    shown(Command::Events, &[Char('w')], ALL),
    shown(Command::Help, &[Char('?')], ALL),
    other(Command::Redraw, &[Ctrl('l')], ALL),
    other(Command::Suspend, &[Ctrl('z')], ALL),
    shown(Command::Quit, &[Char('q'), Ctrl('c')], ALL),
    other(Command::Yes, &[Code(KeyCode::Enter), Char('y')], QUESTIONS),
    other(Command::TypedYes, &[Char('y')], QUESTIONS),
    other(Command::No, &[Code(KeyCode::Esc), Char('n'), Char('q'), Ctrl('c')], QUESTIONS),
];
