//! Texts as a person can read and type them: in characters that the terminal has, with commands as this program was called.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

use deunicode::deunicode_char;

use super::glyphs;
use crate::THIS_PROGRAM;
use crate::quantity::clean;
use crate::shell_words::word;

/// A drawn line as it is printed.
pub(super) fn drawn(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut parts = line.split("\u{1b}[");
    out.push_str(&told(parts.next().unwrap_or_default()));
    for part in parts {
        let is_colour = |c: char| c.is_ascii_digit() || c == ';';
        match part.split_once('m') {
            Some((colour, rest)) if colour.chars().all(is_colour) => {
                out.push_str("\u{1b}[");
                out.push_str(colour);
                out.push('m');
                out.push_str(&told(rest));
            }
            _ => out.push_str(&told(&format!("\u{1b}[{part}"))),
        }
    }
    out
}

/// Whether there is a command of a name.
static IS_COMMAND: OnceLock<fn(&str) -> bool> = OnceLock::new();

/// Says how commands are known: those in texts are told as they can be typed.
pub(in crate::cli) fn know_commands(is_command: fn(&str) -> bool) {
    let _ = IS_COMMAND.set(is_command);
}

/// A text for a person: what a terminal would act on as numbers (see [`clean`]), commands as this program was called, without a UTF-8 locale in ASCII.
pub(in crate::cli) fn told(text: &str) -> String {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let called = std::env::args_os().next().unwrap_or_default();
        called_as(&called, &std::env::var_os("PATH").unwrap_or_default())
    });
    let text = clean(text);
    let is_command = IS_COMMAND.get().copied().unwrap_or(|_| false);
    let text = as_called(&text, program, is_command);
    if glyphs().unicode { text.into_owned() } else { in_ascii(&text) }
}

/// The name by which a shell finds this program: `alpsckpt` where that is it, else as it was called just now.
fn called_as(called: &OsStr, path: &OsStr) -> String {
    let own = std::fs::metadata(THIS_PROGRAM).map(|facts| (facts.dev(), facts.ino()));
    let is_own = |folder: std::path::PathBuf| {
        let there = std::fs::metadata(folder.join(NAME)).map(|facts| (facts.dev(), facts.ino()));
        own.as_ref().is_ok_and(|own| there.is_ok_and(|there| there == *own))
    };
    if called.is_empty() || std::env::split_paths(path).any(is_own) {
        return NAME.to_owned();
    }
    called.to_str().map_or_else(|| NAME.to_owned(), |_| word(called))
}

const NAME: &str = "alpsckpt";

/// A text whose commands begin with `program` instead of `alpsckpt`: what stands alone between backticks, and before the
/// name of a command.
fn as_called<'t>(text: &'t str, program: &str, is_command: fn(&str) -> bool) -> Cow<'t, str> {
    if program == NAME || !text.contains(NAME) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(NAME) {
        let (before, after) = (&rest[..at], &rest[at + NAME.len()..]);
        let begins = before.is_empty() && out.is_empty() || before.ends_with([' ', '`', '\n', '(']);
        let command =
            after.strip_prefix(' ').and_then(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next());
        let alone = before.ends_with('`') && after.starts_with('`');
        out.push_str(before);
        out.push_str(if begins && (alone || command.is_some_and(is_command)) { program } else { NAME });
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A text in ASCII, for terminals that show no other characters. The names of files stay as they are: another name is
/// another file.
pub(super) fn in_ascii(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let is_file = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.contains('/') || bare.contains('.')
    };
    let word = |word: &str| match word {
        word if word.is_ascii() || is_file(word) => word.to_owned(),
        word => word.chars().map(sign).collect(),
    };
    text.split_inclusive(char::is_whitespace).map(word).collect()
}

/// A character in ASCII.
fn sign(character: char) -> &'static str {
    match character {
        '→' => "->",
        '├' | '┤' => "|",
        other => deunicode_char(other).unwrap_or("?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_utf8_words_are_told_in_ascii_and_files_by_their_bytes() {
        assert_eq!(
            in_ascii("Parc des Écrins: -1.2 … 3.4 °C → `alpsckpt log m07`"),
            "Parc des Ecrins: -1.2 ... 3.4 degC -> `alpsckpt log m07`"
        );
        assert_eq!(
            in_ascii("Ägäis in /data/Ägäis/été.ron, été.ron:3 and é"),
            "Agais in /data/Ägäis/été.ron, été.ron:3 and e"
        );
        assert_eq!(in_ascii("M,… 1 – 2\n  ├─┤ “x”"), "M,... 1 - 2\n  |-| \"x\"");
    }

    #[test]
    fn commands_are_told_as_they_can_be_typed() {
        let told = |text| as_called(text, "target/release/alpsckpt", crate::cli::is_command).into_owned();
        assert_eq!(
            told("see `alpsckpt log m07`, or `alpsckpt`"),
            "see `target/release/alpsckpt log m07`, or `target/release/alpsckpt`"
        );
        assert_eq!(told("alpsckpt resubmit m07"), "target/release/alpsckpt resubmit m07");
        assert_eq!(told("> alpsckpt resubmit m07"), "> target/release/alpsckpt resubmit m07");
        for text in
            ["alpsckpt 0.3.0", "a defect of alpsckpt: report it", "/data/alpsckpt log", "no alpsckpt here"]
        {
            assert_eq!(told(text), text);
        }
        assert_eq!(
            called_as(OsStr::new("target/debug/alpsckpt"), OsStr::new("/nowhere")),
            "target/debug/alpsckpt"
        );
        assert_eq!(called_as(OsStr::new("/my maps/alpsckpt"), OsStr::new("")), "'/my maps/alpsckpt'");
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), folder.path().join(NAME)).unwrap();
        assert_eq!(called_as(OsStr::new("/elsewhere/alpsckpt"), folder.path().as_os_str()), NAME);
    }
}
