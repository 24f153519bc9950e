//! The job, in a process of its own: one link of the chain, from its opening to the verified maps.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use alpsckpt::campaign::spec;
use alpsckpt::checkpoint::{CampaignDir, Complete, ExitClass, Phase};
use alpsckpt::durable::sealed;
use alpsckpt::engine::Engine;
use alpsckpt::job::entry::host_name;
use alpsckpt::job::request::of_chain;
use alpsckpt::job::{Origin, RunOptions, Stop, run_with};
use serde::{Deserialize, Serialize};

use crate::counting::{Counting, Counts, verified};
use crate::machine::{Io, Moment};
use crate::{Outcome, Progress, campaign};

/// What the process is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The campaign's file.
    #[arg(long)]
    campaign: PathBuf,
    /// How many maps are written.
    #[arg(long)]
    written: usize,
}

/// What the job did and what that took.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ran {
    /// One after the other.
    pub(crate) parts: Vec<Part>,
    /// Time of the cores in each stage of the engine, s.
    pub(crate) stages: BTreeMap<String, f64>,
    pub(crate) maps: Vec<Map>,
    pub(crate) tiles: u64,
    /// Bytes read of the terrain's file.
    pub(crate) terrain_read: u64,
    /// Bytes read and written, of all files.
    pub(crate) read: u64,
    pub(crate) written: u64,
    /// How the job itself says that it ended.
    pub(crate) message: String,
}

/// A part of the job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// On the clock, s.
    pub(crate) clock: f64,
    /// Of all cores, s.
    pub(crate) cores: f64,
    /// The most memory that was held until its end, bytes.
    pub(crate) peak: u64,
}

/// What became of a map.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Map {
    pub(crate) name: String,
    /// Cells with data.
    pub(crate) valid: u64,
    /// Cells with data that cannot be.
    pub(crate) impossible: u64,
    /// Bytes of its blocks.
    pub(crate) blocks: u64,
    /// Bytes of its finished file; `None` where it was only counted.
    pub(crate) file: Option<u64>,
}

/// Runs the job and prints what it did.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    let spec = campaign::load(&args.campaign)?;
    let chain =
        spec.chains().into_iter().next().ok_or("the campaign has no chain: report this as a fault")?;
    let frozen = spec::freeze(&spec).map_err(|e| format!("{}: {e}", args.campaign.display()))?;
    let (wanted, output) = (of_chain(&spec, &chain), spec.output.clone());
    let options = RunOptions {
        threads: spec.threads.unwrap_or(1),
        spec,
        spec_hash: frozen.hash,
        chain,
        job_id: "local".into(),
        node: host_name(),
        stop: Stop::default(),
        origin: Origin::default(),
    };
    let (opened, counts) = (OnceLock::new(), Arc::new(Counts::new()));
    let open = || {
        let engine = Arc::new(counts.reading(|| Engine::open(wanted.clone()))?);
        let engine = opened.get_or_init(|| engine);
        Ok(Counting::new(Arc::clone(engine), Arc::clone(&counts), args.written))
    };
    let watch = Watch::new();
    let begin = Moment::now();
    let outcome = run_with(&output, &options, &open, &|progress| watch.see(progress));
    let end = Moment::now();
    if outcome.class != ExitClass::Complete {
        return Err(format!("the job ended with exit code {}: {}", outcome.class.code(), outcome.message));
    }
    if end.peak == 0 {
        return Err("the system does not say how much memory was used".into());
    }
    let engine = opened.get().ok_or("the job opened no engine: report this as a fault")?;
    let path = CampaignDir::new(&output).chain(&options.chain.id).complete();
    let complete: Complete = sealed::read(&path).map_err(|e| e.to_string())?;
    let stages = engine.spent().into_iter();
    let io = Io::of_this_process();
    let ran = Ran {
        parts: watch.parts(begin, end),
        stages: stages.map(|(s, t)| (format!("{s:?}").to_lowercase(), t.as_secs_f64())).collect(),
        maps: maps(engine, &counts, &complete),
        tiles: complete.tiles,
        terrain_read: counts.terrain.load(Relaxed),
        read: io.read,
        written: io.written,
        message: outcome.message,
    };
    println!("{}", serde_json::to_string(&ran).map_err(|e| format!("no JSON: {e}"))?);
    Ok(())
}

/// All maps: those that the job finished first.
fn maps(engine: &Engine, counts: &Counts, complete: &Complete) -> Vec<Map> {
    let mut maps = Vec::new();
    for (at, (layer, count)) in engine.layers().iter().zip(&counts.maps).enumerate() {
        let name = layer.name.clone();
        maps.push(if let (Some(map), Some(blocks)) = (complete.maps.get(at), complete.blocks.get(at)) {
            let blocks = blocks.iter().map(|(bytes, _)| u64::from(*bytes)).sum();
            // The job itself refuses what cannot be.
            Map { name, valid: map.valid, impossible: 0, blocks, file: Some(map.bytes) }
        } else {
            let of = |number: &AtomicU64| number.load(Relaxed);
            let (valid, impossible) = (of(&count.valid), of(&count.impossible));
            Map { name, valid, impossible, blocks: of(&count.bytes), file: None }
        });
    }
    maps
}

/// Sees what the job does, and says it from time to time.
struct Watch {
    progress: Progress,
    /// When the job turned to what.
    turns: Mutex<Vec<(Phase, Moment)>>,
    /// Twentieths of the tiles that were said.
    said: AtomicU64,
}

impl Watch {
    fn new() -> Self {
        Self { progress: Progress(Instant::now()), turns: Mutex::default(), said: AtomicU64::new(0) }
    }

    fn see(&self, seen: &alpsckpt::job::Progress) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.last().is_none_or(|turn| turn.0 != seen.phase) {
            // Sealing interrupts the others every now and then: what it goes back to was said.
            let before = turns.iter().rev().map(|turn| turn.0).find(|phase| *phase != Phase::Sealing);
            if seen.phase != Phase::Sealing && before != Some(seen.phase) {
                self.progress.say(&format!("{:?}", seen.phase).to_lowercase());
            }
            turns.push((seen.phase, Moment::now()));
        }
        let part = seen.tiles * 20 / seen.total.max(1);
        if seen.phase == Phase::Computing && self.said.fetch_max(part, Relaxed) < part {
            self.progress.say(&format!("{} of {} tiles", seen.tiles, seen.total));
        }
    }

    /// The job, part by part.
    fn parts(&self, begin: Moment, end: Moment) -> Vec<Part> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let to = |phase| turns.iter().filter(move |turn| turn.0 == phase).map(|turn| turn.1);
        let computing = to(Phase::Computing).next().unwrap_or(begin);
        let assembling = to(Phase::Finishing).next().unwrap_or(end);
        // It seals after each map, and turns to finishing again; after the last one it verifies all.
        let verifying = to(Phase::Finishing).next_back().unwrap_or(end);
        let drawing = verified().unwrap_or(end);
        let names = ["opening", "computing", "assembling", "verifying", "pictures, tidying up"];
        let moments = [begin, computing, assembling, verifying, drawing, end];
        let part = |(name, (from, to)): (&str, (&Moment, &Moment))| {
            let (clock, cores) = to.since(from);
            Part { name: name.into(), clock, cores, peak: to.peak }
        };
        names.into_iter().zip(moments.iter().zip(moments.iter().skip(1))).map(part).collect()
    }
}
