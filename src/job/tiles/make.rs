//! Tiles from their terrain to encoded blocks, one after another, each read while the one before is computed.

use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::look::Sampling;
use super::{Session, State, blocks_of};
use crate::checkpoint::segment::EncodedBlock;
use crate::engine::{Layer, Piece, Tile, Tiling, geotiff};
use crate::job::failure::LinkFailure;
use crate::job::heart::Heart;
use crate::job::workload::Workload;

/// A tile, ready to be stored.
pub(super) struct Made {
    pub(super) tile: Tile,
    pub(super) blocks: Vec<EncodedBlock>,
    /// What the picture shows of it.
    pub(super) samples: Vec<f32>,
    /// Time that computing it took.
    pub(super) took: Duration,
}

/// What makes tiles.
pub(super) struct Maker<'a, W> {
    workload: &'a W,
    pool: &'a rayon::ThreadPool,
    heart: &'a Heart,
    tiling: Tiling,
    sampling: Sampling,
    /// The layer that the picture shows.
    shown: usize,
}

impl<'a, W: Workload> Maker<'a, W> {
    pub(super) fn new(session: &'a Session<'_>, state: &State<'a, W>) -> Self {
        Self {
            workload: state.workload,
            pool: state.pool,
            heart: session.shell.heart,
            tiling: state.tiling,
            sampling: state.sampling,
            shown: state.shown,
        }
    }

    /// Makes the numbered tiles until nobody takes them any more.
    ///
    /// # Errors
    /// [`LinkFailure::Stopped`] when the link must stop: the tile in flight is given a moment to end; what the workload says.
    pub(super) fn make(&self, numbers: &[u64], give: &SyncSender<Made>) -> Result<(), LinkFailure> {
        // Files may be slow: a thread waits for them that is not one of those that compute.
        let reader = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let reader =
            reader.map_err(|e| LinkFailure::Internal(format!("no thread to read with can be had: {e}")))?;
        let tiles: Vec<Tile> = numbers.iter().filter_map(|number| self.tiling.tile(*number)).collect();
        let read = |tile: Tile| reader.install(|| self.workload.read(tile, self.heart.halt()));
        let mut ahead = match tiles.first() {
            Some(first) => Some(read(*first)),
            None => return Ok(()),
        };
        for (at, tile) in tiles.iter().enumerate() {
            if self.heart.must_stop() {
                return Err(LinkFailure::Stopped);
            }
            let Some(ground) = ahead.take() else { break };
            let ground = ground?;
            let made = std::thread::scope(|scope| {
                let next = tiles.get(at + 1).map(|next| scope.spawn(|| read(*next)));
                let made = self.tile(*tile, &ground);
                ahead = next.map(|next| next.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
                made
            })?;
            if give.send(made).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn tile(&self, tile: Tile, ground: &W::Ground) -> Result<Made, LinkFailure> {
        let began = Instant::now();
        let making = Mutex::new(Making {
            blocks: Vec::new(),
            samples: vec![f32::NAN; self.sampling.count(tile)],
            failure: None,
        });
        let take = |piece: &Piece| {
            let blocks = self.encode(piece);
            let mut making = making.lock().unwrap_or_else(PoisonError::into_inner);
            match blocks {
                Ok(blocks) => making.blocks.extend(blocks),
                Err(failure) => making.failure = Some(failure),
            }
            if let Some(cells) = piece.layers.get(self.shown) {
                self.sampling.take(tile, piece, cells, &mut making.samples);
            }
        };
        self.pool.install(|| self.workload.compute(ground, self.heart.halt(), &take))?;
        let Making { mut blocks, samples, failure } =
            making.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = failure {
            return Err(failure);
        }
        fill_in(&mut blocks, &blocks_of(self.tiling, tile), self.workload.layers().len());
        Ok(Made { tile, blocks, samples, took: began.elapsed() })
    }

    /// Encodes the blocks of a piece, layer by layer.
    fn encode(&self, piece: &Piece) -> Result<Vec<EncodedBlock>, LinkFailure> {
        let (layers, edge) = (self.workload.layers(), self.tiling.block);
        let cells = piece.width as usize * piece.height as usize;
        // A workload that returns another size than it promised is a defect, not a reason to write a wrong map.
        if piece.layers.len() != layers.len() || piece.layers.iter().any(|layer| layer.len() != cells) {
            return Err(LinkFailure::Internal("a piece of a tile was computed in another size".to_owned()));
        }
        let whole = piece.width == edge && piece.height == edge;
        let mut encoded = Vec::new();
        for (number, (layer, cells)) in layers.iter().zip(&piece.layers).enumerate() {
            for y in (0..piece.height).step_by(edge as usize) {
                for x in (0..piece.width).step_by(edge as usize) {
                    let cut =
                        if whole { None } else { Some(geotiff::cut_block(cells, piece.width, (x, y), edge)) };
                    let cells = cut.as_ref().unwrap_or(cells);
                    let valid = valid_cells(layer, cells)?;
                    let bytes =
                        if valid == 0 { Vec::new() } else { self.workload.encode(layer, cells, edge) };
                    let block = (piece.y + y) / edge * self.tiling.blocks_across() + (piece.x + x) / edge;
                    encoded.push(EncodedBlock { layer: number as u16, block, bytes, valid });
                }
            }
        }
        Ok(encoded)
    }
}

/// A tile of which not all pieces are there.
struct Making {
    blocks: Vec<EncodedBlock>,
    samples: Vec<f32>,
    failure: Option<LinkFailure>,
}

/// Puts the blocks of a tile in order, layer by layer, and blocks without data where there are none.
fn fill_in(blocks: &mut Vec<EncodedBlock>, numbers: &[u32], layers: usize) {
    let place = |block: &EncodedBlock| (block.layer, block.block);
    blocks.sort_unstable_by_key(place);
    let all = (0..layers as u16).flat_map(|layer| numbers.iter().map(move |block| (layer, *block)));
    let missing: Vec<EncodedBlock> = all
        .filter(|wanted| blocks.binary_search_by_key(wanted, place).is_err())
        .map(|(layer, block)| EncodedBlock { layer, block, bytes: Vec::new(), valid: 0 })
        .collect();
    if !missing.is_empty() {
        blocks.extend(missing);
        blocks.sort_unstable_by_key(place);
    }
}

/// The number of valid cells; none of them may be outside the layer's range, which its integers hold.
fn valid_cells(layer: &Layer, cells: &[f32]) -> Result<u32, LinkFailure> {
    let tally = geotiff::tally(cells, layer.range);
    if tally.valid == tally.possible {
        return Ok(tally.valid);
    }
    let (least, most) = layer.range;
    let found = cells.iter().find(|v| !v.is_nan() && !(least..=most).contains(*v)).copied();
    Err(LinkFailure::Internal(format!(
        "{}: {} {} was computed, possible are {least} to {most}",
        layer.name,
        found.unwrap_or(f32::NAN),
        layer.unit
    )))
}
