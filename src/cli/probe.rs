//! What a campaign costs on this machine, measured on a small window in the middle of its region.

use std::time::Instant;

use super::window::{Window, centre_of, compute};
use super::{Failure, failure};
use crate::campaign::plan::{self, Facts};
use crate::campaign::spec::{Loaded, Mode, MonthsPerChain, Profile, Spec};
use crate::engine::geotiff::{Encoding, Raster, encode_block};
use crate::engine::grid::Grid;
use crate::engine::{Engine, Layer, MapRequest};
use crate::job::{entry, request};

/// Longest edge of what is measured, cells: with SAGA's shadows a cell takes ten thousand times as long, and the terrain
/// around counts less.
fn edge(spec: &Spec) -> u32 {
    match spec.mode {
        Mode::Default => 1024,
        Mode::AsSaga => 64,
    }
}

/// The spec with all that it leaves open settled; measures only where that depends on this machine's speed. The inputs must
/// have been checked.
pub(super) fn settle(spec: &Spec) -> Result<Spec, Failure> {
    if spec.months_per_chain == MonthsPerChain::Auto {
        return Ok(plan::settle(spec, &measure(spec, room(spec)?)?));
    }
    let (tile, _) = room(spec)?;
    Ok(Spec { tile: spec.tile.or(Some(tile)), ..spec.clone() })
}

/// The edge of a work tile, cells, and the engine of the job of the campaign that takes most memory: one of its longest
/// chain, all months where that is not settled.
fn room(spec: &Spec) -> Result<(u32, Engine), Failure> {
    let chains = spec.chains().into_iter().map(|chain| chain.months);
    let longest = match spec.months_per_chain {
        MonthsPerChain::Count(_) => chains.max_by_key(Vec::len).unwrap_or_default(),
        MonthsPerChain::Auto => spec.sorted_months(),
    };
    // The sky view goes with one of the chains, perhaps not with this one.
    let request = MapRequest { products: spec.products.clone(), ..request::request(spec, &longest) };
    let engine = Engine::open_examined(request)?;
    let tile = spec.tile.unwrap_or_else(|| engine.fitting_tile(entry::threads(spec)));
    Ok((tile, engine))
}

/// Whether a job has room on a node of the campaign's site, where that is known. The inputs must have been checked.
pub(super) fn check_memory(loaded: &Loaded) -> Result<(), Failure> {
    let spec = &loaded.spec;
    let Some(site) = spec.profile().filter(|site| site.memory_gb.is_some()) else { return Ok(()) };
    let (tile, engine) = room(spec)?;
    fits(loaded, site, tile, &engine)
}

fn fits(loaded: &Loaded, site: &Profile, tile: u32, engine: &Engine) -> Result<(), Failure> {
    let spec = &loaded.spec;
    let threads = threads(spec);
    let bytes = engine.peak_memory(tile, threads);
    loaded
        .too_large(site, threads, bytes)
        .map_or(Ok(()), |error| Err(Failure::spec(failure::INPUT, vec![error])))
}

/// Measures, where a job has room on a node of the campaign's site. The inputs must have been checked.
pub(super) fn facts(loaded: &Loaded) -> Result<Facts, Failure> {
    let (tile, engine) = room(&loaded.spec)?;
    if let Some(site) = loaded.spec.profile() {
        fits(loaded, site, tile, &engine)?;
    }
    measure(&loaded.spec, (tile, engine))
}

/// Cores that a job computes with: the file's, else all of a node of the site, else as many as this machine has.
fn threads(spec: &Spec) -> u32 {
    spec.threads.or_else(|| spec.profile()?.cores).unwrap_or_else(|| entry::threads(spec))
}

/// What one of the longest jobs takes, on this machine.
fn measure(spec: &Spec, (tile, engine): (u32, Engine)) -> Result<Facts, Failure> {
    let memory_bytes = engine.peak_memory(tile, threads(spec));
    let spec = &Spec { tile: Some(tile), ..spec.clone() };
    let whole = Engine::open_examined(request::request(spec, &spec.months))?;
    let terrain = Raster::open(&spec.dem)?;
    let tiling = whole.tiling();
    let size = edge(spec).min(tiling.width).min(tiling.height);
    let window = Window::around(terrain.placement(), centre_of(spec, &terrain)?, size).ok_or_else(|| {
        Failure::new(failure::INPUT, "the region reaches beyond the terrain", "make `region` smaller")
    })?;
    let first = spec.months.get(..1).unwrap_or_default();
    let (one, bytes_per_cell) = measured(spec, &window, first)?;
    let two = match spec.months.get(..2) {
        Some(months) => measured(spec, &window, months)?.0,
        None => one,
    };
    let cells = f64::from(size).powi(2);
    // With n months a cell takes horizons + n * month; with one month only their sum is known.
    let month = if spec.months.len() < 2 { one } else { (two - one).max(0.0) };
    Ok(Facts {
        cells: u64::from(tiling.width) * u64::from(tiling.height),
        tiles: tiling.count(),
        tile,
        memory_bytes,
        maps_per_month: maps(whole.layers(), |l| l.month == spec.months.first().copied()),
        maps_once: maps(whole.layers(), |l| l.month.is_none()),
        horizon_ns: (one - month).max(0.0) * 1e9 / cells,
        month_ns: month * 1e9 / cells,
        bytes_per_cell,
        threads: threads(spec),
    })
}

fn maps(layers: &[Layer], which: impl Fn(&&Layer) -> bool) -> u32 {
    layers.iter().filter(which).count() as u32
}

/// Seconds of one core for these months in the window, and the bytes of a cell of their maps.
fn measured(spec: &Spec, window: &Window, months: &[u8]) -> Result<(f64, f64), Failure> {
    let engine = Engine::open(window.request(spec, months))?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(Failure::defect)?;
    let begin = Instant::now();
    let grids = pool.install(|| compute(&engine))?;
    Ok((begin.elapsed().as_secs_f64(), bytes_per_cell(spec, engine.layers(), &grids)))
}

fn bytes_per_cell(spec: &Spec, layers: &[Layer], grids: &[Grid]) -> f64 {
    let cells: usize = grids.iter().map(|g| g.values.len()).sum();
    let encoded = layers.iter().zip(grids).map(|(layer, grid)| {
        encode_block(&grid.values, grid.width as u32, Encoding::of(layer, spec.storage, spec.compression))
            .len()
    });
    if cells == 0 {
        plan::most_bytes_per_cell(spec)
    } else {
        plan::WITH_OVERVIEWS * encoded.sum::<usize>() as f64 / cells as f64
    }
}
