//! What both programs work on: a terrain, and for each a campaign that it made itself.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::Outcome;
use crate::busy::{lengthen, stand_in};
use crate::terrain::{CELL, MIDDLE, terrain};

/// Links of each chain in the campaign that `status` looks at.
const LINKS: u32 = 60;

/// A folder with everything; it goes with its holder.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
    /// Cells across and down of what is mapped.
    pub(crate) size: u32,
    /// The former program and the present one.
    pub(crate) sides: [Side; 2],
}

/// One program and its campaigns.
pub(crate) struct Side {
    program: PathBuf,
    folder: PathBuf,
    /// Its `bench` can be told what cells are stored as; the former one stores integers.
    pub(crate) chooses_storage: bool,
    /// A complete campaign of one month.
    pub(crate) complete: PathBuf,
    /// A campaign of twelve months with many links each, none running.
    pub(crate) long: PathBuf,
}

impl Scene {
    pub(crate) fn make(size: u32, programs: [&Path; 2]) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        terrain(&folder.path().join("dem.tif"), size)?;
        let [former, present] = programs;
        let sides = [
            Side::make(former, folder.path(), "former", size)?,
            Side::make(present, folder.path(), "present", size)?,
        ];
        Ok(Self { folder, size, sides })
    }

    pub(crate) fn dem(&self) -> PathBuf {
        self.folder.path().join("dem.tif")
    }

    pub(crate) fn cells(&self) -> f64 {
        f64::from(self.size) * f64::from(self.size)
    }
}

impl Side {
    fn make(program: &Path, scene: &Path, name: &str, size: u32) -> Outcome<Self> {
        let folder = scene.join(name);
        fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let (complete, long) = (folder.join("complete"), folder.join("long"));
        let mut side =
            Self { program: program.to_path_buf(), folder, chooses_storage: false, complete, long };
        side.chooses_storage = side.run(["bench", "--help"])?.stdout.windows(9).any(|w| w == b"--storage");
        side.file("complete.ron", "[1]", &box_of(size))?;
        side.run(["run", "complete.ron"])?;
        side.file("long.ron", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]", &box_of(64))?;
        side.run(["run", "long.ron", "--months", "1"])?;
        side.lengthen()?;
        Ok(side)
    }

    /// A campaign file; all that matters to the time is said, whatever the defaults are.
    fn file(&self, name: &str, months: &str, region: &str) -> Outcome<()> {
        let output = name.trim_end_matches(".ron");
        let text = format!(
            "(version: 1, name: \"{output}\", output: \"{output}\", dem: \"../dem.tif\", region: {region}, months: {months},
             year: 2018, products: [SkyView, Total], storage: Integer, tile: 256, threads: Some(1),
             walltime: \"01:00:00\", margin: \"00:10:00\")"
        );
        fs::write(self.folder.join(name), text).map_err(|e| e.to_string())
    }

    /// Gives every month the links of January, again and again: what a long campaign's `status` reads.
    fn lengthen(&self) -> Outcome<()> {
        let chains = self.long.join(".alpsckpt/chains");
        let links = chains.join("m01/links");
        for month in 1..=12 {
            let of_month = chains.join(format!("m{month:02}/links"));
            fs::create_dir_all(&of_month).map_err(|e| e.to_string())?;
            for link in 1..=LINKS {
                for kind in ["ron", "resume.ron", "end.ron"] {
                    let to = of_month.join(format!("{link:04}.{kind}"));
                    if !to.exists() {
                        let from = links.join(format!("0001.{kind}"));
                        fs::copy(&from, &to).map_err(|e| format!("{}: {e}", from.display()))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A command about the campaign at the busy cluster, which is made when first asked for.
    pub(crate) fn at_busy<const N: usize>(&self, arguments: [&str; N]) -> Outcome<Command> {
        let bin = self.folder.join("bin");
        if !bin.exists() {
            stand_in(&bin)?;
            self.file("busy.ron", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]", &box_of(64))?;
            self.ended(self.with_stand_in(&bin), ["submit", "busy.ron", "--cluster", "oar"])?;
            lengthen(&self.folder.join("busy"), &bin)?;
        }
        let mut command = self.with_stand_in(&bin);
        command.args(arguments).current_dir(&self.folder).env("ALPSCKPT_STATE", self.folder.join("state"));
        Ok(command)
    }

    fn with_stand_in(&self, bin: &Path) -> Command {
        let mut command = Command::new(&self.program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [bin.to_path_buf()].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).unwrap_or_default());
        command
    }

    /// The words of a look at the long campaign.
    pub(crate) fn look(&self) -> [&OsStr; 2] {
        ["status".as_ref(), self.long.as_os_str()]
    }

    /// Where a tracer may write.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("calls")
    }

    /// Runs the program under another; what it said.
    pub(crate) fn under<'a>(
        &'a self,
        other: &str,
        its: impl IntoIterator<Item = &'a str>,
        arguments: impl IntoIterator<Item = &'a OsStr>,
    ) -> Outcome<Output> {
        let mut command = Command::new(other);
        command.args(its).arg(&self.program);
        self.ended(command, arguments)
    }

    /// Runs the program with a state of its own; what it said.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome<Output> {
        self.ended(Command::new(&self.program), arguments)
    }

    fn ended<A: AsRef<OsStr>>(
        &self,
        mut command: Command,
        arguments: impl IntoIterator<Item = A>,
    ) -> Outcome<Output> {
        command.args(arguments).current_dir(&self.folder).env("ALPSCKPT_STATE", self.folder.join("state"));
        let output = command.output().map_err(|e| format!("{}: {e}", self.program.display()))?;
        if output.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{command:?} ended with {}: {said}", output.status))
    }
}

/// The middle of the terrain as a campaign file says it.
fn box_of(size: u32) -> String {
    let (x, y) = MIDDLE;
    let half = f64::from(size / 2) * CELL;
    format!(
        "Box(crs: \"EPSG:3035\", xmin: {:?}, ymin: {:?}, xmax: {:?}, ymax: {:?})",
        x - half,
        y - half,
        x + half,
        y + half
    )
}
