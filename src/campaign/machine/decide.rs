//! From state and observation to decisions.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::failure::{self, Verdict};
use super::{
    BatchView, ChainRecord, Decision, DiskView, Doubt, Doubted, Doubts, Limits, LinkOnDisk, Observation,
    Stage, State,
};
use crate::batch::{End, Job, JobKey, JobState, is_host_name};
use crate::campaign::cause::{Cause, Failure};
use crate::campaign::event::{Event, JobStage};
use crate::campaign::notice::Notice;
use crate::checkpoint::{ChainId, ExitClass};

/// So many nodes in a row that do not fit a chain's program are left out by ourselves; then a person is to say which do.
pub(super) const MOST_UNFIT: usize = 5;

/// What is new and what is to be done about it, for all chains. `doubts` goes from each decision to the next.
#[must_use]
pub fn decide(state: &State, seen: &Observation, doubts: &mut Doubts) -> Vec<Decision> {
    let empty = DiskView::default();
    let chains: BTreeSet<&ChainId> = state.chains.keys().chain(seen.disk.keys()).collect();
    let mut decisions = Vec::new();
    for chain in chains {
        let mut decider = Decider {
            chain,
            record: Cow::Borrowed(state.chain(chain)),
            disk: seen.disk.get(chain).unwrap_or(&empty),
            limits: seen.limits,
            now_ms: seen.now_ms,
            decisions: Vec::new(),
        };
        decider.disk_news();
        if let Some(batch) = &seen.batch {
            decider.batch_news(batch);
            decider.act(batch, doubts);
        }
        decisions.append(&mut decider.decisions);
    }
    decisions
}

/// How far a job is.
pub(in crate::campaign) fn stage_of(state: &JobState) -> JobStage {
    match state {
        JobState::Waiting | JobState::Hold | JobState::ToLaunch => JobStage::Waiting,
        JobState::Terminated | JobState::Error => JobStage::Over,
        // A state this program does not know is taken for a living job: nothing is resubmitted beside it.
        _ => JobStage::OnNode,
    }
}

/// The jobs of a chain among all that the batch system knows, the newest last.
pub(in crate::campaign) fn jobs_of<'b>(record: &ChainRecord, batch: &'b BatchView) -> Vec<(u32, &'b Job)> {
    let attempts = record.attempts.iter();
    let mut jobs: Vec<(u32, &Job)> =
        attempts.flat_map(|(number, attempt)| batch.of(&attempt.token).map(|job| (*number, job))).collect();
    jobs.sort_by_key(|(attempt, job)| (*attempt, job.key()));
    jobs
}

/// The jobs of a chain that are not over.
#[must_use]
pub fn live_jobs<'b>(record: &ChainRecord, batch: &'b BatchView) -> Vec<&'b Job> {
    jobs_of(record, batch).into_iter().map(|(_, job)| job).filter(|job| !job.state.is_over()).collect()
}

/// Decides for one chain; each recorded event is taken into `record` at once.
struct Decider<'a> {
    chain: &'a ChainId,
    /// As the state has it, until something of this chain is new.
    record: Cow<'a, ChainRecord>,
    disk: &'a DiskView,
    limits: Limits,
    now_ms: u64,
    decisions: Vec<Decision>,
}

impl<'a> Decider<'a> {
    fn record(&mut self, event: Event) {
        self.record.to_mut().apply(&event);
        self.decisions.push(Decision::Record(event));
    }

    /// What attempts, links and generations on disk say that the journal does not.
    fn disk_news(&mut self) {
        let chain = self.chain;
        let disk = self.disk;
        for (attempt, token) in &disk.attempts {
            if !self.record.attempts.contains_key(attempt) {
                let (attempt, token) = (*attempt, token.clone());
                self.record(Event::SubmitIntent { chain: chain.clone(), attempt, token, recovered: true });
            }
        }
        for link in &disk.links {
            let number = link.start.link;
            if !self.record.links.contains_key(&number) {
                let (job_id, node) = (link.start.job_id.clone(), link.start.node.clone());
                self.record(Event::LinkSeen { chain: chain.clone(), link: number, job_id, node });
            }
            if let Some(end) = link.end.as_ref().filter(|_| self.record.links.get(&number) == Some(&false)) {
                self.record(Event::LinkEnded {
                    chain: chain.clone(),
                    link: number,
                    class: end.class,
                    message: end.message.clone(),
                    tiles: end.tiles,
                    unit: end.unit,
                });
            }
        }
        for sealed in &disk.generations {
            if self.record.generation < Some(sealed.number) {
                self.record(Event::GenerationSeen {
                    chain: chain.clone(),
                    generation: sealed.number,
                    tiles: sealed.tiles,
                    unit: sealed.unit,
                    bytes: sealed.bytes,
                });
            }
        }
        if disk.complete && self.record.stage != Stage::Complete {
            self.record(Event::Completed { chain: chain.clone() });
        }
        if let Some(lost) =
            disk.lost.as_ref().filter(|_| !disk.complete && self.record.stage == Stage::Complete)
        {
            let failure = disk.failed(Cause::MapsLost { what: lost.clone() });
            self.record(Event::MapsLost { chain: chain.clone(), failure });
        }
        self.heartbeat();
    }

    /// A running link that falls silent, or is heard of again.
    fn heartbeat(&mut self) {
        let (chain, disk) = (self.chain.clone(), self.disk);
        let (Some(silent), Some((link, _))) = (disk.silent, disk.beat) else { return };
        let Some(start) = disk.links.iter().map(|l| &l.start).find(|start| start.link == link) else {
            return;
        };
        // What the job's end says counts more; a run in the foreground is under its user's eyes.
        let job = start.job_id.parse().ok().and_then(|run: JobKey| self.record.jobs.get(&run));
        let runs = self.record.stage == Stage::Live && job.is_some_and(|job| job.stage == JobStage::OnNode);
        let known = self.record.silent == Some(link);
        if silent && !known && runs {
            self.record(Event::Silent { chain, link, node: start.node.clone() });
        } else if !silent && known {
            self.record(Event::HeardAgain { chain, link });
        }
    }

    /// Jobs that are new or went on to another stage.
    fn batch_news(&mut self, batch: &BatchView) {
        for (attempt, job) in jobs_of(&self.record, batch) {
            if self.record.attempts.get(&attempt).is_some_and(|a| a.job.is_none()) {
                let chain = self.chain.clone();
                self.record(Event::Submitted { chain, attempt, job: job.array_id });
                if attempt < self.record.last_attempt() {
                    let ended = job.state.is_over().then(|| self.record.last_attempt());
                    let notice = Notice::LateJob { attempt, job: job.id, ended };
                    self.record(Event::Noticed { chain: Some(self.chain.clone()), notice });
                }
            }
            let stage = stage_of(&job.state);
            if self.record.jobs.get(&job.key()).is_none_or(|known| known.stage != stage) {
                self.record(Event::JobSeen {
                    chain: self.chain.clone(),
                    attempt,
                    job: job.key(),
                    stage,
                    node: job.node.clone(),
                    resubmitted_from: job.resubmitted_from,
                    ending: job.ended(),
                });
            }
        }
    }

    fn act(&mut self, batch: &BatchView, doubts: &mut Doubts) {
        let jobs = jobs_of(&self.record, batch);
        let last = self.record.last_attempt();
        let alive = |of_last: bool| -> Vec<&Job> {
            let wanted =
                |(attempt, job): &&(u32, &Job)| (*attempt == last) == of_last && !job.state.is_over();
            jobs.iter().filter(wanted).map(|(_, job)| *job).collect()
        };
        let live = alive(true);
        // The job of an earlier attempt that was believed lost: exactly one job of a chain may live.
        self.delete(&alive(false));
        let doubt = match &self.record.stage {
            // What it was given up for goes on being so, for who comes before that is journalled.
            Stage::Failed(failure) if live.is_empty() => {
                if failure.is_unfit_node() {
                    self.elsewhere(&jobs);
                }
                return;
            }
            Stage::Stopped if live.is_empty() => return,
            Stage::Planned | Stage::Complete | Stage::Failed(_) => None,
            Stage::Unknown => Some(self.unknown(doubts)),
            Stage::Stopped => {
                // Made by the batch system while the stop was on its way: a person wants it gone.
                self.record(Event::StopIntent { chain: self.chain.clone(), why: None });
                self.delete(&live);
                None
            }
            Stage::Stopping { why } => {
                let why = why.clone();
                self.stopping(why, &jobs, &live, doubts)
            }
            Stage::Live => self.live(batch, &jobs, &live, doubts),
        };
        match doubt {
            Some(doubt) => self.note(doubts, doubt),
            None => {
                doubts.0.remove(self.chain);
            }
        }
    }

    /// An intent without an outcome: not seen for long enough, and in more than one answer, it surely has no job.
    fn unknown(&mut self, doubts: &Doubts) -> Doubt {
        let attempt = self.record.last_attempt();
        let doubt = Doubt::Submission(attempt);
        if self.lasted(doubts, doubt) {
            self.record(Event::SubmitLost { chain: self.chain.clone(), attempt });
        }
        doubt
    }

    fn live(
        &mut self,
        batch: &BatchView,
        jobs: &[(u32, &Job)],
        live: &[&Job],
        doubts: &Doubts,
    ) -> Option<Doubt> {
        if !live.is_empty() {
            if let Some(failure) = self.over_limits(live) {
                self.record(Event::StopIntent { chain: self.chain.clone(), why: Some(failure) });
                self.delete(live);
            }
            return None;
        }
        let last = self.record.last_attempt();
        let newest = jobs.iter().rfind(|(attempt, _)| *attempt == last).map(|(_, j)| *j);
        let (failure, doubt) = match newest.map(|job| (failure::of_job(job, self.disk, batch), job)) {
            Some((Verdict::Sure(failure), _)) => (failure, None),
            Some((Verdict::ToBeResubmitted(failure) | Verdict::Unsure(failure), job)) => {
                (failure, Some(Doubt::End(job.key())))
            }
            None => (failure::vanished(self.last_link(), self.disk), Some(Doubt::Vanished(last))),
        };
        if let Some(doubt) = doubt.filter(|d| !self.lasted(doubts, *d)) {
            return Some(doubt);
        }
        let failure = match self.misplaced(jobs) {
            Some(link) => failure::unfit_node(link, self.disk, self.goes_elsewhere(link)),
            None => failure,
        };
        self.record(Event::Failed { chain: self.chain.clone(), failure });
        self.elsewhere(jobs);
        doubt
    }

    /// The chain's last link, where its job has ended because its node does not fit the program.
    fn misplaced(&self, jobs: &[(u32, &Job)]) -> Option<&'a LinkOnDisk> {
        let last = self.record.last_attempt();
        let link = self.disk.links.last().filter(|link| link.is_unfit())?;
        let is_its = match jobs.iter().rfind(|(attempt, _)| *attempt == last) {
            Some((_, job)) => job.state.is_over() && link.start.job_id == job.key().to_string(),
            // Forgotten by the batch system.
            None => self.last_link().is_some_and(|(_, of_last)| of_last.start.link == link.start.link),
        };
        is_its.then_some(link)
    }

    /// The chain's last link with its run, where that is the last one known of the last attempt.
    fn last_link(&self) -> Option<(JobKey, &'a LinkOnDisk)> {
        let (last, attempt) = self.record.attempts.last_key_value()?;
        let link = self.disk.links.last()?;
        let run: JobKey = link.start.job_id.parse().ok()?;
        let submission = &link.start.submission;
        let is_of_attempt = self.record.jobs.get(&run).is_some_and(|job| job.attempt == *last)
            || *submission == attempt.token.0
            || attempt.job.is_some_and(|job| run.id == job || *submission == format!("array {job}"));
        let is_last = !self.record.jobs.iter().any(|(known, job)| job.attempt == *last && *known > run);
        (is_of_attempt && is_last).then_some((run, link))
    }

    /// Whether another attempt without the node of this link is worth it: it was not left out in vain, and not too many
    /// nodes in a row did not fit since a person submitted the chain.
    fn goes_elsewhere(&self, link: &LinkOnDisk) -> bool {
        let in_a_row = self.disk.links.iter().rev().take_while(|link| link.is_unfit()).count();
        let tried = in_a_row.min(self.record.by_ourselves() + 1);
        tried <= MOST_UNFIT
            && is_host_name(&link.start.node)
            && !self.disk.left_out.contains(&link.start.node)
    }

    fn elsewhere(&mut self, jobs: &[(u32, &Job)]) {
        if let Some(link) = self.misplaced(jobs).filter(|link| self.goes_elsewhere(link)) {
            let link = link.start.link;
            self.decisions.push(Decision::Elsewhere { chain: self.chain.clone(), link });
        }
    }

    /// Deletes what lives; over when nothing does, also not a resubmission that is just being made.
    fn stopping(
        &mut self,
        why: Option<Failure>,
        jobs: &[(u32, &Job)],
        live: &[&Job],
        doubts: &Doubts,
    ) -> Option<Doubt> {
        if !live.is_empty() {
            self.delete(live);
            return None;
        }
        let newest = jobs.last().map(|(_, job)| *job);
        let awaited = newest.filter(|job| job.end.as_ref().is_some_and(End::goes_on));
        let doubt = awaited.map(|job| Doubt::End(job.key()));
        if let Some(doubt) = doubt.filter(|d| !self.lasted(doubts, *d)) {
            return Some(doubt);
        }
        let chain = self.chain.clone();
        self.record(match why {
            None => Event::Stopped { chain },
            Some(failure) => Event::Failed { chain, failure },
        });
        doubt
    }

    /// A chain that goes round without getting on, or has had too many links since it was last submitted.
    fn over_limits(&self, live: &[&Job]) -> Option<Failure> {
        let attempt = self.record.last_attempt();
        let ours = |job_id: &str| {
            job_id
                .parse()
                .is_ok_and(|run: JobKey| self.record.jobs.get(&run).is_some_and(|j| j.attempt == attempt))
        };
        let links: Vec<_> = self.disk.links.iter().filter(|l| ours(&l.start.job_id)).collect();
        let ends: Vec<_> = links.iter().filter_map(|l| l.end.as_ref()).collect();
        let last = links.last()?;
        // Best between two links: the last one has ended, and the living job has not begun another.
        let between = last.end.as_ref().is_some_and(|e| e.class == ExitClass::Checkpointed)
            && !live.iter().any(|job| last.start.job_id == job.key().to_string());
        // That moment is short and easily missed: a link beyond the limit is ended while it runs.
        let beyond = last.end.is_none() && !live.is_empty();
        if !between && !beyond {
            return None;
        }
        if let [.., before, one, two] = ends.as_slice()
            && between
        {
            let progress = |end: &crate::checkpoint::LinkEnd| {
                let maps =
                    self.disk.generations.iter().find(|g| Some(g.number) == end.sealed).map(|g| g.maps);
                // Each image of a program is of a later moment, whatever it counts.
                (end.tiles, maps, end.sealed.filter(|_| !end.unit.is_tiles()))
            };
            let [before, one, two] = [before, one, two].map(|end| progress(end));
            let unit = ends.last().map(|end| end.unit).unwrap_or_default();
            if before == one && one == two {
                return Some(self.disk.failed(Cause::NoProgress { amount: two.0, unit }));
            }
        }
        let ended = links.len() - usize::from(beyond);
        let links = ended as u64;
        let too_many = links >= u64::from(self.limits.max_links);
        too_many.then(|| self.disk.failed(Cause::TooManyLinks { links }))
    }

    fn delete(&mut self, live: &[&Job]) {
        for job in live {
            self.decisions.push(Decision::Delete { chain: self.chain.clone(), job: job.id });
        }
    }

    /// Seen in an earlier observation already, and for long enough, with no beat of a heart since.
    fn lasted(&self, doubts: &Doubts, doubt: Doubt) -> bool {
        doubts.0.get(self.chain).is_some_and(|known| {
            known.doubt == doubt
                && known.beat == self.disk.beat
                && self.now_ms.saturating_sub(known.since_ms) >= self.limits.settle_ms
        })
    }

    fn note(&self, doubts: &mut Doubts, doubt: Doubt) {
        let now = Doubted { doubt, beat: self.disk.beat, since_ms: self.now_ms };
        let entry = doubts.0.entry(self.chain.clone()).or_insert(now);
        if (entry.doubt, entry.beat) != (now.doubt, now.beat) {
            *entry = now;
        }
    }
}
