//! The files of a request, opened, brought to the region and checked against each other.

use std::path::Path;
use std::sync::Arc;

use super::Problem;
use super::checks::{self, Subject, Temperatures};
use super::coarse::Coarse;
use super::finding::InputFinding;
use super::geotiff::{Raster, Witness};
use super::grid::Placement;
use super::model::AtmosphereModel;
use super::projection;
use super::rectangles::Span;
use super::request::{CoarseField, MapRequest, MonthInputs, Product, TemperatureInput};

mod region;
#[cfg(test)]
mod tests;

use region::{latitude_of, part_of, region, shared_cells};

/// What the engine computes from.
#[derive(Debug)]
pub(super) struct OpenedInputs {
    /// The terrain model, by windows.
    pub dem: Arc<Raster>,
    /// The region in cells of the DEM.
    pub span: Span,
    /// Where the region lies.
    pub placement: Placement,
    /// The height that the coarse temperatures stand for.
    pub reference_height: Option<Arc<Coarse>>,
    /// The months in the order of the request.
    pub months: Vec<Arc<MonthData>>,
    /// What was read of each file.
    pub witnesses: Vec<Arc<Witness>>,
}

/// The coarse grids of a month.
#[derive(Debug)]
pub(super) struct MonthData {
    /// Lapse rate, K/m, positive = colder upwards.
    pub lapse: Given,
    pub clouds: Option<Clouds>,
    pub temperatures: Vec<CoarseTemperature>,
    /// Linke's turbidity for an air mass of 2; `None` where the model's atmosphere takes none.
    pub turbidity: Option<Given>,
}

/// A number that is the same everywhere, or a coarse grid.
#[derive(Debug)]
pub(super) enum Given {
    Constant(f64),
    Coarse(Coarse),
}

impl Given {
    /// Its value at a fractional cell of the DEM, which may lie beside the region.
    pub(super) fn at(&self, dem: &Placement, column: f64, row: f64) -> f64 {
        match self {
            Self::Constant(linke) => *linke,
            Self::Coarse(coarse) => coarse.near(dem, column, row),
        }
    }
}

/// Cloud cover, 0..10000.
#[derive(Debug)]
pub(super) enum Clouds {
    /// On the DEM's own cells: taken as it is. Column and row of its first cell, counted in the DEM.
    Cells { raster: Box<Raster>, column: isize, row: isize },
    /// Between coarse nodes.
    Coarse(Coarse),
}

/// A coarse temperature; degC = value * `scale` + `offset`.
#[derive(Debug)]
pub(super) struct CoarseTemperature {
    pub grid: Coarse,
    pub scale: f64,
    pub offset: f64,
}

impl OpenedInputs {
    /// Opens everything; all findings are listed, not only the first. Of grids on the terrain's cells and of the terrain itself,
    /// and of how grids cover it, only samples are looked at, and only where `samples` is set.
    ///
    /// With a finding that refuses one the inputs may lack what could not be opened; they are fit for computing only without
    /// any.
    pub(super) fn gather(request: &MapRequest, samples: bool) -> (Option<Self>, Vec<InputFinding>) {
        let mut findings: Vec<InputFinding> =
            checks::settings(request).into_iter().map(InputFinding::from).collect();
        let dem = keep(checks::dem(&request.dem), &mut findings);
        let span = dem.as_ref().and_then(|dem| keep(region(request, dem.placement()), &mut findings));
        let witnesses = dem.iter().map(Raster::witness).collect();
        let place = dem.as_ref().zip(span);
        let mut gatherer = Gatherer { request, place, samples, findings, witnesses };
        let temperatures = request.products.contains(&Product::Temperature)
            && request.months.iter().any(|month| !month.temperatures.is_empty());
        let reference_height = gatherer.reference_height(temperatures);
        let heights = gatherer.heights_at_places(reference_height.as_ref());
        let months = request
            .months
            .iter()
            .map(|month| Arc::new(gatherer.month(month, temperatures, &heights)))
            .collect();
        let Gatherer { mut findings, witnesses, .. } = gatherer;
        let (Some(dem), Some(span)) = (dem, span) else { return (None, findings) };
        if samples {
            findings.extend(checks::sampled_heights(&dem, span).map(InputFinding::from));
        }
        let placement = part_of(dem.placement(), span);
        findings.extend(projection::finding(&request.dem, &placement, request.model.north));
        let (dem, reference_height) = (Arc::new(dem), reference_height.map(Arc::new));
        (Some(Self { dem, span, placement, reference_height, months, witnesses }), findings)
    }
}

fn keep<T>(result: Result<T, Problem>, findings: &mut Vec<InputFinding>) -> Option<T> {
    result.map_err(|problem| findings.push(problem.into())).ok()
}

struct Gatherer<'a> {
    request: &'a MapRequest,
    /// The terrain and the region in its cells.
    place: Option<(&'a Raster, Span)>,
    samples: bool,
    findings: Vec<InputFinding>,
    witnesses: Vec<Arc<Witness>>,
}

impl Gatherer<'_> {
    fn refuse(&mut self, problem: Problem) {
        self.findings.push(problem.into());
    }

    fn open(&mut self, path: &Path) -> Option<Raster> {
        self.opened(Raster::open(path))
    }

    /// What was opened, its witness remembered.
    fn opened(&mut self, raster: Result<Raster, Problem>) -> Option<Raster> {
        let raster = keep(raster, &mut self.findings)?;
        self.witnesses.push(raster.witness());
        Some(raster)
    }

    /// Opens a coarse grid and checks that it covers the region and that `judge` finds nothing.
    ///
    /// Without a DEM or a region only the opening can be checked.
    fn coarse<F: Into<InputFinding>>(
        &mut self,
        path: &Path,
        judge: impl Fn(&Raster, &Coarse) -> Vec<F>,
    ) -> Option<Coarse> {
        let raster = self.open(path)?;
        self.placed(path, &raster, judge)
    }

    /// As [`Gatherer::coarse`], of a grid that is open.
    fn placed<F: Into<InputFinding>>(
        &mut self,
        path: &Path,
        raster: &Raster,
        judge: impl Fn(&Raster, &Coarse) -> Vec<F>,
    ) -> Option<Coarse> {
        let (dem, span) = self.place?;
        let coarse = keep(Coarse::load(path, raster, dem.placement(), span), &mut self.findings)?;
        if self.samples {
            self.findings.extend(checks::covers(&coarse, dem, span).map(InputFinding::from));
        }
        self.findings.extend(checks::edges(&coarse));
        self.findings.extend(judge(raster, &coarse).into_iter().map(Into::into));
        Some(coarse)
    }

    fn reference_height(&mut self, needed: bool) -> Option<Coarse> {
        if let Some(path) = &self.request.reference_height {
            let raster = self.opened(Raster::open_heights(path))?;
            return self.placed(path, &raster, checks::reference_height);
        }
        if needed {
            self.refuse(Problem::new(
                Path::new("reference_height"),
                "is not given, but temperatures need the height that the coarse temperatures stand for",
                "name a grid of reference heights in m, for example GMTED2010, or leave the temperatures out",
            ));
        }
        None
    }

    /// The reference heights at places over the region, m.
    fn heights_at_places(&self, grid: Option<&Coarse>) -> Vec<f64> {
        let (Some(grid), Some((dem, span))) = (grid, self.place) else { return Vec::new() };
        checks::at_places(grid, dem, span)
    }

    fn month(&mut self, month: &MonthInputs, temperatures: bool, heights: &[f64]) -> MonthData {
        let lapse = match &month.lapse {
            CoarseField::Constant(rate) => {
                let problem = checks::lapse_rate(Subject::setting("lapse"), &[*rate as f32]);
                self.findings.extend(problem.filter(|_| temperatures).map(InputFinding::from));
                Some(Given::Constant(*rate))
            }
            // A lapse rate that no temperature needs is left closed.
            CoarseField::Grid(path) if temperatures => {
                self.coarse(path, checks::lapse_rates).map(Given::Coarse)
            }
            CoarseField::Grid(_) => None,
        };
        let clouds = month.cloud.as_deref().and_then(|path| self.clouds(path));
        let inputs = if temperatures { month.temperatures.as_slice() } else { &[] };
        let temperatures =
            inputs.iter().filter_map(|input| self.temperature(input, month.month, heights)).collect();
        let turbidity = self.turbidity(month);
        MonthData { lapse: lapse.unwrap_or(Given::Constant(f64::NAN)), clouds, temperatures, turbidity }
    }

    /// Linke's turbidity of a month; a grid that no atmosphere needs is left closed.
    fn turbidity(&mut self, month: &MonthInputs) -> Option<Given> {
        if self.request.model.atmosphere != AtmosphereModel::Esra {
            return None;
        }
        match &month.linke {
            Some(CoarseField::Constant(linke)) => {
                let problem = checks::turbidity(Subject::setting("linke"), &[*linke as f32]);
                self.findings.extend(problem.map(InputFinding::from));
                Some(Given::Constant(*linke))
            }
            Some(CoarseField::Grid(path)) => self.coarse(path, checks::turbidities).map(Given::Coarse),
            None => {
                self.refuse(Problem::new(
                    Path::new("linke"),
                    format!("is not given for month {}, but ESRA's clear sky needs it", month.month),
                    "give Linke's turbidity of each month, for example 3, or choose another atmosphere",
                ));
                None
            }
        }
    }

    fn temperature(
        &mut self,
        input: &TemperatureInput,
        month: u8,
        heights: &[f64],
    ) -> Option<CoarseTemperature> {
        let (scale, offset) = (input.scale, input.offset);
        // Without a terrain it is opened all the same, so that what is wrong with it is found.
        let place = self.place;
        let latitude = place.and_then(|(dem, span)| latitude_of(dem.placement(), span));
        let grid = self.coarse(&input.path, |raster, grid| {
            let numbers = place.map_or_else(Vec::new, |(dem, span)| checks::at_places(grid, dem, span));
            let known = |(height, number): &(f64, f64)| !height.is_nan() && !number.is_nan();
            let pairs: Vec<_> = heights.iter().copied().zip(numbers).filter(known).collect();
            checks::temperature(raster, grid, &Temperatures { scale, offset, month, latitude, pairs: &pairs })
        })?;
        Some(CoarseTemperature { grid, scale, offset })
    }

    fn clouds(&mut self, path: &Path) -> Option<Clouds> {
        let raster = self.open(path)?;
        let (dem, span) = self.place?;
        let Some((column, row)) = shared_cells(dem.placement(), raster.placement()) else {
            return self.placed(path, &raster, checks::cloud_cover).map(Clouds::Coarse);
        };
        self.findings.extend(checks::cells_cover(path, &raster, (column, row), span).map(InputFinding::from));
        if self.samples {
            self.findings.extend(checks::sampled_clouds(&raster).map(InputFinding::from));
        }
        Some(Clouds::Cells { raster: Box::new(raster.sparing()), column, row })
    }
}
