//! One link at work: opens, resumes, and seals; `compute` and `finish` do the two long parts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::heart::Heart;
use super::log::{Log, now_ms};
use super::look::{Sampling, shown_layer};
use super::origin::{self, Limit};
use super::run::{Progress, RunOptions, wait_until};
use super::workload::Workload;
use crate::campaign::inputs::Inputs;
use crate::campaign::spec;
use crate::checkpoint::blocks::{self, BadPart};
use crate::checkpoint::form::FORM;
use crate::checkpoint::resume::{self, Held, Resumed, Shape};
use crate::checkpoint::segment::SegmentWriter;
use crate::checkpoint::{
    CampaignDir, ChainDir, Generation, GenerationNumber, LinkNumber, LinkResume, LinkStart, Lost, MapRecord,
    Phase, Quicklook, Segment, seal,
};
use crate::durable::sealed;
use crate::engine::{EngineError, NUMERICS, Tile, Tiling};
use crate::quantity::{bytes, count};

/// How a link ended well, with what to say about it.
pub(super) enum Done {
    /// Every map is there and verified.
    Complete(String),
    /// Sealed and stopped.
    Checkpointed(String),
    /// Sealed and stopped, and not to go on by itself.
    Limited(Limit, String),
}

/// What a link works with. Its surroundings are fixed; `state` is what its work changes.
pub(super) struct Session<'a> {
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

/// What the work of a link changes.
pub(super) struct State<'w, W> {
    pub(super) workload: &'w W,
    pub(super) pool: &'w rayon::ThreadPool,
    pub(super) tiling: Tiling,
    pub(super) shape: Shape,
    /// Sealed or not: all tiles that need not be computed.
    pub(super) tiles: BTreeMap<u64, Held>,
    /// The segments of earlier links.
    earlier: Vec<Segment>,
    /// This link's own, from its first tile on.
    pub(super) writer: Option<SegmentWriter>,
    pub(super) maps: Vec<MapRecord>,
    /// The newest generation on disk that this link read or sealed, good or not: the next has a higher number.
    newest: Option<GenerationNumber>,
    verified: BTreeSet<GenerationNumber>,
    /// Something is done that no generation tells; true at first, for every link that stops seals at least once.
    pub(super) unsealed: bool,
    pub(super) resume: LinkResume,
    /// How often a tile was found damaged after this link had written it.
    pub(super) damaged: BTreeMap<u64, u32>,
    pub(super) sampling: Sampling,
    pub(super) shown: usize,
    pub(super) look: Option<Quicklook>,
    /// Time spent computing by this link, without the waits of a pace, and the tiles it made.
    pub(super) computing: Duration,
    pub(super) computed: u64,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        campaign: &'a CampaignDir,
        options: &'a RunOptions,
        start: &'a LinkStart,
        log: &'a Log,
        heart: &'a Heart,
        report: &'a (dyn Fn(&Progress) + Sync),
    ) -> Self {
        let dir = campaign.chain(&options.chain);
        let link = start.link;
        Self { campaign, dir, options, link, start, log, heart, report, ledger: Mutex::default() }
    }

    /// The link's whole work.
    pub(super) fn run<W: Workload>(
        &self,
        open: &(dyn Fn() -> Result<W, EngineError> + Sync),
    ) -> Result<Done, Failure> {
        self.enter(Phase::Opening);
        if let Some(limit) = origin::exceeded(&self.dir, self.start, self.options.spec.max_links) {
            return Ok(Done::Limited(limit.clone(), limit.to_string()));
        }
        let pool = self.pool()?;
        let opened = match self.already_complete::<W>(&pool) {
            Ok(Some(done)) => return Ok(done),
            Ok(None) if self.heart.must_stop() => Err(Failure::Stopped),
            Ok(None) => self.check_inputs(&pool).and_then(|checked| {
                let workload = pool.install(open)?;
                self.hold_to_inputs(&workload, &checked)?;
                Ok((workload, checked.inputs))
            }),
            Err(e) => Err(e),
        };
        let (workload, inputs) = match opened {
            Err(Failure::Stopped) => {
                return self.leave("before the inputs were opened: nothing new is sealed");
            }
            other => other?,
        };
        let mut state = match self.resume(&workload, &pool, &inputs) {
            Err(Failure::Stopped) => {
                return self.leave("while the checkpoint was verified: nothing new is sealed");
            }
            other => other?,
        };
        let result = self.work(&mut state);
        if let (Err(failure), Some(writer)) = (&result, state.writer.take())
            && failure.is_disk_full()
        {
            writer.give_back_unsealed();
        }
        result
    }

    fn pool(&self) -> Result<rayon::ThreadPool, Failure> {
        let threads = self.options.threads.max(1) as usize;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|e| Failure::Internal(format!("no {threads} threads can be had: {e}")))
    }

    fn work<W: Workload>(&self, state: &mut State<'_, W>) -> Result<Done, Failure> {
        match self.compute_and_finish(state) {
            Err(Failure::Stopped) => {
                if state.unsealed {
                    self.seal(state)?;
                }
                let none = state.computed == 0 && state.tiles.len() < state.shape.blocks.len();
                let what = if none && self.options.stop.deadline.is_none() {
                    "before one new tile was done".to_owned()
                } else if none {
                    "without time for even one new tile: a longer walltime or a shorter margin is needed"
                        .to_owned()
                } else {
                    format!("after {}", count(state.computed, "new tile"))
                };
                self.leave(&format!(
                    "with {} of {} sealed, {what}",
                    state.tiles.len(),
                    count(state.shape.blocks.len() as u64, "tile")
                ))
            }
            Err(e) => Err(e),
            Ok(message) => Ok(Done::Complete(message)),
        }
    }

    /// Verifies the newest good generation and records what was found.
    fn resume<'w, W: Workload>(
        &self,
        workload: &'w W,
        pool: &'w rayon::ThreadPool,
        inputs: &Inputs,
    ) -> Result<State<'w, W>, Failure> {
        let tiling = workload.tiling();
        let shape = self.shape(workload)?;
        self.ensure_free(&shape.layers)?;
        let began = Instant::now();
        let stop = || self.heart.must_stop();
        let maps = self.campaign.maps();
        let found = pool.install(|| resume::newest_good(&self.dir, &maps, &shape, &stop))?;
        let record = LinkResume {
            from: found.from.as_ref().map(|g| g.number),
            rejected: found.rejected.clone(),
            lost: found.lost.clone(),
            tiles: found.tiles.len() as u64,
            inputs: inputs.short(),
        };
        self.log_resume(&record, shape.blocks.len(), began.elapsed());
        self.ensure_own()?;
        self.record_inputs(inputs)?;
        sealed::replace(&self.dir.link_resume(self.link), &record)?;
        self.remember(record.from, record.tiles);
        self.heart.update(|s| {
            s.total = shape.blocks.len() as u64;
            s.tiles = record.tiles;
            s.sealed_tiles = record.tiles;
            s.generation = record.from;
        });
        let sampling = Sampling::of(tiling);
        let shown = shown_layer(workload.layers());
        let look =
            workload.layers().get(shown).map(|l| painted(&sampling, tiling, sampling.blank(l), &found));
        if let Some(look) = &look {
            self.heart.show(look);
        }
        Ok(State {
            workload,
            pool,
            tiling,
            shape,
            newest: found.rejected.iter().map(|r| r.generation).chain(record.from).max(),
            verified: record.from.into_iter().collect(),
            earlier: found.from.map(|g| g.segments).unwrap_or_default(),
            tiles: found.tiles,
            maps: found.maps,
            writer: None,
            unsealed: true,
            resume: record,
            damaged: BTreeMap::new(),
            sampling,
            shown,
            look,
            computing: Duration::ZERO,
            computed: 0,
        })
    }

    /// What the chain's generations must fit.
    fn shape<W: Workload>(&self, workload: &W) -> Result<Shape, Failure> {
        let tiling = workload.tiling();
        let tiles = (0..tiling.count()).filter_map(|n| tiling.tile(n));
        Ok(Shape {
            spec: self.options.spec_hash.clone(),
            lineage: spec::lineage(self.campaign)?,
            numerics: NUMERICS,
            after: self.after()?,
            layers: workload.layers().iter().map(|l| l.name.clone()).collect(),
            blocks: tiles.map(|tile| blocks_of(tiling, tile)).collect(),
        })
    }

    fn log_resume(&self, record: &LinkResume, total: usize, took: Duration) {
        for rejected in &record.rejected {
            self.log.say(&format!("Generation {} rejected: {}.", rejected.generation, rejected.why));
        }
        self.log_lost(&record.lost);
        let took = took.as_secs_f64();
        match record.from {
            Some(number) => self.log.say(&format!(
                "Resumes generation {number}: {} of {}, verified in {took:.1} s.",
                record.tiles,
                count(total as u64, "tile")
            )),
            None => self.log.say(&format!("Begins anew: {}.", count(total as u64, "tile"))),
        }
    }

    fn log_lost(&self, lost: &[Lost]) {
        for Lost { why, tiles } in lost {
            self.log.say(&format!("{why}: {} computed again.", count(*tiles, "tile")));
        }
    }

    /// Before something is published: no newer link began, and the folder is still that of this link's campaign.
    pub(super) fn ensure_own(&self) -> Result<(), Failure> {
        seal::ensure_unfenced(&self.dir, self.link)?;
        if self.start.is_of_another(&self.dir) {
            return Err(Failure::Gone(self.dir.link_start(self.link)));
        }
        Ok(())
    }

    /// Makes sure that what this link writes goes where others will find it.
    pub(super) fn ensure_there<W>(&self, state: &State<'_, W>) -> Result<(), Failure> {
        // First: the winner of a race removes files of those it overtook.
        self.ensure_own()?;
        let gone = state.writer.as_ref().map_or(Ok(None), SegmentWriter::gone)?;
        gone.map_or(Ok(()), |path| Err(Failure::Gone(path)))
    }

    /// Forgets the tiles that parts have lost, and says so where the link's beginning is recorded.
    pub(super) fn forget<W>(&self, state: &mut State<'_, W>, bad: Vec<BadPart>) -> Result<(), Failure> {
        if bad.is_empty() {
            return Ok(());
        }
        for tile in bad.iter().flat_map(|part| &part.tiles) {
            state.tiles.remove(tile);
        }
        let needed: BTreeSet<LinkNumber> = state.tiles.values().map(|held| held.link).collect();
        state.earlier.retain(|segment| needed.contains(&segment.link));
        state.unsealed = true;
        self.heart.update(|s| s.tiles = state.tiles.len() as u64);
        let lost: Vec<Lost> =
            bad.into_iter().map(|part| Lost { tiles: part.tiles.len() as u64, why: part.why }).collect();
        self.log_lost(&lost);
        state.resume.lost.extend(lost);
        sealed::replace(&self.dir.link_resume(self.link), &state.resume)?;
        Ok(())
    }

    /// Seals all that is done so far as the next generation.
    pub(super) fn seal<W: Workload>(&self, state: &mut State<'_, W>) -> Result<(), Failure> {
        let before = self.heart.status().phase;
        self.enter(Phase::Sealing);
        let began = Instant::now();
        self.ensure_there(state)?;
        // A generation does not count tiles whose files are gone by now.
        let missing = blocks::missing_parts(&self.dir, &state.shape, &state.tiles, &state.maps)?;
        self.forget(state, missing)?;
        self.keep_inputs(state)?;
        let own = match &mut state.writer {
            Some(writer) => writer.sync()?,
            None => None,
        };
        let segments: Vec<Segment> = state.earlier.iter().cloned().chain(own.clone()).collect();
        let draft = Generation {
            form: FORM,
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            number: GenerationNumber(0),
            link: self.link,
            spec: self.options.spec_hash.clone(),
            sealed_ms: now_ms(),
            tiles: state.tiles.len() as u64,
            total: state.shape.blocks.len() as u64,
            bytes: segments
                .iter()
                .map(|s| s.index_bytes + s.inputs_bytes + s.part_bytes.iter().sum::<u64>())
                .sum(),
            segments,
            numerics: NUMERICS,
            maps: state.maps.clone(),
        };
        let generation = seal::seal(&self.dir, draft, state.newest)?;
        if let Some(writer) = &mut state.writer {
            writer.mark_sealed(own);
        }
        state.newest = Some(generation.number);
        state.verified.insert(generation.number);
        state.unsealed = false;
        self.remember(Some(generation.number), generation.tiles);
        self.ledger().advanced |= state.computed > 0;
        self.heart.update(|s| {
            s.generation = Some(generation.number);
            s.sealed_tiles = generation.tiles;
        });
        self.log.say(&format!(
            "Sealed generation {}: {} of {}, {}, {} in {:.1} s.",
            generation.number,
            generation.tiles,
            count(generation.total, "tile"),
            count(generation.maps.len() as u64, "finished map"),
            bytes(generation.bytes),
            began.elapsed().as_secs_f64()
        ));
        if let Err(e) = seal::let_go(&self.dir, self.link, &state.verified) {
            self.log.say(&format!("What is no longer needed stays for now: {e}."));
        }
        self.enter(before);
        Ok(())
    }

    /// Whether the disk was out of reach at the end of a link that had sealed new tiles: then the next link goes on, perhaps on
    /// a node that reaches it. A link that sealed nothing new would be followed by the same again and again.
    pub(super) fn goes_on_after(&self, failure: &Failure) -> bool {
        failure.is_passing()
            && self.ledger().advanced
            && self.limit().is_none()
            && self.wait_until_counted().is_ok()
    }

    /// Ends with exit 99, but not before the batch system counts it; or otherwise, lest the chain goes round for ever.
    fn leave(&self, how: &str) -> Result<Done, Failure> {
        let asked = self.options.stop.asked.load(std::sync::atomic::Ordering::Relaxed);
        let why = if asked { "asked to stop" } else { "the walltime is near" };
        let left = format!("{why}: stopped {how}");
        if let Some(limit) = self.limit() {
            return Ok(Done::Limited(limit.clone(), format!("{limit} ({left})")));
        }
        self.wait_until_counted()?;
        Ok(Done::Checkpointed(left))
    }

    /// The limit of links that this one reached.
    fn limit(&self) -> Option<Limit> {
        origin::reached(&self.dir, self.start, self.sealed(), self.options.spec.max_links)
    }

    /// Waits until the batch system counts an end as a checkpoint.
    fn wait_until_counted(&self) -> Result<(), Failure> {
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

/// The numbers of the blocks that a tile is made of, row by row.
pub(super) fn blocks_of(tiling: Tiling, tile: Tile) -> Vec<u32> {
    let (x, y) = (tile.x / tiling.block, tile.y / tiling.block);
    let (across, down) = (tile.width.div_ceil(tiling.block), tile.height.div_ceil(tiling.block));
    let row = |j: u32| (0..across).map(move |i| (y + j) * tiling.blocks_across() + x + i);
    (0..down).flat_map(row).collect()
}

/// The picture of the tiles that a resume found.
fn painted(sampling: &Sampling, tiling: Tiling, mut look: Quicklook, found: &Resumed) -> Quicklook {
    for (number, held) in &found.tiles {
        if let Some(tile) = tiling.tile(*number) {
            sampling.paint(&mut look, tile, &held.record.samples);
        }
    }
    look
}
