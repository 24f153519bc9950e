//! How programs end, and where their results go.

use std::fs;
use std::path::Path;

use super::Programs;
use crate::scene::Scene;

#[test]
fn an_end_of_the_program_is_the_end_of_its_job() {
    let Some(programs) = Programs::new("an_end_of_the_program_is_the_end_of_its_job") else { return };
    for (name, run, code, words) in [
        (
            "five",
            "Shell(\"echo bad input >&2; (exit 5) | cat; exit ${{PIPESTATUS[0]}}\")",
            5,
            "exit status 5, having said last: bad input",
        ),
        ("resub", "Shell(\"exit 99\")", 71, "exit status 99"),
        ("killed", "Shell(\"kill -SEGV $$\")", 139, "signal 11"),
        ("nothing", "Program([\"true\"])", 65, "made.txt: it did not make it"),
        ("empty", "Shell(\": > {output}/made.txt\")", 65, "made.txt: empty"),
        ("absent", "Program([\"no-such-program\"])", 127, "no-such-program"),
    ] {
        let file = programs.campaign(name, run, &["made.txt"], "");
        programs.run(&file).failed(code, &[words]);
        assert!(!programs.scene.path(name).join("results/made.txt").exists());
        if name == "five" {
            let log = programs.scene.ask(&["log", "m06", "--program", "--campaign", "five"]);
            assert_eq!(log.good().stdout, "bad input\n", "{log}");
        }
    }
    // One that ends well before any checkpoint.
    let file = programs.campaign("quick", "Shell(\"echo done > {output}/made.txt\")", &["made.txt"], "");
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "made.txt"), b"done\n");
}

#[test]
fn a_result_never_takes_the_place_of_another_file() {
    let Some(programs) = Programs::new("a_result_never_takes_the_place_of_another_file") else { return };
    let file = programs.campaign("mine", "Shell(\"echo new > {output}/made.txt\")", &["made.txt"], "");
    let results = programs.scene.path("mine/results");
    fs::create_dir_all(&results).unwrap();
    fs::write(results.join("made.txt"), "somebody's").unwrap();
    programs.run(&file).failed(65, &["made.txt", "did not make it"]);
    assert_eq!(fs::read(results.join("made.txt")).unwrap(), b"somebody's");
    // Moved away as the message says, nothing is computed again.
    fs::rename(results.join("made.txt"), results.join("other.txt")).unwrap();
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "made.txt"), b"new\n");
    assert_eq!(programs.log(&file).matches("Begins anew").count(), 1);
}

#[test]
fn the_examples_are_good() {
    let scene = Scene::new(8);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/examples");
    for input in ["dem.sgrd", "dem.sdat", "dem.prj"] {
        fs::write(scene.path(input), input).unwrap();
    }
    let mut found = 0;
    for example in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = example.file_name().into_string().unwrap();
        fs::copy(example.path(), scene.path(&name)).unwrap();
        scene.ask(&["check", &name]).good();
        scene.ask(&["plan", &name]).good();
        found += 1;
    }
    assert!(found >= 2, "{found}");
}
