//! The engine opened on a request, and the computing of one tile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rayon::prelude::*;

use super::checks::{self, Examination, Look};
use super::finding::Finding;
use super::geotiff::{Placement, Witness};
use super::horizon::EDGE;
use super::inputs::Inputs;
use super::layers::{self, Layer, Source};
use super::load::Load;
use super::model::{Shadow, SkyView};
use super::products::{self, Filler};
use super::radiation::by_cell::Cells;
use super::radiation::by_skyline::{Setting, Work};
use super::radiation::{Geography, Radiation};
use super::spares::Spares;
use super::stages::{Stage, Stages};
use super::sun::Month;
use super::surface::CloudTable;
use super::terrain::{Rect, Terrain};
use super::tiling::{Computed, Piece, Tile, Tiling};
use super::vector::Vectors;
use super::{EngineError, Problem, Request, sky_view};

/// An engine opened on a request. Computes with the rayon pool it is called in.
#[derive(Debug)]
pub struct Engine {
    pub(super) request: Request,
    pub(super) inputs: Inputs,
    layers: Vec<Layer>,
    sources: Vec<Source>,
    setting: Setting,
    geography: Geography,
    months: Vec<Month>,
    clouds: CloudTable,
    pub(super) vectors: Vectors,
    /// Pieces' layers.
    layer_spares: Spares<Vec<Vec<f32>>>,
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
        Self::opened(request, vectors, true)
    }

    /// As [`Engine::open`], of inputs that were examined just now: what is large is not looked at again.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open_examined(request: Request) -> Result<Self, EngineError> {
        Self::opened(request, Vectors::best(), false)
    }

    fn opened(request: Request, vectors: Vectors, samples: bool) -> Result<Self, EngineError> {
        let (inputs, findings) = Inputs::gather(&request, samples);
        if let Some(problem) = findings.into_iter().find_map(Finding::refused) {
            return Err(problem.into());
        }
        let nowhere = || {
            Problem::new(&request.dem, "does not lie on the earth", "check its coordinates and its system")
        };
        let inputs = inputs.ok_or_else(nowhere)?;
        Ok(Self::of(request, inputs, vectors)?)
    }

    /// On inputs that are open already.
    pub(super) fn of(request: Request, inputs: Inputs, vectors: Vectors) -> Result<Self, Problem> {
        let nowhere = || {
            Problem::new(&request.dem, "does not lie on the earth", "check its coordinates and its system")
        };
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
            vectors,
            layer_spares: Spares::default(),
            stages: Stages::default(),
        })
    }

    /// All that is wrong with the inputs as far as samples of them tell, each with its file and cure.
    #[must_use]
    pub fn check(request: &Request) -> Vec<Problem> {
        Self::examine(request, Look::Samples).problems()
    }

    /// All that is wrong with the inputs, or may be, each with its file and cure. Computes with the rayon pool it is called
    /// in.
    #[must_use]
    pub fn examine(request: &Request, look: Look<'_>) -> Examination {
        checks::examine(request, look).0
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

    /// What was read of each input file: the bytes of its blocks at their first reading. A file that serves twice is
    /// there twice.
    #[must_use]
    pub fn witnesses(&self) -> &[Arc<Witness>] {
        &self.inputs.witnesses
    }

    /// Reads the terrain of a tile and around it: what computing it begins with, and what can be done while another tile is
    /// computed. Looks at `stop` at least every second.
    ///
    /// # Errors
    /// [`EngineError::Stopped`] when `stop` was set; an input that cannot be read any more.
    pub fn read(&self, tile: Tile, stop: &AtomicBool) -> Result<Ground, EngineError> {
        let region = self.inputs.span;
        let corner = (region.column + tile.x as isize, region.row + tile.y as isize);
        let size = (tile.width as usize, tile.height as usize);
        let mut terrain = self
            .stages
            .during(Stage::Reading, || Terrain::read(&self.inputs.dem, corner, size, self.halo(), stop))?
            .ok_or(EngineError::Stopped)?;
        // Cells as large as they are on the ground.
        let middle = |first: isize, size: usize| first as f64 + (size as f64 - 1.0) / 2.0;
        if let Some(cell) = self.geography.ground_cell(middle(corner.0, size.0), middle(corner.1, size.1)) {
            terrain.cell = cell;
        }
        Ok(Ground { tile, terrain })
    }

    /// Computes one tile whose terrain has been read, and hands over one piece after another, in any order and from
    /// several threads at once; cells of no piece are without data. Looks at `stop` at least every second.
    ///
    /// # Errors
    /// [`EngineError::Stopped`] when `stop` was set; an input that cannot be read any more.
    pub fn compute_pieces(
        &self,
        ground: &Ground,
        stop: &AtomicBool,
        each: &(dyn Fn(&Piece) + Sync),
    ) -> Result<(), EngineError> {
        if stop.load(Ordering::Relaxed) {
            return Err(EngineError::Stopped);
        }
        if ground.terrain.heights().is_none() || self.sources.is_empty() {
            return Ok(());
        }
        match self.request.model.shadow {
            Shadow::SagaSlim => self.by_cell(ground, stop, each),
            Shadow::Horizon => self.by_skyline(ground, stop, each),
        }
    }

    /// Reads and computes one tile, all of it; looks at `stop` at least every second.
    ///
    /// # Errors
    /// As [`Engine::compute_pieces`].
    pub fn compute(&self, tile: Tile, stop: &AtomicBool) -> Result<Computed, EngineError> {
        self.compute_all(&self.read(tile, stop)?, stop)
    }

    /// Computes one tile whose terrain has been read, all of it.
    ///
    /// # Errors
    /// As [`Engine::compute_pieces`].
    pub fn compute_all(&self, ground: &Ground, stop: &AtomicBool) -> Result<Computed, EngineError> {
        let tile = ground.tile;
        let whole = Mutex::new(Computed::missing(tile, self.sources.len()));
        let paste = |piece: &Piece| whole.lock().unwrap_or_else(PoisonError::into_inner).paste(tile, piece);
        self.compute_pieces(ground, stop, &paste)?;
        Ok(whole.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Piece by piece, patch by patch: skylines, sums and products while the patch is at hand.
    fn by_skyline(
        &self,
        Ground { tile, terrain }: &Ground,
        stop: &AtomicBool,
        each: &(dyn Fn(&Piece) + Sync),
    ) -> Result<(), EngineError> {
        let work = self.work(terrain, &self.months, stop)?;
        terrain.tile.cut(self.tiling().piece() as usize).into_par_iter().try_for_each(|rect| {
            if !terrain.is_anywhere_in(rect) {
                return Ok(());
            }
            let products = self.products();
            let mut filler = self.stages.during(Stage::Products, || products.piece(terrain, rect))?;
            let fill = |patch: Rect, sums: Option<(&[f32], &[Radiation<'_>])>| {
                self.stages.during(Stage::Products, || match sums {
                    Some((sky_view, months)) => filler.fill(patch, EDGE, sky_view, months),
                    None => filler.leave_out(patch),
                });
            };
            work.sums(rect, stop, &self.stages, fill).ok_or(EngineError::Stopped)?;
            self.hand_over(*tile, terrain, rect, filler, each)
        })
    }

    fn work<'a>(
        &'a self,
        terrain: &'a Terrain,
        months: &'a [Month],
        stop: &AtomicBool,
    ) -> Result<Work<'a>, EngineError> {
        let turbidities = self.inputs.months.iter().map(|month| month.turbidity.as_ref()).take(months.len());
        let found = self.stages.during(Stage::Skylines, || {
            Work::new(&self.setting, terrain, &self.geography, months, turbidities.collect(), stop)
        });
        found.ok_or(EngineError::Stopped)
    }

    /// SAGA's shadows go from cell to cell over the whole window, step by step.
    fn by_cell(
        &self,
        Ground { tile, terrain }: &Ground,
        stop: &AtomicBool,
        each: &(dyn Fn(&Piece) + Sync),
    ) -> Result<(), EngineError> {
        let all = terrain.tile;
        let sky_view = if self.request.model.sky_view == SkyView::Saga {
            sky_view::saga_of(terrain)
        } else {
            self.own_sky(terrain, stop)?
        };
        let mut months = Vec::new();
        if !self.months.is_empty() {
            let cells = Cells::new(terrain, &self.geography, &self.request.model, stop);
            let sums: Option<Vec<_>> =
                self.months.iter().map(|month| cells.month(month, &sky_view)).collect();
            months = sums.ok_or(EngineError::Stopped)?;
        }
        all.cut(self.tiling().piece() as usize).into_par_iter().try_for_each(|rect| {
            let products = self.products();
            let mut filler = products.piece(terrain, rect)?;
            let first = (rect.y0 - all.y0) * all.width() + rect.x0 - all.x0;
            let radiation: Vec<Radiation<'_>> = months.iter().map(|month| month.from(first)).collect();
            filler.fill(rect, all.width(), &sky_view[first..], &radiation);
            self.hand_over(*tile, terrain, rect, filler, each)
        })
    }

    fn own_sky(&self, terrain: &Terrain, stop: &AtomicBool) -> Result<Vec<f32>, EngineError> {
        let work = self.work(terrain, &[], stop)?;
        let tile = terrain.tile;
        let mut all = vec![f32::NAN; tile.width() * tile.height()];
        let paste = |patch: Rect, sums: Option<(&[f32], &[Radiation<'_>])>| {
            let Some((sky_view, _)) = sums else { return };
            for (y, line) in (patch.y0..patch.y1).zip(sky_view.chunks_exact(EDGE)) {
                let start = (y - tile.y0) * tile.width() + patch.x0 - tile.x0;
                all[start..start + patch.width()].copy_from_slice(&line[..patch.width()]);
            }
        };
        work.sums(tile, stop, &self.stages, paste).ok_or(EngineError::Stopped)?;
        Ok(all)
    }

    fn products(&self) -> products::Setting<'_> {
        products::Setting {
            inputs: &self.inputs,
            model: &self.request.model,
            clouds: &self.clouds,
            sources: &self.sources,
            vectors: self.vectors,
            spares: &self.layer_spares,
        }
    }

    fn hand_over(
        &self,
        tile: Tile,
        terrain: &Terrain,
        rect: Rect,
        filler: Filler<'_>,
        each: &(dyn Fn(&Piece) + Sync),
    ) -> Result<(), EngineError> {
        let piece = Piece {
            x: tile.x + (rect.x0 - terrain.tile.x0) as u32,
            y: tile.y + (rect.y0 - terrain.tile.y0) as u32,
            width: rect.width() as u32,
            height: rect.height() as u32,
            layers: filler.finish(),
        };
        if let Some((x, y)) = piece.layers.iter().find_map(|layer| terrain.first_without(rect, layer)) {
            let cell = (terrain.column + x as isize, terrain.row + y as isize);
            return Err(checks::refuse_uncovered(&self.inputs, cell).into());
        }
        each(&piece);
        self.layer_spares.give(piece.layers);
        Ok(())
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
        let ground = self.read(tile, stop)?;
        let work = self.work(&ground.terrain, &[], stop)?;
        Ok(cells.iter().map(|(x, y)| work.skyline(*x as usize, *y as usize)).collect())
    }

    /// Cells of the terrain that computing a tile reads: its own and its halo.
    #[must_use]
    pub fn window_cells(&self, tile: Tile) -> u64 {
        let halo = 2 * self.halo() as u64;
        (u64::from(tile.width) + halo) * (u64::from(tile.height) + halo)
    }

    /// What computing takes of memory.
    pub(super) fn load(&self) -> Load<'_> {
        Load {
            request: &self.request,
            inputs: &self.inputs,
            directions: self.setting.azimuths().len(),
            layers: self.layers.len(),
            halo: self.halo(),
        }
    }

    /// Time spent in each stage so far, summed over threads.
    #[must_use]
    pub fn spent(&self) -> Vec<(Stage, Duration)> {
        self.stages.spent()
    }

    /// Cells around a tile that its pixels can see.
    fn halo(&self) -> usize {
        halo(&self.request, self.inputs.placement.cell_x)
    }
}

/// Cells of this edge, m, around a tile that its pixels can see.
pub(super) fn halo(request: &Request, cell: f64) -> usize {
    let model = &request.model;
    let sunny = || layers::of(request).iter().any(|(_, source)| *source != Source::SkyView);
    let own = model.shadow == Shadow::Horizon
        || model.sky_view == SkyView::Horizon
        || !request.months.is_empty() && sunny();
    let rays = if own { model.horizon_distance } else { 0.0 };
    let sky = if model.sky_view == SkyView::Saga { sky_view::SAGA_DISTANCE } else { 0.0 };
    // One more for the second node of a crossing and for slopes.
    (rays.max(sky) / cell).ceil() as usize + 2
}

/// The terrain of a tile and around it, read by [`Engine::read`].
#[derive(Debug)]
pub struct Ground {
    tile: Tile,
    terrain: Terrain,
}
