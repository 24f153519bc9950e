//! Programs as jobs of the embedded cluster.

use std::fs;
use std::path::Path;

use alpsckpt::batch::embedded::Embedded;
use alpsckpt::campaign::controller::{Controller, Reach};
use alpsckpt::checkpoint::ExitClass;

use super::{Programs, counter, wait_for};
use crate::scene::PROGRAM;
use crate::support;

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

/// Lines of a job's setup that take instructions from the processor of a node of the embedded cluster, as far as a program can
/// see that asks the system.
fn poorer(programs: &Programs, node: &str) -> String {
    let poor = fs::read_to_string("/proc/cpuinfo").unwrap();
    let flags = |line: &str| {
        line.split(' ').filter(|flag| !["sse4_2", "avx2"].contains(flag)).collect::<Vec<_>>().join(" ")
    };
    let poor: Vec<String> = poor.lines().map(flags).collect();
    fs::write(programs.scene.path("cpuinfo"), poor.join("\n") + "\n").unwrap();
    let there = programs.scene.path("cpuinfo");
    format!(
        "[ -n \"$POORER\" ] || ! grep -q {node} $OAR_NODEFILE || POORER=1 exec unshare --mount bash -c 'mount --bind {} /proc/cpuinfo && exec bash \"$0\" held' \"$0\"",
        there.display()
    )
}

#[test]
fn a_chain_goes_on_without_the_node_whose_processor_lacks_what_its_program_uses() {
    let test = "a_chain_goes_on_without_the_node_whose_processor_lacks_what_its_program_uses";
    let Some(programs) = Programs::new(test).filter(|_| support::can_unshare(test, "--mount")) else {
        return;
    };
    let cluster = programs.scene.cluster(30.0);
    let run = counter(160, "0.08");
    let text = format!(
        "(version: 1, name: \"kinds\", output: \"kinds\", months: [6], threads: 1, walltime: \"00:03:00\", margin: \"00:01:00\",
          setup: [{:?}],
          workload: Command(run: {run}, outputs: [\"sum.txt\"], trial: false, kit: Some({:?}), progress: Lines(\"{{stdout}}\", 160)))",
        poorer(&programs, "dahu-2"),
        programs.kit
    );
    fs::write(programs.scene.path("kinds.ron"), text).unwrap();
    programs.scene.ask(&["submit", "kinds.ron", "--cluster-dir", cluster.to_str().unwrap()]).good();
    // As an open screen does.
    let client = cluster.clone();
    let reach = Reach {
        connect: Box::new(move |_| Ok(Box::new(Embedded::with_program(&client, Path::new(PROGRAM))))),
        program: Some(PROGRAM.into()),
        ..Reach::screen()
    };
    let mut screen = Controller::open_with(&programs.scene.path("kinds"), reach).unwrap();
    let mut seen = None;
    wait_for(
        || format!("end: {}\n{}", programs.scene.status("kinds"), programs.log("kinds.ron")),
        || {
            let snapshot = screen.refresh().unwrap();
            let complete = snapshot.complete;
            seen = Some(snapshot);
            complete
        },
    );
    assert_eq!(programs.result("kinds.ron", "sum.txt"), b"12880\n");
    let (snapshot, log) = (seen.unwrap(), programs.log("kinds.ron"));
    let chain = &snapshot.chains[0];
    let unfit: Vec<_> = chain.links.iter().filter(|link| link.class == Some(ExitClass::Unable)).collect();
    assert_eq!((unfit.len(), chain.attempts), (1, 2), "{chain:?}\n{log}");
    assert!(unfit[0].node == "dahu-2" && unfit[0].end.as_ref().unwrap().contains("sse4_2"), "{unfit:?}");
    let after = chain.links.iter().filter(|link| link.link > unfit[0].link);
    assert!(after.clone().count() >= 1 && after.clone().all(|link| link.node != "dahu-2"), "{chain:?}");
    let told = "attempt 2 is submitted without dahu-2";
    assert!(snapshot.history.iter().any(|line| line.text().contains(told)), "{:?}", snapshot.history);
    let listed = programs.scene.ask(&["maps", "kinds.ron"]);
    let listed = &listed.good().stdout;
    assert!(
        listed.contains("kinds/results/sum.txt") && listed.contains("6 B") && listed.contains("finished"),
        "{listed}"
    );
    programs.scene.ask(&["maps", "kinds.ron", "--png"]).failed(2, &["no pictures", "kinds/results"]);
}

#[test]
fn a_program_is_started_on_the_class_of_processors_alone_that_is_asked_for() {
    let test = "a_program_is_started_on_the_class_of_processors_alone_that_is_asked_for";
    let Some(programs) = Programs::new(test) else { return };
    let here = alpsckpt::foreign::cpu::Processor::here().unwrap().class();
    let run = "Shell(\"echo done > {output}/made.txt\")";
    for class in ["x86-64-v2", "x86-64-v3", "x86-64-v4"] {
        let fields = format!("processors: Class({class:?})");
        let file = programs.campaign(class, run, &["made.txt"], &fields);
        let answer = programs.run(&file);
        if class == here {
            answer.good();
            assert_eq!(programs.result(&file, "made.txt"), b"done\n");
        } else {
            answer.failed(69, &["the campaign asks for", class, here]);
            let listed = programs.scene.ask(&["maps", &file]);
            assert!(listed.good().stdout.contains("not yet"), "{listed}");
        }
    }
}
