//! Where a raster lies: by the affine map and the GeoKeys of its file (OGC 19-008r4, "GeoTIFF standard" 1.1).

use super::affine::{Affine, Georeference, Slant};
use super::ifd::Directory;
use super::keys::{Keys, RASTER_TYPE};
use super::side::SideFile;
use super::system::{System, UnfitSystem};
use super::tags;
use crate::engine::crs::Crs;
use crate::engine::grid::Placement;
use crate::engine::{Problem, cure, projection};

/// Reads where the raster of this size lies.
pub(super) fn placement(
    directory: &Directory,
    keys: &Keys,
    width: usize,
    height: usize,
) -> Result<Placement, Problem> {
    let Some(georeference) = Georeference::of(directory)? else {
        return Err(without_georeference(
            directory,
            &SideFile::of(&directory.source.path, directory.source.reach)?,
        ));
    };
    if !directory.has(tags::GEO_KEY_DIRECTORY) {
        return Err(without_system(
            directory,
            &SideFile::of(&directory.source.path, directory.source.reach)?,
        ));
    }
    let crs = System::of(keys).crs();
    let affine = match georeference {
        Georeference::Affine(affine) if keys.code(RASTER_TYPE) == Some(2) => affine.of_points(),
        Georeference::Affine(affine) => affine,
        Georeference::Control { middle, cell } => {
            return Err(placed_by_points(directory, &crs, middle, cell));
        }
    };
    let crs = crs.map_err(|unfit| unknown(directory, &unfit, affine.middle(width, height), affine.cell()))?;
    if let Some(slant) = affine.slant(width, height) {
        return Err(slanted(directory, crs, &affine, slant, (width, height)));
    }
    let Affine { origin: (west, north), column: (cell_x, _), row: (_, row_y) } = affine;
    Ok(Placement { crs, west, north, cell_x, cell_y: -row_y, width, height })
}

fn without_georeference(directory: &Directory, side: &SideFile) -> Problem {
    let what =
        "is not georeferenced (no ModelPixelScale and ModelTiepoint; what lies beside it does not count)";
    let file = &directory.source.path;
    let world = ["tfw", "tifw", "wld"].iter().any(|extension| file.with_extension(extension).is_file());
    let [transform, _] = side.of_place();
    let cure = if world || transform.is_some() {
        written_into(directory, "")
    } else {
        CORNERS_BY_ITS_PROVIDER.into()
    };
    directory.source.problem(what, cure)
}

fn without_system(directory: &Directory, side: &SideFile) -> Problem {
    let what = "has no coordinate system (no GeoKeys; what lies beside it does not count)";
    let file = &directory.source.path;
    let [_, system] = side.of_place();
    let cure = if system.is_some() {
        written_into(directory, "")
    } else if file.with_extension("prj").is_file() {
        written_into(directory, &format!("-a_srs {}", cure::quoted(&file.with_extension("prj"))))
    } else {
        BY_ITS_PROVIDER.into()
    };
    directory.source.problem(what, cure)
}

/// What to do where nothing at hand tells the place.
const CORNERS_BY_ITS_PROVIDER: &str =
    "write the coordinates of its corners into it with gdal_edit.py -a_ullr, as its provider tells them";

/// What to do where nothing at hand tells the system.
const BY_ITS_PROVIDER: &str =
    "write its system into it with gdal_edit.py -a_srs EPSG:CODE, with the code that its provider tells";

fn written_into(directory: &Directory, options: &str) -> String {
    directory.source.anew("write what lies beside it into it", options, "placed")
}

fn unknown(directory: &Directory, unfit: &UnfitSystem, middle: (f64, f64), cell: f64) -> Problem {
    let what = format!("{}; known are {}", unfit.what, Crs::KNOWN);
    if unfit.unnamed {
        return directory.source.problem(what, BY_ITS_PROVIDER);
    }
    let command =
        projection::reprojection(&directory.source.path, unfit.lonlat(middle), cell * unfit.metres());
    directory.source.problem(what, format!("reproject it: `{command}`"))
}

fn slanted(
    directory: &Directory,
    crs: Crs,
    affine: &Affine,
    slant: Slant,
    (width, height): (usize, usize),
) -> Problem {
    let file = &directory.source.path;
    let (x, y) = affine.middle(width, height);
    let middle = crs.to_lonlat(x, y).unwrap_or_default();
    let turned = slant == Slant::Turned;
    let command = projection::uprighting(file, crs, middle, affine.cell(), turned);
    let verb = if turned { "warp it to an upright grid" } else { "turn it" };
    directory.source.problem(slant.words(), format!("{verb}: `{command}`"))
}

fn placed_by_points(
    directory: &Directory,
    crs: &Result<Crs, UnfitSystem>,
    middle: (f64, f64),
    cell: f64,
) -> Problem {
    let what = "is placed by control points, without the size of a cell";
    // Too few points, some that lie on one pixel, or numbers that are none: gdalwarp cannot warp by them either.
    if ![middle.0, middle.1, cell].iter().all(|number| number.is_finite()) {
        return directory.source.problem(what, CORNERS_BY_ITS_PROVIDER);
    }
    let file = &directory.source.path;
    let command = match crs {
        Ok(crs) => {
            let place = crs.to_lonlat(middle.0, middle.1).unwrap_or_default();
            projection::uprighting(file, *crs, place, cell, true)
        }
        Err(unfit) => projection::reprojection(file, unfit.lonlat(middle), cell * unfit.metres()),
    };
    directory.source.problem(what, format!("warp it to a grid: `{command}`"))
}
