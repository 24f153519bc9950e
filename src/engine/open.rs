//! The engine opened on a request.

use std::sync::Arc;
use std::time::Duration;

use super::buffer_pool::BufferPool;
use super::examine::{self, CheckDepth, Examination};
use super::finding::InputFinding;
use super::geotiff::Witness;
use super::grid::Placement;
use super::halo::halo;
use super::inputs::OpenedInputs;
use super::layers::{self, Layer, LayerSource};
use super::load::Load;
use super::problem::{EngineError, Problem};
use super::radiation::Geography;
use super::radiation::setting::RadiationSetting;
use super::request::MapRequest;
use super::stages::{ComputeStage, Stages};
use super::sun::Month;
use super::surface::CloudTable;
use super::tiling::{Tile, Tiling};
use super::vector::Vectors;

/// An engine opened on a request. Computes with the rayon pool it is called in.
#[derive(Debug)]
pub struct Engine {
    pub(super) request: MapRequest,
    pub(super) inputs: OpenedInputs,
    pub(super) layers: Vec<Layer>,
    pub(super) sources: Vec<LayerSource>,
    pub(super) setting: RadiationSetting,
    pub(super) geography: Geography,
    pub(super) months: Vec<Month>,
    pub(super) clouds: CloudTable,
    pub(super) vectors: Vectors,
    /// Pieces' layers.
    pub(super) layer_spares: BufferPool<Vec<Vec<f32>>>,
    pub(super) stages: Stages,
}

/// Rows that are read at once for counting.
const COUNTED_ROWS: usize = 256;

impl Engine {
    /// Opens and verifies every input.
    ///
    /// # Errors
    /// The first problem found; [`Engine::check`] lists them all.
    pub fn open(request: MapRequest) -> Result<Self, EngineError> {
        Self::open_with(request, Vectors::best())
    }

    /// As [`Engine::open`], with a class of vector instructions. The results are the same, bit for bit.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open_with(request: MapRequest, vectors: Vectors) -> Result<Self, EngineError> {
        Self::opened(request, vectors, true)
    }

    /// As [`Engine::open`], of inputs that were examined just now: what is large is not looked at again.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open_examined(request: MapRequest) -> Result<Self, EngineError> {
        Self::opened(request, Vectors::best(), false)
    }

    fn opened(request: MapRequest, vectors: Vectors, samples: bool) -> Result<Self, EngineError> {
        let (inputs, findings) = OpenedInputs::gather(&request, samples);
        if let Some(problem) = findings.into_iter().find_map(InputFinding::refused) {
            return Err(problem.into());
        }
        let nowhere = || {
            Problem::new(&request.dem, "does not lie on the earth", "check its coordinates and its system")
        };
        let inputs = inputs.ok_or_else(nowhere)?;
        Ok(Self::of(request, inputs, vectors)?)
    }

    /// On inputs that are open already.
    pub(super) fn of(request: MapRequest, inputs: OpenedInputs, vectors: Vectors) -> Result<Self, Problem> {
        let nowhere = || {
            Problem::new(&request.dem, "does not lie on the earth", "check its coordinates and its system")
        };
        // The clock is the mean solar time of the cell that SAGA takes: its rows count from the south.
        let span = inputs.span;
        let column = span.column as f64 + (span.width / 2) as f64;
        let row = span.row as f64 + (span.height - 1 - span.height / 2) as f64;
        let dem = inputs.dem.placement();
        let geography = Geography::new(dem, (column, row), &request.model).ok_or_else(nowhere)?;
        let setting = RadiationSetting::new(&request.model, vectors);
        let (layers, sources): (Vec<Layer>, Vec<LayerSource>) = layers::of(&request).into_iter().unzip();
        let needs_sun = sources.iter().any(|source| *source != LayerSource::SkyView);
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
            layer_spares: BufferPool::default(),
            stages: Stages::default(),
        })
    }

    /// All that is wrong with the inputs as far as samples of them tell, each with its file and cure.
    #[must_use]
    pub fn check(request: &MapRequest) -> Vec<Problem> {
        Self::examine(request, CheckDepth::Samples).problems()
    }

    /// All that is wrong with the inputs, or may be, each with its file and cure. Computes with the rayon pool it is called
    /// in.
    #[must_use]
    pub fn examine(request: &MapRequest, look: CheckDepth<'_>) -> Examination {
        examine::examine(request, look).0
    }

    /// What it was opened on.
    #[must_use]
    pub fn request(&self) -> &MapRequest {
        &self.request
    }

    /// How the region is cut into work tiles.
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
    pub fn spent(&self) -> Vec<(ComputeStage, Duration)> {
        self.stages.spent()
    }

    /// Cells around a tile that its pixels can see.
    pub(super) fn halo(&self) -> usize {
        halo(&self.request, self.inputs.placement.cell_x)
    }

    /// Bytes that a job with work tiles of this edge and so many threads holds at most: two work tiles' terrain, the far horizons of one, its encoded
    /// blocks and those of the tile being written, what is kept of the inputs' files.
    #[must_use]
    pub fn peak_memory(&self, tile: u32, threads: u32) -> u64 {
        self.load().peak(tile, threads)
    }

    /// The edge of the largest work tiles, cells, with which [`Engine::peak_memory`] stays below 1 GiB and a half more for
    /// each thread; smaller where a cell takes long. At least 256.
    #[must_use]
    pub fn fitting_tile(&self, threads: u32) -> u32 {
        self.load().fitting_tile(threads)
    }
}
