//! A campaign of twelve months that all run, slowly, on an embedded cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use alpsckpt::batch::embedded::{Config, Embedded, default_config};

use crate::terrain::terrain;
use crate::{Outcome, at};

/// Cells across and down.
const SIZE: u32 = 512;
/// How long the months may take until they all run.
const PATIENCE: Duration = Duration::from_mins(3);

/// The campaign; its cluster ends with it.
pub(crate) struct Months {
    folder: tempfile::TempDir,
    program: PathBuf,
}

impl Drop for Months {
    fn drop(&mut self) {
        if let Err(e) =
            Embedded::with_program(&self.folder.path().join("cluster"), &self.program).shutdown(true)
        {
            eprintln!("the cluster in {} may be left running: {e}", self.folder.path().display());
        }
    }
}

impl Months {
    /// Submits them and waits until all of them run.
    pub(crate) fn start(program: &Path) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let months = Self { folder, program: program.to_path_buf() };
        terrain(&months.folder.path().join("dem.tif"), SIZE)?;
        let file = months.folder.path().join("my.ron");
        let text = "(version: 1, name: \"Twelve months\", output: \"out\", dem: \"dem.tif\", year: 2018, tile: 64,
             region: Box(crs: \"EPSG:3035\", xmin: 4293600.0, ymin: 2593600.0, xmax: 4306400.0, ymax: 2606400.0),
             months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], products: [Total], storage: Integer, threads: Some(1),
             walltime: \"48:00:00\", margin: \"00:30:00\", checkpoint_every: \"00:00:20\", pace: Some(\"3 tiles/min\"))";
        fs::write(&file, text).map_err(at(&file))?;
        let nodes = ["dahu-1", "dahu-2", "dahu-3", "dahu-4"].map(str::to_owned).to_vec();
        let config = Config { nodes, slots: 3, time_scale: 60.0, ..default_config() };
        Embedded::create(&months.folder.path().join("cluster"), &config).map_err(|e| e.to_string())?;
        months.said(&["submit", "my.ron", "--cluster-dir", "cluster"])?;
        let until = Instant::now() + PATIENCE;
        loop {
            let status = months.said(&["status", "my.ron", "--json"])?;
            let running = status.matches("\"Computing\"").count();
            if running == 12 {
                return Ok(months);
            }
            if Instant::now() > until {
                return Err(format!("{running} of 12 months run after {} s", PATIENCE.as_secs()));
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// A command of the program, with a state of its own.
    pub(crate) fn command(&self, before: &[&str], arguments: &[&str]) -> Command {
        let mut command = match before {
            [] => Command::new(&self.program),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(&self.program);
                command
            }
        };
        command.args(arguments).current_dir(self.folder.path());
        command.env("ALPSCKPT_STATE", self.folder.path().join("state"));
        command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
        command
    }

    /// Where a file of the measurement may lie.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn said(&self, arguments: &[&str]) -> Outcome<String> {
        let output = self.command(&[], arguments).output().map_err(at(&self.program))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!(
            "{arguments:?} ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}
