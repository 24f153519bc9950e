//! Rectangles of cells.

use super::grid::Placement;

/// Cells of a block: windows of the terrain end on edges of blocks, and coarse grids are placed under their corners. They are
/// tied to the DEM's cells, so that neither depends on how the region is cut.
pub(super) const BLOCK: usize = 64;

/// A rectangle of cells, `[x0, x1) x [y0, y1)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub x0: usize,
    pub y0: usize,
    pub x1: usize,
    pub y1: usize,
}

impl Rect {
    pub(super) fn width(&self) -> usize {
        self.x1 - self.x0
    }

    pub(super) fn height(&self) -> usize {
        self.y1 - self.y0
    }

    /// Pieces of at most `edge` cells across and down, row by row.
    pub(super) fn cut(&self, edge: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        for y0 in (self.y0..self.y1).step_by(edge) {
            for x0 in (self.x0..self.x1).step_by(edge) {
                pieces.push(Self { x0, y0, x1: (x0 + edge).min(self.x1), y1: (y0 + edge).min(self.y1) });
            }
        }
        pieces
    }
}

/// A rectangle of the DEM's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub column: isize,
    pub row: isize,
    pub width: usize,
    pub height: usize,
}

impl Span {
    /// All cells of a raster.
    pub(super) fn whole(placement: &Placement) -> Self {
        Self { column: 0, row: 0, width: placement.width, height: placement.height }
    }

    /// Points all along its outline and over its inside, `across` + 1 by `across` + 1, as fractional cells.
    pub(super) fn points(&self, across: usize) -> impl Iterator<Item = (f64, f64)> + use<> {
        let span = *self;
        let part = move |i: usize, size: usize| i as f64 / across as f64 * (size.max(1) - 1) as f64;
        (0..=across).flat_map(move |j| {
            (0..=across).map(move |i| {
                (span.column as f64 + part(i, span.width), span.row as f64 + part(j, span.height))
            })
        })
    }
}

/// The blocks that hold a part of the terrain with `halo` cells around it, as far as there is terrain. The last ones may reach
/// beyond its east and south.
pub(super) fn surroundings(dem: &Placement, part: Span, halo: usize) -> Span {
    let (block, halo) = (BLOCK as isize, halo as isize);
    let along = |from: isize, size: usize, all: usize| {
        let first = ((from - halo).div_euclid(block) * block).max(0);
        let end = (from + size as isize + halo).min(all as isize);
        (first, ((end + block - 1).div_euclid(block) * block - first) as usize)
    };
    let (column, width) = along(part.column, part.width, dem.width);
    let (row, height) = along(part.row, part.height, dem.height);
    Span { column, row, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_rectangle_once() {
        let rect = Rect { x0: 70, y0: 10, x1: 200, y1: 130 };
        let pieces = rect.cut(64);
        assert_eq!(pieces.len(), 6);
        assert_eq!(pieces.iter().map(|p| p.width() * p.height()).sum::<usize>(), 130 * 120);
        assert!(pieces.iter().all(|p| p.width() <= 64 && p.height() <= 64 && p.x1 <= 200 && p.y1 <= 130));
    }
}
