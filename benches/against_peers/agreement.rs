//! Whether the programs compute the same thing.

use serde::Serialize;

use crate::cost::Peer;
use crate::{Outcome, Run, ours, tile};

/// One of a peer's maps beside ours.
#[derive(Debug, Serialize)]
pub(crate) struct Agreement {
    pub(crate) what: String,
    /// Our mean over theirs.
    pub(crate) means: f64,
    /// Root mean square of the differences, in percent of their mean.
    pub(crate) rms_percent: f64,
    /// Coefficient of correlation.
    pub(crate) r: f64,
    /// Whether they agree as far as they should.
    pub(crate) holds: bool,
}

/// How far maps may be apart: the means by a part of them, and the least correlation.
#[derive(Clone, Copy)]
struct Bounds {
    means: f64,
    r: f64,
}

/// SAGA's air is ours; its shadows go by cells, and its mornings are those of the day before.
const SAGA: Bounds = Bounds { means: 0.02, r: 0.99 };
/// One day times 31 is not quite a month.
const SAGA_DAY: Bounds = Bounds { means: 0.06, r: 0.98 };
/// Level ground has hardly any differences to correlate.
const LEVEL: Bounds = Bounds { r: -1.0, ..SAGA };
const LEVEL_DAY: Bounds = Bounds { r: -1.0, ..SAGA_DAY };
/// Another clear sky.
const GRASS: Bounds = Bounds { means: 0.4, r: 0.9 };
const GRASS_LEVEL: Bounds = Bounds { r: -1.0, ..GRASS };

/// All maps of the peers beside ours.
pub(crate) fn of(run: &Run, saga: &Peer, grass: &Peer) -> Outcome<Vec<Agreement>> {
    let mut all = Vec::new();
    if let Some(sky_view) = &saga.sky_view {
        let own = tile::read_bare(&ours::map(run, "svf"))?;
        all.push(Agreement::new("sky view, SAGA".into(), &own, sky_view, SAGA));
    }
    let bounds = if run.quick { (SAGA_DAY, LEVEL_DAY) } else { (SAGA, LEVEL) };
    for (peer, name, bounds) in [(saga, "SAGA", bounds), (grass, "GRASS", (GRASS, GRASS_LEVEL))] {
        for maps in &peer.maps {
            let layer = |flat: &str| format!("total_m{:02}{flat}", maps.period.month);
            let own = |flat: &str| tile::read_bare(&ours::map(run, &layer(flat)));
            let what = |ground: &str| format!("{}, {ground}, {name}", maps.period.name());
            all.push(Agreement::new(what("terrain"), &own("")?, &maps.terrain, bounds.0));
            all.push(Agreement::new(what("level ground"), &own("_flat")?, &maps.level, bounds.1));
        }
    }
    Ok(all)
}

impl Agreement {
    fn new(what: String, ours: &[f32], theirs: &[f32], bounds: Bounds) -> Self {
        let pairs: Vec<(f64, f64)> = ours
            .iter()
            .zip(theirs)
            .filter(|(a, b)| !a.is_nan() && !b.is_nan())
            .map(|(a, b)| (f64::from(*a), f64::from(*b)))
            .collect();
        let count = pairs.len() as f64;
        let mean = |of: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(a, b)| of(*a, *b)).sum::<f64>() / count;
        let (a, b) = (mean(&|a, _| a), mean(&|_, b| b));
        let (var_a, var_b) = (mean(&|x, _| (x - a).powi(2)), mean(&|_, y| (y - b).powi(2)));
        let r = mean(&|x, y| (x - a) * (y - b)) / (var_a * var_b).sqrt();
        let r = if r.is_nan() { 0.0 } else { r };
        let rms = mean(&|x, y| (x - y).powi(2)).sqrt();
        // Cells at the very edge may have no slope; more must not be missing. A NaN does not hold.
        let complete = pairs.len() >= theirs.len() * 98 / 100;
        let holds = complete && (a / b - 1.0).abs() <= bounds.means && r >= bounds.r;
        Self { what, means: a / b, rms_percent: 100.0 * rms / b, r, holds }
    }
}
