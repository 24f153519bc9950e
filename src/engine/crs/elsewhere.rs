//! Where on Earth something lies whose system the engine does not know: good enough to name its zone of UTM, not to map it.

use proj4rs::Proj;
use proj4rs::adaptors::transform_xy;

/// Longitude and latitude, degrees, of a point in the projected or geographic system with this EPSG code; within some
/// hundred metres where the system is on another datum. `None` when the code is unknown too or the point outside.
///
/// `unit` is the length of the coordinates' unit, metres, where the file names one instead of the code's.
#[must_use]
pub fn lonlat(epsg: u32, (x, y): (f64, f64), unit: Option<f64>) -> Option<(f64, f64)> {
    let definition = crs_definitions::from_code(u16::try_from(epsg).ok()?)?.proj4;
    let own =
        |word: &str| !(unit.is_some() && (word.starts_with("+units=") || word.starts_with("+to_meter=")));
    let mut definition = definition.split_whitespace().filter(|word| own(word)).collect::<Vec<_>>().join(" ");
    if let Some(unit) = unit {
        definition += &format!(" +to_meter={unit}");
    }
    of_definition(&definition, x, y)
}

/// Whether the system with this code is a geographic one.
#[must_use]
pub fn is_geographic(epsg: u32) -> bool {
    let definition = u16::try_from(epsg).ok().and_then(crs_definitions::from_code);
    definition.is_some_and(|definition| definition.proj4.contains("+proj=longlat"))
}

/// As [`lonlat`], of a definition in PROJ's notation.
pub(super) fn of_definition(definition: &str, x: f64, y: f64) -> Option<(f64, f64)> {
    let from = Proj::from_proj_string(definition).ok()?;
    let to = Proj::from_proj_string("+proj=longlat +datum=WGS84 +no_defs").ok()?;
    let (x, y) = if from.is_latlong() { (x.to_radians(), y.to_radians()) } else { (x, y) };
    let (lon, lat) = transform_xy(&from, &to, x, y).ok()?;
    let (lon, lat) = (lon.to_degrees(), lat.to_degrees());
    (lon.abs() <= 360.0 && lat.abs() <= 90.0).then_some((lon, lat))
}
