use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;

/// Everything the domain holds.
const ALL: SceneExtent = SceneExtent { size: LONGEST, halo: 0 };

/// The middle, large enough for the highest summits.
const MIDDLE: SceneExtent = SceneExtent { size: 512, halo: 64 };

/// How deep each cell lies below the level at which water would leave, m.
fn depressions(grid: &Grid) -> Vec<f32> {
    let (width, height) = (grid.width, grid.height);
    let mut level = vec![f32::INFINITY; grid.values.len()];
    let mut queue = BinaryHeap::new();
    // Heights are positive, so their bits are ordered as they are.
    let key = |value: f32, i: usize| Reverse((value.to_bits(), i));
    for (i, (level, height_there)) in level.iter_mut().zip(&grid.values).enumerate() {
        let (x, y) = (i % width, i / width);
        if x == 0 || y == 0 || x == width - 1 || y == height - 1 {
            *level = *height_there;
            queue.push(key(*level, i));
        }
    }
    while let Some(Reverse((bits, i))) = queue.pop() {
        let (x, y) = ((i % width) as isize, (i / width) as isize);
        for (dx, dy) in [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)] {
            if grid.at(x + dx, y + dy).is_nan() {
                continue;
            }
            let next = (y + dy) as usize * width + (x + dx) as usize;
            if level[next].is_infinite() {
                level[next] = grid.values[next].max(f32::from_bits(bits));
                queue.push(key(level[next], next));
            }
        }
    }
    level.iter().zip(&grid.values).map(|(level, height)| level - height).collect()
}

#[test]
fn the_terrain_goes_through_every_control_point_within_a_metre() {
    let (grid, placement) = terrain(ALL).unwrap();
    for point in control_points() {
        let (x, y) = placement.crs.from_lonlat(point.longitude, point.latitude).unwrap();
        let (column, row) = placement.cell_of(x, y);
        let height = grid.at(column.round() as isize, row.round() as isize);
        assert!((height - point.height).abs() <= 1.0, "{}: {height} for {}", point.name, point.height);
    }
}

#[test]
fn the_barre_des_ecrins_is_the_top_of_the_terrain() {
    let (grid, _) = terrain(ALL).unwrap();
    let top = grid.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let bottom = grid.values.iter().copied().fold(f32::INFINITY, f32::min);
    assert!((4101.0..=4103.0).contains(&top), "{top}");
    assert!(bottom > 300.0, "{bottom}");
}

#[test]
fn few_cells_lie_in_closed_depressions() {
    let (grid, _) = terrain(MIDDLE).unwrap();
    let depths = depressions(&grid);
    let share =
        |deeper: f32| depths.iter().filter(|depth| **depth > deeper).count() as f64 / depths.len() as f64;
    assert!(share(1.0) < 0.03, "{}", share(1.0));
    assert!(share(20.0) < 0.005, "{}", share(20.0));
}

#[test]
fn slopes_are_alpine() {
    let (grid, _) = terrain(MIDDLE).unwrap();
    let mut slopes = Vec::new();
    for y in 1..grid.height as isize - 1 {
        for x in 1..grid.width as isize - 1 {
            let east = (grid.at(x + 1, y) - grid.at(x - 1, y)) / 50.0;
            let south = (grid.at(x, y + 1) - grid.at(x, y - 1)) / 50.0;
            slopes.push(east.hypot(south).atan().to_degrees());
        }
    }
    slopes.sort_by(f32::total_cmp);
    let (median, steep) = (slopes[slopes.len() / 2], slopes[slopes.len() * 99 / 100]);
    assert!((20.0..=40.0).contains(&median), "{median}");
    assert!(steep < 70.0, "{steep}");
}

#[test]
fn every_extent_is_cut_from_the_same_mountains() {
    let (wide, from) = terrain(SceneExtent { size: 60, halo: 30 }).unwrap();
    let (narrow, at) = terrain(SceneExtent { size: 60, halo: 0 }).unwrap();
    let region = SceneExtent { size: 60, halo: 30 }.region();
    assert_eq!((at.west.to_bits(), at.north.to_bits()), (region.xmin.to_bits(), region.ymax.to_bits()));
    let (column, row) = (((at.west - from.west) / 25.0) as isize, ((from.north - at.north) / 25.0) as isize);
    assert_eq!((column, row), (30, 30));
    for y in 0..60 {
        for x in 0..60 {
            assert_eq!(narrow.at(x, y).to_bits(), wide.at(column + x, row + y).to_bits());
        }
    }
}

#[test]
fn the_terrain_has_the_same_bits_everywhere() {
    // Recorded once: a change here changes every synthetic map.
    let (grid, _) = terrain(SceneExtent { size: 100, halo: 0 }).unwrap();
    let bytes: Vec<u8> = grid.values.iter().flat_map(|height| height.to_le_bytes()).collect();
    assert_eq!(crc32fast::hash(&bytes), 4_097_867_794);
}

#[test]
fn threads_do_not_change_a_bit() {
    let in_pool = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| terrain(SceneExtent { size: 100, halo: 0 }).unwrap().0)
    };
    assert_eq!(in_pool(1), in_pool(3));
}

#[test]
fn an_empty_or_too_large_extent_is_refused() {
    assert!(terrain(SceneExtent { size: 0, halo: 10 }).is_err());
    let problem = terrain(SceneExtent { size: LONGEST, halo: 1 }).unwrap_err();
    assert!(problem.to_string().contains("2880"), "{problem}");
}

#[test]
fn climate_reaches_beyond_the_terrain_and_is_plausible() {
    let (_, placement) = terrain(SceneExtent { size: 101, halo: 7 }).unwrap();
    let coarse = climate::placement(&placement);
    assert!(coarse.west <= placement.west - 8000.0 && coarse.north >= placement.north + 8000.0);
    let east = |p: &Placement| p.west + p.width as f64 * p.cell_x;
    assert!(east(&coarse) >= east(&placement) + 8000.0);
    let reference = climate::reference_height(&massif().0, &coarse);
    assert!(reference.values.iter().all(|height| (500.0..3900.0).contains(height)));
    let january = climate::temperature(0, &reference, &coarse);
    let july = climate::temperature(6, &reference, &coarse);
    for (cold, warm) in january.values.iter().zip(&july.values) {
        assert!((-20.0..5.0).contains(cold) && (0.0..25.0).contains(warm) && cold < warm);
    }
    for month in 0..12 {
        let cloud = climate::cloud(month, &coarse);
        assert!(cloud.values.iter().all(|cover| (2000.0..9000.0).contains(cover)));
    }
}
