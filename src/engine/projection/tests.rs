use std::path::Path;

use super::*;

/// Cells of 25 m around a longitude and latitude.
fn around(epsg: u32, lon: f64, lat: f64) -> Placement {
    let crs = Crs::of_epsg(epsg).unwrap();
    let (x, y) = crs.from_lonlat(lon, lat).unwrap();
    Placement {
        crs,
        west: x - 2000.0,
        north: y + 2000.0,
        cell_x: 25.0,
        cell_y: 25.0,
        width: 160,
        height: 160,
    }
}

const DEM: &str = "dem.tif";

#[test]
fn projections_are_refused_by_their_error_and_the_cure_names_the_places_zone() {
    for (epsg, lon, lat, zone) in [
        (3035, -70.0, -33.0, "-t_srs EPSG:32719 "),
        (3035, -106.0, 40.0, "-t_srs EPSG:32613 "),
        (3035, 86.8, 28.0, "-t_srs EPSG:32645 "),
        (3035, -28.0, 38.5, "-t_srs EPSG:32626 "),
    ] {
        let place = around(epsg, lon, lat);
        for north in [North::True, North::Grid] {
            let (worst, _) = worst(&place, |it| error(it, north)).unwrap();
            assert!(worst.shape_error() > REFUSED, "EPSG:{epsg} at {lon} {lat}: {worst:?}");
            let found = problem(Path::new(DEM), &place, north).unwrap();
            let size = format!("wrong by up to {:.0} %", error(worst, north) * 100.0);
            assert!(found.what.contains(&format!("EPSG:{epsg}")) && found.what.contains(&size), "{found}");
            assert!(found.cure.contains(zone) && found.cure.contains(" dem.tif dem_utm"), "{found}");
            assert_eq!(notice(Path::new(DEM), &place, north), None);
        }
    }
    // In Chile the two scales differ threefold.
    let (worst, _) = worst(&around(3035, -70.0, -33.0), Distortion::shape_error).unwrap();
    assert!((worst.shape_error() - 2.017).abs() < 0.005 && (worst.angle() - 60.3).abs() < 0.1, "{worst:?}");
}

#[test]
fn conformal_projections_far_away_are_allowed_for_where_cells_are_measured_on_the_ground() {
    for (epsg, lon, lat, zone) in [
        (2154, 15.0, 68.0, 32633),
        (32632, 42.0, 43.0, 32638),
        (32632, -20.0, -35.0, 32727),
        (25832, -20.0, 64.0, 32627),
        (32632, 86.8, 28.0, 32645),
    ] {
        let place = around(epsg, lon, lat);
        assert_eq!(problem(Path::new(DEM), &place, North::True), None, "EPSG:{epsg} {lon} {lat}");
        let found = notice(Path::new(DEM), &place, North::True).unwrap();
        assert!(found.what.contains("m on the ground, which the maps allow for"), "{found}");
        assert!(found.cure.contains(&format!("EPSG:{zone}")), "{found}");
        // SAGA takes the map's metres for true.
        let (worst, _) = worst(&place, Distortion::length_error).unwrap();
        let found = problem(Path::new(DEM), &place, North::Grid);
        assert_eq!(found.is_some(), worst.length_error() > REFUSED, "EPSG:{epsg} {lon} {lat}: {worst:?}");
    }
    let far = problem(Path::new(DEM), &around(32632, 86.8, 28.0), North::Grid).unwrap();
    assert!(far.cure.contains("-t_srs EPSG:32645 "), "{far}");
}

#[test]
fn small_errors_are_noticed_and_smaller_ones_are_not() {
    // The Sierra Nevada, the Caucasus, Lofoten.
    for (epsg, lon, lat) in [(3035, -3.3, 37.0), (3035, 43.0, 43.0), (3035, 14.0, 68.5)] {
        let place = around(epsg, lon, lat);
        assert_eq!(problem(Path::new(DEM), &place, North::True), None, "EPSG:{epsg} {lon} {lat}");
        let found = notice(Path::new(DEM), &place, North::True).unwrap();
        let (worst, _) = worst(&place, Distortion::shape_error).unwrap();
        let size = format!("slopes and aspects are wrong by up to {:.1} %", worst.shape_error() * 100.0);
        assert!(found.what.contains(&size), "{found}");
        assert!(found.cure.contains(&Crs::utm_at(lon, lat).to_string()), "{found}");
    }
    // The ends of the Alps, the Pyrenees, a neighbouring zone.
    for (epsg, lon, lat) in [
        (3035, 5.0, 43.5),
        (3035, 16.5, 48.0),
        (3035, 0.5, 42.7),
        (2154, 7.0, 44.0),
        (32632, 14.0, 47.0),
        (32719, -70.0, -33.0),
    ] {
        let place = around(epsg, lon, lat);
        for north in [North::True, North::Grid] {
            assert_eq!(problem(Path::new(DEM), &place, north), None, "EPSG:{epsg} {lon} {lat}");
            assert_eq!(notice(Path::new(DEM), &place, north), None, "EPSG:{epsg} {lon} {lat}");
        }
    }
}

#[test]
fn the_worst_place_of_a_region_counts() {
    let mut place = around(3035, -15.0, 45.0);
    assert_eq!(problem(Path::new(DEM), &place, North::True), None);
    // As far as the Azores.
    place.west -= 1_500_000.0;
    place.width += 60_000;
    assert!(problem(Path::new(DEM), &place, North::True).is_some());
    // Over the edge of the Earth.
    place.west -= 2e7;
    let found = problem(Path::new(DEM), &place, North::True).unwrap();
    assert!(found.what.contains("outside the domain of EPSG:3035"), "{found}");
}

#[test]
fn terrain_in_degrees_goes_to_its_own_zone() {
    let of = |lon: f64, lat: f64, cell: f64| {
        let crs = Crs::of_epsg(4326).unwrap();
        let place =
            Placement { crs, west: lon, north: lat, cell_x: cell, cell_y: cell, width: 3601, height: 3601 };
        in_degrees(Path::new("n45.tif"), &place).cure
    };
    assert!(of(-70.0, -33.0, 1.0 / 3600.0).contains("-t_srs EPSG:32719 -tr 25 25 -tap -r cubicspline"));
    assert!(of(6.0, 46.0, 1.0 / 3600.0).contains("-t_srs EPSG:32632 -tr 25 25 -tap -r cubicspline"));
    assert!(
        of(6.0, 46.0, 1.0 / 20_000.0)
            .contains("-r average -ot Float32 -dstnodata -9999 n45.tif n45_utm32n.tif")
    );
}

#[test]
fn climate_grids_go_to_longitude_and_latitude() {
    let file = Path::new("tas.tif");
    let found = reprojection(file, Some((6.0, 45.0)), 1000.0);
    assert_eq!(
        found,
        "gdalwarp -t_srs EPSG:4326 -r bilinear -ot Float32 -dstnodata -9999 tas.tif tas_lonlat.tif"
    );
    assert!(reprojection(file, Some((6.0, 45.0)), 30.0).contains("EPSG:32632"));
    assert!(reprojection(file, None, 30.0).contains("EPSG:4326"), "nobody knows where");
}
