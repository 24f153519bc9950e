//! Programs as jobs of the embedded cluster.

use std::fs;
use std::path::Path;

use super::{Programs, counter, wait_for};
use crate::scene::PROGRAM;

#[test]
fn jobs_of_a_cluster_carry_a_program_from_node_to_node() {
    let Some(programs) = Programs::new("jobs_of_a_cluster_carry_a_program_from_node_to_node") else { return };
    let cluster = programs.scene.cluster(30.0);
    let run = counter(160, "0.08");
    let text = format!(
        "(version: 1, name: \"far\", output: \"far\", months: [6], threads: 1, walltime: \"00:03:00\", margin: \"00:01:00\",
          workload: Command(run: {run}, outputs: [\"sum.txt\"], trial: false, kit: Some({:?}), progress: Lines(\"{{stdout}}\", 160)))",
        programs.kit
    );
    fs::write(programs.scene.path("far.ron"), text).unwrap();
    let five = format!(
        "(version: 1, name: \"five\", output: \"five\", months: [6], threads: 1, walltime: \"00:30:00\", margin: \"00:01:00\",
          workload: Command(run: Shell(\"sleep 3; exit 5\"), trial: false, kit: Some({:?})))",
        programs.kit
    );
    fs::write(programs.scene.path("five.ron"), five).unwrap();
    for file in ["far.ron", "five.ron"] {
        programs.scene.ask(&["submit", file, "--cluster-dir", cluster.to_str().unwrap()]).good();
    }
    let state = |name: &str| programs.scene.status(name)["chains"][0].clone();
    wait_for(|| format!("end: {}", state("far")), || state("far")["state"] == "Complete");
    assert_eq!(programs.result("far.ron", "sum.txt"), b"12880\n");
    let far = state("far");
    let log = programs.log("far.ron");
    assert!(
        far["links"].as_array().unwrap().len() >= 3 && far["hops"].as_u64().unwrap() >= 1,
        "{far}\n{log}"
    );
    assert_eq!(far["attempts"], 1, "{far}");
    // What failed by itself is told, and the batch system does not try it again.
    wait_for(|| format!("failure: {}", state("five")), || state("five")["state"] == "Failed");
    let five = state("five");
    assert_eq!(five["resubmissions"], 0, "{five}");
    assert!(five["failure"]["cause"].as_str().unwrap().contains("exit status 5"), "{five}");
    assert!(Path::new(PROGRAM).exists());
}

#[test]
fn ends_of_programs_are_told_on_a_cluster_and_nothing_is_resubmitted_for_ever() {
    let test = "ends_of_programs_are_told_on_a_cluster_and_nothing_is_resubmitted_for_ever";
    let Some(programs) = Programs::new(test) else { return };
    let cluster = programs.scene.cluster(30.0);
    let deaf = "trap '' TERM INT HUP USR1 USR2 QUIT; for i in $(seq 1 100); do echo $i; sleep 0.08; done; echo end > {output}/made.txt";
    let ends = [
        ("early", "echo end > {output}/made.txt", None),
        ("deaf", deaf, None),
        ("seven", "echo worse >&2; exit 7", Some((7, "exit status 7, having said last: worse"))),
        ("resub", "exit 99", Some((71, "exit status 99"))),
        ("hurt", "kill -SEGV $$", Some((139, "signal 11"))),
        ("nothing", "true", Some((65, "made.txt: it did not make it"))),
    ];
    for (name, run, _) in ends {
        let text = format!(
            "(version: 1, name: \"{name}\", output: \"{name}\", months: [6], threads: 1, walltime: \"00:03:00\", margin: \"00:01:00\",
              workload: Command(run: Shell({run:?}), outputs: [\"made.txt\"], trial: false, kit: Some({:?})))",
            programs.kit
        );
        let file = format!("{name}.ron");
        fs::write(programs.scene.path(&file), text).unwrap();
        programs.scene.ask(&["submit", &file, "--cluster-dir", cluster.to_str().unwrap()]).good();
    }
    let state = |name: &str| programs.scene.status(name)["chains"][0].clone();
    let is = |name: &str, wanted: &str| {
        wait_for(|| format!("{wanted}: {}", state(name)), || state(name)["state"] == wanted);
    };
    for (name, _, failure) in ends {
        is(name, if failure.is_some() { "Failed" } else { "Complete" });
    }
    // By now a batch system that tries again would have done so.
    for (name, _, failure) in ends {
        let state = state(name);
        let links = state["links"].as_array().unwrap();
        assert_eq!(state["attempts"], 1, "{state}");
        assert!(if name == "deaf" { links.len() >= 2 } else { links.len() == 1 }, "{state}");
        if name != "deaf" {
            assert_eq!(state["resubmissions"], 0, "{state}");
        }
        let Some((code, words)) = failure else {
            assert_eq!(programs.result(&format!("{name}.ron"), "made.txt"), b"end\n");
            continue;
        };
        let failure = &state["failure"];
        assert_eq!(failure["class"], "program", "{state}");
        assert!(failure["cause"].as_str().unwrap().contains(words), "{state}");
        let jobs = state["jobs"].as_array().unwrap();
        assert!(jobs.len() == 1 && jobs[0]["end"] == format!("exit code {code}"), "{state}");
    }
}
