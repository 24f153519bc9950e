//! All that the screens know, what can happen to it, and what it can ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::tz::TimeZone;
use ratatui::crossterm::event::KeyEvent;

use super::haste::Haste;
use super::memory::Visit;
use super::theme::{Meaning, Theme};
use crate::campaign::controller::Action;
use crate::campaign::snapshot::{Access, ChainState, ChainView, JobView, LinkView, Snapshot};
use crate::checkpoint::{ChainId, Quicklook};
use crate::glyphs::Glyphs;
use crate::keys::Screen;
use crate::words;

/// The time, given from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Clock {
    /// Milliseconds on a clock that never jumps.
    pub(crate) steady_ms: u64,
    /// Milliseconds since 1970.
    pub(crate) wall_ms: i64,
}

/// The end of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether the file has more before the first line.
    pub(crate) cut: bool,
    /// Lines with the position of their first byte in the file, which names them while the file grows.
    pub(crate) lines: Vec<(u64, String)>,
}

/// A picture that was read, with the range of its colours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    /// The file.
    pub(crate) path: PathBuf,
    /// What it holds.
    pub(crate) look: Quicklook,
    /// The values of the lowest and the highest colour; `None` while no pixel is valid.
    pub(crate) range: Option<(f32, f32)>,
    /// The colours from lowest to highest.
    pub(crate) colours: Vec<[u8; 3]>,
}

impl Picture {
    /// The colour of a value; `None` for NaN, or while there is no range.
    pub(crate) fn colour(&self, value: f32) -> Option<[u8; 3]> {
        let (low, high) = self.range.filter(|_| !value.is_nan())?;
        let part = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 };
        let last = self.colours.len().checked_sub(1)?;
        self.colours.get((part * last as f32).round() as usize).copied()
    }
}

/// A question before an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    /// What is done when the answer is yes.
    pub(crate) actions: Vec<Action>,
    /// The question.
    pub(crate) question: String,
    /// What it means.
    pub(crate) details: String,
    /// Only a typed `y` is a yes; Enter is not.
    pub(crate) typed: bool,
    /// Since when it stands, on the steady clock.
    pub(crate) since: u64,
}

/// What lies over the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Overlay {
    /// The keys; scrolled down by so many lines.
    Help(usize),
    /// All that went wrong, in full; scrolled down by so many lines.
    Errors(usize),
    /// What happened, newest first; scrolled down by so many lines.
    Events(usize),
    /// A question.
    Confirm(Ask),
}

/// What a notice is about: when that is over, so is the notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// Something of the moment.
    Moment,
    /// An action that ended well or badly.
    Action,
    /// The state of a chain.
    State(ChainId, ChainState),
}

/// The last piece of news, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// In words.
    pub(crate) text: String,
    /// Good, bad, under way.
    pub(crate) meaning: Meaning,
    /// What it is about.
    pub(crate) about: About,
    /// When it was said.
    pub(crate) at: Clock,
}

/// What the jobs screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Jobs {
    /// Links of all chains, not only of the selected.
    pub(crate) all: bool,
    /// The selected row; `None`: the newest.
    pub(crate) row: Option<(ChainId, RowName)>,
}

/// A row of the jobs screen: a link with its job, or a job that never became a link.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'m> {
    /// The chain.
    pub(crate) chain: &'m ChainView,
    /// The link.
    pub(crate) link: Option<&'m LinkView>,
    /// The job, if the batch system knows it.
    pub(crate) job: Option<&'m JobView>,
}

/// What tells a row from others of its chain while jobs come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowName {
    /// A link's number.
    Link(u32),
    /// The number of a job without a link.
    Job(u64),
}

impl Row<'_> {
    /// Its name.
    pub(crate) fn name(&self) -> RowName {
        match (self.link, self.job) {
            (Some(link), _) => RowName::Link(link.link),
            (None, job) => RowName::Job(job.map_or(0, |job| job.id)),
        }
    }
}

/// The rows of a chain, newest last: its links in their order, other jobs by their numbers between them.
fn rows_of(chain: &ChainView) -> Vec<Row<'_>> {
    // A long campaign has thousands of links, and this is asked for several times a frame.
    let jobs: BTreeMap<u64, &JobView> = chain.jobs.iter().map(|job| (job.id, job)).collect();
    let job_of = |link: &LinkView| link.job_id.parse().ok().and_then(|id: u64| jobs.get(&id).copied());
    let linked: BTreeSet<u64> = chain.links.iter().filter_map(|link| link.job_id.parse().ok()).collect();
    let mut others = chain.jobs.iter().filter(|job| !linked.contains(&job.id)).peekable();
    let other = |job| Row { chain, link: None, job: Some(job) };
    let mut rows = Vec::new();
    for link in &chain.links {
        let number = link.job_id.parse().unwrap_or(0);
        rows.extend(std::iter::from_fn(|| others.next_if(|job| job.id < number)).map(other));
        rows.push(Row { chain, link: Some(link), job: job_of(link) });
    }
    rows.extend(others.map(other));
    rows
}

/// What the log screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Log {
    /// The chosen file; `None`: the newest of the selected chain.
    pub(crate) chosen: Option<PathBuf>,
    /// The name (position) of the first line shown; `None`: follow the end.
    pub(crate) top: Option<u64>,
    /// What was read last.
    pub(crate) tail: Option<Tail>,
    /// The file that could not be read, and why.
    pub(crate) error: Option<(PathBuf, String)>,
}

impl Log {
    /// Goes to another file. What was read last is kept: the reader does not send an unchanged file twice.
    pub(crate) fn choose(&mut self, chosen: Option<PathBuf>) {
        self.chosen = chosen;
        self.top = None;
    }
}

/// All that the screens know.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// Columns and rows of the terminal.
    pub(crate) size: (u16, u16),
    /// The time of the last message.
    pub(crate) clock: Clock,
    /// Where times of day are told.
    pub(crate) zone: TimeZone,
    /// Colours.
    pub(crate) theme: Theme,
    /// Signs.
    pub(crate) glyphs: &'static Glyphs,
    /// The campaign, once read.
    pub(crate) snapshot: Option<Snapshot>,
    /// When it was read, on the steady clock.
    pub(crate) read_at: u64,
    /// Why the last reading of the campaign failed.
    pub(crate) refresh_error: Option<String>,
    /// The screen shown.
    pub(crate) screen: Screen,
    /// What lies over it.
    pub(crate) overlay: Option<Overlay>,
    /// The selected chain.
    pub(crate) selected: Option<ChainId>,
    /// The jobs screen.
    pub(crate) jobs: Jobs,
    /// The log screen.
    pub(crate) log: Log,
    /// The pictures read.
    pub(crate) pictures: BTreeMap<ChainId, Picture>,
    /// Why the picture of a chain could not be read.
    pub(crate) picture_error: Option<(ChainId, String)>,
    /// The result of the last action.
    pub(crate) notice: Option<Notice>,
    /// Why the last action failed, in full, with what to do; `None` when it did not.
    pub(crate) trouble: Option<String>,
    /// Actions under way.
    pub(crate) pending: Vec<Action>,
    /// How fast the keys come.
    pub(crate) haste: Haste,
    /// What was asked for a moment ago, with the moment of the steady clock at which it is done.
    pub(crate) soon: Vec<(u64, Effect)>,
}

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Something was pasted, in the terminal's brackets.
    Paste,
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// Where the last visit ended was read.
    Recalled(Visit),
    /// Time went on.
    Tick,
    /// What was asked for a moment ago is to be done.
    Due,
    /// The campaign was read.
    Snapshot(Box<Snapshot>),
    /// The campaign could not be read; the screens show what was known.
    RefreshFailed(String),
    /// An action ended, with the answer in words.
    Acted(Action, Result<String, String>),
    /// A log was read.
    Log(PathBuf, Result<Tail, String>),
    /// A picture was read.
    Picture(ChainId, Result<Picture, String>),
}

/// What the loop is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Ask the controller.
    Act(Action),
    /// Read the end of a log.
    ReadLog(PathBuf),
    /// Read a picture.
    ReadPicture(ChainId, PathBuf),
    /// Draw everything anew: something else wrote on the terminal.
    Redraw,
    /// Go to the background.
    Suspend,
    /// Leave; jobs go on.
    Quit,
}

impl Model {
    /// Before anything is known.
    pub(crate) fn new(size: (u16, u16), theme: Theme, glyphs: &'static Glyphs, zone: TimeZone) -> Self {
        Self {
            size,
            clock: Clock::default(),
            zone,
            theme,
            glyphs,
            snapshot: None,
            read_at: 0,
            refresh_error: None,
            screen: Screen::default(),
            overlay: None,
            selected: None,
            jobs: Jobs::default(),
            log: Log::default(),
            pictures: BTreeMap::new(),
            picture_error: None,
            notice: None,
            trouble: None,
            pending: Vec::new(),
            haste: Haste::default(),
            soon: Vec::new(),
        }
    }

    /// The chains, none before the first reading.
    pub(crate) fn chains(&self) -> &[ChainView] {
        self.snapshot.as_ref().map_or(&[], |s| &s.chains)
    }

    /// A chain by its name.
    pub(crate) fn chain_of(&self, id: &ChainId) -> Option<&ChainView> {
        self.chains().iter().find(|c| c.id == *id)
    }

    /// The selected chain.
    pub(crate) fn chain(&self) -> Option<&ChainView> {
        self.selected.as_ref().and_then(|id| self.chain_of(id))
    }

    /// The row of the selected chain.
    pub(crate) fn row(&self) -> usize {
        self.chains().iter().position(|c| Some(&c.id) == self.selected.as_ref()).unwrap_or(0)
    }

    /// Why we may only look, if so.
    pub(crate) fn read_only(&self) -> Option<&str> {
        match self.snapshot.as_ref().map(|s| &s.access) {
            Some(Access::ReadOnly { why }) => Some(why),
            _ => None,
        }
    }

    /// Seconds since the batch system's last answer, growing between readings too.
    pub(crate) fn answer_age(&self) -> Option<u64> {
        let answered = self.snapshot.as_ref()?.cluster.answer_age?;
        Some(answered.saturating_add(self.clock.steady_ms.saturating_sub(self.read_at) / 1_000))
    }

    /// The rows of the jobs screen, newest last.
    pub(crate) fn job_rows(&self) -> Vec<Row<'_>> {
        let chains = self.chains().iter().filter(|c| self.jobs.all || Some(&c.id) == self.selected.as_ref());
        chains.flat_map(rows_of).collect()
    }

    /// The position of the selected row on the jobs screen.
    pub(crate) fn job_row(&self) -> usize {
        let rows = self.job_rows();
        let named = |(id, name): &(ChainId, RowName)| {
            rows.iter().position(|row| row.chain.id == *id && row.name() == *name)
        };
        let chosen = self.jobs.row.as_ref().and_then(named);
        let newest = || rows.iter().rposition(|row| Some(&row.chain.id) == self.selected.as_ref());
        chosen.or_else(newest).unwrap_or(0)
    }

    /// The log to show: the chosen one, else the newest of the selected chain.
    pub(crate) fn log_path(&self) -> Option<&PathBuf> {
        let logs = logs_of(self.chain()?);
        let chosen = self.log.chosen.as_ref().and_then(|c| logs.iter().find(|l| **l == c));
        chosen.or_else(|| logs.last()).copied()
    }

    /// All that is wrong now: what is concerned, and the words in full.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let mut errors: Vec<(String, String)> = Vec::new();
        errors.extend(self.trouble.clone().map(|said| ("The last action".to_owned(), said)));
        errors
            .extend(self.refresh_error.clone().map(|said| ("The campaign cannot be read".to_owned(), said)));
        if let Some(cluster) = self.snapshot.as_ref().map(|s| &s.cluster)
            && let Some(error) = &cluster.error
        {
            errors.push((cluster.name.clone(), with_hint(error, cluster.hint.as_deref().unwrap_or(""))));
        }
        let failed = self.chains().iter().filter(|c| c.state == ChainState::Failed);
        errors.extend(failed.filter_map(|chain| {
            let failure = chain.failure.as_ref()?;
            let said = format!("{}: {}", failure.class, failure.cause);
            Some((words::months(&chain.months, self.glyphs), with_hint(&said, &failure.hint)))
        }));
        errors
    }

    /// Whether an action was handed over and not answered yet; one that still waits for the end of its burst was not.
    pub(crate) fn is_acting(&self) -> bool {
        let waiting = self.soon.iter().filter(|(_, effect)| matches!(effect, Effect::Act(_))).count();
        self.pending.len() > waiting
    }

    /// When the next of what was asked for is to be done, on the steady clock.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.soon.iter().map(|(due, _)| *due).min()
    }

    /// The chains that were never submitted, without those whose submission is under way.
    pub(crate) fn planned(&self) -> impl Iterator<Item = &ChainView> {
        let waits =
            |c: &&ChainView| c.state == ChainState::Planned && !self.pending.iter().any(|a| a.chain == c.id);
        self.chains().iter().filter(waits)
    }
}

/// What went wrong, and what to do about it where that is known.
pub(crate) fn with_hint(said: &str, hint: &str) -> String {
    let said = said.trim_end();
    if hint.is_empty() { said.to_owned() } else { format!("{said}\nTo do: {hint}") }
}

/// The logs of a chain: first what its jobs wrote on their outputs, then what its links said, each newest last.
pub(crate) fn logs_of(chain: &ChainView) -> Vec<&PathBuf> {
    let mut logs: Vec<&PathBuf> = chain.logs.iter().collect();
    logs.sort_by_key(|path| path.extension().is_some_and(|e| e == "log"));
    logs
}
