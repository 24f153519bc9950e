//! Campaigns of programs that cannot save themselves, dumped and restored by a real CRIU without privileges: what they make is
//! what they make uninterrupted, and whatever is wrong is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::scene::{Answer, PROGRAM, Scene, apart};
use crate::support;

mod cluster;
mod commands;
mod cures;
mod ends;
mod images;
mod lost;
mod nodes;
mod outputs;
mod own;
mod same;
mod trouble;

/// A folder with campaigns of commands, and a CRIU.
struct Programs {
    scene: Scene,
    kit: PathBuf,
}

impl Programs {
    /// `None`: there is no CRIU, and the test is skipped.
    fn new(test: &str) -> Option<Self> {
        let kit = support::kit_of_tests(test)?;
        Some(Self { scene: Scene::new(8), kit })
    }

    /// For programs that nothing dumps.
    fn without_criu() -> Self {
        Self { scene: Scene::new(8), kit: PathBuf::from("/nowhere") }
    }

    /// Writes a campaign whose program makes these files, with these fields beside; its output folder has the file's name.
    fn campaign(&self, name: &str, run: &str, outputs: &[&str], fields: &str) -> String {
        let text = format!(
            "(version: 1, name: \"{name}\", output: \"{name}\", months: [6], threads: 1, walltime: \"00:10:00\", margin: \"00:02:00\",
              workload: Command(run: {run}, outputs: {outputs:?}, {fields}))"
        );
        let file = format!("{name}.ron");
        fs::write(self.scene.path(&file), text).unwrap();
        file
    }

    /// A run within these words, which end with the name and the arguments of the program that they call.
    /// Lays a script of the tests beside the campaigns.
    fn script(&self, name: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/programs").join(name);
        fs::copy(from, self.scene.path(name)).unwrap();
    }

    fn command(&self, within: &[&str], file: &str) -> Command {
        let words = [within, &[PROGRAM, "run", file]].concat();
        let mut command = Command::new(words[0]);
        apart(&mut command, &self.scene.path("")).args(&words[1..]).env("ALPSCKPT_CRIU", &self.kit);
        command
    }

    fn run(&self, file: &str) -> Answer {
        self.run_within(&[], file)
    }

    /// A run on what is as good as another node: these words make it.
    fn run_within(&self, within: &[&str], file: &str) -> Answer {
        Answer::of(self.command(within, file).output().unwrap())
    }

    /// Begins a run that is to be interrupted.
    fn begin(&self, file: &str) -> Child {
        self.begin_within(&[], file)
    }

    fn begin_within(&self, within: &[&str], file: &str) -> Child {
        self.command(within, file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs until the program has got so far, and has it checkpointed.
    fn cut(&self, file: &str, at: impl Fn() -> bool) {
        self.cut_within(&[], file, at);
    }

    fn cut_within(&self, within: &[&str], file: &str, at: impl Fn() -> bool) {
        // Before its link is at work a signal would just end it.
        let works = || {
            let log = self.log(file);
            log.matches("Resumes generation").count() + log.matches("Begins anew").count()
        };
        let before = works();
        let mut run = self.begin_within(within, file);
        wait_for(
            || format!("the program to get on: {}", self.log(file)),
            || (works() > before && at()) || run.try_wait().unwrap().is_some(),
        );
        ask_to_stop(&run);
        assert_eq!(run.wait().unwrap().code(), Some(99), "{}", self.log(file));
    }

    fn chain(&self, file: &str) -> PathBuf {
        self.scene.path(file.trim_end_matches(".ron")).join(".alpsckpt/chains/m06")
    }

    /// The logs of all links.
    fn log(&self, file: &str) -> String {
        let logs =
            fs::read_dir(self.chain(file).join("logs")).into_iter().flatten().flatten().map(|e| e.path());
        let mut logs: Vec<PathBuf> =
            logs.filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
        logs.sort();
        logs.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    fn result(&self, file: &str, name: &str) -> Vec<u8> {
        let path = self.scene.path(file.trim_end_matches(".ron")).join("results").join(name);
        fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}\n{}", path.display(), self.log(file)))
    }

    /// The folder of the program that the first link has started.
    fn work(&self, file: &str) -> PathBuf {
        self.chain(file).join("program/0001")
    }

    /// How much the program has said on its standard output, over all its starts.
    fn said(&self, file: &str) -> u64 {
        let logs = fs::read_dir(self.chain(file).join("logs")).into_iter().flatten().flatten();
        let outs = logs.filter(|e| e.file_name().to_string_lossy().ends_with(".program.out"));
        outs.map(|e| e.metadata().map_or(0, |facts| facts.len())).sum()
    }

    /// Generations on disk.
    fn generations(&self, file: &str) -> Vec<PathBuf> {
        let folder = self.chain(file).join("generations");
        let mut found: Vec<PathBuf> =
            fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
        found.sort();
        found
    }
}

/// Has a run checkpoint, whatever it is run within.
fn ask_to_stop(run: &Child) {
    let program = fs::canonicalize(PROGRAM).unwrap();
    let own = descendants(run.id())
        .into_iter()
        .find(|pid| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program));
    let _ = kill(Pid::from_raw(own.unwrap_or(run.id()) as i32), Signal::SIGTERM);
}

/// A process and all below it, from above.
fn descendants(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(pid) = all.get(next) {
        // A child may have been made by any thread.
        for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().map(|child| child.parse::<u32>().unwrap()));
        }
        next += 1;
    }
    all
}

fn wait_for(what: impl Fn() -> String, mut ready: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_mins(2);
    while !ready() {
        assert!(Instant::now() < until, "no {}", what());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Says so many numbers, slowly, then writes their sum: what it has in memory is what counts.
fn counter(numbers: u32, pause: &str) -> String {
    format!(
        "Shell(\"s=0; exec 3>>{{work}}/kept; for i in $(seq 1 {numbers}); do s=$((s+i)); echo $i; echo $i >&3; sleep {pause}; done; echo $s > {{output}}/sum.txt; cp {{work}}/kept {{output}}/kept.txt\")"
    )
}

fn numbers_to(last: u32) -> String {
    (1..=last).map(|n| n.to_string() + "\n").collect::<Vec<_>>().concat()
}
