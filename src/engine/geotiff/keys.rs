//! Where a file lies: its GeoKeys and its affine map (OGC 19-008r4, "GeoTIFF standard" 1.1).

use std::collections::BTreeMap;

use super::affine::{Affine, Georeference, Slant};
use super::ifd::Directory;
use super::side::SideFile;
use super::system::{System, UnfitSystem};
use super::tags;
use crate::engine::crs::Crs;
use crate::engine::grid::Placement;
use crate::engine::{Problem, cure, projection};

pub(super) const MODEL_TYPE: u16 = 1024;
pub(super) const RASTER_TYPE: u16 = 1025;
pub(super) const GEOGRAPHIC_TYPE: u16 = 2048;
pub(super) const ANGULAR_UNITS: u16 = 2054;
pub(super) const PROJECTED_TYPE: u16 = 3072;
pub(super) const LINEAR_UNITS: u16 = 3076;

/// "User-defined": described by other keys instead of a code.
pub(super) const USER_DEFINED: u16 = 32767;

/// The keys of a file: those that fit a number, and those that are doubles. Of a key that is listed twice the last counts,
/// as for GDAL.
pub(super) struct Keys {
    codes: BTreeMap<u16, u16>,
    doubles: BTreeMap<u16, Vec<f64>>,
}

impl Keys {
    pub(super) fn of(directory: &Directory) -> Result<Self, Problem> {
        let table = directory.numbers(tags::GEO_KEY_DIRECTORY)?.unwrap_or_default();
        let params = directory.doubles(tags::GEO_DOUBLE_PARAMS)?;
        let mut keys = Self { codes: BTreeMap::new(), doubles: BTreeMap::new() };
        // The first four numbers are the version and the count of keys; libgeotiff, too, trusts the table's length.
        for entry in table.chunks_exact(4).skip(1) {
            let &[key, location, count, value] = entry else { continue };
            let (key, first) = (key as u16, value as usize);
            if location == 0 {
                keys.codes.insert(key, value as u16);
            } else if location == u64::from(tags::GEO_DOUBLE_PARAMS)
                && let Some(doubles) = params.get(first..first.saturating_add(count as usize))
            {
                keys.doubles.insert(key, doubles.to_vec());
            }
        }
        Ok(keys)
    }

    /// The code that a key holds.
    pub(super) fn code(&self, key: u16) -> Option<u16> {
        // 0 is "undefined" in the standard.
        self.codes.get(&key).copied().filter(|code| *code != 0)
    }

    /// Whether a key holds this code, or none.
    pub(super) fn is(&self, key: u16, expected: u16) -> bool {
        self.code(key).is_none_or(|code| code == expected)
    }

    /// The doubles that a key holds.
    pub(super) fn doubles(&self, key: u16) -> &[f64] {
        self.doubles.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The first of the doubles that the first of these keys holds.
    pub(super) fn double(&self, keys: &[u16]) -> Option<f64> {
        keys.iter().find_map(|key| self.doubles(*key).first().copied())
    }
}

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
