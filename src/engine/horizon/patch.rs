//! The horizons of a patch of cells: near and far part put together, direction by direction.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::lanes::{LANES, Lanes, Simd};
use super::super::terrain::{ABYSS, Terrain};
use super::super::vector::Kernel;
use super::frame::SPACING;
use super::horizons::Horizons;
use super::lattice::Between;
use super::local::Local;
use super::near::{Before, HeightScale, Own, PatchRow, Ring};
use super::quarter::Quarter;
use super::sizes::{BLOCKS, CELLS, EDGE, ROOM, SIDE, STEPS};
use super::table::Table;

/// Taller than all ground: from there no horizon stands above the horizontal.
const ON_TOP: f32 = 1.0e6;

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
struct Find<'a> {
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

impl Horizons {
    /// Finds the horizons of the patch whose first cell is `corner` of the terrain's window; `folded`: with what each
    /// cell's own slope hides.
    pub(in super::super) fn patch(
        &self,
        terrain: &Terrain,
        corner: (usize, usize),
        folded: bool,
        patch: &mut Patch,
    ) {
        self.vectors.run(Find { horizons: self, terrain, patch, corner, folded });
    }
}
