//! The page of the screens names every key.

use crate::ui::actions::TABLE;
use crate::ui::glyphs::UNICODE;

const BEGIN: &str = "<!-- keys: printed by the program, checked by a test -->\n";
const END: &str = "<!-- end of keys -->";

/// The table of keys as it stands in `docs/screens.md`.
fn table() -> String {
    let mut out = String::from("| keys | does | on the screens |\n|---|---|---|\n");
    for entry in TABLE {
        let keys: Vec<String> = entry.keys.iter().map(|k| format!("`{}`", k.label(&UNICODE))).collect();
        let screens = if entry.screens.len() == 4 {
            "all".to_owned()
        } else {
            entry.screens.iter().map(|s| s.title()).collect::<Vec<_>>().join(", ")
        };
        out.push_str(&format!("| {} | {} | {screens} |\n", keys.join(" "), entry.what));
    }
    out
}

#[test]
fn the_page_of_the_screens_has_the_keys_of_the_program() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/screens.md");
    let page = std::fs::read_to_string(path).expect("docs/screens.md");
    let (_, rest) = page.split_once(BEGIN).expect("the table's beginning");
    let (shown, _) = rest.split_once(END).expect("the table's end");
    assert_eq!(shown, table(), "docs/screens.md: replace the table by the one on the right");
}

#[test]
fn no_screen_gives_one_key_two_meanings() {
    for (at, entry) in TABLE.iter().enumerate() {
        for other in &TABLE[at + 1..] {
            let shared = entry.screens.iter().any(|s| other.screens.contains(s));
            let same = entry.keys.iter().any(|k| other.keys.contains(k));
            assert!(!(shared && same), "{:?} and {:?}", entry.command, other.command);
        }
    }
}
