//! Shadows of walls on level ground.

use super::*;
use crate::engine::sun::{Position, Sun};

/// Which way a wall's shadow falls.
#[derive(Debug, Clone, Copy)]
enum ShadowSide {
    West,
    North,
    East,
}

/// Cells from the wall to the end of the square.
const ROOM: usize = 90;

/// Where the sun stands behind a wall on level ground.
#[derive(Debug, Clone, Copy)]
struct Behind {
    side: ShadowSide,
    /// Height of the wall, m.
    wall: f64,
    /// Length of its shadow upright to it, cells.
    shadow: f64,
    /// How far the sun stands aside of upright to the wall, degrees.
    aside: f64,
}

impl Behind {
    fn sun(self) -> Position {
        let south: f64 = match self.side {
            ShadowSide::West => -90.0,
            ShadowSide::North => 0.0,
            ShadowSide::East => 90.0,
        };
        let aside = self.aside.to_radians();
        let height = (self.wall * aside.cos() / (self.shadow * CELL)).atan();
        Position { height, azimuth: (180.0 + south).to_radians() + aside }
    }

    /// Cells from the wall to a cell of the ground.
    fn distance(self, x: usize, y: usize) -> f64 {
        match self.side {
            ShadowSide::West => (TILE.x0 + ROOM) as f64 - x as f64,
            ShadowSide::North => (TILE.y0 + ROOM) as f64 - y as f64,
            ShadowSide::East => x as f64 - (TILE.x1 - 1 - ROOM) as f64,
        }
    }

    /// How far from the wall cells of the square are lit although the shadow should reach them or dark
    /// although it should not; half a cell is left to the table's directions and steps.
    fn wrong(self) -> Vec<f64> {
        let model = Physics { curved: false, ..Physics::default() };
        let (latitude, _) = geography(&model).place(127.5, 127.5).unwrap();
        let z = |x, y| if self.distance(x, y) <= 0.0 { 500.0 + self.wall as f32 } else { 500.0 };
        let month = Month::moment(Sun::seen(self.sun(), latitude));
        let direct = &Maps::of(&ground(z), &[month], &model).months[0].direct;
        let cells = direct
            .iter()
            .enumerate()
            .map(|(i, direct)| (self.distance(TILE.x0 + i % WIDTH, TILE.y0 + i / WIDTH), *direct > 0.0));
        // The cell beside the wall is itself steep.
        let sure = |cells: f64| cells > 1.0 && (cells - self.shadow).abs() > 0.5;
        let wrong = cells.filter(|(cells, lit)| sure(*cells) && *lit != (*cells > self.shadow));
        let mut wrong: Vec<f64> = wrong.map(|(cells, _)| cells).collect();
        wrong.sort_by(f64::total_cmp);
        wrong.dedup();
        wrong
    }
}

#[test]
fn a_walls_shadow_is_as_long_as_its_height_over_the_suns_tangent() {
    let sides = prop::sample::select(vec![ShadowSide::West, ShadowSide::North, ShadowSide::East]);
    let suns = (sides, 30.0..1000.0, 3.0..ROOM as f64, -30.0..30.0);
    let suns = suns.prop_map(|(side, wall, shadow, aside)| Behind { side, wall, shadow, aside });
    let suns = suns.prop_filter("lower than 75 degrees", |behind| behind.sun().height < 1.3);
    let test = |behind: Behind| {
        let wrong = behind.wrong();
        prop_assert!(wrong.is_empty(), "{:?}: {wrong:?}", behind.sun());
        Ok(())
    };
    cases(24).run(&suns, test).unwrap();
}

#[test]
fn a_wall_of_more_than_a_kilometre_throws_all_of_its_shadow() {
    for (wall, shadow) in [(1100.0, 28.0), (1300.0, 24.0), (1900.0, 20.0), (2500.0, 28.0)] {
        let behind = Behind { side: ShadowSide::West, wall, shadow, aside: 10.0 };
        let wrong = behind.wrong();
        assert!(wrong.is_empty(), "{wall} m, {:?}: {wrong:?}", behind.sun());
    }
}
