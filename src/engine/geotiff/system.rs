//! Which coordinate system the GeoKeys of a file stand for.

use super::keys::{
    ANGULAR_UNITS, GEOGRAPHIC_TYPE, Keys, LINEAR_UNITS, MODEL_TYPE, PROJECTED_TYPE, USER_DEFINED,
};
use super::units;
use crate::engine::crs::described::{Base, Described, Method, by_conversion};
use crate::engine::crs::{Crs, elsewhere};

const DATUM: u16 = 2050;
const PRIME_MERIDIAN: u16 = 2051;
const ELLIPSOID: u16 = 2056;
const SEMI_MAJOR: u16 = 2057;
const SEMI_MINOR: u16 = 2058;
const INVERSE_FLATTENING: u16 = 2059;
const TO_WGS84: u16 = 2062;
const PRIME_MERIDIAN_LONGITUDE: u16 = 2061;
const PROJECTION: u16 = 3074;
const METHOD: u16 = 3075;
const LINEAR_UNIT_SIZE: u16 = 3077;
const PARALLEL_1: u16 = 3078;
const PARALLEL_2: u16 = 3079;
/// Keys that stand for the same of different methods: the first that is there counts, as for libgeotiff.
const LONGITUDES: [u16; 3] = [3080, 3084, 3088];
const LATITUDES: [u16; 3] = [3081, 3085, 3089];
const EASTINGS: [u16; 3] = [3082, 3086, 3090];
const NORTHINGS: [u16; 3] = [3083, 3087, 3091];
const SCALES: [u16; 2] = [3092, 3093];

/// A coordinate system as a file names it.
pub(super) enum System {
    /// By its code.
    Code(u32),
    /// A projection by its parameters.
    Described(Described, Base),
    /// Something else.
    Unfit(UnfitSystem),
}

/// Why a system does not do.
#[derive(Debug)]
pub(super) struct UnfitSystem {
    /// What the file is or has.
    pub(super) what: String,
    /// The file names nothing that a program could reproject it from.
    pub(super) unnamed: bool,
    code: Option<u32>,
    described: Option<Described>,
    /// The unit of the coordinates in metres, where it is not the system's.
    unit: Option<f64>,
    degrees: bool,
}

impl UnfitSystem {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), unnamed: false, code: None, described: None, unit: None, degrees: false }
    }

    fn unnamed(what: &str) -> Self {
        Self { unnamed: true, ..Self::new(what) }
    }

    /// About where on Earth a point of the file lies.
    pub(super) fn lonlat(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        if let Some(described) = &self.described {
            return described.lonlat(x, y);
        }
        if let Some(code) = self.code {
            return elsewhere::lonlat(code, (x, y), self.unit);
        }
        (self.degrees && y.abs() <= 90.0).then_some((x, y))
    }

    /// About how many metres the unit of the coordinates has.
    pub(super) fn metres(&self) -> f64 {
        self.unit.unwrap_or(if self.degrees { 111_195.0 } else { 1.0 })
    }
}

impl System {
    pub(super) fn of(keys: &Keys) -> Self {
        match (keys.code(MODEL_TYPE), keys.code(PROJECTED_TYPE), keys.code(GEOGRAPHIC_TYPE)) {
            // GDAL, in the manner of ESRI, calls the model user-defined beside a code.
            (Some(1 | USER_DEFINED) | None, Some(USER_DEFINED), _) => Self::projected(keys),
            (Some(1 | USER_DEFINED) | None, Some(code), _) => Self::projected_by_code(keys, code),
            (Some(1), None, _) if keys.code(PROJECTION).is_some() => Self::projected(keys),
            (Some(1), None, _) => Self::Unfit(UnfitSystem::unnamed("has a projected system without a code")),
            (Some(2 | USER_DEFINED) | None, _, Some(code)) => Self::geographic(keys, code),
            (Some(2) | None, _, None) => Self::Unfit(UnfitSystem::unnamed("has no coordinate system")),
            (Some(3), ..) => Self::Unfit(UnfitSystem::unnamed("has geocentric coordinates")),
            (Some(_), ..) => Self::Unfit(UnfitSystem::unnamed("has a local, user-defined system")),
        }
    }

    /// The engine's own.
    pub(super) fn crs(self) -> Result<Crs, UnfitSystem> {
        match self {
            Self::Code(code) => Crs::of_epsg(code).ok_or_else(|| UnfitSystem {
                code: Some(code),
                degrees: elsewhere::is_geographic(code),
                ..UnfitSystem::new(format!("is in EPSG:{code}"))
            }),
            Self::Described(described, base) => described.crs(base).map_err(|found| UnfitSystem {
                described: Some(described),
                ..UnfitSystem::new(format!("has {found}"))
            }),
            Self::Unfit(unfit) => Err(unfit),
        }
    }

    fn projected_by_code(keys: &Keys, code: u16) -> Self {
        let code = u32::from(code);
        let unit = linear_unit(keys);
        if unit == Some(1.0) {
            return Self::Code(code);
        }
        let what = format!("is in EPSG:{code} in another unit than metres");
        Self::Unfit(UnfitSystem { code: Some(code), unit, ..UnfitSystem::new(what) })
    }

    /// A projection of the file's own: it may still be one that has a code.
    fn projected(keys: &Keys) -> Self {
        let unfit = |what: &str, described| Self::Unfit(UnfitSystem { described, ..UnfitSystem::new(what) });
        let Some(described) = described(keys) else {
            return unfit("has a projection described by its parameters, without a code", None);
        };
        if linear_unit(keys) != Some(1.0) {
            return unfit("has a projection described by its parameters, in another unit than metres", None);
        }
        match base(keys) {
            Some(base) => Self::Described(described, base),
            None => unfit(
                "has a projection described by its parameters, on another datum than WGS 84 or ETRS89",
                Some(described),
            ),
        }
    }

    fn geographic(keys: &Keys, code: u16) -> Self {
        let unfit = |what: &str| Self::Unfit(UnfitSystem { degrees: true, ..UnfitSystem::new(what) });
        if !keys.is(ANGULAR_UNITS, 9102) {
            return Self::Unfit(UnfitSystem::new("has a geographic system in another unit than degrees"));
        }
        if code != USER_DEFINED {
            return Self::Code(u32::from(code));
        }
        match base(keys).and_then(Base::geographic) {
            Some(crs) => Self::Code(crs.epsg()),
            None => unfit("has a geographic system described by its parameters, without a code"),
        }
    }
}

/// Metres in the unit of a file's coordinates; `None` where that is not a usual one.
fn linear_unit(keys: &Keys) -> Option<f64> {
    match keys.code(LINEAR_UNITS) {
        None => Some(1.0),
        Some(USER_DEFINED) => keys.double(&[LINEAR_UNIT_SIZE]),
        Some(code) => units::metres_of_code(code),
    }
}

/// The datum of a file's system; `None` where it is another than the engine's, as far as the keys tell.
fn base(keys: &Keys) -> Option<Base> {
    if let Some(code) = keys.code(GEOGRAPHIC_TYPE).filter(|code| *code != USER_DEFINED) {
        return Base::of_epsg(u32::from(code));
    }
    let greenwich = match keys.code(PRIME_MERIDIAN) {
        Some(8901) => true,
        Some(USER_DEFINED) | None => keys.double(&[PRIME_MERIDIAN_LONGITUDE]).is_none_or(|lon| lon == 0.0),
        Some(_) => false,
    };
    if !greenwich || keys.doubles(TO_WGS84).iter().any(|shift| *shift != 0.0) {
        return None;
    }
    match keys.code(DATUM) {
        Some(USER_DEFINED) | None => by_ellipsoid(keys),
        // As such, as its ellipsoid alone, and as realised from 1994 on.
        Some(6326 | 6030 | 1152..=1156 | 1309 | 1383) => Some(Base::Wgs84),
        // Likewise ETRS89, its frames, and RGF93, SWEREF99, IGM95 and RDN2008.
        Some(6258 | 6019 | 1178..=1186 | 1204 | 1206 | 1382 | 6171 | 1312 | 1313 | 6619 | 6670 | 1132) => {
            Some(Base::Etrs89)
        }
        Some(_) => None,
    }
}

/// A datum of which only the ellipsoid is told: there is none but the two on these that would not have a code.
fn by_ellipsoid(keys: &Keys) -> Option<Base> {
    match keys.code(ELLIPSOID) {
        Some(7030) => return Some(Base::Wgs84),
        Some(7019) => return Some(Base::Etrs89),
        Some(code) if code != USER_DEFINED => return None,
        _ => {}
    }
    let close =
        |key: &[u16], value: f64, by: f64| keys.double(key).is_some_and(|found| (found - value).abs() < by);
    if !close(&[SEMI_MAJOR], 6_378_137.0, 1e-3) {
        return None;
    }
    // They differ by 1.46e-6 in the flattening, and by 0.105 mm in the minor axis.
    if close(&[INVERSE_FLATTENING], 298.257_223_563, 5e-7) || close(&[SEMI_MINOR], 6_356_752.314_245, 5e-5) {
        Some(Base::Wgs84)
    } else if close(&[INVERSE_FLATTENING], 298.257_222_101, 5e-7)
        || close(&[SEMI_MINOR], 6_356_752.314_140, 5e-5)
    {
        Some(Base::Etrs89)
    } else {
        None
    }
}

/// A projection's parameters, where the engine knows its method.
fn described(keys: &Keys) -> Option<Described> {
    if let Some(code) = keys.code(PROJECTION).filter(|code| *code != USER_DEFINED) {
        return by_conversion(code);
    }
    if !keys.is(ANGULAR_UNITS, 9102) {
        return None;
    }
    let method = match keys.code(METHOD)? {
        1 => Method::TransverseMercator,
        8 => Method::LambertConformal,
        10 => Method::LambertAzimuthal,
        _ => return None,
    };
    // As for libgeotiff, what is left out is 0, and the scale 1.
    let double = |keys_of: &[u16]| keys.double(keys_of).unwrap_or(0.0);
    let conic = method == Method::LambertConformal;
    let mercator = method == Method::TransverseMercator;
    Some(Described {
        method,
        latitude: double(&LATITUDES),
        longitude: double(&LONGITUDES),
        parallels: if conic { [double(&[PARALLEL_1]), double(&[PARALLEL_2])] } else { [0.0; 2] },
        scale: keys.double(&SCALES).filter(|_| mercator).unwrap_or(1.0),
        easting: double(&EASTINGS),
        northing: double(&NORTHINGS),
    })
}
