//! What is printed where a program has failed, and what it does as it is printed.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Programs, counter};
use crate::scene::{Answer, apart};

impl Programs {
    /// Gives a command of a message to a shell, as it is printed.
    fn as_printed(&self, command: &str) -> Answer {
        let mut shell = Command::new("sh");
        apart(&mut shell, &self.scene.path("")).args(["-c", command]).env("ALPSCKPT_CRIU", &self.kit);
        Answer::of(shell.output().unwrap())
    }
}

/// The command of a message that begins so.
fn command_in<'m>(message: &'m str, begin: &str) -> &'m str {
    let commands = message.split('`').skip(1).step_by(2);
    let mut fit = commands.filter(|command| command.starts_with(begin));
    fit.next().unwrap_or_else(|| panic!("no `{begin} …` in: {message}"))
}

#[test]
fn whatever_a_program_ends_with_it_is_the_program_that_is_told() {
    let programs = Programs::without_criu();
    for code in [1, 2, 7, 65, 66, 69, 70, 71, 73, 74, 75, 76, 78, 97, 98, 126, 127, 255] {
        let file = programs.campaign(
            &format!("c{code}"),
            &format!("Shell(\"echo worse >&2; exit {code}\")"),
            &[],
            "checkpoint: None",
        );
        let ended = programs.run(&file);
        let words = format!("the program ended with exit status {code}, having said last: worse");
        ended.failed(code, &[&words, "correct the program or its inputs"]);
        let said = command_in(&ended.stderr, "alpsckpt log");
        assert_eq!(programs.as_printed(said).good().stdout, "worse\n");
        assert!(command_in(&ended.stderr, "alpsckpt run").ends_with("--months 6 --anew"), "{ended}");
        for other in
            ["defect", "--help", "batch system", "what is sealed", "put back", "new `output`", "mounted"]
        {
            assert!(!ended.stderr.contains(other), "{other}: {ended}");
        }
        // `status` tells it in the same way.
        let status = programs.scene.status(&format!("c{code}"));
        let failure = &status["chains"][0]["failure"];
        assert!(
            failure["class"] == "program" && failure["hint"].as_str().unwrap().contains("--anew"),
            "{failure}"
        );
    }
    let file = programs.campaign("killed", "Shell(\"kill -TERM $$\")", &[], "checkpoint: None");
    let ended = programs.run(&file);
    ended.failed(143, &["ended by signal 15", "correct the program or its inputs"]);
    assert!(!ended.stderr.contains("defect"), "{ended}");
}

/// Counts, is cut, and fails then.
fn failed(programs: &Programs, name: &str, run: &str) -> (String, Answer) {
    let fields = format!("trial: false, inputs: [\"{name}.txt\"]");
    let file = programs.campaign(name, run, &["made.txt"], &fields);
    fs::write(programs.scene.path(&format!("{name}.txt")), "bad\n").unwrap();
    programs.cut(&file, || programs.said(&file) >= 6);
    let ended = programs.run(&file);
    ended.failed(4, &["exit status 4", "goes on from generation 1"]);
    // Unchanged it ends in the same way, as is said.
    let again = command_in(&ended.stderr[ended.stderr.find("unchanged").unwrap()..], "alpsckpt run");
    programs.as_printed(again).failed(4, &["exit status 4"]);
    (file, ended)
}

const COUNTS: &str = "w=$(cat {folder}/NAME.txt); for i in $(seq 30); do echo $i; sleep 0.03; done; [ $w = good ] || exit 4; echo $w > {output}/made.txt";

#[test]
fn a_program_whose_input_is_corrected_begins_anew_as_printed() {
    let Some(programs) = Programs::new("a_program_whose_input_is_corrected_begins_anew_as_printed") else {
        return;
    };
    let (file, ended) = failed(&programs, "input", &format!("Shell({:?})", COUNTS.replace("NAME", "input")));
    fs::write(programs.scene.path("input.txt"), "good\n").unwrap();
    programs.as_printed(command_in(&ended.stderr, "alpsckpt run")).good();
    assert_eq!(programs.result(&file, "made.txt"), b"good\n");
}

#[test]
fn a_program_whose_script_is_corrected_begins_anew_as_printed() {
    let Some(programs) = Programs::new("a_program_whose_script_is_corrected_begins_anew_as_printed") else {
        return;
    };
    let script = |good: &str| {
        let text = format!(
            "for i in $(seq 30); do echo $i; sleep 0.03; done\n[ {good} = good ] || exit 4\necho {good} > $1\n"
        );
        fs::write(programs.scene.path("script.sh"), text).unwrap();
    };
    script("bad");
    let run = "Program([\"bash\", \"{folder}/script.sh\", \"{output}/made.txt\"])";
    let (file, ended) = failed(&programs, "script", run);
    script("good");
    programs.as_printed(command_in(&ended.stderr, "alpsckpt run")).good();
    assert_eq!(programs.result(&file, "made.txt"), b"good\n");
}

#[test]
fn a_program_whose_text_is_corrected_begins_anew_as_printed() {
    let Some(programs) = Programs::new("a_program_whose_text_is_corrected_begins_anew_as_printed") else {
        return;
    };
    let text = COUNTS.replace("NAME", "text");
    let (file, ended) = failed(&programs, "text", &format!("Shell({text:?})"));
    let written = fs::read_to_string(programs.scene.path(&file)).unwrap();
    fs::write(programs.scene.path(&file), written.replace("= good ] ||", "= bad ] ||")).unwrap();
    // It would go on as it was: that is refused, and the way out is the same.
    let refused = programs.run(&file);
    refused.failed(76, &["`workload.run`", "alpsckpt resubmit m06 --anew --campaign "]);
    assert!(command_in(&ended.stderr, "alpsckpt run").ends_with("text.ron --months 6 --anew"), "{ended}");
    programs.as_printed(command_in(&refused.stderr, "alpsckpt run")).good();
    assert_eq!(programs.result(&file, "made.txt"), b"bad\n");
    // What is complete is left as it is.
    fs::write(programs.scene.path(&file), written.replace("= good ] ||", "= other ] ||")).unwrap();
    let refused = programs.run(&file);
    refused.failed(76, &["`workload.run`", "write a new `output`"]);
    assert!(!refused.stderr.contains("--anew"), "{refused}");
    assert_eq!(programs.result(&file, "made.txt"), b"bad\n");
}

#[test]
fn a_chain_of_a_corrected_program_is_submitted_anew_as_printed() {
    let programs = Programs::without_criu();
    let file = programs.campaign("jobs", "Shell(\"exit 5\")", &["made.txt"], "checkpoint: None");
    let cluster = programs.scene.cluster(30.0);
    programs.scene.ask(&["submit", &file, "--cluster-dir", cluster.to_str().unwrap()]).good();
    let state = || programs.scene.status("jobs")["chains"][0].clone();
    super::wait_for(|| format!("failure: {}", state()), || state()["state"] == "Failed");
    let failure = state()["failure"].clone();
    let printed = command_in(failure["hint"].as_str().unwrap(), "alpsckpt resubmit").replace("FILE", &file);
    assert_eq!(printed, "alpsckpt resubmit m06 --anew --campaign jobs.ron");
    let written = fs::read_to_string(programs.scene.path(&file)).unwrap();
    fs::write(programs.scene.path(&file), written.replace("exit 5", "echo good > {output}/made.txt"))
        .unwrap();
    let taken = programs.as_printed(&printed);
    assert!(taken.good().stdout.contains("workload.run") || taken.stderr.contains("workload.run"), "{taken}");
    super::wait_for(|| format!("end: {}", state()), || state()["state"] == "Complete");
    assert_eq!(programs.result(&file, "made.txt"), b"good\n");
}

#[test]
fn a_changed_result_is_put_aside_and_made_again() {
    let programs = Programs::without_criu();
    // Each time another one.
    let run = "Shell(\"date +%s%N > {output}/one.txt; date +%s%N > {output}/two.txt\")";
    let file = programs.campaign("changed", run, &["one.txt", "two.txt"], "checkpoint: None");
    programs.run(&file).good();
    let two = programs.scene.path("changed/results/two.txt");
    let first = programs.result(&file, "one.txt");
    fs::write(&two, "mine").unwrap();
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "two.txt.damaged"), b"mine");
    assert_ne!(programs.result(&file, "one.txt"), first, "both are of one run");
    fs::write(&two, "more").unwrap();
    let mut again = programs.command(&[], &file);
    Answer::of(again.arg("--anew").output().unwrap()).good();
    assert_eq!(programs.result(&file, "two.txt.damaged"), b"more");
    // Also where one is only missing.
    fs::remove_file(&two).unwrap();
    programs.run(&file).good();
    assert!(programs.result(&file, "two.txt").ends_with(b"\n"));
    programs.scene.ask(&["verify", &file]).good();
}

#[test]
fn a_campaign_that_was_moved_with_an_image_says_where_it_goes_on() {
    let Some(programs) = Programs::new("a_campaign_that_was_moved_with_an_image_says_where_it_goes_on")
    else {
        return;
    };
    let (here, there) = (programs.scene.path("here"), programs.scene.path("there"));
    let file = programs.campaign("moved", &counter(40, "0.03"), &["sum.txt"], "trial: false");
    programs.cut(&file, || programs.said(&file) >= 6);
    let was = programs.scene.path("moved");
    let text = fs::read_to_string(programs.scene.path(&file)).unwrap();
    let refused = |from: &Path, to: &Path, name: &str| {
        fs::rename(from, to).unwrap();
        let moved = text.replace("output: \"moved\"", &format!("output: \"{name}\""));
        fs::write(programs.scene.path(&file), moved).unwrap();
        let words = format!("the campaign's folder was {} when the program was dumped", was.display());
        programs.run(&file).failed(69, &[&words, "moved back with its files, it goes on"]);
    };
    refused(&was, &here, "here");
    refused(&here, &there, "there");
    fs::rename(&there, &was).unwrap();
    fs::write(programs.scene.path(&file), &text).unwrap();
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "sum.txt"), b"820\n");
    assert_eq!(programs.log(&file).matches("Begins anew").count(), 1);
}

#[test]
fn an_output_that_nobody_may_read_is_told_of_the_program() {
    let programs = Programs::without_criu();
    let run = "Shell(\"echo made > {output}/made.txt; chmod 000 {output}/made.txt\")";
    let file = programs.campaign("shut", run, &["made.txt"], "checkpoint: None");
    let ended = programs.run(&file);
    ended.failed(65, &["made.txt: its owner may not read it (mode 000)", "correct the program"]);
    assert!(!ended.stderr.contains("mounted"), "{ended}");
}

#[test]
fn what_stands_where_results_go_is_told_before_anything_runs() {
    let programs = Programs::without_criu();
    let file = programs.campaign(
        "linked",
        "Shell(\"echo made > {output}/made.txt\")",
        &["made.txt"],
        "checkpoint: None",
    );
    let results = programs.scene.path("linked/results");
    fs::create_dir_all(results.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/nowhere", &results).unwrap();
    for command in ["check", "run"] {
        programs
            .scene
            .ask(&[command, &file])
            .failed(65, &["linked/results", "this is a link", "move it away"]);
    }
    fs::remove_file(&results).unwrap();
    fs::write(&results, "").unwrap();
    programs.scene.ask(&["check", &file]).failed(65, &["this is a file"]);
    fs::remove_file(&results).unwrap();
    programs.run(&file).good();
}

#[test]
fn small_mistakes_in_a_campaign_of_commands_are_told_as_what_they_are() {
    let programs = Programs::without_criu();
    let check = |name: &str, run: &str, outputs: &[&str], fields: &str| {
        let file = programs.campaign(name, run, outputs, fields);
        programs.scene.ask(&["check", &file])
    };
    let none = "checkpoint: None";
    let line = check("line", "Shell(\"true\")", &["a\nb"], none);
    line.failed(65, &["has a line break", "a\\nb"]);
    let brace = check("brace", "Shell(\"{ cp app.txt {output}; }\")", &["a"], none);
    brace.failed(65, &["a `{` is not closed", "for a brace write {{"]);
    // As advised it is good.
    check("braces", "Shell(\"{{ cp app.txt {output}; }}\")", &["a"], none).good();
    let folder = check("folder", "Program([\"/etc\"])", &["a"], none);
    assert!(folder.good().stderr.contains("/etc is a folder, no program"), "{folder}");
    let plain = check("plain", "Program([\"/etc/passwd\"])", &["a"], none);
    assert!(plain.good().stderr.contains("/etc/passwd may not be executed"), "{plain}");
    let kit = check("kit", "Shell(\"true\")", &["a"], "checkpoint: Criu, kit: Some(\"/etc\")");
    assert!(
        kit.stderr.contains("/etc: no kit of CRIU") && kit.stderr.contains("name the folder of a kit"),
        "{kit}"
    );
    assert!(!kit.stderr.contains("--again"), "{kit}");
    let file = programs.campaign("chains", "Shell(\"true\")", &[], none);
    programs.run(&file).good();
    for command in [&["resubmit", "m02"][..], &["resubmit", "m02", "--anew"], &["checkpoint", "m02"]] {
        let words = [command, &["--campaign", &file]].concat();
        programs.scene.ask(&words).failed(66, &["m02: no such chain; there are m06"]);
    }
    programs.scene.ask(&["checkpoints", "ls", &file]).failed(2, &["--campaign chains.ron"]);
}
