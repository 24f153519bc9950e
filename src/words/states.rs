//! Months, their jobs, and how they stand.

use super::percent;
use crate::campaign::snapshot::{ChainState, ChainView, GenerationView, JobView, MarginView};
use crate::glyphs::Glyphs;

spoken! { states:
    /// The name of a chain by its months: `January`, `Jun–Jul`, `Jan, Jun, Dec`.
    fn months(numbers: &[u8], glyphs: &Glyphs) -> String;
    /// The state of a chain in words of at most 13 columns.
    fn state(chain: &ChainView) -> String;
    /// What a state means for a person, in a sentence; `None` where the word says all.
    fn explain(chain: &ChainView, now_ms: i64) -> Option<String>;
    /// A job in the batch system's words: state, node, how it ended or when it may start, and its message.
    fn job(job: &JobView, now_ms: i64) -> String;
    /// How long before the walltime a program is saved, and why: `10 min before the walltime, the campaign's margin`.
    fn margin(margin: &MarginView) -> String;
    /// The nodes that a chain's last attempt leaves out, in a sentence.
    fn left_out(chain: &ChainView) -> Option<String>;
    /// From where a resubmission goes on: `from generation 7 (62 %)`, or `from the beginning`.
    fn resume_point(chain: &ChainView) -> String;
}

/// Whether a program of the user's computes the campaign, and not the engine.
pub(crate) fn is_of_programs(chains: &[ChainView]) -> bool {
    !chains.is_empty() && chains.iter().all(|chain| !chain.unit.is_tiles())
}

/// How far a chain is: a percentage, else what it has done where that can be without a whole; empty where nothing is known.
pub(crate) fn done(chain: &ChainView) -> String {
    match percent(chain.tiles, chain.total) {
        Some(percent) => format!("{percent} %"),
        None if chain.unit.is_tiles() || chain.tiles == 0 => String::new(),
        None => chain.unit.short(chain.tiles, chain.total),
    }
}

/// The sign of a state.
pub(crate) fn sign(state: ChainState, glyphs: &Glyphs) -> &'static str {
    let [planned, unknown, waiting, running, between, silent, failed, stopped, complete] = glyphs.states;
    match state {
        ChainState::Planned => planned,
        ChainState::SubmissionUnknown => unknown,
        ChainState::Waiting => waiting,
        ChainState::Running => running,
        ChainState::Between => between,
        ChainState::Silent => silent,
        ChainState::Failed => failed,
        ChainState::Stopped => stopped,
        ChainState::Complete => complete,
    }
}

/// The newest checkpoint that a link can go on from.
pub(crate) fn last_good(chain: &ChainView) -> Option<&GenerationView> {
    chain.generations.iter().rev().find(|g| g.damage.is_none())
}
