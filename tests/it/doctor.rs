//! `alpsckpt doctor`: a site is looked at by a job of its own, of which nothing stays.

use serde_json::Value;

use crate::scene::{Scene, names_in};

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

/// What lies in the scene's folder, the cluster's own affairs left out.
fn names(scene: &Scene) -> Vec<String> {
    names_in(&scene.path(""), &["cluster", "state", "data"])
}
