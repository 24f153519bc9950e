//! What can be asked for, its questions, why not now, and what came of it.

use std::fmt;

use crate::campaign::actions::{ActionKind, Ordered, WhyNot};
use crate::campaign::snapshot::ChainView;
use crate::checkpoint::ChainId;

/// A question before something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// The question.
    pub(crate) asked: String,
    /// What a yes means.
    pub(crate) details: String,
}

spoken! { actions:
    /// What its command does, for the command line's help.
    fn about(kind: ActionKind) -> &'static str;
    /// How a person does it from the screen or the command line: ``resubmit it (key r, or `alpsckpt resubmit m07`)``.
    fn do_it(kind: ActionKind, chain: &ChainId) -> String;
    /// The question before it; `None` where nothing is lost by it. `name`: the month's.
    fn question(kind: ActionKind, chain: &ChainView, name: &str) -> Option<Question>;
    /// The question before several months are submitted.
    fn submit_all(names: &[String]) -> Question;
    /// What is said while it is under way with a month.
    fn under_way(kind: ActionKind, name: &str) -> String;
    /// What is said while several months are submitted.
    fn all_under_way(months: u64) -> String;
    /// What is said when it failed.
    fn failed(kind: ActionKind, name: &str, why: &str) -> String;
    /// Why it is not possible now, of the chain as `it`.
    fn why_not(why: &WhyNot) -> String;
    /// Why it is not possible now with a month of this name.
    fn why_not_of(name: &str, why: &WhyNot) -> String;
    /// What was asked of a job.
    fn ordered(kind: ActionKind, job: u64) -> String;
    /// Another action on a month of this name is not answered yet.
    fn already_under_way(name: &str) -> String;
}

// The brain answers with these, and need not know the words.
impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&why_not(self))
    }
}

impl fmt::Display for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ordered(self.kind, self.job.0))
    }
}
