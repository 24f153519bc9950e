//! Reads links, generations and the scheduler, feeds the state machine, does its effects.
//!
//! One controller serves both faces: the terminal UI calls it from a thread of its own, the commands directly. The
//! order of every submission is: attempt file (exclusive), journalled intent, the batch system, journalled outcome.

mod act;
mod anew;
mod choice;
mod disk;
mod doubts;
mod follow;
mod install;
mod log;
mod request;
mod view;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::disk::ChainFiles;
use super::event::{Entry, Event};
use super::identity::Identity;
use super::inputs::Inputs;
use super::journal::{self, Journal};
use super::lease::Lease;
use super::machine::{self, BatchView, Decision, Doubts, Limits, Observation, State};
use super::snapshot::Snapshot;
use super::spec::{self, Changed, Loaded, Spec};
use super::{clock, plan};
use crate::checkpoint::form::FORM;
use crate::checkpoint::{CampaignDir, ChainId};
use crate::durable::{DurableError, atomic, beneath, sealed};
use crate::engine::geotiff::Raster;
use crate::oar_client::{BatchError, BatchSystem, ClusterInfo, Job, JobState, Node, Token};

pub use choice::ClusterChoice;
pub use follow::{edits, restore};
pub use request::{Action, ActionKind, ControlError, DISK_FULL_HINT};

/// Makes a client of a batch system.
pub type Connect = Box<dyn Fn(&ClusterChoice) -> Result<Box<dyn BatchSystem>, ControlError> + Send>;

/// What a controller reaches the world by; tests put their own in.
pub struct Reach {
    /// Makes the client of the batch system, when it is first needed.
    pub connect: Connect,
    /// The monotonic clock, milliseconds.
    pub now_ms: Box<dyn Fn() -> u64 + Send>,
    /// The program that jobs run; `None`: this one, or `$ALPSCKPT_PROGRAM`.
    pub program: Option<PathBuf>,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            connect: Box::new(ClusterChoice::connect),
            now_ms: Box::new(clock::monotonic_ms),
            program: None,
        }
    }
}

/// A campaign opened by this process.
pub struct Controller {
    campaign: CampaignDir,
    identity: Identity,
    spec: Spec,
    chains: Vec<(ChainId, Vec<u8>)>,
    reach: Reach,
    lease: Lease,
    /// What a later program wrote to the journal, in words: this one then only reads.
    newer: Option<String>,
    /// There while the lease is held.
    journal: Option<Journal>,
    entries: Vec<Entry>,
    /// The journal's length at the last reading, for a reader.
    read_length: u64,
    state: State,
    doubts: Doubts,
    files: BTreeMap<ChainId, ChainFiles>,
    batch: Batch,
    program: Option<String>,
    /// What changed of the campaign's file when it was given to [`Controller::create`].
    taken: Vec<Changed>,
}

/// The batch system as last seen.
#[derive(Default)]
struct Batch {
    client: Option<Box<dyn BatchSystem>>,
    info: Option<ClusterInfo>,
    view: Option<BatchView>,
    asked_ms: Option<u64>,
    answered_ms: Option<u64>,
    /// When the nodes were last asked for.
    nodes_ms: Option<u64>,
    error: Option<BatchError>,
}

impl Controller {
    /// Makes the campaign's folder from its file: frozen spec, program, journal. Opens it if it exists, and goes by its file
    /// from now on: see [`Controller::follow`].
    ///
    /// # Errors
    /// When the output folder belongs to another spec, or cannot be written.
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
        match made {
            // Not copied and read back once more for the first attempt.
            Some(program) => controller.program = Some(program),
            None => controller.taken = controller.follow(loaded)?,
        }
        controller.choose_cluster(cluster)?;
        Ok(controller)
    }

    /// Opens an existing campaign by its output folder. Takes the lease when it is free.
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
            chains: spec.chains(),
            campaign,
            identity,
            spec,
            reach,
            newer: None,
            journal: None,
            entries: Vec::new(),
            read_length: 0,
            state: State::default(),
            doubts: Doubts::default(),
            files: BTreeMap::new(),
            batch: Batch::default(),
            program: None,
            taken: Vec::new(),
        };
        controller.tend_lease()?;
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

    /// Its chains with their months.
    #[must_use]
    pub fn chains(&self) -> &[(ChainId, Vec<u8>)] {
        &self.chains
    }

    /// Reads everything anew, journals what is new, does what the machine decides. Never waits for a job.
    ///
    /// # Errors
    /// When the campaign's own files fail; a silent batch system is no error but part of the snapshot.
    pub fn refresh(&mut self) -> Result<Snapshot, ControlError> {
        self.look(false)?;
        Ok(self.snapshot())
    }

    /// One round: lease, disk, batch system (when due or `forced`), decisions, effects.
    fn look(&mut self, forced: bool) -> Result<(), ControlError> {
        self.tend_lease()?;
        let now_ms = (self.reach.now_ms)();
        self.read_files(now_ms)?;
        let polled = self.poll(now_ms, forced);
        self.excuse_suspended(now_ms);
        let observation = Observation {
            now_ms,
            batch: self.batch.view.clone().filter(|_| polled),
            disk: self.files.iter().map(|(chain, files)| (chain.clone(), files.view())).collect(),
            limits: self.limits(),
        };
        let known = self.doubts.clone();
        let decisions = machine::decide(&self.state, &observation, &mut self.doubts);
        self.carry_out(decisions)?;
        if self.doubts != known && self.journal.is_some() {
            doubts::keep(&self.campaign, &self.doubts)?;
        }
        Ok(())
    }

    /// Reads what is new of each chain's files.
    fn read_files(&mut self, now_ms: u64) -> Result<(), ControlError> {
        for (chain, _) in &self.chains {
            let files = self.files.entry(chain.clone()).or_default();
            files.refresh(&self.campaign.chain(chain), &self.campaign.maps(), now_ms)?;
        }
        Ok(())
    }

    /// This frontend does not hold the lease.
    fn read_only(&self) -> ControlError {
        if let Some(newer) = &self.newer {
            return DurableError::unknown_form(&self.campaign.journal(), newer.clone()).into();
        }
        ControlError::ReadOnly { why: self.lease.why_not().unwrap_or("another frontend acts").to_owned() }
    }

    /// The heartbeat of a suspended job stands still, and that says nothing.
    fn excuse_suspended(&mut self, now_ms: u64) {
        let Some(view) = &self.batch.view else { return };
        for (chain, files) in &mut self.files {
            let live = machine::live_jobs(&self.state.chain(chain), view);
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

    /// Journals and does what was decided. Without the lease everything is only taken into the picture.
    fn carry_out(&mut self, decisions: Vec<Decision>) -> Result<(), ControlError> {
        let mut events = Vec::new();
        let mut deletions = Vec::new();
        for decision in decisions {
            match decision {
                Decision::Record(event) => events.push(event),
                Decision::Delete { job, .. } => deletions.push(job),
            }
        }
        self.record(events)?;
        if self.journal.is_none() {
            return Ok(());
        }
        for job in deletions {
            let Some(client) = self.batch.client.as_mut() else { continue };
            // Not done now is done at the next look: the job then still lives.
            if let Err(e) = client.delete(job) {
                self.batch.error = Some(e);
            }
        }
        Ok(())
    }

    /// Takes events into the state; with the lease they are journalled first, durably.
    fn record(&mut self, events: Vec<Event>) -> Result<(), ControlError> {
        if events.is_empty() {
            return Ok(());
        }
        let entries: Vec<Entry> = events.into_iter().map(journal::entry).collect();
        if self.journal.is_some() && !self.lease.verify()? {
            self.journal = None;
        }
        if let Some(journal) = &mut self.journal {
            journal.append(&entries)?;
        }
        for entry in entries {
            self.state.apply(&entry.event);
            if self.journal.is_some() {
                self.entries.push(entry);
            }
        }
        Ok(())
    }

    /// Keeps or gets the lease; with it the journal is opened for writing, without it only read.
    fn tend_lease(&mut self) -> Result<(), ControlError> {
        let path = self.campaign.journal();
        if self.journal.is_none() {
            // Before the lease is taken: what a later program wrote is not even claimed.
            self.read_journal(&path)?;
        }
        let held = self.lease.tend((self.reach.now_ms)())?;
        match (held, self.journal.is_some()) {
            (true, true) => Ok(()),
            (true, false) => {
                let upgraded = match self.upgrade() {
                    Ok(upgraded) => upgraded,
                    Err(e) => return self.decline(e),
                };
                let (journal, reading, aside) = Journal::open(&path)?;
                self.journal = Some(journal);
                let new = reading.good.is_none();
                self.take_in(reading.entries);
                self.doubts = doubts::kept(&self.campaign);
                let mut events = Vec::new();
                if new {
                    let (spec, cluster) = (self.identity.spec.clone(), self.identity.cluster.words());
                    events.push(Event::Created { spec, cluster });
                }
                if let (Some(damage), Some(aside)) = (reading.damage, aside) {
                    let text = format!(
                        "{damage}; set aside as {}; what it said is rebuilt from the chains and the batch system",
                        aside.display()
                    );
                    events.push(Event::Warning { chain: None, text });
                }
                if let Some(text) = upgraded {
                    events.push(Event::Warning { chain: None, text });
                }
                self.record(events)
            }
            (false, had) => {
                self.journal = None;
                if had {
                    self.read_journal(&path)?;
                }
                Ok(())
            }
        }
    }

    /// Reads the journal if it grew. One that a later program wrote to makes a reader of this frontend.
    fn read_journal(&mut self, path: &Path) -> Result<(), ControlError> {
        let length = beneath::facts(path).map_or(0, |m| m.len());
        if length == self.read_length && length > 0 {
            return Ok(());
        }
        let reading = journal::read(path)?;
        self.read_length = length;
        if let Some(newer) = &reading.newer {
            self.lease.bar(format!("{}: {newer}", path.display()));
        }
        self.newer = reading.newer;
        self.take_in(reading.entries);
        Ok(())
    }

    /// Brings an older campaign to this program's form, before anything else is written: older programs refuse it from
    /// then on. Says so in words.
    fn upgrade(&mut self) -> Result<Option<String>, ControlError> {
        // Read again: another frontend may have changed it before this one got the lease.
        let identity = read_identity(&self.campaign)?;
        if identity.spec != self.identity.spec {
            self.spec = spec::frozen(&self.campaign, &identity.spec)?;
            self.chains = self.spec.chains();
        }
        self.identity = identity;
        let former = self.identity.form;
        if former >= FORM {
            return Ok(None);
        }
        self.identity.write(&self.campaign)?;
        Ok(Some(format!(
            "the campaign's folder was of form {former} and is now of form {FORM}: older versions of alpsckpt refuse it \
             from now on; jobs that run go on"
        )))
    }

    /// Gives the lease back where the campaign cannot be brought to this program's form: it can still be looked at.
    fn decline(&mut self, why: ControlError) -> Result<(), ControlError> {
        match why {
            ControlError::File(e @ DurableError::Io { .. }) => {
                self.lease.decline(format!("this campaign cannot be claimed: {e}"));
                Ok(())
            }
            e => {
                self.lease.bar(e.to_string());
                Err(e)
            }
        }
    }

    fn take_in(&mut self, entries: Vec<Entry>) {
        self.state = machine::fold(entries.iter().map(|e| &e.event));
        self.entries = entries;
        self.doubts = Doubts::default();
    }

    /// Another batch system may be chosen as long as nothing was submitted.
    fn choose_cluster(&mut self, cluster: &ClusterChoice) -> Result<(), ControlError> {
        if *cluster == self.identity.cluster || self.journal.is_none() {
            return Ok(());
        }
        self.read_files(0)?;
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

    /// Asks the batch system when it is due; whether there is a new answer. A failure keeps the last one.
    fn poll(&mut self, now_ms: u64, forced: bool) -> bool {
        let tokens = self.tokens();
        if tokens.is_empty() {
            return false;
        }
        let due = self
            .batch
            .asked_ms
            .is_none_or(|asked| now_ms.saturating_sub(asked) >= self.identity.cluster.poll_every_ms());
        if !due && !forced {
            return false;
        }
        self.batch.asked_ms = Some(now_ms);
        match self.ask(&tokens, now_ms) {
            Ok(view) => {
                self.batch.view = Some(view);
                self.batch.answered_ms = Some(now_ms);
                self.batch.error = None;
                true
            }
            Err(e) => {
                self.batch.error = Some(match e {
                    ControlError::Batch(e) => e,
                    other => BatchError::Down(other.to_string()),
                });
                false
            }
        }
    }

    fn ask(&mut self, tokens: &[Token], now_ms: u64) -> Result<BatchView, ControlError> {
        if self.batch.info.is_none() {
            self.batch.info = Some(self.client()?.info()?);
        }
        let jobs = self.client()?.find(tokens)?;
        let nodes = if let Some(young) = self.young_nodes(&jobs, now_ms) {
            young
        } else {
            let nodes = self.client()?.nodes()?;
            self.batch.nodes_ms = Some(now_ms);
            nodes
        };
        Ok(BatchView { jobs, nodes })
    }

    /// The nodes as last seen, while they are young and no job of ours has come, moved or ended since: the state of its
    /// node tells why a job ended, and must be as new as the end.
    fn young_nodes(&self, jobs: &[Job], now_ms: u64) -> Option<Vec<Node>> {
        let every_ms = self.identity.cluster.nodes_every_ms();
        let young = self.batch.nodes_ms.is_some_and(|asked| now_ms.saturating_sub(asked) < every_ms);
        let place = |job: &Job| (job.id, job.node.clone(), job.state.is_over());
        let known = self.batch.view.as_ref().filter(|_| young)?;
        let same = known.jobs.iter().map(place).eq(jobs.iter().map(place));
        same.then(|| known.nodes.clone())
    }

    /// The client of the batch system, made when first needed.
    fn client(&mut self) -> Result<&mut Box<dyn BatchSystem>, ControlError> {
        if self.batch.client.is_none() {
            self.batch.client = Some((self.reach.connect)(&self.identity.cluster)?);
        }
        self.batch
            .client
            .as_mut()
            .ok_or_else(|| ControlError::Batch(BatchError::Down("no client".to_owned())))
    }
}

/// Makes a campaign's folder; the program that its jobs run, or `None` where somebody else made one meanwhile.
fn make(
    campaign: &CampaignDir,
    loaded: &Loaded,
    cluster: &ClusterChoice,
    reach: &Reach,
) -> Result<Option<String>, ControlError> {
    let spec = &settled(&loaded.spec);
    atomic::create_folder(&campaign.maps())?;
    atomic::create_folder(&campaign.state())?;
    let hash = install::frozen_spec(campaign, spec)?;
    let source = reach.program.clone().unwrap_or_else(install::this_program);
    let program = install::program(campaign, &source)?;
    let mut known = BTreeMap::new();
    let identity = Identity::new(&spec.name, &hash, cluster);
    for (chain, months) in spec.chains() {
        install::job_script(campaign, &chain, spec, &hash, &program, &identity.id)?;
        let inputs = Inputs::take(spec, &months, &mut known);
        sealed::create_exclusive(&campaign.chain(&chain).inputs(), &inputs)?;
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

/// The spec with the number of months a chain settled: what the jobs go by must not depend on anything but the frozen
/// spec. A DEM that cannot be read is for `check` to report.
fn settled(spec: &Spec) -> Spec {
    let cells = Raster::open(&spec.dem).map_or(0, |dem| {
        let placement = dem.placement();
        placement.width as u64 * placement.height as u64
    });
    plan::settle(spec, &plan::Facts::nominal(spec, cells))
}
