//! Campaigns of commands before they run: the file that is written for them, what is told of it, what they will take.

use std::fs;

use serde_json::Value;

use crate::scene::Scene;

/// A scene with a commented file of a command, filled in as its comments say.
fn written() -> Scene {
    let scene = Scene::new(16);
    let answer = scene.ask(&["new", "--command", "own.ron"]);
    assert!(answer.good().stdout.contains("alpsckpt check own.ron"), "{answer}");
    fs::write(scene.path("script.R"), "quit(status = 0)\n").unwrap();
    scene
}

/// The file of a scene with a text in it replaced.
fn edited(scene: &Scene, from: &str, to: &str) {
    let file = scene.path("own.ron");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn the_written_file_passes_check_once_its_inputs_are_there_and_is_never_overwritten() {
    let scene = written();
    let answer = scene.ask(&["check", "own.ron"]);
    let said = &answer.good().stdout;
    assert!(said.contains("12 chains of Rscript, 1 output each, 1 input in all"), "{answer}");
    assert!(said.contains("by CRIU, or else by DMTCP, 30 min before the walltime"), "{answer}");
    assert!(said.contains("for a trial after its first minute"), "{answer}");
    let before = fs::read(scene.path("own.ron")).unwrap();
    let again = scene.ask(&["new", "--command", "own.ron"]);
    assert_eq!((again.code, fs::read(scene.path("own.ron")).unwrap()), (Some(74), before), "{again}");
    fs::remove_file(scene.path("script.R")).unwrap();
    let answer = scene.ask(&["check", "own.ron"]);
    assert_eq!(answer.code, Some(65), "{answer}");
    assert!(
        answer.stderr.contains("script.R") && answer.stderr.contains("`inputs`: cannot be read"),
        "{answer}"
    );
}

#[test]
fn check_tells_what_is_doubtful_of_a_command_and_refuses_what_lies_in_the_way() {
    let scene = written();
    edited(
        &scene,
        "Program([\"Rscript\", \"{folder}/script.R\"",
        "Program([\"no-such-program\", \"script.R\"",
    );
    edited(&scene, "months: [1,", "dem: \"dem.tif\",\n    months: [1,");
    let answer = scene.ask(&["check", "own.ron"]);
    answer.good();
    for told in [
        "`dem` says nothing to a command",
        "no-such-program is not found on this machine",
        "\"script.R\" lies beside the campaign file",
        "write \"{folder}/script.R\"",
    ] {
        assert!(answer.stderr.contains(told), "{told}: {answer}");
    }
    fs::create_dir_all(scene.path("output/results")).unwrap();
    fs::write(scene.path("output/results/result_03.csv"), "a stranger's").unwrap();
    let answer = scene.ask(&["check", "own.ron"]);
    assert_eq!(answer.code, Some(65), "{answer}");
    assert!(answer.stderr.contains("result_03.csv") && answer.stderr.contains("did not make it"), "{answer}");
    fs::remove_file(scene.path("output/results/result_03.csv")).unwrap();
    scene.ask(&["check", "own.ron"]).good();
}

#[test]
fn a_plan_of_commands_names_images_generations_and_chains() {
    let scene = written();
    let answer = scene.ask(&["plan", "own.ron"]);
    let said = &answer.good().stdout;
    assert!(said.contains("images x 2 generations x 12 chains"), "{answer}");
    assert!(said.contains("is known after the first one") && !said.contains("tile"), "{answer}");
    assert!(
        said.contains(
            "a job runs for 1 d 23 h at most and is saved 30 min before the walltime, the campaign's margin"
        ),
        "{answer}"
    );
    assert!(said.contains("m12") && said.contains("results/result_12.csv"), "{answer}");
    let plan: Value = serde_json::from_str(&scene.ask(&["plan", "own.ron", "--json"]).good().stdout).unwrap();
    assert_eq!((&plan["image_bytes"], &plan["images_per_chain"]), (&Value::Null, &Value::from(2)));
    assert_eq!((&plan["margin"]["seconds"], &plan["margin"]["bytes"]), (&Value::from(1800), &Value::Null));
    assert!(said.contains("jobs ask for no class of processors"), "{answer}");
    assert_eq!(plan["chains"].as_array().map(Vec::len), Some(12));
    let preview = scene.ask(&["preview", "own.ron", "--month", "1"]);
    assert_eq!(preview.code, Some(2), "{preview}");
    assert!(preview.stderr.contains("is a campaign of commands"), "{preview}");
}
