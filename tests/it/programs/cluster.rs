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
