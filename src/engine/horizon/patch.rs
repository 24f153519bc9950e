//! The skylines of a patch of cells: near and far part put together, direction by direction.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::lanes::{Class, LANES, Lanes};
use super::super::terrain::{ABYSS, Terrain};
use super::super::vector::Kernel;
use super::far::Between;
use super::frame::SPACING;
use super::near::{Ring, Row};
use super::{Quarter, STEPS, Skylines};

/// Edge of a patch, cells.
pub(in super::super) const EDGE: usize = 64;

/// Cells of a patch.
pub(in super::super) const CELLS: usize = EDGE * EDGE;

/// Room around a patch, cells: near skylines, and slopes.
pub(super) const ROOM: usize = super::near::REACH + 1;

/// Edge of a block, cells: cells that lie together share much of their skylines. Within a block they lie row by row, in
/// the lanes of the kernels.
pub(in super::super) const SIDE: usize = 4;

/// Blocks across a patch, and in it, row by row.
pub(in super::super) const ACROSS: usize = EDGE / SIDE;
pub(in super::super) const BLOCKS: usize = ACROSS * ACROSS;

/// Taller than all ground: from there no skyline stands above the horizontal.
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
    /// Cells of a row, and some more that nobody looks at.
    pub(super) const STRIDE: usize = EDGE + 2 * ROOM + 16;

    fn new() -> Self {
        Self {
            z: vec![[ABYSS; Self::STRIDE]; EDGE + 2 * ROOM],
            east: vec![[0.0; EDGE]; EDGE],
            north: vec![[0.0; EDGE]; EDGE],
        }
    }
}

/// The skylines of a patch and what kernels need of its ground. Kept from patch to patch for its memory.
#[derive(Debug)]
pub(in super::super) struct Patch {
    /// For each direction the cells' tangents in [`STEPS`], block by block: what stands higher hides what shines there.
    pub lines: Vec<[[i16; LANES]; BLOCKS]>,
    /// For each direction and block the lowest and the highest.
    pub lowest: Vec<[f32; BLOCKS]>,
    pub highest: Vec<[f32; BLOCKS]>,
    /// Heights, m, and height gained per metre eastwards and northwards, row by row; level where terrain is missing.
    pub heights: Vec<f32>,
    pub east: Vec<f32>,
    pub north: Vec<f32>,
    upright: Local,
    across: Local,
    ring: Ring,
    band: Vec<[[i16; EDGE]; SIDE]>,
}

impl Patch {
    /// For tables of so many directions.
    pub(in super::super) fn new(directions: usize) -> Self {
        Self {
            lines: vec![[[0; LANES]; BLOCKS]; directions],
            lowest: vec![[0.0; BLOCKS]; directions],
            highest: vec![[0.0; BLOCKS]; directions],
            heights: vec![0.0; CELLS],
            east: vec![0.0; CELLS],
            north: vec![0.0; CELLS],
            upright: Local::new(),
            across: Local::new(),
            ring: Ring::new(),
            band: vec![[[0; EDGE]; SIDE]; directions],
        }
    }

    /// Takes the ground around the cells from `(x, y)` of the window on.
    pub(super) fn take_ground(&mut self, terrain: &Terrain, (x, y): (usize, usize)) {
        let from = x.saturating_sub(ROOM);
        let to = (x + EDGE + ROOM + 1).min(terrain.width).max(from);
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
        self.slopes(terrain.cell as f32);
    }

    /// Central differences, as [`Terrain::gradient`] has them.
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

    /// Finds the skylines of the directions of one main axis; `folded`: what lies behind a cell's own slope is hidden too.
    #[inline(always)]
    fn find<C: Class>(
        &mut self,
        class: C,
        skylines: &Skylines,
        quarter: &Quarter,
        (x, y): (usize, usize),
        folded: bool,
    ) {
        let Self { upright, across, ring, band, lines, lowest, highest, .. } = self;
        let local = if quarter.across { &*across } else { &*upright };
        let (row, column) = if quarter.across { (x, y) } else { (y, x) };
        for number in 0..ROOM - 1 {
            ring.push(class, number, &quarter.parts, row_of(local, quarter.forward, number + 1));
        }
        for step in 0..EDGE {
            let number = step + ROOM - 1;
            let line = if quarter.forward { EDGE - 1 - step } else { step };
            let ground = RowGround::new(class, local, line);
            for look in &quarter.looks {
                let near = ring.tangents(class, number, &look.march, &ground.own);
                let lattice = &skylines.lattices[look.direction];
                let between = lattice.between(class, lattice.geometry.numbered(row + line), column);
                let slope = if folded { look.unit } else { (0.0, 0.0) };
                let to = &mut band[look.direction][line % SIDE];
                ground.highest(class, near, &between, slope, to);
            }
            if line % SIDE == if quarter.forward { 0 } else { SIDE - 1 } {
                store(band, quarter, line / SIDE, (lines, lowest, highest));
            }
            ring.push(class, number, &quarter.parts, row_of(local, quarter.forward, step + ROOM));
        }
    }
}

/// The ground along a row of the patch.
struct RowGround<C: Class> {
    own: Row<C>,
    east: Row<C>,
    north: Row<C>,
}

impl<C: Class> RowGround<C> {
    #[inline(always)]
    fn new(class: C, local: &Local, line: usize) -> Self {
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
        Self { own, east: row(&local.east[line]), north: row(&local.north[line]) }
    }

    /// The highest of the near and far skylines and the cells' own slope in a direction, in steps of the table.
    #[inline(always)]
    fn highest(
        &self,
        class: C,
        near: Row<C>,
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
            let tangent = (rise - self.own[i] * inverse).max(slope).max(near[i]);
            ((tangent * steps).min(most) + round).put(&mut tangents[i * LANES..]);
        }
        for i in 0..EDGE {
            to[i] = tangents[i].to_bits() as u16 as i16;
        }
    }
}

/// Puts a band of four rows of the quarter's frame to their blocks.
#[inline(always)]
fn store(
    rows: &[[[i16; EDGE]; SIDE]],
    quarter: &Quarter,
    band: usize,
    (lines, lowest, highest): (&mut [[[i16; LANES]; BLOCKS]], &mut [[f32; BLOCKS]], &mut [[f32; BLOCKS]]),
) {
    for look in &quarter.looks {
        let rows = &rows[look.direction];
        let lines = &mut lines[look.direction];
        let (mut low, mut high) = (rows[0], rows[0]);
        for row in &rows[1..] {
            for i in 0..EDGE {
                low[i] = low[i].min(row[i]);
                high[i] = high[i].max(row[i]);
            }
        }
        for along in 0..ACROSS {
            let at = along * SIDE;
            let block = if quarter.across { along * ACROSS + band } else { band * ACROSS + along };
            let cells = &mut lines[block];
            for (j, row) in rows.iter().enumerate() {
                if quarter.across {
                    for i in 0..SIDE {
                        cells[i * SIDE + j] = row[at + i];
                    }
                } else {
                    cells[j * SIDE..(j + 1) * SIDE].copy_from_slice(&row[at..at + SIDE]);
                }
            }
            let least = low[at].min(low[at + 1]).min(low[at + 2].min(low[at + 3]));
            let most = high[at].max(high[at + 1]).max(high[at + 2].max(high[at + 3]));
            lowest[look.direction][block] = f32::from(least);
            highest[look.direction][block] = f32::from(most);
        }
    }
}

/// A row of the surroundings, counted away from the horizon.
#[inline(always)]
fn row_of(local: &Local, forward: bool, number: usize) -> &[f32; Local::STRIDE] {
    &local.z[if forward { EDGE + 2 * ROOM - 1 - number } else { number }]
}

/// How the columns of a row lie between lines: the same for each vector of columns.
struct Spread<C: Class> {
    here: C::Places,
    next: C::Places,
    weight: Lanes<C>,
}

impl<C: Class> Spread<C> {
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

/// One kernel call: the skylines of a patch whose ground has been taken.
pub(super) struct Find<'a> {
    pub skylines: &'a Skylines,
    pub patch: &'a mut Patch,
    /// The window's cell in its north-west corner.
    pub corner: (usize, usize),
    pub folded: bool,
}

impl Kernel for Find<'_> {
    type Output = ();

    #[inline(always)]
    fn run<C: Class>(self, class: C) {
        for quarter in &self.skylines.quarters {
            self.patch.find(class, self.skylines, quarter, self.corner, self.folded);
        }
    }
}
