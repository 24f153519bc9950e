//! The sums over a patch of cells, the kernel of the whole program.
//!
//! A patch is worked on in bands of 32 blocks of 4 x 4 cells. For each segment of the suns the blocks below whose
//! horizons all of them stand, and those above, are told apart by the blocks' lowest and highest horizons alone; of the
//! others only the suns in between are looked at one by one, exactly as [`super::exact`] looks at all.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::azimuths::Compass;
use super::super::horizon::{ACROSS, BLOCKS, CELLS, EDGE, Patch, SIDE, STEPS};
use super::super::lanes::{LANES, Lanes, Simd};
use super::super::vector::Kernel;
use super::air::Pressures;
use super::suns::{LitSun, SUM, SunSegment, Suns};

/// Blocks that are told apart at once: two rows of them.
const BAND: usize = 32;

/// One value for each cell of a patch, block by block.
pub(super) type CellValues = [[f32; LANES]; BLOCKS];

/// What a patch is summed up with.
pub(super) struct PatchWork<'a> {
    pub compass: &'a Compass,
    pub patch: &'a Patch,
    pub pressures: &'a Pressures,
    /// One for each month.
    pub months: &'a [Suns],
    /// The same of the sky around the sun; empty where it is as bright as the rest.
    pub around: &'a [Suns],
    /// What the terrain around reflects, 0..1.
    pub albedo: f32,
    /// The sky view factor is to be integrated from the horizons; else it is given.
    pub own_sky: bool,
}

/// What is summed up over a patch, row by row.
#[derive(Debug)]
pub(super) struct PatchSums {
    pub sky_view: Box<[f32; CELLS]>,
    /// For each month direct and diffuse radiation, kWh/m2.
    pub months: Vec<(Vec<f32>, Vec<f32>)>,
}

impl Default for PatchSums {
    fn default() -> Self {
        Self { sky_view: Box::new([0.0; CELLS]), months: Vec::new() }
    }
}

impl PatchSums {
    /// Room for so many months.
    pub(super) fn make_room(&mut self, months: usize) {
        self.months.resize_with(months, || (vec![0.0; CELLS], vec![0.0; CELLS]));
    }
}

/// How the cells of a patch lie: the unit vector upright on the ground, block by block.
struct GroundNormals {
    east: Box<CellValues>,
    north: Box<CellValues>,
    up: Box<CellValues>,
}

/// One kernel call.
pub(super) struct SumUp<'a, 'o> {
    pub work: &'a PatchWork<'a>,
    pub sums: &'o mut PatchSums,
}

impl Kernel for SumUp<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<C: Simd>(self, class: C) {
        let Self { work, sums } = self;
        let ground = GroundNormals::new(work.patch);
        if work.own_sky {
            to_rows(&ground.sky_view(class, work), &mut *sums.sky_view);
        }
        let (mut sky, mut scaled) = (cells(), cells());
        to_blocks(&*sums.sky_view, &mut sky);
        to_blocks(&work.patch.heights, &mut scaled);
        for v in scaled.as_flattened_mut() {
            *v = work.pressures.scaled(*v);
        }
        let mut sum = cells();
        for (number, (suns, (direct, diffuse))) in work.months.iter().zip(&mut sums.months).enumerate() {
            direct_sums(class, work.patch, suns, &ground, &scaled, &mut sum);
            to_rows(&sum, direct);
            if let Some(around) = work.around.get(number) {
                direct_sums(class, work.patch, around, &ground, &scaled, &mut sum);
            } else {
                sum.as_flattened_mut().fill(0.0);
            }
            let (even, level) = (cubic_of(class, &suns.sky), cubic_of(class, &suns.level));
            let albedo = Lanes::splat(class, work.albedo);
            for ((sum, v), factor) in sum.iter_mut().zip(&*scaled).zip(&*sky) {
                let (v, factor) = (Lanes::load(class, v), Lanes::load(class, factor));
                // Dozier and Frew 1990: what is not sky is ground, as bright as level ground in the open.
                let reflected = albedo * cubic(&level, v) * (Lanes::splat(class, 1.0) - factor);
                (Lanes::load(class, sum) + cubic(&even, v).mul_add(factor, reflected)).store(sum);
            }
            to_rows(&sum, diffuse);
        }
    }
}

fn cells() -> Box<CellValues> {
    Box::new([[0.0; LANES]; BLOCKS])
}

impl GroundNormals {
    #[inline(always)]
    fn new(patch: &Patch) -> Self {
        let mut ground = Self { east: cells(), north: cells(), up: cells() };
        to_blocks(&patch.east, &mut ground.east);
        to_blocks(&patch.north, &mut ground.north);
        let blocks = ground.east.iter_mut().zip(ground.north.iter_mut()).zip(ground.up.iter_mut());
        for ((east, north), up) in blocks {
            for lane in 0..LANES {
                let steep = east[lane].mul_add(east[lane], north[lane].mul_add(north[lane], 1.0));
                up[lane] = 1.0 / steep.sqrt();
                east[lane] *= -up[lane];
                north[lane] *= -up[lane];
            }
        }
        ground
    }

    /// The unit vectors of a block's cells.
    #[inline(always)]
    fn of<C: Simd>(&self, class: C, block: usize) -> [Lanes<C>; 3] {
        [&self.east, &self.north, &self.up].map(|cells| Lanes::load(class, &cells[block]))
    }

    /// Sky view factor on the slope: Dozier and Frew 1990, *IEEE TGRS* 28, 963-969, eq. 7b, over the sky's directions.
    #[inline(always)]
    fn sky_view<C: Simd>(&self, class: C, work: &PatchWork<'_>) -> Box<CellValues> {
        let mut sum = cells();
        let splat = |value| Lanes::splat(class, value);
        let (zero, one, step) = (splat(0.0), splat(1.0), splat(1.0 / STEPS));
        for (block, sum) in sum.iter_mut().enumerate() {
            let [to_east, to_north, up] = self.of(class, block);
            let mut total = zero;
            for &(k, share) in &work.compass.sky {
                let (east, north) = work.compass.units[k];
                let t = Lanes::of_i16(class, &work.patch.table.lines[k][block]) * step;
                // cos² of the horizon's height, and what its complement exceeds sin cos by; one division for both.
                let (sum, square) = (one + t, t.mul_add(t, one));
                let inverse = (sum * square).inverse();
                let cos2 = sum * inverse;
                let rest = complement(class, (one - t) * (square * inverse)) - t * cos2;
                let towards = to_east.mul_add(splat(east as f32), to_north * splat(north as f32));
                total = up.mul_add(cos2, towards * rest).mul_add(splat(share as f32), total);
            }
            total.max(zero).min(one).store(sum);
        }
        sum
    }
}

/// Sums of a band of blocks.
struct Band {
    /// What shines on all of a block: for each coefficient, block by block.
    whole: [[f32; BAND]; SUM],
    /// The same of the suns above a block's highest horizon in segments that shine on part of it.
    above: [[f32; LANES]; BAND],
    /// What shines on single cells.
    single: [[f32; LANES]; BAND],
}

/// Direct radiation of a month, block by block.
#[inline(always)]
fn direct_sums<C: Simd>(
    class: C,
    patch: &Patch,
    suns: &Suns,
    ground: &GroundNormals,
    scaled: &CellValues,
    sum: &mut CellValues,
) {
    for first in (0..BLOCKS).step_by(BAND) {
        let mut band =
            Band { whole: [[0.0; BAND]; SUM], above: [[0.0; LANES]; BAND], single: [[0.0; LANES]; BAND] };
        for segment in &suns.segments {
            let mut mixed = 0;
            for half in 0..BAND / LANES {
                mixed |= told_apart(class, patch, suns, segment, (first, half * LANES), &mut band.whole);
            }
            while mixed != 0 {
                let i = mixed.trailing_zeros() as usize;
                mixed &= mixed - 1;
                let block = first + i;
                let unit = ground.of(class, block);
                let v = Lanes::load(class, &scaled[block]);
                part_of_block(
                    class,
                    patch,
                    (suns, segment),
                    block,
                    (&unit, v),
                    (&mut band.above[i], &mut band.single[i]),
                );
            }
        }
        for i in 0..BAND {
            let block = first + i;
            let mut total = band.above[i];
            for (total, whole) in total.iter_mut().zip(&band.whole) {
                *total += whole[i];
            }
            let v = Lanes::load(class, &scaled[block]);
            let mut value = Lanes::load(class, &band.single[i]);
            let (directions, _) = total.as_chunks::<4>();
            for (direction, unit) in directions.iter().zip(ground.of(class, block)) {
                value = cubic(&cubic_of(class, direction), v).mul_add(unit, value);
            }
            value.max(Lanes::splat(class, 0.0)).store(&mut sum[block]);
        }
    }
}

/// Adds a segment to the blocks on all of which all its suns shine; a bit for each that only some shine on, or that they
/// shine on only some cells of.
#[inline(always)]
fn told_apart<C: Simd>(
    class: C,
    patch: &Patch,
    suns: &Suns,
    segment: &SunSegment,
    (first, at): (usize, usize),
    whole: &mut [[f32; BAND]; SUM],
) -> u32 {
    let (a, b) = segment.lines;
    let parts = (Lanes::splat(class, segment.parts[0]), Lanes::splat(class, segment.parts[1]));
    let at_blocks = first + at;
    let high = (
        Lanes::from(class, &patch.table.highest[a][at_blocks..]),
        Lanes::from(class, &patch.table.highest[b][at_blocks..]),
    );
    let low = (
        Lanes::from(class, &patch.table.lowest[a][at_blocks..]),
        Lanes::from(class, &patch.table.lowest[b][at_blocks..]),
    );
    // Between the lines horizons are linear, and no cell's is beyond the line through the blocks' ends.
    let high = parts.0.mul_add(high.1 - high.0, high.0).max(parts.1.mul_add(high.1 - high.0, high.0));
    let low = parts.0.mul_add(low.1 - low.0, low.0).min(parts.1.mul_add(low.1 - low.0, low.0));
    let lit = high.less(Lanes::splat(class, segment.lowest));
    let some = low.less(Lanes::splat(class, segment.highest));
    if lit.bits() != 0 {
        let none = Lanes::splat(class, 0.0);
        for (whole, total) in whole.iter_mut().zip(&suns.sums[segment.sums]) {
            let whole = &mut whole[at..];
            (Lanes::from(class, whole) + lit.select(Lanes::splat(class, *total), none)).put(whole);
        }
    }
    (some.bits() & !lit.bits()) << at
}

/// Adds the suns of a segment that shine on some cells of a block and not on others, one by one, and those above them
/// together.
#[inline(always)]
fn part_of_block<C: Simd>(
    class: C,
    patch: &Patch,
    (suns, segment): (&Suns, &SunSegment),
    block: usize,
    (unit, v): (&[Lanes<C>; 3], Lanes<C>),
    (above, single): (&mut [f32; LANES], &mut [f32; LANES]),
) {
    let (a, b) = segment.lines;
    let low = at_parts(segment, patch.table.lowest[a][block], patch.table.lowest[b][block]);
    let high = at_parts(segment, patch.table.highest[a][block], patch.table.highest[b][block]);
    let (low, high) = (low.0.min(low.1), high.0.max(high.1));
    let between = suns.between(class, segment, low, high);
    (Lanes::load(class, above) + Lanes::load(class, &suns.sums[segment.sums + between.end])).store(above);
    let between = &suns.lit[segment.first + between.start..segment.first + between.end];
    let Some(middle) = between.get(between.len() / 2) else { return };
    let first = Lanes::of_i16(class, &patch.table.lines[a][block]);
    let further = Lanes::of_i16(class, &patch.table.lines[b][block]) - first;
    let splat = |value| Lanes::splat(class, value);
    let (mut east, mut north, mut up) = (splat(0.0), splat(0.0), splat(0.0));
    for LitSun { part, tangent, push, .. } in between {
        let lit = splat(*part).mul_add(further, first).less(splat(*tangent));
        east = lit.select(east + splat(push[0]), east);
        north = lit.select(north + splat(push[1]), north);
        up = lit.select(up + splat(push[2]), up);
    }
    // Suns between the horizons of one block stand close together: the pressure changes their beams alike.
    let [one, two, three] = middle.with_pressure.map(splat);
    let facing = east.mul_add(unit[0], north.mul_add(unit[1], up * unit[2]));
    let beam = three.mul_add(v, two).mul_add(v, one).mul_add(v, splat(1.0));
    facing.mul_add(beam, Lanes::load(class, single)).store(single);
}

/// Between two lines where the first and where the last of a segment's suns stand.
#[inline(always)]
fn at_parts(segment: &SunSegment, a: f32, b: f32) -> (f32, f32) {
    (segment.parts[0].mul_add(b - a, a), segment.parts[1].mul_add(b - a, a))
}

#[inline(always)]
fn cubic_of<C: Simd>(class: C, coefficients: &[f32; 4]) -> [Lanes<C>; 4] {
    coefficients.map(|c| Lanes::splat(class, c))
}

#[inline(always)]
fn cubic<C: Simd>(c: &[Lanes<C>; 4], v: Lanes<C>) -> Lanes<C> {
    c[3].mul_add(v, c[2]).mul_add(v, c[1]).mul_add(v, c[0])
}

/// pi/2 - atan(t) for t >= 0 within 1.5e-5, given y = (1 - t) / (1 + t): pi/4 + atan(y), a polynomial (Abramowitz and
/// Stegun 1964, 4.4.47, refitted).
#[inline(always)]
fn complement<C: Simd>(class: C, y: Lanes<C>) -> Lanes<C> {
    let y2 = y * y;
    let mut sum = Lanes::splat(class, -0.011_721_2);
    for c in [0.052_653_32, -0.116_432_87, 0.193_543_46, -0.332_623_47, 0.999_977_26] {
        sum = sum.mul_add(y2, Lanes::splat(class, c));
    }
    sum.mul_add(y, Lanes::splat(class, std::f32::consts::FRAC_PI_4))
}

/// Puts a patch's cells into rows.
#[inline(always)]
fn to_rows(cells: &CellValues, rows: &mut [f32]) {
    for (band, rows) in cells.chunks_exact(ACROSS).zip(rows.chunks_exact_mut(SIDE * EDGE)) {
        for (line, row) in rows.chunks_exact_mut(EDGE).enumerate() {
            let (row, _) = row.as_chunks_mut::<SIDE>();
            for (to, block) in row.iter_mut().zip(band) {
                to.copy_from_slice(&block[line * SIDE..(line + 1) * SIDE]);
            }
        }
    }
}

/// Takes rows into a patch's cells.
#[inline(always)]
fn to_blocks(rows: &[f32], cells: &mut CellValues) {
    for (band, rows) in cells.chunks_exact_mut(ACROSS).zip(rows.chunks_exact(SIDE * EDGE)) {
        for (line, row) in rows.chunks_exact(EDGE).enumerate() {
            let (row, _) = row.as_chunks::<SIDE>();
            for (from, block) in row.iter().zip(band.iter_mut()) {
                block[line * SIDE..(line + 1) * SIDE].copy_from_slice(from);
            }
        }
    }
}

#[cfg(test)]
mod tests;
