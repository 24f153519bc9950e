//! What is measured on a terrain, and what is asked of it.

use alpsckpt::engine::{Physics, Product, Summing};

use crate::Outcome;
use crate::engine_side::{Horizons, Maps, open, request};
use crate::oracle::flat_earth;
use crate::pixels::{Truth, look, pick};
use crate::positions;
use crate::report::Bound::{self, AtLeast, AtMost, Within};
use crate::report::{MonthLine, Row, Section, month_name};
use crate::spread::Spread;
use crate::terrain::Terrain;

/// Edge of the window in which every step is looked at by the engine itself, cells.
const WINDOW: usize = 256;
/// Edge of the work tiles with the default halo: small ones, beyond which much of the terrain is not seen.
const SMALL_TILE: u32 = 256;
/// The temperature takes this quotient for smaller ones.
const LEAST_QUOTIENT: f64 = 0.02;
const FLAT: &str = "% of flat";
/// Direct radiation, and what it is measured by.
const PRODUCTS: [Product; 2] = [Product::Direct, Product::TotalFlat];

/// Which bounds are asked for at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    All,
    /// Of radiation that of December only.
    December,
}

impl Asked {
    fn bound(self, bound: Bound) -> Option<Bound> {
        (self == Self::All).then_some(bound)
    }
}

pub(crate) fn measure(terrain: &Terrain, pixels: usize, asked: Asked) -> Outcome<Section> {
    let cells = pick(terrain, pixels)?;
    let products = [Product::SkyView, Product::Direct, Product::TotalFlat, Product::Quotient];
    // As far as the oracle looks: over the whole terrain.
    let model = Physics { horizon_distance: terrain.farthest(), ..flat_earth() };
    let engine = open(terrain, request(terrain, terrain.mapped, None, &products, model), terrain.mapped)?;
    let maps = Maps::of(&engine)?;
    let at: Vec<(usize, usize)> =
        cells.iter().map(|cell| (cell.at.0 - terrain.mapped.x, cell.at.1 - terrain.mapped.y)).collect();
    let truths = look(terrain, &cells, &Horizons::of(&engine, &at)?)?;
    let months: Vec<MonthLine> = (0..12).map(|month| month_line(&maps, &truths, month)).collect();
    let mut rows = direct(&maps, &truths, &months, asked);
    if asked == Asked::All {
        rows.extend(halo(terrain, &truths)?);
        rows.push(look_ups(terrain)?);
    }
    rows.push(sky_view(&maps, &truths, asked));
    rows.push(temperature(&maps, &truths, asked));
    rows.extend(visibility(&truths, &months, asked));
    rows.extend(positions::rows(terrain, &engine)?);
    Ok(Section { terrain: terrain.name.clone(), pixels, rows, months })
}

/// Errors of direct radiation in a month (from 0) in percent of what level ground gets.
fn direct_errors(maps: &Maps, truths: &[Truth], month: usize) -> impl Iterator<Item = f64> {
    let (direct, flat) = (format!("direct_m{:02}", month + 1), format!("total_m{:02}_flat", month + 1));
    truths.iter().map(move |truth| {
        let error = maps.at(&direct, truth.at) - truth.months[month].direct;
        100.0 * error / maps.at(&flat, truth.at)
    })
}

/// Errors of the temperature in a month (from 0) for c = 1, K: of S - 1/S.
fn temperature_errors(maps: &Maps, truths: &[Truth], month: usize) -> impl Iterator<Item = f64> {
    let quotient = format!("quotient_m{:02}", month + 1);
    let term = |quotient: f64| {
        let s = quotient.max(LEAST_QUOTIENT);
        s - 1.0 / s
    };
    truths.iter().map(move |truth| term(maps.at(&quotient, truth.at)) - term(truth.quotient(month)))
}

fn month_line(maps: &Maps, truths: &[Truth], month: usize) -> MonthLine {
    let direct = Spread::of(direct_errors(maps, truths, month));
    let temperature = Spread::of(temperature_errors(maps, truths, month));
    MonthLine {
        month: month + 1,
        direct_rms: direct.rms,
        direct_p99: direct.p99,
        direct_bias: direct.bias,
        direct_max: direct.most,
        temperature_rms: temperature.rms,
        visibility_agrees: agreement(truths, |truth| (truth.agreed[month], truth.steps[month])),
    }
}

fn year_of_direct(maps: &Maps, truths: &[Truth]) -> Spread {
    Spread::of((0..12).flat_map(|month| direct_errors(maps, truths, month)))
}

fn direct(maps: &Maps, truths: &[Truth], months: &[MonthLine], asked: Asked) -> Vec<Row> {
    let bounds = [AtMost(0.25), AtMost(1.0), Within(0.06)].map(|bound| asked.bound(bound));
    let year = Row::new("direct radiation, year", FLAT, 3).spread(year_of_direct(maps, truths), bounds);
    let worst = months.iter().max_by(|a, b| a.direct_rms.total_cmp(&b.direct_rms));
    let month = |month: Option<&MonthLine>, bound| {
        let (name, rms) = month.map_or(("none", f64::NAN), |m| (month_name(m.month), m.direct_rms));
        Row::new(format!("direct radiation, {name}"), FLAT, 3).with("rms", rms, Some(bound))
    };
    let by_month = match asked {
        Asked::All => {
            let mut row = month(worst, AtMost(0.6));
            row.what += " (the worst month)";
            row
        }
        Asked::December => month(months.last(), AtMost(0.8)),
    };
    vec![year, by_month]
}

/// What the default halo costs: the engine with it against the oracle, and the oracle with and without what stands
/// beyond; nothing where all of the terrain lies within.
fn halo(terrain: &Terrain, truths: &[Truth]) -> Outcome<Vec<Row>> {
    let reach = flat_earth().horizon_distance;
    if terrain.farthest() <= reach {
        return Ok(Vec::new());
    }
    let request = request(terrain, terrain.mapped, Some(SMALL_TILE), &PRODUCTS, flat_earth());
    let maps = Maps::of(&open(terrain, request, terrain.mapped)?)?;
    let reach = reach / 1000.0;
    let what = format!("direct radiation, year, {reach} km around tiles of {SMALL_TILE} cells");
    let against_truth = Row::new(what, FLAT, 3).spread(year_of_direct(&maps, truths), [None; 3]);
    let lost = truths.iter().flat_map(|truth| {
        let months = truth.months.iter().zip(&truth.within_reach);
        months.map(|(all, within)| 100.0 * (within.direct - all.direct) / all.flat)
    });
    let what = format!("of it what stands beyond {reach} km from a cell");
    let alone = Row::new(what, FLAT, 4).spread(Spread::of(lost), [None; 3]);
    Ok(vec![against_truth, alone])
}

/// Differences of direct radiation in a month (from 1) between maps of the same cells, percent of what level ground gets.
fn differences(a: &Maps, b: &Maps, month: usize) -> Vec<f64> {
    let (direct, flat) = (format!("direct_m{month:02}"), format!("total_m{month:02}_flat"));
    let pairs = a.all(&direct).iter().zip(b.all(&direct)).zip(b.all(&flat));
    let differences = pairs.map(|((a, b), flat)| 100.0 * f64::from(a - b) / f64::from(*flat));
    // Missing cells are missing in both.
    differences.filter(|difference| !difference.is_nan()).collect()
}

/// The engine's sums by look-up against its own sums of single steps, over a window in the middle.
fn look_ups(terrain: &Terrain) -> Outcome<Row> {
    let part = terrain.mapped.core(WINDOW);
    let maps = |summing| {
        let model = Physics { summing, ..flat_earth() };
        Maps::of(&open(terrain, request(terrain, part, None, &PRODUCTS, model), part)?)
    };
    let (fast, exact) = (maps(Summing::LookUp)?, maps(Summing::Exact)?);
    let errors = |month| differences(&fast, &exact, month);
    let year = Spread::of((1..=12).flat_map(errors));
    let worst = (1..=12).map(|month| (Spread::of(errors(month)).rms, month));
    let worst = worst.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::NAN, 0));
    let row = Row::new("look-ups against single steps, year", FLAT, 4);
    Ok(row
        .with("rms", year.rms, Some(AtMost(0.05)))
        .with(format!("rms in {}", month_name(worst.1)), worst.0, None)
        .with("max", year.most, None))
}

fn sky_view(maps: &Maps, truths: &[Truth], asked: Asked) -> Row {
    let errors = truths.iter().map(|truth| maps.at("svf", truth.at) - truth.sky_view);
    Row::new("sky view factor", "", 5).spread(Spread::of(errors), [asked.bound(AtMost(0.001)), None, None])
}

fn temperature(maps: &Maps, truths: &[Truth], asked: Asked) -> Row {
    let errors = (0..12).flat_map(|month| temperature_errors(maps, truths, month));
    let bounds = [asked.bound(AtMost(0.01)), asked.bound(AtMost(0.04)), None];
    Row::new("temperature with c = 1, year", "K", 4).spread(Spread::of(errors), bounds)
}

/// Percent of steps.
fn agreement(truths: &[Truth], of: impl Fn(&Truth) -> (u64, u64)) -> f64 {
    let (agreed, steps) = truths.iter().map(of).fold((0, 0), |(a, s), (b, t)| (a + b, s + t));
    100.0 * agreed as f64 / steps as f64
}

fn visibility(truths: &[Truth], months: &[MonthLine], asked: Asked) -> Vec<Row> {
    let year = agreement(truths, |truth| (truth.agreed.iter().sum(), truth.steps.iter().sum()));
    let worst = months.iter().min_by(|a, b| a.visibility_agrees.total_cmp(&b.visibility_agrees));
    let (name, least) = worst.map_or(("none", f64::NAN), |m| (month_name(m.month), m.visibility_agrees));
    let row = |what: String, agrees, bound| {
        Row::new(what, "% of daylight steps", 3).with("agrees", agrees, asked.bound(bound))
    };
    vec![
        row("sun visible, year".to_owned(), year, AtLeast(99.8)),
        row(format!("sun visible, {name} (the worst month)"), least, AtLeast(99.6)),
    ]
}
