use super::*;
use crate::engine::crs::Crs;
use crate::engine::fixtures;

/// A grid of values by x and y.
fn write(path: &Path, placement: &Placement, value: impl Fn(f64, f64) -> f64) {
    fixtures::write(path, placement, "1", |column, row| {
        let (x, y) = placement.centre(column as f64, row as f64);
        value(x, y) as f32
    });
}

/// A grid of half degrees from a longitude on.
fn degrees(west: f64, width: usize) -> Placement {
    fixtures::place(4326, (west, 60.0), 0.5, (width, 60))
}

/// Cells of 1 km around a longitude, in its zone of UTM.
fn region(lon: f64, lat: f64) -> Placement {
    let crs = Crs::utm_at(lon, lat);
    let (x, y) = crs.from_lonlat(lon, lat).unwrap();
    fixtures::place(crs.epsg(), (x - 60_000.0, y + 60_000.0), 1000.0, (120, 120))
}

fn values(grid: &Placement, onto: &Placement) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid.tif");
    // The same on both sides of every seam.
    write(&path, grid, |lon, lat| 10.0 + lon.to_radians().sin() + 3.0 * lon.to_radians().cos() + 0.1 * lat);
    resample(&path, onto).unwrap().values
}

#[test]
fn longitudes_may_be_counted_from_0_to_360() {
    for lon in [6.5, -70.0, 86.8, -0.1, 0.3, 179.9, -179.6] {
        let onto = region(lon, 45.0);
        // A few cells to either side: the same grid, each time counted from elsewhere.
        let around = degrees((lon * 2.0).floor() / 2.0 - 8.0, 33);
        let expected = values(&around, &onto);
        assert!(expected.iter().all(|value| value.is_finite()));
        for west in [-180.0, 0.0, -0.25, 179.75] {
            for width in [720, 721] {
                let found = values(&degrees(west, width), &onto);
                // The nodes of -0.25 and 179.75 lie a quarter of a degree beside the others.
                let least = if west.rem_euclid(0.5) == 0.0 { 2e-6 } else { 2e-3 };
                for (found, expected) in found.iter().zip(&expected) {
                    assert!((found - expected).abs() < least, "{lon} {west} {width}: {found} {expected}");
                }
            }
        }
    }
}

#[test]
fn a_part_of_the_earth_counted_to_360_lies_where_it_is() {
    let onto = region(-70.0, -33.0);
    let south = |west: f64| Placement { north: -25.0, ..degrees(west, 40) };
    let (expected, found) = (values(&south(-80.0), &onto), values(&south(280.0), &onto));
    assert!(expected.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", found.first());
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("elsewhere.tif");
    write(&elsewhere, &south(100.0), |_, _| 1.0);
    let problem = resample(&elsewhere, &onto).unwrap_err();
    assert!(problem.what.contains("does not overlap the region"), "{problem}");
}

#[test]
fn nothing_is_taken_from_the_other_side_of_a_grid_that_does_not_go_round() {
    // Half a degree short of the whole: the seam is a gap.
    let found = values(&degrees(0.0, 719), &region(-0.25, 45.0));
    assert!(found.iter().any(|value| value.is_nan()) && found.iter().any(|value| value.is_finite()));
}

#[test]
fn a_grid_that_ends_within_two_nodes_of_the_region_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid.tif");
    let dem = fixtures::place(32632, (500_000.0, 5_000_000.0), 25.0, (160, 160));
    let notice = |[west, north, east, south]: [usize; 4]| {
        let grid = Placement {
            west: dem.west - 1000.0 * west as f64,
            north: dem.north + 1000.0 * north as f64,
            cell_x: 1000.0,
            cell_y: 1000.0,
            width: 4 + west + east,
            height: 4 + north + south,
            ..dem.clone()
        };
        write(&path, &grid, |x, _| x);
        Coarse::load(&path, &Raster::open(&path).unwrap(), &dem, Span::whole(&dem)).unwrap().notice()
    };
    assert_eq!(notice([2; 4]), None);
    let one = notice([2, 2, 1, 2]).unwrap();
    assert!(one.what.contains("in the east: the spline wants 1 more cell in the east"), "{one}");
    let two = notice([0, 1, 2, 2]).unwrap();
    assert!(
        two.what.contains("in the west and the north: the spline wants 2 more cells in the west"),
        "{two}"
    );
}
