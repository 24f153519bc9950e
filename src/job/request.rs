//! From the campaign's spec to the engine's request.

use crate::campaign::spec::{
    Atmosphere, Azimuths, Cloud, Mode, Monthly, Region, Spec, TemperatureUnit, of_month,
};
use crate::checkpoint::Chain;
use crate::engine::{self, CoarseField, MapRequest, MonthInputs, Physics, RegionBox, TemperatureInput};

/// Edge of a block of the maps, cells.
const BLOCK: u32 = 256;

/// Edge of a work tile where the spec leaves it open and no campaign has settled it, cells.
const UNSETTLED_TILE: u32 = 1024;

/// The request of a chain, by its record.
#[must_use]
pub fn of_chain(spec: &Spec, chain: &Chain) -> MapRequest {
    MapRequest {
        products: spec.products_in(chain),
        year: chain.year.unwrap_or(spec.year),
        tag: chain.tag(),
        ..request(spec, &chain.months)
    }
}

/// The request of these months, whichever chains they are of. The sky view map goes with the chain of the campaign's first month.
#[must_use]
pub fn request(spec: &Spec, months: &[u8]) -> MapRequest {
    // A campaign's is settled.
    let tile = spec.tile.unwrap_or(UNSETTLED_TILE);
    MapRequest {
        dem: spec.dem.clone(),
        region: region(&spec.region),
        reference_height: spec.reference_height.clone(),
        months: months.iter().map(|m| month_inputs(spec, *m)).collect(),
        year: spec.year,
        tag: String::new(),
        model: model(spec),
        products: spec.products_of(months),
        tile,
        block: BLOCK.min(tile),
        storage: spec.storage,
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
    let temperatures = spec.temperature.iter().map(temperature).collect();
    MonthInputs { month, lapse: field(&spec.lapse, month), cloud, temperatures, linke: linke(spec, month) }
}

/// Linke's turbidity of a month, where the atmosphere takes one.
fn linke(spec: &Spec, month: u8) -> Option<CoarseField> {
    let Atmosphere::Esra { linke } = &spec.atmosphere else { return None };
    Some(field(linke, month))
}

/// What a month takes; NaN, which the engine refuses by name, for a month that there is not.
fn field(monthly: &Monthly, month: u8) -> CoarseField {
    match monthly {
        Monthly::Grid(file) => CoarseField::Grid(of_month(file, month)),
        Monthly::Constant(value) => CoarseField::Constant(*value),
        Monthly::PerMonth(values) => {
            let index = usize::from(month).saturating_sub(1);
            CoarseField::Constant(values.get(index).copied().unwrap_or(f64::NAN))
        }
    }
}

fn model(spec: &Spec) -> Physics {
    let base = match spec.mode {
        Mode::Default => Physics::default(),
        Mode::AsSaga => Physics::as_saga(),
    };
    // SAGA's conventions have directions and sums of their own.
    let (azimuths, summing) = match spec.mode {
        Mode::AsSaga => (base.azimuths, base.summing),
        Mode::Default => (
            match spec.azimuths {
                Azimuths::Fast => engine::AzimuthSet::Fast,
                Azimuths::Fine => engine::AzimuthSet::Fine,
                Azimuths::Dense => engine::AzimuthSet::Dense,
            },
            spec.steps,
        ),
    };
    Physics {
        azimuths,
        summing,
        step_minutes: spec.step_minutes,
        solar_constant: spec.solar_constant,
        atmosphere: match spec.atmosphere {
            Atmosphere::Saga => engine::AtmosphereModel::Saga,
            Atmosphere::Lumped => engine::AtmosphereModel::Lumped,
            Atmosphere::Esra { .. } => engine::AtmosphereModel::Esra,
        },
        transmittance: spec.transmittance,
        diffuse: spec.diffuse,
        albedo: spec.albedo,
        c: spec.c,
        lai: spec.lai,
        lai_max: spec.lai_max,
        ..base
    }
}
