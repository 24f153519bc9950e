//! What is meant, and what acts: which campaign a command is about, and what becomes of its file.

use std::fs;
use std::path::Path;

use crate::scene::{Answer, Scene, sky, wait_for};

/// Slow enough to be met at work.
const SLOW: &str = "pace: Some(\"20 tiles/min\"),";

/// Two campaigns of one long job each, both submitted: `a` first, `b` last.
fn two_at_work() -> Scene {
    let scene = Scene::new(64);
    scene.cluster(1.0);
    for name in ["a", "b"] {
        fs::create_dir(scene.path(name)).unwrap();
        let output = format!("{name}/out");
        scene.campaign(&format!("{name}.ron"), &output, &sky(&[SLOW, &format!("name: \"{name}\",")]));
        scene.ask(&["submit", &format!("{name}.ron"), "--cluster-dir", "cluster"]).good();
    }
    scene
}

fn in_folder(scene: &Scene, folder: &Path, arguments: &[&str]) -> Answer {
    Answer::of(scene.alpsckpt(arguments).current_dir(folder).output().unwrap())
}

#[test]
fn looking_moves_nothing_and_what_acts_takes_the_folders_campaign_or_names_the_one_it_means() {
    let scene = two_at_work();
    let state =
        |name: &str| scene.status(&format!("{name}/out"))["chains"][0]["state"].as_str().unwrap().to_owned();
    wait_for("both to run", || (state("a") == "Running" && state("b") == "Running").then_some(()));
    // Opened last is b, whatever is looked at.
    let list = fs::read(scene.path("state/campaigns.ron")).unwrap();
    for looking in [
        &["status", "a.ron"][..],
        &["status", "a.ron", "--json"],
        &["log", "m01", "-c", "a.ron"],
        &["plan", "a.ron"],
        &["check", "a.ron"],
        &["verify", "a.ron"],
    ] {
        scene.ask(looking);
    }
    assert_eq!(fs::read(scene.path("state/campaigns.ron")).unwrap(), list);
    let elsewhere = scene.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let shown = in_folder(&scene, &elsewhere, &["status"]);
    assert!(shown.good().stdout.contains("b/out"), "{shown}");
    // Somewhere else nothing is done unasked, and what is printed works.
    let named = format!("alpsckpt stop m01 --campaign {}", scene.path("b/out").display());
    let refused = in_folder(&scene, &elsewhere, &["stop", "m01"]);
    refused.failed(2, &["opened last is \"b\" in", &named]);
    // Where files of two campaigns lie both are named.
    scene.ask(&["hold", "m01"]).failed(2, &["several campaigns", "a/out", "b/out"]);
    assert_eq!((state("a"), state("b")), ("Running".to_owned(), "Running".to_owned()));
    // In the output folder, or deep in it, its campaign is meant.
    let stopped = in_folder(&scene, &scene.path("a/out/maps"), &["stop", "m01"]);
    let said = &stopped.good().stdout;
    assert!(said.contains(&format!("Campaign \"a\" in {}", scene.path("a/out").display())), "{stopped}");
    wait_for("a to stop", || (state("a") == "Stopped").then_some(()));
    assert_eq!(state("b"), "Running");
    let words: Vec<&str> = named.split(' ').skip(1).collect();
    in_folder(&scene, &elsewhere, &words).good();
    wait_for("b to stop", || (state("b") == "Stopped").then_some(()));
    // Beside the one campaign file whose campaign was begun.
    fs::remove_file(scene.path("b.ron")).unwrap();
    fs::copy(scene.path("a.ron"), scene.path("a/my.ron")).unwrap();
    let refused = in_folder(&scene, &scene.path("a"), &["stop", "m01"]);
    refused.failed(2, &["opened last is"]);
    let answer = scene.ask(&["stop", "m01"]);
    answer.failed(75, &["\"a\" in", "it has no job"]);
}

#[test]
fn the_next_attempt_goes_by_the_edited_file_and_says_so() {
    let scene = Scene::new(64);
    scene.cluster(1.0);
    // Each job tells what the batch system gave it.
    let setup = "setup: [\"printenv OAR_JOB_WALLTIME_SECONDS >walltime\"],";
    let with = |walltime: &str| {
        let walltime = format!("walltime: \"{walltime}\",");
        scene.campaign("my.ron", "out", &sky(&[SLOW, setup, "margin: \"00:01:00\",", &walltime]));
    };
    let given = |seconds: &str| {
        let told = scene.path("out/walltime");
        wait_for("a job of this walltime", || {
            fs::read_to_string(&told).is_ok_and(|text| text.trim() == seconds).then_some(())
        });
    };
    with("00:03:00");
    scene.ask(&["submit", "my.ron", "--cluster-dir", "cluster"]).good();
    given("180");
    scene.ask(&["stop", "m01"]).good();
    with("00:02:40");
    wait_for("its end", || (scene.status("out")["chains"][0]["state"] == "Stopped").then_some(()));
    let script = || fs::read_to_string(scene.path("out/.alpsckpt/chains/m01/job.sh")).unwrap();
    let before = script();
    // Who looks is told, and nothing changes.
    let looked = scene.ask(&["status", "my.ron"]);
    let diff = "`walltime` \"00:03:00\" → \"00:02:40\"";
    assert!(looked.good().stderr.contains(diff), "{looked}");
    assert_eq!(script(), before);
    // The campaign knows its cluster.
    let again = scene.ask(&["submit", "my.ron"]);
    let words = [diff, "alpsckpt resubmit m01 --campaign my.ron"];
    assert!(again.good().stderr.contains(words[0]) && again.stdout.contains(words[1]), "{again}");
    with("00:02:30");
    let resubmitted = scene.ask(&["resubmit", "m01", "--campaign", "my.ron"]);
    assert!(resubmitted.good().stderr.contains("`walltime` \"00:02:40\" → \"00:02:30\""), "{resubmitted}");
    assert_ne!(script(), before, "its job goes by the spec as it is now");
    given("150");
    let history = scene.status("out")["history"].to_string();
    assert!(history.contains("00:02:30"), "{history}");
    // What changes the maps does not pass, and the message says which field.
    scene.campaign("my.ron", "out", &sky(&["year: 2019,"]));
    for command in [
        &["submit", "my.ron"][..],
        &["resubmit", "m01", "-c", "my.ron"],
        &["run", "my.ron"],
        &["open", "my.ron"],
    ] {
        scene.ask(command).failed(76, &["another", "`year`", "\n  → write a new `output` in "]);
    }
    let stopped = scene.ask(&["stop", "m01", "-c", "my.ron"]);
    assert!(stopped.good().stderr.contains("`year` 2018 → 2019"), "{stopped}");
}

/// The program without the commands of a batch system.
fn without_oar(scene: &Scene, arguments: &[&str]) -> Answer {
    let nothing = scene.path("nothing");
    fs::create_dir_all(&nothing).unwrap();
    Answer::of(scene.alpsckpt(arguments).env("PATH", nothing).output().unwrap())
}

#[test]
fn where_there_is_no_batch_system_nothing_is_left_behind() {
    let scene = Scene::new(32);
    scene.campaign("my.ron", "out", &sky(&[]));
    without_oar(&scene, &["submit", "my.ron", "--cluster", "oar"]).failed(69, &["oarsta", "\n  → "]);
    assert!(!scene.path("out").exists());
    scene.cluster(60.0);
    let there = scene.ask(&["submit", "my.ron", "--cluster-dir", "cluster"]);
    assert!(there.good().stdout.contains("m01: submitted"), "{there}");
}

#[test]
fn what_was_refused_is_submitted_again_and_what_failed_is_never_left_with_exit_code_0() {
    let scene = Scene::new(32);
    // A batch system that refuses, then one that takes.
    let folder = scene.path("oar");
    fs::create_dir(&folder).unwrap();
    let put = |name: &str, script: &str| {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    put("oarstat", "case \"$*\" in *version*) echo 'OAR version : 2.5.9';; *) echo '{}';; esac");
    put("oarnodes", "echo '{\"n1\": {\"1\": {\"network_address\": \"n1\", \"state\": \"Alive\"}}}'");
    put("oarsub", "echo '[ADMISSION RULE] Unknown project' >&2; exit 5");
    let oar = |arguments: &[&str]| {
        let path = format!("{}:/usr/bin:/bin", folder.display());
        Answer::of(scene.alpsckpt(arguments).env("PATH", path).output().unwrap())
    };
    scene.campaign("my.ron", "out", &["months: [1, 6],"]);
    let refused = oar(&["submit", "my.ron", "--cluster", "oar"]);
    refused.failed(69, &["Unknown project", "\n  → "]);
    oar(&["submit", "my.ron"]).failed(69, &["Unknown project"]);
    put("oarsub", "echo OAR_JOB_ID=7");
    let taken = oar(&["submit", "my.ron"]);
    let said = &taken.good().stdout;
    assert!(said.contains("m01: submitted as job 7") && said.contains("m06: submitted as job 7"), "{taken}");
}

#[test]
fn a_failed_month_is_told_with_its_cure_and_another_exit_code() {
    let scene = Scene::new(32);
    scene.cluster(60.0);
    scene.campaign("my.ron", "out", &sky(&["setup: [\"exit 3\"],"]));
    scene.ask(&["submit", "my.ron", "--cluster-dir", "cluster"]).good();
    wait_for("its failure", || (scene.status("out")["chains"][0]["state"] == "Failed").then_some(()));
    let again = scene.ask(&["submit", "my.ron"]);
    again.failed(75, &["m01: failed, left as it is", "\n  → alpsckpt resubmit m01 --campaign my.ron\n"]);
    // Corrected and resubmitted as printed.
    scene.campaign("my.ron", "out", &sky(&[]));
    let cure = again.stderr.split("→ alpsckpt ").nth(1).unwrap().lines().next().unwrap();
    scene.ask(&cure.split(' ').collect::<Vec<_>>()).good();
    wait_for("the map", || (scene.status("out")["complete"] == true).then_some(()));
}

#[test]
fn a_list_of_campaigns_that_cannot_be_written_stops_nothing() {
    let scene = Scene::new(32);
    // A file where the folder should be, as little use as a full home.
    fs::write(scene.path("state"), "").unwrap();
    scene.campaign("my.ron", "out", &sky(&[]));
    let run = scene.ask(&["run", "my.ron"]);
    assert!(run.good().stderr.contains("warning: ") && run.stderr.contains("not remembered"), "{run}");
    scene.campaign("two.ron", "two", &sky(&[]));
    scene.cluster(60.0);
    let submitted = scene.ask(&["submit", "two.ron", "--cluster-dir", "cluster"]);
    assert!(submitted.good().stdout.contains("m01: submitted"), "{submitted}");
    // Without a cluster that can be made no campaign is.
    scene.campaign("three.ron", "three", &sky(&[]));
    scene.ask(&["submit", "three.ron"]).failed(69, &["\n  → "]);
    assert!(!scene.path("three").exists());
    for looking in
        [&["status", "my.ron"][..], &["check", "my.ron"], &["verify", "my.ron"], &["plan", "my.ron"]]
    {
        scene.ask(looking).good();
    }
}

#[test]
fn an_edited_frozen_spec_ends_a_job_with_its_own_code_and_is_written_anew_as_printed() {
    let scene = Scene::new(32);
    scene.cluster(60.0);
    scene.campaign("my.ron", "out", &sky(&[]));
    scene.ask(&["run", "my.ron", "--months", "1"]).good();
    let state = scene.path("out/.alpsckpt");
    let script = fs::read_to_string(state.join("chains/m01/job.sh")).unwrap();
    let hash = script.split("--spec ").nth(1).unwrap().split_whitespace().next().unwrap();
    let frozen = state.join(format!("spec-{hash}.ron"));
    let text = fs::read_to_string(&frozen).unwrap();
    fs::write(&frozen, text.replace("2018", "2019")).unwrap();
    let out = scene.path("out");
    let job = ["job", "run", "--output", out.to_str().unwrap(), "--chain", "m01", "--spec", hash];
    let ended = scene.ask(&job);
    ended.failed(76, &["spec-", "resubmit m01 --campaign FILE"]);
    scene.ask(&["run", "my.ron"]).good();
    assert_eq!(fs::read_to_string(&frozen).unwrap(), text);
    scene.ask(&job).good();
}
