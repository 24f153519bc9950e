//! Reads a campaign file and says all that is wrong with it at once.

use std::path::{Path, PathBuf};

use super::command::IDLE;
use super::fields::{self, FieldAt};
use super::reading::{Reading, blank};
use super::{Computing, Duration, Loaded, Spec, SpecError, check, faults, forms};

/// A longer file is no campaign file, bytes.
const LONGEST: u64 = 1 << 20;

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
    let (idle, index): (Vec<FieldAt>, Vec<FieldAt>) =
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
    let places = faults::Places { file, text, index: &index, bad: &bad };
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
fn is_command(text: &str, index: &[FieldAt]) -> bool {
    let value = |field: &FieldAt| Some(text.get(field.start..field.end)?.split_once(':')?.1);
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
fn newer(file: &Path, text: &str, index: &[FieldAt], version: u32) -> SpecError {
    let line = index.iter().find(|f| f.path == "version").map(|f| fields::line_of(text, f.start));
    let own = env!("CARGO_PKG_VERSION");
    let what = format!(
        "version {version} of the campaign file is newer than {}, which alpsckpt {own} knows",
        forms::VERSION
    );
    SpecError::new(file, line, what, "use the alpsckpt that the file was written for, or a newer one")
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Relative paths count from the campaign file's folder.
fn make_absolute(spec: &mut Spec, file: &Path) {
    let folder = absolute(file).parent().map(Path::to_path_buf).unwrap_or_default();
    let fix = |path: &mut PathBuf| *path = absolute(&folder.join(&*path));
    fix(&mut spec.output);
    if let Computing::Command(command) = &mut spec.workload {
        command.make_absolute(&folder);
    } else {
        spec.inputs_mut().into_iter().for_each(fix);
    }
}
