//! Whether a projection suits the ground that it maps, and the commands that bring a file to one that does.

use std::path::Path;

use super::crs::{Crs, Distortion};
use super::finding::{Doubt, Finding};
use super::geotiff::Placement;
use super::{Problem, cure};

/// Slopes are wrong by this share at most without a word. The Alps are within 0.7 % in EPSG:3035 and in any of their zones
/// of UTM.
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
pub(super) fn finding(dem: &Path, region: &Placement) -> Option<Finding> {
    let notice = || {
        let what = format!("lies where {}", projection_notice(region)?);
        let cure = middle(region).map(|place| format!("`{}`", to_utm(dem, place, region.cell_x)));
        Some(Finding::doubtful(Doubt::Projection, Problem::new(dem, what, cure.unwrap_or_default())))
    };
    problem(dem, region).map(Finding::from).or_else(notice)
}

/// A remark on a projection that distorts the ground of a region by more than 1 %, but not by so much that it is refused.
fn projection_notice(region: &Placement) -> Option<String> {
    let (worst, place) = worst(region)?;
    (worst.error() > NOTICED && worst.error() <= REFUSED).then(|| {
        format!(
            "{} {}: slopes and aspects are wrong by as much; a zone of UTM would be closer ({})",
            region.crs,
            described(worst, place),
            Crs::utm_at(place.0, place.1)
        )
    })
}

/// What is wrong with computing in the terrain's projection over a region.
fn problem(dem: &Path, region: &Placement) -> Option<Problem> {
    let what = match worst(region) {
        Some((worst, _)) if worst.error() <= REFUSED => return None,
        Some((worst, place)) => format!(
            "lies where {} {}: slopes, aspects and shadows would be wrong; expected within {} %",
            region.crs,
            described(worst, place),
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

/// Where a region is distorted most, in longitude and latitude, and how; `None` when a part of it is outside the
/// projection's domain.
fn worst(region: &Placement) -> Option<(Distortion, (f64, f64))> {
    let part = |i: usize, size: usize| i as f64 / ACROSS as f64 * size as f64 - 0.5;
    let points = (0..=ACROSS).flat_map(|j| (0..=ACROSS).map(move |i| (i, j)));
    points
        .map(|(i, j)| {
            let (x, y) = region.centre(part(i, region.width), part(j, region.height));
            Some((region.crs.distortion(x, y)?, region.crs.to_lonlat(x, y)?))
        })
        .reduce(|a, b| {
            let (a, b) = (a?, b?);
            Some(if b.0.error() > a.0.error() { b } else { a })
        })?
}

fn described(distortion: Distortion, (lon, lat): (f64, f64)) -> String {
    let (east, north) = (if lon < 0.0 { "W" } else { "E" }, if lat < 0.0 { "S" } else { "N" });
    format!(
        "distorts lengths by {:.1} % (at {:.2} {east} {:.2} {north} its scale is {:.3} to {:.3}, and angles are off by up to {:.1} degrees)",
        distortion.error() * 100.0,
        lon.abs(),
        lat.abs(),
        distortion.least,
        distortion.greatest,
        distortion.angle()
    )
}

#[cfg(test)]
mod tests;
