//! Projections that are described by their parameters instead of a code.

use super::{Crs, ETRS89_ZONES, NUMBERED_ZONES, Projection, elsewhere, is_etrs89, is_wgs84};

/// The datum below a projection, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// WGS 84, or nothing more than its ellipsoid.
    Wgs84,
    /// ETRS89 or a form of it, or nothing more than the ellipsoid GRS 80.
    Etrs89,
}

impl Base {
    /// The datum of the geographic system with this code; `None` when it is neither.
    #[must_use]
    pub fn of_epsg(epsg: u32) -> Option<Self> {
        if is_wgs84(epsg) {
            return Some(Self::Wgs84);
        }
        is_etrs89(epsg).then_some(Self::Etrs89)
    }

    /// The geographic system.
    #[must_use]
    pub fn geographic(self) -> Option<Crs> {
        Crs::of_epsg(if self == Self::Wgs84 { 4326 } else { 4258 })
    }
}

/// How a projection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Transverse Mercator.
    TransverseMercator,
    /// Lambert's conformal conic projection with two standard parallels.
    LambertConformal,
    /// Lambert's azimuthal equal-area projection.
    LambertAzimuthal,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::TransverseMercator => "Transverse Mercator",
            Self::LambertConformal => "Lambert's conformal conic",
            Self::LambertAzimuthal => "Lambert's azimuthal equal-area",
        }
    }
}

/// A projection by its parameters, degrees and metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Described {
    /// How it is made.
    pub method: Method,
    /// Latitude of the origin.
    pub latitude: f64,
    /// Longitude of the origin: the central meridian.
    pub longitude: f64,
    /// The two standard parallels; 0 where the method has none.
    pub parallels: [f64; 2],
    /// Scale at the origin; 1 where the method has none.
    pub scale: f64,
    /// x at the origin.
    pub easting: f64,
    /// y at the origin.
    pub northing: f64,
}

impl Described {
    pub(super) fn of(projection: Projection) -> Self {
        let (method, latitude, longitude, parallels, scale, easting, northing) = match projection {
            Projection::LaeaEurope => {
                (Method::LambertAzimuthal, 52.0, 10.0, [0.0; 2], 1.0, 4_321_000.0, 3_210_000.0)
            }
            Projection::Lambert93 => {
                (Method::LambertConformal, 46.5, 3.0, [49.0, 44.0], 1.0, 700_000.0, 6_600_000.0)
            }
            Projection::Utm { zone, south } => {
                let northing = if south { 10_000_000.0 } else { 0.0 };
                let meridian = f64::from(zone) * 6.0 - 183.0;
                (Method::TransverseMercator, 0.0, meridian, [0.0; 2], 0.9996, 500_000.0, northing)
            }
            Projection::UtmEtrs89 { zone } => return Self::of(Projection::Utm { zone, south: false }),
            Projection::UtmNumbered { zone } => {
                let easting = f64::from(zone) * 1e6 + 500_000.0;
                return Self { easting, ..Self::of(Projection::Utm { zone, south: false }) };
            }
        };
        Self { method, latitude, longitude, parallels, scale, easting, northing }
    }

    /// The system that is the same as this on a datum.
    ///
    /// # Errors
    /// In words, when there is none: what it is, and what the nearest known system has instead.
    pub fn crs(&self, base: Base) -> Result<Crs, String> {
        let laea_and_lambert = [Projection::LaeaEurope, Projection::Lambert93];
        let zones = (1..=60).flat_map(|zone| [false, true].map(|south| Projection::Utm { zone, south }));
        let numbered = NUMBERED_ZONES.map(|zone| Projection::UtmNumbered { zone });
        let candidates = laea_and_lambert.into_iter().chain(zones).chain(numbered);
        let compared = candidates.filter(|known| Self::of(*known).method == self.method);
        let compared = compared.map(|known| (known, self.differences(&Self::of(known))));
        let nearest = compared.min_by_key(|(_, differences)| differences.len());
        match nearest {
            Some((projection, differences)) if differences.is_empty() => {
                Crs::of_epsg(code(projection, base)).ok_or_else(|| "a system without a code".into())
            }
            Some((projection, differences)) if differences.len() <= 2 => Err(format!(
                "a projection without a code ({}), nearest to EPSG:{}, but with {}",
                self.method.name(),
                code(projection, base),
                differences.join(" and ")
            )),
            _ => Err(format!("a projection without a code ({})", self.method.name())),
        }
    }

    /// What differs from another of the same method, in words. A millimetre, or what moves no point of the Earth by more.
    fn differences(&self, known: &Self) -> Vec<String> {
        let sorted = |[a, b]: [f64; 2]| if a < b { [b, a] } else { [a, b] };
        let (own, others) = (sorted(self.parallels), sorted(known.parallels));
        [
            ("a latitude of origin of", self.latitude, known.latitude, 1e-8),
            ("a central meridian of", self.longitude, known.longitude, 1e-8),
            ("a standard parallel of", own[0], others[0], 1e-8),
            ("a standard parallel of", own[1], others[1], 1e-8),
            ("a scale of", self.scale, known.scale, 1e-10),
            ("a false easting of", self.easting, known.easting, 1e-3),
            ("a false northing of", self.northing, known.northing, 1e-3),
        ]
        .into_iter()
        .filter(|(_, own, known, least)| own.is_nan() || (own - known).abs() > *least)
        .map(|(name, own, known, _)| format!("{name} {own} instead of {known}"))
        .collect()
    }

    /// Longitude and latitude, degrees, of a point; within some hundred metres, whatever the datum.
    #[must_use]
    pub fn lonlat(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let Self { latitude, longitude, parallels: [first, second], scale, easting, northing, .. } = self;
        let method = match self.method {
            Method::TransverseMercator => format!("tmerc +k={scale}"),
            Method::LambertConformal => format!("lcc +lat_1={first} +lat_2={second}"),
            Method::LambertAzimuthal => "laea".into(),
        };
        let definition = format!(
            "+proj={method} +lat_0={latitude} +lon_0={longitude} +x_0={easting} +y_0={northing} +ellps=GRS80 +units=m +no_defs"
        );
        elsewhere::of_definition(&definition, x, y)
    }
}

/// Zone and hemisphere of UTM by the number of its projection in EPSG's table (16001 to 16060, 16101 to 16160), and
/// likewise the two others.
#[must_use]
pub fn by_conversion(code: u16) -> Option<Described> {
    let projection = match u32::from(code) {
        code @ 16_001..=16_060 => Projection::Utm { zone: code - 16_000, south: false },
        code @ 16_101..=16_160 => Projection::Utm { zone: code - 16_100, south: true },
        19_986 => Projection::LaeaEurope,
        18_085 => Projection::Lambert93,
        _ => return None,
    };
    Some(Described::of(projection))
}

fn code(projection: Projection, base: Base) -> u32 {
    match projection {
        Projection::LaeaEurope => 3035,
        Projection::Lambert93 => 2154,
        Projection::Utm { zone, south: false } if base == Base::Etrs89 && ETRS89_ZONES.contains(&zone) => {
            25_800 + zone
        }
        Projection::UtmEtrs89 { zone } => 25_800 + zone,
        Projection::UtmNumbered { zone: 31 } => 5649,
        Projection::UtmNumbered { zone: 32 } => 4647,
        Projection::UtmNumbered { .. } => 5650,
        Projection::Utm { zone, south: false } => 32_600 + zone,
        Projection::Utm { zone, south: true } => 32_700 + zone,
    }
}
