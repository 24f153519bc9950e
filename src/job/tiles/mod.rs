//! The body of a link that makes maps tile by tile: opens, resumes, and seals; `compute` and `finish` do the two long parts.

mod assemble;
mod compute;
mod finish;
mod inputs;
pub(super) mod look;
mod make;
pub mod outputs;
mod resume;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::failure::LinkFailure;
use super::shell::{Body, Done, Payload, Shell};
use super::workload::Workload;
use crate::checkpoint::blocks::{self, BadPart};
use crate::checkpoint::segment::SegmentWriter;
use crate::checkpoint::shape::{HeldTile, Shape};
use crate::checkpoint::{
    GenerationNumber, LinkNumber, LinkResume, Lost, MapRecord, Phase, Quicklook, Segment, seal,
};
use crate::durable::sealed;
use crate::engine::{EngineError, Tile, Tiling};
use crate::quantity::{bytes, count};
use look::Sampling;

/// What the work of a link changes.
pub(super) struct State<'w, W> {
    pub(super) workload: &'w W,
    pub(super) pool: &'w rayon::ThreadPool,
    pub(super) tiling: Tiling,
    pub(super) shape: Shape,
    /// Sealed or not: all tiles that need not be computed.
    pub(super) tiles: BTreeMap<u64, HeldTile>,
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

/// The tiles that a workload makes.
pub(super) struct Tiles<'o, W> {
    open: &'o (dyn Fn() -> Result<W, EngineError> + Sync),
}

impl<'o, W: Workload> Tiles<'o, W> {
    /// Of the workload that this opens.
    pub(super) fn new(open: &'o (dyn Fn() -> Result<W, EngineError> + Sync)) -> Self {
        Self { open }
    }
}

impl<W: Workload> Body for Tiles<'_, W> {
    fn run(&self, shell: &Shell<'_>) -> Result<Done, LinkFailure> {
        Session { shell }.run(self.open)
    }
}

/// The work in its shell.
pub(super) struct Session<'a> {
    shell: &'a Shell<'a>,
}

impl Session<'_> {
    /// The link's whole work.
    pub(super) fn run<W: Workload>(
        &self,
        open: &(dyn Fn() -> Result<W, EngineError> + Sync),
    ) -> Result<Done, LinkFailure> {
        let pool = self.pool()?;
        let opened = match self.already_complete::<W>(&pool) {
            Ok(Some(done)) => return Ok(done),
            Ok(None) if self.shell.must_stop() => Err(LinkFailure::Stopped),
            Ok(None) => self.shell.check_inputs(&pool).and_then(|checked| {
                let workload = pool.install(open)?;
                self.hold_to_inputs(&workload, &checked)?;
                Ok((workload, checked.inputs))
            }),
            Err(e) => Err(e),
        };
        let (workload, inputs) = match opened {
            Err(LinkFailure::Stopped) => {
                return self.shell.leave("before the inputs were opened: nothing new is sealed");
            }
            other => other?,
        };
        let mut state = match self.resume(&workload, &pool, &inputs) {
            Err(LinkFailure::Stopped) => {
                return self.shell.leave("while the checkpoint was verified: nothing new is sealed");
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

    fn pool(&self) -> Result<rayon::ThreadPool, LinkFailure> {
        let threads = self.shell.options.threads.max(1) as usize;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|e| LinkFailure::Internal(format!("no {threads} threads can be had: {e}")))
    }

    fn work<W: Workload>(&self, state: &mut State<'_, W>) -> Result<Done, LinkFailure> {
        match self.compute_and_finish(state) {
            Err(LinkFailure::Stopped) => {
                if state.unsealed {
                    self.seal(state)?;
                }
                let none = state.computed == 0 && state.tiles.len() < state.shape.blocks.len();
                let what = if none && self.shell.options.stop.deadline.is_none() {
                    "before one new tile was done".to_owned()
                } else if none {
                    "without time for even one new tile: a longer walltime or a shorter margin is needed"
                        .to_owned()
                } else {
                    format!("after {}", count(state.computed, "new tile"))
                };
                self.shell.leave(&format!(
                    "with {} of {} sealed, {what}",
                    state.tiles.len(),
                    count(state.shape.blocks.len() as u64, "tile")
                ))
            }
            Err(e) => Err(e),
            Ok(message) => Ok(Done::Complete(message)),
        }
    }

    fn log_lost(&self, lost: &[Lost]) {
        for Lost { why, tiles } in lost {
            self.shell.log.say(&format!("{why}: {} computed again.", count(*tiles, "tile")));
        }
    }

    /// Makes sure that what this link writes goes where others will find it.
    pub(super) fn ensure_there<W>(&self, state: &State<'_, W>) -> Result<(), LinkFailure> {
        // First: the winner of a race removes files of those it overtook.
        self.shell.ensure_own()?;
        let gone = state.writer.as_ref().map_or(Ok(None), SegmentWriter::gone)?;
        gone.map_or(Ok(()), |path| Err(LinkFailure::Gone(path)))
    }

    /// Forgets the tiles that parts have lost, and says so where the link's beginning is recorded.
    pub(super) fn forget<W>(&self, state: &mut State<'_, W>, bad: Vec<BadPart>) -> Result<(), LinkFailure> {
        if bad.is_empty() {
            return Ok(());
        }
        for tile in bad.iter().flat_map(|part| &part.tiles) {
            state.tiles.remove(tile);
        }
        let needed: BTreeSet<LinkNumber> = state.tiles.values().map(|held| held.link).collect();
        state.earlier.retain(|segment| needed.contains(&segment.link));
        state.unsealed = true;
        self.shell.heart.update(|s| s.tiles = state.tiles.len() as u64);
        let lost: Vec<Lost> =
            bad.into_iter().map(|part| Lost { tiles: part.tiles.len() as u64, why: part.why }).collect();
        self.log_lost(&lost);
        state.resume.lost.extend(lost);
        sealed::replace(&self.shell.dir.link_resume(self.shell.link), &state.resume)?;
        Ok(())
    }

    /// Seals all that is done so far as the next generation.
    pub(super) fn seal<W: Workload>(&self, state: &mut State<'_, W>) -> Result<(), LinkFailure> {
        let before = self.shell.heart.status().phase;
        self.shell.enter(Phase::Sealing);
        let began = Instant::now();
        self.ensure_there(state)?;
        // A generation does not count tiles whose files are gone by now.
        let missing = blocks::missing_parts(&self.shell.dir, &state.shape, &state.tiles, &state.maps)?;
        self.forget(state, missing)?;
        self.keep_inputs(state)?;
        let own = match &mut state.writer {
            Some(writer) => writer.sync()?,
            None => None,
        };
        let segments: Vec<Segment> = state.earlier.iter().cloned().chain(own.clone()).collect();
        let payload = Payload {
            done: state.tiles.len() as u64,
            total: state.shape.blocks.len() as u64,
            bytes: segments
                .iter()
                .map(|s| s.index_bytes + s.inputs_bytes + s.part_bytes.iter().sum::<u64>())
                .sum(),
            segments,
            maps: state.maps.clone(),
            image: None,
            advanced: state.computed > 0,
        };
        let generation = self.shell.seal(payload, state.newest)?;
        if let Some(writer) = &mut state.writer {
            writer.mark_sealed(own);
        }
        state.newest = Some(generation.number);
        state.verified.insert(generation.number);
        state.unsealed = false;
        self.shell.log.say(&format!(
            "Sealed generation {}: {} of {}, {}, {} in {:.1} s.",
            generation.number,
            generation.tiles,
            count(generation.total, "tile"),
            count(generation.maps.len() as u64, "finished map"),
            bytes(generation.bytes),
            began.elapsed().as_secs_f64()
        ));
        if let Err(e) = seal::let_go(&self.shell.dir, self.shell.link, &state.verified) {
            self.shell.log.say(&format!("What is no longer needed stays for now: {e}."));
        }
        self.shell.enter(before);
        Ok(())
    }
}

/// The numbers of the blocks that a tile is made of, row by row.
pub(super) fn blocks_of(tiling: Tiling, tile: Tile) -> Vec<u32> {
    let (x, y) = (tile.x / tiling.block, tile.y / tiling.block);
    let (across, down) = (tile.width.div_ceil(tiling.block), tile.height.div_ceil(tiling.block));
    let row = |j: u32| (0..across).map(move |i| (y + j) * tiling.blocks_across() + x + i);
    (0..down).flat_map(row).collect()
}
