//! The sums over a patch of cells, the kernel of the whole program.
//!
//! A chunk is two rows of the patch, cut into blocks of 8 x 2 cells. For each segment of the suns the blocks below whose
//! skylines all of them stand, and those above, are told apart by the blocks' lowest and highest skylines alone; of the
//! others only the suns in between are looked at one by one, exactly as [`super::exact`] looks at all.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::azimuths::Compass;
use super::super::horizon::{STEPS, Skylines, quantized};
use super::super::terrain::{Rect, Terrain};
use super::suns::{LitSun, SUM, Segment, Suns};

/// Cells of a block: the lanes of the kernel.
const LANES: usize = 16;
const BLOCK_WIDTH: usize = 8;
const ROWS: usize = 2;

/// The most columns of a patch.
pub(super) const WIDEST: usize = 128;
const BLOCKS: usize = WIDEST / BLOCK_WIDTH;

/// One value for each cell of a chunk, block by block.
type Cells<T> = [[T; LANES]; BLOCKS];

/// A patch of the tile and what shines on it.
pub(super) struct Patch<'a> {
    pub terrain: &'a Terrain,
    pub skylines: &'a Skylines,
    pub compass: &'a Compass,
    /// The patch in the terrain's window; at most [`WIDEST`] columns.
    pub rect: Rect,
    /// The pressure at its cells as the suns' cubics take it, row by row.
    pub scaled: &'a [f32],
    /// One for each month.
    pub months: &'a [Suns],
    /// The same of the sky around the sun; empty where it is as bright as the rest.
    pub around: &'a [Suns],
    /// What the terrain around reflects, 0..1.
    pub albedo: f32,
    /// The sky view factor is to be integrated from the skylines; else it is given.
    pub own_sky: bool,
}

/// What is summed up over a patch, row by row.
pub(super) struct Sums<'o> {
    pub sky_view: &'o mut [f32],
    /// For each month direct and diffuse radiation, kWh/m2.
    pub months: &'o mut [(Vec<f32>, Vec<f32>)],
}

/// One kernel call: all rows of a patch, `W` cells at a time where the registers are the limit.
pub(super) struct Kernel<'a, 'o, const W: usize> {
    pub patch: &'a Patch<'a>,
    pub sums: Sums<'o>,
}

impl<const W: usize> pulp::NullaryFnOnce for Kernel<'_, '_, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { patch, mut sums } = self;
        let directions = patch.compass.units.len();
        let mut chunk = Chunk {
            ground: Ground::default(),
            lines: vec![[[0; LANES]; BLOCKS]; directions],
            lowest: vec![[0; BLOCKS]; directions],
            highest: vec![[0; BLOCKS]; directions],
        };
        for row in (0..patch.rect.height()).step_by(ROWS) {
            chunk.load(patch, row);
            chunk.sums::<W>(patch, row, &mut sums);
        }
    }
}

/// How the cells of a chunk lie.
#[derive(Default)]
struct Ground {
    /// Height gained per metre.
    gradient_east: Cells<f32>,
    gradient_north: Cells<f32>,
    /// The unit vector upright on the ground.
    east: Cells<f32>,
    north: Cells<f32>,
    up: Cells<f32>,
}

/// Two rows of a patch.
struct Chunk {
    ground: Ground,
    /// For each direction the tangents of the skyline, the cell's own slope included, in steps of the table.
    lines: Vec<Cells<i16>>,
    /// For each direction and block the lowest and the highest.
    lowest: Vec<[i16; BLOCKS]>,
    highest: Vec<[i16; BLOCKS]>,
}

impl Chunk {
    #[inline(always)]
    fn load(&mut self, patch: &Patch<'_>, row: usize) {
        let rect = patch.rect;
        self.ground = Ground::default();
        self.ground.up = [[1.0; LANES]; BLOCKS];
        for line in 0..ROWS.min(rect.height() - row) {
            for x in 0..rect.width() {
                let Some(gradient) = patch.terrain.gradient(rect.x0 + x, rect.y0 + row + line) else {
                    continue;
                };
                let (block, lane) = (x / BLOCK_WIDTH, line * BLOCK_WIDTH + x % BLOCK_WIDTH);
                let (east, north) = (gradient.east as f32, gradient.north as f32);
                let up = 1.0 / (1.0 + east * east + north * north).sqrt();
                self.ground.gradient_east[block][lane] = east;
                self.ground.gradient_north[block][lane] = north;
                self.ground.east[block][lane] = -east * up;
                self.ground.north[block][lane] = -north * up;
                self.ground.up[block][lane] = up;
            }
        }
        self.fold(patch, row);
    }

    /// Takes in the skylines and lets the cells' own slopes hide what lies behind them.
    #[inline(always)]
    fn fold(&mut self, patch: &Patch<'_>, row: usize) {
        let (tile, rect) = (patch.terrain.tile, patch.rect);
        let (left, top) = (rect.x0 - tile.x0, rect.y0 - tile.y0 + row);
        let bottom = (top + 1).min(tile.height() - 1);
        for (k, (east, north)) in patch.compass.units.iter().enumerate() {
            let (east, north) = (*east as f32 * STEPS, *north as f32 * STEPS);
            let upper = &patch.skylines.row(k, top)[left..left + rect.width()];
            let lower = &patch.skylines.row(k, bottom)[left..left + rect.width()];
            let blocks =
                self.lines[k].iter_mut().zip(&self.ground.gradient_east).zip(&self.ground.gradient_north);
            for (number, ((cells, towards_east), towards_north)) in blocks.enumerate() {
                let at = number * BLOCK_WIDTH;
                if at >= rect.width() {
                    break;
                }
                let (first, second) = cells.split_at_mut(BLOCK_WIDTH);
                copy(upper, at, first);
                copy(lower, at, second);
                let (mut low, mut high) = (i16::MAX, i16::MIN);
                for lane in 0..LANES {
                    let slope = towards_east[lane].mul_add(east, towards_north[lane] * north);
                    let slope = quantized(slope);
                    let line = if cells[lane] > slope { cells[lane] } else { slope };
                    cells[lane] = line;
                    low = low.min(line);
                    high = high.max(line);
                }
                self.lowest[k][number] = low;
                self.highest[k][number] = high;
            }
        }
    }

    #[inline(always)]
    fn sums<const W: usize>(&self, patch: &Patch<'_>, row: usize, sums: &mut Sums<'_>) {
        let (rect, width) = (patch.rect, patch.rect.width());
        let rows = ROWS.min(rect.height() - row);
        if patch.own_sky {
            let sky = self.sky_view(patch.compass);
            store(&sky, &mut sums.sky_view[row * width..(row + rows) * width], width);
        }
        let mut sky = [[0.0; LANES]; BLOCKS];
        gather(&sums.sky_view[row * width..(row + rows) * width], width, &mut sky);
        let mut scaled = [[0.0; LANES]; BLOCKS];
        gather(&patch.scaled[row * width..(row + rows) * width], width, &mut scaled);
        let blocks = width.div_ceil(BLOCK_WIDTH);
        for (number, (suns, (direct, diffuse))) in patch.months.iter().zip(sums.months.iter_mut()).enumerate()
        {
            let sum = self.direct::<W>(suns, &scaled, blocks);
            store(&sum, &mut direct[row * width..(row + rows) * width], width);
            let around = patch.around.get(number);
            let mut sum =
                around.map_or([[0.0; LANES]; BLOCKS], |around| self.direct::<W>(around, &scaled, blocks));
            for ((sum, v), factor) in sum.iter_mut().zip(&scaled).zip(&sky) {
                for lane in 0..LANES {
                    // Dozier and Frew 1990: what is not sky is ground, as bright as level ground in the open.
                    let ground = patch.albedo * cubic(&suns.level, v[lane]) * (1.0 - factor[lane]);
                    sum[lane] += cubic(&suns.sky, v[lane]).mul_add(factor[lane], ground);
                }
            }
            store(&sum, &mut diffuse[row * width..(row + rows) * width], width);
        }
    }

    /// Sky view factor on the slope: Dozier and Frew 1990, *IEEE TGRS* 28, 963-969, eq. 7b, over the sky's directions.
    #[inline(always)]
    fn sky_view(&self, compass: &Compass) -> Cells<f32> {
        let mut sum = [[0.0; LANES]; BLOCKS];
        for &k in &compass.sky {
            let (east, north) = (compass.units[k].0 as f32, compass.units[k].1 as f32);
            for (block, sum) in sum.iter_mut().enumerate() {
                let (ground, cells) = (&self.ground, &self.lines[k][block]);
                for lane in 0..LANES {
                    let t = f32::from(cells[lane]) * (1.0 / STEPS);
                    let t = if t > 0.0 { t } else { 0.0 };
                    let cos2 = 1.0 / t.mul_add(t, 1.0);
                    let towards = ground.east[block][lane].mul_add(east, ground.north[block][lane] * north);
                    let rest = (-t).mul_add(cos2, complement(t));
                    sum[lane] += ground.up[block][lane].mul_add(cos2, towards * rest);
                }
            }
        }
        let share = 1.0 / compass.sky.len() as f32;
        for sum in sum.iter_mut().flatten() {
            *sum = (*sum * share).clamp(0.0, 1.0);
        }
        sum
    }

    /// Direct radiation of a month.
    #[inline(always)]
    fn direct<const W: usize>(&self, suns: &Suns, scaled: &Cells<f32>, blocks: usize) -> Cells<f32> {
        let mut one_by_one = [[0.0_f32; LANES]; BLOCKS];
        // Sums of the suns that shine on all of a block, and on all of the chunk.
        let mut whole = [[0.0_f32; SUM]; BLOCKS];
        let mut common = [0.0_f32; SUM];
        for segment in &suns.segments {
            let (a, b) = segment.lines;
            // Loops, not `from_fn`: its closures are not inlined into the kernel and miss its instructions.
            let (mut high, mut low) = (self.highest[a], self.lowest[a]);
            for i in 0..BLOCKS {
                high[i] = high[i].max(self.highest[b][i]);
                low[i] = low[i].min(self.lowest[b][i]);
            }
            let (top, bottom) =
                (high.iter().fold(i16::MIN, |m, h| m.max(*h)), low.iter().fold(i16::MAX, |m, l| m.min(*l)));
            if bottom >= segment.highest {
                continue;
            }
            let total = &suns.sums[segment.sums];
            if top < segment.lowest {
                add(&mut common, total);
                continue;
            }
            for block in 0..blocks {
                if high[block] < segment.lowest {
                    add(&mut whole[block], total);
                } else if low[block] < segment.highest {
                    let tangents = &suns.tangents[segment.first..segment.first + segment.count];
                    let (low, high) = (f32::from(low[block]), f32::from(high[block]));
                    let below = |height: f32| tangents.iter().filter(|tangent| **tangent <= height).count();
                    let (from, to) = (below(low), below(high));
                    add(&mut whole[block], &suns.sums[segment.sums + to]);
                    let between = &suns.lit[segment.first + from..segment.first + to];
                    self.between::<W>(segment, between, block, &scaled[block], &mut one_by_one[block]);
                }
            }
        }
        for (block, sum) in one_by_one.iter_mut().enumerate() {
            let mut total = common;
            add(&mut total, &whole[block]);
            let (directions, _) = total.as_chunks::<4>();
            let ground = &self.ground;
            for lane in 0..LANES {
                let v = scaled[block][lane];
                let mut value = sum[lane];
                value = cubic(&directions[0], v).mul_add(ground.east[block][lane], value);
                value = cubic(&directions[1], v).mul_add(ground.north[block][lane], value);
                value = cubic(&directions[2], v).mul_add(ground.up[block][lane], value);
                sum[lane] = if value > 0.0 { value } else { 0.0 };
            }
        }
        one_by_one
    }

    /// Adds the suns that shine on some cells of a block and not on others, `W` cells at a time.
    #[inline(always)]
    fn between<const W: usize>(
        &self,
        segment: &Segment,
        suns: &[LitSun],
        block: usize,
        scaled: &[f32; LANES],
        sum: &mut [f32; LANES],
    ) {
        let (a, b) = (&self.lines[segment.lines.0][block], &self.lines[segment.lines.1][block]);
        let ground = (&self.ground.east[block], &self.ground.north[block], &self.ground.up[block]);
        for part in 0..LANES / W {
            let lane = |i: usize| part * W + i;
            let (mut first, mut further) = ([0.0_f32; W], [0.0_f32; W]);
            for i in 0..W {
                first[i] = f32::from(a[lane(i)]);
                further[i] = f32::from(b[lane(i)]) - first[i];
            }
            let (mut east, mut north, mut up, mut v, mut own) =
                ([0.0; W], [0.0; W], [0.0; W], [0.0; W], [0.0; W]);
            for i in 0..W {
                (east[i], north[i], up[i]) = (ground.0[lane(i)], ground.1[lane(i)], ground.2[lane(i)]);
                (v[i], own[i]) = (scaled[lane(i)], sum[lane(i)]);
            }
            for sun in suns {
                for i in 0..W {
                    let skyline = sun.part.mul_add(further[i], first[i]);
                    let cosine = up[i] * sun.towards[2];
                    let cosine = north[i].mul_add(sun.towards[1], cosine);
                    let cosine = east[i].mul_add(sun.towards[0], cosine);
                    let value = cosine * cubic(&sun.beam, v[i]);
                    // Without a branch, so that it is done for several cells at once.
                    own[i] += if sun.tangent > skyline { value } else { 0.0 };
                }
            }
            for i in 0..W {
                sum[lane(i)] = own[i];
            }
        }
    }
}

#[inline(always)]
fn add(sum: &mut [f32; SUM], part: &[f32; SUM]) {
    for i in 0..SUM {
        sum[i] += part[i];
    }
}

#[inline(always)]
fn cubic(c: &[f32; 4], v: f32) -> f32 {
    c[3].mul_add(v, c[2]).mul_add(v, c[1]).mul_add(v, c[0])
}

/// pi/2 - atan(t) for t >= 0, within 1.5e-5: a polynomial in t or 1/t (Abramowitz and Stegun 1964, 4.4.47, refitted).
#[inline(always)]
fn complement(t: f32) -> f32 {
    let steep = t > 1.0;
    let x = if steep { 1.0 / t } else { t };
    let x2 = x * x;
    let mut sum = -0.011_721_2_f32;
    for c in [0.052_653_32, -0.116_432_87, 0.193_543_46, -0.332_623_47, 0.999_977_26] {
        sum = sum.mul_add(x2, c);
    }
    let angle = sum * x;
    if steep { angle } else { std::f32::consts::FRAC_PI_2 - angle }
}

/// Copies as many cells as there are.
#[inline(always)]
fn copy(row: &[i16], at: usize, to: &mut [i16]) {
    let from = &row[at.min(row.len())..];
    if let (Some(from), Some(to)) = (from.first_chunk::<BLOCK_WIDTH>(), to.first_chunk_mut::<BLOCK_WIDTH>()) {
        *to = *from;
    } else {
        // The last column again: what lies beyond must not widen the range of a block.
        for (i, to) in to.iter_mut().enumerate() {
            *to = from.get(i).or(from.last()).copied().unwrap_or(0);
        }
    }
}

/// Puts a chunk's cells into rows.
#[inline(always)]
fn store(cells: &Cells<f32>, rows: &mut [f32], width: usize) {
    for (line, row) in rows.chunks_exact_mut(width).enumerate() {
        for (block, part) in row.chunks_mut(BLOCK_WIDTH).enumerate() {
            let from = &cells[block][line * BLOCK_WIDTH..];
            part.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
    }
}

/// Takes rows into a chunk's cells.
#[inline(always)]
fn gather(rows: &[f32], width: usize, cells: &mut Cells<f32>) {
    for (line, row) in rows.chunks_exact(width).enumerate() {
        for (block, part) in row.chunks(BLOCK_WIDTH).enumerate() {
            let to = &mut cells[block][line * BLOCK_WIDTH..];
            part.iter().zip(to).for_each(|(from, to)| *to = *from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arc_is_right_to_fifteen_millionths() {
        for i in 0..4000 {
            let t = i as f32 / 400.0;
            assert!((complement(t) - (std::f32::consts::FRAC_PI_2 - t.atan())).abs() < 1.5e-5, "{t}");
        }
    }
}
