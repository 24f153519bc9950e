//! The files of a request, opened, brought to the region and checked against each other.

use std::path::Path;
use std::sync::Arc;

use super::Problem;
use super::checks::{self, Subject, Temperatures};
use super::coarse::{Coarse, Span};
use super::crs::Crs;
use super::finding::Finding;
use super::geotiff::{Placement, Raster, Witness};
use super::model::Atmosphere;
use super::projection;
use super::request::{Field, MonthInputs, Product, RegionBox, Request, TemperatureInput};

#[cfg(test)]
mod tests;

/// What the engine computes from.
#[derive(Debug)]
pub(super) struct Inputs {
    /// The terrain.
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
    pub temperatures: Vec<Temperature>,
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
pub(super) struct Temperature {
    pub grid: Coarse,
    pub scale: f64,
    pub offset: f64,
}

impl Inputs {
    /// Opens everything; all findings are listed, not only the first. Of grids on the terrain's cells and of the terrain itself,
    /// and of how grids cover it, only samples are looked at, and only where `samples` is set.
    ///
    /// With a finding that refuses one the inputs may lack what could not be opened; they are fit for computing only without
    /// any.
    pub(super) fn gather(request: &Request, samples: bool) -> (Option<Self>, Vec<Finding>) {
        let mut findings: Vec<Finding> = checks::settings(request).into_iter().map(Finding::from).collect();
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
            findings.extend(checks::sampled_heights(&dem, span).map(Finding::from));
        }
        let placement = part_of(dem.placement(), span);
        findings.extend(projection::finding(&request.dem, &placement, request.model.north));
        let (dem, reference_height) = (Arc::new(dem), reference_height.map(Arc::new));
        (Some(Self { dem, span, placement, reference_height, months, witnesses }), findings)
    }
}

fn keep<T>(result: Result<T, Problem>, findings: &mut Vec<Finding>) -> Option<T> {
    result.map_err(|problem| findings.push(problem.into())).ok()
}

struct Gatherer<'a> {
    request: &'a Request,
    /// The terrain and the region in its cells.
    place: Option<(&'a Raster, Span)>,
    samples: bool,
    findings: Vec<Finding>,
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
    fn coarse<F: Into<Finding>>(
        &mut self,
        path: &Path,
        judge: impl Fn(&Raster, &Coarse) -> Vec<F>,
    ) -> Option<Coarse> {
        let raster = self.open(path)?;
        self.placed(path, &raster, judge)
    }

    /// As [`Gatherer::coarse`], of a grid that is open.
    fn placed<F: Into<Finding>>(
        &mut self,
        path: &Path,
        raster: &Raster,
        judge: impl Fn(&Raster, &Coarse) -> Vec<F>,
    ) -> Option<Coarse> {
        let (dem, span) = self.place?;
        let coarse = keep(Coarse::load(path, raster, dem.placement(), span), &mut self.findings)?;
        if self.samples {
            self.findings.extend(checks::covers(&coarse, dem, span).map(Finding::from));
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
            Field::Constant(rate) => {
                let problem = checks::lapse_rate(Subject::setting("lapse"), &[*rate as f32]);
                self.findings.extend(problem.filter(|_| temperatures).map(Finding::from));
                Some(Given::Constant(*rate))
            }
            // A lapse rate that no temperature needs is left closed.
            Field::Grid(path) if temperatures => self.coarse(path, checks::lapse_rates).map(Given::Coarse),
            Field::Grid(_) => None,
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
        if self.request.model.atmosphere != Atmosphere::Esra {
            return None;
        }
        match &month.linke {
            Some(Field::Constant(linke)) => {
                let problem = checks::turbidity(Subject::setting("linke"), &[*linke as f32]);
                self.findings.extend(problem.map(Finding::from));
                Some(Given::Constant(*linke))
            }
            Some(Field::Grid(path)) => self.coarse(path, checks::turbidities).map(Given::Coarse),
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

    fn temperature(&mut self, input: &TemperatureInput, month: u8, heights: &[f64]) -> Option<Temperature> {
        let (scale, offset) = (input.scale, input.offset);
        // Without a terrain it is opened all the same: what is wrong with it is told too.
        let place = self.place;
        let latitude = place.and_then(|(dem, span)| latitude_of(dem.placement(), span));
        let grid = self.coarse(&input.path, |raster, grid| {
            let numbers = place.map_or_else(Vec::new, |(dem, span)| checks::at_places(grid, dem, span));
            let known = |(height, number): &(f64, f64)| !height.is_nan() && !number.is_nan();
            let pairs: Vec<_> = heights.iter().copied().zip(numbers).filter(known).collect();
            checks::temperature(raster, grid, &Temperatures { scale, offset, month, latitude, pairs: &pairs })
        })?;
        Some(Temperature { grid, scale, offset })
    }

    fn clouds(&mut self, path: &Path) -> Option<Clouds> {
        let raster = self.open(path)?;
        let (dem, span) = self.place?;
        let Some((column, row)) = shared_cells(dem.placement(), raster.placement()) else {
            return self.placed(path, &raster, checks::cloud_cover).map(Clouds::Coarse);
        };
        self.findings.extend(checks::cells_cover(path, &raster, (column, row), span).map(Finding::from));
        if self.samples {
            self.findings.extend(checks::sampled_clouds(&raster).map(Finding::from));
        }
        Some(Clouds::Cells { raster: Box::new(raster.sparing()), column, row })
    }
}

/// The latitude of a region's middle, degrees.
fn latitude_of(dem: &Placement, span: Span) -> Option<f64> {
    let middle = |first: isize, size: usize| first as f64 + size as f64 / 2.0;
    let (x, y) = dem.centre(middle(span.column, span.width), middle(span.row, span.height));
    dem.crs.to_lonlat(x, y).map(|(_, latitude)| latitude)
}

/// Where the first cell of `other` lies in the DEM when both share their cells.
fn shared_cells(dem: &Placement, other: &Placement) -> Option<(isize, isize)> {
    let same = |a: f64, b: f64| (a - b).abs() <= a.abs() * 1e-9;
    if dem.crs != other.crs || !same(dem.cell_x, other.cell_x) || !same(dem.cell_y, other.cell_y) {
        return None;
    }
    let (column, row) = ((other.west - dem.west) / dem.cell_x, (dem.north - other.north) / dem.cell_y);
    let whole = |v: f64| (v - v.round()).abs() < 1e-6;
    (whole(column) && whole(row)).then(|| (column.round() as isize, row.round() as isize))
}

/// Where a part of a raster lies.
fn part_of(whole: &Placement, span: Span) -> Placement {
    Placement {
        west: whole.west + span.column as f64 * whole.cell_x,
        north: whole.north - span.row as f64 * whole.cell_y,
        width: span.width,
        height: span.height,
        ..whole.clone()
    }
}

/// The region in cells of the DEM.
fn region(request: &Request, dem: &Placement) -> Result<Span, Problem> {
    let Some(region) = request.region else {
        return Ok(Span::whole(dem));
    };
    let problem = |what: String, cure: &str| Problem::new(&request.dem, what, cure);
    if region.xmin >= region.xmax || region.ymin >= region.ymax {
        return Err(problem(
            format!(
                "the region is empty: x {} to {}, y {} to {}",
                region.xmin, region.xmax, region.ymin, region.ymax
            ),
            "give xmin < xmax and ymin < ymax",
        ));
    }
    let Some((low, high)) = bounds(region, dem.crs) else {
        return Err(problem(
            format!(
                "the region in EPSG:{} cannot be brought to the DEM's EPSG:{}",
                region.epsg,
                dem.crs.epsg()
            ),
            &format!("use {}, and coordinates inside its domain", Crs::KNOWN),
        ));
    };
    let (west, north) = dem.cell_of(low.0, high.1);
    let (east, south) = dem.cell_of(high.0, low.1);
    // Counted from cell centres; edges lie half a cell before.
    let edge = |v: f64| (v + 0.5).round();
    let (west, north, east, south) = (edge(west), edge(north), edge(east), edge(south));
    let (columns, rows) = (dem.width as f64, dem.height as f64);
    if east <= 0.0 || south <= 0.0 || west >= columns || north >= rows {
        return Err(problem(
            "the region does not overlap the DEM".into(),
            "check the region's coordinates and its coordinate system",
        ));
    }
    let beyond = [("west", -west), ("north", -north), ("east", east - columns), ("south", south - rows)];
    if let Some((side, cells)) =
        beyond.iter().filter(|(_, cells)| *cells > 0.0).max_by(|a, b| a.1.total_cmp(&b.1))
    {
        return Err(problem(
            format!("the region reaches {:.0} m beyond the DEM in the {side}", cells * dem.cell_x),
            "make the region smaller or give a larger DEM",
        ));
    }
    let (width, height) = ((east - west) as usize, (south - north) as usize);
    if width == 0 || height == 0 {
        return Err(problem("the region is smaller than a cell".into(), "make the region larger"));
    }
    Ok(Span { column: west as isize, row: north as isize, width, height })
}

/// Least and greatest coordinates of a box in another system, along its outline.
fn bounds(region: RegionBox, crs: Crs) -> Option<((f64, f64), (f64, f64))> {
    let from = Crs::of_epsg(region.epsg)?;
    if from == crs {
        return Some(((region.xmin, region.ymin), (region.xmax, region.ymax)));
    }
    let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    for i in 0..=32 {
        let part = f64::from(i) / 32.0;
        let x = region.xmin + part * (region.xmax - region.xmin);
        let y = region.ymin + part * (region.ymax - region.ymin);
        for (x, y) in [(x, region.ymin), (x, region.ymax), (region.xmin, y), (region.xmax, y)] {
            let (lon, lat) = if from.is_geographic() { (x, y) } else { from.to_lonlat(x, y)? };
            let (x, y) = crs.from_lonlat(lon, lat)?;
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
    }
    Some((low, high))
}
