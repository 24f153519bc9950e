//! The page of the screens names every key.

use crate::glyphs::UNICODE;
use crate::keys::{Command, table as rows};
use crate::words::commands;

const BEGIN: &str = "<!-- keys: printed by the program, checked by a test -->\n";
const END: &str = "<!-- end of keys -->";

/// The table of keys as it stands in `docs/screens.md`.
fn table() -> String {
    let mut out = String::from("| keys | does | on the screens | command |\n|---|---|---|---|\n");
    for row in rows() {
        let keys: Vec<String> = row.keys.iter().map(|k| format!("`{}`", k.label(&UNICODE))).collect();
        let screens = if row.screens.len() == 4 {
            "all".to_owned()
        } else if row.screens.is_empty() {
            "questions".to_owned()
        } else {
            row.screens.iter().map(|s| commands::title(*s)).collect::<Vec<_>>().join(", ")
        };
        let command = match row.command {
            Command::Act(kind) => format!("`alpsckpt {}`", kind.row().name),
            _ => String::new(),
        };
        out.push_str(&format!(
            "| {} | {} | {screens} | {command} |\n",
            keys.join(" "),
            commands::what(row.command)
        ));
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
