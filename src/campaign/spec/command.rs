//! `workload: Command(…)`: any program in the place of the engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::placeholders::{self, Name};
use super::{Processors, Semaphores, Signal, values};
use crate::foreign::Network;

/// A program that computes a chain, with what must be known to run it, save it and take over what it made.
///
/// Texts have placeholders: `{month}` (01 … 12), `{m}` (1 … 12), `{chain}`, `{year}`, `{name}` (the campaign's), `{threads}`,
/// `{work}` (the program's own folder), `{output}` (where it puts what it makes), `{folder}` (the campaign file's); `{{` and
/// `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// What runs.
    pub run: Run,
    /// Variables of its environment, beside the job's own.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// The folder it runs in.
    #[serde(default = "work")]
    pub directory: String,
    /// Files that it reads: they must stay what they are as long as the chain runs.
    #[serde(default)]
    pub inputs: Vec<PathBuf>,
    /// Files that it makes, relative to `{output}`: moved to `<output>/results/` when it ended with 0 and none of them is
    /// missing or empty.
    #[serde(default)]
    pub outputs: Vec<String>,
    /// How it is saved.
    #[serde(default)]
    pub checkpoint: Checkpoint,
    /// What it sees of the network.
    #[serde(default)]
    pub network: Network,
    /// What becomes of its named semaphores.
    #[serde(default)]
    pub semaphores: Semaphores,
    /// Which instructions it may use.
    #[serde(default)]
    pub processors: Processors,
    /// It is dumped after its first minute, once a chain, to see whether it can be.
    #[serde(default = "yes")]
    pub trial: bool,
    /// How far it has come.
    #[serde(default)]
    pub progress: ProgressOf,
    /// The folder of the CRIU to use; `None`: the node's, else the user's kit.
    #[serde(default, with = "values::optional", skip_serializing_if = "Option::is_none")]
    pub kit: Option<PathBuf>,
    /// What `{folder}` stands for; `None` where nothing names it.
    #[serde(default, with = "values::optional", skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

fn work() -> String {
    "{work}".to_owned()
}

fn yes() -> bool {
    true
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Run {
    /// A program and its arguments; no shell sees them.
    Program(Vec<String>),
    /// A text for `bash -c`.
    Shell(String),
}

impl Run {
    /// The program and its arguments, placeholders and all.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        match self {
            Self::Program(arguments) => arguments.clone(),
            Self::Shell(text) => vec!["bash".to_owned(), "-c".to_owned(), text.clone()],
        }
    }
}

/// How a program is saved near its walltime.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Checkpoint {
    /// By what the node can do: CRIU, else DMTCP.
    #[default]
    Auto,
    /// By CRIU.
    Criu,
    /// By DMTCP.
    Dmtcp,
    /// By itself: it saves itself and ends at this signal, and `resume` goes on from there.
    Own {
        /// The signal.
        signal: Signal,
        /// The program that goes on, and its arguments.
        resume: Vec<String>,
    },
    /// Not at all: it must come to its end within one walltime.
    None,
}

/// How far a program has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ProgressOf {
    /// Nothing tells: the CPU time it took stands for it.
    #[default]
    None,
    /// By the lines of a file, of so many in all.
    Lines(String, u64),
    /// By the last number of a file that follows from a regular expression: the percentage is its first group.
    Pattern(String, String),
}

impl ProgressOf {
    /// The file that tells.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Lines(file, _) | Self::Pattern(file, _) => Some(file),
        }
    }
}

/// Fields of a campaign file that say nothing to a command: what stands there is not read.
pub(super) const IDLE: [&str; 26] = [
    "dem",
    "terrain_note",
    "region",
    "temperature",
    "reference_height",
    "lapse",
    "cloud",
    "mode",
    "products",
    "accept",
    "pace",
    "tile",
    "sky_view_month",
    "storage",
    "compression",
    "step_minutes",
    "solar_constant",
    "transmittance",
    "atmosphere",
    "diffuse",
    "albedo",
    "azimuths",
    "steps",
    "c",
    "lai",
    "lai_max",
];

impl Command {
    /// It is saved by dumping it, so that it goes on only where the instructions are that it uses.
    #[must_use]
    pub fn is_dumped(&self) -> bool {
        matches!(self.checkpoint, Checkpoint::Auto | Checkpoint::Criu | Checkpoint::Dmtcp)
    }

    /// The paths of the campaign file that are no place of the program's own, each with its field.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let inputs = self.inputs.iter().map(|path| ("inputs", path.as_path()));
        let others = [("kit", self.kit.as_deref()), ("folder", self.folder.as_deref())];
        let others = others.into_iter().filter_map(|(field, path)| Some((field, path?)));
        inputs.chain(others).chain([("directory", Path::new(&self.directory))])
    }

    /// Makes the paths absolute: relative ones count from `folder`.
    pub(super) fn make_absolute(&mut self, folder: &Path) {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        if self.texts().any(|text| placeholders::has(text, &[Name::Folder])) {
            let named = self.folder.take().map_or_else(|| folder.to_path_buf(), |named| folder.join(named));
            self.folder = Some(absolute(&named));
        } else {
            self.folder = None;
        }
        self.kit = self.kit.take().map(|kit| absolute(&folder.join(kit)));
        // In what has placeholders the folder's own braces are none.
        let Some(folder) = folder.to_str() else { return };
        let folder = PathBuf::from(placeholders::escape(folder));
        let beyond = |text: &str, starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
        for input in &mut self.inputs {
            if !input.to_str().is_some_and(|text| beyond(text, &["{folder}"])) {
                *input = absolute(&folder.join(&*input));
            }
        }
        if !beyond(&self.directory, &["{work}", "{output}", "{folder}"]) {
            let directory = absolute(&folder.join(&self.directory));
            self.directory = directory.to_str().map_or_else(|| self.directory.clone(), str::to_owned);
        }
    }

    /// The texts in which `{folder}` may stand.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let resume: &[String] =
            if let Checkpoint::Own { resume, .. } = &self.checkpoint { resume } else { &[] };
        let run: &[String] = if let Run::Program(arguments) = &self.run { arguments } else { &[] };
        let shell = if let Run::Shell(text) = &self.run { Some(text) } else { None };
        let texts =
            run.iter().chain(shell).chain(resume).chain(self.environment.values()).chain([&self.directory]);
        let paths = self.inputs.iter().filter_map(|path| path.to_str());
        texts.map(String::as_str).chain(paths).chain(self.progress.file())
    }
}
