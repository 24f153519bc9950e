//! All that the screens know: what they share, the state of each, and what lies over them.

use jiff::tz::TimeZone;

use super::haste::Haste;
use super::message::Effect;
use super::screens::{jobs, log, map};
use super::scroll;
use super::shared::{Clock, Shared};
use super::theme::{Meaning, Theme};
use crate::campaign::actions::Action;
use crate::campaign::snapshot::ChainState;
use crate::checkpoint::ChainId;
use crate::glyphs::Glyphs;
use crate::words::{self, notices};

/// A question before an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    /// What is done when the answer is yes.
    pub(crate) actions: Vec<Action>,
    /// The question.
    pub(crate) question: String,
    /// What it means.
    pub(crate) details: String,
    /// Only a typed letter is a yes.
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
pub(crate) struct Announcement {
    /// In words.
    pub(crate) text: String,
    /// Good, bad, under way.
    pub(crate) meaning: Meaning,
    /// What it is about.
    pub(crate) about: About,
    /// When it was said.
    pub(crate) at: Clock,
}

/// All that the screens know.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// What all screens know.
    pub(crate) shared: Shared,
    /// The jobs screen.
    pub(crate) jobs: jobs::State,
    /// The log screen.
    pub(crate) log: log::State,
    /// The map screen.
    pub(crate) map: map::State,
    /// What lies over the screen.
    pub(crate) overlay: Option<Overlay>,
    /// The result of the last action.
    pub(crate) notice: Option<Announcement>,
    /// Why the last action failed, in full, with what to do; `None` when it did not.
    pub(crate) trouble: Option<String>,
    /// How fast the keys come.
    pub(crate) haste: Haste,
    /// What was asked for a moment ago, with the moment of the steady clock at which it is done.
    pub(crate) soon: Vec<(u64, Effect)>,
}

impl Model {
    /// Before anything is known.
    pub(crate) fn new(size: (u16, u16), theme: Theme, glyphs: &'static Glyphs, zone: TimeZone) -> Self {
        Self {
            shared: Shared::new(size, theme, glyphs, zone),
            jobs: jobs::State::default(),
            log: log::State::default(),
            map: map::State::default(),
            overlay: None,
            notice: None,
            trouble: None,
            haste: Haste::default(),
            soon: Vec::new(),
        }
    }

    /// Tells something of the moment.
    pub(crate) fn say(&mut self, text: impl Into<String>, meaning: Meaning) {
        self.say_about(text, meaning, About::Moment);
    }

    /// Tells something.
    pub(crate) fn say_about(&mut self, text: impl Into<String>, meaning: Meaning, about: About) {
        self.notice = Some(Announcement { text: text.into(), meaning, about, at: self.shared.clock });
    }

    /// Selects a month.
    pub(crate) fn select(&mut self, chain: ChainId) {
        if self.shared.selected.as_ref() != Some(&chain) {
            self.shared.selected = Some(chain);
            self.log.choose(None);
        }
    }

    /// Selects the month so many rows further.
    pub(crate) fn step_month(&mut self, by: isize) {
        let at = scroll::stepped(self.shared.row(), by, self.shared.chains().len());
        if let Some(id) = self.shared.chains().get(at).map(|c| c.id.clone()) {
            self.select(id);
            self.jobs.row = None;
        }
    }

    /// All that is wrong now: what is concerned, and the words in full.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let mut errors: Vec<(String, String)> = Vec::new();
        errors.extend(self.trouble.clone().map(|said| (notices::of_last_action().to_owned(), said)));
        let unread = self.shared.refresh_error.clone();
        errors.extend(unread.map(|said| (notices::of_reading().to_owned(), said)));
        if let Some(cluster) = self.shared.snapshot.as_ref().map(|s| &s.cluster)
            && let Some(error) = &cluster.error
        {
            let hint = cluster.hint.as_deref().unwrap_or("");
            errors.push((cluster.name.clone(), notices::with_hint(error, hint)));
        }
        let failed = self.shared.chains().iter().filter(|c| c.state == ChainState::Failed);
        errors.extend(failed.filter_map(|chain| {
            let hint = chain.failure.as_ref()?.hint();
            let said = words::details::failure(chain);
            Some((self.shared.name(chain), notices::with_hint(&said, &hint)))
        }));
        errors
    }

    /// Whether an action was handed over and not answered yet; one that still waits for the end of its burst was not.
    pub(crate) fn is_acting(&self) -> bool {
        let waiting = self.soon.iter().filter(|(_, effect)| matches!(effect, Effect::Act(_))).count();
        self.shared.pending.len() > waiting
    }

    /// When the next of what was asked for is to be done, on the steady clock.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.soon.iter().map(|(due, _)| *due).min()
    }
}
