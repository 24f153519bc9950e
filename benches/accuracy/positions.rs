//! The sun's position against SPA.

use std::f64::consts::TAU;

use alpsckpt::engine::{Engine, Problem};

use crate::Outcome;
use crate::oracle::ground::Place;
use crate::oracle::suns::Year;
use crate::report::Bound::AtMost;
use crate::report::Row;
use crate::terrain::Terrain;

/// From the middle of the largest patch of cells that share a sun to the centres of its corners, cells.
const CORNER: f64 = 63.5;

/// Over the year, above the horizon: where the engine asks for the sun, and at the corner of a patch that shares it.
pub(crate) fn rows(terrain: &Terrain, engine: &Engine) -> Outcome<Vec<Row>> {
    let nowhere = || Problem::new(&terrain.source, "has no sun", "check its coordinates");
    let year = Year::of(&terrain.placement, terrain.mapped.middle()).ok_or_else(nowhere)?;
    let (width, height) = (terrain.mapped.width as f64, terrain.mapped.height as f64);
    let middle = (width / 2.0, height / 2.0);
    let error = |cell: (f64, f64), beside: (f64, f64)| {
        let (column, row) = (terrain.mapped.x as f64 + cell.0, terrain.mapped.y as f64 + cell.1);
        let place = terrain.ground.place(column + beside.0, row + beside.1)?;
        worst(&year, place, engine, cell)
    };
    let all = |errors: Vec<Option<(f64, f64)>>| {
        let most = |a: (f64, f64), b: (f64, f64)| (a.0.max(b.0), a.1.max(b.1));
        errors.into_iter().try_fold((0.0, 0.0), |worst, error| Some(most(worst, error?)))
    };
    let corners = [(0.0, 0.0), (width - 1.0, 0.0), (0.0, height - 1.0), (width - 1.0, height - 1.0), middle];
    let exact = all(corners.map(|cell| error(cell, (0.0, 0.0))).to_vec()).ok_or_else(nowhere)?;
    let off = [(-CORNER, -CORNER), (CORNER, -CORNER), (-CORNER, CORNER), (CORNER, CORNER)];
    let shared = all(off.map(|beside| error(middle, beside)).to_vec()).ok_or_else(nowhere)?;
    let row = |what, (height, azimuth), bounds: Option<(f64, f64)>| {
        Row::new(what, "°", 4).with("height", height, bounds.map(|b| AtMost(b.0))).with(
            "azimuth",
            azimuth,
            bounds.map(|b| AtMost(b.1)),
        )
    };
    Ok(vec![
        row("sun's position, at most", exact, Some((0.02, 0.03))),
        row("the same at the corner of a patch of 128 cells", shared, None),
    ])
}

/// The largest errors of height and azimuth over the year, degrees; `None` where the engine has no sun.
fn worst(year: &Year, place: Place, engine: &Engine, cell: (f64, f64)) -> Option<(f64, f64)> {
    // From true north on both sides.
    let suns = year.suns(&Place { turn: 0.0, ..place });
    suns.iter().try_fold((0.0_f64, 0.0_f64), |(high, wide), sun| {
        let (height, azimuth) = engine.sun(sun.month as u8 + 1, sun.step, cell)?;
        let turn = (azimuth - sun.azimuth + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
        Some((high.max((height - sun.height).abs().to_degrees()), wide.max(turn.abs().to_degrees())))
    })
}
