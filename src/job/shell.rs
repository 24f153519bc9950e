//! The shell of a link: what every link does, whatever it runs. It holds the link's place in the chain, says what is done, seals
//! generations, and ends in one of a few ways. What is done in it is its [`Body`].

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::failure::LinkFailure;
use super::heart::Heart;
use super::log::{Log, now_ms};
use super::origin::{self, Limit};
use super::terms::{Progress, RunOptions, wait_until};
use crate::campaign::spec;
use crate::checkpoint::form::{self, FORM};
use crate::checkpoint::{
    CampaignDir, ChainDir, Complete, Generation, GenerationNumber, Image, LinkNumber, LinkStart, MapRecord,
    Phase, Segment, seal,
};
use crate::durable::DurableError;
use crate::engine::NUMERICS;

/// What a link runs: tiles of maps, or a program.
pub(super) trait Body {
    /// All of its work. On [`Shell::must_stop`] it seals what is done and leaves by [`Shell::leave`].
    fn run(&self, shell: &Shell<'_>) -> Result<Done, LinkFailure>;
}

/// How a link ended well, with what to say about it.
pub(super) enum Done {
    /// Every map is there and verified.
    Complete(String),
    /// Sealed and stopped.
    Checkpointed(String),
    /// Sealed and stopped, and not to go on by itself.
    Limited(Limit, String),
}

/// What a link works with, and what is known of the chain for its end.
pub(super) struct Shell<'a> {
    pub(super) campaign: &'a CampaignDir,
    pub(super) dir: ChainDir,
    pub(super) options: &'a RunOptions,
    pub(super) link: LinkNumber,
    start: &'a LinkStart,
    pub(super) log: &'a Log,
    pub(super) heart: &'a Heart,
    report: &'a (dyn Fn(&Progress) + Sync),
    /// Kept outside the work, so that a panic does not take it along.
    ledger: Mutex<Ledger>,
}

/// What is known of the chain, for the link's end.
#[derive(Default)]
struct Ledger {
    sealed: Option<GenerationNumber>,
    tiles: u64,
    needed: Option<u64>,
    /// This link sealed tiles that it computed.
    advanced: bool,
}

/// What a generation is to hold.
pub(super) struct Payload {
    /// Units of work done, of `total`.
    pub(super) done: u64,
    pub(super) total: u64,
    /// Bytes of all its files.
    pub(super) bytes: u64,
    pub(super) segments: Vec<Segment>,
    pub(super) maps: Vec<MapRecord>,
    pub(super) image: Option<Image>,
    /// Some of it was done by this link.
    pub(super) advanced: bool,
}

impl<'a> Shell<'a> {
    pub(super) fn new(
        campaign: &'a CampaignDir,
        options: &'a RunOptions,
        start: &'a LinkStart,
        log: &'a Log,
        heart: &'a Heart,
        report: &'a (dyn Fn(&Progress) + Sync),
    ) -> Self {
        let dir = campaign.chain(&options.chain.id);
        let link = start.link;
        Self { campaign, dir, options, link, start, log, heart, report, ledger: Mutex::default() }
    }

    /// The link's whole work.
    pub(super) fn run(&self, body: &dyn Body) -> Result<Done, LinkFailure> {
        self.enter(Phase::Opening);
        if let Some(limit) = origin::exceeded(&self.dir, self.start, self.options.spec.max_links) {
            return Ok(Done::Limited(limit.clone(), limit.to_string()));
        }
        body.run(self)
    }

    /// What a complete chain has recorded; `None`: it is not complete.
    pub(super) fn completed(&self) -> Result<Option<Complete>, LinkFailure> {
        let path = self.dir.complete();
        let complete: Complete = match form::read(&path) {
            Ok(complete) => complete,
            Err(e) if e.is_missing() => return Ok(None),
            Err(e @ DurableError::Damaged { .. }) => {
                self.log.say(&format!("{e}: the record of the finished maps is made anew."));
                return Ok(None);
            }
            Err(e) => return Err(e.into()),
        };
        if complete.link <= self.after()? {
            return Ok(None);
        }
        if !self.is_of_this_campaign(&complete.spec)? {
            return Err(self.of_another(&path, &complete.spec));
        }
        Ok(Some(complete))
    }

    /// Whether a record with this spec's hash is of this campaign's work, be it of an earlier place of it.
    pub(super) fn is_of_this_campaign(&self, spec: &str) -> Result<bool, LinkFailure> {
        Ok(spec == self.options.spec_hash
            || spec::lineage(self.campaign)?.iter().any(|former| former == spec))
    }

    /// A record that is of another campaign's.
    pub(super) fn of_another(&self, path: &Path, spec: &str) -> LinkFailure {
        LinkFailure::Foreign(format!(
            "{}: belongs to the campaign file with hash {spec}, this job to {} (use another output folder)",
            path.display(),
            self.options.spec_hash
        ))
    }

    /// Whether the link must stop, asked anew.
    pub(super) fn must_stop(&self) -> bool {
        self.heart.must_stop()
    }

    /// Before something is published: no newer link began, and the folder is still that of this link's campaign.
    pub(super) fn ensure_own(&self) -> Result<(), LinkFailure> {
        seal::ensure_unfenced(&self.dir, self.link)?;
        if self.start.is_of_another(&self.dir) {
            return Err(LinkFailure::Gone(self.dir.link_start(self.link)));
        }
        Ok(())
    }

    /// Seals what is done so far as the next generation above `above`; what it names must be durable already.
    pub(super) fn seal(
        &self,
        payload: Payload,
        above: Option<GenerationNumber>,
    ) -> Result<Generation, LinkFailure> {
        let draft = Generation {
            form: FORM,
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            number: GenerationNumber(0),
            link: self.link,
            spec: self.options.spec_hash.clone(),
            sealed_ms: now_ms(),
            tiles: payload.done,
            total: payload.total,
            unit: self.options.spec.unit(),
            bytes: payload.bytes,
            segments: payload.segments,
            numerics: NUMERICS,
            maps: payload.maps,
            image: payload.image,
        };
        let generation = seal::seal(&self.dir, draft, above)?;
        self.remember(Some(generation.number), generation.tiles);
        self.ledger().advanced |= payload.advanced;
        self.heart.update(|s| {
            s.generation = Some(generation.number);
            s.sealed_tiles = generation.tiles;
        });
        Ok(generation)
    }

    /// Whether the disk was out of reach at the end of a link that had sealed new tiles: then the next link goes on, perhaps on
    /// a node that reaches it. A link that sealed nothing new would be followed by the same again and again.
    pub(super) fn goes_on_after(&self, failure: &LinkFailure) -> bool {
        failure.is_passing()
            && self.ledger().advanced
            && self.limit().is_none()
            && self.wait_until_counted().is_ok()
    }

    /// Ends so that the chain goes on, but not before the batch system counts it; or otherwise, lest the chain goes round for ever.
    pub(super) fn leave(&self, how: &str) -> Result<Done, LinkFailure> {
        let asked = self.options.stop.asked.load(std::sync::atomic::Ordering::Relaxed);
        let why = if asked { "asked to stop" } else { "the walltime is near" };
        self.leave_for(&format!("{why}: stopped {how}"))
    }

    /// The same for a reason of its own.
    pub(super) fn leave_for(&self, left: &str) -> Result<Done, LinkFailure> {
        if let Some(limit) = self.limit() {
            return Ok(Done::Limited(limit.clone(), format!("{limit} ({left})")));
        }
        self.wait_until_counted()?;
        Ok(Done::Checkpointed(left.to_owned()))
    }

    /// The limit of links that this one reached.
    fn limit(&self) -> Option<Limit> {
        origin::reached(
            &self.dir,
            self.start,
            self.sealed(),
            self.options.spec.unit(),
            self.options.spec.max_links,
        )
    }

    /// Waits until the batch system counts an end as a checkpoint.
    fn wait_until_counted(&self) -> Result<(), LinkFailure> {
        if let Some(until) = self.options.stop.not_before.filter(|t| *t > Instant::now()) {
            self.enter(Phase::Waiting);
            self.log.say("Checkpointed; waits until the batch system counts this end as a checkpoint.");
            while Instant::now() < until {
                seal::ensure_unfenced(&self.dir, self.link)?;
                wait_until(until.min(Instant::now() + Duration::from_secs(1)), &|| false);
            }
        }
        Ok(())
    }

    /// Says what the link does now.
    pub(super) fn enter(&self, phase: Phase) {
        self.heart.update(|s| s.phase = phase);
        self.tell();
    }

    /// Reports the progress to the caller.
    pub(super) fn tell(&self) {
        let status = self.heart.status();
        (self.report)(&Progress { phase: status.phase, tiles: status.tiles, total: status.total });
    }

    /// Remembers for the link's end what is sealed.
    pub(super) fn remember(&self, sealed: Option<GenerationNumber>, tiles: u64) {
        let mut ledger = self.ledger();
        ledger.sealed = sealed;
        ledger.tiles = tiles;
    }

    /// Remembers what a full disk would lack.
    pub(super) fn remember_needed(&self, needed: u64) {
        self.ledger().needed = Some(needed);
    }

    /// The last generation sealed or resumed, and its tiles.
    pub(super) fn sealed(&self) -> (Option<GenerationNumber>, u64) {
        let ledger = self.ledger();
        (ledger.sealed, ledger.tiles)
    }

    /// Bytes that the chain still has to write, as far as known.
    pub(super) fn bytes_needed(&self) -> Option<u64> {
        self.ledger().needed
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
