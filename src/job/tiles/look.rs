//! The small picture of the map as it fills.

use crate::checkpoint::Quicklook;
use crate::checkpoint::status::QUICKLOOK_EDGE;
use crate::engine::{Layer, Piece, Tile, Tiling};

/// Which cells of the region the picture shows: every `step`-th, from the middle of the first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::job) struct Sampling {
    tiling: Tiling,
    step: u32,
}

impl Sampling {
    /// The picture of a region, at most [`QUICKLOOK_EDGE`] pixels long and wide.
    #[must_use]
    pub(in crate::job) fn of(tiling: Tiling) -> Self {
        Self { tiling, step: tiling.width.max(tiling.height).div_ceil(QUICKLOOK_EDGE).max(1) }
    }

    /// An empty picture of `layer`.
    #[must_use]
    pub(in crate::job) fn blank(&self, layer: &Layer) -> Quicklook {
        let (width, height) = (self.tiling.width.div_ceil(self.step), self.tiling.height.div_ceil(self.step));
        Quicklook {
            layer: layer.name.clone(),
            unit: layer.unit.to_owned(),
            width,
            height,
            values: vec![f32::NAN; width as usize * height as usize],
        }
    }

    /// How many cells of a tile the picture shows.
    #[must_use]
    pub(in crate::job) fn count(&self, tile: Tile) -> usize {
        self.pixels(tile).count()
    }

    /// Takes the cells of a piece that the picture shows into the samples of its tile, row by row.
    pub(in crate::job) fn take(&self, tile: Tile, piece: &Piece, cells: &[f32], samples: &mut [f32]) {
        for ((x, y), sample) in self.pixels(tile).zip(samples) {
            let (column, row) = (self.cell(x, self.tiling.width), self.cell(y, self.tiling.height));
            let (Some(x), Some(y)) = (column.checked_sub(piece.x), row.checked_sub(piece.y)) else {
                continue;
            };
            if x < piece.width && y < piece.height {
                let at = y as usize * piece.width as usize + x as usize;
                *sample = cells.get(at).copied().unwrap_or(f32::NAN);
            }
        }
    }

    /// Puts the samples of a tile into the picture.
    pub(in crate::job) fn paint(&self, picture: &mut Quicklook, tile: Tile, samples: &[f32]) {
        let width = picture.width as usize;
        for ((x, y), sample) in self.pixels(tile).zip(samples) {
            if let Some(pixel) = picture.values.get_mut(y as usize * width + x as usize) {
                *pixel = *sample;
            }
        }
    }

    /// The cell that a pixel shows, along one axis; the last step may be cut by the region's edge.
    fn cell(&self, pixel: u32, edge: u32) -> u32 {
        (pixel * self.step + self.step / 2).min(edge.saturating_sub(1))
    }

    /// The pixels whose cells lie in a tile.
    fn pixels(&self, tile: Tile) -> impl Iterator<Item = (u32, u32)> + use<> {
        let this = *self;
        let inside = move |from: u32, length: u32, edge: u32| {
            let (first, last) = (from / this.step, (from + length) / this.step);
            (first..=last).filter(move |p| {
                *p < edge.div_ceil(this.step) && (from..from + length).contains(&this.cell(*p, edge))
            })
        };
        inside(tile.y, tile.height, this.tiling.height)
            .flat_map(move |y| inside(tile.x, tile.width, this.tiling.width).map(move |x| (x, y)))
    }
}

/// The layer that the picture shows: the quotient, else the corrected radiation, else the total, else the first.
#[must_use]
pub(in crate::job) fn shown_layer(layers: &[Layer]) -> usize {
    ["quotient", "solar", "total"]
        .iter()
        .find_map(|kind| layers.iter().position(|l| l.name.starts_with(kind) && !l.name.ends_with("_flat")))
        .unwrap_or(0)
}
