//! How a region is cut into tiles, and tiles into pieces and blocks.

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

/// Cells of a piece across and down, at least.
pub(super) const PIECE: u32 = 256;

impl Tiling {
    /// Edge of the pieces that a tile is computed in, cells: whole blocks.
    #[must_use]
    pub fn piece(&self) -> u32 {
        PIECE.next_multiple_of(self.block.max(1))
    }
}

/// A part of a tile, computed: the cells `[x, x + width) x [y, y + height)` of the region.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Its first column; a multiple of the block.
    pub x: u32,
    /// Its first row; a multiple of the block.
    pub y: u32,
    /// Columns of the piece, cells.
    pub width: u32,
    /// Rows of the piece, cells.
    pub height: u32,
    /// For each layer the cells row by row; NaN = no data.
    pub layers: Vec<Vec<f32>>,
}

/// All of a tile, computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Computed {
    /// For each layer the tile's cells row by row; NaN = no data.
    pub layers: Vec<Vec<f32>>,
}

impl Computed {
    /// A tile without data.
    pub(super) fn missing(tile: Tile, layers: usize) -> Self {
        Self { layers: vec![vec![f32::NAN; tile.width as usize * tile.height as usize]; layers] }
    }

    /// Copies a piece to its place.
    pub(super) fn paste(&mut self, tile: Tile, piece: &Piece) {
        let (left, top) = ((piece.x - tile.x) as usize, (piece.y - tile.y) as usize);
        let (width, count) = (tile.width as usize, piece.width as usize);
        for (to, from) in self.layers.iter_mut().zip(&piece.layers) {
            let rows = to.chunks_exact_mut(width.max(1)).skip(top);
            for (to, from) in rows.zip(from.chunks_exact(count.max(1))) {
                to[left..left + count].copy_from_slice(from);
            }
        }
    }
}
