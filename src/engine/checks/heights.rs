//! Heights: the findings of a survey of the terrain, and the check of samples of it.

use super::super::Problem;
use super::super::finding::{InputDoubt, InputFinding};
use super::super::geotiff::Raster;
use super::super::grid::Grid;
use super::super::rectangles::Span;
use super::subject::Subject;
use super::survey::{Collector, Repeated, Rules, SharpSteps, Steepness, Strays, Survey, strays_in};
use crate::quantity::count;

/// Heights that ground has, m.
pub(in super::super) const HEIGHTS: (f32, f32) = (-500.0, 9000.0);

/// Windows across a region where heights are looked at.
const SAMPLES: usize = 24;

/// Edge of a window that is looked at, cells.
const SAMPLE_EDGE: usize = 64;

/// The greatest height of ground in feet.
const HIGHEST_IN_FEET: f32 = 29_100.0;

/// What heights are measured by without their neighbours.
const RANGE: Rules = Rules { low: HEIGHTS.0, high: HEIGHTS.1, steps: None };

/// What all heights are measured by, with cells of this size, m.
pub(in super::super) fn rules(cell: f64) -> Rules {
    Rules { steps: Some(Steepness::of_cells(cell)), ..RANGE }
}

/// Windows spread over the region are looked at; only where all of them are empty the rest is read too.
pub(in super::super) fn sampled_heights(dem: &Raster, span: Span) -> Option<Problem> {
    match sample(dem, span) {
        Err(problem) => Some(problem),
        Ok(found) if found.of == 0 => Some(empty(Subject::file(dem))),
        Ok(found) => strays(Subject::file(dem), &found, span),
    }
}

fn sample(dem: &Raster, span: Span) -> Result<Strays, Problem> {
    let (width, height) = (span.width.min(SAMPLE_EDGE), span.height.min(SAMPLE_EDGE));
    let spots = Span { width: span.width - width + 1, height: span.height - height + 1, ..span };
    let across = SAMPLES.min(span.width.max(span.height) / SAMPLE_EDGE + 1);
    let mut found = Collector::default();
    for (column, row) in spots.points(across) {
        let corner = (column as isize, row as isize);
        found.window(&dem.window(corner.0, corner.1, width, height)?, corner, RANGE);
    }
    let mut row = 0;
    while found.is_empty() && row < span.height {
        let height = SAMPLE_EDGE.min(span.height - row);
        let corner = (span.column, span.row + row as isize);
        found.window(&dem.window(corner.0, corner.1, span.width, height)?, corner, RANGE);
        row += height;
    }
    Ok(found.finish())
}

/// Refuses a window of the terrain, its first cell at `(column, row)`, with a height that cannot be.
pub(in super::super) fn refuse_strays(
    dem: &Raster,
    window: &Grid,
    corner: (isize, isize),
) -> Result<(), Problem> {
    let problem = strays_in(window, corner, RANGE)
        .and_then(|found| strays(Subject::file(dem), &found, Span::whole(dem.placement())));
    problem.map_or(Ok(()), Err)
}

fn empty(subject: Subject) -> Problem {
    subject.problem(
        "has no valid cell in the region",
        "choose a region with terrain, or check the nodata value with gdalinfo",
    )
}

/// Everything that a survey tells of the terrain, of which `mapped` is mapped.
pub(in super::super) fn findings(dem: &Raster, survey: &Survey, mapped: Span) -> Vec<InputFinding> {
    let subject = Subject::file(dem);
    let steepness = Steepness::of_cells(dem.placement().cell_x);
    let mut findings: Vec<InputFinding> = Vec::new();
    if survey.valid == 0 {
        findings.push(empty(subject).into());
    }
    findings.extend(strays(subject, &survey.strays, mapped).map(InputFinding::from));
    findings.extend(survey.repeated.iter().map(|found| repeated(subject, survey, found, steepness)));
    let cliffs = [(InputDoubt::Steps, survey.steps), (InputDoubt::Spikes, survey.spikes)];
    findings.extend(cliffs.into_iter().filter_map(|(doubt, found)| steps(subject, doubt, found, steepness)));
    findings.extend(holes(subject, survey));
    findings
}

/// Heights that cannot be; told where they are, and whether that is outside what is mapped.
fn strays(subject: Subject, found: &Strays, mapped: Span) -> Option<Problem> {
    let (low, high) = HEIGHTS;
    let (at, value) = found.first?;
    let inside = |at: u64, from: isize, size: usize| (from..from + size as isize).contains(&(at as isize));
    let beside = if inside(at.0, mapped.column, mapped.width) && inside(at.1, mapped.row, mapped.height) {
        ""
    } else {
        ", outside the region, from where shadows reach into it"
    };
    let range =
        if found.low < found.high { format!(", {} to {}", found.low, found.high) } else { String::new() };
    let what = format!(
        "has {} of {} heights outside {low} to {high} m{range}, the first {value} at {}{beside}",
        found.count,
        found.of,
        subject.place(at)
    );
    let feet = found.one.is_none() && found.low > low && found.high <= HIGHEST_IN_FEET;
    let command = if feet { subject.times("0.3048", "m") } else { subject.without(found.one, low, high) };
    let command = command.unwrap_or_default();
    let cure = if feet {
        format!("convert them to metres, if they are in feet: {command}")
    } else if found.one.is_some() {
        format!("declare it as no data, if it is none: {command}")
    } else {
        format!(
            "convert them to metres if they are in another unit; make them no data if they are none: {command}"
        )
    };
    Some(subject.problem(what, cure))
}

/// A value that repeats beside cliffs; refused where no ground is as steep.
fn repeated(subject: Subject, survey: &Survey, found: &Repeated, steepness: Steepness) -> InputFinding {
    let Repeated { value, steps, largest, at } = *found;
    let cells = if value == 0.0 {
        format!("{} of 0 m", count(survey.zeros, "cell"))
    } else {
        format!("heights of {value} m")
    };
    let what = format!(
        "has {cells}, beside {steps} of them a step of more than {} m, up to {largest:.0} m, the first at {}: \
         no data that is not declared?",
        steepness.steep,
        subject.place(at)
    );
    let cure = format!("declare it: {}", subject.drop_value(value).unwrap_or_default());
    let problem = subject.problem(what, cure);
    let doubt = if value == 0.0 { InputDoubt::Zeros } else { InputDoubt::Constants };
    if largest > steepness.impossible { problem.into() } else { InputFinding::doubtful(doubt, problem) }
}

/// Steps or spikes; refused where no ground is as steep.
fn steps(
    subject: Subject,
    doubt: InputDoubt,
    found: SharpSteps,
    steepness: Steepness,
) -> Option<InputFinding> {
    let SharpSteps { count, largest, at } = found;
    if count == 0 {
        return None;
    }
    let (cliff, most) = (steepness.cliff, steepness.impossible);
    let place = subject.place(at);
    let what = if doubt == InputDoubt::Spikes {
        format!(
            "has {count} single cells more than {cliff} m above or below all around, the most, {largest:.0} m, at {place}"
        )
    } else {
        format!(
            "has {count} steps of more than {cliff} m between neighbouring cells, the highest, {largest:.0} m, at {place}"
        )
    };
    if largest > most {
        let cure =
            format!("no ground has more than {most} m: look at the place, and take a file without the fault");
        return Some(subject.problem(what, cure).into());
    }
    Some(InputFinding::doubtful(
        doubt,
        subject.problem(what, "look at the place: is it a fault of the file?"),
    ))
}

fn holes(subject: Subject, survey: &Survey) -> Option<InputFinding> {
    let found = survey.holes;
    if found.count == 0 {
        return None;
    }
    let what = format!(
        "has {} without a height in {} of the terrain, the largest, {}, from {} on",
        count(found.cells, "cell"),
        count(found.count, "hole"),
        count(found.largest, "cell"),
        subject.place(found.at)
    );
    let cure = format!(
        "leave them if they are meant: they stay without data and throw no shadow; or fill them: {}",
        subject.fill().unwrap_or_default()
    );
    Some(InputFinding::doubtful(InputDoubt::Voids, subject.problem(what, cure)))
}
