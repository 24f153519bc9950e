//! Reads the fields of a campaign file and goes on where one is at fault, so that all faults are told at once.

use std::path::Path;

use ron::error::{Error, SpannedError};

use super::fields::{self, FieldAt};
use super::words::{example, words};
use super::{Spec, SpecError};

/// What stands in for a required field that is missing or unreadable, so that the others can still be read.
const STAND_INS: [(&str, &str); 8] = [
    ("version", "1"),
    ("name", "\"-\""),
    ("output", "\"-\""),
    ("dem", "\"-\""),
    ("months", "[1]"),
    ("year", "2000"),
    ("walltime", "\"01:00:00\""),
    ("margin", "\"00:10:00\""),
];

/// A file with more faults than this is no campaign file.
const MOST_FAULTS: usize = 60;

/// A command's fields stand in the brackets of `Command(…)`.
fn reader() -> ron::Options {
    ron::Options::default().with_default_extension(ron::extensions::Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// A campaign file that is read although it has faults.
pub(super) struct Reading<'t> {
    pub(super) file: &'t Path,
    pub(super) text: &'t str,
    /// The text with the faults found so far blanked out; positions before the closing bracket stay what they are.
    pub(super) patched: String,
    pub(super) index: Vec<FieldAt>,
    /// Top-level fields that are missing or unreadable.
    pub(super) bad: Vec<String>,
    pub(super) stand_ins: Vec<&'static str>,
    pub(super) errors: Vec<SpecError>,
}

impl Reading<'_> {
    /// Parses, notes the fault, blanks it out and parses again, until nothing is left to find.
    pub(super) fn read(&mut self) -> Option<Spec> {
        for _ in 0..MOST_FAULTS {
            match reader().from_str::<Spec>(&self.with_stand_ins()) {
                Ok(spec) => return Some(spec),
                Err(error) => {
                    if !self.note(&error) {
                        // A fault that only shows once others are blanked out may have no place of its own.
                        if self.errors.is_empty() {
                            let (what, cure) = words(&error, None, self.text);
                            self.push(None, what, cure);
                        }
                        return None;
                    }
                }
            }
        }
        None
    }

    /// Tells which of these fields are not there.
    pub(super) fn require(&mut self, names: &[&str]) {
        for name in names {
            if !self.index.iter().any(|field| field.path == *name) {
                self.missing(name);
            }
        }
    }

    fn missing(&mut self, name: &str) {
        let add = example(name).unwrap_or_else(|| format!("{name}: …"));
        self.push(None, format!("the field `{name}` is missing"), format!("add `{add},`"));
        self.bad.push(name.to_owned());
    }

    fn with_stand_ins(&self) -> String {
        let mut text = self.patched.clone();
        let (index, close) = fields::index(&text);
        let (Some(close), false) = (close, self.stand_ins.is_empty()) else { return text };
        let last = index.iter().rfind(|f| f.is_top()).and_then(|f| text.get(f.start..f.end));
        // On a line of its own: a line comment may stand right before the bracket.
        let mut extra = String::from(if last.is_none_or(|l| l.ends_with(',')) { "\n" } else { "\n," });
        for (name, value) in STAND_INS.iter().filter(|(name, _)| self.stand_ins.contains(name)) {
            extra.extend([name, ": ", value, ","]);
        }
        text.insert_str(close, &extra);
        text
    }

    /// Records one error of the parser; `false` when reading cannot go on after it.
    fn note(&mut self, error: &SpannedError) -> bool {
        if let Error::MissingStructField { field, outer } = &error.code
            && outer.as_deref().is_none_or(|o| o == "Spec")
            && let Some((name, _)) = STAND_INS.iter().find(|(name, _)| name == field)
        {
            if !self.bad.iter().any(|b| b == name) {
                self.missing(name);
            }
            let new = !self.stand_ins.contains(name);
            self.stand_ins.push(name);
            return new;
        }
        let byte = byte_of(&self.patched, error.span.end.line, error.span.end.col);
        let line = error.span.end.line.min(self.text.lines().count().max(1));
        if let Error::DuplicateStructField { field, .. } = &error.code {
            return self.duplicate(field);
        }
        let unknown = matches!(error.code, Error::NoSuchStructField { .. });
        let field = self.field_at(byte, unknown).cloned();
        // What follows from a fault that was told already.
        let follows = error.code == Error::Eof || self.errors.iter().any(|told| told.line == Some(line));
        if field.is_none() && follows && !self.errors.is_empty() {
            return false;
        }
        let inner = field.as_ref().map(|field| self.innermost(field, byte));
        let (what, cure) = words(error, inner, self.text);
        // An unknown field is at its name; the end of another fault may lie behind the value, on a later line.
        let line = match (&inner, &error.code) {
            (Some(inner), Error::NoSuchStructField { .. } | Error::Message(_)) => {
                fields::line_of(self.text, inner.start)
            }
            _ => line,
        };
        self.push(Some(line), what, cure);
        field.is_some_and(|field| self.blank_out(&field))
    }

    fn duplicate(&mut self, name: &str) -> bool {
        let twice: Vec<FieldAt> = self.index.iter().filter(|f| f.path == name).cloned().collect();
        let [first, rest @ ..] = twice.as_slice() else { return false };
        let first_line = fields::line_of(self.text, first.start);
        for again in rest {
            let line = fields::line_of(self.text, again.start);
            self.push(
                Some(line),
                format!("the field `{name}` stands here again (first on line {first_line})"),
                "keep one of them".to_owned(),
            );
            blank(&mut self.patched, again);
        }
        !rest.is_empty()
    }

    /// The top-level field at a byte of the text: the innermost problem counts to it as a whole.
    fn field_at(&self, byte: usize, unknown: bool) -> Option<&FieldAt> {
        let slack = usize::from(unknown);
        self.index
            .iter()
            .filter(|f| f.is_top() && !is_blank(&self.patched, f))
            .find(|f| f.start <= byte + slack && byte <= f.end)
    }

    /// The field within `top` at a byte, the last one that begins before it.
    fn innermost<'f>(&'f self, top: &'f FieldAt, byte: usize) -> &'f FieldAt {
        let within =
            |f: &&FieldAt| top.start <= f.start && f.end <= top.end && f.start <= byte && byte <= f.end;
        self.index.iter().rfind(within).unwrap_or(top)
    }

    fn blank_out(&mut self, field: &FieldAt) -> bool {
        blank(&mut self.patched, field);
        if let Some((name, _)) = STAND_INS.iter().find(|(name, _)| *name == field.path) {
            self.stand_ins.push(name);
        }
        self.bad.push(field.path.clone());
        true
    }

    fn push(&mut self, line: Option<usize>, what: String, cure: String) {
        self.errors.push(SpecError { file: self.file.to_path_buf(), line, what, cure });
    }
}

/// The byte of a line and column, both from 1, the column in characters.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or("");
    start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
}

/// Replaces a field by spaces, byte for byte, its lines kept.
pub(super) fn blank(text: &mut String, field: &FieldAt) {
    let spaces =
        |part: &str| -> String { part.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect() };
    if let Some(part) = text.get(field.start..field.end).map(spaces) {
        text.replace_range(field.start..field.end, &part);
    }
}

fn is_blank(text: &str, field: &FieldAt) -> bool {
    text.get(field.start..field.end).is_none_or(|part| part.trim().is_empty())
}
