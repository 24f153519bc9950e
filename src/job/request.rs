//! From the campaign's spec to the engine's request.

use std::path::{Path, PathBuf};

use crate::campaign::spec::{Cloud, Lapse, Mode, MonthsPerChain, Region, Spec, TemperatureUnit};
use crate::checkpoint::ChainId;
use crate::engine::geotiff::Raster;
use crate::engine::{Field, Model, MonthInputs, Product, RegionBox, Request, TemperatureInput};

/// Edge of a block of the maps, cells.
const BLOCK: u32 = 256;

/// Pixels a second and month that one thread surely computes: a tenth of what common nodes do, so that a plan by this
/// rate does not depend on the node.
pub const PLANNED_RATE: f64 = 100_000.0;

/// The chains of a spec with their months, in order.
///
/// `Auto` puts all months into one chain, for the horizons are then computed once, if one thread fits them into one
/// walltime at [`PLANNED_RATE`]; else each month is a chain.
#[must_use]
pub fn chains(spec: &Spec) -> Vec<(ChainId, Vec<u8>)> {
    let months = sorted_months(spec);
    let size = match spec.months_per_chain {
        MonthsPerChain::Count(n) => n.max(1) as usize,
        MonthsPerChain::Auto if fits_one_walltime(spec, months.len()) => months.len().max(1),
        MonthsPerChain::Auto => 1,
    };
    months
        .chunks(size)
        // Where only the sky view is wanted, the first chain is all there is.
        .filter(|chunk| !products(spec, chunk).is_empty())
        .map(|chunk| (ChainId::of_months(chunk), chunk.to_vec()))
        .collect()
}

fn sorted_months(spec: &Spec) -> Vec<u8> {
    let mut months = spec.months.clone();
    months.sort_unstable();
    months.dedup();
    months
}

fn fits_one_walltime(spec: &Spec, months: usize) -> bool {
    let seconds = spec.walltime.seconds().saturating_sub(spec.margin.seconds());
    // A DEM that cannot be read is for `check` to report.
    let Ok(dem) = Raster::open(&spec.dem) else { return false };
    let cells = dem.placement().width as f64 * dem.placement().height as f64;
    cells * months as f64 / PLANNED_RATE <= seconds as f64
}

/// The products of the chain with these months: the sky view goes with the campaign's first month.
fn products(spec: &Spec, months: &[u8]) -> Vec<Product> {
    let first = spec.months.iter().min().is_some_and(|m| months.contains(m));
    spec.products.iter().copied().filter(|p| first || *p != Product::SkyView).collect()
}

/// The request of the chain with these months. The sky view map goes with the chain of the campaign's first month.
#[must_use]
pub fn request(spec: &Spec, months: &[u8]) -> Request {
    Request {
        dem: spec.dem.clone(),
        region: region(&spec.region),
        reference_height: spec.reference_height.clone(),
        months: months.iter().map(|m| month_inputs(spec, *m)).collect(),
        year: spec.year,
        model: model(spec),
        products: products(spec, months),
        tile: spec.tile,
        block: BLOCK.min(spec.tile),
        compression: spec.compression,
    }
}

fn region(region: &Region) -> Option<RegionBox> {
    match region {
        Region::All => None,
        // A system that is no EPSG code becomes 0, which the engine refuses by name.
        Region::Box { crs, xmin, ymin, xmax, ymax } => Some(RegionBox {
            epsg: crs.trim().to_ascii_uppercase().trim_start_matches("EPSG:").parse().unwrap_or(0),
            xmin: *xmin,
            ymin: *ymin,
            xmax: *xmax,
            ymax: *ymax,
        }),
    }
}

fn month_inputs(spec: &Spec, month: u8) -> MonthInputs {
    let lapse = match &spec.lapse {
        Lapse::Grid(file) => Field::Grid(of_month(file, month)),
        Lapse::Constant(value) => Field::Constant(*value),
        Lapse::PerMonth(values) => {
            let index = usize::from(month).saturating_sub(1);
            Field::Constant(values.get(index).copied().unwrap_or(f64::NAN))
        }
    };
    let cloud = match &spec.cloud {
        Cloud::None => None,
        Cloud::Grid(file) => Some(of_month(file, month)),
    };
    let temperature = |(name, t): (&String, &crate::campaign::spec::Temperature)| {
        let (scale, offset) = match t.unit {
            TemperatureUnit::Celsius => (1.0, 0.0),
            TemperatureUnit::DeciCelsius => (0.1, 0.0),
            TemperatureUnit::DeciKelvin => (0.1, -273.15),
            TemperatureUnit::Kelvin => (1.0, -273.15),
        };
        TemperatureInput { name: name.clone(), path: of_month(&t.file, month), scale, offset }
    };
    MonthInputs { month, lapse, cloud, temperatures: spec.temperature.iter().map(temperature).collect() }
}

/// The file of a month: `{month}` becomes 01 … 12.
#[must_use]
pub fn of_month(file: &Path, month: u8) -> PathBuf {
    // Only the name and folders that are text can hold the placeholder.
    file.to_str().map_or_else(|| file.to_path_buf(), |f| f.replace("{month}", &format!("{month:02}")).into())
}

fn model(spec: &Spec) -> Model {
    let base = match spec.mode {
        Mode::Default => Model::default(),
        Mode::AsSaga => Model::as_saga(),
    };
    Model {
        step_minutes: spec.step_minutes,
        solar_constant: spec.solar_constant,
        transmittance: spec.transmittance,
        c: spec.c,
        lai: spec.lai,
        lai_max: spec.lai_max,
        ..base
    }
}
