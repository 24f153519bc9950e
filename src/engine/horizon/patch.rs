//! The horizons of a patch of cells: near and far part put together, direction by direction.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::lanes::{LANES, Lanes, Simd};
use super::super::terrain::{ABYSS, Terrain};
use super::super::vector::Kernel;
use super::frame::SPACING;
use super::lattice::Between;
use super::near::{Before, HeightScale, Own, PatchRow, ROOM, Ring};
use super::{Horizons, Quarter, STEPS};

/// Edge of a patch, cells.
pub(in super::super) const EDGE: usize = 64;

/// Cells of a patch.
pub(in super::super) const CELLS: usize = EDGE * EDGE;

/// Edge of a block, cells: cells that lie together share much of their horizons. Within a block they lie row by row, in
/// the lanes of the kernels.
pub(in super::super) const SIDE: usize = 4;

/// Blocks across a patch, and in it, row by row.
pub(in super::super) const ACROSS: usize = EDGE / SIDE;
pub(in super::super) const BLOCKS: usize = ACROSS * ACROSS;

/// Taller than all ground: from there no horizon stands above the horizontal.
const ON_TOP: f32 = 1.0e6;

/// The ground of a patch with its surroundings, row by row.
#[derive(Debug)]
pub(super) struct Local {
    z: Vec<[f32; Self::STRIDE]>,
    /// Height gained per metre eastwards and northwards at the patch's cells, whichever way the rows run.
    east: Vec<[f32; EDGE]>,
    north: Vec<[f32; EDGE]>,
}

impl Local {
    /// Rows.
    const ROWS: usize = EDGE + 2 * ROOM;

    /// Cells of a row, and some more that nobody looks at.
    pub(super) const STRIDE: usize = Self::ROWS + LANES;

    fn new() -> Self {
        Self {
            z: vec![[ABYSS; Self::STRIDE]; Self::ROWS],
            east: vec![[0.0; EDGE]; EDGE],
            north: vec![[0.0; EDGE]; EDGE],
        }
    }

    /// Lowest and highest ground.
    #[inline(always)]
    fn heights(&self) -> (f32, f32) {
        let (mut low, mut high) = (f32::MAX, ABYSS);
        for z in self.z.as_flattened() {
            low = if *z > ABYSS && *z < low { *z } else { low };
            high = if *z > high { *z } else { high };
        }
        (low.min(high), high)
    }

    /// A row, counted away from a horizon that lies `forward`.
    #[inline(always)]
    fn row(&self, forward: bool, number: usize) -> &[f32; Self::STRIDE] {
        &self.z[if forward { Self::ROWS - 1 - number } else { number }]
    }
}

/// For a direction, cells block by block.
pub(in super::super) type PatchLine = [[i16; LANES]; BLOCKS];

/// The horizons of a patch and what kernels need of its ground. Kept from patch to patch for its memory.
#[derive(Debug)]
pub(in super::super) struct Patch {
    pub table: Table,
    /// Heights, m, and height gained per metre eastwards and northwards, row by row; level where terrain is missing.
    pub heights: Vec<f32>,
    pub east: Vec<f32>,
    pub north: Vec<f32>,
    upright: Local,
    across: Local,
    ring: Ring,
    scale: HeightScale,
    /// For each direction, see [`super::near::March::falls`].
    falls: Vec<Vec<i16>>,
    band: Vec<[[i16; EDGE]; SIDE]>,
}

/// Horizons: what stands higher hides what shines there.
#[derive(Debug)]
pub(in super::super) struct Table {
    /// For each direction the cells' tangents in [`STEPS`].
    pub lines: Vec<PatchLine>,
    /// For each direction and block the lowest and the highest.
    pub lowest: Vec<[f32; BLOCKS]>,
    pub highest: Vec<[f32; BLOCKS]>,
}

impl Patch {
    /// For tables of so many directions.
    pub(in super::super) fn new(directions: usize) -> Self {
        Self {
            table: Table {
                lines: vec![[[0; LANES]; BLOCKS]; directions],
                lowest: vec![[0.0; BLOCKS]; directions],
                highest: vec![[0.0; BLOCKS]; directions],
            },
            heights: vec![0.0; CELLS],
            east: vec![0.0; CELLS],
            north: vec![0.0; CELLS],
            upright: Local::new(),
            across: Local::new(),
            ring: Ring::new(),
            scale: HeightScale::new((0.0, 1.0), 1.0),
            falls: vec![Vec::new(); directions],
            band: vec![[[0; EDGE]; SIDE]; directions],
        }
    }

    /// Takes the ground around the cells from `(x, y)` of the window on.
    #[inline(always)]
    fn take_ground(&mut self, terrain: &Terrain, (x, y): (usize, usize)) {
        let from = x.saturating_sub(ROOM);
        let to = (x + EDGE + ROOM).min(terrain.width).max(from);
        for (j, row) in self.upright.z.iter_mut().enumerate() {
            row.fill(ABYSS);
            if let Some(line) = (y + j).checked_sub(ROOM).filter(|line| *line < terrain.height) {
                let cells = &terrain.z[terrain.index(from, line)..terrain.index(to, line)];
                for (to, z) in row[from + ROOM - x..].iter_mut().zip(cells) {
                    *to = if z.is_nan() { ABYSS } else { *z };
                }
            }
            for (column, z) in self.across.z.iter_mut().zip(row) {
                column[j] = *z;
            }
        }
        self.scale = HeightScale::new(self.upright.heights(), terrain.cell as f32);
        self.slopes(terrain.cell as f32);
    }

    /// Central differences, as [`Terrain::gradient`] has them.
    #[inline(always)]
    fn slopes(&mut self, cell: f32) {
        let missing = |z: f32| z <= ABYSS;
        let across = |behind: f32, own: f32, ahead: f32| match (missing(behind), missing(ahead)) {
            (false, false) => (ahead - behind) / (2.0 * cell),
            (true, false) => (ahead - own) / cell,
            (false, true) => (own - behind) / cell,
            (true, true) => 0.0,
        };
        for j in 0..EDGE {
            for i in 0..EDGE {
                let (row, column) = (j + ROOM, i + ROOM);
                let z = |row: usize, column: usize| self.upright.z[row][column];
                let own = z(row, column);
                let (mut east, mut north) = (0.0, 0.0);
                if !missing(own) {
                    east = across(z(row, column - 1), own, z(row, column + 1));
                    north = across(z(row + 1, column), own, z(row - 1, column));
                }
                (self.upright.east[j][i], self.upright.north[j][i]) = (east, north);
                (self.across.east[i][j], self.across.north[i][j]) = (east, north);
                (self.east[j * EDGE + i], self.north[j * EDGE + i]) = (east, north);
                self.heights[j * EDGE + i] = own;
            }
        }
    }

    /// Finds the horizons of the directions of one main axis; `folded`: what lies behind a cell's own slope is hidden too.
    #[inline(always)]
    fn find<C: Simd>(
        &mut self,
        class: C,
        horizons: &Horizons,
        quarter: &Quarter,
        (x, y): (usize, usize),
        folded: bool,
    ) {
        let Self { table, upright, across, ring, falls, band, .. } = self;
        let scale = self.scale;
        let local = if quarter.across { &*across } else { &*upright };
        let (row, column) = if quarter.across { (x, y) } else { (y, x) };
        ring.make_room(scale);
        for look in &quarter.looks {
            look.march.falls(scale, &mut falls[look.direction]);
        }
        for number in 1..ROOM {
            ring.push(class, number, &quarter.parts, scale, local.row(quarter.forward, number));
        }
        for number in ROOM..ROOM + EDGE {
            let line = if quarter.forward { Local::ROWS - 1 - number - ROOM } else { number - ROOM };
            let ground = RowGround::new(class, local, line, scale, horizons.middle);
            let before = Before::new(number, scale);
            if number % SIDE == ROOM % SIDE {
                for look in &quarter.looks {
                    horizons.lattices[look.direction].touch(row + line, SIDE - 1, column);
                }
            }
            for look in &quarter.looks {
                let lattice = &horizons.lattices[look.direction];
                let between = lattice.between(class, row + line, column);
                let march = (&look.march, falls[look.direction].as_slice());
                let near = ring.tangents(class, &before, march, &ground.own, scale);
                let slope = if folded { look.unit } else { (0.0, 0.0) };
                let to = &mut band[look.direction][line % SIDE];
                ground.highest(class, near, &between, slope, to);
            }
            if line % SIDE == if quarter.forward { 0 } else { SIDE - 1 } {
                for look in &quarter.looks {
                    table.take(look.direction, &band[look.direction], line / SIDE, quarter.across);
                }
            }
            ring.push(class, number, &quarter.parts, scale, local.row(quarter.forward, number));
        }
    }
}

/// The ground along a row of the patch.
struct RowGround<C: Simd> {
    own: Own<C>,
    /// Heights above the middle of the tile's.
    above: PatchRow<C>,
    east: PatchRow<C>,
    north: PatchRow<C>,
}

impl<C: Simd> RowGround<C> {
    #[inline(always)]
    fn new(class: C, local: &Local, line: usize, scale: HeightScale, middle: f32) -> Self {
        let row = |cells: &[f32]| {
            let mut row = [Lanes::splat(class, 0.0); EDGE / LANES];
            for (i, lanes) in row.iter_mut().enumerate() {
                *lanes = Lanes::from(class, &cells[i * LANES..]);
            }
            row
        };
        let mut own = row(&local.z[line + ROOM][ROOM..]);
        for own in &mut own {
            let abyss = Lanes::splat(class, ABYSS);
            *own = abyss.less(*own).select(*own, Lanes::splat(class, ON_TOP));
        }
        let mut above = own;
        for above in &mut above {
            *above = *above - Lanes::splat(class, middle);
        }
        Self {
            own: Own::new(class, own, scale),
            above,
            east: row(&local.east[line]),
            north: row(&local.north[line]),
        }
    }

    /// The highest of the near and far horizons and the cells' own slope in a direction, in steps of the table.
    #[inline(always)]
    fn highest(
        &self,
        class: C,
        near: PatchRow<C>,
        far: &Between,
        (east, north): (f32, f32),
        to: &mut [i16; EDGE],
    ) {
        let (east, north) = (Lanes::splat(class, east), Lanes::splat(class, north));
        let (steps, most) = (Lanes::splat(class, STEPS), Lanes::splat(class, f32::from(i16::MAX)));
        // Next to 2^23 the last bit of a float stands for 1: a conversion to integers that every processor does eight or
        // sixteen at a time.
        let round = Lanes::splat(class, 8_388_608.0);
        let spread = Spread::new(class, far);
        let [rises, inverses] = far.lists();
        let mut tangents = [0.0_f32; EDGE];
        for i in 0..EDGE / LANES {
            let lines = i * LANES / SPACING;
            let rise = spread.spread(class, &rises[lines..]);
            let inverse = spread.spread(class, &inverses[lines..]);
            let slope = self.east[i].mul_add(east, self.north[i] * north);
            let tangent = (rise - self.above[i] * inverse).max(slope).max(near[i]);
            ((tangent * steps).min(most) + round).put(&mut tangents[i * LANES..]);
        }
        for i in 0..EDGE {
            to[i] = tangents[i].to_bits() as u16 as i16;
        }
    }
}

impl Table {
    /// Takes a band of four rows of a direction, the n-th from the top, or from the west where rows run `across`.
    #[inline(always)]
    fn take(&mut self, direction: usize, rows: &[[i16; EDGE]; SIDE], band: usize, across: bool) {
        let lines = &mut self.lines[direction];
        let (lowest, highest) = (&mut self.lowest[direction], &mut self.highest[direction]);
        let (mut low, mut high) = (rows[0], rows[0]);
        for row in &rows[1..] {
            for i in 0..EDGE {
                low[i] = low[i].min(row[i]);
                high[i] = high[i].max(row[i]);
            }
        }
        for along in 0..ACROSS {
            let at = along * SIDE;
            let block = if across { along * ACROSS + band } else { band * ACROSS + along };
            let cells = &mut lines[block];
            for (j, row) in rows.iter().enumerate() {
                if across {
                    for i in 0..SIDE {
                        cells[i * SIDE + j] = row[at + i];
                    }
                } else {
                    cells[j * SIDE..(j + 1) * SIDE].copy_from_slice(&row[at..at + SIDE]);
                }
            }
            let least = low[at].min(low[at + 1]).min(low[at + 2].min(low[at + 3]));
            let most = high[at].max(high[at + 1]).max(high[at + 2].max(high[at + 3]));
            lowest[block] = f32::from(least);
            highest[block] = f32::from(most);
        }
    }
}

/// How the columns of a row lie between lines: the same for each vector of columns.
struct Spread<C: Simd> {
    here: C::Places,
    next: C::Places,
    weight: Lanes<C>,
}

impl<C: Simd> Spread<C> {
    #[inline(always)]
    fn new(class: C, between: &Between) -> Self {
        let (mut here, mut next, mut weight) = ([0; LANES], [0; LANES], [0.0; LANES]);
        for i in 0..LANES {
            let column = between.skip + i;
            here[i] = (column / SPACING) as i32;
            next[i] = here[i] + 1;
            weight[i] = ((column % SPACING) as f32 + between.part) / SPACING as f32;
        }
        let weight = Lanes::load(class, &weight);
        Self { here: class.places(&here), next: class.places(&next), weight }
    }

    /// Values at the lines, spread to the columns.
    #[inline(always)]
    fn spread(&self, class: C, lines: &[f32]) -> Lanes<C> {
        let here = Lanes::pick(class, lines, self.here);
        self.weight.mul_add(Lanes::pick(class, lines, self.next) - here, here)
    }
}

/// One kernel call: the horizons of a patch.
pub(super) struct Find<'a> {
    pub horizons: &'a Horizons,
    pub terrain: &'a Terrain,
    pub patch: &'a mut Patch,
    /// The window's cell in its north-west corner.
    pub corner: (usize, usize),
    pub folded: bool,
}

impl Kernel for Find<'_> {
    type Output = ();

    #[inline(always)]
    fn run<C: Simd>(self, class: C) {
        self.patch.take_ground(self.terrain, self.corner);
        for quarter in &self.horizons.quarters {
            self.patch.find(class, self.horizons, quarter, self.corner, self.folded);
        }
    }
}
