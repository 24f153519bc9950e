//! Where a file lies: its GeoKeys and its affine map (OGC 19-008r4, "GeoTIFF standard" 1.1).

use std::collections::BTreeMap;

use super::ifd::{COPY_AGAIN, Directory};
use super::tags;
use crate::engine::Problem;
use crate::engine::crs::Crs;
use crate::engine::grid::Placement;

pub(super) const MODEL_TYPE: u16 = 1024;
pub(super) const RASTER_TYPE: u16 = 1025;
pub(super) const GEOGRAPHIC_TYPE: u16 = 2048;
pub(super) const ANGULAR_UNITS: u16 = 2054;
pub(super) const PROJECTED_TYPE: u16 = 3072;
pub(super) const LINEAR_UNITS: u16 = 3076;
const DATUM: u16 = 2050;
const PRIME_MERIDIAN: u16 = 2051;
const ELLIPSOID: u16 = 2056;
const SEMI_MAJOR: u16 = 2057;
const INVERSE_FLATTENING: u16 = 2059;

/// "User-defined": described by other keys instead of a code.
const USER_DEFINED: u16 = 32767;

/// The keys of a file: those that fit a number, and those that are doubles.
struct Keys {
    codes: BTreeMap<u16, u16>,
    doubles: BTreeMap<u16, f64>,
}

impl Keys {
    fn of(directory: &Directory) -> Result<Self, Problem> {
        let table = directory.numbers(tags::GEO_KEY_DIRECTORY)?.unwrap_or_default();
        let params = directory.doubles(tags::GEO_DOUBLE_PARAMS)?;
        let mut keys = Self { codes: BTreeMap::new(), doubles: BTreeMap::new() };
        // The first four numbers are the version and the count of keys; libgeotiff, too, trusts the table's length.
        for entry in table.chunks_exact(4).skip(1) {
            let &[key, location, _count, value] = entry else { continue };
            let (key, value) = (key as u16, value as u16);
            if location == 0 {
                keys.codes.insert(key, value);
            } else if location == u64::from(tags::GEO_DOUBLE_PARAMS)
                && let Some(double) = params.get(usize::from(value))
            {
                keys.doubles.insert(key, *double);
            }
        }
        Ok(keys)
    }

    fn code(&self, key: u16) -> Option<u16> {
        // 0 is "undefined" in the standard.
        self.codes.get(&key).copied().filter(|code| *code != 0)
    }

    fn is(&self, key: u16, expected: u16) -> bool {
        self.code(key).is_none_or(|code| code == expected)
    }

    /// A user-defined geographic system that can only be WGS 84: its ellipsoid, Greenwich, degrees, no other datum.
    fn is_wgs84(&self) -> bool {
        let close = |key: u16, value: f64| self.doubles.get(&key).is_some_and(|v| (v - value).abs() < 1e-6);
        let ellipsoid = match self.code(ELLIPSOID) {
            Some(USER_DEFINED) | None => {
                close(SEMI_MAJOR, 6_378_137.0) && close(INVERSE_FLATTENING, 298.257_223_563)
            }
            Some(code) => code == 7030,
        };
        let datum = matches!(self.code(DATUM), Some(6326 | USER_DEFINED)) || self.code(DATUM).is_none();
        ellipsoid && datum && self.is(PRIME_MERIDIAN, 8901)
    }

    /// The code of the file's system, or in words what it has instead.
    fn epsg(&self) -> Result<u32, String> {
        let geographic = self.code(GEOGRAPHIC_TYPE);
        match (self.code(MODEL_TYPE), self.code(PROJECTED_TYPE)) {
            (Some(1) | None, Some(USER_DEFINED)) => {
                Err("a projection described by its parameters, without a code".into())
            }
            (Some(1) | None, Some(code)) if self.is(LINEAR_UNITS, 9001) => Ok(u32::from(code)),
            (Some(1) | None, Some(code)) => Err(format!("EPSG:{code} in another unit than metres")),
            (Some(1), None) => Err("a projected system without a code".into()),
            (Some(2) | None, _) if geographic.is_some() && !self.is(ANGULAR_UNITS, 9102) => {
                Err("a geographic system in another unit than degrees".into())
            }
            (Some(2) | None, _) => match geographic {
                Some(USER_DEFINED) if self.is_wgs84() => Ok(4326),
                Some(USER_DEFINED) => {
                    Err("a geographic system described by its parameters, without a code".into())
                }
                Some(code) => Ok(u32::from(code)),
                None => Err("no coordinate system".into()),
            },
            (Some(3), _) => Err("geocentric coordinates".into()),
            (Some(_), _) => Err("a local, user-defined system".into()),
        }
    }
}

/// Reads where the raster of this size lies.
pub(super) fn placement(directory: &Directory, width: usize, height: usize) -> Result<Placement, Problem> {
    let keys = Keys::of(directory)?;
    let affine = affine(directory)?;
    let problem = |what: String, cure: &str| directory.source.problem(what, cure);
    if !directory.has(tags::GEO_KEY_DIRECTORY) {
        let what = "has no coordinate system (no GeoKeys; side files such as .prj or .aux.xml are not read)";
        let cure = "write it into the file: gdal_edit.py -a_srs EPSG:3035 FILE, with the file's own code";
        return Err(problem(what.into(), cure));
    }
    let epsg = keys.epsg().map_err(|found| {
        problem(
            format!("has {found}; known are {}", Crs::KNOWN),
            "name its code with gdal_edit.py -a_srs EPSG:CODE, or reproject it with gdalwarp -t_srs EPSG:3035",
        )
    })?;
    let crs = Crs::of_epsg(epsg).ok_or_else(|| {
        problem(
            format!("is in EPSG:{epsg}; known are {}", Crs::KNOWN),
            "reproject it with gdalwarp -t_srs EPSG:3035 (coarse grids: -t_srs EPSG:4326)",
        )
    })?;
    let [west, cell_x, north, cell_y] = affine;
    // In a raster of points the affine map leads to the centres of the cells.
    let shift = if keys.code(RASTER_TYPE) == Some(2) { 0.5 } else { 0.0 };
    let (west, north) = (west - shift * cell_x, north + shift * cell_y);
    Ok(Placement { crs, west, north, cell_x, cell_y, width, height })
}

/// West, cell width, north, cell height of a map without rotation, north up.
fn affine(directory: &Directory) -> Result<[f64; 4], Problem> {
    let source = directory.source;
    let scale = directory.doubles(tags::MODEL_PIXEL_SCALE)?;
    let tie = directory.doubles(tags::MODEL_TIEPOINT)?;
    let matrix = directory.doubles(tags::MODEL_TRANSFORMATION)?;
    let [west, cell_x, north, cell_y] = match (scale.as_slice(), tie.as_slice(), matrix.as_slice()) {
        (&[sx, sy, ..], &[i, j, _, x, y, _, ..], _) if sx != 0.0 && sy != 0.0 => {
            [x - i * sx, sx, y + j * sy, sy]
        }
        (_, _, &[a, b, _, x, d, e, _, y, ..]) => {
            if b != 0.0 || d != 0.0 {
                let cure = "warp it to an upright grid: gdalwarp -t_srs EPSG:3035 FILE OUT.tif";
                return Err(source.problem("is rotated: its rows do not run from west to east", cure));
            }
            [x, a, y, -e]
        }
        (_, [_, ..], _) => {
            let what = "is placed by control points, without the size of a cell";
            return Err(source.problem(what, "warp it to a grid: gdalwarp -t_srs EPSG:3035 FILE OUT.tif"));
        }
        _ => {
            let what =
                "is not georeferenced (no ModelPixelScale and ModelTiepoint; world files are not read)";
            let cure = "write the georeference into it: gdal_translate FILE OUT.tif where GDAL finds it beside the file";
            return Err(source.problem(what, cure));
        }
    };
    if ![west, cell_x, north, cell_y].iter().all(|v| v.is_finite()) || cell_x == 0.0 || cell_y == 0.0 {
        return Err(source.problem("is damaged: its georeference is not made of finite numbers", COPY_AGAIN));
    }
    if cell_y < 0.0 {
        let what = "is south up: its first row is the southernmost";
        return Err(source.problem(what, "turn it north up: gdalwarp FILE OUT.tif"));
    }
    if cell_x < 0.0 {
        let what = "is mirrored: its first column is the easternmost";
        return Err(source.problem(what, "turn it: gdalwarp FILE OUT.tif"));
    }
    Ok([west, cell_x, north, cell_y])
}
