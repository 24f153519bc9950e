//! Fills the layers of a tile from its radiation and the coarse grids.

use super::Problem;
use super::coarse::{Coarse, Span};
use super::geotiff::Placement;
use super::inputs::{Clouds, Given, Inputs, MonthData};
use super::layers::Source;
use super::model::{Model, Shadow};
use super::radiation::Radiation;
use super::request::Product;
use super::surface::{self, Climate, CloudTable};
use super::terrain::{Rect, Terrain};

/// What the layers of one month are made of, over the cells of a tile.
struct Month {
    direct: Vec<f32>,
    diffuse: Vec<f32>,
    direct_flat: Vec<f32>,
    diffuse_flat: Vec<f32>,
    /// What clouds leave of the radiation.
    clouds: Option<Vec<f32>>,
}

/// Grids that all months share, over the same cells.
struct Shared {
    reference_height: Option<Vec<f32>>,
}

/// Fills layers of a tile.
pub(super) struct Filler<'a> {
    pub inputs: &'a Inputs,
    pub model: &'a Model,
    pub clouds: &'a CloudTable,
    pub terrain: &'a Terrain,
    /// The cells in the terrain's window.
    pub rect: Rect,
    /// The same cells of the DEM.
    pub span: Span,
}

impl Filler<'_> {
    /// The layers of `sources`, in their order.
    pub(super) fn fill(
        &self,
        sources: impl Iterator<Item = Source>,
        sky_view: &[f32],
        radiation: Vec<Radiation>,
    ) -> Result<Vec<Vec<f32>>, Problem> {
        let sources: Vec<Source> = sources.collect();
        let warm = sources.iter().any(|source| matches!(source, Source::Temperature(..)));
        let reference_height = self.inputs.reference_height.as_ref().filter(|_| warm);
        let shared = Shared { reference_height: reference_height.map(|coarse| self.sample(coarse)) };
        let months: Vec<Month> = radiation
            .into_iter()
            .zip(&self.inputs.months)
            .map(|(radiation, data)| self.month(radiation, data))
            .collect::<Result<_, Problem>>()?;
        let mut layers = Vec::new();
        for source in sources {
            layers.push(match source {
                Source::SkyView => sky_view.to_vec(),
                Source::Month(number, product) => {
                    months.get(number).map_or_else(Vec::new, |m| m.product(product))
                }
                Source::Temperature(number, which) => {
                    match (months.get(number), self.inputs.months.get(number)) {
                        (Some(month), Some(data)) => self.temperature(month, data, which, &shared),
                        _ => Vec::new(),
                    }
                }
            });
        }
        Ok(layers)
    }

    fn month(&self, radiation: Radiation, data: &MonthData) -> Result<Month, Problem> {
        let Radiation { direct, diffuse, direct_flat, diffuse_flat } = radiation;
        let clouds = data.clouds.as_ref().map(|clouds| self.cloud_factors(clouds)).transpose()?;
        Ok(Month { direct, diffuse, direct_flat, diffuse_flat, clouds })
    }

    fn cloud_factors(&self, clouds: &Clouds) -> Result<Vec<f32>, Problem> {
        let cover = match clouds {
            Clouds::Coarse(coarse) => self.sample(coarse),
            Clouds::Cells { raster, column, row } => {
                let Span { width, height, .. } = self.span;
                let window = raster.window(self.span.column - column, self.span.row - row, width, height)?;
                window.values
            }
        };
        Ok(cover.into_iter().map(|cover| self.clouds.factor(cover)).collect())
    }

    fn sample(&self, coarse: &Coarse) -> Vec<f32> {
        if self.model.shadow == Shadow::SagaSlim {
            coarse.resample(self.dem(), self.span)
        } else {
            coarse.resample_fast(self.dem(), self.span)
        }
    }

    fn dem(&self) -> &Placement {
        self.inputs.dem.placement()
    }

    fn temperature(&self, month: &Month, data: &MonthData, which: usize, shared: &Shared) -> Vec<f32> {
        let (Some(input), Some(zref)) = (data.temperatures.get(which), &shared.reference_height) else {
            return vec![f32::NAN; month.direct.len()];
        };
        let t = self.sample(&input.grid);
        let lapse = match &data.lapse {
            Given::Constant(rate) => vec![*rate as f32; t.len()],
            Given::Coarse(coarse) => self.sample(coarse),
        };
        let quotient = month.product(Product::Quotient);
        let tile = self.rect;
        let z = (tile.y0..tile.y1)
            .flat_map(|y| &self.terrain.z[self.terrain.index(tile.x0, y)..self.terrain.index(tile.x1, y)]);
        let coarse = t.iter().zip(zref).zip(&lapse);
        z.zip(coarse)
            .zip(&quotient)
            .map(|((z, ((t, zref), lapse)), quotient)| {
                let climate = Climate {
                    z: f64::from(*z),
                    temperature: f64::from(*t) * input.scale + input.offset,
                    reference_height: f64::from(*zref),
                    lapse: f64::from(*lapse),
                };
                surface::temperature(climate, *quotient, self.model)
            })
            .collect()
    }
}

impl Month {
    fn product(&self, product: Product) -> Vec<f32> {
        match product {
            Product::Direct => self.direct.clone(),
            Product::Diffuse => self.diffuse.clone(),
            Product::DirectFlat => self.direct_flat.clone(),
            Product::DiffuseFlat => self.diffuse_flat.clone(),
            Product::TotalFlat => add(&self.direct_flat, &self.diffuse_flat),
            Product::Solar => self.under_clouds(add(&self.direct, &self.diffuse)),
            Product::SolarFlat => self.under_clouds(add(&self.direct_flat, &self.diffuse_flat)),
            Product::Quotient => {
                let (solar, flat) = (self.product(Product::Solar), self.product(Product::SolarFlat));
                solar.iter().zip(&flat).map(|(s, f)| surface::quotient(*s, *f)).collect()
            }
            Product::Total | Product::SkyView | Product::Temperature => add(&self.direct, &self.diffuse),
        }
    }

    fn under_clouds(&self, mut total: Vec<f32>) -> Vec<f32> {
        if let Some(factors) = &self.clouds {
            total.iter_mut().zip(factors).for_each(|(total, factor)| *total *= factor);
        }
        total
    }
}

fn add(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}
