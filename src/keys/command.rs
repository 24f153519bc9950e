//! What a key can mean, and on which screens.

use serde::{Deserialize, Serialize};

use crate::campaign::actions::ActionKind;

/// One of the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub(crate) enum Screen {
    /// The chains, and all that a person needs.
    #[default]
    Months,
    /// Links, generations, nodes.
    Jobs,
    /// What a link said.
    Log,
    /// The map as it fills.
    Map,
}

impl Screen {
    /// In the order in which they are shown.
    pub(crate) const ALL: [Self; 4] = [Self::Months, Self::Jobs, Self::Log, Self::Map];
}

/// Something a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Command {
    /// An action on the selected month.
    Act(ActionKind),
    SubmitAll,
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
    /// The answer to a question before something that loses nothing.
    Yes,
    /// The answer to a question before something that may lose work.
    TypedYes,
    /// The answer to any question.
    No,
}

impl From<ActionKind> for Command {
    fn from(kind: ActionKind) -> Self {
        Self::Act(kind)
    }
}

impl Command {
    /// Whether it changes nothing but what is shown: keys that came by a paste may do no more.
    pub(crate) fn only_shows(self) -> bool {
        !matches!(self, Self::Act(_) | Self::SubmitAll | Self::Suspend | Self::Quit)
    }
}
