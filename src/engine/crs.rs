//! Coordinate systems: EPSG:3035, UTM, Lambert-93, and geographic ones for coarse grids.
//!
//! ETRS89 (EPSG:4258, 3035, 258xx), RGF93 (2154) and WGS 84 (4326, 326xx, 327xx) are taken as one datum, as GDAL and
//! PROJ do without a plate motion model: they differ by less than a metre in Europe, far below a cell.

use std::fmt::Write as _;
use std::sync::OnceLock;

use proj4rs::Proj;
use proj4rs::adaptors::transform_xy;

/// A coordinate system that the engine knows, by its EPSG code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crs {
    epsg: u32,
}

/// What a code stands for.
enum Kind {
    Geographic,
    Projected(Projection),
}

/// One of the projected systems, numbered without gaps for the table of [`Projection::proj`].
#[derive(Clone, Copy)]
enum Projection {
    LaeaEurope,
    Lambert93,
    Utm { zone: u32, south: bool },
    UtmEtrs89 { zone: u32 },
}

/// EPSG:25828 to 25838.
const ETRS89_ZONES: std::ops::RangeInclusive<u32> = 28..=38;
const PROJECTIONS: usize = 2 + 2 * 60 + 11;

/// No projected coordinate is larger, in metres: once round the Earth. Beyond it the formulas answer nonsense.
const FARTHEST: f64 = 4e7;

/// Half the step by which [`Crs::convergence`] looks along grid north, in metres.
const STEP: f64 = 50.0;

impl Crs {
    /// The codes that [`Crs::of_epsg`] knows, in words, for messages.
    pub const KNOWN: &'static str = "EPSG:3035 (LAEA Europe), EPSG:2154 (Lambert-93), UTM (EPSG:326xx, 327xx, 25828 to 25838) \
                                     or longitude and latitude (EPSG:4326, 4258)";

    /// The system with this code; `None` when the engine does not know it.
    #[must_use]
    pub fn of_epsg(epsg: u32) -> Option<Self> {
        kind(epsg).map(|_| Self { epsg })
    }

    /// Its EPSG code.
    #[must_use]
    pub fn epsg(self) -> u32 {
        self.epsg
    }

    /// Coordinates are degrees of longitude and latitude.
    #[must_use]
    pub fn is_geographic(self) -> bool {
        matches!(kind(self.epsg), Some(Kind::Geographic))
    }

    /// Longitude and latitude, degrees, of a point; `None` outside the projection's domain.
    #[must_use]
    pub fn to_lonlat(self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (lon, lat) = match kind(self.epsg)? {
            Kind::Geographic => (x, y),
            Kind::Projected(_) if !(x.abs() <= FARTHEST && y.abs() <= FARTHEST) => return None,
            Kind::Projected(projection) => {
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
            Kind::Geographic => (lon, lat),
            Kind::Projected(projection) => {
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
        let (lon, lat) = self.to_lonlat(x, y)?;
        let (lon_south, lat_south) = self.to_lonlat(x, y - STEP)?;
        let (lon_north, lat_north) = self.to_lonlat(x, y + STEP)?;
        // Over the antimeridian the difference would jump by a turn.
        let east = (lon_north - lon_south + 180.0).rem_euclid(360.0) - 180.0;
        let (meridian, parallel) = radii(lat);
        let azimuth =
            (parallel * lat.to_radians().cos() * east).atan2(meridian * (lat_north - lat_south)).to_degrees();
        (lon.is_finite() && azimuth.is_finite()).then_some(azimuth)
    }
}

impl std::fmt::Display for Crs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EPSG:{}", self.epsg)
    }
}

/// Radii of curvature along the meridian and across it, in metres, on the ellipsoid WGS 84 (GRS 80 differs by 0.1 mm).
fn radii(lat: f64) -> (f64, f64) {
    const A: f64 = 6_378_137.0;
    const E2: f64 = 0.006_694_379_990_14;
    let w2 = 1.0 - E2 * lat.to_radians().sin().powi(2);
    (A * (1.0 - E2) / w2.powf(1.5), A / w2.sqrt())
}

fn kind(epsg: u32) -> Option<Kind> {
    let projection = match epsg {
        4326 | 4258 => return Some(Kind::Geographic),
        3035 => Projection::LaeaEurope,
        2154 => Projection::Lambert93,
        32_601..=32_660 => Projection::Utm { zone: epsg - 32_600, south: false },
        32_701..=32_760 => Projection::Utm { zone: epsg - 32_700, south: true },
        25_828..=25_838 => Projection::UtmEtrs89 { zone: epsg - 25_800 },
        _ => return None,
    };
    Some(Kind::Projected(projection))
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
mod tests {
    use super::*;

    /// One known point of each system: code, x, y, longitude, latitude.
    ///
    /// From PROJ 9.1: `echo "45 6.35" | cs2cs -f %.6f EPSG:4326 EPSG:<code>` (EPSG:3035 answers northing first), and
    /// `echo "7654321 345678.9" …` the other way for the southern zone.
    const POINTS: [(u32, f64, f64, f64, f64); 6] = [
        (3035, 4_032_840.484_820, 2_439_076.437_873, 6.35, 45.0),
        (2154, 963_898.723_705, 6_439_017.805_844, 6.35, 45.0),
        (32631, 764_031.418_108, 4_988_411.520_810, 6.35, 45.0),
        (32632, 291_139.363_385, 4_986_366.972_613, 6.35, 45.0),
        (25832, 290_789.5, 4_974_567.75, 6.350_454_720_433, 44.893_794_166_299),
        (32719, 345_678.9, 7_654_321.0, -70.486_799_536_060, -21.206_073_331_142),
    ];

    #[test]
    fn known_points_agree_with_proj_to_a_millimetre() {
        for (epsg, x, y, lon, lat) in POINTS {
            let crs = Crs::of_epsg(epsg).unwrap();
            let (cx, cy) = crs.from_lonlat(lon, lat).unwrap();
            assert!((cx - x).hypot(cy - y) < 1e-3, "EPSG:{epsg} forward: {cx} {cy}");
            let (clon, clat) = crs.to_lonlat(x, y).unwrap();
            assert!((clon - lon).hypot(clat - lat) < 1e-8, "EPSG:{epsg} inverse: {clon} {clat}");
        }
    }

    #[test]
    fn there_and_back_is_the_same_point_to_a_millimetre() {
        for (epsg, x, y, ..) in POINTS {
            let crs = Crs::of_epsg(epsg).unwrap();
            for (dx, dy) in [(-90e3, -150e3), (120e3, -40e3), (70e3, 160e3)] {
                let (lon, lat) = crs.to_lonlat(x + dx, y + dy).unwrap();
                let (bx, by) = crs.from_lonlat(lon, lat).unwrap();
                assert!((bx - x - dx).hypot(by - y - dy) < 1e-3, "EPSG:{epsg} at {dx} {dy}");
            }
        }
    }

    #[test]
    fn convergence_follows_the_closed_form_in_utm() {
        // Sphere: tan γ = tan Δλ sin φ; the ellipsoid's correction is below 0.001° within a zone.
        let crs = Crs::of_epsg(32632).unwrap();
        for (lon, lat) in [(6.35, 44.9), (9.0, 46.0), (11.9, 47.5), (10.0, -30.0)] {
            let (x, y) = crs.from_lonlat(lon, lat).unwrap();
            let expected = ((lon - 9.0f64).to_radians().tan() * lat.to_radians().sin()).atan().to_degrees();
            let found = crs.convergence(x, y).unwrap();
            assert!((found - expected).abs() < 2e-3, "{lon} {lat}: {found} {expected}");
        }
    }

    #[test]
    fn convergence_agrees_with_proj() {
        // `echo "6.35 45" | proj -V +proj=utm +zone=32 +ellps=WGS84`, and `+proj=lcc …` for Lambert-93: "Convergence".
        for (epsg, expected) in [(32632, -1.874_507_96), (2154, 2.430_786_01)] {
            let crs = Crs::of_epsg(epsg).unwrap();
            let (x, y) = crs.from_lonlat(6.35, 45.0).unwrap();
            assert!((crs.convergence(x, y).unwrap() - expected).abs() < 1e-5, "EPSG:{epsg}");
        }
    }

    #[test]
    fn a_step_along_grid_north_goes_where_the_convergence_says() {
        for (epsg, x, y, ..) in POINTS {
            let crs = Crs::of_epsg(epsg).unwrap();
            let azimuth = crs.convergence(x, y).unwrap();
            let (from, to) = (crs.to_lonlat(x, y).unwrap(), crs.to_lonlat(x, y + 100.0).unwrap());
            assert!(to.1 > from.1, "EPSG:{epsg}: grid north goes north");
            assert_eq!(to.0 > from.0, azimuth > 0.0, "EPSG:{epsg}: positive is east of true north");
            let east = (to.0 - from.0) * from.1.to_radians().cos();
            assert!((east.atan2(to.1 - from.1).to_degrees() - azimuth).abs() < 0.02, "EPSG:{epsg}");
        }
    }

    #[test]
    fn geographic_systems_are_their_own_coordinates() {
        let crs = Crs::of_epsg(4326).unwrap();
        assert!(crs.is_geographic());
        assert_eq!(crs.to_lonlat(6.5, 45.25), Some((6.5, 45.25)));
        assert_eq!(crs.from_lonlat(6.5, 45.25), Some((6.5, 45.25)));
        assert_eq!(crs.convergence(6.5, 45.25), Some(0.0));
        assert_eq!(crs.to_lonlat(6.5, 91.0), None);
        assert!(!Crs::of_epsg(3035).unwrap().is_geographic());
    }

    #[test]
    fn unknown_codes_and_impossible_points_are_refused() {
        for epsg in [0, 1, 3857, 4269, 25_827, 25_839, 32_600, 32_661, 32_700, 32_761, u32::MAX] {
            assert_eq!(Crs::of_epsg(epsg), None, "EPSG:{epsg}");
        }
        for (epsg, ..) in POINTS {
            let crs = Crs::of_epsg(epsg).unwrap();
            for (x, y) in [(f64::NAN, 0.0), (0.0, f64::INFINITY), (1e300, 1e300)] {
                assert_eq!(crs.to_lonlat(x, y), None, "EPSG:{epsg} at {x} {y}");
                assert_eq!(crs.convergence(x, y), None, "EPSG:{epsg} at {x} {y}");
            }
            assert_eq!(crs.from_lonlat(6.0, 90.5), None);
            assert_eq!(crs.from_lonlat(f64::NAN, 45.0), None);
        }
    }

    #[test]
    fn every_known_code_has_a_projection_of_its_own() {
        let codes = (32_601..=32_660).chain(32_701..=32_760).chain(25_828..=25_838).chain([3035, 2154]);
        let mut seen = std::collections::BTreeSet::new();
        for epsg in codes {
            let Some(Kind::Projected(projection)) = kind(epsg) else { panic!("EPSG:{epsg}") };
            assert!(seen.insert(projection.index()), "EPSG:{epsg} shares its place");
            assert!(projection.proj().is_some(), "EPSG:{epsg}");
        }
        assert_eq!(seen.len(), PROJECTIONS);
    }
}
