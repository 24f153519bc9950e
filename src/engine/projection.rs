//! Whether a projection suits the ground that it maps, and the commands that bring a file to one that does.

use std::path::Path;

use super::crs::{Crs, Distortion, in_words};
use super::finding::{InputDoubt, InputFinding};
use super::grid::Placement;
use super::model::North;
use super::{Problem, cure};

/// Errors up to this share are not worth a word. The Alps are within 0.7 % in EPSG:3035 and in any of their zones of UTM.
const NOTICED: f64 = 0.01;

/// Beyond this error the maps would be wrong, see `docs/decisions/0034-projections-by-their-error.md`.
const REFUSED: f64 = 0.05;

/// Points across a region where its projection is looked at.
const ACROSS: usize = 4;

/// Larger cells, in metres, are those of climate grids.
const LARGEST_OF_TERRAIN: f64 = 200.0;

/// Metres in a degree of latitude.
const DEGREE: f64 = 111_195.0;

/// What is wrong with computing in the terrain's projection over a region, or may be.
pub(super) fn finding(dem: &Path, region: &Placement, north: North) -> Option<InputFinding> {
    let doubt =
        || notice(dem, region, north).map(|notice| InputFinding::doubtful(InputDoubt::Projection, notice));
    problem(dem, region, north).map(InputFinding::from).or_else(doubt)
}

/// A remark on the projection of a region that is not refused, but distorts the ground by more than 1 %.
///
/// `north` says whether the model measures cells on the ground ([`North::True`]) or takes the map's metres for true.
fn notice(dem: &Path, region: &Placement, north: North) -> Option<Problem> {
    let (worst, place) = worst(region, |it| it.length_error().max(it.shape_error()))?;
    let error = error(worst, north);
    if error > REFUSED || (error <= NOTICED && worst.length_error() <= NOTICED) {
        return None;
    }
    let harm = if error > NOTICED {
        format!("slopes and aspects are wrong by up to {:.1} %", error * 100.0)
    } else {
        let edge = region.cell_x / (worst.greatest * worst.least).sqrt();
        format!("cells of {:.2} m are {edge:.2} m on the ground, which the maps allow for", region.cell_x)
    };
    let what = format!("lies where {} {}: {harm}", region.crs, described(worst, place));
    let command = to_utm(dem, place, region.cell_x);
    Some(Problem::new(dem, what, format!("the place's zone of UTM is closer to the ground: `{command}`")))
}

/// What is wrong with computing in the terrain's projection over a region.
fn problem(dem: &Path, region: &Placement, north: North) -> Option<Problem> {
    let what = match worst(region, |it| error(it, north)) {
        Some((worst, _)) if error(worst, north) <= REFUSED => return None,
        Some((worst, place)) => format!(
            "lies where {} {}: slopes, aspects and shadows would be wrong by up to {:.0} %; expected within {} %",
            region.crs,
            described(worst, place),
            error(worst, north) * 100.0,
            REFUSED * 100.0
        ),
        None => format!("lies outside the domain of {}", region.crs),
    };
    let cure = match middle(region) {
        Some(place) => {
            format!("bring it to the place's zone of UTM: `{}`", to_utm(dem, place, region.cell_x))
        }
        None => "check its corners with gdalinfo: they are not on Earth in this system".into(),
    };
    Some(Problem::new(dem, what, cure))
}

/// What slopes are wrong by. The sizes of cells on the ground are measured where north is the true one; one size for all
/// directions.
fn error(distortion: Distortion, north: North) -> f64 {
    match north {
        North::True => distortion.shape_error(),
        North::Grid => distortion.shape_error().max(distortion.length_error()),
    }
}

/// What is wrong with a terrain in degrees.
pub(super) fn in_degrees(dem: &Path, place: &Placement) -> Problem {
    let what = format!("is in degrees ({}); slopes and shadows need metres", place.crs);
    let cure = match middle(place) {
        Some(middle) => format!(
            "bring it to the place's zone of UTM: `{}`",
            to_utm(dem, middle, cell_in_metres(place.crs, place.cell_y))
        ),
        None => "check its corners with gdalinfo: they are not on Earth".into(),
    };
    Problem::new(dem, what, cure)
}

/// The command that brings a file of an unfit system to one that the engine knows: what can only be terrain to its zone of
/// UTM, everything else to longitude and latitude. `cell` is in metres.
pub(super) fn reprojection(file: &Path, place: Option<(f64, f64)>, cell: f64) -> String {
    match place {
        Some(place) if cell <= LARGEST_OF_TERRAIN => to_utm(file, place, cell),
        _ => format!(
            "gdalwarp -t_srs EPSG:4326 -r bilinear {FLOATS} {} {}",
            cure::quoted(file),
            cure::result(file, "lonlat")
        ),
    }
}

/// The command that makes rows run from west to east and columns from north to south, in the same system where it may stay.
/// Turned rasters are resampled, the others (mirrored, south up) keep their cells.
pub(super) fn uprighting(file: &Path, crs: Crs, middle: (f64, f64), cell: f64, turned: bool) -> String {
    let cell = cell_in_metres(crs, cell);
    if crs.is_geographic() && cell <= LARGEST_OF_TERRAIN {
        return to_utm(file, middle, cell);
    }
    let resampling = match turned {
        true if cell <= LARGEST_OF_TERRAIN => format!("-r cubicspline {FLOATS} "),
        true => format!("-r bilinear {FLOATS} "),
        false => String::new(),
    };
    format!("gdalwarp {resampling}{} {}", cure::quoted(file), cure::result(file, "upright"))
}

/// The size of a cell in metres.
pub(super) fn cell_in_metres(crs: Crs, cell: f64) -> f64 {
    if crs.is_geographic() { cell * DEGREE } else { cell }
}

/// What lies outside a warped raster must not become 0, and heights between the old cells are no whole numbers.
const FLOATS: &str = "-ot Float32 -dstnodata -9999";

fn to_utm(file: &Path, (lon, lat): (f64, f64), cell: f64) -> String {
    let zone = Crs::utm_at(lon, lat);
    // The mean of what lies below a cell, or a smooth surface through what lies around it.
    let resampling = if cell < 12.5 { "average" } else { "cubicspline" };
    let south = if lat < 0.0 { "s" } else { "n" };
    format!(
        "gdalwarp -t_srs {zone} -tr 25 25 -tap -r {resampling} {FLOATS} {} {}",
        cure::quoted(file),
        cure::result(file, &format!("utm{}{south}", zone.epsg() % 100))
    )
}

/// Longitude and latitude of the middle.
fn middle(place: &Placement) -> Option<(f64, f64)> {
    let (x, y) = place.centre((place.width as f64 - 1.0) / 2.0, (place.height as f64 - 1.0) / 2.0);
    place.crs.to_lonlat(x, y)
}

/// Where a region is distorted most by a measure, in longitude and latitude, and how; `None` when a part of it is outside
/// the projection's domain.
fn worst(region: &Placement, measure: impl Fn(Distortion) -> f64) -> Option<(Distortion, (f64, f64))> {
    let part = |i: usize, size: usize| i as f64 / ACROSS as f64 * size as f64 - 0.5;
    let points = (0..=ACROSS).flat_map(|j| (0..=ACROSS).map(move |i| (i, j)));
    points
        .map(|(i, j)| {
            let (x, y) = region.centre(part(i, region.width), part(j, region.height));
            Some((region.crs.distortion(x, y)?, region.crs.to_lonlat(x, y)?))
        })
        .reduce(|a, b| {
            let (a, b) = (a?, b?);
            Some(if measure(b.0) > measure(a.0) { b } else { a })
        })?
}

fn described(distortion: Distortion, place: (f64, f64)) -> String {
    format!(
        "is not made for (at {} its scale is {:.3} to {:.3} by the direction, and angles are off by up to \
         {:.1} degrees)",
        in_words(place, 2),
        distortion.least,
        distortion.greatest,
        distortion.angle()
    )
}

#[cfg(test)]
mod tests;
