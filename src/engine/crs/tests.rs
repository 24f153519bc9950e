use super::described::{Base, Described, Method, by_conversion};
use super::*;

/// One known point of each system: code, x, y, longitude, latitude.
///
/// From PROJ 9.1: `echo "45 6.35" | cs2cs -f %.6f EPSG:4326 EPSG:<code>` (EPSG:3035 answers northing first), and
/// `echo "7654321 345678.9" …` the other way for the southern zone.
const POINTS: [(u32, f64, f64, f64, f64); 7] = [
    (3035, 4_032_840.484_820, 2_439_076.437_873, 6.35, 45.0),
    (2154, 963_898.723_705, 6_439_017.805_844, 6.35, 45.0),
    (32631, 764_031.418_108, 4_988_411.520_810, 6.35, 45.0),
    (32632, 291_139.363_385, 4_986_366.972_613, 6.35, 45.0),
    (25832, 290_789.5, 4_974_567.75, 6.350_454_720_433, 44.893_794_166_299),
    (4647, 32_291_139.363_385, 4_986_366.972_613, 6.35, 45.0),
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
    let codes =
        (32_601..=32_660).chain(32_701..=32_760).chain(25_828..=25_838).chain([3035, 2154, 4647, 5649, 5650]);
    let mut seen = std::collections::BTreeSet::new();
    for epsg in codes {
        let Some(CrsKind::Projected(projection)) = kind(epsg) else { panic!("EPSG:{epsg}") };
        assert!(seen.insert(projection.index()), "EPSG:{epsg} shares its place");
        assert!(projection.proj().is_some(), "EPSG:{epsg}");
    }
    assert_eq!(seen.len(), PROJECTIONS);
}

#[test]
fn newer_forms_and_other_orders_of_axes_are_the_same_coordinates() {
    for (one, others) in [
        (2154, &[9793, 9794][..]),
        (25832, &[3044, 3064, 6707, 7791]),
        (25833, &[3045, 3065, 6708, 7792, 3006]),
        (4647, &[5652]),
        (5650, &[5653]),
        (25835, &[3047, 3067, 5048]),
        (32635, &[4037]),
        (4326, &[4258, 4171, 9777, 9782, 9755, 9069, 4619, 6706]),
    ] {
        let known = Crs::of_epsg(one).unwrap();
        for other in others {
            let twin = Crs::of_epsg(*other).unwrap_or_else(|| panic!("EPSG:{other}"));
            assert_eq!(twin, known, "EPSG:{other}");
            assert_eq!(twin.epsg(), *other);
            assert_eq!(twin.to_string(), format!("EPSG:{other}"));
        }
    }
    assert_ne!(Crs::of_epsg(32632), Crs::of_epsg(25832), "their ellipsoids differ");
    assert_ne!(Crs::of_epsg(32632), Crs::of_epsg(32633));
    assert_ne!(Crs::of_epsg(25832), Crs::of_epsg(4647), "one has the zone's number before its eastings");
}

#[test]
fn the_zone_of_utm_is_that_of_the_place() {
    for (lon, lat, epsg) in [
        (6.35, 45.0, 32632),
        (5.999, 45.0, 32631),
        (-70.0, -33.0, 32719),
        (-106.0, 40.0, 32613),
        (86.8, 28.0, 32645),
        (-180.0, 60.0, 32601),
        (180.0, 60.0, 32601),
        (179.9, -17.0, 32760),
        (290.0, -33.0, 32719),
        (0.0, 0.0, 32631),
    ] {
        assert_eq!(Crs::utm_at(lon, lat).epsg(), epsg, "{lon} {lat}");
    }
}

#[test]
fn distortion_follows_the_closed_forms() {
    // Equal areas: the two scales are each other's inverse, and by the angle from the centre.
    let laea = Crs::of_epsg(3035).unwrap();
    for (lon, lat) in
        [(10.0, 52.0), (6.35, 45.0), (-4.0, 40.0), (43.0, 43.0), (-70.0, -33.0), (86.8, 28.0f64)]
    {
        let (x, y) = laea.from_lonlat(lon, lat).unwrap();
        let found = laea.distortion(x, y).unwrap();
        let (sin, cos) = (52f64.to_radians().sin_cos(), lat.to_radians().sin_cos());
        let away = (sin.0 * cos.0 + sin.1 * cos.1 * (lon - 10.0f64).to_radians().cos()).acos();
        let expected = 1.0 / (away / 2.0).cos();
        // The ellipsoid's flattening is a three-hundredth.
        let least = 1e-3 + (expected - 1.0) * 0.03;
        assert!((found.greatest - expected).abs() < least, "{lon} {lat}: {found:?} {expected}");
        assert!((found.greatest * found.least - 1.0).abs() < 1e-6, "{lon} {lat}: {found:?} keeps areas");
        assert!((found.shape_error() - found.greatest / found.least + 1.0).abs() < 1e-12);
    }
    // Equal angles: one scale, by the distance from the central meridian.
    let utm = Crs::of_epsg(32632).unwrap();
    for (lon, lat) in [(9.0, 45.0), (12.0, 45.0), (19.0, 46.0), (27.0, 10.0f64), (-6.0, -30.0)] {
        let (x, y) = utm.from_lonlat(lon, lat).unwrap();
        let found = utm.distortion(x, y).unwrap();
        let across = lat.to_radians().cos() * (lon - 9.0f64).to_radians().sin();
        let expected = 0.9996 / (1.0 - across * across).sqrt();
        assert!((found.greatest - expected).abs() < 1e-3, "{lon} {lat}: {found:?} {expected}");
        assert!(found.anisotropy() - 1.0 < 1e-6 && found.angle() < 1e-4, "{lon} {lat}: {found:?}");
    }
    let lambert = Crs::of_epsg(2154).unwrap();
    for (lat, expected) in [(44.0, 1.0), (49.0, 1.0)] {
        let (x, y) = lambert.from_lonlat(6.0, lat).unwrap();
        let found = lambert.distortion(x, y).unwrap();
        assert!((found.greatest - expected).abs() < 1e-6 && found.length_error() < 1e-6, "{lat}: {found:?}");
    }
    assert_eq!(Crs::of_epsg(4326).unwrap().distortion(6.0, 45.0), None);
    assert_eq!(laea.distortion(1e300, 0.0), None);
}

#[test]
fn the_whole_alps_are_hardly_distorted() {
    for epsg in [3035, 32632] {
        let crs = Crs::of_epsg(epsg).unwrap();
        for (lon, lat) in [(5.0, 43.5), (16.5, 43.5), (16.5, 48.5), (5.0, 48.5), (10.5, 46.5)] {
            let (x, y) = crs.from_lonlat(lon, lat).unwrap();
            assert!(crs.distortion(x, y).unwrap().shape_error() < 0.007, "EPSG:{epsg} {lon} {lat}");
        }
    }
}

#[test]
fn every_known_projection_is_recognised_by_its_parameters() {
    for (epsg, ..) in POINTS {
        let Some(CrsKind::Projected(projection)) = kind(epsg) else { panic!("EPSG:{epsg}") };
        let base = if matches!(projection, Projection::Utm { .. }) { Base::Wgs84 } else { Base::Etrs89 };
        let described = Described::of(projection);
        assert_eq!(described.crs(base).unwrap().epsg(), epsg);
        // And they are those that its points are computed by.
        let (_, x, y, lon, lat) = POINTS.into_iter().find(|point| point.0 == epsg).unwrap();
        let (found_lon, found_lat) = described.lonlat(x, y).unwrap();
        assert!((found_lon - lon).hypot(found_lat - lat) < 1e-8, "EPSG:{epsg}: {found_lon} {found_lat}");
    }
    for (conversion, base, epsg) in [
        (16_032, Base::Wgs84, 32632),
        (16_032, Base::Etrs89, 25832),
        (16_001, Base::Etrs89, 32601),
        (16_160, Base::Wgs84, 32760),
        (16_119, Base::Etrs89, 32719),
        (19_986, Base::Etrs89, 3035),
        (18_085, Base::Etrs89, 2154),
    ] {
        assert_eq!(by_conversion(conversion).unwrap().crs(base).unwrap().epsg(), epsg, "{conversion}");
    }
    for conversion in [0, 16_000, 16_061, 16_100, 16_161, 32_767] {
        assert_eq!(by_conversion(conversion), None);
    }
}

#[test]
fn parameters_that_are_nearly_known_are_named_with_what_differs() {
    let utm = by_conversion(16_032).unwrap();
    let nearly = Described { longitude: 9.5, ..utm };
    let found = nearly.crs(Base::Wgs84).unwrap_err();
    assert!(
        found.contains("nearest to EPSG:326") && found.contains("a central meridian of 9.5 instead of"),
        "{found}"
    );
    let shifted = Described { easting: 31_500_000.0, ..utm };
    let found = shifted.crs(Base::Etrs89).unwrap_err();
    assert!(found.contains("EPSG:25832, but with a false easting of 31500000 instead of 500000"), "{found}");
    let numbered = Described { easting: 32_500_000.0, ..utm };
    assert_eq!(numbered.crs(Base::Etrs89).unwrap().epsg(), 4647);
    let swapped = Described { parallels: [44.0, 49.0], ..by_conversion(18_085).unwrap() };
    assert_eq!(swapped.crs(Base::Etrs89).unwrap().epsg(), 2154);
    let own = Described { latitude: 45.0, longitude: 8.0, easting: 0.0, ..by_conversion(19_986).unwrap() };
    let found = own.crs(Base::Etrs89).unwrap_err();
    assert_eq!(found, "a projection without a code (Lambert's azimuthal equal-area)");
    let none = Described { method: Method::TransverseMercator, longitude: f64::NAN, ..utm };
    assert!(none.crs(Base::Wgs84).is_err());
}

#[test]
fn unknown_systems_are_found_on_earth() {
    // `echo "6.35 45" | gdaltransform -s_srs EPSG:4326 -t_srs EPSG:<code>`, of GDAL 3.6; old datums within some hundred m.
    for (code, x, y) in [
        (3857, 706_878.77, 5_621_521.49),
        (2056, 2_514_114.68, 983_689.55),
        (27572, 916_427.19, 2_008_005.39),
        (4269, 6.35, 45.0),
    ] {
        let (lon, lat) = elsewhere::lonlat(code, (x, y), None).unwrap();
        assert!((lon - 6.35).abs() < 0.02 && (lat - 45.0).abs() < 0.02, "EPSG:{code}: {lon} {lat}");
    }
    let feet = (706_878.77 / 0.3048, 5_621_521.49 / 0.3048);
    let (lon, lat) = elsewhere::lonlat(3857, feet, Some(0.3048)).unwrap();
    assert!((lon - 6.35).abs() < 1e-4 && (lat - 45.0).abs() < 1e-4, "{lon} {lat}");
    for code in [0, 1, 65_535, u32::MAX] {
        assert_eq!(elsewhere::lonlat(code, (0.0, 0.0), None), None);
    }
}
