//! Reads a campaign file and says all that is wrong with it at once.

use std::path::{Path, PathBuf};

use ron::error::{Error, SpannedError};

use super::command::IDLE;
use super::fields::{self, Field};
use super::words::{example, words};
use super::{Duration, Loaded, Spec, SpecError, Workload, check, forms};

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

/// A longer file is no campaign file, bytes.
const LONGEST: u64 = 1 << 20;

/// A file with more faults than this is no campaign file.
const MOST_FAULTS: usize = 60;

/// Reads a campaign file; relative paths are resolved from its folder.
///
/// # Errors
/// All that is wrong with it: syntax, unknown fields (with the nearest known name), values out of range.
pub fn load(file: &Path) -> Result<Loaded, Vec<SpecError>> {
    let text = read(file).map_err(|e| {
        let cure = match e.kind() {
            std::io::ErrorKind::NotFound => similar(file).map_or_else(
                || "`alpsckpt new FILE` writes a commented campaign file to start from".to_owned(),
                |similar| format!("did you mean {}?", similar.display()),
            ),
            std::io::ErrorKind::InvalidData => "a campaign file is text in UTF-8: save it as such".to_owned(),
            std::io::ErrorKind::InvalidInput => {
                "give the path of a campaign file, a text of some lines".to_owned()
            }
            _ => "make sure that it is there and yours to read".to_owned(),
        };
        vec![SpecError::new(file, None, format!("cannot be read: {e}"), cure)]
    })?;
    parse(file, &text)
}

/// A campaign file beside the one that is not there, with nearly its name.
fn similar(file: &Path) -> Option<PathBuf> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let name = file.file_name()?.to_string_lossy().to_lowercase();
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = std::fs::read_dir(listed).ok()?.flatten().map(|entry| entry.file_name());
    let campaigns = names.filter(|name| Path::new(name).extension().is_some_and(|e| e == "ron"));
    let distance = |known: &std::ffi::OsString| {
        let known = known.to_string_lossy().to_lowercase();
        let stem = known.trim_end_matches(".ron");
        strsim::damerau_levenshtein(&known, &name).min(strsim::damerau_levenshtein(stem, &name))
    };
    let nearest = campaigns.map(|known| (distance(&known), known)).min()?;
    (nearest.0 <= 2.max(name.len() / 4)).then(|| folder.join(nearest.1))
}

/// A command's fields stand in the brackets of `Command(…)`.
fn reader() -> ron::Options {
    ron::Options::default().with_default_extension(ron::extensions::Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// The text of a file; never of a device, a pipe or something large.
fn read(file: &Path) -> std::io::Result<String> {
    let facts = std::fs::metadata(file)?;
    let no = |why: &str| Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
    if !facts.is_file() {
        return no(if facts.is_dir() { "it is a folder" } else { "it is not a regular file" });
    }
    if facts.len() > LONGEST {
        return no("it is too long");
    }
    let bytes = std::fs::read(file)?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is text in UTF-16"));
    }
    String::from_utf8(bytes)
        .map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "it is no text in UTF-8"))
}

/// Reads the text of the campaign file `file`; see [`load`]. A byte order mark, which Windows puts first, is skipped.
///
/// # Errors
/// As [`load`].
pub fn parse(file: &Path, text: &str) -> Result<Loaded, Vec<SpecError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        let cure = "`alpsckpt new` with another name writes a commented campaign file to start from";
        return Err(vec![SpecError::new(file, None, "is empty", cure)]);
    }
    let (index, _) = fields::index(text);
    if let Some(version) = forms::version(text, &index).filter(|version| *version > forms::VERSION) {
        return Err(vec![newer(file, text, &index, version)]);
    }
    let mut patched = text.to_owned();
    let command = is_command(text, &index);
    let (idle, index): (Vec<Field>, Vec<Field>) =
        index.into_iter().partition(|field| command && is_idle(&field.path));
    for field in &idle {
        blank(&mut patched, field);
    }
    let mut reading =
        Reading { file, text, patched, index, bad: Vec::new(), stand_ins: Vec::new(), errors: Vec::new() };
    let spec = reading.read();
    if spec.is_some() && !command && !reading.bad.iter().any(|bad| bad == "workload") {
        reading.require(&["dem", "year"]);
    }
    let Reading { mut errors, index, bad, .. } = reading;
    let Some(mut spec) = spec else { return Err(errors) };
    let places = check::Places { file, text, index: &index, bad: &bad };
    errors.extend(check::values(&spec, &places));
    let given = index;
    if !errors.is_empty() {
        errors.sort_by_key(|e| e.line.unwrap_or(0));
        return Err(errors);
    }
    make_absolute(&mut spec, file);
    forms::fill(&mut spec, &given);
    if command {
        // No map of the engine is made; and what is dumped now and then has its sleeps cut short.
        spec.products.clear();
        if !given.iter().any(|field| field.path == "checkpoint_every") {
            spec.checkpoint_every = Duration::from_secs(0);
        }
    }
    Ok(Loaded { spec, file: absolute(file), text: text.to_owned() })
}

/// The file's `workload` is a command, found without reading the rest.
fn is_command(text: &str, index: &[Field]) -> bool {
    let value = |field: &Field| Some(text.get(field.start..field.end)?.split_once(':')?.1);
    let workload = index.iter().find(|field| field.path == "workload").and_then(value);
    workload.is_some_and(|value| value.trim_start().starts_with("Command"))
}

/// A field that says nothing to a command, or one within it.
fn is_idle(path: &str) -> bool {
    IDLE.contains(&path.split('.').next().unwrap_or(path))
}

impl Loaded {
    /// The line, from 1, of a field by its path, such as `workload.run`.
    #[must_use]
    pub fn line_of(&self, path: &str) -> Option<usize> {
        let (index, _) = fields::index(&self.text);
        index.iter().find(|field| field.path == path).map(|field| fields::line_of(&self.text, field.start))
    }

    /// The fields of the file that say nothing, since a command computes: what to do about each.
    #[must_use]
    pub fn idle(&self) -> Vec<SpecError> {
        let (index, _) = fields::index(&self.text);
        if !is_command(&self.text, &index) {
            return Vec::new();
        }
        let idle = index.iter().filter(|field| field.is_top() && is_idle(&field.path));
        idle.map(|field| {
            let what = format!("`{}` says nothing to a command: it is not read", field.path);
            let cure =
                "leave it out; the program is told by `run`, and files that it reads stand in `inputs`";
            SpecError::new(&self.file, Some(fields::line_of(&self.text, field.start)), what, cure)
        })
        .collect()
    }
}

/// A file of a later version is not judged by this one's fields.
fn newer(file: &Path, text: &str, index: &[Field], version: u32) -> SpecError {
    let line = index.iter().find(|f| f.path == "version").map(|f| fields::line_of(text, f.start));
    let own = env!("CARGO_PKG_VERSION");
    let what = format!(
        "version {version} of the campaign file is newer than {}, which alpsckpt {own} knows",
        forms::VERSION
    );
    SpecError::new(file, line, what, "use the alpsckpt that the file was written for, or a newer one")
}

struct Reading<'t> {
    file: &'t Path,
    text: &'t str,
    /// The text with the faults found so far blanked out; positions before the closing bracket stay what they are.
    patched: String,
    index: Vec<Field>,
    /// Top-level fields that are missing or unreadable.
    bad: Vec<String>,
    stand_ins: Vec<&'static str>,
    errors: Vec<SpecError>,
}

impl Reading<'_> {
    /// Parses, notes the fault, blanks it out and parses again, until nothing is left to find.
    fn read(&mut self) -> Option<Spec> {
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
    fn require(&mut self, names: &[&str]) {
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
        let twice: Vec<Field> = self.index.iter().filter(|f| f.path == name).cloned().collect();
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
    fn field_at(&self, byte: usize, unknown: bool) -> Option<&Field> {
        let slack = usize::from(unknown);
        self.index
            .iter()
            .filter(|f| f.is_top() && !is_blank(&self.patched, f))
            .find(|f| f.start <= byte + slack && byte <= f.end)
    }

    /// The field within `top` at a byte, the last one that begins before it.
    fn innermost<'f>(&'f self, top: &'f Field, byte: usize) -> &'f Field {
        let within =
            |f: &&Field| top.start <= f.start && f.end <= top.end && f.start <= byte && byte <= f.end;
        self.index.iter().rfind(within).unwrap_or(top)
    }

    fn blank_out(&mut self, field: &Field) -> bool {
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
fn blank(text: &mut String, field: &Field) {
    let spaces =
        |part: &str| -> String { part.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect() };
    if let Some(part) = text.get(field.start..field.end).map(spaces) {
        text.replace_range(field.start..field.end, &part);
    }
}

fn is_blank(text: &str, field: &Field) -> bool {
    text.get(field.start..field.end).is_none_or(|part| part.trim().is_empty())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Relative paths count from the campaign file's folder.
fn make_absolute(spec: &mut Spec, file: &Path) {
    let folder = absolute(file).parent().map(Path::to_path_buf).unwrap_or_default();
    let fix = |path: &mut PathBuf| *path = absolute(&folder.join(&*path));
    fix(&mut spec.output);
    if let Workload::Command(command) = &mut spec.workload {
        command.make_absolute(&folder);
    } else {
        spec.inputs_mut().into_iter().for_each(fix);
    }
}
