//! Builds the picture for the faces. What others wrote (spec, links, batch system) comes into it clean: see
//! [`crate::quantity::clean`].

use std::path::Path;

use super::Controller;
use super::disk::{ChainFiles, LinkFiles};
use crate::batch::{Ending, Job, NodeState};
use crate::campaign::cause::Failure;
use crate::campaign::event::JobStage;
use crate::campaign::machine::{ChainRecord, Stage, foreground_gone, jobs_of, of_foreground, stage_of};
use crate::campaign::snapshot::{
    Access, ChainState, ChainView, ClusterView, FailureView, JobView, LinkView, MarginView, NodeView,
    Snapshot, saving_of,
};
use crate::campaign::spec::Spec;
use crate::checkpoint::{Chain, ChainId, Phase, Saving, Status};
use crate::host;
use crate::quantity::{clean, count, one_line};

/// Another that holds the lease for longer than this, milliseconds, does not just act for a moment: it is told.
const MOMENT_MS: u64 = 5_000;

impl Controller {
    /// The picture of what was last read.
    pub(super) fn snapshot(&self) -> Snapshot {
        let now_ms = (self.reach.now_ms)();
        let chains: Vec<ChainView> = self.chains.iter().map(|chain| self.view_at(chain, now_ms)).collect();
        Snapshot {
            name: one_line(&self.spec.name),
            spec_file: self.campaign.spec(&self.identity.spec),
            output: self.campaign.output().to_path_buf(),
            terrain_note: self.spec.terrain_note.as_deref().map(clean),
            paced: self.spec.pace.map(|p| p.to_string()),
            cluster: self.cluster_view(now_ms),
            access: self.access(),
            nodes: self.nodes(&chains),
            history: self.history(),
            complete: chains.iter().all(|c| c.state == ChainState::Complete),
            chains,
        }
    }

    /// One chain as it is in the picture; `None`: the campaign has no such chain.
    pub(super) fn chain_now(&self, id: &ChainId) -> Option<ChainView> {
        let chain = self.chains.iter().find(|chain| chain.id == *id)?;
        Some(self.view_at(chain, (self.reach.now_ms)()))
    }

    fn view_at(&self, chain: &Chain, now_ms: u64) -> ChainView {
        let none = ChainFiles::default();
        let Chain { id, months, .. } = chain;
        self.chain_view(&Seen {
            chain,
            id,
            months,
            record: self.state.chain(id),
            files: self.files.get(id).unwrap_or(&none),
            now_ms,
            spec: &self.spec,
            state_folder: &self.campaign.state(),
        })
    }

    fn cluster_view(&self, now_ms: u64) -> ClusterView {
        let name = match &self.batch.info {
            Some(info) => info.name.clone(),
            None if self.state.chains.values().any(|chain| !chain.attempts.is_empty()) => {
                clean(&self.identity.cluster.words())
            }
            None if self.files.values().any(|files| !files.links.is_empty()) => {
                "computed here, not submitted".to_owned()
            }
            None => "not submitted yet".to_owned(),
        };
        ClusterView {
            name,
            time_scale: self.batch.info.as_ref().map_or(1.0, |i| i.time_scale),
            answer_age: self.batch.answered_ms.map(|at| now_ms.saturating_sub(at) / 1000),
            error: self.batch.error.as_ref().map(|e| clean(&e.to_string())),
            hint: self.batch.error.as_ref().map(|e| clean(&e.hint())),
        }
    }

    /// Whether this session may act. One that holds the lease for a moment is no obstacle: it is waited for.
    fn access(&self) -> Access {
        let why = match &self.other {
            _ if self.journal.is_some() => return Access::Writer,
            _ if self.lease.barred().is_some() => self.lease.barred().unwrap_or_default().to_owned(),
            Some(other) if other.held_ms > MOMENT_MS => other.words.clone(),
            _ if !self.writable => {
                format!("{}: you may not write here", self.campaign.state().display())
            }
            _ => return Access::Writer,
        };
        Access::ReadOnly { why: clean(&why) }
    }

    fn nodes(&self, chains: &[ChainView]) -> Vec<NodeView> {
        let nodes = self.batch.view.iter().flat_map(|view| &view.nodes);
        let runs_on = |chain: &&ChainView, node: &str| {
            matches!(chain.state, ChainState::Running | ChainState::Silent)
                && chain.job.as_ref().and_then(|j| j.node.as_deref()) == Some(node)
        };
        nodes
            .map(|node| NodeView {
                name: clean(&node.name),
                state: match &node.state {
                    NodeState::Up => NodeState::Up,
                    NodeState::Lost(word) => NodeState::Lost(clean(word)),
                    NodeState::Dead(word) => NodeState::Dead(clean(word)),
                    NodeState::Other(word) => NodeState::Other(clean(word)),
                },
                chains: chains.iter().filter(|c| runs_on(c, &node.name)).map(|c| c.id.clone()).collect(),
            })
            .collect()
    }

    fn chain_view(&self, seen: &Seen<'_>) -> ChainView {
        let Seen { id, months, record, files, .. } = *seen;
        let jobs = self.batch.view.as_ref().map_or_else(Vec::new, |view| jobs_of(record, view));
        // The job that lives, else the newest one.
        let job = jobs.iter().rfind(|(_, job)| !job.state.is_over()).or(jobs.last());
        let (state, failure) = seen.state(job.copied());
        let running = matches!(state, ChainState::Running | ChainState::Silent);
        let status = files.status.as_ref();
        let open = status.filter(|s| running && files.open_link().is_some_and(|l| l.start.link == s.link));
        let sealed = files.generations.values().flatten().next_back();
        // What was sealed before the file counted in another unit tells nothing in this one.
        let unit = open.map_or_else(|| self.spec.unit(), |s| s.unit);
        let sealed = sealed.filter(|g| g.unit == unit);
        let sealed_tiles = sealed.map_or(0, |g| g.tiles);
        let complete = state == ChainState::Complete;
        // A link that has not opened its inputs yet does not know how many there are.
        let known = files.tiles().filter(|_| complete).or(status.map(|s| s.total)).filter(|t| *t > 0);
        let total = known.or(sealed.map(|g| g.total)).unwrap_or(0);
        let tiles = if complete { total } else { open.map_or(sealed_tiles, |s| s.tiles.max(sealed_tiles)) };
        let links = link_views(files);
        let pace = self.spec.pace.map_or(f64::INFINITY, |p| p.tiles_per_minute);
        // What a silent link said of its speed tells no end.
        // … nor what one of a program did before it was saved, and waits for its end.
        let works = |s: &&Status| s.unit.is_tiles() || !matches!(s.phase, Phase::Waiting | Phase::Opening);
        let at_work = open.filter(|_| state == ChainState::Running);
        let rate = at_work.filter(works).map(|s| s.tiles_per_minute.min(pace));
        ChainView {
            id: id.clone(),
            label: seen.chain.label(),
            months: months.to_vec(),
            state,
            tiles,
            sealed_tiles: if complete { total } else { sealed_tiles },
            total,
            unit,
            hops: links.iter().filter(|l| l.hop).count() as u32,
            links,
            attempts: record.attempts.len() as u32,
            resubmissions: record.resubmissions(),
            generations: files.generation_views(),
            job: job.filter(|(_, j)| !j.state.is_over()).map(|(attempt, j)| job_view(*attempt, j)),
            unseen: seen.unseen(&jobs),
            jobs: jobs.iter().map(|(attempt, job)| job_view(*attempt, job)).collect(),
            phase: open.map(|s| s.phase),
            tiles_per_minute: rate,
            silent_for: if running { files.silent_ms(seen.now_ms).map(|ms| ms / 1000) } else { None },
            eta: rate.filter(|_| total > 0).and_then(|rate| eta(total.saturating_sub(tiles), rate)),
            margin: self.margin(open.and_then(|s| s.saving), files),
            said: open.map(|s| clean(&s.said)).filter(|said| !said.is_empty()),
            unsaved: self.spec.is_unsaved(),
            left_out: files.left_out().into_iter().flatten().map(|node| clean(node)).collect(),
            failure: failure.map(|failure| FailureView {
                failure,
                chain: seen.chain.label(),
                months: months.to_vec(),
            }),
            maps: files.maps.clone().unwrap_or_default(),
            quicklook: files.quicklook.clone(),
            logs: files.logs.clone(),
        }
    }
}

impl Controller {
    /// How long before the walltime the program of a chain is saved, by what its running link says, else by its last image.
    fn margin(&self, now: Option<Saving>, files: &ChainFiles) -> Option<MarginView> {
        self.spec.command().filter(|command| command.is_dumped())?;
        let last = files.generations.values().flatten().next_back();
        let scale = self.batch.info.as_ref().map_or(1.0, |info| info.time_scale);
        Some(MarginView::of(&self.spec, now.or_else(|| last.and_then(saving_of)), scale))
    }
}

/// Whether not even a small record can be written to the disk of this folder.
fn is_full(folder: &Path) -> bool {
    const RECORD: u64 = 16 << 10;
    nix::sys::statvfs::statvfs(folder).is_ok_and(|disk| {
        let bytes = disk.blocks_available().saturating_mul(disk.fragment_size());
        bytes < RECORD || (disk.files() > 0 && disk.files_available() == 0)
    })
}

/// Seconds for so much work at this rate; `None` before the first of it.
fn eta(left: u64, rate: f64) -> Option<u64> {
    (rate > 0.0 && rate.is_finite()).then(|| (left as f64 / rate * 60.0).ceil() as u64)
}

/// What is known of one chain.
struct Seen<'a> {
    chain: &'a Chain,
    id: &'a ChainId,
    months: &'a [u8],
    record: &'a ChainRecord,
    files: &'a ChainFiles,
    now_ms: u64,
    spec: &'a Spec,
    state_folder: &'a Path,
}

impl Seen<'_> {
    fn state(&self, job: Option<(u32, &Job)>) -> (ChainState, Option<Failure>) {
        if self.files.maps.is_some() || self.record.stage == Stage::Complete {
            return (ChainState::Complete, None);
        }
        if let Some(link) = self.foreground() {
            return self.foreground_state(link);
        }
        match &self.record.stage {
            Stage::Planned => (ChainState::Planned, None),
            Stage::Unknown => (ChainState::SubmissionUnknown, None),
            Stage::Failed(failure) => (ChainState::Failed, Some(failure.clone())),
            Stage::Stopped => (ChainState::Stopped, None),
            Stage::Complete => (ChainState::Complete, None),
            Stage::Live | Stage::Stopping { .. } => (self.live_state(job), None),
        }
    }

    fn silent(&self) -> bool {
        self.files.is_silent(self.now_ms) == Some(true)
    }

    /// The job that the last attempt became, while the batch system shows none of it.
    fn unseen(&self, jobs: &[(u32, &Job)]) -> Option<u64> {
        let (last, attempt) = self.record.attempts.last_key_value()?;
        let shown =
            jobs.iter().any(|(of, _)| of == last) || self.record.jobs.values().any(|j| j.attempt == *last);
        attempt.job.filter(|_| !shown).map(|job| job.0)
    }

    /// The newest link, if it is a run in the foreground after all that the batch system had.
    fn foreground(&self) -> Option<&LinkFiles> {
        let newest = self.files.links.values().next_back().filter(|l| l.start.is_local())?;
        let after = match self.record.stage {
            Stage::Planned => true,
            Stage::Failed(_) | Stage::Stopped => Some(newest.start.link) > self.record.link_at_end,
            _ => false,
        };
        after.then_some(newest)
    }

    fn foreground_state(&self, link: &LinkFiles) -> (ChainState, Option<Failure>) {
        let disk = || self.files.view(self.now_ms, self.spec, self.months);
        let Some(end) = &link.end else {
            if !host::may_live(&link.start.node, link.start.pid) {
                let full = is_full(self.state_folder);
                let failure = foreground_gone(link.start.pid, full, &disk());
                return (ChainState::Failed, Some(failure));
            }
            return (if self.silent() { ChainState::Silent } else { ChainState::Running }, None);
        };
        match of_foreground(end.class, &end.message, &disk()) {
            None => (ChainState::Stopped, None),
            failure => (ChainState::Failed, failure),
        }
    }

    fn live_state(&self, job: Option<(u32, &Job)>) -> ChainState {
        // How an earlier attempt ended says nothing of this one.
        let last = self.record.last_attempt();
        let job = job.filter(|(attempt, job)| *attempt == last || !job.state.is_over()).map(|(_, job)| job);
        let known = self.record.jobs.values().rfind(|j| j.attempt == last);
        let stage = job.map(|j| stage_of(&j.state)).or(known.map(|j| j.stage));
        let newest = self.files.links.values().next_back();
        // The batch system shows no job of it, but a link that began since it was last over has not ended.
        let runs = |link: &&LinkFiles| link.end.is_none() && Some(link.start.link) > self.record.link_at_end;
        match stage {
            None if newest.as_ref().is_some_and(runs) => {
                if self.silent() {
                    ChainState::Silent
                } else {
                    ChainState::Running
                }
            }
            None | Some(JobStage::Waiting) => ChainState::Waiting,
            Some(JobStage::Over) => ChainState::Between,
            Some(JobStage::OnNode) => {
                let known = || self.record.jobs.iter().rfind(|(_, j)| j.attempt == last).map(|(run, _)| *run);
                let run = job.map(Job::key).or_else(known).map(|run| run.to_string());
                match newest.filter(|l| Some(&l.start.job_id) == run.as_ref()) {
                    Some(link) if link.end.is_some() => ChainState::Between,
                    Some(_) if self.silent() => ChainState::Silent,
                    _ => ChainState::Running,
                }
            }
        }
    }
}

fn link_views(files: &ChainFiles) -> Vec<LinkView> {
    let mut before: Option<&str> = None;
    let mut views = Vec::with_capacity(files.links.len());
    for (number, link) in &files.links {
        let node = link.start.node.as_str();
        views.push(LinkView {
            link: *number,
            job_id: clean(&link.start.job_id),
            node: clean(node),
            program: clean(&link.start.program),
            numerics: link.start.numerics,
            inputs: link.resume.as_ref().map(|r| clean(&r.inputs)).filter(|inputs| !inputs.is_empty()),
            started_ms: link.start.started_ms,
            ended_ms: link.end.as_ref().map(|e| e.ended_ms),
            resumed: link.resume.as_ref().map(|resume| clean(&resumed_words(resume))),
            end: link.end.as_ref().map(|e| clean(&e.message)),
            class: link.end.as_ref().map(|e| e.class),
            hop: before.is_some_and(|b| b != node),
        });
        before = Some(node);
    }
    views
}

fn resumed_words(resume: &crate::checkpoint::LinkResume) -> String {
    let from = match resume.from {
        Some(generation) => {
            format!("from generation {} with {}", generation.0, resume.unit.amount(resume.tiles))
        }
        None => "from the beginning".to_owned(),
    };
    let rejected =
        resume.rejected.iter().map(|r| format!("generation {} rejected: {}", r.generation.0, r.why));
    let lost = resume.lost.iter().map(|l| format!("{}: {} computed again", l.why, count(l.tiles, "tile")));
    [from].into_iter().chain(rejected).chain(lost).collect::<Vec<_>>().join("; ")
}

fn job_view(attempt: u32, job: &Job) -> JobView {
    let moment = |seconds: i64| (seconds > 0).then_some(seconds);
    JobView {
        id: job.id.0,
        attempt,
        state: job.state.clone(),
        node: job.node.as_deref().map(clean),
        restart: job.restart,
        end: match job.ended() {
            Some(Ending::Code(code)) => Some(format!("exit code {code}")),
            Some(Ending::Signal(signal)) => Some(format!("signal {signal}")),
            None => job.state.is_over().then(|| "no exit code".to_owned()),
        },
        resubmitted_from: job.resubmitted_from.map(|from| from.id.0),
        submitted: moment(job.submitted),
        started: moment(job.started),
        stopped: moment(job.stopped),
        message: clean(&job.message),
        expected_start: job.expected_start,
    }
}
