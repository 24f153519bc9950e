//! What is said to a person, in one place: in characters that the terminal has, with commands as they can be typed.
//!
//! Standard output may be closed at any moment (`alpsckpt status | head`): then the program ends quietly.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;

use deunicode::deunicode_char;

use super::Failure;
use crate::THIS_PROGRAM;
use crate::prepare::{News, Short};
use crate::quantity::{bytes, clean, is_harmful};
use crate::shell_words::word;
use crate::ui::glyphs::{self, Glyphs};
use crate::ui::theme::Depth;

/// Prints one line.
pub(super) fn say(line: impl Display) -> Result<(), Failure> {
    written(writeln!(io::stdout().lock(), "{}", told(&line.to_string())))
}

/// Prints a line that this program has drawn: its colours stay, and all else is told as ever.
pub(super) fn say_drawn(line: impl Display) -> Result<(), Failure> {
    written(writeln!(io::stdout().lock(), "{}", drawn(&line.to_string())))
}

/// A drawn line as it is printed.
fn drawn(line: &str) -> String {
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

/// Prints a file's name, byte for byte.
pub(super) fn say_path(path: &Path) -> Result<(), Failure> {
    say_bytes(&[path.as_os_str().as_bytes(), b"\n"].concat())
}

/// Prints what another program reads.
pub(super) fn say_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stream = io::stdout().lock();
    written(stream.write_all(bytes).and_then(|()| stream.flush()))
}

/// Prints what the parser of arguments has to say: help, the version, or what is wrong with them.
pub(super) fn say_of_arguments(error: &clap::Error) -> ExitCode {
    if glyphs().unicode {
        let _ = error.print();
    } else {
        let text = in_ascii(&error.render().to_string());
        // A stream that is closed is nobody's.
        let _ = if error.use_stderr() {
            io::stderr().write_all(text.as_bytes())
        } else {
            io::stdout().write_all(text.as_bytes())
        };
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(super::failure::USAGE))
}

/// Prints a value as JSON.
pub(super) fn say_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    say_bytes(format!("{}\n", json(value)?).as_bytes())
}

/// A value as JSON; what a terminal would act on is escaped in JSON's own way.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::defect)?;
    if !text.contains(is_harmful) {
        return Ok(text);
    }
    let escaped = |c: char| if is_harmful(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    Ok(text.chars().map(escaped).collect())
}

/// Prints a remark on the error stream, where it disturbs no pipe.
pub(super) fn note(line: impl Display) {
    tell!("{}", told(&line.to_string()));
}

/// Prints a warning on the error stream.
pub(super) fn warning(text: impl Display) {
    note(format!("warning: {text}"));
}

/// Tells what is doubtful while a campaign is prepared.
pub(super) fn tell(news: &News<'_>) {
    match news {
        News::Doubtful(doubtful) => super::failure::warn(doubtful),
        News::NotKept(error) => {
            note(format!("warning: what was seen is not kept, and looked at again next time: {error}"));
        }
        News::Looked { .. } | News::LookedThrough(_) => {}
    }
}

/// Warns of a disk with less room than is needed.
pub(super) fn tell_short(Short { output, free, needed }: &Short) {
    let (free, needed) = (bytes(*free), bytes(*needed));
    note(format!("warning: {}: {free} free, up to {needed} needed", output.display()));
}

/// A text for a person: what a terminal would act on as numbers (see [`clean`]), commands as this program was called, without a UTF-8 locale in ASCII.
pub(super) fn told(text: &str) -> String {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let called = std::env::args_os().next().unwrap_or_default();
        called_as(&called, &std::env::var_os("PATH").unwrap_or_default())
    });
    let text = clean(text);
    let text = as_called(&text, program);
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
fn as_called<'t>(text: &'t str, program: &str) -> Cow<'t, str> {
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
        out.push_str(if begins && (alone || command.is_some_and(super::is_command)) {
            program
        } else {
            NAME
        });
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A text in ASCII, for terminals that show no other characters. The names of files stay as they are: another name is
/// another file.
fn in_ascii(text: &str) -> String {
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

/// What a write to standard output came to; a reader that went away is no error.
pub(super) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Err(Failure::silent(0)),
        Err(e) => Err(Failure::output(format!("standard output cannot be written: {e}"))),
    }
}

/// The colours that may be used on standard output (see <https://no-color.org>).
pub(super) fn depth() -> Depth {
    if io::stdout().is_terminal() { Depth::of_environment(variable) } else { Depth::Mono }
}

/// The signs that may be used: none but ASCII's without a UTF-8 locale.
pub(super) fn glyphs() -> &'static Glyphs {
    glyphs::of_environment(variable)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Columns and rows that fit on the terminal above the next prompt; elsewhere 80 columns, and as many rows as it takes.
pub(super) fn room() -> (usize, Option<usize>) {
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns > 0 && rows > 0 && io::stdout().is_terminal() => {
            (usize::from(columns), Some(usize::from(rows - 1)))
        }
        _ => (80, None),
    }
}

/// Lines of a table: columns as wide as their widest cell, those named in `right` flushed right.
pub(super) fn table(head: &[&str], rows: &[Vec<String>], right: &[usize]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count());
        cells.chain(head.get(column).map(|h| h.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(i, (cell, &w))| {
            if right.contains(&i) { format!("{cell:>w$}") } else { format!("{cell:<w$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head: Vec<String> = head.iter().map(|h| (*h).to_owned()).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|r| line(r))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_a_terminal_would_act_on() {
        let value = ["\u{1b}[2J", "a\u{202e}b\u{9b}", "É"];
        let text = json(&value).unwrap();
        assert!(!text.contains(is_harmful), "{text}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), value);
    }

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
        let told = |text| as_called(text, "target/release/alpsckpt").into_owned();
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

    #[test]
    fn a_table_is_as_wide_as_its_cells() {
        let rows = vec![vec!["m01".into(), "7".into()], vec!["m01-m02".into(), "12".into()]];
        let lines = table(&["chain", "tiles"], &rows, &[1]);
        assert_eq!(lines, ["chain    tiles", "m01          7", "m01-m02     12"]);
    }
}
