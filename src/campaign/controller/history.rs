//! What happened, in the order in which it happened: a link's end is often journalled hours later, by who acts next.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::Controller;
use crate::batch::{Job, JobKey};
use crate::campaign::event::{Entry, Event, JobStage};
use crate::campaign::journal::Keep;
use crate::campaign::snapshot::HistoryLine;
use crate::checkpoint::ChainId;

/// Lines of history in a snapshot.
const LINES: usize = 500;
/// Records of the journal that are kept in memory beside the state: some tell of the same line, and some are told late.
pub(super) const KEPT: Keep = Keep::Newest(4 * LINES);

/// The place of an event among those of its chain: job, link of that job, stage of their lives, number. Times that the
/// batch system tells are whole seconds; within one this decides.
type Place = (u64, u32, u8, u32);

/// After all links of a job.
const LAST: u32 = u32::MAX;

/// An event on its way into the history.
struct Item<'e> {
    event: &'e Event,
    at_ms: i64,
    happened_ms: i64,
    place: Place,
}

impl Controller {
    /// When an event that is just being taken down happened, where disk or batch system tell; never after now.
    pub(super) fn happened(&self, event: &Event) -> Option<i64> {
        let chain = event.chain()?;
        let files = self.files.get(chain)?;
        let link = |number: u32| files.links.get(&number);
        let told = match event {
            Event::LinkSeen { link: n, .. } => link(n.0).map(|l| l.start.started_ms),
            Event::LinkEnded { link: n, .. } => link(n.0).and_then(|l| l.end.as_ref()).map(|e| e.ended_ms),
            Event::GenerationSeen { generation, .. } => {
                files.generations.get(&generation.0).and_then(|g| g.as_ref().ok()).map(|g| g.sealed_ms)
            }
            Event::JobSeen { job, stage, .. } => self.job(*job).map(|job| {
                1_000
                    * match stage {
                        JobStage::Waiting => job.submitted,
                        JobStage::OnNode => job.started,
                        JobStage::Over => job.stopped,
                    }
            }),
            Event::Completed { .. } => {
                files.links.values().next_back().and_then(|l| l.end.as_ref()).map(|e| e.ended_ms)
            }
            Event::Failed { .. } | Event::Stopped { .. } => {
                let known = self.state.chain(chain);
                let newest = known.jobs.keys().next_back().and_then(|run| self.job(*run));
                newest.filter(|job| job.state.is_over()).map(|job| 1_000 * job.stopped)
            }
            _ => None,
        };
        told.filter(|ms| *ms > 0)
    }

    fn job(&self, run: JobKey) -> Option<&Job> {
        self.batch.view.as_ref()?.run(run)
    }

    /// Notes when that happened which an older program journalled without: most of it is still on disk and in the batch
    /// system, which has just answered.
    pub(super) fn date_entries(&mut self) {
        if !self.undated {
            return;
        }
        let mut entries = std::mem::take(&mut self.entries);
        for entry in entries.iter_mut().filter(|entry| entry.happened_ms.is_none()) {
            entry.happened_ms = self.happened(&entry.event);
        }
        self.entries = entries;
        self.undated = false;
        self.told = OnceCell::new();
    }

    /// The last lines, newest last. Made anew only when something is new.
    pub(super) fn history(&self) -> Vec<HistoryLine> {
        if self.undated {
            return self.lines();
        }
        self.told.get_or_init(|| self.lines()).clone()
    }

    fn lines(&self) -> Vec<HistoryLine> {
        let mut places: BTreeMap<&ChainId, Places> = BTreeMap::new();
        let mut items: Vec<Item<'_>> = Vec::with_capacity(self.entries.len() + self.news.len());
        let mut asked = Asked::default();
        for Entry { at_ms, happened_ms, event } in self.entries.iter().chain(&self.news) {
            let told = happened_ms.or_else(|| if self.undated { self.happened(event) } else { None });
            let happened = told.unwrap_or(*at_ms).min(*at_ms);
            let happened = asked.after(event, happened, *at_ms);
            let place =
                event.chain().map_or((0, 0, 0, 0), |chain| places.entry(chain).or_default().of(event));
            items.push(Item { event, at_ms: *at_ms, happened_ms: happened, place });
        }
        in_order(&mut items);
        folded(&items)
    }
}

/// Sorts by time, which then only grows. Within a second, which is all that the batch system tells, the events of a chain come in
/// the order of their places, and each is taken for no earlier than the one before it. That the campaign was made comes first.
fn in_order<'e>(items: &mut [Item<'e>]) {
    let made = |item: &Item<'e>| matches!(item.event, Event::Created { .. });
    let first = items.iter().map(|item| item.happened_ms).min().unwrap_or_default();
    items.iter_mut().filter(|item| made(item)).for_each(|item| item.happened_ms = first);
    let key = |item: &Item<'e>| (item.event.chain(), item.happened_ms.div_euclid(1_000), item.place);
    items.sort_by(|one, other| key(one).cmp(&key(other)));
    let mut before: Option<(Option<&ChainId>, i64)> = None;
    for item in items.iter_mut() {
        if let Some((_, ms)) = before.filter(|(chain, _)| *chain == item.event.chain()) {
            item.happened_ms = item.happened_ms.max(ms);
        }
        before = Some((item.event.chain(), item.happened_ms));
    }
    // Stable: what was put in order of a chain stays so.
    items.sort_by_key(|item| (item.happened_ms, !made(item)));
}

/// When the newest submission of each chain was asked for. What comes of it comes later: the batch system's whole seconds,
/// and clocks that differ a little, would have a job run before it was submitted.
#[derive(Default)]
struct Asked<'e>(BTreeMap<&'e ChainId, i64>);

impl<'e> Asked<'e> {
    /// When an event happened, told as `happened_ms` and journalled at `at_ms`.
    fn after(&mut self, event: &'e Event, happened_ms: i64, at_ms: i64) -> i64 {
        /// Clocks that differ by more tell another story, as one that was set meanwhile.
        const LITTLE: i64 = 60_000;
        let Some(chain) = event.chain() else { return happened_ms };
        if let Event::SubmitIntent { recovered, .. } = event {
            // One that was found on disk was asked for earlier, nobody knows when.
            if *recovered {
                self.0.remove(chain);
            } else {
                self.0.insert(chain, happened_ms);
            }
            return happened_ms;
        }
        let asked = self.0.get(chain).copied().filter(|asked| asked - happened_ms < LITTLE);
        asked.map_or(happened_ms, |asked| happened_ms.max(asked)).min(at_ms)
    }
}

/// The last lines of the sorted events; checkpoints of a chain that follow one another are one line.
fn folded(items: &[Item<'_>]) -> Vec<HistoryLine> {
    // Each event's line, with the first generation where it tells of several; none where a later one tells of it too.
    let mut lines: Vec<Option<Option<u32>>> = Vec::with_capacity(items.len());
    // Per chain the line of its last seal, and the first generation told there.
    let mut seals: BTreeMap<&ChainId, (usize, u32)> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        let mut since = None;
        if let Event::GenerationSeen { chain, generation, .. } = item.event {
            let before = seals.get(chain).copied();
            since = before.map(|(_, first)| first);
            if let Some(line) = before.and_then(|(line, _)| lines.get_mut(line)) {
                *line = None;
            }
            seals.insert(chain, (at, since.unwrap_or(generation.0)));
        } else if let Some(chain) = item.event.chain() {
            seals.remove(chain);
        }
        lines.push(Some(since));
    }
    let told = items.iter().zip(lines).rev().filter_map(|(item, line)| Some((item, line?)));
    let mut last: Vec<HistoryLine> = told
        .take(LINES)
        .map(|(item, since)| HistoryLine {
            happened_ms: item.happened_ms,
            at_ms: item.at_ms,
            chain: item.event.chain().cloned(),
            event: item.event.clone(),
            since,
        })
        .collect();
    last.reverse();
    last
}

/// Finds the places of one chain's events, read in the order of the journal.
#[derive(Default)]
struct Places {
    /// The job of each attempt and of each link.
    attempts: BTreeMap<u32, u64>,
    links: BTreeMap<u32, u64>,
    /// The newest job and link so far.
    job: u64,
    link: u32,
    count: u32,
}

impl Places {
    fn of(&mut self, event: &Event) -> Place {
        self.count += 1;
        match event {
            Event::Elsewhere { .. } | Event::SubmitIntent { .. } => (self.job, LAST, 10, self.count),
            Event::Submitted { attempt, job, .. } => {
                self.attempts.insert(*attempt, job.0);
                self.job = self.job.max(job.0);
                (job.0, 0, 0, 0)
            }
            Event::JobSeen { job, stage, .. } => {
                self.job = self.job.max(job.id.0);
                match stage {
                    JobStage::Waiting => (job.id.0, 0, 1, 0),
                    JobStage::OnNode => (job.id.0, 0, 2, 0),
                    JobStage::Over => (job.id.0, LAST, 7, 0),
                }
            }
            Event::LinkSeen { link, job_id, .. } => {
                let job = job_id.parse().unwrap_or(self.job);
                self.links.insert(link.0, job);
                self.link = self.link.max(link.0);
                (job, link.0, 3, 0)
            }
            Event::GenerationSeen { generation, .. } => self.in_link(self.link, 4, generation.0),
            Event::CheckpointAsked { job, .. } => (job.0, self.link, 4, self.count),
            Event::Silent { link, .. } | Event::HeardAgain { link, .. } => {
                self.in_link(link.0, 4, self.count)
            }
            Event::LinkEnded { link, .. } => self.in_link(link.0, 5, 0),
            Event::HoldAsked { job, .. } | Event::ResumeAsked { job, .. } => (job.0, 0, 1, self.count),
            Event::StopIntent { .. } => (self.job, LAST, 6, self.count),
            _ => (self.job, LAST, 8, self.count),
        }
    }

    fn in_link(&self, link: u32, stage: u8, number: u32) -> Place {
        (self.links.get(&link).copied().unwrap_or(self.job), link, stage, number)
    }
}
