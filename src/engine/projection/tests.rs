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

#[test]
fn projections_are_refused_by_their_error_and_the_cure_names_the_places_zone() {
    for (epsg, lon, lat, zone) in [
        (3035, -70.0, -33.0, "-t_srs EPSG:32719 "),
        (3035, -106.0, 40.0, "-t_srs EPSG:32613 "),
        (3035, 86.8, 28.0, "-t_srs EPSG:32645 "),
        (3035, -28.0, 38.5, "-t_srs EPSG:32626 "),
        (2154, 15.0, 68.0, "-t_srs EPSG:32633 "),
        (32632, 42.0, 43.0, "-t_srs EPSG:32638 "),
        (32632, -20.0, -35.0, "-t_srs EPSG:32727 "),
        (25832, -20.0, 64.0, "-t_srs EPSG:32627 "),
    ] {
        let place = around(epsg, lon, lat);
        let found = problem(Path::new("dem.tif"), &place);
        let error = worst(&place).unwrap().0.error();
        assert!(error > REFUSED, "EPSG:{epsg} at {lon} {lat} is off by {error} only");
        let found = found.unwrap();
        assert!(
            found.what.contains(&format!("EPSG:{epsg} distorts lengths by {:.1} %", error * 100.0)),
            "{found}"
        );
        assert!(found.cure.contains(zone) && found.cure.contains(" dem.tif dem_utm"), "{found}");
        assert_eq!(projection_notice(&place), None);
    }
}

#[test]
fn small_errors_are_noticed_and_smaller_ones_are_not() {
    // The Sierra Nevada, the Caucasus, Lofoten; Iceland three zones away.
    for (epsg, lon, lat) in [(3035, -3.3, 37.0), (3035, 43.0, 43.0), (3035, 14.0, 68.0), (32630, -19.0, 40.0)]
    {
        let place = around(epsg, lon, lat);
        assert_eq!(problem(Path::new("dem.tif"), &place), None, "EPSG:{epsg} {lon} {lat}");
        let notice = projection_notice(&place).unwrap_or_else(|| panic!("EPSG:{epsg} {lon} {lat}"));
        assert!(notice.contains(" %") && notice.contains(&Crs::utm_at(lon, lat).to_string()), "{notice}");
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
        assert_eq!(problem(Path::new("dem.tif"), &place), None, "EPSG:{epsg} {lon} {lat}");
        assert_eq!(projection_notice(&place), None, "EPSG:{epsg} {lon} {lat}");
    }
}

#[test]
fn the_worst_place_of_a_region_counts() {
    let mut place = around(3035, -15.0, 45.0);
    assert_eq!(problem(Path::new("dem.tif"), &place), None);
    // As far as the Azores.
    place.west -= 1_500_000.0;
    place.width += 60_000;
    assert!(problem(Path::new("dem.tif"), &place).is_some());
    // Over the edge of the Earth.
    place.west -= 2e7;
    let found = problem(Path::new("dem.tif"), &place).unwrap();
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
