//! Programs that save themselves, or that nothing saves.

use std::fs;

use super::{Programs, ask_to_stop, wait_for};
use crate::scene::Answer;

#[test]
fn a_program_that_saves_itself_is_told_and_resumed() {
    let programs = Programs::without_criu();
    let step = |from: &str| {
        format!(
            "i={from}; trap 'echo $i > {{work}}/saved; exit 0' USR1; while [ $i -lt 40 ]; do i=$((i+1)); echo $i; sleep 0.05; done; echo $i > {{output}}/made.txt"
        )
    };
    let own = format!(
        "checkpoint: Own(signal: \"USR1\", resume: [\"bash\", \"-c\", {:?}])",
        step("$(cat {work}/saved)")
    );
    let file = programs.campaign("own", &format!("Shell({:?})", step("0")), &["made.txt"], &own);
    programs.cut(&file, || programs.said(&file) >= 20);
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "made.txt"), b"40\n");
    let log = programs.log(&file);
    assert!(
        log.contains("has the program save itself") && log.contains("Resumes generation 000001"),
        "{log}"
    );
    let resumed = log.lines().find(|line| line.contains("Resumes generation")).unwrap();
    assert!(resumed.contains("cat ") && resumed.contains("/saved"), "what runs is told: {resumed}");
}

#[test]
fn what_ends_otherwise_at_the_signal_to_save_itself_counts_as_no_checkpoint() {
    let programs = Programs::without_criu();
    let own = "checkpoint: Own(signal: \"USR1\", resume: [\"false\"])";
    for (name, trap, code, words) in
        [("deadly", "", 138, "ended by signal 10"), ("refuses", "trap 'exit 3' USR1; ", 3, "exit status 3")]
    {
        let run = format!(
            "Shell(\"{trap}for i in $(seq 400); do echo $i; sleep 0.05; done; echo all > {{output}}/made.txt\")"
        );
        let file = programs.campaign(name, &run, &["made.txt"], own);
        let run = programs.command(&[], &file).stderr(std::process::Stdio::piped()).spawn().unwrap();
        wait_for(|| programs.log(&file), || programs.said(&file) >= 6);
        ask_to_stop(&run);
        let ended = Answer::of(run.wait_with_output().unwrap());
        ended.failed(
            code,
            &[words, "when signal 10 had it save itself", "it counts as saved if it ends with 0"],
        );
        assert!(!ended.stderr.contains("Nothing is lost"), "{ended}");
        assert!(ended.stderr.contains("Asked to stop: the program is saved first"), "{ended}");
        assert!(programs.generations(&file).is_empty(), "{}", programs.log(&file));
        assert_eq!(programs.scene.status(name)["chains"][0]["state"], "Failed");
    }
}

#[test]
fn what_comes_to_its_end_at_the_signal_to_save_itself_is_complete() {
    let programs = Programs::without_criu();
    let own = "checkpoint: Own(signal: \"USR1\", resume: [\"false\"])";
    let run = "Shell(\"trap '' USR1; for i in $(seq 20); do echo $i; sleep 0.05; done; echo all > {output}/made.txt\")";
    let file = programs.campaign("ignores", run, &["made.txt"], own);
    let mut run = programs.begin(&file);
    wait_for(|| programs.log(&file), || programs.said(&file) >= 6);
    ask_to_stop(&run);
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", programs.log(&file));
    assert_eq!(programs.result(&file, "made.txt"), b"all\n");
    // Outputs that are written all along tell no end.
    let run = "Shell(\"trap 'exit 0' USR1; for i in $(seq 400); do echo $i; echo $i >> {output}/made.txt; sleep 0.05; done\")";
    let file = programs.campaign("grows", run, &["made.txt"], own);
    programs.cut(&file, || programs.said(&file) >= 6);
    assert_eq!(programs.generations(&file).len(), 1, "{}", programs.log(&file));
    assert!(!programs.scene.path("grows/results/made.txt").exists());
}

#[test]
fn nothing_kept_is_told_where_a_run_is_stopped() {
    let programs = Programs::without_criu();
    let run = "Shell(\"for i in $(seq 400); do echo $i; sleep 0.05; done\")";
    let file = programs.campaign("none", run, &[], "checkpoint: None");
    let run = programs.command(&[], &file).stderr(std::process::Stdio::piped()).spawn().unwrap();
    wait_for(|| programs.log(&file), || programs.said(&file) >= 6);
    ask_to_stop(&run);
    let ended = Answer::of(run.wait_with_output().unwrap());
    ended.failed(99, &["Nothing of the program is kept; it begins anew with: alpsckpt run none.ron"]);
    assert!(!ended.stderr.contains("Nothing is lost"), "{ended}");
}

#[test]
fn a_program_of_which_nothing_is_kept_gets_all_of_its_walltime() {
    let programs = Programs::without_criu();
    let cluster = programs.scene.cluster(30.0);
    // The signal of the batch system comes after three seconds, the walltime after six.
    for (name, seconds) in [("short", 4), ("long", 60)] {
        let run = format!("Shell(\"echo begun; sleep {seconds}; echo all > {{output}}/made.txt\")");
        let text = format!(
            "(version: 1, name: \"{name}\", output: \"{name}\", months: [6], threads: 1, walltime: \"00:03:00\", margin: \"00:01:30\",
              workload: Command(run: {run}, outputs: [\"made.txt\"], checkpoint: None))"
        );
        let file = format!("{name}.ron");
        fs::write(programs.scene.path(&file), text).unwrap();
        programs.scene.ask(&["submit", &file, "--cluster-dir", cluster.to_str().unwrap()]).good();
    }
    // Nor does the key, or its command, end it.
    wait_for(|| programs.log("long.ron"), || programs.said("long.ron") > 0);
    let refused = programs.scene.ask(&["checkpoint", "m06", "--campaign", "long.ron"]);
    refused.failed(2, &["m06: nothing was done", "`checkpoint: None`", "alpsckpt stop m06"]);
    let state = |name: &str| programs.scene.status(name)["chains"][0].clone();
    wait_for(|| format!("end: {}", state("short")), || state("short")["state"] == "Complete");
    assert_eq!(programs.result("short.ron", "made.txt"), b"all\n");
    let log = programs.log("short.ron");
    assert!(log.contains("it runs on to its walltime") && log.matches("Begins anew").count() == 1, "{log}");
    wait_for(|| format!("failure: {}", state("long")), || state("long")["state"] == "Failed");
    let long = state("long");
    assert_eq!(long["failure"]["class"], "walltime", "{long}");
    assert!(
        long["failure"]["cause"].as_str().unwrap().contains("did not come to its end within its walltime"),
        "{long}"
    );
    assert!(long["failure"]["hint"].as_str().unwrap().contains("lengthen `walltime`"), "{long}");
    assert_eq!((long["links"].as_array().unwrap().len(), &long["resubmissions"]), (1, &0.into()), "{long}");
}

#[test]
fn a_checkpoint_that_cannot_be_had_is_given_up_and_told() {
    let Some(programs) = Programs::new("a_checkpoint_that_cannot_be_had_is_given_up_and_told") else {
        return;
    };
    let cluster = programs.scene.cluster(10.0);
    // A connection to elsewhere cannot be dumped.
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    let run = format!(
        "Shell(\"exec 3<>/dev/tcp/127.0.0.1/{port}; echo begun; until [ -e {{folder}}/go ]; do sleep 0.1; done; echo all > {{output}}/made.txt\")"
    );
    let text = format!(
        "(version: 1, name: \"tied\", output: \"tied\", months: [6], threads: 1, walltime: \"01:00:00\", margin: \"00:01:00\",
          workload: Command(run: {run}, outputs: [\"made.txt\"], trial: false, kit: Some({:?})))",
        programs.kit
    );
    fs::write(programs.scene.path("tied.ron"), text).unwrap();
    programs.scene.ask(&["submit", "tied.ron", "--cluster-dir", cluster.to_str().unwrap()]).good();
    wait_for(|| programs.log("tied.ron"), || programs.said("tied.ron") > 0);
    programs.scene.ask(&["checkpoint", "m06", "--campaign", "tied.ron"]).good();
    let state = || programs.scene.status("tied")["chains"][0].clone();
    wait_for(
        || format!("word: {}\n{}", state(), programs.log("tied.ron")),
        || state()["said"].as_str().is_some_and(|said| said.starts_with("cannot be checkpointed: ")),
    );
    let told = programs.scene.ask(&["status", "tied"]);
    assert!(told.good().stdout.contains("m06: cannot be checkpointed: "), "{told}");
    assert_eq!(state()["state"], "Running");
    let log = programs.log("tied.ron");
    assert!(log.matches("The program could not be dumped").count() == 3, "{log}");
    assert!(log.contains("is given up: the program runs on"), "{log}");
    fs::write(programs.scene.path("go"), "").unwrap();
    wait_for(|| format!("end: {}\n{}", state(), programs.log("tied.ron")), || state()["state"] == "Complete");
    assert_eq!(state()["links"].as_array().unwrap().len(), 1, "{}", state());
    assert_eq!(programs.result("tied.ron", "made.txt"), b"all\n");
}
