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
