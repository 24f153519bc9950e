//! The engine opened on a request: its tiles in their fixed order, its layers, and the computing of one tile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rayon::prelude::*;

use super::coarse::Span;
use super::geotiff::Placement;
use super::inputs::Inputs;
use super::layers::{self, Source};
use super::model::{Shadow, SkyView};
use super::products::Filler;
use super::radiation::by_cell::Cells;
use super::radiation::by_skyline::{Setting, Work};
use super::radiation::{Geography, Radiation};
use super::stages::{Stage, Stages};
use super::sun::Month;
use super::surface::CloudTable;
use super::terrain::{Rect, Terrain};
use super::vector::Vectors;
use super::{EngineError, Problem, Request, Steps, sky_view};

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
    /// The steps in which it is stored as integers; `None`: always float32.
    pub steps: Option<Steps>,
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
    inputs: Inputs,
    layers: Vec<Layer>,
    sources: Vec<Source>,
    setting: Setting,
    geography: Geography,
    months: Vec<Month>,
    clouds: CloudTable,
    stages: Stages,
}

/// Rows that are read at once for counting.
const COUNTED_ROWS: usize = 256;

impl Engine {
    /// Opens and verifies every input.
    ///
    /// # Errors
    /// The first problem found; [`Engine::check`] lists them all.
    pub fn open(request: Request) -> Result<Self, EngineError> {
        Self::open_with(request, Vectors::best())
    }

    /// As [`Engine::open`], with a class of vector instructions. The results are the same, bit for bit.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open_with(request: Request, vectors: Vectors) -> Result<Self, EngineError> {
        let (inputs, problems) = Inputs::gather(&request);
        if let Some(problem) = problems.into_iter().next() {
            return Err(problem.into());
        }
        let nowhere = || {
            Problem::new(&request.dem, "does not lie on the earth", "check its coordinates and its system")
        };
        let inputs = inputs.ok_or_else(nowhere)?;
        // The clock is the mean solar time of the cell that SAGA takes: its rows count from the south.
        let span = inputs.span;
        let column = span.column as f64 + (span.width / 2) as f64;
        let row = span.row as f64 + (span.height - 1 - span.height / 2) as f64;
        let dem = inputs.dem.placement();
        let geography = Geography::new(dem, (column, row), &request.model).ok_or_else(nowhere)?;
        let setting = Setting::new(&request.model, vectors);
        let (layers, sources): (Vec<Layer>, Vec<Source>) = layers::of(&request).into_iter().unzip();
        let needs_sun = sources.iter().any(|source| *source != Source::SkyView);
        let months = if needs_sun { request.months.as_slice() } else { &[] };
        let month = |month: u8| Month::new(request.year, month, &request.model, geography.middle());
        let months = months.iter().map(|inputs| month(inputs.month)).collect();
        Ok(Self {
            request,
            inputs,
            layers,
            sources,
            setting,
            geography,
            months,
            clouds: CloudTable::new(),
            stages: Stages::default(),
        })
    }

    /// All that is wrong with the inputs, each with its file and cure.
    #[must_use]
    pub fn check(request: &Request) -> Vec<Problem> {
        Inputs::gather(request).1
    }

    /// What it was opened on.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The tiles.
    #[must_use]
    pub fn tiling(&self) -> Tiling {
        Tiling {
            width: self.inputs.span.width as u32,
            height: self.inputs.span.height as u32,
            tile: self.request.tile,
            block: self.request.block,
        }
    }

    /// The maps, in a fixed order.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Where the region lies: what the maps' georeference is made of.
    #[must_use]
    pub fn placement(&self) -> &Placement {
        &self.inputs.placement
    }

    /// Valid cells of the DEM inside the region: each map has as many valid pixels.
    ///
    /// # Errors
    /// When the DEM cannot be read.
    pub fn valid_cells(&self) -> Result<u64, EngineError> {
        let span = self.inputs.span;
        let mut count = 0;
        for first in (0..span.height).step_by(COUNTED_ROWS) {
            let height = COUNTED_ROWS.min(span.height - first);
            let rows = self.inputs.dem.window(span.column, span.row + first as isize, span.width, height)?;
            count += rows.values.iter().filter(|z| !z.is_nan()).count() as u64;
        }
        Ok(count)
    }

    /// Computes one tile; looks at `stop` at least every second.
    ///
    /// # Errors
    /// [`EngineError::Stopped`] when `stop` was set; an input that cannot be read any more.
    pub fn compute(&self, tile: Tile, stop: &AtomicBool) -> Result<Computed, EngineError> {
        let terrain = self.terrain(tile, stop)?;
        if terrain.heights().is_none() || self.sources.is_empty() {
            let cells = terrain.tile.width() * terrain.tile.height();
            return Ok(Computed { layers: vec![vec![f32::NAN; cells]; self.sources.len()] });
        }
        let layers = match self.request.model.shadow {
            Shadow::SagaSlim => self.by_cell(&terrain, stop)?,
            Shadow::Horizon => self.by_skyline(&terrain, stop)?,
        };
        Ok(Computed { layers })
    }

    /// The window of a tile, its cells as large as they are on the ground.
    fn terrain(&self, tile: Tile, stop: &AtomicBool) -> Result<Terrain, EngineError> {
        let region = self.inputs.span;
        let corner = (region.column + tile.x as isize, region.row + tile.y as isize);
        let size = (tile.width as usize, tile.height as usize);
        let mut terrain = self
            .stages
            .during(Stage::Reading, || Terrain::read(&self.inputs.dem, corner, size, self.halo()))?;
        if stop.load(Ordering::Relaxed) {
            return Err(EngineError::Stopped);
        }
        let middle = |first: isize, size: usize| first as f64 + (size as f64 - 1.0) / 2.0;
        if let Some(cell) = self.geography.ground_cell(middle(corner.0, size.0), middle(corner.1, size.1)) {
            terrain.cell = cell;
        }
        Ok(terrain)
    }

    /// The layers of a patch of the window from its sky view factor and radiation.
    fn fill(
        &self,
        terrain: &Terrain,
        rect: Rect,
        sky_view: &[f32],
        radiation: Vec<Radiation>,
    ) -> Result<Vec<Vec<f32>>, Problem> {
        let span = Span {
            column: terrain.column + rect.x0 as isize,
            row: terrain.row + rect.y0 as isize,
            width: rect.width(),
            height: rect.height(),
        };
        let filler = Filler {
            inputs: &self.inputs,
            model: &self.request.model,
            clouds: &self.clouds,
            terrain,
            rect,
            span,
        };
        self.stages.during(Stage::Products, || filler.fill(self.sources.iter().copied(), sky_view, radiation))
    }

    /// Patch by patch: skylines, sums and products while the patch is at hand.
    fn by_skyline(&self, terrain: &Terrain, stop: &AtomicBool) -> Result<Vec<Vec<f32>>, EngineError> {
        let work = self.stages.during(Stage::Skylines, || {
            let turbidities = self.inputs.months.iter().map(|month| month.turbidity.as_ref()).collect();
            Work::new(&self.setting, terrain, &self.geography, &self.months, turbidities, stop)
        });
        let work = work.ok_or(EngineError::Stopped)?;
        let patches = Work::patches(terrain);
        let layers: Vec<Vec<Vec<f32>>> = patches
            .par_iter()
            .map(|rect| {
                let given = (self.request.model.sky_view == SkyView::Saga).then(|| saga_sky(terrain, *rect));
                let (sky_view, radiation) =
                    work.patch(*rect, given, stop, &self.stages).ok_or(EngineError::Stopped)?;
                Ok(self.fill(terrain, *rect, &sky_view, radiation)?)
            })
            .collect::<Result<_, EngineError>>()?;
        let tile = terrain.tile;
        let mut all = vec![vec![f32::NAN; tile.width() * tile.height()]; self.sources.len()];
        for (rect, layers) in patches.iter().zip(layers) {
            for (from, to) in layers.iter().zip(&mut all) {
                paste(tile, *rect, from, to);
            }
        }
        Ok(all)
    }

    /// SAGA's shadows go from cell to cell over the whole window, step by step.
    fn by_cell(&self, terrain: &Terrain, stop: &AtomicBool) -> Result<Vec<Vec<f32>>, EngineError> {
        let tile = terrain.tile;
        let sky_view = if self.request.model.sky_view == SkyView::Saga {
            saga_sky(terrain, tile)
        } else {
            self.own_sky(terrain, stop).ok_or(EngineError::Stopped)?
        };
        let mut radiation = Vec::new();
        if !self.months.is_empty() {
            let cells = Cells::new(terrain, &self.geography, &self.request.model, stop);
            let months: Option<_> = self.months.iter().map(|month| cells.month(month, &sky_view)).collect();
            radiation = months.ok_or(EngineError::Stopped)?;
        }
        Ok(self.fill(terrain, tile, &sky_view, radiation)?)
    }

    fn own_sky(&self, terrain: &Terrain, stop: &AtomicBool) -> Option<Vec<f32>> {
        let work = Work::new(&self.setting, terrain, &self.geography, &[], Vec::new(), stop)?;
        let mut sky_view = vec![f32::NAN; terrain.tile.width() * terrain.tile.height()];
        for rect in Work::patches(terrain) {
            paste(terrain.tile, rect, &work.patch(rect, None, stop, &self.stages)?.0, &mut sky_view);
        }
        Some(sky_view)
    }

    /// Where the sun stands at a step of a month of the request (1 to 12; steps from 0, the nights too) over a place of the
    /// region, in cells: its height above the plane horizon without refraction and its azimuth clockwise from true north,
    /// radians. The sums share one such sun among the cells of a patch, that of its middle.
    #[must_use]
    pub fn sun(&self, month: u8, step: usize, (column, row): (f64, f64)) -> Option<(f64, f64)> {
        let number = self.request.months.iter().position(|inputs| inputs.month == month)?;
        let step = self.months.get(number)?.steps.get(step)?;
        let span = self.inputs.span;
        let place = self.geography.whereabouts(span.column as f64 + column, span.row as f64 + row)?;
        let position = step.sun.position(&place);
        Some((position.height, position.azimuth))
    }

    /// The directions of the horizon table: azimuths clockwise from the grid's columns, radians, increasing from 0.
    #[must_use]
    pub fn azimuths(&self) -> Vec<f64> {
        self.setting.azimuths()
    }

    /// The skylines of single cells of a tile (column and row in it), for looking at: for each cell and each of the
    /// [`Engine::azimuths`] the tangent of the skyline's height as the sums take it, the cell's own slope left out; 0 or less
    /// where nothing stands above the horizontal.
    ///
    /// Between two directions the engine takes the tangent linearly along the chord between their unit vectors.
    ///
    /// # Errors
    /// As [`Engine::compute`].
    pub fn skylines(
        &self,
        tile: Tile,
        cells: &[(u32, u32)],
        stop: &AtomicBool,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let terrain = self.terrain(tile, stop)?;
        let work = Work::new(&self.setting, &terrain, &self.geography, &[], Vec::new(), stop);
        let work = work.ok_or(EngineError::Stopped)?;
        Ok(cells.iter().map(|(x, y)| work.skyline(*x as usize, *y as usize)).collect())
    }

    /// Cells of the terrain that computing a tile reads: its own and its halo.
    #[must_use]
    pub fn window_cells(&self, tile: Tile) -> u64 {
        let halo = 2 * self.halo() as u64;
        (u64::from(tile.width) + halo) * (u64::from(tile.height) + halo)
    }

    /// Time spent in each stage so far, summed over threads.
    #[must_use]
    pub fn spent(&self) -> Vec<(Stage, Duration)> {
        self.stages.spent()
    }

    /// Cells around a tile that its pixels can see.
    fn halo(&self) -> usize {
        let model = &self.request.model;
        let own =
            model.shadow == Shadow::Horizon || model.sky_view == SkyView::Horizon || !self.months.is_empty();
        let rays = if own { model.horizon_distance } else { 0.0 };
        let sky = if model.sky_view == SkyView::Saga { sky_view::SAGA_DISTANCE } else { 0.0 };
        // One more for the second node of a crossing and for slopes.
        (rays.max(sky) / self.inputs.placement.cell_x).ceil() as usize + 2
    }
}

/// SAGA's sky view factor of a patch, row by row.
fn saga_sky(terrain: &Terrain, rect: Rect) -> Vec<f32> {
    let rows = (rect.y0..rect.y1).into_par_iter();
    rows.flat_map_iter(|y| (rect.x0..rect.x1).map(move |x| sky_view::saga(terrain, x, y).unwrap_or(f32::NAN)))
        .collect()
}

/// Copies a patch's cells to their places in the tile.
fn paste(tile: Rect, patch: Rect, from: &[f32], to: &mut [f32]) {
    for (y, line) in (patch.y0..patch.y1).zip(from.chunks_exact(patch.width())) {
        let start = (y - tile.y0) * tile.width() + patch.x0 - tile.x0;
        to[start..start + patch.width()].copy_from_slice(line);
    }
}
