//! Running a program and knowing what it cost.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::cost::{Spent, Stage};

/// The command line of the process between this one and the measured one.
///
/// The system knows what finished children cost only all together, and counts the memory of whoever starts a program
/// as that program's: so a small process starts it that starts nothing else.
#[derive(Debug, clap::Args)]
pub(crate) struct MeasureArgs {
    /// Takes what the command says.
    #[arg(long)]
    log: PathBuf,
    /// The command.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// What a command cost.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    succeeded: bool,
    spent: Spent,
    peak: u64,
}

/// Runs the command as a child and prints what it cost.
pub(crate) fn measure(args: &MeasureArgs) -> Outcome<()> {
    let (program, rest) = args.command.split_first().ok_or("no command to measure was given")?;
    let log = File::create(&args.log).map_err(|e| format!("{}: {e}", args.log.display()))?;
    let errors = log.try_clone().map_err(|e| format!("{}: {e}", args.log.display()))?;
    let begin = Instant::now();
    let status = Command::new(program).args(rest).stdin(Stdio::null()).stdout(log).stderr(errors).status();
    let status = status.map_err(|e| format!("{program} cannot be started: {e}"))?;
    let wall = begin.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| format!("getrusage: {e}"))?;
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    say(&Measured {
        succeeded: status.success(),
        spent: Spent { cpu: seconds(usage.user_time()) + seconds(usage.system_time()), wall },
        peak: usage.max_rss() as u64 * 1024,
    })
}

/// Prints a part's result for the process that started it.
pub(crate) fn say(result: &impl Serialize) -> Outcome<()> {
    println!("{}", serde_json::to_string(result).map_err(|e| format!("no JSON: {e}"))?);
    Ok(())
}

/// Where a program is run: its folder and environment.
pub(crate) struct Runner {
    pub(crate) folder: PathBuf,
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Runner {
    /// A runner in a folder that is made where it is missing.
    pub(crate) fn new(folder: PathBuf, variables: Vec<(&'static str, String)>) -> Outcome<Self> {
        std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(Self { folder, variables })
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs a program to its end and says what it cost.
    pub(crate) fn run(&self, command: &[&str]) -> Outcome<Stage> {
        self.run_with(command, &[])
    }

    /// As [`Runner::run`], with more variables.
    pub(crate) fn run_with(&self, command: &[&str], more: &[(&str, String)]) -> Outcome<Stage> {
        let log = self.path("log");
        let mut part = this_program()?;
        part.arg("measure").arg("--log").arg(&log).arg("--").args(command).current_dir(&self.folder);
        // Nobody's settings, one thread, and messages and numbers in the plainest form.
        part.env("HOME", &self.folder).env("LC_ALL", "C").env("OMP_NUM_THREADS", "1");
        part.envs(self.variables.iter().map(|(name, value)| (name, value)));
        part.envs(more.iter().map(|(name, value)| (name, value)));
        let measured: Measured = heard(part)?;
        if measured.succeeded {
            return Ok(Stage { spent: measured.spent, peak: measured.peak });
        }
        Err(format!("`{}` failed; it said:\n{}", command.join(" "), last_lines(&log)))
    }
}

/// This program once more, for one of its parts.
pub(crate) fn this_program() -> Outcome<Command> {
    let path = std::env::current_exe().map_err(|e| format!("this program does not find itself: {e}"))?;
    let mut command = Command::new(path);
    command.arg("--bench");
    Ok(command)
}

/// Runs a part of this program and takes its result.
pub(crate) fn heard<T: for<'a> Deserialize<'a>>(mut part: Command) -> Outcome<T> {
    let output = part.output().map_err(|e| format!("this program cannot start itself: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("a part of this program answered nonsense: {e}"))
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
