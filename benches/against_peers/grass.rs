//! GRASS: horizon maps once by `r.horizon`, then `r.sun` day by day with them.

use std::path::PathBuf;
use std::process::Command;

use crate::cost::{Maps, Peer, Period, Stage};
use crate::process::Runner;
use crate::{Outcome, Run, tile};

/// Degrees between two horizon maps.
const STEP: usize = 10;
/// Starts that are measured.
const STARTS: usize = 5;
const LOCATION: &str = "location";

struct Grass(Runner);

/// Where the sun shines on.
#[derive(Clone, Copy)]
enum Ground {
    Terrain,
    Level,
}

/// Runs GRASS for all periods.
pub(crate) fn measure(run: &Run, version: &str) -> Outcome<Peer> {
    let grass = Grass::new(run)?;
    run.progress.say("GRASS: horizons");
    let once = grass.horizons()?;
    run.progress.say("GRASS: starting");
    let start = grass.start()?;
    let horizon_start = grass.horizon_start()?;
    let (mut terrain, mut level, mut maps) = (Vec::new(), Vec::new(), Vec::new());
    for period in Period::all(run.quick) {
        let one = |ground: Ground| {
            run.progress.say(&format!("GRASS: {} on {}", period.name(), ground.name()));
            grass.period(ground, period, start)
        };
        let (on_terrain, terrain_map) = one(Ground::Terrain)?;
        let (on_level, level_map) = one(Ground::Level)?;
        terrain.push(on_terrain);
        level.push(on_level);
        maps.push(Maps { period, terrain: terrain_map, level: level_map });
    }
    Ok(Peer {
        name: format!("GRASS {version}"),
        once: ("r.horizon, 36 directions", once.without(horizon_start)),
        terrain,
        level,
        start,
        maps,
        sky_view: None,
    })
}

impl Ground {
    fn name(self) -> &'static str {
        match self {
            Self::Terrain => "terrain",
            Self::Level => "level",
        }
    }

    /// What `r.sun` is told of it. On level ground it need not look for shadows, which is faster.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Terrain => &[
                "elevation=dem",
                "slope=slope",
                "aspect=aspect",
                "horizon_basename=horizon",
                "horizon_step=10",
            ],
            Self::Level => &["-p", "elevation=level", "slope_value=0", "aspect_value=270"],
        }
    }
}

impl Grass {
    /// A database with the terrain, its slopes and the level ground.
    fn new(run: &Run) -> Outcome<Self> {
        let folder = run.folder.join("grass");
        // Of an earlier run into the same folder.
        let _ = std::fs::remove_dir_all(folder.join(LOCATION));
        let grass = Self(Runner::new(folder.clone(), session(&folder)?)?);
        let settings = format!(
            "GISDBASE: {}\nLOCATION_NAME: {LOCATION}\nMAPSET: PERMANENT\nGUI: text\n",
            folder.display()
        );
        std::fs::write(grass.0.path("gisrc"), settings).map_err(|e| format!("gisrc: {e}"))?;
        let file = |name: &str| run.folder.join(name).display().to_string();
        let location = grass.0.path(LOCATION).display().to_string();
        grass.0.run(&["grass", "-c", &file(tile::DEM), "-e", &location])?;
        for (map, name) in [("dem", tile::DEM), ("level", tile::LEVEL)] {
            grass.0.run(&["r.in.gdal", &format!("input={}", file(name)), &format!("output={map}")])?;
        }
        grass.0.run(&["g.region", "raster=dem"])?;
        grass.0.run(&["r.slope.aspect", "-e", "elevation=dem", "slope=slope", "aspect=aspect"])?;
        Ok(grass)
    }

    fn r_horizon(&self, region: &[(&str, String)], output: &str) -> Outcome<Stage> {
        let step = format!("step={STEP}");
        let output = format!("output={output}");
        self.0.run_with(&["r.horizon", "elevation=dem", &step, "maxdistance=10000", &output], region)
    }

    fn r_sun(&self, ground: Ground, day: u32, output: &str, region: &[(&str, String)]) -> Outcome<Stage> {
        let (day, output) = (format!("day={day}"), format!("glob_rad={output}"));
        let air = ["linke_value=3", "albedo_value=0", "solar_constant=1367", "step=0.5", "nprocs=1"];
        let rest = ["--overwrite", &day, &output];
        self.0.run_with(&[&["r.sun"], ground.options(), &air, &rest].concat(), region)
    }

    /// The horizon maps, without negative angles: r.sun misreads them (GRASS issue 2935). Clipping is not counted.
    fn horizons(&self) -> Outcome<Stage> {
        let stage = self.r_horizon(&[], "horizon")?;
        for direction in (0..360).step_by(STEP) {
            let map = format!("horizon_{direction:03}");
            let clipped = format!("expression={map} = max({map}, 0.0)");
            self.0.run(&["r.mapcalc", "--overwrite", &clipped])?;
        }
        Ok(stage)
    }

    /// What starting `r.sun` costs: a region of one cell in the middle.
    fn start(&self) -> Outcome<Stage> {
        let region = self.one_cell()?;
        let starts: Outcome<Vec<Stage>> =
            (0..STARTS).map(|_| self.r_sun(Ground::Terrain, 15, "start", &region)).collect();
        Ok(Peer::mean(&starts?))
    }

    fn horizon_start(&self) -> Outcome<Stage> {
        self.r_horizon(&self.one_cell()?, "start_horizon")
    }

    /// A region of one cell in the middle, as GRASS's programs take it from their surroundings.
    fn one_cell(&self) -> Outcome<[(&'static str, String); 1]> {
        let window = self.0.path(LOCATION).join("PERMANENT/WIND");
        let text = std::fs::read_to_string(&window).map_err(|e| format!("{}: {e}", window.display()))?;
        let number = |key: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(':'));
            let value = lines.filter(|(name, _)| name.trim() == key).find_map(|(_, v)| v.trim().parse().ok());
            value.ok_or_else(|| format!("{}: no {key}", window.display()))
        };
        let (north, west, cell): (f64, f64, f64) = (number("north")?, number("west")?, number("n-s resol")?);
        let middle = (tile::EDGE / 2) as f64 * cell;
        let (north, west) = (north - middle, west + middle);
        let replaced = |line: &str| {
            let value = match line.split(':').next().unwrap_or_default().trim() {
                "north" => north,
                "south" => north - cell,
                "west" => west,
                "east" => west + cell,
                "rows" | "cols" => 1.0,
                _ => return line.to_owned(),
            };
            format!("{}: {value}", line.split(':').next().unwrap_or_default())
        };
        Ok([("GRASS_REGION", text.lines().map(replaced).collect::<Vec<_>>().join(";"))])
    }

    /// The days of a period, one after another, scaled to the whole month, and their sum. Adding them up is not counted.
    fn period(&self, ground: Ground, period: Period, start: Stage) -> Outcome<(Stage, Vec<f32>)> {
        let (mut stage, mut days) = (Stage::default(), Vec::new());
        for day in period.days() {
            let map = format!("day_{day}");
            stage = stage.then(self.r_sun(ground, day, &map, &[])?.without(start));
            days.push(map);
        }
        let name = format!("{}_{}", ground.name(), period.month);
        let maps = format!("input={}", days.join(","));
        self.0.run(&["r.series", "--overwrite", &maps, &format!("output={name}"), "method=sum"])?;
        let file = self.export(&name)?;
        // From Wh/m2.
        let scale = period.to_month() as f32 / 1000.0;
        let values = tile::read_bare(&file)?.iter().map(|v| v * scale).collect();
        Ok((Stage { spent: stage.spent.times(period.to_month()), ..stage }, values))
    }

    fn export(&self, map: &str) -> Outcome<PathBuf> {
        let file = self.0.path(&format!("{map}.f32"));
        let (input, output) = (format!("input={map}"), format!("output={}", file.display()));
        self.0.run(&["r.out.bin", "-f", &input, &output, "bytes=4", "null=-9999", "order=little"])?;
        Ok(file)
    }
}

/// What GRASS's programs need to find in their surroundings to run without its shell, which takes longer to start than they.
fn session(folder: &std::path::Path) -> Outcome<Vec<(&'static str, String)>> {
    let output = Command::new("grass").args(["--config", "path"]).output();
    let output = output.map_err(|e| format!("grass cannot be started: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let base = text.lines().last().map(str::trim).filter(|path| path.starts_with('/'));
    let base = base.ok_or("`grass --config path` does not say where GRASS is installed")?.to_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    Ok(vec![
        ("PATH", format!("{base}/bin:{base}/scripts:{path}")),
        ("LD_LIBRARY_PATH", format!("{base}/lib")),
        ("GISRC", folder.join("gisrc").display().to_string()),
        ("GISBASE", base),
        // No percentages.
        ("GRASS_VERBOSE", "0".to_owned()),
    ])
}
