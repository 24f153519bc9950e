//! `alpsckpt doctor`: a site is looked at by a job of its own, of which nothing stays.

use std::process::Stdio;

use alpsckpt::batch::BatchSystem;
use serde_json::Value;

use crate::scene::{Scene, names_in, wait_for};

#[test]
fn a_good_site_is_found_good_and_left_as_it_was() {
    let scene = Scene::new(16);
    scene.campaign("my.ron", "maps-of-mine", &[]);
    scene.cluster(20.0);
    let before = names(&scene);
    let answer = scene.ask(&["doctor", "my.ron", "--cluster-dir", "cluster", "--json"]);
    let found: Value = serde_json::from_str(&answer.good().stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    let fit = |finding: &Value| finding["good"] == true || finding["needed"] == false;
    assert!(findings.iter().all(fit), "{answer}");
    for what in
        ["the batch system", "its nodes", "a job for the project", "the folder is shared", "the clock of"]
    {
        let told = |finding: &Value| finding["what"].as_str().unwrap().starts_with(what);
        assert!(findings.iter().any(told), "nothing is said of {what}: {answer}");
    }
    assert_eq!(names(&scene), before, "something of the job stays");
}

#[test]
fn a_machine_without_oar_is_no_login_node() {
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
    scene.cluster(20.0);
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

#[test]
fn this_machine_dumps_and_restores_a_program_as_an_ordinary_user_and_says_how() {
    const TEST: &str = "this_machine_dumps_and_restores_a_program_as_an_ordinary_user_and_says_how";
    let Some(kit) = crate::support::kit_of_tests(TEST) else { return };
    let ordinary = crate::kit::Place::new();
    let copy = ordinary.path("kit");
    let words = ["-a".as_ref(), kit.as_os_str(), copy.as_os_str()];
    crate::support::said("cp", &words, &ordinary.path(""));
    let mut doctor = ordinary.alpsckpt(&["doctor", "--json"]);
    let answer = crate::scene::Answer::of(doctor.env("ALPSCKPT_CRIU", &copy).output().unwrap());
    let found: Value = serde_json::from_str(&answer.good().stdout).unwrap();
    let criu = &found["findings"][0];
    assert!(criu["what"].as_str().unwrap().contains("by CRIU, on this machine"), "{answer}");
    let words = criu["found"].as_str().unwrap();
    assert!(criu["good"] == true && words.contains("without root, in namespaces"), "{answer}");
    assert!(words.contains("restored in") && !words.contains("but not"), "{answer}");
    let dmtcp = &found["findings"][1];
    assert!(dmtcp["good"] == true || dmtcp["cure"].as_str().unwrap().contains("ALPSCKPT_DMTCP"), "{answer}");
}

#[test]
fn a_machine_that_can_checkpoint_nothing_says_why_and_what_to_do() {
    let scene = Scene::new(16);
    let mut doctor = scene.alpsckpt(&["doctor"]);
    doctor.env("ALPSCKPT_CRIU", "/nowhere/criu").env("ALPSCKPT_DMTCP", "/nowhere/dmtcp");
    let answer = crate::scene::Answer::of(doctor.output().unwrap());
    answer.failed(69, &["can checkpoint no programs"]);
    for words in [
        "none  checkpoints of other programs by CRIU",
        "/nowhere/criu does not answer",
        "alpsckpt kit criu",
        "no DMTCP in /nowhere/dmtcp",
    ] {
        assert!(answer.stdout.contains(words), "{words}: {answer}");
    }
}

#[test]
fn the_engines_maps_need_no_backend_and_each_machine_says_what_it_can() {
    let scene = Scene::new(16);
    scene.campaign("my.ron", "maps-of-mine", &[]);
    scene.cluster(20.0);
    let answer = scene.ask(&["doctor", "my.ron", "--cluster-dir", "cluster"]);
    let told = answer.good().stdout.matches("checkpoints of other programs by CRIU, on ").count();
    assert_eq!(told, 2, "{answer}");
}

#[test]
fn each_limit_of_the_kernel_is_told_with_what_root_must_do() {
    const TEST: &str = "each_limit_of_the_kernel_is_told_with_what_root_must_do";
    let Some(kit) = crate::support::kit_of_tests(TEST) else { return };
    if !nix::unistd::geteuid().is_root() {
        return crate::support::skip(TEST, "only root can set limits in namespaces of its own");
    }
    let scene = Scene::new(16);
    for (limit, words) in [
        ("echo 0 >/proc/sys/user/max_user_namespaces", "max_user_namespaces"),
        ("echo 0 >/proc/sys/user/max_time_namespaces", "max_time_namespaces"),
        ("echo 0 >/proc/sys/user/max_pid_namespaces", "max_pid_namespaces"),
        ("mount --bind /dev/null /proc/cpuinfo", "mount /proc in a namespace"),
    ] {
        // Limits of a user namespace hold in those below it.
        let mut command = std::process::Command::new("unshare");
        crate::scene::apart(&mut command, &scene.path("")).args([
            "--user",
            "--map-root-user",
            "--mount",
            "--pid",
            "--fork",
            "--mount-proc",
            "sh",
            "-c",
        ]);
        command
            .arg(format!("{limit} && exec \"$0\" doctor"))
            .arg(crate::scene::PROGRAM)
            .env("ALPSCKPT_CRIU", &kit);
        let answer = crate::scene::Answer::of(command.output().unwrap());
        let line = answer
            .stdout
            .lines()
            .skip_while(|line| !line.contains("by CRIU"))
            .take(2)
            .collect::<Vec<_>>()
            .join(" ");
        assert!(line.starts_with("none") && line.contains(words), "{limit}: {line}\n{answer}");
    }
}

/// What lies in the scene's folder, the cluster's own affairs left out.
fn names(scene: &Scene) -> Vec<String> {
    names_in(&scene.path(""), &["cluster", "state", "data"])
}
