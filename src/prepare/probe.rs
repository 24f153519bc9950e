//! What a campaign costs on this machine, measured on a small window in the middle of its region.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::check::examine;
use super::doubts::tell_doubts;
use super::plan::{self, Facts, Plan};
use super::{PrepareError, Tell, seen};
use crate::campaign::spec::{Loaded, Mode, MonthsPerChain, Profile, Spec};
use crate::engine::geotiff::{Encoding, encode_block};
use crate::engine::{CheckDepth, Computed, Engine, EngineError, Ground, Layer, Tile};
use crate::job::{entry, request};

/// Longest edge of what is measured, cells: with SAGA's shadows a cell takes ten thousand times as long, and the terrain
/// around counts less.
fn edge(spec: &Spec) -> u32 {
    match spec.mode {
        Mode::Default => 1024,
        Mode::AsSaga => 64,
    }
}

/// What a campaign will take, measured where a job has room on a node of its site; doubts of its inputs are told.
///
/// # Errors
/// What is wrong with the inputs, and a job that no node of the site can hold.
pub fn planned(loaded: &Loaded, tell: Tell<'_>) -> Result<Option<Plan>, PrepareError> {
    let spec = &loaded.spec;
    let look = CheckDepth::Remembered(&seen::of(&spec.output));
    let examined = examine(loaded, &spec.months, look, tell)?;
    tell_doubts(loaded, &examined.examination.findings, tell);
    let Some(engine) = examined.engine else { return Ok(None) };
    let room = Room::of(spec, &engine)?;
    if let Some(site) = spec.profile() {
        room.ensure_on(site, loaded)?;
    }
    Ok(Some(plan::plan(spec, &measure(spec, &room, &engine)?)))
}

/// The spec with all that it leaves open settled; measures only where that depends on this machine's speed.
pub(super) fn settled(spec: &Spec, engine: &Engine) -> Result<Spec, PrepareError> {
    let room = Room::of(spec, engine)?;
    if spec.months_per_chain == MonthsPerChain::Auto {
        return Ok(plan::settle(spec, &measure(spec, &room, engine)?));
    }
    Ok(Spec { tile: spec.tile.or(Some(room.tile)), ..spec.clone() })
}

/// Refuses a job that has no room on a node of the campaign's site, where that is known.
pub(super) fn ensure_room(loaded: &Loaded, engine: &Engine) -> Result<(), PrepareError> {
    let spec = &loaded.spec;
    let Some(site) = spec.profile().filter(|site| site.memory_gb.is_some()) else { return Ok(()) };
    Room::of(spec, engine)?.ensure_on(site, loaded)
}

/// What the job of the campaign that takes most memory holds: one of its longest chain, all months where that is not settled.
struct Room {
    /// The edge of its work tiles, cells.
    tile: u32,
    /// Bytes of memory that it takes at most.
    memory_bytes: u64,
    /// Cores that it computes with.
    threads: u32,
}

impl Room {
    fn of(spec: &Spec, engine: &Engine) -> Result<Self, EngineError> {
        let chains = spec.chains().into_iter().map(|chain| chain.months);
        let longest = match spec.months_per_chain {
            MonthsPerChain::Count(_) => chains.max_by_key(Vec::len).unwrap_or_default(),
            MonthsPerChain::Auto => spec.sorted_months(),
        };
        let tiling = engine.tiling();
        // The sky view goes with one of the chains, perhaps not with this one.
        let job = engine.narrowed(&longest, spec.products.clone(), (tiling.tile, tiling.block))?;
        let tile = spec.tile.unwrap_or_else(|| job.fitting_tile(entry::threads(spec)));
        let threads = threads(spec);
        Ok(Self { tile, memory_bytes: job.peak_memory(tile, threads), threads })
    }

    fn ensure_on(&self, site: &Profile, loaded: &Loaded) -> Result<(), PrepareError> {
        loaded
            .too_large(site, self.threads, self.memory_bytes)
            .map_or(Ok(()), |error| Err(PrepareError::Spec(error)))
    }
}

/// Cores that a job computes with: the file's, else all of a node of the site, else as many as this machine has.
fn threads(spec: &Spec) -> u32 {
    spec.threads.or_else(|| spec.profile()?.cores).unwrap_or_else(|| entry::threads(spec))
}

/// What one of the longest jobs takes, on this machine.
fn measure(spec: &Spec, room: &Room, engine: &Engine) -> Result<Facts, PrepareError> {
    let tile = room.tile;
    let _step = tracing::debug_span!("measure", tile).entered();
    let spec = &Spec { tile: Some(tile), ..spec.clone() };
    let whole = request::request(spec, &spec.months);
    let whole = engine.narrowed(&spec.months, whole.products, (whole.tile, whole.block))?;
    let tiling = whole.tiling();
    let size = edge(spec).min(tiling.width).min(tiling.height);
    let middle = |all: u32| (all - size) / 2;
    // As one tile: nothing is gained by cutting so little.
    let window =
        Tile { number: 0, x: middle(tiling.width), y: middle(tiling.height), width: size, height: size };
    let first = spec.months.get(..1).unwrap_or_default();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let of = |months: &[u8]| {
        engine.narrowed(months, spec.products_of(months), {
            let edge = size.next_multiple_of(16);
            (edge, edge)
        })
    };
    let engine = of(first)?;
    // Read and decoded once, whatever the months.
    let (reading, ground) = timed(|| pool.install(|| engine.read(window, &AtomicBool::new(false))))?;
    let compute = |engine: &Engine, ground: &Ground| {
        timed(|| pool.install(|| engine.compute_all(ground, &AtomicBool::new(false))))
    };
    let (one, computed) = compute(&engine, &ground)?;
    let bytes_per_cell = bytes_per_cell(spec, engine.layers(), &computed, size);
    let two = match spec.months.get(..2) {
        Some(months) => compute(&of(months)?, &ground)?.0,
        None => one,
    };
    let cells = f64::from(size).powi(2);
    // With n months a cell takes horizons + n * month; with one month only their sum is known.
    let month = if spec.months.len() < 2 { one } else { (two - one).max(0.0) };
    Ok(Facts {
        cells: u64::from(tiling.width) * u64::from(tiling.height),
        tiles: tiling.count(),
        tile,
        memory_bytes: room.memory_bytes,
        maps_per_month: maps(whole.layers(), |l| l.month == spec.months.first().copied()),
        maps_once: maps(whole.layers(), |l| l.month.is_none()),
        horizon_ns: ((one - month).max(0.0) + reading) * 1e9 / cells,
        month_ns: month * 1e9 / cells,
        bytes_per_cell,
        threads: room.threads,
    })
}

/// Seconds that it takes, and what it comes to.
fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(f64, T), E> {
    let begin = Instant::now();
    let done = work()?;
    Ok((begin.elapsed().as_secs_f64(), done))
}

fn maps(layers: &[Layer], which: impl Fn(&&Layer) -> bool) -> u32 {
    layers.iter().filter(which).count() as u32
}

/// Bytes of a cell in the finished maps, by those of a square of cells.
fn bytes_per_cell(spec: &Spec, layers: &[Layer], computed: &Computed, size: u32) -> f64 {
    let cells: usize = computed.layers.iter().map(Vec::len).sum();
    let encoded = layers.iter().zip(&computed.layers).map(|(layer, values)| {
        encode_block(values, size, Encoding::of(layer, spec.storage, spec.compression)).len()
    });
    if cells == 0 {
        plan::most_bytes_per_cell(spec)
    } else {
        plan::WITH_OVERVIEWS * encoded.sum::<usize>() as f64 / cells as f64
    }
}
