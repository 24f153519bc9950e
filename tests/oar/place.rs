//! A scenario's folder on the shared disk, and the program as alice runs it on the login node.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use alpsckpt::checkpoint::{CampaignDir, ChainDir, ChainId, LinkEnd, LinkNumber, LinkStart};
use alpsckpt::durable::sealed;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::scene::{Answer, Scene, assert_same_maps, maps_in};
use crate::terminal::Terminal;

/// Only against hangs: the slowest thing waited for takes some five minutes when the machine is quiet.
const PATIENCE: Duration = Duration::from_mins(15);
const ALICE: &str = "2001:2001";

/// What campaigns of scenarios share: one month in 16 tiles, jobs of about two minutes.
const BASE: [&str; 4] =
    ["months: [6],", "walltime: \"00:02:10\",", "margin: \"00:01:00\",", "checkpoint_every: \"5s\","];
/// Slow enough that a chain is there for more than a minute, in which many things can happen to it.
pub(crate) const PACED: &str = "pace: Some(\"12 tiles/min\"),";
/// The nodes that no scenario takes the power from.
pub(crate) const SAFE: &str = "site: Some(\"project=test;properties=host in ('node1','node2')\"),";

pub(crate) struct Place<'c> {
    pub(crate) cluster: &'c Cluster,
    /// Inputs, and the same campaigns for a run without a cluster.
    scene: Scene,
    /// The folder as the hosts see it.
    pub(crate) inside: String,
    /// The last job before it: those of an earlier run have the same folder.
    after: u64,
}

impl<'c> Place<'c> {
    pub(crate) fn new(cluster: &'c Cluster, name: &str) -> Self {
        // A sequence that has given nothing yet says 1.
        let query = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM jobs_job_id_seq";
        let after = cluster.sql(query)[0][0].parse().unwrap();
        let place = Self { cluster, scene: Scene::new(64), inside: format!("/shared/alice/{name}"), after };
        let folder = place.here("");
        let _ = std::fs::remove_dir_all(&folder);
        done(Command::new("cp").arg("-rT").arg(place.scene.path("")).arg(&folder));
        place.hand_over();
        place
    }

    /// A file of this folder, as this machine sees it.
    pub(crate) fn here(&self, name: &str) -> PathBuf {
        self.outside(&self.inside).join(name)
    }

    /// A path of the hosts, on this machine.
    pub(crate) fn outside(&self, inside: &str) -> PathBuf {
        self.cluster.shared.join(inside.strip_prefix("/shared/").unwrap())
    }

    /// Gives the folder and what was put into it to alice.
    pub(crate) fn hand_over(&self) {
        done(Command::new("chown").args(["-R", ALICE]).arg(self.here("")));
    }

    /// Writes `<output>.ron` whose maps come to `output`.
    pub(crate) fn campaign(&self, output: &str, changes: &[&str]) {
        let name = format!("{}.ron", output.rsplit('/').next().unwrap());
        let file = self.scene.campaign(&name, output, &[&BASE, changes].concat());
        std::fs::copy(file, self.here(&name)).unwrap();
        self.hand_over();
    }

    /// The maps are those of an undisturbed run on this machine.
    pub(crate) fn has_maps_of_a_local_run(&self, output: &Path, changes: &[&str]) {
        let changes = [&BASE, changes, &["pace: None,", "site: None,"]].concat();
        self.scene.campaign("local.ron", "local", &changes);
        self.scene.ask(&["run", "local.ron"]).good();
        assert_same_maps(&maps_in(&output.join("maps")), &self.scene.maps("local"));
    }

    /// The program on the login node, as alice.
    pub(crate) fn alpsckpt(&self, arguments: &[&str]) -> Command {
        self.alpsckpt_with("", arguments)
    }

    /// The same, finding commands in this folder of the scenario first.
    pub(crate) fn alpsckpt_with(&self, folder: &str, arguments: &[&str]) -> Command {
        let path = format!("PATH={}/{folder}:/usr/local/bin:/usr/bin:/bin", self.inside);
        let state = format!("ALPSCKPT_STATE={}/state", self.inside);
        let command = ["env", "-C", &self.inside, &path, &state, "NO_COLOR=1", "/shared/bin/alpsckpt"];
        self.cluster.exec("alice@front", &[&command, arguments].concat())
    }

    /// Runs it to its end.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Answer {
        Answer::of(self.alpsckpt(arguments).output().unwrap())
    }

    /// Runs it in the background; what it says is in the file `name` of the scene.
    pub(crate) fn start(&self, name: &str, arguments: &[&str]) -> Background {
        let file = self.scene.path(name);
        let (said, also) = (File::create(&file).unwrap(), File::options().append(true).open(&file).unwrap());
        let child = self.alpsckpt(arguments).stdout(said).stderr(also).spawn().unwrap();
        Background { child, file }
    }

    /// The screen, in a terminal of so many columns and lines.
    pub(crate) fn screen(&self, columns: u32, lines: u32) -> Terminal {
        let command = self.alpsckpt(&[]);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let quoted = words.map(|w| format!("'{}'", w.to_string_lossy().replace('\'', r"'\''")));
        Terminal::new(
            columns,
            lines,
            &quoted.collect::<Vec<_>>().join(" ").replace("NO_COLOR=1", "LC_ALL=C.UTF-8"),
        )
    }

    /// An executable of this name that a shell reads, found by [`Place::alpsckpt_with`].
    pub(crate) fn command(&self, folder: &str, name: &str, script: &str) {
        std::fs::create_dir_all(self.here(folder)).unwrap();
        let file = self.here(folder).join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        done(Command::new("chmod").arg("755").arg(file));
        self.hand_over();
    }

    /// The only chain of a campaign of [`BASE`], as a new session shows it.
    pub(crate) fn status(&self, output: &str) -> Value {
        let answer = self.ask(&["status", "--json", output]);
        let status: Value = serde_json::from_str(&answer.good().stdout).unwrap();
        status["chains"][0].clone()
    }

    /// Asks new sessions until the chain is in this state.
    pub(crate) fn reaches(&self, output: &str, state: &str) -> Value {
        until(&format!("{state} of {}/{output}", self.inside), 5000, || {
            let chain = self.status(output);
            (chain["state"] == state).then_some(chain)
        })
    }

    /// What a chain has on disk.
    pub(crate) fn chain(&self, output: &str, id: &str) -> ChainDir {
        CampaignDir::new(&self.here(output)).chain(&ChainId::parse(id).unwrap())
    }

    /// The jobs of all campaigns in this scenario's folder.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.jobs_at(&self.inside)
    }

    /// Those of one of them.
    pub(crate) fn jobs_of(&self, output: &str) -> Vec<Job> {
        self.jobs_at(&format!("{}/{output}", self.inside))
    }

    /// Those of the campaigns under a folder, as the hosts see it.
    pub(crate) fn jobs_at(&self, folder: &str) -> Vec<Job> {
        let query = format!(
            "SELECT job_id, array_id, resubmit_job_id, job_name, job_user, state, coalesce(exit_code, -1), start_time, stop_time \
             FROM jobs WHERE launching_directory LIKE '{folder}%' AND job_id > {} ORDER BY job_id",
            self.after
        );
        self.cluster.sql(&query).iter().map(|row| Job::of(row)).collect()
    }

    /// The types of a job's events, in their order.
    pub(crate) fn events(&self, job: u64) -> Vec<String> {
        let query = format!("SELECT type FROM event_logs WHERE job_id = {job} ORDER BY event_id");
        self.cluster.sql(&query).into_iter().map(|mut row| row.remove(0)).collect()
    }
}

/// A job as OAR's database has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) array: u64,
    /// The job it was resubmitted from, or 0.
    pub(crate) from: u64,
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) state: String,
    /// The raw wait status, or -1.
    pub(crate) exit: i64,
    pub(crate) start: i64,
    pub(crate) stop: i64,
}

impl Job {
    fn of(row: &[String]) -> Self {
        let number = |i: usize| row[i].parse::<i64>().unwrap();
        Self {
            id: number(0) as u64,
            array: number(1) as u64,
            from: number(2) as u64,
            name: row[3].clone(),
            user: row[4].clone(),
            state: row[5].clone(),
            exit: number(6),
            start: number(7),
            stop: number(8),
        }
    }
}

/// A command that runs beside the test.
pub(crate) struct Background {
    child: Child,
    file: PathBuf,
}

impl Background {
    /// All that it said until now.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap()
    }

    /// The snapshots that `status --watch --json` has printed until now.
    pub(crate) fn snapshots(&self) -> Vec<Value> {
        let said = self.said();
        // The last may be half printed.
        serde_json::Deserializer::from_str(&said).into_iter().map_while(Result::ok).collect()
    }

    /// Waits until it has ended by itself, well.
    pub(crate) fn ends(&mut self) -> String {
        let status = until("the end of a command", 500, || self.child.try_wait().unwrap());
        assert!(status.success(), "{status}: {}", self.said());
        self.said()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `ready` answers, asking again after each pause.
pub(crate) fn until<T>(what: &str, pause_ms: u64, mut ready: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ready() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(pause_ms));
    }
}

/// Waits until a link has begun.
pub(crate) fn begins(chain: &ChainDir, link: u32) -> LinkStart {
    let file = chain.link_start(LinkNumber(link));
    until(&file.display().to_string(), 300, || sealed::read(&file).ok())
}

/// Waits until a link has ended by itself.
pub(crate) fn link_ends(chain: &ChainDir, link: u32) -> LinkEnd {
    let file = chain.link_end(LinkNumber(link));
    until(&file.display().to_string(), 300, || sealed::read(&file).ok())
}

/// Waits until a checkpoint of the chain is sealed.
pub(crate) fn seals(chain: &ChainDir) {
    let folder = chain.generations();
    until(&folder.display().to_string(), 300, || {
        let entries = std::fs::read_dir(&folder).ok()?;
        entries.flatten().any(|e| e.path().extension().is_some_and(|x| x == "ron")).then_some(())
    });
}

/// Waits until every map of the chain is there.
pub(crate) fn completes(chain: &ChainDir) {
    until(&chain.complete().display().to_string(), 500, || chain.complete().exists().then_some(()));
}

/// The chain is complete in the eyes of a new session too.
pub(crate) fn is_complete(chain: &Value) {
    assert_eq!(chain["state"], "Complete", "{chain}");
}

/// Runs a command that must end well.
pub(crate) fn done(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
