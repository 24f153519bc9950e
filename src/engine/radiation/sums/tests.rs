use super::super::super::lanes::Portable;
use super::*;

#[test]
fn the_arc_is_right_to_fifteen_millionths() {
    for i in 0..4000 {
        let t = i as f32 / 400.0;
        let mut found = [0.0; LANES];
        complement(Portable, Lanes::splat(Portable, (1.0 - t) / (1.0 + t))).store(&mut found);
        assert!((found[0] - (std::f32::consts::FRAC_PI_2 - t.atan())).abs() < 1.5e-5, "{t}");
    }
}

#[test]
fn blocks_are_rows_again() {
    let rows: Vec<f32> = (0..CELLS).map(|i| i as f32).collect();
    let mut blocks = cells();
    to_blocks(&rows, &mut blocks);
    assert_eq!(blocks[ACROSS + 1][SIDE].to_bits(), ((5 * EDGE + 4) as f32).to_bits());
    let mut again = vec![0.0; CELLS];
    to_rows(&blocks, &mut again);
    assert_eq!(rows, again);
}
