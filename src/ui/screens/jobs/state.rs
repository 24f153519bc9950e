//! Which jobs are shown, and which is selected.

use std::collections::{BTreeMap, BTreeSet};

use crate::batch::JobKey;
use crate::campaign::snapshot::{ChainView, JobView, LinkView};
use crate::checkpoint::ChainId;
use crate::ui::scroll;
use crate::ui::shared::Shared;

/// What the jobs screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct State {
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
    let run_of = |job: &JobView| (job.id, job.restart);
    let jobs: BTreeMap<(u64, u32), &JobView> = chain.jobs.iter().map(|job| (run_of(job), job)).collect();
    let named = |link: &LinkView| link.job_id.parse().ok().map(|run: JobKey| (run.id.0, run.restart));
    let job_of = |link: &LinkView| named(link).and_then(|run| jobs.get(&run).copied());
    let linked: BTreeSet<(u64, u32)> = chain.links.iter().filter_map(named).collect();
    let mut others = chain.jobs.iter().filter(|job| !linked.contains(&run_of(job))).peekable();
    let other = |job| Row { chain, link: None, job: Some(job) };
    let mut rows = Vec::new();
    for link in &chain.links {
        let run = named(link).unwrap_or_default();
        rows.extend(std::iter::from_fn(|| others.next_if(|job| run_of(job) < run)).map(other));
        rows.push(Row { chain, link: Some(link), job: job_of(link) });
    }
    rows.extend(others.map(other));
    rows
}

impl State {
    /// The rows, newest last.
    pub(crate) fn rows<'s>(&self, shared: &'s Shared) -> Vec<Row<'s>> {
        let chains = shared.chains().iter().filter(|c| self.all || Some(&c.id) == shared.selected.as_ref());
        chains.flat_map(rows_of).collect()
    }

    /// The position of the selected row among the rows.
    pub(crate) fn at(&self, rows: &[Row<'_>], shared: &Shared) -> usize {
        let named = |(id, name): &(ChainId, RowName)| {
            rows.iter().position(|row| row.chain.id == *id && row.name() == *name)
        };
        let chosen = self.row.as_ref().and_then(named);
        let newest = || rows.iter().rposition(|row| Some(&row.chain.id) == shared.selected.as_ref());
        chosen.or_else(newest).unwrap_or(0)
    }

    /// The selected row.
    pub(crate) fn chosen<'s>(&self, shared: &'s Shared) -> Option<Row<'s>> {
        let rows = self.rows(shared);
        rows.get(self.at(&rows, shared)).copied()
    }

    /// The row so many further.
    pub(crate) fn stepped<'s>(&self, shared: &'s Shared, by: isize) -> Option<Row<'s>> {
        let rows = self.rows(shared);
        rows.get(scroll::stepped(self.at(&rows, shared), by, rows.len())).copied()
    }
}
