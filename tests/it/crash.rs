//! kill -9 of every kind of process at random moments: nothing is submitted twice, nothing lost, the maps the same.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use alpsckpt::batch::{BatchSystem, Job, Token};
use alpsckpt::checkpoint::{CampaignDir, ChainId, LinkNumber, LinkStart};
use alpsckpt::durable::sealed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::scene::{Scene, assert_same_maps, wait_for};

/// Scheduler seconds in one real second: jobs of 4 s.
const SCALE: f64 = 1800.0;
const CHAINS: [&str; 2] = ["m01", "m06"];
const CHANGES: [&str; 6] = [
    "walltime: \"02:00:00\",",
    "margin: \"00:30:00\",",
    "checkpoint_every: \"1s\",",
    "pace: Some(\"500 tiles/min\"),",
    "tile: 16,",
    "products: [SkyView, Total, Temperature],",
];
const CELLS: usize = 128;
/// Kills of one test; there are six tests.
const TRIALS: u32 = 9;

/// The maps of the same campaign that nothing happened to.
fn uninterrupted() -> &'static [(String, Vec<u8>)] {
    static MAPS: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    MAPS.get_or_init(|| {
        let scene = Scene::new(CELLS);
        scene.campaign("my.ron", "out", &CHANGES);
        scene.ask(&["run", "my.ron", "--threads", "2"]).good();
        scene.maps("out")
    })
}

/// Numbers that are the same at each run of the tests (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn sleep(&mut self, longest_ms: u64) {
        std::thread::sleep(Duration::from_millis(self.below(longest_ms)));
    }
}

/// A campaign under attack.
struct Trial<'s> {
    scene: &'s Scene,
    output: String,
    file: String,
}

impl Trial<'_> {
    fn directory(&self) -> CampaignDir {
        CampaignDir::new(&self.scene.path(&self.output))
    }

    /// Submits; the first process is killed at a random moment.
    fn submit(&self, random: &mut Random) {
        let cluster = self.scene.path("cluster");
        let submit = ["submit", &self.file, "--cluster-dir", cluster.to_str().unwrap()];
        let mut first =
            self.scene.alpsckpt(&submit).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        random.sleep(250);
        first.kill().unwrap();
        first.wait().unwrap();
        self.scene.ask(&submit).good();
        self.look();
    }

    /// A session that follows the campaign.
    fn watcher(&self) -> Child {
        let output = self.scene.path(&self.output);
        let watch = ["status", "--watch", output.to_str().unwrap()];
        self.scene.alpsckpt(&watch).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// What a new session says right after a crash, held against the cluster's own list of jobs.
    fn look(&self) -> Value {
        let snapshot = self.scene.status(&self.output);
        let mut found = 0;
        for chain in snapshot["chains"].as_array().unwrap() {
            let tokens = self.tokens(chain["id"].as_str().unwrap());
            let jobs = self.scene.client().find(&tokens).unwrap();
            found += jobs.len();
            each_once(&tokens, &jobs);
            assert_eq!(chain["attempts"].as_u64(), Some(tokens.len() as u64), "{chain}");
            let state = chain["state"].as_str().unwrap();
            if jobs.iter().any(|j| !j.state.is_over()) {
                assert!(!["Planned", "Failed", "Stopped"].contains(&state), "a job lives: {chain}");
            }
            assert!(chain["sealed_tiles"].as_u64() <= chain["tiles"].as_u64(), "{chain}");
        }
        assert!(found >= 1, "no job at all: {snapshot}");
        snapshot
    }

    fn tokens(&self, chain: &str) -> Vec<Token> {
        #[derive(serde::Deserialize)]
        struct AttemptFile {
            token: Token,
        }
        let folder = self.directory().chain(&ChainId::parse(chain).unwrap()).path().join("attempts");
        let files = fs::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path());
        let mut files: Vec<PathBuf> = files.filter(|p| p.extension().is_some_and(|e| e == "ron")).collect();
        files.sort();
        files.iter().map(|f| sealed::read::<AttemptFile>(f).unwrap().token).collect()
    }

    /// The process of a link that has not ended by itself; it may be dead.
    fn job_process(&self, chain: &str) -> Option<Pid> {
        let chain = self.directory().chain(&ChainId::parse(chain).unwrap());
        let last = (1..=u32::MAX).map(LinkNumber).take_while(|n| chain.link_start(*n).exists()).last()?;
        if chain.link_end(last).exists() {
            return None;
        }
        let start: LinkStart = sealed::read(&chain.link_start(last)).ok()?;
        i32::try_from(start.pid).ok().map(Pid::from_raw)
    }

    /// A person's part: what failed is resubmitted.
    fn resubmit_failed(&self, snapshot: &Value) {
        for chain in snapshot["chains"].as_array().unwrap() {
            if chain["state"] == "Failed" {
                assert!(chain["failure"]["cause"].as_str().is_some_and(|c| !c.is_empty()), "{chain}");
                let output = self.scene.path(&self.output);
                let id = chain["id"].as_str().unwrap();
                self.scene.ask(&["resubmit", id, "--campaign", output.to_str().unwrap()]).good();
            }
        }
    }

    fn finish(&self) {
        wait_for("the campaign's end", || {
            let snapshot = self.look();
            self.resubmit_failed(&snapshot);
            (snapshot["complete"] == true).then_some(())
        });
        assert_same_maps(&self.scene.maps(&self.output), uninterrupted());
        let output = self.scene.path(&self.output);
        self.scene.ask(&["verify", output.to_str().unwrap()]).good();
    }
}

/// Each attempt was submitted at most once, and of all their jobs at most one is not over.
fn each_once(tokens: &[Token], jobs: &[Job]) {
    for token in tokens {
        let submitted = jobs.iter().filter(|j| j.name == token.0 && j.resubmitted_from.is_none()).count();
        assert!(submitted <= 1, "{token} was submitted {submitted} times: {jobs:?}");
    }
    assert!(jobs.iter().filter(|j| !j.state.is_over()).count() <= 1, "two jobs at a time: {jobs:?}");
}

fn trials(seed: u64) {
    let mut random = Random(seed);
    let scene = Scene::new(CELLS);
    scene.cluster(SCALE);
    let mut done = 0;
    for round in 0.. {
        let (output, file) = (format!("out{round}"), format!("my{round}.ron"));
        scene.campaign(&file, &output, &CHANGES);
        let trial = Trial { scene: &scene, output, file };
        trial.submit(&mut random);
        done += 1;
        while done < TRIALS {
            let mut watcher = trial.watcher();
            random.sleep(1200);
            let struck = strike(&trial, &mut random, &mut watcher);
            watcher.kill().unwrap();
            watcher.wait().unwrap();
            let snapshot = trial.look();
            eprintln!("seed {seed}, trial {done}: killed the {struck}: {}", states(&snapshot));
            done += 1;
            trial.resubmit_failed(&snapshot);
            if snapshot["complete"] == true {
                break;
            }
        }
        trial.finish();
        if done >= TRIALS {
            return;
        }
    }
}

/// Kills a process: the session, the cluster's server or a job.
fn strike(trial: &Trial, random: &mut Random, watcher: &mut Child) -> &'static str {
    let job = trial.job_process(CHAINS[random.below(2) as usize]);
    match (random.below(3), job) {
        (0, _) => {
            watcher.kill().unwrap();
            "session"
        }
        (1, Some(job)) => {
            let _ = kill(job, Signal::SIGKILL);
            "job"
        }
        _ => {
            if let Some(server) = trial.scene.client().server_pid().unwrap() {
                let _ = kill(Pid::from_raw(i32::try_from(server).unwrap()), Signal::SIGKILL);
            }
            "server"
        }
    }
}

fn states(snapshot: &Value) -> String {
    let chains = snapshot["chains"].as_array().unwrap().iter();
    chains
        .map(|c| format!("{} {} {}/{}", c["id"], c["state"], c["tiles"], c["total"]))
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn kills_at_random_moments_spoil_nothing_seed_1() {
    trials(1);
}

#[test]
fn kills_at_random_moments_spoil_nothing_seed_2() {
    trials(2);
}

#[test]
fn kills_at_random_moments_spoil_nothing_seed_3() {
    trials(3);
}

#[test]
fn kills_at_random_moments_spoil_nothing_seed_4() {
    trials(4);
}

#[test]
fn kills_at_random_moments_spoil_nothing_seed_5() {
    trials(5);
}

#[test]
fn kills_at_random_moments_spoil_nothing_seed_6() {
    trials(6);
}

#[test]
fn a_node_believed_dead_that_wakes_up_is_fenced_off() {
    let scene = Scene::new(CELLS);
    scene.cluster(1.0);
    // Step by step it takes some seconds.
    let changes: Vec<&str> = CHANGES.into_iter().chain(["steps: Exact,"]).collect();
    scene.campaign("whole.ron", "whole", &changes);
    scene.ask(&["run", "whole.ron"]).good();
    scene.campaign("my.ron", "out", &changes);
    // Makes the campaign's folder; its jobs are run by hand below, as on nodes that the batch system cannot reach.
    let mut begun = scene.alpsckpt(&["run", "my.ron", "--months", "1"]).spawn().unwrap();
    let trial = Trial { scene: &scene, output: "out".to_owned(), file: "my.ron".to_owned() };
    let asleep = wait_for("a link that computes", || trial.job_process("m01"));
    assert_eq!(asleep.as_raw() as u32, begun.id());
    wait_for("its first generation", || {
        let chain = trial.directory().chain(&ChainId::parse("m01").unwrap());
        fs::read_dir(chain.generations()).ok()?.next()?.ok()
    });
    kill(asleep, Signal::SIGSTOP).unwrap();
    scene.ask(&["run", "my.ron"]).good();
    assert_same_maps(&scene.maps("out"), &scene.maps("whole"));
    kill(asleep, Signal::SIGCONT).unwrap();
    assert_eq!(begun.wait().unwrap().code(), Some(75), "a link that was overtaken says so");
    assert_same_maps(&scene.maps("out"), &scene.maps("whole"));
}

#[test]
fn a_stopped_job_that_is_given_up_and_resubmitted_gives_the_same_maps() {
    let scene = Scene::new(CELLS);
    let cluster = scene.cluster(SCALE);
    scene.campaign("my.ron", "out", &CHANGES);
    let trial = Trial { scene: &scene, output: "out".to_owned(), file: "my.ron".to_owned() };
    scene.ask(&["submit", "my.ron", "--cluster-dir", cluster.to_str().unwrap()]).good();
    let job = wait_for("a link that computes", || {
        trial.job_process("m01").filter(|_| {
            trial.scene.status("out")["chains"][0]["sealed_tiles"].as_u64().is_some_and(|n| n > 0)
        })
    });
    kill(job, Signal::SIGSTOP).unwrap();
    let output = scene.path("out");
    scene.ask(&["stop", "m01", "--campaign", output.to_str().unwrap()]).good();
    wait_for("the stop", || (scene.status("out")["chains"][0]["state"] == "Stopped").then_some(()));
    scene.ask(&["resubmit", "m01", "--campaign", output.to_str().unwrap()]).good();
    // The batch system has killed it; on a node out of reach it would go on now.
    let _ = kill(job, Signal::SIGCONT);
    trial.finish();
}
