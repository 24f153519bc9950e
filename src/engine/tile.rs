//! The computing of one tile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::horizon::EDGE;
use super::model::{Shadow, SkyView};
use super::open::Engine;
use super::problem::EngineError;
use super::products::{self, Filler};
use super::radiation::Radiation;
use super::radiation::by_cell::SagaRadiation;
use super::radiation::by_horizon::HorizonRadiation;
use super::rectangles::Rect;
use super::stages::ComputeStage;
use super::sun::Month;
use super::terrain::Terrain;
use super::tiling::{Computed, Piece, Tile};
use super::{examine, sky_view};

impl Engine {
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
            .during(ComputeStage::Reading, || {
                Terrain::read(&self.inputs.dem, corner, size, self.halo(), stop)
            })?
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
            Shadow::Horizon => self.by_horizon(ground, stop, each),
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

    /// Piece by piece, patch by patch: horizons, sums and products while the patch is at hand.
    fn by_horizon(
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
            let mut filler = self.stages.during(ComputeStage::Products, || products.piece(terrain, rect))?;
            let fill = |patch: Rect, sums: Option<(&[f32], &[Radiation<'_>])>| {
                self.stages.during(ComputeStage::Products, || match sums {
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
    ) -> Result<HorizonRadiation<'a>, EngineError> {
        let turbidities = self.inputs.months.iter().map(|month| month.turbidity.as_ref()).take(months.len());
        let found = self.stages.during(ComputeStage::Horizons, || {
            HorizonRadiation::new(
                &self.setting,
                terrain,
                &self.geography,
                months,
                turbidities.collect(),
                stop,
            )
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
            let cells = SagaRadiation::new(terrain, &self.geography, &self.request.model, stop);
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

    fn products(&self) -> products::FillerSetting<'_> {
        products::FillerSetting {
            inputs: &self.inputs,
            model: &self.request.model,
            clouds: &self.clouds,
            sources: &self.sources,
            vectors: self.vectors,
            buffer_pool: &self.layer_spares,
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
            return Err(examine::refuse_uncovered(&self.inputs, cell).into());
        }
        each(&piece);
        self.layer_spares.give(piece.layers);
        Ok(())
    }

    /// The horizons of single cells of a tile (column and row in it), for looking at: for each cell and each of the
    /// [`Engine::azimuths`] the tangent of the horizon's height as the sums take it, the cell's own slope left out; 0 or less
    /// where nothing stands above the horizontal.
    ///
    /// Between two directions the engine takes the tangent linearly along the chord between their unit vectors.
    ///
    /// # Errors
    /// As [`Engine::compute`].
    pub fn horizons(
        &self,
        tile: Tile,
        cells: &[(u32, u32)],
        stop: &AtomicBool,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let ground = self.read(tile, stop)?;
        let work = self.work(&ground.terrain, &[], stop)?;
        Ok(cells.iter().map(|(x, y)| work.horizon(*x as usize, *y as usize)).collect())
    }
}

/// The terrain of a tile and around it, read by [`Engine::read`].
#[derive(Debug)]
pub struct Ground {
    tile: Tile,
    terrain: Terrain,
}
