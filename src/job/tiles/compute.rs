//! The long part: tile after tile, appended, shown, and sealed from time to time.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use super::assemble::{DamagedTile, Unfinished};
use super::inputs::perhaps_changed;
use super::make::{Made, Maker};
use super::{Session, State};
use crate::checkpoint::blocks::{self, BadPart};
use crate::checkpoint::segment::{EncodedBlock, SegmentWriter};
use crate::checkpoint::{HeldTile, Phase, seal};
use crate::durable::DurableError;
use crate::job::failure::LinkFailure;
use crate::job::terms::wait_until;
use crate::job::workload::Workload;

/// How often the same tile may turn out damaged after this link wrote it before the disk is given up.
const ROUNDS: u32 = 3;

impl Session<'_> {
    /// Computes what is missing and finishes the maps; what finishing finds damaged is computed again.
    pub(super) fn compute_and_finish<W: Workload>(
        &self,
        state: &mut State<'_, W>,
    ) -> Result<String, LinkFailure> {
        loop {
            // Sealing may find files of earlier links gone: then there is more to compute.
            while state.tiles.len() < state.shape.blocks.len() {
                self.compute(state)?;
            }
            match self.finish(state) {
                Ok(message) => return Ok(message),
                Err(Unfinished::Damage(found)) => self.drop_damaged(state, found)?,
                Err(Unfinished::Missing) => {}
                Err(Unfinished::Failure(failure)) => return Err(failure),
            }
        }
    }

    /// Forgets the tile whose block is damaged, and all others that cannot be read back any more.
    fn drop_damaged<W: Workload>(
        &self,
        state: &mut State<'_, W>,
        damage: DamagedTile,
    ) -> Result<(), LinkFailure> {
        // The winner of a race removes the parts when it is done: that is no damage.
        self.ensure_there(state)?;
        let stop = || self.shell.must_stop();
        let check = || blocks::bad_parts(&self.shell.dir, &state.shape, &state.tiles, &state.maps, &stop);
        let mut bad = state.pool.install(check)?;
        if !bad.iter().any(|part| part.tiles.contains(&damage.tile)) {
            bad.push(BadPart { why: damage.why, tiles: vec![damage.tile] });
        }
        let tiles: BTreeSet<u64> = bad.iter().flat_map(|part| part.tiles.iter().copied()).collect();
        for tile in tiles {
            // What an earlier link wrote may be lost at once and for all; a disk that loses what was just written cannot be
            // worked with.
            if state.tiles.get(&tile).is_none_or(|held| held.link != self.shell.link) {
                continue;
            }
            let times = state.damaged.entry(tile).or_insert(0);
            *times += 1;
            if *times == ROUNDS {
                let why = bad.iter().find(|part| part.tiles.contains(&tile)).map_or("", |part| &part.why);
                return Err(LinkFailure::Untrusted(format!(
                    "{why} (tile {tile} was written {ROUNDS} times over: this disk does not give back what is written to it)"
                )));
            }
        }
        self.forget(state, bad)
    }

    /// Computes the missing tiles in their order, sealing every `checkpoint_every`, and once at the end.
    ///
    /// A thread of its own computes; here each tile is appended while the next one is computed.
    fn compute<W: Workload>(&self, state: &mut State<'_, W>) -> Result<(), LinkFailure> {
        self.shell.enter(Phase::Computing);
        let missing: Vec<u64> =
            (0..state.shape.blocks.len() as u64).filter(|n| !state.tiles.contains_key(n)).collect();
        let maker = Maker::new(self, state);
        std::thread::scope(|scope| {
            // Nobody waits behind the other: a tile is handed over when it is asked for.
            let (give, take) = sync_channel(0);
            let numbers = missing.as_slice();
            let making = scope.spawn(move || maker.make(numbers, &give));
            let kept = self.keep(state, &take, missing.len());
            if kept.is_err() {
                // What is being computed is of no use any more.
                self.shell.heart.halt().store(true, Ordering::Relaxed);
            }
            drop(take);
            match making.join() {
                Ok(made) => kept.and(made.map_err(|failure| perhaps_changed(state, failure))),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })?;
        if state.computed > 0 && state.unsealed { self.seal(state) } else { Ok(()) }
    }

    /// Appends the tiles that are made, as many as there are to come; fewer when making them ends early.
    fn keep<W: Workload>(
        &self,
        state: &mut State<'_, W>,
        made: &Receiver<Made>,
        count: usize,
    ) -> Result<(), LinkFailure> {
        let every = Duration::from_secs(self.shell.options.spec.checkpoint_every.seconds());
        let (mut last, mut began) = (Instant::now(), Instant::now());
        for at in 1..=count {
            let Ok(made) = made.recv() else { break };
            self.keep_tile(state, made)?;
            if last.elapsed() >= every {
                self.seal(state)?;
                last = Instant::now();
            } else {
                seal::ensure_unfenced(&self.shell.dir, self.shell.link)?;
            }
            if at < count {
                self.keep_pace(began);
            }
            began = Instant::now();
        }
        Ok(())
    }

    fn keep_tile<W: Workload>(&self, state: &mut State<'_, W>, made: Made) -> Result<(), LinkFailure> {
        let Made { tile, blocks, samples, took } = made;
        if let Some(picture) = &mut state.look {
            state.sampling.paint(picture, tile, &samples);
        }
        let writer = match &mut state.writer {
            Some(writer) => writer,
            none => {
                self.shell.ensure_own()?;
                none.insert(SegmentWriter::create(&self.shell.dir, self.shell.link, &state.shape.layers)?)
            }
        };
        let record = match writer.append(tile.number, &blocks, samples) {
            Ok(record) => record,
            Err(e) => return Err(self.not_appended(state, e, &blocks)),
        };
        let synced = writer.sync_much();
        state.tiles.insert(tile.number, HeldTile { link: self.shell.link, record });
        state.unsealed = true;
        synced?;
        state.computing += took;
        state.computed += 1;
        self.shell.heart.update(|s| {
            s.tiles = state.tiles.len() as u64;
            s.tiles_per_minute = state.computed as f64 * 60.0 / state.computing.as_secs_f64().max(1e-6);
        });
        if let Some(look) = &state.look {
            self.shell.heart.show(look);
        }
        self.shell.tell();
        Ok(())
    }

    /// On a full disk the tiles before this one are sealed if there is still room for that.
    fn not_appended<W: Workload>(
        &self,
        state: &mut State<'_, W>,
        e: DurableError,
        blocks: &[EncodedBlock],
    ) -> LinkFailure {
        let left = (state.shape.blocks.len() - state.tiles.len()) as u64;
        let size: u64 = blocks.iter().map(|b| b.bytes.len() as u64).sum();
        self.shell.remember_needed(size.saturating_mul(left));
        if e.is_disk_full()
            && state.unsealed
            && state.computed > 0
            && let Err(sealing) = self.seal(state)
        {
            self.shell
                .log
                .say(&format!("The tiles since the last generation could not be sealed: {sealing}."));
        }
        e.into()
    }

    /// Waits until the pace allows the next tile; a stop ends the wait at once.
    fn keep_pace(&self, began: Instant) {
        if let Some(pace) = self.shell.options.spec.pace {
            let interval = Duration::try_from_secs_f64(60.0 / pace.tiles_per_minute).unwrap_or(Duration::MAX);
            if let Some(until) = began.checked_add(interval) {
                wait_until(until, &|| self.shell.must_stop());
            }
        }
    }
}
