//! `alpsckpt doctor`: a site is looked at by a job of its own, of which nothing stays.

use std::process::Stdio;

use alpsckpt::oar_client::BatchSystem;
use serde_json::Value;

use crate::scene::{Scene, names_in, wait_for};

#[test]
fn a_good_site_is_found_good_and_left_as_it_was() {
    let scene = Scene::new(16);
    scene.campaign("my.ron", "maps-of-mine", &[]);
    scene.cluster(60.0);
    let before = names(&scene);
    let answer = scene.ask(&["doctor", "my.ron", "--cluster-dir", "cluster", "--json"]);
    let found: Value = serde_json::from_str(&answer.good().stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| finding["good"] == true), "{answer}");
    for what in
        ["the batch system", "its nodes", "a job for the project", "the folder is shared", "the clock of"]
    {
        let told = |finding: &Value| finding["what"].as_str().unwrap().starts_with(what);
        assert!(findings.iter().any(told), "nothing is said of {what}: {answer}");
    }
    assert_eq!(names(&scene), before, "something of the job stays");
}

#[test]
fn a_machine_without_oar_is_no_frontend() {
    let scene = Scene::new(16);
    scene.campaign("my.ron", "maps-of-mine", &[]);
    let before = names(&scene);
    let mut doctor = scene.alpsckpt(&["doctor", "my.ron", "--cluster", "oar"]);
    let answer = crate::scene::Answer::of(doctor.env("PATH", "/nowhere").output().unwrap());
    answer.failed(69, &["not fit"]);
    assert!(answer.stdout.contains("BAD   the batch system: oarstat: no such command"), "{answer}");
    assert_eq!(names(&scene), before);
}

#[test]
fn a_job_that_cannot_end_well_is_told_with_its_last_words() {
    let scene = Scene::new(16);
    scene.campaign("my.ron", "maps-of-mine", &["setup: [\"echo no such module >&2; exit 3\"],"]);
    scene.cluster(60.0);
    let answer = scene.ask(&["doctor", "my.ron", "--cluster-dir", "cluster"]);
    answer.failed(69, &["not fit"]);
    assert!(answer.stdout.contains("no such module") && answer.stdout.contains("Code(78)"), "{answer}");
}

#[test]
fn an_interrupted_doctor_leaves_neither_job_nor_folder() {
    let scene = Scene::new(16);
    // Its job waits for ever.
    scene.campaign("my.ron", "maps-of-mine", &["setup: [\"touch begun; exec sleep 1000\"],"]);
    scene.cluster(1.0);
    let before = names(&scene);
    let mut doctor = scene.alpsckpt(&["doctor", "my.ron", "--cluster-dir", "cluster"]);
    let child = doctor.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("the doctor's job", || {
        let folders = std::fs::read_dir(scene.path("")).unwrap().flatten();
        folders.map(|f| f.path().join("begun")).any(|begun| begun.exists()).then_some(())
    });
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let answer = crate::scene::Answer::of(child.wait_with_output().unwrap());
    answer.failed(75, &["interrupted"]);
    assert_eq!(names(&scene), before, "something of the job stays");
    let jobs: Vec<_> = scene.client().nodes().unwrap().into_iter().flat_map(|node| node.jobs).collect();
    assert_eq!(jobs, []);
}

/// What lies in the scene's folder, the cluster's own affairs left out.
fn names(scene: &Scene) -> Vec<String> {
    names_in(&scene.path(""), &["cluster", "state", "data"])
}
