//! Fills the layers of a piece of a tile from its radiation and the coarse grids.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

mod month_row;

use super::buffer_pool::BufferPool;
use super::coarse::{Coarse, CoarseLattice, ROW};
use super::grid::Placement;
use super::inputs::{Clouds, Given, MonthData, OpenedInputs};
use super::lanes::Simd;
use super::layers::LayerSource;
use super::model::{Physics, Shadow};
use super::radiation::Radiation;
use super::rectangles::{Rect, Span};
use super::request::Product;
use super::surface::{self, CloudTable};
use super::terrain::Terrain;
use super::vector::{Kernel, Vectors};
use super::{Problem, checks};
use month_row::MonthRow;

/// A grid over the cells of a piece.
enum Sampled {
    Same(f32),
    Lattice(Box<CoarseLattice>),
    /// Cell by cell; so many a row.
    Cells {
        width: usize,
        values: Vec<f32>,
    },
}

impl Sampled {
    /// The cells from `(x, y)` on.
    #[inline(always)]
    fn row(&self, x: usize, y: usize, to: &mut [f32]) {
        match self {
            Self::Same(value) => to.fill(*value),
            Self::Lattice(lattice) => lattice.row(x, y, to),
            Self::Cells { width, values } => to.copy_from_slice(&values[y * width + x..][..to.len()]),
        }
    }
}

/// The climate of a month over a piece.
struct Climate {
    /// What clouds leave of the radiation.
    clouds: Option<Sampled>,
    /// Lapse rate, K/m.
    lapse: Sampled,
    /// Temperatures at the reference height, degC.
    temperatures: Vec<Sampled>,
    /// The layers made of it: their numbers and what they are.
    layers: Vec<(usize, LayerKind)>,
}

/// What a layer of a month is.
#[derive(Clone, Copy)]
enum LayerKind {
    Of(Product),
    Temperature(usize),
}

/// A piece whose layers are being filled.
pub(super) struct Filler<'a> {
    model: &'a Physics,
    vectors: Vectors,
    terrain: &'a Terrain,
    /// The piece in the terrain's window.
    rect: Rect,
    reference_height: Sampled,
    months: Vec<Climate>,
    /// Number of the layer of the sky view factor.
    sky_view: Option<usize>,
    layers: Vec<Vec<f32>>,
}

/// What all pieces of a request are filled with.
pub(super) struct FillerSetting<'a> {
    pub inputs: &'a OpenedInputs,
    pub model: &'a Physics,
    pub clouds: &'a CloudTable,
    pub sources: &'a [LayerSource],
    pub vectors: Vectors,
    /// Layers of pieces that are done, for their memory.
    pub buffer_pool: &'a BufferPool<Vec<Vec<f32>>>,
}

impl FillerSetting<'_> {
    /// Samples the coarse grids over a piece of the window.
    pub(super) fn piece<'a>(&'a self, terrain: &'a Terrain, rect: Rect) -> Result<Filler<'a>, Problem> {
        let span = Span {
            column: terrain.column + rect.x0 as isize,
            row: terrain.row + rect.y0 as isize,
            width: rect.width(),
            height: rect.height(),
        };
        let warm = self.sources.iter().any(|source| matches!(source, LayerSource::Temperature(..)));
        let reference_height = self.inputs.reference_height.as_deref().filter(|_| warm);
        let months = self.inputs.months.iter().enumerate();
        let mut layers = self.buffer_pool.take(Vec::new);
        layers.resize_with(self.sources.len(), Vec::new);
        for layer in &mut layers {
            layer.resize(rect.width() * rect.height(), f32::NAN);
        }
        Ok(Filler {
            model: self.model,
            vectors: self.vectors,
            terrain,
            rect,
            reference_height: reference_height
                .map_or(Sampled::Same(f32::NAN), |grid| self.sample(grid, span, |z| z)),
            months: months
                .map(|(number, data)| self.climate(number, data, span))
                .collect::<Result<_, _>>()?,
            sky_view: self.sources.iter().position(|source| *source == LayerSource::SkyView),
            layers,
        })
    }

    fn climate(&self, number: usize, data: &MonthData, span: Span) -> Result<Climate, Problem> {
        let made = |source: &LayerSource| match source {
            LayerSource::Month(month, product) if *month == number => Some(LayerKind::Of(*product)),
            LayerSource::Temperature(month, which) if *month == number => {
                Some(LayerKind::Temperature(*which))
            }
            _ => None,
        };
        let layers: Vec<(usize, LayerKind)> = (self.sources.iter().enumerate())
            .filter_map(|(layer, source)| Some((layer, made(source)?)))
            .collect();
        let warm = layers.iter().any(|(_, made)| matches!(made, LayerKind::Temperature(_)));
        let cloudy =
            layers.iter().any(|(_, made)| matches!(made, LayerKind::Of(Product::Solar | Product::SolarFlat)));
        let clouds = data.clouds.as_ref().filter(|_| cloudy);
        let temperatures = data.temperatures.iter().filter(|_| warm).map(|input| {
            let (scale, offset) = (input.scale as f32, input.offset as f32);
            self.sample(&input.grid, span, |t| t.mul_add(scale, offset))
        });
        Ok(Climate {
            clouds: clouds.map(|clouds| self.cloud_factors(clouds, span)).transpose()?,
            lapse: match &data.lapse {
                Given::Coarse(grid) if warm => self.sample(grid, span, |lapse| lapse),
                Given::Constant(lapse) => Sampled::Same(*lapse as f32),
                Given::Coarse(_) => Sampled::Same(f32::NAN),
            },
            temperatures: temperatures.collect(),
            layers,
        })
    }

    fn cloud_factors(&self, clouds: &Clouds, span: Span) -> Result<Sampled, Problem> {
        let factor = |cover| self.clouds.factor(cover);
        Ok(match clouds {
            Clouds::Coarse(grid) => self.sample(grid, span, factor),
            Clouds::Cells { raster, column, row } => {
                let Span { width, height, .. } = span;
                let corner = (span.column - column, span.row - row);
                let window = raster.window(corner.0, corner.1, width, height)?;
                checks::refuse_clouds(raster, &window, corner)?;
                Sampled::Cells { width, values: window.values.into_iter().map(factor).collect() }
            }
        })
    }

    /// A coarse grid with a change made to its values: as SAGA does it, or between the points of a lattice.
    fn sample(&self, grid: &Coarse, span: Span, change: impl Fn(f32) -> f32) -> Sampled {
        let dem: &Placement = self.inputs.dem.placement();
        let as_saga = self.model.shadow == Shadow::SagaSlim;
        let lattice = if as_saga { None } else { grid.lattice(dem, span, &change) };
        lattice.map_or_else(
            || {
                let values = grid.resample(dem, span).into_iter().map(change).collect();
                Sampled::Cells { width: span.width, values }
            },
            |lattice| Sampled::Lattice(Box::new(lattice)),
        )
    }
}

impl Filler<'_> {
    /// Fills a part of the piece, given in the window: its sky view factors and the radiation of each month in rows of
    /// `stride` cells, the first of which is the part's first.
    pub(super) fn fill(&mut self, part: Rect, stride: usize, sky_view: &[f32], months: &[Radiation<'_>]) {
        let vectors = self.vectors;
        for columns in part.cut(ROW) {
            let skip = (columns.y0 - part.y0) * stride + columns.x0 - part.x0;
            let rows = Rows { filler: self, part: columns, stride, skip, sky_view, months };
            vectors.run(rows);
        }
    }

    /// Leaves a part of the piece, given in the window, without data.
    pub(super) fn leave_out(&mut self, part: Rect) {
        let width = self.rect.width();
        for layer in &mut self.layers {
            for row in layer.chunks_exact_mut(width).take(part.y1 - self.rect.y0).skip(part.y0 - self.rect.y0)
            {
                row[part.x0 - self.rect.x0..part.x1 - self.rect.x0].fill(f32::NAN);
            }
        }
    }

    /// The layers, row by row; all parts must have been filled or left out.
    pub(super) fn finish(self) -> Vec<Vec<f32>> {
        self.layers
    }
}

/// One kernel call: fills a part of at most [`ROW`] columns.
struct Rows<'f, 'a, 'r> {
    filler: &'f mut Filler<'a>,
    part: Rect,
    stride: usize,
    /// The part's first cell in the rows.
    skip: usize,
    sky_view: &'r [f32],
    months: &'r [Radiation<'r>],
}

impl Kernel for Rows<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<C: Simd>(self, _: C) {
        let Self { filler, part, stride, skip, sky_view, months } = self;
        let Filler { model, terrain, rect, reference_height, months: climates, layers, .. } = filler;
        let (width, count) = (rect.width(), part.width());
        let term = (model.c * (1.0 - model.lai / model.lai_max)) as f32;
        for y in part.y0..part.y1 {
            let from = (y - part.y0) * stride + skip;
            let (x, line) = (part.x0 - rect.x0, y - rect.y0);
            let to = line * width + x;
            let z = &terrain.z[terrain.index(part.x0, y)..terrain.index(part.x1, y)];
            if let Some(layer) = filler.sky_view.and_then(|number| layers.get_mut(number)) {
                masked(z, &sky_view[from..], &mut layer[to..to + count]);
            }
            let mut above = [0.0_f32; ROW];
            reference_height.row(x, line, &mut above[..count]);
            for (above, z) in above.iter_mut().zip(z) {
                *above = *z - *above;
            }
            for (radiation, climate) in months.iter().zip(climates.iter()) {
                let mut row = MonthRow::new(radiation, from, count);
                if let Some(clouds) = &climate.clouds {
                    clouds.row(x, line, &mut row.clouds[..count]);
                }
                for (number, made) in &climate.layers {
                    let values = match made {
                        LayerKind::Of(product) => row.product(*product),
                        LayerKind::Temperature(which) => {
                            let mut cold = [0.0_f32; ROW];
                            climate.lapse.row(x, line, &mut cold[..count]);
                            let mut warm = [0.0_f32; ROW];
                            if let Some(grid) = climate.temperatures.get(*which) {
                                grid.row(x, line, &mut warm[..count]);
                            }
                            surface::temperatures(&warm, &cold, &above, &row.product(Product::Quotient), term)
                        }
                    };
                    if let Some(layer) = layers.get_mut(*number) {
                        masked(z, &values, &mut layer[to..to + count]);
                    }
                }
            }
        }
    }
}

/// Values where there is terrain.
#[inline(always)]
fn masked(z: &[f32], values: &[f32], to: &mut [f32]) {
    for ((to, value), z) in to.iter_mut().zip(values).zip(z) {
        *to = if z.is_nan() { f32::NAN } else { *value };
    }
}
