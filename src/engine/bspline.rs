//! Coarse grids between their nodes: the uniform cubic B-spline.

use super::grid::Grid;

/// Weights of the four nodes around a position, `d` (0..1) behind the second (de Boor 1978; uniform knots).
fn weights(d: f64) -> [f64; 4] {
    let e = 1.0 - d;
    [
        e * e * e / 6.0,
        (4.0 - 6.0 * d * d + 3.0 * d * d * d) / 6.0,
        (4.0 - 6.0 * e * e + 3.0 * e * e * e) / 6.0,
        d * d * d / 6.0,
    ]
}

/// The spline at a fractional column and row; NaN where the nearest node is missing.
///
/// The nodes are the coefficients, without a prefilter, as in SAGA's `grid_tools` 0: it smooths rather than
/// interpolates. Missing ones of the 16 nodes around are guessed in passes as the mean of their valid neighbours.
pub(super) fn at(grid: &Grid, column: f64, row: f64) -> f64 {
    let nearest = grid.at((column + 0.5).floor() as isize, (row + 0.5).floor() as isize);
    if nearest.is_nan() {
        return f64::NAN;
    }
    let (west, north) = (column.floor(), row.floor());
    let mut nodes = [[f64::NAN; 4]; 4];
    for (j, line) in nodes.iter_mut().enumerate() {
        for (i, node) in line.iter_mut().enumerate() {
            *node = f64::from(grid.at(west as isize - 1 + i as isize, north as isize - 1 + j as isize));
        }
    }
    guess_missing(&mut nodes);
    let (across, down) = (weights(column - west), weights(row - north));
    let mut sum = 0.0;
    for (line, v) in nodes.iter().zip(down) {
        for (node, u) in line.iter().zip(across) {
            sum += node * u * v;
        }
    }
    sum
}

/// Fills missing nodes with the mean of the valid ones among their 8 neighbours, pass by pass.
fn guess_missing(nodes: &mut [[f64; 4]; 4]) {
    // At least one node is valid, so each pass fills one more; 16 passes always suffice.
    for _ in 0..16 {
        if nodes.iter().flatten().all(|node| !node.is_nan()) {
            return;
        }
        let before = *nodes;
        for (j, line) in nodes.iter_mut().enumerate() {
            for (i, node) in line.iter_mut().enumerate().filter(|(_, node)| node.is_nan()) {
                let (mut sum, mut count) = (0.0, 0.0);
                for neighbours in &before[j.saturating_sub(1)..(j + 2).min(4)] {
                    for value in &neighbours[i.saturating_sub(1)..(i + 2).min(4)] {
                        if !value.is_nan() {
                            sum += value;
                            count += 1.0;
                        }
                    }
                }
                if count > 0.0 {
                    *node = sum / count;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(f: impl Fn(usize, usize) -> f32) -> Grid {
        let values = (0..64).map(|i| f(i % 8, i / 8)).collect();
        Grid { width: 8, height: 8, values }
    }

    #[test]
    fn a_plane_is_kept_exactly_inside() {
        let plane = grid(|x, y| 3.0 * x as f32 - 2.0 * y as f32 + 5.0);
        for (x, y) in [(3.0, 3.0), (2.25, 4.75), (5.5, 1.5)] {
            assert!((at(&plane, x, y) - (3.0 * x - 2.0 * y + 5.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_peak_is_smoothed_by_four_sixths_each_way() {
        let peak = grid(|x, y| if (x, y) == (4, 4) { 36.0 } else { 0.0 });
        assert!((at(&peak, 4.0, 4.0) - 16.0).abs() < 1e-12);
        assert!((at(&peak, 5.0, 4.0) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn missing_nodes_are_guessed_but_a_missing_nearest_node_is_missing() {
        let holed = grid(|x, y| if x == 5 && y == 3 { f32::NAN } else { 7.0 });
        assert!((at(&holed, 4.3, 3.2) - 7.0).abs() < 1e-12);
        assert!(at(&holed, 4.7, 3.2).is_nan());
    }

    #[test]
    fn the_grid_reaches_half_a_node_beyond_its_outer_nodes() {
        let flat = grid(|_, _| 2.0);
        assert!((at(&flat, -0.4, 7.4) - 2.0).abs() < 1e-12);
        assert!(at(&flat, -0.6, 3.0).is_nan());
    }
}
