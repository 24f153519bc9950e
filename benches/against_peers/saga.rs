//! SAGA: sky view factor once, then potential incoming solar radiation month by month.

use std::path::Path;

use crate::cost::{Maps, Peer, Period, Stage};
use crate::process::Runner;
use crate::{Outcome, Run, tile};

/// Version 8.5.0 takes no dates from its command line, without a word: a tool chain brings them.
const MONTH: &str = include_str!("month.xml");
const IDLE: &str = include_str!("idle.xml");
const YEAR: u32 = 2018;
/// Starts that are measured.
const STARTS: usize = 3;

struct Saga(Runner);

/// Runs SAGA for all periods.
pub(crate) fn measure(run: &Run, version: &str) -> Outcome<Peer> {
    let chains = run.folder.join("saga/chains");
    let saga = Saga(Runner::new(run.folder.join("saga"), vec![("SAGA_TLB", chains.display().to_string())])?);
    write(&chains, "idle", IDLE)?;
    let periods = Period::all(run.quick);
    for period in &periods {
        write(&chains, &chain(*period), &month(*period))?;
    }
    for name in [tile::DEM, tile::LEVEL] {
        let to = name.replace(".tif", ".sgrd");
        let from = run.folder.join(name).display().to_string();
        saga.call(&["io_gdal", "0", "-FILES", &from, "-GRIDS", &to])?;
    }
    run.progress.say("SAGA: starting and writing");
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(saga.chain("idle", ("level.sgrd", "level.sgrd"), "idle")?);
    }
    let start = Peer::mean(&starts);
    run.progress.say("SAGA: sky view factor");
    let sky_view = ["-DEM", "dem.sgrd", "-VISIBLE", "visible.sgrd", "-SVF", "svf.sgrd"];
    let fixed = ["ta_lighting", "3", "-NDIRS", "8", "-RADIUS", "10000"];
    let once = saga.call(&[fixed, sky_view].concat())?.without(start);
    let (mut terrain, mut level, mut maps) = (Vec::new(), Vec::new(), Vec::new());
    for period in periods {
        let one = |ground: &str, grids| {
            run.progress.say(&format!("SAGA: {} on {ground}", period.name()));
            saga.period(period, ground, grids, start)
        };
        let (on_terrain, terrain_map) = one("terrain", ("dem.sgrd", "svf.sgrd"))?;
        let (on_level, level_map) = one("level", ("level.sgrd", "level.sgrd"))?;
        terrain.push(on_terrain);
        level.push(on_level);
        maps.push(Maps { period, terrain: terrain_map, level: level_map });
    }
    Ok(Peer {
        name: format!("SAGA {version}"),
        once: ("sky view, 8 directions", once),
        terrain,
        level,
        start,
        maps,
        sky_view: Some(tile::read_saga(&saga.0.path("svf.sgrd"))?),
    })
}

impl Saga {
    /// One call of a tool with one core.
    fn call(&self, arguments: &[&str]) -> Outcome<Stage> {
        self.0.run(&[&["saga_cmd", "-f=q", "-c=1"], arguments].concat())
    }

    /// One of the tool chains, from a terrain and its sky view factor.
    fn chain(&self, name: &str, (dem, svf): (&str, &str), output: &str) -> Outcome<Stage> {
        let to = |what: &str| format!("{output}_{what}.sgrd");
        let (direct, diffuse, total) = (to("direct"), to("diffuse"), to("total"));
        let grids = ["-DEM", dem, "-SVF", svf, "-DIRECT", &direct, "-DIFFUSE", &diffuse, "-TOTAL", &total];
        self.call(&[&["against_peers", name], grids.as_slice()].concat())
    }

    /// The days of a period, scaled to the whole month.
    fn period(
        &self,
        period: Period,
        ground: &str,
        grids: (&str, &str),
        start: Stage,
    ) -> Outcome<(Stage, Vec<f32>)> {
        let output = format!("{ground}_{}", period.month);
        let stage = self.chain(&chain(period), grids, &output)?.without(start);
        let values = tile::read_saga(&self.0.path(&format!("{output}_total.sgrd")))?;
        let values = values.iter().map(|v| v * period.to_month() as f32).collect();
        Ok((Stage { spent: stage.spent.times(period.to_month()), ..stage }, values))
    }
}

fn chain(period: Period) -> String {
    format!("month{}", period.month)
}

fn month(period: Period) -> String {
    let day = |day: u32| format!("{YEAR}-{:02}-{day:02}", period.month);
    MONTH
        .replace("@NAME@", &chain(period))
        .replace("@FIRST@", &day(period.first))
        .replace("@LAST@", &day(period.last))
}

fn write(chains: &Path, name: &str, text: &str) -> Outcome<()> {
    std::fs::create_dir_all(chains)
        .and_then(|()| std::fs::write(chains.join(format!("{name}.xml")), text))
        .map_err(|e| format!("{}: {e}", chains.display()))
}
