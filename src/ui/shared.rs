//! What all screens know: the terminal, the time, the campaign and the selected month.

use jiff::tz::TimeZone;

use super::theme::Theme;
use crate::campaign::actions::Action;
use crate::campaign::snapshot::{Access, ChainState, ChainView, Snapshot};
use crate::checkpoint::ChainId;
use crate::glyphs::Glyphs;
use crate::keys::Screen;
use crate::words;

/// From this width and height on, pictures and history stand beside the table.
const WIDE: (u16, u16) = (120, 24);

/// The time, given from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Clock {
    /// Milliseconds on a clock that never jumps.
    pub(crate) steady_ms: u64,
    /// Milliseconds since 1970.
    pub(crate) wall_ms: i64,
}

/// What all screens know.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
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
    /// The selected chain.
    pub(crate) selected: Option<ChainId>,
    /// Actions under way.
    pub(crate) pending: Vec<Action>,
}

impl Shared {
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
            selected: None,
            pending: Vec::new(),
        }
    }

    /// Whether there is room for pictures and history beside the table.
    pub(crate) fn is_wide(&self) -> bool {
        self.size.0 >= WIDE.0 && self.size.1 >= WIDE.1
    }

    /// The chains, none before the first reading.
    pub(crate) fn chains(&self) -> &[ChainView] {
        self.snapshot.as_ref().map_or(&[], |s| &s.chains)
    }

    /// A chain by its id.
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

    /// What a person calls a chain.
    pub(crate) fn name_of(&self, id: &ChainId) -> String {
        self.chain_of(id).map_or_else(|| id.to_string(), |chain| self.name(chain))
    }

    /// What a person calls a chain.
    pub(crate) fn name(&self, chain: &ChainView) -> String {
        words::months(&chain.months, self.glyphs)
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

    /// The chains that were never submitted, without those whose submission is under way.
    pub(crate) fn planned(&self) -> impl Iterator<Item = &ChainView> {
        let waits =
            |c: &&ChainView| c.state == ChainState::Planned && !self.pending.iter().any(|a| a.chain == c.id);
        self.chains().iter().filter(waits)
    }
}
