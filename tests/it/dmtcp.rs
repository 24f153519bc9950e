//! A chain of jobs under DMTCP, by the stand-in of `tests/data/dmtcp`, or by the real one that `ALPSCKPT_DMTCP` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::scene::{Answer, Scene, wait_for};
use crate::support::copy_all;

/// Counts to its first argument, a line each in the file of the second, then says so in the file of the third.
const COUNT: &str = r#"memory=${DMTCP_STAND_IN_MEMORY:-/dev/null}
i=$(cat "$memory"); i=${i:-0}
while [ "$i" -lt "$1" ]; do i=$((i + 1)); echo "$i" >>"$2"; echo "$i" >"$memory"; sleep "${PAUSE:-0.02}"; done
echo "counted to $i" >"$3"
"#;

#[test]
fn a_program_goes_on_under_dmtcp_where_there_is_no_criu() {
    let scene = Scene::new(8);
    let real = std::env::var_os("ALPSCKPT_DMTCP").map(PathBuf::from);
    // DMTCP 4.1.1 ends a program that begins another at the very moment when it is asked for an image.
    let pause = if real.is_some() { "0.3" } else { "0.02" };
    let tools = real.unwrap_or_else(|| stand_in(&scene));
    fs::write(scene.path("count.sh"), COUNT).unwrap();
    let script = scene.path("count.sh");
    fs::write(
        scene.path("count.ron"),
        format!(
            "(version: 1, name: \"count\", output: \"count\", months: [6], threads: 1, walltime: \"00:10:00\", margin: \"00:02:00\",
              workload: Command(run: Program([\"/bin/sh\", {script:?}, \"80\", \"{{work}}/lines\", \"{{output}}/said\"]), outputs: [\"said\"], trial: false, environment: {{\"PAUSE\": \"{pause}\"}}))"
        ),
    )
    .unwrap();
    let run = || {
        let mut command = scene.alpsckpt(&["run", "count.ron"]);
        command.env("ALPSCKPT_DMTCP", &tools).env("ALPSCKPT_CRIU", "/nowhere/criu");
        command
    };
    let chain = scene.path("count/.alpsckpt/chains/m06");
    for cut in 1..=2 {
        let mut job = run().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for("the program", || {
            let far = lines(&chain).len() >= cut * 15;
            (far || job.try_wait().unwrap().is_some()).then_some(())
        });
        let _ = kill(Pid::from_raw(job.id().cast_signed()), Signal::SIGTERM);
        assert_eq!(job.wait().unwrap().code(), Some(99), "{}", log(&chain));
        assert!(lines(&chain).last() < Some(&80), "it was not cut");
    }
    let answer = Answer::of(run().output().unwrap());
    answer.good();
    assert_eq!(fs::read_to_string(scene.path("count/results/said")).unwrap(), "counted to 80\n");
    let log = log(&chain);
    assert_eq!(log.matches("Resumes generation").count(), 2, "{log}");
    assert_eq!(log.matches("Begins anew").count(), 1, "{log}");
    let left = procfs_words(&chain.join("dmtcp"));
    assert!(left.is_empty(), "something of it still runs: {left:?}");
}

fn stand_in(scene: &Scene) -> PathBuf {
    let folder = scene.path("dmtcp");
    copy_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dmtcp"), &folder.join("bin"));
    folder
}

/// The lines that the program has written, in all its starts.
fn lines(chain: &Path) -> Vec<u32> {
    let mut found = Vec::new();
    let mut folders = vec![chain.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            } else if entry.file_name() == "lines" {
                let text = fs::read_to_string(entry.path()).unwrap_or_default();
                found.extend(text.lines().filter_map(|line| line.parse::<u32>().ok()));
            }
        }
    }
    found
}

/// What all links said.
fn log(chain: &Path) -> String {
    let logs = fs::read_dir(chain.join("logs")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut logs: Vec<PathBuf> =
        logs.filter(|path| path.extension().is_some_and(|end| end == "log")).collect();
    logs.sort();
    logs.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Command lines that name something in this folder.
fn procfs_words(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let words = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let words = words.map(|words| String::from_utf8_lossy(&words).replace('\0', " "));
    words.filter(|words| words.contains(&folder)).collect()
}
