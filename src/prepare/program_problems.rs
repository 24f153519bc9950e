//! What refuses a campaign of commands: inputs that cannot be read, files in the way of outputs, folders that are not there.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use crate::campaign::spec::{Command, Spec};
use crate::checkpoint::{CampaignDir, Chain, fence};
use crate::engine::Problem;

/// What refuses the chains of these months: inputs that cannot be read, files in the way of outputs, folders that are not there.
pub(super) fn problems(spec: &Spec, command: &Command, months: &[u8]) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    let mut note = |problem: Option<Problem>| found.extend(problem.filter(|new| !found.contains(new)));
    for chain in spec.chains() {
        if !chain.months.iter().any(|month| months.contains(month)) {
            continue;
        }
        let inputs = command.inputs_of(spec, &chain);
        for path in &inputs {
            note(unreadable(path));
        }
        for problem in in_the_way(spec, command, &chain, &inputs) {
            note(Some(problem));
        }
        if let Some(directory) = command.before_it_runs(spec, &chain, &command.directory).map(PathBuf::from) {
            note(no_folder(
                &directory,
                "directory",
                "make it, or leave `directory` out: a folder of its own is made then",
            ));
        }
    }
    note(no_place_of_results(&CampaignDir::new(&spec.output).results()));
    if let Some(kit) = &command.kit {
        note(no_folder(kit, "kit", "leave it out: the CRIU of the node is taken, else your own kit"));
    }
    found
}

/// Why an input cannot be read, if it cannot.
fn unreadable(path: &Path) -> Option<Problem> {
    let cure = "write its path in `inputs` as it is; relative paths count from the campaign file";
    let problem = |what: String| Some(Problem::new(path, format!("`inputs`: {what}"), cure));
    match std::fs::metadata(path) {
        Err(e) => problem(format!("cannot be read: {e}")),
        Ok(facts) if facts.is_dir() => problem("is a folder: name the files in it".to_owned()),
        Ok(facts) if !facts.is_file() => problem("is not a regular file".to_owned()),
        Ok(_) => {
            let error = access(path, AccessFlags::R_OK).err()?;
            problem(format!("cannot be read: {}", error.desc()))
        }
    }
}

fn no_folder(path: &Path, field: &str, cure: &str) -> Option<Problem> {
    if !path.is_dir() {
        return Some(Problem::new(path, format!("`{field}`: there is no such folder"), cure));
    }
    let error = access(path, AccessFlags::X_OK).err()?;
    Some(Problem::new(path, format!("`{field}`: the folder cannot be entered: {}", error.desc()), cure))
}

/// Why results cannot get their names, if there is something else in the place of their folder.
fn no_place_of_results(results: &Path) -> Option<Problem> {
    let facts = std::fs::symlink_metadata(results).ok().filter(|facts| !facts.is_dir())?;
    let kind = if facts.is_symlink() { "a link" } else { "a file" };
    let what = format!("`output`: this is {kind}; results go to a folder of this name");
    Some(Problem::new(results, what, "move it away, or write another `output`"))
}

/// What lies where outputs of a chain go: its inputs, and, as long as it was not begun, any file.
fn in_the_way(spec: &Spec, command: &Command, chain: &Chain, inputs: &[PathBuf]) -> Vec<Problem> {
    let dir = CampaignDir::new(&spec.output).chain(&chain.id);
    let begun = !matches!(fence::newest(&dir), Ok(None));
    let same = |one: &Metadata, other: &Metadata| (one.dev(), one.ino()) == (other.dev(), other.ino());
    let mut found = Vec::new();
    for (_, to) in command.outputs_of(spec, chain, Path::new("")) {
        let Ok(there) = std::fs::symlink_metadata(&to) else { continue };
        let is_input = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|facts| same(&facts, &there));
        if inputs.iter().any(is_input) {
            let what = "`outputs`: is an input of the program, and would be replaced by what it makes";
            found.push(Problem::new(&to, what, "give the output another name"));
        } else if !begun {
            let what = "`outputs`: is there already, and this campaign did not make it";
            found.push(Problem::new(&to, what, "move it away, or write another `output`"));
        }
    }
    found
}
