//! Coordinate systems: EPSG:3035, UTM, Lambert-93, and geographic ones for coarse grids.
//!
//! ETRS89 (EPSG:4258, 3035, 258xx) with its national forms, such as RGF93 (2154), and WGS 84 (4326, 326xx, 327xx) are
//! taken as one datum, as GDAL and PROJ do without a plate motion model: they differ by less than a metre in Europe, far
//! below a cell.

pub mod described;
mod distortion;
pub mod elsewhere;

use std::fmt::Write as _;
use std::sync::OnceLock;

pub use distortion::Distortion;

use proj4rs::Proj;
use proj4rs::adaptors::transform_xy;

/// A coordinate system that the engine knows, by its EPSG code.
///
/// Systems are equal when their coordinates are: EPSG:9794 (of the newest RGF93) is EPSG:2154. Each keeps its own code.
#[derive(Debug, Clone, Copy)]
pub struct Crs {
    epsg: u32,
}

impl PartialEq for Crs {
    fn eq(&self, other: &Self) -> bool {
        kind(self.epsg) == kind(other.epsg)
    }
}

impl Eq for Crs {}

/// What a code stands for.
#[derive(PartialEq)]
enum CrsKind {
    Geographic,
    Projected(Projection),
}

/// One of the projected systems, numbered without gaps for the table of [`Projection::proj`].
#[derive(Debug, Clone, Copy, PartialEq)]
enum Projection {
    LaeaEurope,
    Lambert93,
    Utm {
        zone: u32,
        south: bool,
    },
    UtmEtrs89 {
        zone: u32,
    },
    /// With the number of the zone before the eastings.
    UtmNumbered {
        zone: u32,
    },
}

/// EPSG:25828 to 25838.
const ETRS89_ZONES: std::ops::RangeInclusive<u32> = 28..=38;
/// EPSG:5649, 4647 and 5650.
const NUMBERED_ZONES: std::ops::RangeInclusive<u32> = 31..=33;
const PROJECTIONS: usize = 2 + 2 * 60 + 11 + 3;

/// No projected coordinate is larger, in metres: once round the Earth. Beyond it the formulas answer nonsense.
const FARTHEST: f64 = 4e7;

/// Half the step by which [`Crs::convergence`] looks along grid north, in metres.
const STEP: f64 = 50.0;

impl Crs {
    /// The codes that [`Crs::of_epsg`] knows, in words, for messages.
    pub const KNOWN: &'static str = "EPSG:3035 (LAEA Europe), EPSG:2154 (Lambert-93), UTM (EPSG:326xx, 327xx, 25828 to 25838), \
                                     longitude and latitude (EPSG:4326, 4258), or a newer form of one of them";

    /// The system with this code; `None` when the engine does not know it.
    #[must_use]
    pub fn of_epsg(epsg: u32) -> Option<Self> {
        kind(epsg).map(|_| Self { epsg })
    }

    /// The system of UTM on WGS 84 that is made for a longitude and latitude, degrees.
    #[must_use]
    pub fn utm_at(lon: f64, lat: f64) -> Self {
        let zone = ((lon + 180.0).rem_euclid(360.0) / 6.0) as u32 % 60 + 1;
        Self { epsg: zone + if lat < 0.0 { 32_700 } else { 32_600 } }
    }

    /// Its EPSG code.
    #[must_use]
    pub fn epsg(self) -> u32 {
        self.epsg
    }

    /// Coordinates are degrees of longitude and latitude.
    #[must_use]
    pub fn is_geographic(self) -> bool {
        matches!(kind(self.epsg), Some(CrsKind::Geographic))
    }

    /// Longitude and latitude, degrees, of a point; `None` outside the projection's domain.
    #[must_use]
    pub fn to_lonlat(self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (lon, lat) = match kind(self.epsg)? {
            CrsKind::Geographic => (x, y),
            CrsKind::Projected(_) if !(x.abs() <= FARTHEST && y.abs() <= FARTHEST) => return None,
            CrsKind::Projected(projection) => {
                let pair = projection.proj()?;
                let (lon, lat) = transform_xy(&pair.projected, &pair.geographic, x, y).ok()?;
                (lon.to_degrees(), lat.to_degrees())
            }
        };
        (lon.is_finite() && lat.abs() <= 90.0).then_some((lon, lat))
    }

    /// The point at a longitude and latitude, degrees; `None` outside the projection's domain.
    #[must_use]
    pub fn from_lonlat(self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        if !lon.is_finite() || lat.is_nan() || lat.abs() > 90.0 {
            return None;
        }
        let (x, y) = match kind(self.epsg)? {
            CrsKind::Geographic => (lon, lat),
            CrsKind::Projected(projection) => {
                let pair = projection.proj()?;
                transform_xy(&pair.geographic, &pair.projected, lon.to_radians(), lat.to_radians()).ok()?
            }
        };
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }

    /// Meridian convergence at a point, degrees: the azimuth of grid north, clockwise from true north.
    ///
    /// Positive where grid north points east of true north: in the northern hemisphere east of a UTM zone's central
    /// meridian, where tan γ = tan(Δλ) sin φ on the sphere. In EPSG:3035, which does not keep angles, it is the true
    /// azimuth of the line of equal x. `None` outside the projection's domain.
    #[must_use]
    pub fn convergence(self, x: f64, y: f64) -> Option<f64> {
        if self.is_geographic() {
            return self.to_lonlat(x, y).map(|_| 0.0);
        }
        let (east, north) = self.on_the_ground(x, y, (0.0, STEP))?;
        let azimuth = east.atan2(north).to_degrees();
        azimuth.is_finite().then_some(azimuth)
    }

    /// East and north of the way on the ellipsoid from one step of the grid before a point to one behind it: metres, times
    /// 180 / π.
    fn on_the_ground(self, x: f64, y: f64, (dx, dy): (f64, f64)) -> Option<(f64, f64)> {
        let (_, lat) = self.to_lonlat(x, y)?;
        let (lon_before, lat_before) = self.to_lonlat(x - dx, y - dy)?;
        let (lon_behind, lat_behind) = self.to_lonlat(x + dx, y + dy)?;
        // Over the antimeridian the difference would jump by a turn.
        let east = (lon_behind - lon_before + 180.0).rem_euclid(360.0) - 180.0;
        let (meridian, parallel) = radii(lat);
        Some((parallel * lat.to_radians().cos() * east, meridian * (lat_behind - lat_before)))
    }
}

impl std::fmt::Display for Crs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EPSG:{}", self.epsg)
    }
}

/// A longitude and latitude in words, degrees with so many digits.
pub(super) fn in_words((lon, lat): (f64, f64), digits: usize) -> String {
    let (east, north) = (if lon < 0.0 { 'W' } else { 'E' }, if lat < 0.0 { 'S' } else { 'N' });
    format!("{:.digits$} {east} {:.digits$} {north}", lon.abs(), lat.abs())
}

/// Radii of curvature along the meridian and across it, in metres, on the ellipsoid WGS 84 (GRS 80 differs by 0.1 mm).
fn radii(lat: f64) -> (f64, f64) {
    const A: f64 = 6_378_137.0;
    const E2: f64 = 0.006_694_379_990_14;
    let w2 = 1.0 - E2 * lat.to_radians().sin().powi(2);
    (A * (1.0 - E2) / w2.powf(1.5), A / w2.sqrt())
}

/// What a code stands for.
///
/// Beside the known systems and their newer forms stand those that give the same coordinates in another order: the order
/// of a system's axes does not concern rasters.
fn kind(epsg: u32) -> Option<CrsKind> {
    if is_wgs84(epsg) || is_etrs89(epsg) {
        return Some(CrsKind::Geographic);
    }
    let etrs89 = |zone: u32| Projection::UtmEtrs89 { zone };
    let wgs84 = |zone: u32| Projection::Utm { zone, south: false };
    let projection = match epsg {
        3035 => Projection::LaeaEurope,
        // Of RGF93 v1, v2 and v2b.
        2154 | 9793 | 9794 => Projection::Lambert93,
        32_601..=32_660 => wgs84(epsg - 32_600),
        32_701..=32_760 => Projection::Utm { zone: epsg - 32_700, south: true },
        4037 | 4038 => wgs84(epsg - 4002),
        25_828..=25_838 => etrs89(epsg - 25_800),
        // Northing before easting; the outermost are no longer in use.
        3040..=3050 => etrs89(epsg - 3012),
        3038 | 3039 | 3051 => wgs84(epsg - 3012),
        5649 | 5651 => Projection::UtmNumbered { zone: 31 },
        4647 | 5652 => Projection::UtmNumbered { zone: 32 },
        5650 | 5653 => Projection::UtmNumbered { zone: 33 },
        // Finland's TM35FIN and Sweden's SWEREF99 TM.
        3067 | 5048 => etrs89(35),
        3006 => etrs89(33),
        // Italy's RDN2008 (either order) and IGM95.
        6707..=6709 => etrs89(epsg - 6675),
        7791..=7793 => etrs89(epsg - 7759),
        3064 | 3065 => etrs89(epsg - 3032),
        _ => return None,
    };
    Some(CrsKind::Projected(projection))
}

/// Geographic systems of WGS 84: as such, and as realised from 1994 on.
fn is_wgs84(epsg: u32) -> bool {
    matches!(epsg, 4326 | 9053..=9057 | 9755 | 10_606)
}

/// Geographic systems of ETRS89: as such, of its frames, and of the countries that take it as theirs within some cm.
fn is_etrs89(epsg: u32) -> bool {
    matches!(
        epsg,
        4258 | 9059
            ..=9069 | 10_571
            // RGF93 v1, v2 and v2b.
            | 4171 | 7084 | 9777 | 9779 | 9782 | 9784
            // SWEREF99, IGM95, RDN2008.
            | 4619 | 4670 | 6706
    )
}

/// A projected system and the geographic one on the same ellipsoid, so that no datum shift comes between.
struct Pair {
    projected: Proj,
    geographic: Proj,
}

impl Projection {
    fn index(self) -> usize {
        let index = match self {
            Self::LaeaEurope => 0,
            Self::Lambert93 => 1,
            Self::Utm { zone, south } => 1 + zone + if south { 60 } else { 0 },
            Self::UtmEtrs89 { zone } => 122 + zone - ETRS89_ZONES.start(),
            Self::UtmNumbered { zone } => 133 + zone - NUMBERED_ZONES.start(),
        };
        index as usize
    }

    /// Definitions as `projinfo -o PROJ EPSG:…` gives them, without the datum.
    fn definition(self) -> (String, &'static str) {
        match self {
            Self::LaeaEurope => ("+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000".into(), "GRS80"),
            Self::Lambert93 => (
                "+proj=lcc +lat_0=46.5 +lon_0=3 +lat_1=49 +lat_2=44 +x_0=700000 +y_0=6600000".into(),
                "GRS80",
            ),
            Self::Utm { zone, south: false } => (format!("+proj=utm +zone={zone}"), "WGS84"),
            Self::Utm { zone, south: true } => (format!("+proj=utm +zone={zone} +south"), "WGS84"),
            Self::UtmEtrs89 { zone } => (format!("+proj=utm +zone={zone}"), "GRS80"),
            Self::UtmNumbered { zone } => {
                let meridian = i64::from(zone) * 6 - 183;
                (
                    format!("+proj=etmerc +lat_0=0 +lon_0={meridian} +k=0.9996 +x_0={zone}500000 +y_0=0"),
                    "GRS80",
                )
            }
        }
    }

    /// Parsed once per process: parsing costs a hundred times a transformation.
    fn proj(self) -> Option<&'static Pair> {
        static PAIRS: [OnceLock<Option<Pair>>; PROJECTIONS] = [const { OnceLock::new() }; PROJECTIONS];
        let parse = || {
            let (mut definition, ellipsoid) = self.definition();
            write!(definition, " +ellps={ellipsoid} +units=m +no_defs").ok()?;
            let projected = Proj::from_proj_string(&definition).ok()?;
            let geographic =
                Proj::from_proj_string(&format!("+proj=longlat +ellps={ellipsoid} +no_defs")).ok()?;
            Some(Pair { projected, geographic })
        };
        PAIRS.get(self.index())?.get_or_init(parse).as_ref()
    }
}

#[cfg(test)]
mod tests;
