//! Reads links, generations and the scheduler, feeds the state machine, does its effects.
//!
//! One controller serves both faces: the terminal UI calls it from a thread of its own, the commands directly. Looking
//! takes no lease; what it finds that the journal lacks is folded in memory and shown, and journalled by who next acts.
//! Acting takes the lease for as long as it lasts. The order of every submission is: attempt file (exclusive),
//! journalled intent, the batch system, journalled outcome.

mod act;
mod anew;
mod batch;
mod disk;
mod doubts;
mod follow;
mod history;
mod install;
mod lease;
mod many;
mod reach;
mod request;
mod sure;
mod view;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tracing::debug_span;

use self::batch::Batch;
use self::disk::ChainFiles;
use self::doubts::Kept;
use self::install::Nodes;
use super::chains;
use super::event::{Entry, Event};
use super::identity::Identity;
use super::inputs::Inputs;
use super::journal::{self, Journal};
use super::lease::{Lease, Other};
use super::machine::{self, Decision, Doubts, Limits, Observation, State};
use super::snapshot::{HistoryLine, Snapshot};
use super::spec::{self, Changed, Loaded, Spec};
use crate::batch::{JobState, Token};
use crate::checkpoint::{CampaignDir, Chain, ChainId, LinkNumber};
use crate::clusters::ClusterChoice;
use crate::durable::{DurableError, atomic, beneath, sealed};
use history::KEPT;

pub use super::actions::{Action, ActionKind};
pub use follow::{edits, restore};
pub use reach::{Connect, Patience, Reach};
pub use request::{ControlError, DISK_FULL_HINT};
pub use sure::Submission;

/// A campaign opened by this process.
pub struct Controller {
    campaign: CampaignDir,
    identity: Identity,
    spec: Spec,
    chains: Vec<Chain>,
    reach: Reach,
    lease: Lease,
    /// What a later program wrote to the journal, in words: this one then only reads.
    newer: Option<String>,
    /// There while the lease is held.
    journal: Option<Journal>,
    entries: Vec<Entry>,
    /// How many records the journal has.
    recorded: u64,
    /// What was found and is not journalled: nobody has acted since.
    news: Vec<Entry>,
    /// The journal's length at the last reading, for a reader.
    read_length: u64,
    /// The history's lines, while nothing is new.
    told: OnceCell<Vec<HistoryLine>>,
    /// Entries were read for which disk and batch system were not asked yet when they happened.
    undated: bool,
    state: State,
    doubts: Doubts,
    /// What lies on disk of what sessions wait to be sure of.
    kept: Kept,
    files: BTreeMap<ChainId, ChainFiles>,
    batch: Batch,
    program: Option<String>,
    /// Who else holds the lease, as last seen.
    other: Option<Other>,
    /// The folder can be written by this person.
    writable: bool,
    /// A person is asking for something at this moment.
    asked: bool,
    /// Links for whose chain another attempt was made, or tried, by this session itself.
    tried: BTreeSet<(ChainId, LinkNumber)>,
    /// What changed of the campaign's file when it was given to [`Controller::create`].
    taken: Vec<Changed>,
}

impl Controller {
    /// Makes the campaign's folder from its file, which leaves nothing open ([`Spec::leaves_open`]): frozen spec, program, journal. Opens it if it exists, and goes by its file
    /// from now on: see [`Controller::follow`].
    ///
    /// # Errors
    /// When the output folder belongs to another spec, or cannot be written; when something is left open.
    pub fn create(loaded: &Loaded, cluster: &ClusterChoice) -> Result<Self, ControlError> {
        Self::create_with(loaded, cluster, Reach::default())
    }

    /// As [`Controller::create`], reaching the world by `reach`.
    ///
    /// # Errors
    /// As [`Controller::create`].
    pub fn create_with(loaded: &Loaded, cluster: &ClusterChoice, reach: Reach) -> Result<Self, ControlError> {
        let campaign = CampaignDir::new(&loaded.spec.output);
        let made = if beneath::exists(&campaign.identity()) {
            restore(loaded)?;
            None
        } else {
            make(&campaign, loaded, cluster, &reach)?
        };
        let mut controller = Self::open_with(campaign.output(), reach)?;
        if let Some(program) = made {
            // Not copied and read back once more for the first attempt.
            controller.program = Some(program);
            controller.holding(|c| c.choose_cluster(cluster))?;
        } else {
            controller.taken = controller.follow(loaded)?;
            if *cluster != controller.identity.cluster {
                controller.holding(|c| c.choose_cluster(cluster))?;
            }
        }
        Ok(controller)
    }

    /// Opens an existing campaign by its output folder, to look at it and to act.
    ///
    /// # Errors
    /// When there is no campaign or its files cannot be read.
    pub fn open(output: &Path) -> Result<Self, ControlError> {
        Self::open_with(output, Reach::default())
    }

    /// As [`Controller::open`], reaching the world by `reach`.
    ///
    /// # Errors
    /// As [`Controller::open`].
    pub fn open_with(output: &Path, reach: Reach) -> Result<Self, ControlError> {
        let output = std::path::absolute(output).unwrap_or_else(|_| output.to_path_buf());
        let campaign = CampaignDir::new(&output);
        let identity = read_identity(&campaign)?;
        let spec = spec::frozen(&campaign, &identity.spec)?;
        let mut controller = Self {
            lease: Lease::new(&campaign.lease()),
            chains: chains::of(&campaign, &spec)?,
            campaign,
            identity,
            spec,
            reach,
            newer: None,
            journal: None,
            entries: Vec::new(),
            recorded: 0,
            news: Vec::new(),
            read_length: 0,
            told: OnceCell::new(),
            undated: false,
            state: State::default(),
            doubts: Doubts::default(),
            kept: Kept::default(),
            files: BTreeMap::new(),
            batch: Batch::default(),
            program: None,
            other: None,
            writable: false,
            asked: false,
            tried: BTreeSet::new(),
            taken: Vec::new(),
        };
        controller.writable = lease::may_write(&controller.campaign.state());
        controller.read_journal()?;
        controller.remember_doubts();
        controller.other = controller.lease.look((controller.reach.now_ms)());
        Ok(controller)
    }

    /// What the file given to [`Controller::create`] said otherwise than the campaign that was there; it goes by that now.
    #[must_use]
    pub fn taken(&self) -> &[Changed] {
        &self.taken
    }

    /// The campaign's spec, frozen.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The hash of the frozen spec.
    #[must_use]
    pub fn spec_hash(&self) -> &str {
        &self.identity.spec
    }

    /// The campaign's folders.
    #[must_use]
    pub fn campaign(&self) -> &CampaignDir {
        &self.campaign
    }

    /// The batch system it goes to.
    #[must_use]
    pub fn cluster(&self) -> &ClusterChoice {
        &self.identity.cluster
    }

    /// Its chains, by the record of each.
    #[must_use]
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }

    /// With these chains instead of those that the file can say.
    #[cfg(test)]
    pub(crate) fn with_chains(self, chains: Vec<Chain>) -> Self {
        Self { chains, ..self }
    }

    /// Reads everything anew and decides what it means. Takes no lease and never waits for a job.
    ///
    /// # Errors
    /// When the campaign's own files fail; a silent batch system is no error but part of the snapshot.
    pub fn refresh(&mut self) -> Result<Snapshot, ControlError> {
        self.look(false)?;
        Ok(self.snapshot())
    }

    /// One round: disk, batch system (when due or `forced`), decisions; with the lease their effects too.
    fn look(&mut self, forced: bool) -> Result<(), ControlError> {
        let _step = debug_span!("refresh", forced).entered();
        if self.journal.is_none() {
            self.read_journal()?;
            self.other = self.lease.look((self.reach.now_ms)());
        }
        self.read_files()?;
        let now_ms = (self.reach.now_ms)();
        let polled = self.poll(now_ms, forced);
        if polled && self.ended_meanwhile() {
            // What a job leaves is there before its end is told: what was read before the answer may be older than that.
            self.read_files()?;
        }
        if polled {
            self.date_entries();
        }
        self.excuse_suspended(now_ms);
        let due = self.decide(polled)?;
        if due && self.journal.is_none() && self.reach.resident {
            self.do_what_is_due()?;
        }
        Ok(())
    }

    /// What was seen means; whether anything outside is to be done about it that was not.
    fn decide(&mut self, polled: bool) -> Result<bool, ControlError> {
        let _step = debug_span!("decide", polled).entered();
        let now_ms = (self.reach.now_ms)();
        let observation = Observation {
            now_ms,
            batch: self.batch.view.clone().filter(|_| polled),
            disk: self
                .files
                .iter()
                .map(|(id, files)| (id.clone(), self.disk_view(id, files, now_ms)))
                .collect(),
            limits: self.limits(),
        };
        let decisions = machine::decide(&self.state, &observation, &mut self.doubts);
        let due = self.carry_out(decisions)?;
        self.keep_doubts()?;
        Ok(due)
    }

    fn disk_view(&self, id: &ChainId, files: &ChainFiles, now_ms: u64) -> machine::DiskView {
        let chain = self.chains.iter().find(|chain| chain.id == *id);
        files.view(now_ms, &self.spec, chain.map(|chain| chain.months.as_slice()).unwrap_or_default())
    }

    /// Reads what is new of each chain's files. When, only the clock says: since then heartbeats are watched.
    fn read_files(&mut self) -> Result<(), ControlError> {
        let _step = debug_span!("read_chains").entered();
        let now_ms = (self.reach.now_ms)();
        for chain in &self.chains {
            self.files.entry(chain.id.clone()).or_default();
        }
        let known = self.chains.iter().map(|chain| &chain.id).collect::<std::collections::BTreeSet<_>>();
        let chains = self.files.iter_mut().filter(|(chain, _)| known.contains(chain));
        let chains =
            chains.map(|(chain, files)| (chain.clone(), self.campaign.chain(chain), files)).collect();
        disk::refresh_all(chains, &self.campaign, now_ms, &self.kept.beats)?;
        Ok(())
    }

    /// This session does not hold the lease.
    fn read_only(&self) -> ControlError {
        if let Some(newer) = &self.newer {
            return DurableError::unknown_form(&self.campaign.journal(), newer.clone()).into();
        }
        let why = self.lease.why_not().unwrap_or("another session acts").to_owned();
        let cure = if self.other.is_some() { request::ANOTHER_ACTS.to_owned() } else { String::new() };
        ControlError::ReadOnly { why, cure }
    }

    /// The heartbeat of a suspended job stands still, and that says nothing.
    fn excuse_suspended(&mut self, now_ms: u64) {
        let Some(view) = &self.batch.view else { return };
        for (chain, files) in &mut self.files {
            let live = machine::live_jobs(self.state.chain(chain), view);
            if live.iter().any(|job| job.state == JobState::Suspended) {
                files.excuse_silence(now_ms);
            }
        }
    }

    fn limits(&self) -> Limits {
        let scale = self.batch.info.as_ref().map_or(1.0, |i| i.time_scale).max(1.0);
        // A minute of the scheduler's time, and never less than a few seconds of ours.
        let settle_ms = (60_000.0 / scale).max(5_000.0) as u64;
        Limits { max_links: self.spec.max_links, settle_ms }
    }

    /// Journals and does what was decided; without the lease everything is only taken into the picture. Whether there
    /// is anything to be done outside that was not.
    fn carry_out(&mut self, decisions: Vec<Decision>) -> Result<bool, ControlError> {
        let mut events = Vec::new();
        let mut deletions = Vec::new();
        let mut elsewhere = Vec::new();
        for decision in decisions {
            match decision {
                Decision::Record(event) => events.push(event),
                Decision::Delete { job, .. } => deletions.push(job),
                Decision::Elsewhere { chain, link } => elsewhere.push((chain, link)),
            }
        }
        self.record(events)?;
        if self.journal.is_none() {
            let new = |(chain, link): &(ChainId, LinkNumber)| !self.tried.contains(&(chain.clone(), *link));
            return Ok(!deletions.is_empty() || elsewhere.iter().any(new));
        }
        for job in deletions {
            let Some(client) = self.batch.client.as_mut() else { continue };
            // Not done now is done at the next look: the job then still lives.
            if let Err(e) = client.delete(job) {
                self.batch.error = Some(e);
            }
        }
        for (chain, link) in elsewhere {
            self.go_elsewhere(&chain, link)?;
        }
        Ok(false)
    }

    /// Takes events into the state; with the lease they are journalled first, durably.
    fn record(&mut self, events: Vec<Event>) -> Result<(), ControlError> {
        if events.is_empty() {
            return Ok(());
        }
        let happened = |event: Event| Entry { happened_ms: self.happened(&event), ..journal::entry(event) };
        let entries: Vec<Entry> = events.into_iter().map(happened).collect();
        if self.journal.is_some() && !self.lease.verify()? {
            self.journal = None;
        }
        if let Some(journal) = &mut self.journal {
            let _step = debug_span!("journal", entries = entries.len()).entered();
            journal.append(&entries)?;
        }
        self.told = OnceCell::new();
        for entry in entries {
            self.state.apply(&entry.event);
            if self.journal.is_some() {
                self.recorded += 1;
                self.entries.push(entry);
                KEPT.prune(&mut self.entries);
            } else {
                self.news.push(entry);
            }
        }
        Ok(())
    }

    /// Another batch system may be chosen as long as nothing was submitted.
    fn choose_cluster(&mut self, cluster: &ClusterChoice) -> Result<(), ControlError> {
        if *cluster == self.identity.cluster {
            return Ok(());
        }
        self.read_files()?;
        if !self.tokens().is_empty() {
            return Err(ControlError::Foreign {
                what: format!(
                    "this campaign was submitted to {}: it cannot go on on {}",
                    self.identity.cluster.words(),
                    cluster.words()
                ),
                cure: "leave out --cluster and --cluster-dir: the campaign knows its own".to_owned(),
            });
        }
        self.identity.cluster = cluster.clone();
        self.identity.write(&self.campaign)?;
        self.batch = Batch::default();
        self.record(vec![Event::ClusterChosen { cluster: cluster.words() }])
    }

    /// The tokens of all attempts, journalled or only on disk.
    fn tokens(&self) -> Vec<Token> {
        let mut tokens = self.state.tokens();
        for (chain, files) in &self.files {
            let known = self.state.chain(chain);
            tokens.extend(files.tokens().filter(|(n, _)| !known.attempts.contains_key(n)).map(|(_, t)| t));
        }
        tokens
    }
}

/// Makes a campaign's folder; the program that its jobs run, or `None` where somebody else made one meanwhile.
fn make(
    campaign: &CampaignDir,
    loaded: &Loaded,
    cluster: &ClusterChoice,
    reach: &Reach,
) -> Result<Option<String>, ControlError> {
    let spec = &loaded.spec;
    // What the jobs go by must not depend on anything but the frozen spec.
    if spec.leaves_open() {
        return Err(ControlError::Open);
    }
    atomic::create_folder(&campaign.maps())?;
    atomic::create_folder(&campaign.state())?;
    let hash = install::frozen_spec(campaign, spec)?;
    let chains = chains::record(campaign, spec)?;
    let source = reach.program.clone().unwrap_or_else(install::this_program);
    let program = install::program(campaign, &source)?;
    let mut known = BTreeMap::new();
    let identity = Identity::new(&spec.name, &hash, cluster);
    for chain in &chains {
        let jobs = install::Jobs {
            chain: &chain.id,
            spec,
            spec_hash: &hash,
            program: &program,
            id: &identity.id,
            nodes: &Nodes::default(),
            manner: identity.cluster.manner(),
        };
        install::job_script(campaign, jobs)?;
        let inputs = Inputs::take(spec, chain, &mut known);
        sealed::create_exclusive(&campaign.chain(&chain.id).inputs(), &inputs)?;
    }
    // Last: from here on the campaign exists. Of two makers the second opens what the first made.
    let first = sealed::create_exclusive(&campaign.identity(), &identity)?;
    Ok(first.then_some(program))
}

/// The campaign's identity, or what to do without it.
fn read_identity(campaign: &CampaignDir) -> Result<Identity, ControlError> {
    Identity::read(campaign).map_err(|e| match e {
        e if e.is_missing() => ControlError::NoCampaign(campaign.output().to_path_buf()),
        e @ DurableError::Damaged { .. } => ControlError::Unreadable {
            what: e.to_string(),
            cure: "remove this file and give the campaign file again: attempts, checkpoints and maps are found anew"
                .to_owned(),
        },
        e => ControlError::File(e),
    })
}
