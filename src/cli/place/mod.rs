//! Which campaign a command is about: a campaign file, an output folder, the one of the current folder, or the one opened
//! last.
//!
//! What only looks takes the one opened last where nothing nearer is meant. What acts never does so unasked: somebody else's
//! command may have opened another one since.

mod here;
mod told;

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::{CliError, exit, rights};
use crate::campaign::controller::ControlError;
use crate::campaign::identity::Identity;
use crate::campaign::registry;
use crate::campaign::spec::{self, Loaded, Spec};
use crate::checkpoint::CampaignDir;
use crate::shell_words::word;
use crate::{prepare, quantity};

pub(super) use here::with_campaign;
use here::{Here, here};
pub(super) use told::{name_of, remember, say_where, tell_edits, tell_taken, warn_of_gone};

/// Reads a campaign file.
pub(super) fn load(file: &Path) -> Result<Loaded, CliError> {
    spec::load(file).map_err(|errors| {
        let missing = std::fs::metadata(file).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
        CliError::spec(if missing { exit::MISSING } else { exit::INPUT }, errors)
    })
}

/// No more output folders are named in one message.
const FEW: usize = 3;

/// Reads a campaign file to find the campaign that was begun with it: without the file its output folder does as well.
fn load_to_find(file: &Path) -> Result<Loaded, CliError> {
    load(file).map_err(|failure| {
        let file = absolute(file).unwrap_or_else(|_| file.to_path_buf());
        let near = |known: &registry::Known| {
            file.parent().is_some_and(|folder| known.output.starts_with(folder))
                && CampaignDir::new(&known.output).identity().is_file()
        };
        let folders: Vec<String> = registry::list()
            .iter()
            .filter(|known| near(known))
            .map(|known| word(known.output.as_os_str()))
            .collect();
        let which = match folders.as_slice() {
            [] => "its output folder".to_owned(),
            few if few.len() <= FEW => format!("its output folder: {}", few.join(" or ")),
            many => format!(
                "its output folder: {} or one of {} others below here",
                many[..FEW].join(" or "),
                many.len() - FEW
            ),
        };
        failure.and_also(format!(
            "if a campaign was begun with it, the file is not needed to find it: name {which}"
        ))
    })
}

/// The output folder of the campaign to look at: the one named by a person, else the one of the current folder, else the one
/// opened last. Says so when the campaign's file was edited since the campaign goes by it.
pub(super) fn output_of(campaign: Option<&Path>) -> Result<PathBuf, CliError> {
    let found = match campaign {
        Some(named) => return named_output(named),
        None => match here() {
            Here::One(output) => Some(output),
            Here::None | Here::Several(_) => None,
        },
    };
    found.or_else(registry::last).ok_or_else(no_campaign)
}

/// The output folder of the campaign to act on: the one named, else the one of the current folder. The one opened last only
/// when a person at the terminal says so; `command` is what would be done, as it is typed.
pub(super) fn acted_on(campaign: Option<&Path>, command: &str) -> Result<PathBuf, CliError> {
    if let Some(named) = campaign {
        return named_output(named);
    }
    let several = match here() {
        Here::One(output) => return Ok(output),
        Here::Several(outputs) => outputs,
        Here::None => Vec::new(),
    };
    let last = registry::last();
    let candidates = if several.is_empty() { last.iter().cloned().collect() } else { several };
    let [one] = candidates.as_slice() else {
        if candidates.is_empty() {
            return Err(no_campaign());
        }
        return Err(unnamed("this folder has several campaigns", command, &candidates));
    };
    let name = name_of(one);
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        let what =
            format!("no campaign is named, and the current folder is none's; the one opened last is {name}");
        return Err(unnamed(&what, command, &candidates));
    }
    if asked(&format!("The campaign opened last is {name}. Do `{command}` there? [y/N] ")) {
        return Ok(one.clone());
    }
    Err(unnamed("nothing was done", command, &candidates))
}

/// Asks a person at the terminal.
fn asked(question: &str) -> bool {
    let mut stream = std::io::stderr().lock();
    let _ = write!(stream, "{question}");
    let _ = stream.flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

fn unnamed(what: &str, command: &str, outputs: &[PathBuf]) -> CliError {
    let one = |output: &PathBuf| format!("alpsckpt {command} --campaign {}", word(output.as_os_str()));
    let cures: Vec<String> = outputs.iter().map(one).collect();
    CliError::new(exit::USAGE, what, format!("name the campaign: {}", cures.join("\n  → or: ")))
}

/// The output folder of a campaign named by its file or its folder.
fn named_output(named: &Path) -> Result<PathBuf, CliError> {
    let output = if named.is_dir() {
        absolute(named)?
    } else {
        let loaded = load_to_find(named)?;
        tell_edits(&loaded, named);
        loaded.spec.output
    };
    begun(output)
}

/// There is no campaign in this output folder, and this person's list knows one: it is out of reach, and its jobs may run.
fn gone(output: &Path) -> Option<CliError> {
    let known = registry::known(output)?;
    let what = format!(
        "{}: the campaign \"{}\" was here when it was last opened, on {}, and is out of reach now",
        output.display(),
        known.name,
        quantity::moment(known.opened_ms)
    );
    let cure = "mount its disk or move the folder back: jobs that were submitted may still write there. Only if it is gone for good, \
                `alpsckpt run FILE` or `alpsckpt submit FILE` begins another in its place";
    Some(CliError::new(exit::MISSING, what, cure))
}

/// This output folder, if there is a campaign in it.
pub(super) fn begun(output: PathBuf) -> Result<PathBuf, CliError> {
    let state = CampaignDir::new(&output).state();
    match std::fs::metadata(&state) {
        Ok(facts) if facts.is_dir() => Ok(output),
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
            let what = format!("{}: you may not read what is here: {e}", state.display());
            Err(CliError::new(exit::OUTPUT, what, rights::whose(&state)))
        }
        _ => Err(gone(&output).unwrap_or_else(|| ControlError::NoCampaign(output).into())),
    }
}

/// The frozen spec of the campaign in an output folder.
pub(super) fn spec_of(output: &Path) -> Result<Spec, CliError> {
    Ok(prepare::spec_of(output)?)
}

/// The campaign to look at that a person named: by its file as it is now; else by its frozen spec.
pub(super) fn loaded(campaign: Option<&Path>) -> Result<Loaded, CliError> {
    match campaign {
        Some(file) if !file.is_dir() => {
            let loaded = load(file)?;
            tell_edits(&loaded, file);
            Ok(loaded)
        }
        folder => {
            let campaign = CampaignDir::new(&output_of(folder)?);
            let file = campaign.spec(&Identity::read(&campaign)?.spec);
            Ok(Loaded { spec: spec_of(campaign.output())?, file, text: String::new() })
        }
    }
}

/// The state folder of the embedded cluster: the one named, else the default one.
pub(super) fn cluster_of(named: Option<&Path>) -> Result<PathBuf, CliError> {
    match named {
        Some(folder) => absolute(folder),
        None => registry::default_cluster().ok_or_else(|| {
            let cure = "name a folder for it in the environment variable ALPSCKPT_STATE";
            CliError::new(exit::OUTPUT, "there is no home folder for the embedded cluster", cure)
        }),
    }
}

/// A path that does not depend on the current folder.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|e| CliError::output(format!("{}: {e}", path.display())))
}

fn no_campaign() -> CliError {
    CliError::new(
        exit::MISSING,
        "no campaign was opened yet",
        "name one, begin one with `alpsckpt new my.ron`, or see one at work with `alpsckpt demo`",
    )
}
