//! The long part: tile after tile, appended, shown, and sealed from time to time.

use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::failure::Failure;
use super::finish::Damage;
use super::run::wait_until;
use super::session::{Session, State, blocks_of};
use super::workload::Workload;
use crate::checkpoint::segment::{EncodedBlock, SegmentWriter};
use crate::checkpoint::{Held, Phase, Rejected, seal};
use crate::durable::{DurableError, sealed};
use crate::engine::{Computed, Layer, Tile, geotiff};

/// How often the blocks of a chain may turn out damaged when the maps are put together before the disk is given up.
const ROUNDS: u32 = 3;

impl Session<'_> {
    /// Computes what is missing and finishes the maps; what finishing finds damaged is computed again.
    pub(super) fn compute_and_finish<W: Workload>(
        &self,
        state: &mut State<'_, W>,
    ) -> Result<String, Failure> {
        let mut damage = None;
        for _ in 0..ROUNDS {
            self.compute(state)?;
            match self.finish(state)? {
                Ok(message) => return Ok(message),
                Err(found) => damage = Some(self.drop_damaged(state, found)?),
            }
        }
        let damage = damage.unwrap_or_default();
        Err(Failure::Untrusted(format!(
            "{damage} (found {ROUNDS} times over: this disk does not give back what is written to it)"
        )))
    }

    /// Forgets the tile whose block is damaged, and says so where the link's beginning is recorded.
    fn drop_damaged<W>(&self, state: &mut State<'_, W>, damage: Damage) -> Result<String, Failure> {
        // The winner of a race removes the parts when it is done: that is no damage.
        seal::ensure_unfenced(&self.dir, self.link)?;
        state.tiles.remove(&damage.tile);
        state.unsealed = true;
        self.heart.update(|s| s.tiles = state.tiles.len() as u64);
        self.log.say(&format!("{}: tile {} is computed again.", damage.why, damage.tile));
        if let (Some(generation), _) = self.sealed() {
            state.resume.rejected.push(Rejected { generation, why: damage.why.clone() });
            sealed::replace(&self.dir.link_resume(self.link), &state.resume)?;
        }
        Ok(damage.why)
    }

    /// Computes the missing tiles in their order, sealing every `checkpoint_every`, and once at the end.
    fn compute<W: Workload>(&self, state: &mut State<'_, W>) -> Result<(), Failure> {
        self.enter(Phase::Computing);
        let every = Duration::from_secs(self.options.spec.checkpoint_every.seconds());
        let mut last = Instant::now();
        let missing: Vec<u64> =
            (0..state.shape.blocks.len() as u64).filter(|n| !state.tiles.contains_key(n)).collect();
        for (at, number) in missing.iter().enumerate() {
            let began = Instant::now();
            self.one_tile(state, *number, began)?;
            if last.elapsed() >= every {
                self.seal(state)?;
                last = Instant::now();
            } else {
                seal::ensure_unfenced(&self.dir, self.link)?;
            }
            if at + 1 < missing.len() {
                self.keep_pace(began);
            }
        }
        if state.computed > 0 && state.unsealed { self.seal(state) } else { Ok(()) }
    }

    fn one_tile<W: Workload>(
        &self,
        state: &mut State<'_, W>,
        number: u64,
        began: Instant,
    ) -> Result<(), Failure> {
        let tile = state.tiling.tile(number).ok_or_else(|| Failure::Internal(format!("no tile {number}")))?;
        if self.heart.must_stop() {
            return Err(Failure::Stopped);
        }
        let workload = state.workload;
        let computed = state.pool.install(|| workload.compute(tile, self.heart.halt()))?;
        check(state, tile, &computed)?;
        let blocks = state.pool.install(|| encode(state, tile, &computed))?;
        let samples =
            computed.layers.get(state.shown).map(|c| state.sampling.samples(tile, c)).unwrap_or_default();
        if let Some(picture) = &mut state.look {
            state.sampling.paint(picture, tile, &samples);
        }
        let writer = match &mut state.writer {
            Some(writer) => writer,
            none => none.insert(SegmentWriter::create(&self.dir, self.link, &state.shape.layers)?),
        };
        let record = match writer.append(number, &blocks, samples) {
            Ok(record) => record,
            Err(e) => return Err(self.not_appended(state, e, &blocks)),
        };
        state.tiles.insert(number, Held { link: self.link, record });
        state.unsealed = true;
        state.computing += began.elapsed();
        state.computed += 1;
        self.heart.update(|s| {
            s.tiles = state.tiles.len() as u64;
            s.tiles_per_minute = state.computed as f64 * 60.0 / state.computing.as_secs_f64().max(1e-6);
        });
        if let Some(look) = &state.look {
            self.heart.show(look);
        }
        self.tell();
        Ok(())
    }

    /// On a full disk the tiles before this one are sealed if there is still room for that.
    fn not_appended<W>(&self, state: &mut State<'_, W>, e: DurableError, blocks: &[EncodedBlock]) -> Failure {
        let left = (state.shape.blocks.len() - state.tiles.len()) as u64;
        let size: u64 = blocks.iter().map(|b| b.bytes.len() as u64).sum();
        self.remember_needed(size.saturating_mul(left));
        if e.is_disk_full()
            && state.unsealed
            && state.computed > 0
            && let Err(sealing) = self.seal(state)
        {
            self.log.say(&format!("The tiles since the last generation could not be sealed: {sealing}."));
        }
        e.into()
    }

    /// Waits until the pace allows the next tile; a stop ends the wait at once.
    fn keep_pace(&self, began: Instant) {
        if let Some(pace) = self.options.spec.pace {
            let interval = Duration::try_from_secs_f64(60.0 / pace.tiles_per_minute).unwrap_or(Duration::MAX);
            if let Some(until) = began.checked_add(interval) {
                wait_until(until, &|| self.heart.must_stop());
            }
        }
    }
}

/// A workload that returns another size than it promised is a defect, not a reason to write a wrong map.
fn check<W: Workload>(state: &State<'_, W>, tile: Tile, computed: &Computed) -> Result<(), Failure> {
    let cells = tile.width as usize * tile.height as usize;
    let fits =
        computed.layers.len() == state.shape.layers.len() && computed.layers.iter().all(|l| l.len() == cells);
    if fits {
        Ok(())
    } else {
        Err(Failure::Internal(format!("tile {} was computed in another size", tile.number)))
    }
}

/// Encodes the blocks of a tile in parallel, layer by layer.
fn encode<W: Workload>(
    state: &State<'_, W>,
    tile: Tile,
    computed: &Computed,
) -> Result<Vec<EncodedBlock>, Failure> {
    let edge = state.tiling.block;
    let blocks = blocks_of(state.tiling, tile);
    let layers = state.workload.layers().iter().zip(&computed.layers).enumerate();
    let jobs: Vec<_> = layers.flat_map(|layer| blocks.iter().map(move |b| (layer, *b))).collect();
    jobs.into_par_iter()
        .map(|((number, (layer, cells)), block)| {
            let x = block % state.tiling.blocks_across() * edge - tile.x;
            let y = block / state.tiling.blocks_across() * edge - tile.y;
            let cut = geotiff::cut_block(cells, tile.width, (x, y), edge);
            let valid = valid_cells(layer, &cut)?;
            let bytes = if valid == 0 { Vec::new() } else { state.workload.encode(layer, &cut, edge) };
            Ok(EncodedBlock { layer: number as u16, block, bytes, valid })
        })
        .collect()
}

/// The number of valid cells; none of them may be outside the layer's range, which its integers hold.
fn valid_cells(layer: &Layer, cells: &[f32]) -> Result<u32, Failure> {
    let (least, most) = layer.range;
    let valid = cells.iter().filter(|v| !v.is_nan()).count();
    let possible = cells.iter().filter(|v| (least..=most).contains(*v)).count();
    if valid == possible {
        return Ok(valid as u32);
    }
    let found =
        cells.iter().find(|v| !v.is_nan() && !(least..=most).contains(*v)).copied().unwrap_or(f32::NAN);
    Err(Failure::Internal(format!(
        "{}: {found} {} was computed, possible are {least} to {most}",
        layer.name, layer.unit
    )))
}
