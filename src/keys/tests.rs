//! The table is sound, and nobody writes keys beside it.

use std::path::Path;

use super::*;
use crate::campaign::actions::ActionKind;
use crate::literals::{literals, sources};

#[test]
fn no_screen_gives_one_key_two_meanings() {
    for (at, row) in table().iter().enumerate() {
        for other in &table()[at + 1..] {
            let shared = row.screens.iter().any(|s| other.screens.contains(s));
            let same = row.keys.iter().any(|k| other.keys.contains(k));
            assert!(!(shared && same), "{:?} and {:?}", row.command, other.command);
        }
    }
}

#[test]
fn every_key_and_every_command_of_the_table_can_be_written_in_a_file() {
    for row in table() {
        assert!(!row.keys.is_empty(), "{:?} has no key", row.command);
        for key in row.keys {
            assert_eq!(key.label(&ASCII).parse(), Ok(*key));
        }
        let written = ron::to_string(&row.command).unwrap();
        assert_eq!(ron::from_str::<Command>(&written).unwrap(), row.command, "{written}");
    }
    let wrong = "Ctrl-".parse::<Key>().unwrap_err();
    assert!(wrong.contains("\"Ctrl-\" is no key: write one character") && wrong.contains("PgUp"), "{wrong}");
}

#[test]
fn every_action_has_a_key() {
    for kind in ActionKind::ALL {
        assert!(!of(kind).is_empty(), "{kind:?}");
    }
    assert_eq!(
        (of(ActionKind::Resubmit), of(Command::Yes), of(Command::Suspend)),
        ("r".into(), "Enter".into(), "Ctrl-z".into())
    );
}

/// Whether a text tells a person to press a key.
fn names_a_key(text: &str) -> bool {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || "(),;:\"`.".contains(c)).collect();
    let is_key = |word: &str| {
        let named = NAMED.iter().any(|(_, name)| *name == word) || word.chars().count() == 1 && word != "a";
        named || word.strip_prefix("Ctrl-").is_some_and(|c| c.parse::<char>().is_ok_and(char::is_lowercase))
    };
    let asks = |word: &str| ["key", "Key", "press", "Press", "presses"].contains(&word);
    let pressed = words.windows(2).any(|two| asks(two[0]) && is_key(two[1]));
    pressed || words.iter().any(|word| word.starts_with("Ctrl-") && is_key(word))
}

#[test]
fn no_other_source_names_a_key_in_a_text() {
    let parts = ["batch", "campaign", "checkpoint", "cli", "foreign", "job", "oar_client", "ui", "words"];
    let mut files = sources(&parts);
    // Its hints are stored as they are said.
    let of_the_journal = |path: &Path| path.ends_with("campaign/machine/failure.rs");
    files.retain(|path| !of_the_journal(path));
    assert!(files.len() > 150, "{} sources", files.len());
    let mut found = Vec::new();
    for file in files {
        let named = literals(&std::fs::read_to_string(&file).unwrap());
        found.extend(named.into_iter().filter(|text| names_a_key(text)).map(|text| (file.clone(), text)));
    }
    assert!(found.is_empty(), "ask `keys::of` for the key: {found:#?}");
}

#[test]
fn a_key_in_a_text_is_found() {
    let source = r#"
        /// Press x.
        fn told() -> String { format!("resubmit it (key r, or {})", "`alpsckpt`") + "press s to submit" }
        #[cfg(test)]
        mod tests { const A: &str = "press q"; }
        const HINT: &str = "Ctrl-z goes away"; const INTERRUPT: &str = "Ctrl-C";
    "#;
    let found: Vec<String> = literals(source).into_iter().filter(|text| names_a_key(text)).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(!names_a_key("a key a file"), "an article is no key");
}
