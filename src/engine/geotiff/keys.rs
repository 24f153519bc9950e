//! The GeoKeys of a file (OGC 19-008r4, "GeoTIFF standard" 1.1).

use std::collections::BTreeMap;

use super::ifd::Directory;
use super::tags;
use crate::engine::Problem;

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
