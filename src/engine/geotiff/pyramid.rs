//! The overviews of a map, made while its blocks pass by: each level half as wide as the one before.

use rayon::prelude::*;

use super::decode::decode_block;
use super::encode::{cut_block, encode_numbers};
use super::encoding::Encoding;
use crate::engine::Tiling;

/// The smallest overview is no longer than this.
const SMALLEST: u32 = 256;

/// A block of an overview, encoded; those of one level come in the order of the level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverviewBlock {
    /// Its level: cells of `2^level` cells of the map.
    pub level: usize,
    /// Its bytes; empty where nothing is valid.
    pub bytes: Vec<u8>,
}

/// Makes the overviews of a map from its rows of blocks, from north to south.
///
/// A cell is the mean of all valid cells of the map that it covers, rounded once. In memory are a row of the map's
/// blocks and one of each overview's: 8 bytes times the map's width times a block's edge at most.
#[derive(Debug)]
pub struct Pyramid {
    encoding: Encoding,
    tiling: Tiling,
    levels: Vec<OverviewLevel>,
}

/// The valid cells of the map below a cell of an overview.
#[derive(Debug, Clone, Copy, Default)]
struct CellSum {
    sum: f64,
    count: u64,
}

impl CellSum {
    fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    fn mean(self) -> f32 {
        if self.count == 0 { f32::NAN } else { (self.sum / self.count as f64) as f32 }
    }
}

/// An overview as far as it is made.
#[derive(Debug)]
struct OverviewLevel {
    width: usize,
    height: usize,
    /// Rows that are complete.
    rows: usize,
    /// The row that is being summed up, of two rows of the level before.
    sums: Vec<CellSum>,
    /// The complete rows of the row of blocks that is being filled, as wide as the blocks.
    band: Vec<f32>,
}

/// Widths and heights of the overviews of a map.
pub(super) fn sizes(width: u32, height: u32) -> impl Iterator<Item = (u32, u32)> {
    let half = |(width, height): &(u32, u32)| {
        (*width.max(height) > SMALLEST).then(|| (width.div_ceil(2), height.div_ceil(2)))
    };
    std::iter::successors(Some((width, height)), half).skip(1)
}

impl Pyramid {
    /// Of a map; `None` where it is so small that it has no overviews.
    #[must_use]
    pub fn new(tiling: Tiling, encoding: Encoding) -> Option<Self> {
        let level = |(width, height)| OverviewLevel {
            width: width as usize,
            height: height as usize,
            rows: 0,
            sums: vec![CellSum::default(); width as usize],
            band: Vec::new(),
        };
        let levels: Vec<OverviewLevel> = sizes(tiling.width, tiling.height).map(level).collect();
        (!levels.is_empty()).then_some(Self { encoding, tiling, levels })
    }

    /// The number of overviews.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// Takes the next row of the map's blocks, empty where not stored; gives the blocks of overviews that are complete.
    ///
    /// # Errors
    /// The position in the row of a block that cannot be decoded, and why.
    pub fn push(&mut self, blocks: &[Vec<u8>]) -> Result<Vec<OverviewBlock>, (usize, String)> {
        let (encoding, edge) = (self.encoding, self.tiling.block as usize);
        let halved = |(at, bytes): (usize, &Vec<u8>)| {
            if bytes.is_empty() {
                return Ok(Vec::new());
            }
            let cells = decode_block(bytes, self.tiling.block, encoding).map_err(|why| (at, why))?;
            Ok(halved(&cells, edge))
        };
        // Blocks have even edges: what an overview's cell covers never lies in two of them.
        let halved: Vec<Vec<CellSum>> =
            blocks.par_iter().enumerate().map(halved).collect::<Result<_, _>>()?;
        let mut complete = Vec::new();
        let Some(first) = self.levels.first() else { return Ok(complete) };
        let (width, rows) = (first.width, (edge / 2).min(first.height - first.rows));
        let nothing = vec![CellSum::default(); edge / 2];
        let mut row = Vec::with_capacity(blocks.len() * edge / 2);
        for y in 0..rows {
            row.clear();
            for block in &halved {
                row.extend_from_slice(block.chunks(edge / 2).nth(y).unwrap_or(&nothing));
            }
            row.truncate(width);
            self.add_row(0, &row, &mut complete);
        }
        Ok(complete)
    }

    /// Adds a complete row to a level, and to those above it what that completes there.
    fn add_row(&mut self, at: usize, row: &[CellSum], complete: &mut Vec<OverviewBlock>) {
        let edge = self.tiling.block as usize;
        let [level, above @ ..] = self.levels.get_mut(at..).unwrap_or_default() else { return };
        level.band.extend(row.iter().map(|sum| sum.mean()));
        level.band.resize(level.band.len().next_multiple_of(edge), f32::NAN);
        level.rows += 1;
        let last = level.rows == level.height;
        if last || level.rows.is_multiple_of(edge) {
            let band = std::mem::take(&mut level.band);
            let bytes = encoded(&band, level.width.next_multiple_of(edge), edge, self.encoding);
            complete.extend(bytes.into_iter().map(|bytes| OverviewBlock { level: at + 1, bytes }));
        }
        let rows = level.rows;
        let Some(above) = above.first_mut() else { return };
        for (sum, pair) in above.sums.iter_mut().zip(row.chunks(2)) {
            for part in pair {
                sum.add(*part);
            }
        }
        if last || rows.is_multiple_of(2) {
            let width = above.width;
            let sums = std::mem::replace(&mut above.sums, vec![CellSum::default(); width]);
            self.add_row(at + 1, &sums, complete);
        }
    }
}

/// The sums of each two by two cells of a block; NaN is no value.
fn halved(cells: &[f32], edge: usize) -> Vec<CellSum> {
    let mut sums = vec![CellSum::default(); (edge / 2).pow(2)];
    for (sums, rows) in sums.chunks_exact_mut(edge / 2).zip(cells.chunks_exact(2 * edge)) {
        let (upper, lower) = rows.split_at(edge);
        let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        for (sum, ([a, b], [c, d])) in sums.iter_mut().zip(pairs) {
            for value in [a, b, c, d] {
                let valid = !value.is_nan();
                sum.add(CellSum {
                    sum: if valid { f64::from(*value) } else { 0.0 },
                    count: u64::from(valid),
                });
            }
        }
    }
    sums
}

/// The encoded blocks of a row of blocks; empty where nothing is valid.
fn encoded(band: &[f32], width: usize, edge: usize, encoding: Encoding) -> Vec<Vec<u8>> {
    let block = |left: usize| {
        let cells = cut_block(band, width as u32, (left as u32, 0), edge as u32);
        if cells.iter().all(|v| v.is_nan()) {
            Vec::new()
        } else {
            encode_numbers(&cells, edge as u32, encoding)
        }
    };
    (0..width / edge).into_par_iter().map(|number| block(number * edge)).collect()
}
