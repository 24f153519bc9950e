//! A campaign is prepared in one go, and what goes on inside can be read.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::scene::{Answer, Scene, wait_for};

impl Scene {
    /// Runs it with what goes on inside written to `trace`, whose lines are the answer.
    fn traced(&self, arguments: &[&str]) -> (Answer, Vec<String>) {
        let trace = self.path("trace");
        let _ = fs::remove_file(&trace);
        let answer = Answer::of(self.alpsckpt(arguments).env("ALPSCKPT_LOG", &trace).output().unwrap());
        (answer, lines(&trace))
    }
}

fn lines(trace: &Path) -> Vec<String> {
    fs::read_to_string(trace).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// How often this process opened a file, by its trace.
fn opened(trace: &[String], file: &str) -> usize {
    let ending = format!("/{file}");
    trace.iter().filter(|line| line.contains("opened file=") && line.ends_with(&ending)).count()
}

/// How often a step began.
fn times(trace: &[String], step: &str) -> usize {
    let begins = |line: &&String| {
        let steps = line.split(": alpsckpt::").next().unwrap();
        // The last of those that the line names.
        line.ends_with(": new") && steps.rfind(step).is_some_and(|at| !steps[at..].contains("}:"))
    };
    trace.iter().filter(begins).count()
}

/// The month's chains, the tile and the shares of months are open: the planner measures.
#[test]
fn what_is_left_open_is_settled_with_one_look_at_the_inputs_and_one_opening_of_the_engine() {
    let scene = Scene::new(96);
    scene.cluster(1.0);
    scene.campaign("my.ron", "out", &["months_per_chain: Auto,", "tile: None,", "months: [1, 6],"]);
    let (answer, trace) = scene.traced(&["submit", "my.ron", "--cluster-dir", "cluster"]);
    answer.good();
    let text = trace.join("\n");
    assert_eq!(times(&trace, ":measure{"), 1, "{text}");
    assert_eq!(times(&trace, "look_at_inputs{"), 1, "{text}");
    assert_eq!(times(&trace, ":examine"), 1, "{text}");
    for file in ["dem.tif", "zref.tif", "t_01.tif", "t_06.tif", "cloud_01.tif"] {
        assert_eq!(opened(&trace, file), 1, "{file}: {text}");
    }
    let frozen = fs::read_dir(scene.path("out/.alpsckpt")).unwrap().flatten();
    let frozen = frozen.map(|e| e.path()).find(|p| p.to_string_lossy().contains("/spec-")).unwrap();
    let frozen = fs::read_to_string(frozen).unwrap();
    assert!(!frozen.contains("Auto") && !frozen.contains("tile:None"), "{frozen}");
    // Once more: nothing is left open, and nothing is measured.
    let (answer, trace) = scene.traced(&["submit", "my.ron", "--cluster-dir", "cluster"]);
    answer.good();
    assert_eq!((times(&trace, "measure{"), opened(&trace, "dem.tif")), (0, 1), "{}", trace.join("\n"));
}

#[test]
fn a_plan_and_a_check_open_the_engine_once() {
    let scene = Scene::new(96);
    scene.campaign("my.ron", "out", &["months_per_chain: Auto,", "months: [1, 6],"]);
    for arguments in [["plan", "my.ron"], ["check", "my.ron"]] {
        let (answer, trace) = scene.traced(&arguments);
        answer.good();
        assert_eq!(opened(&trace, "dem.tif"), 1, "{arguments:?}: {}", trace.join("\n"));
    }
}

/// An OAR whose commands are scripts.
fn oar(scene: &Scene) -> PathBuf {
    let folder = scene.path("oar");
    fs::create_dir(&folder).unwrap();
    for (name, body) in [
        ("oarstat", "case \"$*\" in *version*) echo 'OAR version : 2.5.9';; *) echo '{}';; esac"),
        ("oarsub", "echo OAR_JOB_ID=7"),
        ("oarnodes", "echo '{}'"),
    ] {
        script(&folder.join(name), body);
    }
    folder
}

fn script(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_session_whose_scheduler_never_answers_leaves_to_read_where_it_hangs() {
    let scene = Scene::new(16);
    scene.campaign("my.ron", "out", &[]);
    let oar = oar(&scene);
    let path = format!("{}:{}", oar.display(), std::env::var("PATH").unwrap());
    let mut submit = scene.alpsckpt(&["submit", "my.ron", "--cluster", "oar"]);
    Answer::of(submit.env("PATH", &path).output().unwrap()).good();
    script(&oar.join("oarstat"), "echo $$ > \"$0.hangs\"; exec sleep 1000");

    let trace = scene.path("trace");
    let mut status = scene.alpsckpt(&["status", "out"]);
    let mut status = status.env("PATH", &path).env("ALPSCKPT_LOG", &trace).spawn().unwrap();
    let hanging: i32 = wait_for("oarstat to hang", || {
        fs::read_to_string(oar.join("oarstat.hangs")).ok()?.trim().parse().ok()
    });
    let text = wait_for("the command in the trace", || {
        let lines = lines(&trace);
        lines.last().is_some_and(|line| line.contains("oarstat")).then_some(lines)
    });
    status.kill().unwrap();
    status.wait().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(hanging), nix::sys::signal::Signal::SIGKILL).unwrap();
    let last = text.last().unwrap();
    assert!(
        last.contains("refresh") && last.contains("command=oarstat") && last.ends_with(": new"),
        "{last}"
    );
    // When, and which process.
    let stamp: Vec<&str> = last.split(' ').take(4).collect();
    assert!(stamp[0].starts_with("20") && stamp[1].contains('.') && stamp[2].contains(':'), "{last}");
    assert_eq!(stamp[3], status.id().to_string(), "{last}");
    // What came before it has ended, with its time.
    let ended = |line: &String| line.contains("read_chains: ") && line.contains(": close time.busy=");
    assert!(text.iter().any(ended), "{text:#?}");
}

#[test]
fn a_trace_that_cannot_be_written_is_told_and_without_the_variable_there_is_none() {
    let scene = Scene::new(16);
    scene.campaign("my.ron", "out", &[]);
    let mut command = scene.alpsckpt(&["plan", "my.ron"]);
    let refused = Answer::of(command.env("ALPSCKPT_LOG", scene.path("nowhere/trace")).output().unwrap());
    refused.failed(74, &["ALPSCKPT_LOG", "nowhere/trace", "unset ALPSCKPT_LOG"]);
    let names = || -> BTreeSet<_> {
        fs::read_dir(scene.path("")).unwrap().flatten().map(|entry| entry.file_name()).collect()
    };
    let before = names();
    scene.ask(&["check", "my.ron", "--quick"]).good();
    assert_eq!(names(), before);
}

/// The documents of a real campaign: each with its version, all fields on the page.
#[test]
fn real_documents_have_no_field_that_the_page_lacks() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let scene = Scene::new(32);
    scene.cluster(1.0);
    scene.campaign("my.ron", "out", &["months: [1],"]);
    scene.ask(&["run", "my.ron"]).good();
    for words in [
        &["status", "out", "--json"][..],
        &["plan", "my.ron", "--json"],
        &["verify", "out", "--json"],
        &["checkpoints", "ls", "--campaign", "out", "--json"],
        &["cluster", "status", "--dir", "cluster", "--json"],
        &["bench", "--size", "64", "--threads", "2", "--json"],
    ] {
        let answer = scene.ask(words);
        let document: Value = serde_json::from_str(&answer.good().stdout).unwrap();
        let name =
            words.iter().take_while(|w| !w.starts_with("out") && !w.starts_with("my") && !w.starts_with('-'));
        let head = format!("## `alpsckpt {} --json`\n", name.copied().collect::<Vec<_>>().join(" "));
        let text = &page[page.find(&head).unwrap_or_else(|| panic!("{head}"))..];
        let text = text[3..].find("\n## ").map_or(text, |end| &text[..end]);
        let objects = document.as_array().cloned().unwrap_or_else(|| vec![document.clone()]);
        assert!(!objects.is_empty(), "{answer}");
        for object in &objects {
            assert_eq!(object["schema"], 1, "{answer}");
        }
        described(&document, "", text, &answer);
    }
}

fn described(value: &Value, path: &str, text: &str, answer: &Answer) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let any =
                    path.match_indices('.').any(|(at, _)| text.contains(&format!("| `{}.*` |", &path[..at])));
                assert!(
                    any || text.contains(&format!("| `{path}` |")),
                    "`{path}` is not described: {answer}"
                );
                described(value, &path, text, answer);
            }
        }
        Value::Array(values) => values.iter().for_each(|v| described(v, &format!("{path}[]"), text, answer)),
        _ => {}
    }
}
