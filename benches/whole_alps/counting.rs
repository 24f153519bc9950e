//! The engine as the job sees it here: the first maps are its own affair, the others are encoded and counted.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use alpsckpt::engine::geotiff::{Pyramid, Tally, cut_block, tally};
use alpsckpt::engine::{Engine, EngineError, Ground, Layer, Piece, Problem, Tile, Tiling};
use alpsckpt::job::Workload;
use alpsckpt::job::workload::Contents;

use crate::campaign::MAPS;
use crate::machine::{Io, Moment};

/// When the job was last done with a map that it read to verify it: its phases do not tell verifying from drawing.
static REOPENED: Mutex<Option<Moment>> = Mutex::new(None);

/// When the last map was verified; `None` before the first.
pub(crate) fn verified() -> Option<Moment> {
    *REOPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is counted of one map.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// Bytes of its encoded blocks.
    pub(crate) bytes: AtomicU64,
    /// Cells with data.
    pub(crate) valid: AtomicU64,
    /// Cells with data that cannot be.
    pub(crate) impossible: AtomicU64,
}

/// What is counted of a run.
#[derive(Debug)]
pub(crate) struct Counts {
    /// For each map; nothing for those that are written.
    pub(crate) maps: Vec<Count>,
    /// Bytes read of the terrain's file.
    pub(crate) terrain: AtomicU64,
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self { maps: (0..MAPS).map(|_| Count::default()).collect(), terrain: AtomicU64::new(0) }
    }

    /// Encodes the maps of a piece from the `first` on, as the job would, and keeps nothing but their number of bytes.
    pub(crate) fn count(&self, engine: &Engine, piece: &Piece, first: usize) {
        let edge = engine.tiling().block;
        let whole = piece.width == edge && piece.height == edge;
        let maps = engine.layers().iter().zip(&piece.layers).zip(&self.maps);
        for ((layer, cells), count) in maps.skip(first) {
            for y in (0..piece.height).step_by(edge as usize) {
                for x in (0..piece.width).step_by(edge as usize) {
                    let cut = (!whole).then(|| cut_block(cells, piece.width, (x, y), edge));
                    let cells = cut.as_deref().unwrap_or(cells);
                    let Tally { valid, possible } = tally(cells, layer.range);
                    count.valid.fetch_add(u64::from(valid), Relaxed);
                    count.impossible.fetch_add(u64::from(valid - possible), Relaxed);
                    if valid > 0 {
                        let bytes = Workload::encode(engine, layer, cells, edge).len();
                        count.bytes.fetch_add(bytes as u64, Relaxed);
                    }
                }
            }
        }
    }

    /// Does what reads the terrain, while nothing else reads much.
    pub(crate) fn reading<T>(&self, read: impl FnOnce() -> T) -> T {
        let before = Io::of_this_process().read;
        let result = read();
        self.terrain.fetch_add(Io::of_this_process().read.saturating_sub(before), Relaxed);
        result
    }
}

/// The engine, of whose maps only the first are the job's.
pub(crate) struct Counting {
    engine: Arc<Engine>,
    counts: Arc<Counts>,
    /// Maps of the job.
    written: usize,
    /// Kept for their memory: the maps of pieces.
    spares: Mutex<Vec<Vec<Vec<f32>>>>,
}

impl Counting {
    pub(crate) fn new(engine: Arc<Engine>, counts: Arc<Counts>, written: usize) -> Self {
        Self { engine, counts, written, spares: Mutex::default() }
    }

    /// Hands over the job's maps of a piece.
    fn hand_over(&self, piece: &Piece, each: &(dyn Fn(&Piece) + Sync)) {
        if piece.layers.len() == self.written {
            return each(piece);
        }
        let spares = || self.spares.lock().unwrap_or_else(PoisonError::into_inner);
        let mut layers = spares().pop().unwrap_or_default();
        layers.resize(self.written, Vec::new());
        layers.iter_mut().zip(&piece.layers).for_each(|(to, from)| to.clone_from(from));
        let Piece { x, y, width, height, .. } = *piece;
        let piece = Piece { x, y, width, height, layers };
        each(&piece);
        spares().push(piece.layers);
    }
}

impl Workload for Counting {
    fn tiling(&self) -> Tiling {
        self.engine.tiling()
    }

    fn layers(&self) -> &[Layer] {
        let layers = self.engine.layers();
        layers.get(..self.written).unwrap_or(layers)
    }

    fn valid_cells(&self) -> Result<u64, EngineError> {
        self.counts.reading(|| self.engine.valid_cells())
    }

    type Ground = Ground;

    fn read(&self, tile: Tile, stop: &AtomicBool) -> Result<Ground, EngineError> {
        self.counts.reading(|| self.engine.read(tile, stop))
    }

    fn compute(
        &self,
        ground: &Ground,
        stop: &AtomicBool,
        each: &(dyn Fn(&Piece) + Sync),
    ) -> Result<(), EngineError> {
        self.engine.compute_pieces(ground, stop, &|piece| {
            self.counts.count(&self.engine, piece, self.written);
            self.hand_over(piece, each);
        })
    }

    fn encode(&self, layer: &Layer, cells: &[f32], block: u32) -> Vec<u8> {
        Workload::encode(&*self.engine, layer, cells, block)
    }

    fn pyramid(&self, layer: &Layer) -> Option<Pyramid> {
        Workload::pyramid(&*self.engine, layer)
    }

    fn lay_out(&self, layer: &Layer, levels: &[Vec<u32>]) -> Vec<u8> {
        Workload::lay_out(&*self.engine, layer, levels)
    }

    fn reopen(map: &Path, stop: &dyn Fn() -> bool) -> Result<Contents, Problem> {
        let contents = Engine::reopen(map, stop);
        *REOPENED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Moment::now());
        contents
    }
}
