//! The oracle's side of the comparison, cell by cell.

use alpsckpt::engine::Problem;
use rayon::prelude::*;

use crate::Outcome;
use crate::engine_side::Horizons;
use crate::oracle::air::{Month, sums};
use crate::oracle::flat_earth;
use crate::oracle::ground::Cell;
use crate::oracle::suns::Year;
use crate::terrain::Terrain;

/// Directions of the oracle's sky view factor.
const DIRECTIONS: usize = 360;
/// Where the sequence of pseudo-random cells begins.
const SEED: u64 = 20_180_621;
/// So many cells are tried for one that has all of its neighbours.
const TRIES: usize = 50;

/// Pseudo-random cells of the mapped part, the same in every run.
pub(crate) fn pick(terrain: &Terrain, count: usize) -> Outcome<Vec<Cell>> {
    let mapped = terrain.mapped;
    let mut state = SEED;
    let cells = (0..count * TRIES).filter_map(|_| {
        let number = split_mix(&mut state);
        let (x, y) = (number as u32 as usize % mapped.width, (number >> 32) as usize % mapped.height);
        terrain.ground.cell((mapped.x + x, mapped.y + y))
    });
    let cells: Vec<Cell> = cells.take(count).collect();
    if cells.len() < count {
        let what = "has heights in too few cells of its middle";
        return Err(Problem::new(&terrain.source, what, "take a terrain model without such large holes"));
    }
    Ok(cells)
}

/// Steele, Lea and Flood 2014, *OOPSLA*, 453: `SplitMix64`.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What the oracle says of a cell.
pub(crate) struct Truth {
    /// Column and row in the mapped part.
    pub at: (usize, usize),
    pub months: [Month; 12],
    /// The same if nothing stood beyond the reach of the default model.
    pub within_reach: [Month; 12],
    pub sky_view: f64,
    /// For each month daylight steps, and those of them in which the engine agrees on whether the sun shines.
    pub steps: [u64; 12],
    pub agreed: [u64; 12],
}

impl Truth {
    /// Radiation over that of level ground.
    pub(crate) fn quotient(&self, month: usize) -> f64 {
        let Month { direct, sky, flat } = self.months[month];
        (direct + sky * self.sky_view) / flat
    }
}

/// Looks from each cell; `horizons` are the engine's.
pub(crate) fn look(terrain: &Terrain, cells: &[Cell], horizons: &Horizons) -> Outcome<Vec<Truth>> {
    let nowhere = || Problem::new(&terrain.source, "has no time of day", "check its coordinates");
    let year = Year::of(&terrain.placement, terrain.mapped.middle()).ok_or_else(nowhere)?;
    let reach = flat_earth().horizon_distance;
    let one = |(number, cell): (usize, &Cell)| {
        let suns = year.suns(&cell.place);
        let shades: Vec<Option<f64>> = suns.iter().map(|sun| terrain.ground.shaded_from(cell, sun)).collect();
        let lit: Vec<bool> = shades.iter().map(Option::is_none).collect();
        let lit_within: Vec<bool> = shades.iter().map(|shade| shade.is_none_or(|far| far > reach)).collect();
        let (mut steps, mut agreed) = ([0; 12], [0; 12]);
        for (sun, lit) in suns.iter().zip(&lit) {
            let over = sun.height.tan() > horizons.tangent(number, sun.azimuth);
            let engine = over && cell.cosine(sun) > 0.0;
            steps[sun.month] += 1;
            agreed[sun.month] += u64::from(engine == *lit);
        }
        Truth {
            at: (cell.at.0 - terrain.mapped.x, cell.at.1 - terrain.mapped.y),
            months: sums(cell, &suns, &lit),
            within_reach: sums(cell, &suns, &lit_within),
            sky_view: terrain.ground.sky_view(cell, DIRECTIONS),
            steps,
            agreed,
        }
    };
    Ok(cells.par_iter().enumerate().map(one).collect())
}
