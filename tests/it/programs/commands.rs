//! `alpsckpt checkpoints`: what is listed, verified, packed and let go of programs.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Programs, counter, numbers_to};

/// A chain with two generations.
fn with_two(test: &str) -> Option<(Programs, String)> {
    let programs = Programs::new(test)?;
    let run = counter(60, "0.05").replace("s=0;", "s=0; v=$(head -c 4000000 /dev/zero | tr '\\\\0' x);");
    let file = programs.campaign("kept", &run, &["sum.txt", "kept.txt"], "progress: Lines(\"{stdout}\", 60)");
    programs.cut(&file, || programs.said(&file) >= 20);
    programs.cut(&file, || programs.said(&file) >= 60);
    Some((programs, file))
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// The packed memory of the program in an image.
fn packed_in(image: &Path) -> PathBuf {
    let files = fs::read_dir(image.join("files")).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|end| end == "zst")).unwrap()
}

fn is_right(programs: &Programs, file: &str) {
    programs.run(file).good();
    assert_eq!(programs.result(file, "sum.txt"), b"1830\n");
    assert_eq!(String::from_utf8(programs.result(file, "kept.txt")).unwrap(), numbers_to(60));
}

#[test]
fn generations_are_listed_verified_and_packed_and_go_on() {
    let test = "generations_are_listed_verified_and_packed_and_go_on";
    let Some((programs, file)) = with_two(test) else { return };
    let ask = |arguments: &[&str]| {
        let arguments = [&["checkpoints"], arguments, &["--campaign", "kept"]].concat();
        programs.scene.ask(&arguments)
    };
    let listed = ask(&["ls"]).good().stdout.clone();
    let rows: Vec<&str> = listed.lines().collect();
    assert!(rows.len() == 3 && rows[0].starts_with("chain"), "{listed}");
    for (row, number) in rows[1..].iter().zip(["1", "2"]) {
        let words: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(words[..3], ["m06", number, number], "{listed}");
        assert!(
            row.contains("image by CRIU") && row.contains("of 60 lines") && row.contains(" MB"),
            "{listed}"
        );
    }
    let as_json = |answer: &str| serde_json::from_str::<serde_json::Value>(answer).unwrap();
    let json = as_json(&ask(&["ls", "m06", "--json"]).good().stdout);
    let bytes = |row: &serde_json::Value, field: &str| row[field].as_u64().unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2, "{json}");
    assert!(bytes(&json[0], "bytes") > 4_000_000 && bytes(&json[0], "bytes") == bytes(&json[0], "on_disk"));
    let verified = ask(&["verify"]).good().stdout.clone();
    assert!(
        verified.contains("m06, generation 1: good") && verified.contains("m06, generation 2: good"),
        "{verified}"
    );
    ask(&["ls", "m07"]).failed(66, &["m07: the campaign has no such chain"]);
    programs.scene.ask(&["checkpoints", "verify", "--campaign", "no-such"]).failed(66, &["no-such"]);
    // Packed, it takes less room, is as good, and goes on.
    let packed = ask(&["compact", "m06"]).good().stdout.clone();
    assert_eq!(packed.matches(" instead of ").count(), 2, "{packed}");
    let json = as_json(&ask(&["ls", "--json"]).good().stdout);
    for row in json.as_array().unwrap() {
        assert!(2 * bytes(row, "on_disk") < bytes(row, "bytes"), "{json}");
    }
    assert!(ask(&["ls"]).good().stdout.contains("packed to "));
    ask(&["verify"]).good();
    // Once more is no matter.
    ask(&["compact"]).good();
    programs.cut(&file, || programs.said(&file) >= 90);
    ask(&["verify"]).good();
    let log = programs.log(&file);
    assert!(log.contains("Resumes generation 000002"), "{log}");
    is_right(&programs, &file);
    // Complete, it needs none.
    let none = ask(&["ls"]);
    assert!(
        none.good().stdout.lines().skip(1).all(|row| row.ends_with("let go: the chain is complete")),
        "{none}"
    );
    for command in ["verify", "compact", "prune"] {
        let none = ask(&[command]);
        assert!(
            none.good().stderr.contains("m06: left alone, it is complete, and needs no images")
                && none.stdout.is_empty(),
            "{none}"
        );
    }
}

#[test]
fn damage_is_found_and_what_is_needed_is_never_pruned() {
    let test = "damage_is_found_and_what_is_needed_is_never_pruned";
    let Some((programs, file)) = with_two(test) else { return };
    let ask = |arguments: &[&str]| {
        let arguments = [&["checkpoints"], arguments, &["--campaign", "kept"]].concat();
        programs.scene.ask(&arguments)
    };
    let images = programs.chain(&file).join("images");
    ask(&["compact", "--level", "3"]).good();
    flip(&packed_in(&images.join("0002-1")));
    let found = ask(&["verify"]);
    found.failed(
        65,
        &["1 generation is not what was written", "the next link passes it over for the one before"],
    );
    assert!(
        found.stdout.contains("m06, generation 1: good")
            && found.stdout.lines().any(|l| l.starts_with("m06, generation 2: ") && l.contains("/pages-")),
        "{found}"
    );
    // The older one is needed now.
    for arguments in [&["prune", "--dry-run"][..], &["prune"]] {
        let pruned = ask(arguments);
        pruned.good();
        assert!(
            !pruned.stdout.contains("removed") && pruned.stderr.contains("m06: generation 1 stays"),
            "{pruned}"
        );
    }
    assert_eq!(programs.generations(&file).len(), 2);
    assert!(images.join("0001-1").exists());
    // Without any good one nothing is removed.
    let first = packed_in(&images.join("0001-1"));
    let whole = fs::read(&first).unwrap();
    flip(&first);
    ask(&["verify", "m06"]).failed(65, &["2 generations are not what was written"]);
    ask(&["prune"]).failed(65, &["m06: none of its images is good: nothing is removed"]);
    fs::write(&first, whole).unwrap();
    is_right(&programs, &file);
    let log = programs.log(&file);
    assert!(log.contains("Generation 000002 rejected") && log.contains("Resumes generation 000001"), "{log}");
}

#[test]
fn older_generations_are_pruned_and_running_chains_left_alone() {
    let test = "older_generations_are_pruned_and_running_chains_left_alone";
    let Some((programs, file)) = with_two(test) else { return };
    let ask = |arguments: &[&str]| {
        let arguments = [&["checkpoints"], arguments, &["--campaign", "kept"]].concat();
        programs.scene.ask(&arguments)
    };
    let images = programs.chain(&file).join("images");
    let before = programs.said(&file);
    let mut run = programs.begin(&file);
    super::wait_for(|| programs.log(&file), || programs.said(&file) > before);
    for arguments in [["prune", "m06"], ["compact", "m06"]] {
        let left = ask(&arguments);
        assert!(
            left.good().stderr.contains("m06: left alone, a link of it may be running")
                && left.stdout.is_empty(),
            "{left}"
        );
    }
    super::ask_to_stop(&run);
    assert_eq!(run.wait().unwrap().code(), Some(99));
    let names = crate::scene::names_in(&images, &[]);
    assert_eq!(names, ["0002-1", "0003-1"]);
    let would = ask(&["prune", "--dry-run"]);
    assert!(would.good().stdout.contains("m06, generation 2: would be removed"), "{would}");
    assert_eq!(crate::scene::names_in(&images, &[]), names);
    let pruned = ask(&["prune"]);
    assert!(pruned.good().stdout.contains("m06, generation 2: removed"), "{pruned}");
    assert_eq!(crate::scene::names_in(&images, &[]), ["0003-1"]);
    is_right(&programs, &file);
}

#[test]
fn a_generation_under_another_number_is_none() {
    let test = "a_generation_under_another_number_is_none";
    let Some((programs, file)) = with_two(test) else { return };
    let generations = programs.chain(&file).join("generations");
    // As a copy that somebody made, newer than all by its name.
    fs::copy(generations.join("000001.ron"), generations.join("000003.ron")).unwrap();
    let listed = programs.scene.ask(&["checkpoints", "ls", "--json", "--campaign", "kept"]);
    let rows: serde_json::Value = serde_json::from_str(&listed.good().stdout).unwrap();
    let numbers: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["generation"].as_u64()).collect();
    assert_eq!(numbers, [Some(1), Some(2)], "{rows}");
    let verified = programs.scene.ask(&["checkpoints", "verify", "--campaign", "kept"]);
    verified.failed(65, &["1 generation is not what was written"]);
    assert!(verified.stdout.contains("it holds generation 000001"), "{verified}");
    programs.cut(&file, || programs.said(&file) >= 90);
    let log = programs.log(&file);
    assert!(
        log.contains("Generation 000003 rejected") && log.contains("it holds generation 000001"),
        "{log}"
    );
    assert!(log.contains("Resumes generation 000002") && log.contains("Sealed generation 000004"), "{log}");
    is_right(&programs, &file);
}
