//! A small campaign on disk, and the program run on it as a person would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use alpsckpt::batch::embedded::{Config, Embedded, default_config};
use alpsckpt::engine::Layer;
use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::grid::{Grid, Placement};
use alpsckpt::grid_file::write_grid;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_alpsckpt");

/// A folder with terrain, climate grids and campaign files; its embedded cluster ends with it.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
}

/// How the terrain and the coarse grids lie: UTM 32N, so that checks by hand are easy.
pub(crate) const EPSG: u32 = 32632;
const WEST: f64 = 500_000.0;
const NORTH: f64 = 5_000_000.0;

impl Scene {
    /// A terrain of `size` x `size` cells of 25 m with two months of climate.
    pub(crate) fn new(size: usize) -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        scene.write("dem.tif", &placement(size, 25.0, 0.0), height);
        let cells = size * 25 / 1000 + 8;
        let coarse = placement(cells, 1000.0, 4000.0);
        for (month, degrees) in [("01", -4.0), ("06", 12.0)] {
            scene.write(&format!("t_{month}.tif"), &coarse, |x, y| degrees + 0.1 * x.sin() + 0.2 * y.cos());
            scene.write(&format!("cloud_{month}.tif"), &coarse, |x, y| 4000.0 + 500.0 * (x + y).sin());
        }
        scene.write("zref.tif", &coarse, |x, y| 1500.0 + 100.0 * (0.5 * x).sin() * y.cos());
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a raster whose values are a function of the cell's column and row, in km.
    pub(crate) fn write(&self, name: &str, placement: &Placement, value: impl Fn(f64, f64) -> f64) {
        let km = placement.cell_x / 1000.0;
        let at =
            |i: usize| value((i % placement.width) as f64 * km, (i / placement.width) as f64 * km) as f32;
        let values = (0..placement.width * placement.height).map(at).collect();
        let grid = Grid { width: placement.width, height: placement.height, values };
        write_grid(&self.path(name), &grid, placement, &layer()).unwrap();
    }

    /// Writes the campaign file `name` with maps in the folder `output`, each line of `changes` in place of the one
    /// that begins with the same field.
    pub(crate) fn campaign(&self, name: &str, output: &str, changes: &[&str]) -> PathBuf {
        let output = format!("output: \"{output}\",");
        let mut lines: Vec<String> = CAMPAIGN.iter().map(|l| (*l).to_owned()).collect();
        for change in std::iter::once(output.as_str()).chain(changes.iter().copied()) {
            let field = change.split(':').next().unwrap();
            match lines.iter_mut().find(|l| l.split(':').next() == Some(field)) {
                Some(line) => change.clone_into(line),
                None => lines.push(change.to_owned()),
            }
        }
        let file = self.path(name);
        fs::write(&file, format!("(\n{}\n)\n", lines.join("\n"))).unwrap();
        file
    }

    /// The program with this scene's state folder.
    pub(crate) fn alpsckpt<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(PROGRAM);
        apart(&mut command, self.folder.path()).args(arguments);
        command
    }

    /// Runs it to its end.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Answer {
        Answer::of(self.alpsckpt(arguments).output().unwrap())
    }

    /// A cluster of three nodes in the folder `cluster` on which time passes `scale` times as fast.
    pub(crate) fn cluster(&self, scale: f64) -> PathBuf {
        let folder = self.path("cluster");
        Embedded::create(&folder, &Config { time_scale: scale, ..default_config() }).unwrap();
        folder
    }

    pub(crate) fn client(&self) -> Embedded {
        Embedded::with_program(&self.path("cluster"), Path::new(PROGRAM))
    }

    /// The campaign's snapshot, by a session of its own.
    pub(crate) fn status(&self, output: &str) -> serde_json::Value {
        let answer = self.ask(&["status", "--json", self.path(output).to_str().unwrap()]);
        assert_eq!(answer.code, Some(0), "{answer}");
        serde_json::from_str(&answer.stdout).unwrap()
    }

    /// The finished maps of a campaign with their bytes, by name.
    pub(crate) fn maps(&self, output: &str) -> Vec<(String, Vec<u8>)> {
        maps_in(&self.path(output).join("maps"))
    }
}

/// Has a program run in `folder` with its state and data there, without colours and with nobody to ask.
pub(crate) fn apart<'c>(command: &'c mut Command, folder: &Path) -> &'c mut Command {
    command
        .current_dir(folder)
        .env("ALPSCKPT_STATE", folder.join("state"))
        .env("XDG_DATA_HOME", folder.join("data"))
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C.UTF-8")
        .env("PATH", with_program())
        .stdin(Stdio::null())
}

/// The folders of programs, this program's first: it tells commands as they can be typed.
fn with_program() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = Path::new(PROGRAM).parent().unwrap().to_path_buf();
    std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path))).unwrap()
}

impl Drop for Scene {
    fn drop(&mut self) {
        for cluster in ["cluster", "state/cluster", "demo/cluster"] {
            if self.path(cluster).is_dir() {
                let place = self.path(cluster);
                let _ = self.alpsckpt(&["cluster", "stop", "--kill-jobs", "--dir"]).arg(place).output();
            }
        }
    }
}

pub(crate) fn maps_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut maps: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|e| e.unwrap())
        .map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap()))
        .collect();
    maps.sort();
    maps
}

/// What lies in a folder, but for these names, in order.
pub(crate) fn names_in(folder: &Path, but: &[&str]) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !but.contains(&name.as_str()));
    names.sort();
    names
}

/// The same maps with the same bytes; a difference names the map, not its bytes.
pub(crate) fn assert_same_maps(found: &[(String, Vec<u8>)], expected: &[(String, Vec<u8>)]) {
    let names = |maps: &[(String, Vec<u8>)]| maps.iter().map(|m| m.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(found), names(expected));
    assert!(!expected.is_empty(), "there are no maps to compare with");
    for (one, other) in found.iter().zip(expected) {
        assert!(one.1 == other.1, "{} is not the same, byte for byte", one.0);
    }
}

/// How a command ended.
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It failed with this code, and its message says all of these words.
    pub(crate) fn failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in the message:\n{self}");
        }
        assert!(!self.stderr.contains("panicked"), "{self}");
    }

    /// It ended well.
    pub(crate) fn good(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {:?}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Waits until `ready` answers, at most six minutes.
pub(crate) fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_mins(6);
    loop {
        if let Some(found) = ready() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn placement(size: usize, cell: f64, margin: f64) -> Placement {
    Placement {
        crs: Crs::of_epsg(EPSG).unwrap(),
        west: WEST - margin,
        north: NORTH + margin,
        cell_x: cell,
        cell_y: cell,
        width: size,
        height: size,
    }
}

pub(crate) fn layer() -> Layer {
    Layer {
        name: "input".into(),
        month: None,
        unit: "",
        description: "input".into(),
        range: (-1e9, 1e9),
        steps: None,
    }
}

/// Ridges and valleys of some hundred metres.
pub(crate) fn height(x: f64, y: f64) -> f64 {
    1800.0
        + 400.0 * (4.0 * x + y).sin()
        + 250.0 * (5.0 * y - x).cos()
        + 60.0 * (11.0 * x).sin() * (13.0 * y).sin()
}

/// Lines of a campaign file: one month, one map, which needs the terrain alone.
pub(crate) const SKY: [&str; 5] =
    ["products: [SkyView],", "months: [1],", "temperature: {},", "reference_height: None,", "cloud: None,"];

/// The lines of [`SKY`] and these, which take the place of those of the same field.
pub(crate) fn sky<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SKY[..], more].concat()
}

const CAMPAIGN: [&str; 15] = [
    "version: 1,",
    "name: \"Test\",",
    "output: \"out\",",
    "dem: \"dem.tif\",",
    "months: [1, 6],",
    "year: 2018,",
    "temperature: { \"mean\": (file: \"t_{month}.tif\", unit: Celsius) },",
    "reference_height: \"zref.tif\",",
    "lapse: Constant(0.0065),",
    "cloud: Grid(\"cloud_{month}.tif\"),",
    "walltime: \"48:00:00\",",
    "margin: \"00:30:00\",",
    "threads: Some(1),",
    "tile: 16,",
    "step_minutes: 60,",
];
