//! What is wrong with the inputs, or may be, each with its cure.

mod coverage;
pub(super) mod heights;
mod seasons;
mod subject;
pub(super) mod survey;
mod temperature;
pub(super) mod values;
pub(super) mod voids;

pub(super) use coverage::{at_places, covers, on_earth};
pub(super) use heights::{refuse_strays, sampled_heights};
pub(super) use subject::Subject;
pub(super) use temperature::{Temperatures, temperature};
pub(super) use values::{
    cloud_cover, lapse_rate, lapse_rates, reference_height, refuse_clouds, sampled_clouds, turbidities,
    turbidity,
};

use std::path::Path;

use super::Problem;
use super::azimuths::AzimuthSet;
use super::coarse::Coarse;
use super::finding::{InputDoubt, InputFinding};
use super::geotiff::Raster;
use super::model::{AtmosphereModel, DiffuseModel, Physics, Shadow};
use super::rectangles::Span;
use super::request::MapRequest;
use super::{cure, projection};

/// Settings that no file can cure.
pub(super) fn settings(request: &MapRequest) -> Vec<Problem> {
    let model = &request.model;
    let mut problems = Vec::new();
    let mut expect = |fine: bool, name: &str, what: String, cure: &str| {
        if !fine {
            problems.push(Problem::new(Path::new(name), what, cure));
        }
    };
    for month in &request.months {
        expect(
            (1..=12).contains(&month.month),
            "months",
            format!("there is no month {}", month.month),
            "use 1 to 12",
        );
    }
    expect(
        (1900..=2100).contains(&request.year),
        "year",
        format!("{} is outside 1900 to 2100", request.year),
        "the sun's positions hold for these years",
    );
    let tile = request.tile.checked_rem(request.block).is_some_and(|rest| rest == 0) && request.tile > 0;
    expect(
        tile && request.block.is_multiple_of(16),
        "tile",
        format!("a tile of {} and a block of {} cells do not fit", request.tile, request.block),
        "make the block a multiple of 16 and the tile a multiple of the block",
    );
    expect(
        model.step_minutes > 0 && 1440 % model.step_minutes == 0,
        "step_minutes",
        format!("{} minutes do not divide a day", model.step_minutes),
        "use 30",
    );
    expect(
        model.transmittance > 0.0 && model.transmittance < 1.0,
        "transmittance",
        format!("{} is not between 0 and 1", model.transmittance),
        "use 0.7",
    );
    expect(
        !matches!(model.azimuths, AzimuthSet::Uniform(count) if !(8..=720).contains(&count)),
        "azimuths",
        format!("{:?} directions are outside 8 to 720", model.azimuths),
        "use 64",
    );
    expect(
        model.horizon_distance > 0.0 && model.horizon_distance <= 200_000.0,
        "horizon_distance",
        format!("{} m is outside 0 to 200 km", model.horizon_distance),
        "use 20000",
    );
    expect(
        model.solar_constant > 0.0 && model.solar_constant < 2000.0,
        "solar_constant",
        format!("{} W/m2 is not the sun's", model.solar_constant),
        "use 1367",
    );
    expect(model.lai_max > 0.0, "lai_max", format!("{} is not positive", model.lai_max), "use 8");
    problems.extend(air(model));
    problems
}

/// The choices of air, sky and ground.
fn air(model: &Physics) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !(0.0..=1.0).contains(&model.albedo) {
        let what = format!("{} is not between 0 and 1", model.albedo);
        let cure = "use 0 for none, 0.2 for bare ground or grass, 0.6 for old snow";
        problems.push(Problem::new(Path::new("albedo"), what, cure));
    }
    // SAGA has none of these: refused rather than left out.
    for (name, chosen, cure) in [
        ("atmosphere", model.atmosphere == AtmosphereModel::Esra, "use Saga or Lumped, or mode: Default"),
        ("diffuse", model.diffuse != DiffuseModel::Isotropic, "use Isotropic, or mode: Default"),
        ("albedo", model.albedo > 0.0, "use 0, or mode: Default"),
    ] {
        if chosen && model.shadow == Shadow::SagaSlim {
            problems.push(Problem::new(Path::new(name), "is not computed with SAGA's shadows", cure));
        }
    }
    problems
}

/// Opens the DEM; it must be projected, with square cells.
pub(super) fn dem(path: &Path) -> Result<Raster, Problem> {
    let raster = Raster::open_heights(path)?;
    let place = raster.placement();
    if place.crs.is_geographic() {
        return Err(projection::in_degrees(path, place));
    }
    if (place.cell_x - place.cell_y).abs() > place.cell_x * 1e-6 {
        return Err(Problem::new(
            path,
            format!("has cells of {} by {} m; square ones are needed", place.cell_x, place.cell_y),
            format!(
                "resample it: `gdalwarp -q -tr {0} {0} -r cubicspline -ot Float32 -dstnodata -9999 {1} {2}`",
                place.cell_x.min(place.cell_y),
                cure::quoted(path),
                cure::result(path, "square")
            ),
        ));
    }
    Ok(raster)
}

/// A coarse grid that ends too near to the region for the spline.
pub(super) fn edges(coarse: &Coarse) -> Option<InputFinding> {
    Some(InputFinding::doubtful(InputDoubt::Edges, coarse.notice()?))
}

/// A grid on the DEM's own cells covers the region.
pub(super) fn cells_cover(
    path: &Path,
    raster: &Raster,
    (column, row): (isize, isize),
    span: Span,
) -> Option<Problem> {
    let place = raster.placement();
    let fits = |first: isize, size: usize, from: isize, length: usize| {
        first <= from && first + size as isize >= from + length as isize
    };
    let covered =
        fits(column, place.width, span.column, span.width) && fits(row, place.height, span.row, span.height);
    (!covered).then(|| {
        Problem::new(
            path,
            "shares the DEM's cells but does not cover the region",
            "give a grid that covers the region, or a coarse one",
        )
    })
}
