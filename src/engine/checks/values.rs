//! The values of coarse grids, and of the numbers that stand for them.

use super::super::Problem;
use super::super::coarse::Coarse;
use super::super::geotiff::Raster;
use super::super::grid::Grid;
use super::heights::HEIGHTS;
use super::subject::Subject;
use super::survey::{Rules, Strays, strays_in};

/// Monthly lapse rates, K/m.
const LAPSE_RATES: (f32, f32) = (-0.002, 0.015);

/// Linke's turbidity: of clean dry air, and beyond any month's mean.
const TURBIDITIES: (f32, f32) = (1.0, 10.0);

/// Cloud cover, 0.01 %. The spline behind a regression may leave the range by a rounding; -1 stands for no data.
pub(in super::super) const CLOUD_COVER: Rules = Rules { low: -0.5, high: 10_000.5, steps: None };

/// Edge of a window that is looked at, cells.
const SAMPLE_EDGE: usize = 256;

/// Least and greatest valid value.
pub(in super::super) fn extremes(values: &[f32]) -> Option<(f32, f32)> {
    let valid = values.iter().copied().filter(|value| !value.is_nan());
    valid.fold(None, |range, v| {
        Some(range.map_or((v, v), |(low, high): (f32, f32)| (low.min(v), high.max(v))))
    })
}

/// One value that repeats far outside a range in which most of a grid lies: no data that is not declared. The problem, where
/// there is one, and the other values.
fn undeclared(
    subject: Subject,
    grid: &Coarse,
    (low, high): (f32, f32),
    name: &str,
) -> (Option<Problem>, Vec<f32>) {
    let rules = Rules { low, high, steps: None };
    let found = strays_in(&grid.grid, grid.first(), rules).unwrap_or_default();
    let values = &grid.grid.values;
    let (Some((at, value)), Some(one)) = (found.first, found.one) else { return (None, values.clone()) };
    if found.count * 2 >= found.of {
        return (None, values.clone());
    }
    // A grid round the Earth may begin a turn before the file.
    let around = subject.placement().map_or(i64::MAX, |place| place.width as i64);
    let at = ((at.0 as i64).rem_euclid(around) as u64, at.1);
    let what = format!(
        "has {name} of {value} at {} of {} nodes around the region, the first at {}: no data that is not declared",
        found.count,
        found.of,
        subject.place(at)
    );
    let cure = format!("declare it: {}", subject.without(Some(one), low, high).unwrap_or_default());
    let rest = values.iter().copied().filter(|v| (low..=high).contains(v)).collect();
    (Some(subject.problem(what, cure)), rest)
}

/// Reference heights are metres.
pub(in super::super) fn reference_height(raster: &Raster, grid: &Coarse) -> Vec<Problem> {
    let subject = Subject::file(raster);
    let (stray, values) = undeclared(subject, grid, HEIGHTS, "heights");
    let range = extremes(&values).filter(|(low, high)| *low < HEIGHTS.0 || *high > HEIGHTS.1);
    let unit = range.map(|(low, high)| {
        let command = subject.without(None, HEIGHTS.0, HEIGHTS.1).unwrap_or_default();
        subject.problem(
            format!("has heights of {low} to {high}; expected metres, {} to {}", HEIGHTS.0, HEIGHTS.1),
            format!("convert them to metres if they are in another unit; make them no data if they are none: {command}"),
        )
    });
    stray.into_iter().chain(unit).collect()
}

/// Temperatures whose one value beyond all that air has is no data; and the others, as numbers of the file.
pub(in super::super) fn without_strays(
    raster: &Raster,
    grid: &Coarse,
    (scale, offset): (f64, f64),
) -> (Option<Problem>, Vec<f32>) {
    let number = |celsius: f64| ((celsius - offset) / scale) as f32;
    let (a, b) = (number(-100.0), number(100.0));
    undeclared(Subject::file(raster), grid, (a.min(b), a.max(b)), "temperatures")
}

/// Lapse rates of a grid.
pub(in super::super) fn lapse_rates(raster: &Raster, grid: &Coarse) -> Vec<Problem> {
    let subject = Subject::file(raster);
    let (stray, values) = undeclared(subject, grid, (-1.0, 1.0), "lapse rates");
    stray.into_iter().chain(lapse_rate(subject, &values)).collect()
}

/// Lapse rates are K/m, positive = colder upwards.
pub(in super::super) fn lapse_rate(subject: Subject, values: &[f32]) -> Option<Problem> {
    let (low, high) = extremes(values)?;
    let valid: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| f64::from(*v)).collect();
    let mean = valid.iter().sum::<f64>() / valid.len() as f64;
    if low.abs().max(high.abs()) > 0.1 {
        let sign = if mean < 0.0 { "-0.001" } else { "0.001" };
        let command = subject.times(sign, "per_m").map_or_else(String::new, |command| format!(": {command}"));
        return Some(subject.problem(
            format!("has lapse rates of {low} to {high}; expected K/m, about 0.006"),
            format!("divide by 1000 if they are K/km, positive where it gets colder upwards{command}"),
        ));
    }
    if mean <= 0.0 {
        let command = subject.times("-1.0", "flipped");
        let command = command.unwrap_or_else(|| "write the constant without its minus".to_owned());
        return Some(subject.problem(
            format!("has a mean lapse rate of {mean:.4} K/m; expected a positive one: colder upwards"),
            format!("flip the sign (regressions of temperature on height give dT/dz, which is negative): {command}"),
        ));
    }
    (low < LAPSE_RATES.0 || high > LAPSE_RATES.1).then(|| {
        subject.problem(
            format!(
                "has lapse rates of {low} to {high} K/m; expected {} to {}",
                LAPSE_RATES.0, LAPSE_RATES.1
            ),
            "check the file, its unit (K/m) and its nodata value",
        )
    })
}

/// Cloud cover of a coarse grid.
pub(in super::super) fn cloud_cover(raster: &Raster, grid: &Coarse) -> Vec<Problem> {
    let subject = Subject::file(raster);
    let range = (CLOUD_COVER.low, CLOUD_COVER.high);
    let (stray, values) = undeclared(subject, grid, range, "cloud cover");
    stray.into_iter().chain(extremes(&values).and_then(|range| cloud_values(subject, range))).collect()
}

/// Cloud cover on the terrain's own cells: those in the middle of the file.
pub(in super::super) fn sampled_clouds(raster: &Raster) -> Option<Problem> {
    let (width, height) = (raster.placement().width, raster.placement().height);
    let (w, h) = (width.min(SAMPLE_EDGE), height.min(SAMPLE_EDGE));
    match raster.window(((width - w) / 2) as isize, ((height - h) / 2) as isize, w, h) {
        Err(problem) => Some(problem),
        Ok(grid) => cloud_values(Subject::file(raster), extremes(&grid.values)?),
    }
}

/// Cloud cover is 0..10000, hundredths of a per cent.
pub(in super::super) fn cloud_values(subject: Subject, (low, high): (f32, f32)) -> Option<Problem> {
    if low < CLOUD_COVER.low || high > CLOUD_COVER.high {
        return Some(cloud_range(subject, &format!("{low} to {high}"), None));
    }
    let (name, factor) = match high {
        v if v > 0.0 && v <= 1.0 => ("a fraction", "10000"),
        v if v > 1.0 && v <= 100.0 => ("per cent", "100"),
        _ => return None,
    };
    let command = subject.times(factor, "cover").unwrap_or_default();
    Some(subject.problem(
        format!("has cloud cover of {low} to {high}, which looks like {name}; expected 0 to 10000 (0.01 %)"),
        format!("multiply by {factor}: {command}"),
    ))
}

fn cloud_range(subject: Subject, found: &str, one: Option<f32>) -> Problem {
    let command = subject.without(one, 0.0, 10_000.0).unwrap_or_default();
    subject.problem(
        format!("has cloud cover of {found}; expected 0 to 10000 (0.01 %)"),
        format!("check its unit; make no data of what is none: {command}"),
    )
}

/// Cloud cover on the terrain's own cells that cannot be, in part of the file or in all that is used.
pub(in super::super) fn cloud_strays(subject: Subject, found: &Strays) -> Option<Problem> {
    let (at, _) = found.first?;
    let told = format!(
        "{} to {} at {} of {} cells, the first at {}",
        found.low,
        found.high,
        found.count,
        found.of,
        subject.place(at)
    );
    Some(cloud_range(subject, &told, found.one))
}

/// Refuses a window of cloud cover, its first cell at `(column, row)` of the file, with a value that cannot be.
pub(in super::super) fn refuse_clouds(
    raster: &Raster,
    window: &Grid,
    corner: (isize, isize),
) -> Result<(), Problem> {
    let problem =
        strays_in(window, corner, CLOUD_COVER).and_then(|found| cloud_strays(Subject::file(raster), &found));
    problem.map_or(Ok(()), Err)
}

/// Linke's turbidity of a grid.
pub(in super::super) fn turbidities(raster: &Raster, grid: &Coarse) -> Vec<Problem> {
    let subject = Subject::file(raster);
    let (stray, values) = undeclared(subject, grid, (0.0, 250.0), "turbidity");
    stray.into_iter().chain(turbidity(subject, &values)).collect()
}

/// Linke's turbidity is 1 (air alone) to 10.
pub(in super::super) fn turbidity(subject: Subject, values: &[f32]) -> Option<Problem> {
    let no_number = || subject.problem("is no number", "2 to 4 is usual over mountains");
    let Some((low, high)) = extremes(values) else { return values.first().map(|_| no_number()) };
    let (least, most) = TURBIDITIES;
    (low < least || high > most).then(|| {
        let cure = match subject.times("0.05", "linke") {
            Some(command) if low >= 20.0 * least && high <= 20.0 * most => {
                format!("divide by 20 if these are twentieths, as in SoDa's maps: {command}")
            }
            _ => "2 to 4 is usual over mountains; check the file and its nodata value".to_owned(),
        };
        subject
            .problem(format!("has a turbidity of {low} to {high}; expected Linke's, {least} to {most}"), cure)
    })
}
