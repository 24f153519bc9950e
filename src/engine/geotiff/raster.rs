//! An opened raster, read by windows.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::cache::{Cache, Chunk};
use super::chunk_layout::ChunkLayout;
use super::file::{self, COPY_AGAIN, Opener, TiffFile};
use super::ifd::Directory;
use super::keys::Keys;
use super::overlap::Overlap;
use super::sample::SampleType;
use super::side::{self, SideFile};
use super::value_scale::{self, ValueScale};
use super::vertical::Vertical;
use super::witness::Witness;
use super::{decode, decompress, placed, tags};
use crate::engine::Problem;
use crate::engine::grid::{Grid, Placement};

/// Cells that are decoded side by side before they are copied: bounds the memory of a wide window.
const CELLS_OF_A_BATCH: usize = 1 << 21;
/// Overviews and masks follow the image; a chain longer than this is a loop.
const MOST_DIRECTORIES: usize = 64;

/// An opened raster: its placement and the meaning of its numbers are known, its cells are read by windows. Shareable among threads.
///
/// Cells come as values: a scale and an offset in GDAL's metadata are applied. What GDAL finds beside a file counts as
/// there: see `docs/decisions/0032-side-files-are-read-or-refused.md`.
#[derive(Debug)]
pub struct Raster {
    source: TiffFile,
    placement: Placement,
    chunk_layout: ChunkLayout,
    value_scale: ValueScale,
    unit: Option<String>,
    vertical: Vertical,
    cache: Cache,
    witness: Arc<Witness>,
}

impl Raster {
    /// Opens a one-band GeoTIFF.
    ///
    /// # Errors
    /// When it is missing, cut, not a TIFF, not georeferenced, in an unknown system, or stored in an unknown way.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        Self::open_by(path, file::as_named)
    }

    /// Opens a one-band GeoTIFF by `reach`, which opens for reading the file that it is given, and those beside it.
    ///
    /// # Errors
    /// As [`Raster::open`].
    pub fn open_by(path: &Path, reach: Opener) -> Result<Self, Problem> {
        let source = TiffFile::open(path, reach)?;
        let directory = Directory::first(&source)?;
        let chunk_layout = ChunkLayout::of(&directory)?;
        let keys = Keys::of(&directory)?;
        let placement = placed::placement(&directory, &keys, chunk_layout.width, chunk_layout.height)?;
        let side = SideFile::of(&source.path, source.reach)?;
        side.verify(&source, &placement)?;
        let value_scale = ValueScale::of(&directory, &side, chunk_layout.sample)?;
        let unit = value_scale::unit(&directory, &side)?;
        let vertical = Vertical::of(&keys);
        refuse_mask(&directory)?;
        side::refuse_mask(&source)?;
        drop(directory);
        let witness = Arc::new(Witness::new(path, &source.file));
        witness.note_meaning(&value_scale.told(&placement, unit.as_deref()));
        Ok(Self {
            placement,
            chunk_layout,
            value_scale,
            unit,
            vertical,
            cache: Cache::default(),
            witness,
            source,
        })
    }

    /// Opens a one-band GeoTIFF of heights; its cells come in metres, whatever unit of length it says they have.
    ///
    /// # Errors
    /// As [`Raster::open`], and when its unit is none of length, its vertical system counts downwards, or the two disagree.
    pub fn open_heights(path: &Path) -> Result<Self, Problem> {
        let raster = Self::open(path)?;
        let epsg = raster.placement.crs.epsg();
        let metres = raster.vertical.metres(&raster.source, raster.unit(), raster.value_scale, epsg)?;
        Ok(Self { value_scale: raster.value_scale.times(metres), ..raster })
    }

    /// The unit that the file says its values have, as it writes it; `None` when it says none.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// Keeps little of what was read: for rasters of which each cell is wanted once.
    #[must_use]
    pub(in super::super) fn sparing(self) -> Self {
        Self { cache: Cache::small(), ..self }
    }

    /// Bytes of the decoded cells that it keeps at most, and of those at hand while it is read.
    pub(in super::super) fn memory(&self) -> u64 {
        let all = self.placement.width * self.placement.height;
        let chunk = self.chunk_layout.chunk_width * self.chunk_layout.chunk_height;
        // While a chunk is decoded its bytes, up to 8 for a cell, stand beside its cells.
        (4 * self.cache.most().min(all) + 4 * CELLS_OF_A_BATCH.min(all) + 12 * chunk) as u64
    }

    /// Where it lies.
    #[must_use]
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// What was read of it.
    pub(in super::super) fn witness(&self) -> Arc<Witness> {
        Arc::clone(&self.witness)
    }

    /// Whether its cells are float32 and are the values themselves, without scale and offset.
    #[must_use]
    pub fn is_plain_float32(&self) -> bool {
        self.chunk_layout.sample == SampleType::F32 && self.value_scale.is_plain()
    }

    /// Path of the file, as it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The number that stands for no data in the file.
    pub(in super::super) fn nodata(&self) -> Option<f64> {
        self.value_scale.nodata
    }

    /// The scale and offset in the file, which are applied; `None` where its numbers are the values.
    pub(in super::super) fn scaling(&self) -> Option<(f64, f64)> {
        (!self.value_scale.is_plain()).then_some((self.value_scale.scale, self.value_scale.offset))
    }

    /// Rows of the pieces in which the file is read.
    pub(in super::super) fn rows_of_a_chunk(&self) -> usize {
        self.chunk_layout.chunk_height
    }

    /// Cells of a window, which may reach outside (NaN there); nodata and NaN become NaN.
    ///
    /// Only the strips or tiles that the window touches are read.
    ///
    /// # Errors
    /// When the file is cut or damaged, or the window does not fit into memory.
    pub fn window(&self, x: isize, y: isize, width: usize, height: usize) -> Result<Grid, Problem> {
        let read = self.window_unless(x, y, (width, height), &AtomicBool::new(false))?;
        Ok(read.unwrap_or(Grid { width: 0, height: 0, values: Vec::new() }))
    }

    /// As [`Raster::window`], of so many columns and rows; `None` when `stop` was set meanwhile.
    pub(in super::super) fn window_unless(
        &self,
        x: isize,
        y: isize,
        (width, height): (usize, usize),
        stop: &AtomicBool,
    ) -> Result<Option<Grid>, Problem> {
        let mut values = Vec::new();
        let cells = width.saturating_mul(height);
        values.try_reserve_exact(cells).map_err(|_| {
            let what = format!("a window of {width} x {height} cells does not fit into memory");
            self.source.problem(what, "ask for a smaller region or smaller tiles")
        })?;
        values.resize(cells, f32::NAN);
        let mut grid = Grid { width, height, values };
        let (columns, rows) = (
            Overlap::of(x, width, self.chunk_layout.width),
            Overlap::of(y, height, self.chunk_layout.height),
        );
        let (Some(columns), Some(rows)) = (columns, rows) else { return Ok(Some(grid)) };
        let layout = &self.chunk_layout;
        let across = columns.first / layout.chunk_width..=columns.last / layout.chunk_width;
        let down = rows.first / layout.chunk_height..=rows.last / layout.chunk_height;
        let wanted: Vec<usize> =
            down.flat_map(|row| across.clone().map(move |column| row * layout.across + column)).collect();
        let batch = (CELLS_OF_A_BATCH / (layout.chunk_width * layout.chunk_height)).max(1);
        for batch in wanted.chunks(batch) {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let chunks: Vec<Chunk> =
                batch.par_iter().map(|index| self.chunk(*index)).collect::<Result<_, _>>()?;
            for (index, chunk) in batch.iter().zip(&chunks) {
                self.copy(*index, chunk, &columns, &rows, &mut grid);
            }
        }
        Ok(Some(grid))
    }

    /// Copies what chunk and window have in common.
    fn copy(&self, index: usize, chunk: &[f32], columns: &Overlap, rows: &Overlap, grid: &mut Grid) {
        let layout = &self.chunk_layout;
        let (left, top) =
            (index % layout.across * layout.chunk_width, index / layout.across * layout.chunk_height);
        let from = columns.first.max(left);
        let to = (columns.last + 1).min(left + layout.chunk_width);
        for row in rows.first.max(top)..(rows.last + 1).min(top + layout.rows_of(index)) {
            let start = (row - top) * layout.chunk_width;
            let target =
                (row - rows.first + rows.skipped) * grid.width + columns.skipped + (from - columns.first);
            let source = chunk.get(start + from - left..start + to - left);
            if let (Some(source), Some(target)) = (source, grid.values.get_mut(target..target + (to - from)))
            {
                target.copy_from_slice(source);
            }
        }
    }

    fn chunk(&self, index: usize) -> Result<Chunk, Problem> {
        if let Some(chunk) = self.cache.get(index) {
            return Ok(chunk);
        }
        let chunk = Arc::new(self.decode(index)?);
        self.cache.put(index, &chunk);
        Ok(chunk)
    }

    fn decode(&self, index: usize) -> Result<Vec<f32>, Problem> {
        let layout = &self.chunk_layout;
        let cells = layout.chunk_width * layout.rows_of(index);
        let (offset, length) = layout.chunks.get(index).copied().unwrap_or_default();
        if length == 0 {
            // As in GDAL, what was never written is nodata, or zero where there is none.
            let zero = self.value_scale.offset as f32;
            return Ok(vec![if self.value_scale.nodata.is_some() { f32::NAN } else { zero }; cells]);
        }
        let raw = self.source.read(offset, length)?;
        let (row, column) =
            (index / layout.across * layout.chunk_height, index % layout.across * layout.chunk_width);
        self.witness.see(offset, &raw).map_err(|since| {
            let place = format!(
                "from column {column}, row {row} on ({} x {} cells)",
                layout.chunk_width,
                layout.rows_of(index)
            );
            Problem::changed(&self.source.path, &place, &since)
        })?;
        let size = [layout.chunk_width, layout.rows_of(index)];
        let bytes =
            decompress::decompress(layout.codec, &layout.jpeg_tables, raw, size, layout.sample.size());
        let bytes = bytes.map_err(|why| {
            let what =
                format!("is damaged: the block at column {column}, row {row} cannot be decoded: {why}");
            self.source.problem(what, COPY_AGAIN)
        })?;
        Ok(decode::cells(
            bytes,
            layout.chunk_width,
            layout.sample,
            layout.predictor,
            layout.order,
            self.value_scale,
        ))
    }
}

/// Cells hidden by a mask inside the file would be taken for values.
fn refuse_mask(first: &Directory) -> Result<(), Problem> {
    let mut following = first.following();
    for _ in 0..MOST_DIRECTORIES {
        let Some(directory) = following.transpose()? else { return Ok(()) };
        if directory.number(tags::NEW_SUBFILE_TYPE)?.unwrap_or(0) & 4 != 0 {
            let what = "has a mask inside instead of a nodata value";
            return Err(first.source.problem(what, first.source.unmasked()));
        }
        following = directory.following();
    }
    Err(first.source.problem("is damaged: its directories form a loop", COPY_AGAIN))
}
