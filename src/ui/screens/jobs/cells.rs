//! What stands in a row of the jobs.

use super::state::Row;
use crate::campaign::snapshot::{ChainState, ChainView, LinkView};
use crate::ui::panels::month::meaning_of;
use crate::ui::shared::Shared;
use crate::ui::theme::Meaning;
use crate::words;

/// What stands in a row.
pub(super) struct Cells {
    pub(super) link: String,
    pub(super) job: String,
    pub(super) node: String,
    pub(super) hop: bool,
    pub(super) started_ms: Option<i64>,
    pub(super) ran: String,
    pub(super) resumed: String,
    pub(super) end: (Meaning, String),
}

impl Cells {
    /// Of a row.
    pub(super) fn of(shared: &Shared, row: &Row<'_>) -> Self {
        match row.link {
            Some(link) => link_cells(shared, row.chain, link),
            None => job_cells(shared, row),
        }
    }
}

fn link_cells(shared: &Shared, chain: &ChainView, link: &LinkView) -> Cells {
    Cells {
        link: link.link.to_string(),
        job: link.job_id.clone(),
        node: link.node.clone(),
        hop: link.hop,
        started_ms: Some(link.started_ms),
        ran: ran(shared, chain, link),
        resumed: link.resumed.clone().unwrap_or_default(),
        end: end(chain, link),
    }
}

/// A job that waits, is starting, or ended before a link of it began.
fn job_cells(shared: &Shared, row: &Row<'_>) -> Cells {
    let job = row.job;
    let ran = job.and_then(|job| Some(job.stopped? - job.started?));
    let meaning = if job.is_some_and(|job| job.state.is_over()) { Meaning::Bad } else { Meaning::Base };
    Cells {
        link: String::new(),
        job: job.map_or_else(String::new, |job| job.id.to_string()),
        node: job.and_then(|job| job.node.clone()).unwrap_or_default(),
        hop: false,
        started_ms: job.and_then(|job| job.started).map(|seconds| seconds.saturating_mul(1_000)),
        ran: ran.map_or_else(String::new, |seconds| words::duration(seconds.max(0).unsigned_abs())),
        resumed: String::new(),
        end: (meaning, job.map_or_else(String::new, |job| words::job(job, shared.clock.wall_ms))),
    }
}

fn is_running(chain: &ChainView, link: &LinkView) -> bool {
    let newest = chain.links.last().is_some_and(|last| last.link == link.link);
    newest && link.end.is_none() && matches!(chain.state, ChainState::Running | ChainState::Silent)
}

fn ran(shared: &Shared, chain: &ChainView, link: &LinkView) -> String {
    let until = match link.ended_ms {
        Some(ended) => ended,
        None if is_running(chain, link) => shared.clock.wall_ms,
        // Killed: when is not known.
        None => return String::new(),
    };
    words::duration(words::seconds_between(link.started_ms, until))
}

pub(super) fn end(chain: &ChainView, link: &LinkView) -> (Meaning, String) {
    match &link.end {
        Some(said) => (Meaning::Base, said.clone()),
        None if is_running(chain, link) => (meaning_of(chain.state), words::state(chain)),
        None => (Meaning::Bad, words::details::killed().to_owned()),
    }
}
