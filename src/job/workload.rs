//! What a link needs of whatever computes: tiles, layers, blocks and map files. The engine offers it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::maps;
pub use super::maps::Contents;
use crate::engine::geotiff::{self, Encoding, Pyramid, Witness};
use crate::engine::{Engine, EngineError, Ground, Layer, Piece, Problem, Tile, Tiling};

/// Something that computes maps tile by tile; the same tile gives the same bytes whoever computes it.
pub trait Workload: Send + Sync {
    /// The tiles.
    fn tiling(&self) -> Tiling;

    /// The maps, in a fixed order.
    fn layers(&self) -> &[Layer];

    /// Valid pixels that each map must have.
    ///
    /// # Errors
    /// When an input cannot be read.
    fn valid_cells(&self) -> Result<u64, EngineError>;

    /// What computing a tile begins with: it is read while another tile is computed.
    type Ground: Send + Sync;

    /// Reads it; looks at `stop` at least every second.
    ///
    /// # Errors
    /// [`EngineError::Stopped`] on `stop`; an input that cannot be read any more.
    fn read(&self, tile: Tile, stop: &AtomicBool) -> Result<Self::Ground, EngineError>;

    /// Computes one tile in the rayon pool it is called in, and hands over one piece of whole blocks after another, in any
    /// order and from several threads; blocks of no piece are without data. Looks at `stop` at least every second.
    ///
    /// # Errors
    /// As [`Workload::read`].
    fn compute(
        &self,
        ground: &Self::Ground,
        stop: &AtomicBool,
        each: &(dyn Fn(&Piece) + Sync),
    ) -> Result<(), EngineError>;

    /// What is read of each input file; none where there are none.
    fn witnesses(&self) -> &[Arc<Witness>] {
        &[]
    }

    /// Encodes one block of `block * block` cells of a layer.
    fn encode(&self, layer: &Layer, cells: &[f32], block: u32) -> Vec<u8>;

    /// What makes the overviews of a map from its encoded blocks; `None` where it has none.
    fn pyramid(&self, layer: &Layer) -> Option<Pyramid>;
    /// What stands before the blocks of a map, given the lengths of its own and of each overview's.
    ///
    /// The smallest overview's blocks follow first, the map's own last.
    fn lay_out(&self, layer: &Layer, levels: &[Vec<u32>]) -> Vec<u8>;

    /// Reads a finished map as any other program would; what it returns after `stop` does not count.
    ///
    /// # Errors
    /// When it cannot be read or decoded.
    fn reopen(map: &Path, stop: &dyn Fn() -> bool) -> Result<Contents, Problem>;
}

impl Workload for Engine {
    fn tiling(&self) -> Tiling {
        Engine::tiling(self)
    }

    fn layers(&self) -> &[Layer] {
        Engine::layers(self)
    }

    fn valid_cells(&self) -> Result<u64, EngineError> {
        Engine::valid_cells(self)
    }

    type Ground = Ground;

    fn read(&self, tile: Tile, stop: &AtomicBool) -> Result<Ground, EngineError> {
        Engine::read(self, tile, stop)
    }

    fn compute(
        &self,
        ground: &Ground,
        stop: &AtomicBool,
        each: &(dyn Fn(&Piece) + Sync),
    ) -> Result<(), EngineError> {
        self.compute_pieces(ground, stop, each)
    }

    fn witnesses(&self) -> &[Arc<Witness>] {
        Engine::witnesses(self)
    }

    fn encode(&self, layer: &Layer, cells: &[f32], block: u32) -> Vec<u8> {
        geotiff::encode_block(cells, block, encoding(self, layer))
    }

    fn pyramid(&self, layer: &Layer) -> Option<Pyramid> {
        Pyramid::new(Engine::tiling(self), encoding(self, layer))
    }

    fn lay_out(&self, layer: &Layer, levels: &[Vec<u32>]) -> Vec<u8> {
        geotiff::lay_out(layer, self.placement(), Engine::tiling(self), encoding(self, layer), levels)
    }

    fn reopen(map: &Path, stop: &dyn Fn() -> bool) -> Result<Contents, Problem> {
        maps::read(map, stop)
    }
}

fn encoding(engine: &Engine, layer: &Layer) -> Encoding {
    Encoding::of(layer, engine.request().storage, engine.request().compression)
}
