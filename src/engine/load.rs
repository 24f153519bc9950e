//! The memory that computing takes, known before anything is computed, and the work tile that keeps it within bounds.

use super::horizon;
use super::inputs::{Clouds, Given, OpenedInputs};
use super::model::{Physics, Shadow, Summing};
use super::radiation::by_cell;
use super::rectangles::BLOCK;
use super::request::MapRequest;

/// Work tiles to choose from. The larger, the less of the terrain is looked at twice, as part of a tile and of its
/// neighbours' surroundings.
const TILES: [u32; 5] = [4096, 2048, 1024, 512, 256];

/// What a job may take: so much, and so much more for each of its threads.
const ALLOWED: (u64, u64) = (1 << 30, 1 << 29);

/// What the program and each of its threads take of themselves: code, stacks, compressors, a patch of cells at work.
const ITSELF: (u64, u64) = (64 << 20, 12 << 20);

/// Decoded cells of the widest map's row of blocks, while its overviews are made and when it is read back.
const ROWS: u64 = 2 * 256;

/// Tiles whose terrain is in memory: one is read while another is computed.
const GROUNDS: u64 = 2;

/// Tiles whose blocks are in memory: one is written while another is encoded.
const ENCODED: u64 = 2;

/// What the index of the blocks written so far takes of memory, for each block of each map.
const RECORD: u64 = 48;

/// Of an engine's inputs and request.
#[derive(Debug)]
pub(super) struct Load<'a> {
    pub request: &'a MapRequest,
    pub inputs: &'a OpenedInputs,
    pub directions: usize,
    pub layers: usize,
    /// Cells around a tile that its pixels can see.
    pub halo: usize,
}

impl Load<'_> {
    /// Bytes that a job with so many threads holds at most with work tiles of this edge.
    pub(super) fn peak(&self, tile: u32, threads: u32) -> u64 {
        let (region, dem) = (self.inputs.span, self.inputs.dem.placement());
        let edge = tile as usize;
        let tile = (edge.min(region.width), edge.min(region.height));
        // Windows end on the edges of blocks.
        let around = 2 * (self.halo + BLOCK);
        let window = ((tile.0 + around).min(dem.width + BLOCK), (tile.1 + around).min(dem.height + BLOCK));
        let cells = |(width, height): (usize, usize)| width as u64 * height as u64;
        let (threads, layers) = (u64::from(threads.max(1)), self.layers as u64);
        let model = &self.request.model;
        let (shared, each) = match model.shadow {
            Shadow::Horizon => horizon::memory(tile, window, self.directions),
            Shadow::SagaSlim => {
                let months = self.request.months.len();
                let own = horizon::memory(tile, window, self.directions);
                (own.0 + by_cell::memory(cells(tile), cells(window), months), own.1)
            }
        };
        let encoded = self.request.storage.most_bytes(self.request.compression);
        let piece = cells((super::tiling::PIECE as usize, super::tiling::PIECE as usize));
        let blocks = cells((region.width.div_ceil(256), region.height.div_ceil(256)));
        let (itself, thread) = ITSELF;
        itself
            + self.inputs.memory()
            + GROUNDS * 4 * cells(window)
            + shared
            + threads * (thread + each + 2 * 4 * piece * layers)
            + ENCODED * encoded * layers * cells(tile)
            + RECORD * layers * blocks
            + 4 * ROWS * region.width as u64
    }

    /// The edge of the largest work tiles with which a job keeps within its bounds.
    pub(super) fn fitting_tile(&self, threads: u32) -> u32 {
        let allowed = ALLOWED.0 + u64::from(threads.max(1)) * ALLOWED.1;
        let longest = self.inputs.span.width.max(self.inputs.span.height) as u32;
        // One tile that takes in the region is enough.
        let enough = TILES.into_iter().rev().find(|tile| *tile >= longest).unwrap_or(TILES[0]);
        let largest = largest(&self.request.model).min(enough);
        let mut sizes = TILES.into_iter().filter(|tile| *tile <= largest);
        sizes.find(|tile| self.peak(*tile, threads) <= allowed).unwrap_or(TILES[TILES.len() - 1])
    }
}

/// Where a cell takes long, a tile that is dropped when its job must stop is kept small.
fn largest(model: &Physics) -> u32 {
    match (model.shadow, model.summing) {
        (Shadow::SagaSlim, _) => 512,
        (Shadow::Horizon, Summing::Exact) => 1024,
        (Shadow::Horizon, Summing::LookUp) => TILES[0],
    }
}

impl OpenedInputs {
    /// Bytes of the coarse grids, and at most of the chunks kept of files that are read by windows.
    fn memory(&self) -> u64 {
        let coarse = |given: &Given| match given {
            Given::Constant(_) => 0,
            Given::Coarse(grid) => grid.memory(),
        };
        let months = self.months.iter().map(|month| {
            let clouds = match &month.clouds {
                None => 0,
                Some(Clouds::Coarse(grid)) => grid.memory(),
                Some(Clouds::Cells { raster, .. }) => raster.memory(),
            };
            let temperatures: u64 = month.temperatures.iter().map(|t| t.grid.memory()).sum();
            coarse(&month.lapse) + clouds + temperatures + month.turbidity.as_ref().map_or(0, coarse)
        });
        self.dem.memory()
            + self.reference_height.as_ref().map_or(0, |grid| grid.memory())
            + months.sum::<u64>()
    }
}
