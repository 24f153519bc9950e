//! The engine opened on a request: its tiles in their fixed order, its layers, and the computing of one tile.

use std::sync::atomic::AtomicBool;

use super::{EngineError, Problem, Request, geotiff};

/// How the region is cut: work tiles row by row from the north-west, each made of whole blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiling {
    /// Columns of the region.
    pub width: u32,
    /// Rows of the region.
    pub height: u32,
    /// Edge of a work tile, cells.
    pub tile: u32,
    /// Edge of a block, cells.
    pub block: u32,
}

/// One work tile: the cells `[x, x + width) x [y, y + height)` of the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Its number in the fixed order.
    pub number: u64,
    /// Its first column.
    pub x: u32,
    /// Its first row.
    pub y: u32,
    /// Its columns (smaller at the east edge).
    pub width: u32,
    /// Its rows (smaller at the south edge).
    pub height: u32,
}

impl Tiling {
    /// Tiles across.
    #[must_use]
    pub fn across(&self) -> u32 {
        self.width.div_ceil(self.tile)
    }

    /// Tiles in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::from(self.across()) * u64::from(self.height.div_ceil(self.tile))
    }

    /// The tile with this number; `None` beyond the last.
    #[must_use]
    pub fn tile(&self, number: u64) -> Option<Tile> {
        if number >= self.count() {
            return None;
        }
        let x = (number % u64::from(self.across())) as u32 * self.tile;
        let y = (number / u64::from(self.across())) as u32 * self.tile;
        Some(Tile {
            number,
            x,
            y,
            width: self.tile.min(self.width - x),
            height: self.tile.min(self.height - y),
        })
    }

    /// Blocks across a map.
    #[must_use]
    pub fn blocks_across(&self) -> u32 {
        self.width.div_ceil(self.block)
    }

    /// Blocks of a map.
    #[must_use]
    pub fn blocks(&self) -> u32 {
        self.blocks_across() * self.height.div_ceil(self.block)
    }
}

/// One map of the request.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its name, also the file's without `.tif`: `lst_mean_m01`.
    pub name: String,
    /// Its month; `None` for the sky view factor.
    pub month: Option<u8>,
    /// Its unit, as written into the file.
    pub unit: &'static str,
    /// What it is, in words, as written into the file.
    pub description: String,
    /// Values outside are impossible.
    pub range: (f32, f32),
}

/// What was computed of one tile.
#[derive(Debug, Clone, PartialEq)]
pub struct Computed {
    /// For each layer the tile's cells row by row; NaN = no data.
    pub layers: Vec<Vec<f32>>,
}

/// An engine opened on a request. Computes with the rayon pool it is called in.
#[derive(Debug)]
pub struct Engine {
    request: Request,
}

impl Engine {
    /// Opens and verifies every input.
    ///
    /// # Errors
    /// The first problem found; [`Engine::check`] lists them all.
    pub fn open(_request: Request) -> Result<Self, EngineError> {
        unimplemented!()
    }

    /// All that is wrong with the inputs, each with its file and cure.
    #[must_use]
    pub fn check(_request: &Request) -> Vec<Problem> {
        unimplemented!()
    }

    /// What it was opened on.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The tiles.
    #[must_use]
    pub fn tiling(&self) -> Tiling {
        unimplemented!()
    }

    /// The maps, in a fixed order.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        unimplemented!()
    }

    /// Where the region lies: what the maps' georeference is made of.
    #[must_use]
    pub fn placement(&self) -> &geotiff::Placement {
        unimplemented!()
    }

    /// Valid cells of the DEM inside the region: each map has as many valid pixels.
    ///
    /// # Errors
    /// When the DEM cannot be read.
    pub fn valid_cells(&self) -> Result<u64, EngineError> {
        unimplemented!()
    }

    /// Computes one tile; looks at `stop` at least every second.
    ///
    /// # Errors
    /// [`EngineError::Stopped`] when `stop` was set; an input that cannot be read any more.
    pub fn compute(&self, _tile: Tile, _stop: &AtomicBool) -> Result<Computed, EngineError> {
        unimplemented!()
    }
}
