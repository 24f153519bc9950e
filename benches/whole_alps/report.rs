//! The tables, and what is asked.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};

use serde::Serialize;

use crate::job::{Map, Part, Ran};
use crate::machine::Machine;
use crate::terrain::Terrain;
use crate::{Args, WHOLE};

/// What twelve months may take on two cores, minutes on the clock.
const MINUTES: f64 = 90.0;
/// What they may take of memory, bytes.
const MEMORY: u64 = 4_000_000_000;
/// Time is asked on so many threads at most.
const THREADS: u32 = 2;
const MONTHS: f64 = 12.0;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    version: &'static str,
    machine: Machine,
    threads: u32,
    size: u32,
    cells: u64,
    tile: u32,
    tiles: u64,
    terrain_bytes: u64,
    /// On the clock and of the cores; none where it was there already.
    terrain_making_seconds: Option<(f64, f64)>,
    /// On the clock and of the cores, s, and the peak of memory until then.
    parts: Vec<Part>,
    whole: Part,
    engine_core_seconds: BTreeMap<String, f64>,
    core_ns_per_pixel_month: f64,
    wall_ns_per_pixel_month: f64,
    terrain_bytes_read: u64,
    bytes_read: u64,
    bytes_written: u64,
    maps: Vec<Map>,
    message: String,
    asked: Vec<Asked>,
    holds: bool,
}

/// One of the things that are asked.
#[derive(Debug, Serialize)]
struct Asked {
    what: &'static str,
    bound: String,
    measured: String,
    /// `None`: not judged, for it is asked only of the whole.
    holds: Option<bool>,
}

impl Report {
    pub(crate) fn new(args: &Args, machine: Machine, terrain: &Terrain, ran: Ran) -> Self {
        let cells = u64::from(args.size).pow(2);
        let sum = |of: fn(&Part) -> f64| ran.parts.iter().map(of).sum::<f64>();
        let peak = ran.parts.iter().map(|part| part.peak).max().unwrap_or(0);
        let whole = Part { name: "all".into(), clock: sum(|p| p.clock), cores: sum(|p| p.cores), peak };
        let per_pixel_month = |seconds: f64| seconds * 1e9 / cells as f64 / MONTHS;
        let asked = asked(args, cells, &whole, &ran.maps);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            machine,
            threads: args.threads,
            size: args.size,
            cells,
            tile: args.tile,
            tiles: ran.tiles,
            terrain_bytes: terrain.bytes,
            terrain_making_seconds: terrain.making,
            core_ns_per_pixel_month: per_pixel_month(whole.cores),
            wall_ns_per_pixel_month: per_pixel_month(whole.clock),
            parts: ran.parts,
            whole,
            engine_core_seconds: ran.stages,
            terrain_bytes_read: ran.terrain_read,
            bytes_read: ran.read,
            bytes_written: ran.written,
            maps: ran.maps,
            message: ran.message,
            holds: asked.iter().all(|asked| asked.holds != Some(false)),
            asked,
        }
    }

    /// Whether all that is asked for was reached.
    pub(crate) fn holds(&self) -> bool {
        self.holds
    }
}

fn asked(args: &Args, cells: u64, whole: &Part, maps: &[Map]) -> Vec<Asked> {
    let judged = args.size == WHOLE && args.threads <= THREADS;
    let minutes = whole.clock / 60.0;
    let good = maps.iter().filter(|map| map.valid == cells && map.impossible == 0).count();
    vec![
        Asked {
            what: "twelve months of the whole, to the verified maps",
            bound: format!("≤ {MINUTES} min on {THREADS} cores"),
            measured: format!("{minutes:.1} min, threads: {}", args.threads),
            holds: judged.then_some(minutes <= MINUTES),
        },
        Asked {
            what: "peak memory",
            bound: format!("≤ {}", gigabytes(MEMORY)),
            measured: gigabytes(whole.peak),
            holds: judged.then_some(whole.peak <= MEMORY),
        },
        Asked {
            what: "maps with a possible value in every cell",
            bound: maps.len().to_string(),
            measured: good.to_string(),
            holds: Some(good == maps.len()),
        },
    ]
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Machine { processor, vectors, cores, memory_bytes } = &self.machine;
        let memory = gigabytes(*memory_bytes);
        writeln!(
            f,
            "alpsckpt {} on {processor}, {vectors}, {cores} cores, {memory} of memory",
            self.version
        )?;
        writeln!(
            f,
            "{size} x {size} cells of 25 m, terrain everywhere; twelve months; {} tiles of {}; {} threads",
            self.tiles,
            self.tile,
            self.threads,
            size = self.size
        )?;
        let making = self.terrain_making_seconds.map_or_else(
            || "there already".into(),
            |(clock, cores)| format!("made in {clock:.0} s, {cores:.0} s of the cores, not counted"),
        );
        writeln!(f, "The terrain: {}, {making}\n", gigabytes(self.terrain_bytes))?;
        self.write_parts(f)?;
        self.write_maps(f)?;
        writeln!(f, "The job: {}\n", self.message)?;
        writeln!(f, "| what | asked | measured | holds |\n|---|---|---|---|")?;
        for Asked { what, bound, measured, holds } in &self.asked {
            let holds = match holds {
                None => "–",
                Some(true) => "ok",
                Some(false) => "**BROKEN**",
            };
            writeln!(f, "| {what} | {bound} | {measured} | {holds} |")?;
        }
        Ok(())
    }
}

impl Report {
    fn write_parts(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "| part | minutes | minutes of the cores | peak memory so far |\n|---|---|---|---|")?;
        for Part { name, clock, cores, peak } in self.parts.iter().chain([&self.whole]) {
            writeln!(f, "| {name} | {:.2} | {:.2} | {} |", clock / 60.0, cores / 60.0, gigabytes(*peak))?;
        }
        let (core, wall) = (self.core_ns_per_pixel_month, self.wall_ns_per_pixel_month);
        writeln!(f, "\n{core:.1} ns of a core per cell and month, {wall:.1} on the clock")?;
        let stages = self.engine_core_seconds.iter();
        let stage = |(name, seconds): (&String, &f64)| {
            format!("{name} {:.1}", seconds * 1e9 / self.cells as f64 / MONTHS)
        };
        writeln!(f, "In the engine: {}", stages.map(stage).collect::<Vec<_>>().join(", "))?;
        writeln!(
            f,
            "Read {} of the terrain's file, {} of all files; written {}\n",
            gigabytes(self.terrain_bytes_read),
            gigabytes(self.bytes_read),
            gigabytes(self.bytes_written)
        )
    }

    fn write_maps(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "| map | bytes of blocks per cell | blocks | file with overviews |\n|---|---|---|---|")?;
        for map in &self.maps {
            let per_cell = map.blocks as f64 / self.cells as f64;
            let file = map.file.map_or_else(|| "only counted".into(), gigabytes);
            writeln!(f, "| {} | {per_cell:.3} | {} | {file} |", map.name, gigabytes(map.blocks))?;
        }
        let (written, counted): (Vec<&Map>, Vec<&Map>) = self.maps.iter().partition(|m| m.file.is_some());
        let files: u64 = written.iter().filter_map(|map| map.file).sum();
        let blocks: u64 = counted.iter().map(|map| map.blocks).sum();
        writeln!(
            f,
            "\n{} maps written, {}; {} computed, compressed and counted, {}",
            written.len(),
            gigabytes(files),
            counted.len(),
            gigabytes(blocks)
        )
    }
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.3} GB", bytes as f64 / 1e9)
}
