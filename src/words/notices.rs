//! What the screens tell of themselves: news, what a key could not do and why, what to press.

use crate::campaign::snapshot::{ChainView, ClusterView, Snapshot};

/// Why a key does nothing now, apart from the actions on a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idle {
    /// The campaign is not read yet.
    NotRead,
    /// No month is selected.
    NoMonth,
    /// There is no error to show.
    NothingWrong,
    /// There is no event to show.
    NothingHappened,
    /// Every month was submitted.
    NothingPlanned,
    /// No month has a job.
    NoJob,
    /// The job never began: it has no log.
    NoLogOfJob,
    /// The month has one log at most.
    NoOtherLog,
}

/// What happened to a key press or a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// What is pasted does nothing.
    Pasted,
    /// Keys came as fast as those of a paste: what they asked for was called off.
    CalledOff,
    /// The state of a question's month changed.
    QuestionGone,
    /// The answer came before a person could have read the question.
    TooQuick,
    /// The answer was no.
    NothingDone,
    /// There is no older log.
    OldestLog,
    /// There is no newer log.
    NewestLog,
}

spoken! { notices:
    /// Why a key does nothing now.
    fn idle(why: Idle) -> &'static str;
    /// What happened to a key press.
    fn told(what: Told) -> &'static str;
    /// The session may not act.
    fn read_only(why: &str) -> String;
    /// All that was to be computed is there.
    fn all_there(of_programs: bool) -> String;
    /// What a month's new state is, where a person should hear of it.
    fn news(chain: &ChainView, name: &str) -> Option<String>;
    /// What went wrong, and what to do about it where that is known.
    fn with_hint(said: &str, hint: &str) -> String;
    /// What an error is about: the last action.
    fn of_last_action() -> &'static str;
    /// What an error is about: the reading of the campaign.
    fn of_reading() -> &'static str;
    /// Stopped by the terminal, nobody could continue the program.
    fn no_shell() -> String;
    /// The terminal has fewer columns and rows than are needed.
    fn too_small(size: (u16, u16), needed: (u16, u16)) -> String;
    /// One of several, as keys: `Esc or n`.
    fn either(these: &[String]) -> String;
    /// A planned month, and how it is submitted.
    fn not_submitted() -> String;
    /// How a failed month is resubmitted by a key, which acts on the selected month; `named`: another is selected.
    fn resubmit_by(key: &str, chain: &ChainView, named: Option<&str>) -> String;
    /// The answer is waited for when the screens are left.
    fn waiting_for_answer() -> &'static str;
    /// A thread of the screens ended by itself and told nothing.
    fn thread_ended() -> &'static str;
    /// The answer did not come.
    fn not_answered() -> &'static str;
    /// The campaign cannot be read.
    fn unreadable(why: &str) -> String;
    /// The batch system does not answer; what is shown is so old, seconds.
    fn mute(cluster: &ClusterView, error: &str, age: Option<u64>) -> String;
    /// Another holds the campaign.
    fn only_watched(why: &str) -> String;
    /// All is computed and where it lies.
    fn complete(snapshot: &Snapshot) -> String;
}
