//! The string literals of our own sources, for the tests that say where a text may stand.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The string literals of a source without its tests; what documents it is no literal of the program.
pub(crate) fn literals(source: &str) -> Vec<String> {
    fn collect(tokens: TokenStream, into: &mut Vec<String>) {
        let mut tokens = tokens.into_iter().peekable();
        let mut test = false;
        while let Some(token) = tokens.next() {
            match token {
                // An attribute: its words are documentation, or tell that what follows is for tests.
                TokenTree::Punct(mark) if mark.as_char() == '#' => {
                    if matches!(tokens.peek(), Some(TokenTree::Punct(inner)) if inner.as_char() == '!') {
                        tokens.next();
                    }
                    if let Some(TokenTree::Group(attribute)) = tokens.peek() {
                        let said = attribute.stream().to_string();
                        test |= said == "test" || said.starts_with("cfg") && said.contains("(test)");
                        if !said.starts_with("doc") && !test {
                            collect(attribute.stream(), into);
                        }
                        tokens.next();
                    }
                }
                TokenTree::Group(group) => {
                    if !test {
                        collect(group.stream(), into);
                    }
                    test &= group.delimiter() != Delimiter::Brace;
                }
                TokenTree::Punct(end) if end.as_char() == ';' => test = false,
                TokenTree::Literal(literal) => into.push(literal.to_string()),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    collect(source.parse().expect("Rust"), &mut found);
    found.retain(|literal| literal.contains('"'));
    found
}

/// The sources of these parts of the program, without their tests.
pub(crate) fn sources(parts: &[&str]) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for part in parts {
        collect(&src.join(part), &mut files);
    }
    files.retain(|path| {
        let name = path.to_string_lossy();
        !(name.contains("/tests/") || name.ends_with("tests.rs") || name.contains("fixtures"))
    });
    files
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            collect(&entry, into);
        } else if entry.extension().is_some_and(|e| e == "rs") {
            into.push(entry);
        }
    }
}
