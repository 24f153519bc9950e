//! The house as its first page draws it: which room may use which, no two modules of a folder that use each other, and no word
//! of a scheduler outside of the rooms that know one.

mod modules;

use std::collections::{BTreeMap, BTreeSet};

use modules::Modules;

/// The rooms that know no scheduler.
const KNOW_NONE: [&str; 8] = ["campaign", "checkpoint", "cli", "job", "layout", "prepare", "ui", "words"];

/// What only a client of a scheduler says, in lower case where letters do not matter: its name, its commands, the types of
/// events, the states of its nodes.
const WORDS: [&str; 22] = [
    "oar",
    "oarsub",
    "oarstat",
    "oardel",
    "oarhold",
    "oarresume",
    "oarnodes",
    "slurm",
    "sbatch",
    "squeue",
    "scontrol",
    "idempotent",
    "besteffort",
    "frag_job_request",
    "exterminate_job",
    "working_directory",
    "output_files",
    "suspected",
    "absent",
    "sigusr2",
    "bipbip",
    "sarko",
];

#[test]
fn the_first_page_says_which_room_uses_which() {
    let modules = Modules::of_this_crate();
    let said = allowed();
    let used = modules.rooms();
    for (room, uses) in &used {
        let listed = said.get(room).unwrap_or_else(|| panic!("src/lib.rs does not list the room {room}"));
        assert_eq!(listed, uses, "{room}: what src/lib.rs says that it may use, and what it uses");
    }
    let rooms: BTreeSet<&String> = said.keys().collect();
    assert_eq!(rooms, used.keys().collect(), "the rooms of src/lib.rs, and those that are there");
}

#[test]
fn no_arrow_between_rooms_points_back() {
    assert_eq!(modules::cycles(&Modules::of_this_crate().rooms()), BTreeSet::<String>::new());
}

#[test]
fn no_two_modules_of_a_folder_use_each_other() {
    let modules = Modules::of_this_crate();
    let found: BTreeSet<String> = modules.folders().values().flat_map(modules::cycles).collect();
    assert_eq!(found, BTreeSet::<String>::new());
}

#[test]
fn no_room_but_the_clients_says_a_word_of_a_scheduler() {
    let mut found = Vec::new();
    for file in Modules::of_this_crate().files() {
        if !KNOW_NONE.contains(&file.room()) {
            continue;
        }
        for (number, line) in file.product_lines() {
            let line_words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let word = line_words.map(str::to_ascii_lowercase).find(|w| is_of_scheduler(w));
            if let Some(word) = word.or_else(|| rule(line)) {
                found.push(format!("{}:{number}: {word}: {}", file.path(), line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{} lines:\n{}", found.len(), found.join("\n"));
}

fn is_of_scheduler(word: &str) -> bool {
    WORDS.contains(&word) || word.starts_with("oar_")
}

/// A rule of a scheduler in a line: its exit code, its shortest run.
fn rule(line: &str) -> Option<String> {
    let code = line.split_once("//").map_or(line, |(code, _)| code);
    let number =
        code.split(|c: char| !(c.is_ascii_alphanumeric() || "_.\"".contains(c))).find(|n| *n == "99");
    number.map(str::to_owned).or_else(|| line.contains("than 60 s").then(|| "60 s".to_owned()))
}

/// What the table on the first page says, room by room.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("//! | ")).filter(|row| row.contains('`'));
    let names = |cell: &str| -> BTreeSet<String> {
        cell.split('`').skip(1).step_by(2).map(|name| name.trim_matches(['[', ']']).to_owned()).collect()
    };
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 3, "{row}");
        let room = cells[0].trim().trim_matches(['[', '`', ']']).to_owned();
        (room, names(cells[2]))
    })
    .collect()
}
