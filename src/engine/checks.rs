//! What is wrong with the inputs, each with its cure.

use std::path::Path;

use super::Problem;
use super::azimuths::Azimuths;
use super::coarse::{Coarse, Span};
use super::geotiff::Raster;
use super::grid::Grid;
use super::model::{Atmosphere, DiffuseModel, Model, Shadow};
use super::projection;
use super::request::Request;

/// Heights that ground has, m.
const HEIGHTS: (f32, f32) = (-500.0, 9000.0);

/// Monthly temperatures, degC.
const TEMPERATURES: (f64, f64) = (-60.0, 50.0);

/// Monthly lapse rates, K/m.
const LAPSE_RATES: (f32, f32) = (-0.002, 0.015);

/// Linke's turbidity: of clean dry air, and beyond any month's mean.
const TURBIDITIES: (f32, f32) = (1.0, 10.0);

/// Points across a region where coverage is looked at, and windows across it where heights are.
const SAMPLES: usize = 24;

/// Edge of a window that is looked at, cells.
const SAMPLE_EDGE: usize = 64;

/// Settings that no file can cure.
pub(super) fn settings(request: &Request) -> Vec<Problem> {
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
        !matches!(model.azimuths, Azimuths::Uniform(count) if !(8..=720).contains(&count)),
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
fn air(model: &Model) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !(0.0..=1.0).contains(&model.albedo) {
        let what = format!("{} is not between 0 and 1", model.albedo);
        let cure = "use 0 for none, 0.2 for bare ground or grass, 0.6 for old snow";
        problems.push(Problem::new(Path::new("albedo"), what, cure));
    }
    // SAGA has none of these: refused rather than left out.
    for (name, chosen, cure) in [
        ("atmosphere", model.atmosphere == Atmosphere::Esra, "use Saga or Lumped, or mode: Default"),
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
            "resample it: gdalwarp -tr 25 25 -r cubicspline in.tif out.tif",
        ));
    }
    Ok(raster)
}

/// Heights of the region: there are some, and they are metres.
///
/// Windows spread over the region are looked at; only where all of them are empty the rest is read too.
pub(super) fn heights(path: &Path, dem: &Raster, span: Span) -> Option<Problem> {
    match sampled_heights(dem, span) {
        Err(problem) => Some(problem),
        Ok(None) => Some(Problem::new(
            path,
            "has no valid cell in the region",
            "choose a region with terrain, or check the nodata value with gdalinfo",
        )),
        Ok(Some((low, high))) if low < HEIGHTS.0 || high > HEIGHTS.1 => Some(Problem::new(
            path,
            format!("has heights of {low} to {high}; expected metres, {} to {}", HEIGHTS.0, HEIGHTS.1),
            if high > HEIGHTS.1 {
                "convert it to metres, or declare its nodata value: gdal_translate -a_nodata VALUE in.tif out.tif"
            } else {
                "declare its nodata value: gdal_translate -a_nodata VALUE in.tif out.tif"
            },
        )),
        Ok(Some(_)) => None,
    }
}

fn sampled_heights(dem: &Raster, span: Span) -> Result<Option<(f32, f32)>, Problem> {
    let (width, height) = (span.width.min(SAMPLE_EDGE), span.height.min(SAMPLE_EDGE));
    let spots = Span { width: span.width - width + 1, height: span.height - height + 1, ..span };
    let across = SAMPLES.min(span.width.max(span.height) / SAMPLE_EDGE + 1);
    let mut range = None;
    for (column, row) in spots.points(across) {
        range = widest(range, &dem.window(column as isize, row as isize, width, height)?);
    }
    let mut row = 0;
    while range.is_none() && row < span.height {
        let height = SAMPLE_EDGE.min(span.height - row);
        range = widest(range, &dem.window(span.column, span.row + row as isize, span.width, height)?);
        row += height;
    }
    Ok(range)
}

fn widest(range: Option<(f32, f32)>, grid: &Grid) -> Option<(f32, f32)> {
    match (range, extremes(&grid.values)) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

/// Least and greatest valid value.
fn extremes(values: &[f32]) -> Option<(f32, f32)> {
    let valid = values.iter().copied().filter(|value| !value.is_nan());
    valid.fold(None, |range, v| {
        Some(range.map_or((v, v), |(low, high): (f32, f32)| (low.min(v), high.max(v))))
    })
}

/// A coarse grid has values wherever the DEM has.
pub(super) fn covers(coarse: &Coarse, dem: &Raster, span: Span) -> Option<Problem> {
    let place = dem.placement();
    let (mut missing, mut all, mut first) = (0, 0, None);
    for (column, row) in span.points(SAMPLES) {
        all += 1;
        let (column, row) = (column.round(), row.round());
        if !coarse.is_missing_at(place, column, row) {
            continue;
        }
        match dem.window(column as isize, row as isize, 1, 1) {
            Ok(cell) if cell.values.first().is_none_or(|z| z.is_nan()) => {}
            Ok(_) => {
                missing += 1;
                let (x, y) = place.centre(column, row);
                first = first.or_else(|| place.crs.to_lonlat(x, y));
            }
            Err(problem) => return Some(problem),
        }
    }
    let (lon, lat) = first?;
    Some(Problem::new(
        &coarse.path,
        format!("has no data at {missing} of {all} points of the region, the first at {lon:.4} E {lat:.4} N"),
        "give a grid that covers the region and 2 of its cells around, or make the region smaller",
    ))
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

/// The cells in the middle of a raster, for a look at its values.
pub(super) fn middle(raster: &Raster) -> Result<Grid, Problem> {
    let (width, height) = (raster.placement().width, raster.placement().height);
    let (w, h) = (width.min(4 * SAMPLE_EDGE), height.min(4 * SAMPLE_EDGE));
    raster.window(((width - w) / 2) as isize, ((height - h) / 2) as isize, w, h)
}

/// Reference heights are metres.
pub(super) fn reference_height(path: &Path, values: &[f32]) -> Option<Problem> {
    let (low, high) = extremes(values)?;
    (low < HEIGHTS.0 || high > HEIGHTS.1).then(|| {
        Problem::new(
            path,
            format!("has heights of {low} to {high}; expected metres, {} to {}", HEIGHTS.0, HEIGHTS.1),
            "convert it to metres, or declare its nodata value: gdal_translate -a_nodata VALUE in.tif out.tif",
        )
    })
}

/// Temperatures are plausible after scaling; the message says which unit is likely meant.
pub(super) fn temperature(path: &Path, values: &[f32], scale: f64, offset: f64) -> Option<Problem> {
    let (low, high) = extremes(values)?;
    let (low, high) = (f64::from(low), f64::from(high));
    let celsius = |v: f64| v * scale + offset;
    let (a, b) = (celsius(low).min(celsius(high)), celsius(low).max(celsius(high)));
    if a >= TEMPERATURES.0 && b <= TEMPERATURES.1 {
        return None;
    }
    let units = [
        ("Celsius", 1.0, 0.0),
        ("DeciCelsius", 0.1, 0.0),
        ("Kelvin", 1.0, -273.15),
        ("DeciKelvin", 0.1, -273.15),
    ];
    let fits = |(_, scale, offset): &&(&str, f64, f64)| {
        low * scale + offset >= TEMPERATURES.0 && high * scale + offset <= TEMPERATURES.1
    };
    let cure = match units.iter().find(fits) {
        Some((unit, ..)) => {
            format!("its raw values of {low} to {high} would be plausible as {unit}: set that unit")
        }
        None => format!("its raw values are {low} to {high}: check the file and its nodata value"),
    };
    let (least, most) = TEMPERATURES;
    Some(Problem::new(
        path,
        format!("has temperatures of {a:.1} to {b:.1} degC; expected {least} to {most}"),
        cure,
    ))
}

/// Lapse rates are K/m, positive = colder upwards.
pub(super) fn lapse_rate(path: &Path, values: &[f32]) -> Option<Problem> {
    let (low, high) = extremes(values)?;
    let valid: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| f64::from(*v)).collect();
    let mean = valid.iter().sum::<f64>() / valid.len() as f64;
    let problem = |what: String, cure: &str| Some(Problem::new(path, what, cure));
    if low.abs().max(high.abs()) > 0.1 {
        return problem(
            format!("has lapse rates of {low} to {high}; expected K/m, about 0.006"),
            "divide by 1000 if they are K/km; the sign must be positive where it gets colder upwards",
        );
    }
    if mean <= 0.0 {
        return problem(
            format!("has a mean lapse rate of {mean:.4} K/m; expected a positive one: colder upwards"),
            "flip the sign (regressions of temperature on height give dT/dz, which is negative): \
             gdal_calc.py -A in.tif --calc=\"-1.0*A\" --outfile=out.tif, or write the constant without its minus",
        );
    }
    if low < LAPSE_RATES.0 || high > LAPSE_RATES.1 {
        return problem(
            format!(
                "has lapse rates of {low} to {high} K/m; expected {} to {}",
                LAPSE_RATES.0, LAPSE_RATES.1
            ),
            "check the file, its unit (K/m) and its nodata value",
        );
    }
    None
}

/// Cloud cover is 0..10000, hundredths of a per cent.
pub(super) fn cloud_cover(path: &Path, values: &[f32]) -> Option<Problem> {
    let (low, high) = extremes(values)?;
    let problem = |what: String, cure: &str| Some(Problem::new(path, what, cure));
    // The spline behind a regression may leave the range by a rounding.
    if low < -1.0 || high > 10_001.0 {
        return problem(
            format!("has cloud cover of {low} to {high}; expected 0 to 10000 (0.01 %)"),
            "check its unit and declare its nodata value: gdal_translate -a_nodata VALUE in.tif out.tif",
        );
    }
    let unit = match high {
        v if v > 0.0 && v <= 1.0 => Some(("a fraction", "multiply by 10000")),
        v if v > 1.0 && v <= 100.0 => Some(("per cent", "multiply by 100")),
        _ => None,
    };
    unit.and_then(|(name, cure)| {
        problem(
            format!(
                "has cloud cover of {low} to {high}, which looks like {name}; expected 0 to 10000 (0.01 %)"
            ),
            cure,
        )
    })
}

/// Linke's turbidity is 1 (air alone) to 10.
pub(super) fn turbidity(path: &Path, values: &[f32]) -> Option<Problem> {
    let no_number = || Problem::new(path, "is no number", "2 to 4 is usual over mountains");
    let Some((low, high)) = extremes(values) else { return values.first().map(|_| no_number()) };
    let (least, most) = TURBIDITIES;
    (low < least || high > most).then(|| {
        let cure = if low >= 20.0 * least && high <= 20.0 * most {
            "divide by 20 if these are twentieths, as in SoDa's maps: \
             gdal_calc.py -A in.tif --calc=\"A/20.0\" --type=Float32 --outfile=out.tif"
        } else {
            "2 to 4 is usual over mountains; check the file and its nodata value"
        };
        Problem::new(
            path,
            format!("has a turbidity of {low} to {high}; expected Linke's, {least} to {most}"),
            cure,
        )
    })
}
