//! What may be wrong with a program: nodes may have what this machine has not.

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::Doubtful;
use super::written::line_at;
use crate::campaign::spec::{Checkpoint, Command, Loaded, Processors, Run, SpecError};
use crate::clusters;
use crate::foreign::kit;
use crate::host;
use crate::shell_words::word;

/// All that may be wrong.
pub(super) fn of(loaded: &Loaded, command: &Command) -> Vec<Doubtful> {
    let at = |line: Option<usize>, what: String, cure: String| Doubtful {
        place: line_at(loaded, line),
        what,
        cure,
        silence: String::new(),
    };
    let idle = loaded.idle().into_iter();
    let mut found: Vec<Doubtful> =
        idle.map(|SpecError { line, what, cure, .. }| at(line, what, cure)).collect();
    let run = match &command.run {
        Run::Program(arguments) => Some(arguments),
        Run::Shell(_) => None,
    };
    let resume = match &command.checkpoint {
        Checkpoint::Own { resume, .. } => Some(resume),
        _ => None,
    };
    for (field, arguments) in [("run", run), ("checkpoint.resume", resume)] {
        for (what, cure) in arguments.map(|all| doubts(loaded, command, all)).unwrap_or_default() {
            let name = field.rsplit('.').next().unwrap_or(field);
            found.push(at(loaded.line_of(&format!("workload.{field}")), format!("`{name}`: {what}"), cure));
        }
    }
    if matches!(command.checkpoint, Checkpoint::Auto | Checkpoint::Criu)
        && let Err(trouble) = kit::find(command.kit.as_deref())
    {
        let line = loaded.line_of("workload.checkpoint").or_else(|| loaded.line_of("workload"));
        let what = format!("`checkpoint`: {} (that is no fault if the nodes have one)", trouble.what);
        found.push(at(line, what, trouble.cure));
    }
    if let Some((what, cure)) = doubts_of_processors(loaded, command) {
        let line = loaded.line_of("workload.processors").or_else(|| loaded.line_of("workload"));
        found.push(at(line, what, cure));
    }
    if command.outputs.is_empty() {
        let what = "`outputs` names no file: what the program makes stays in its own folder";
        let cure = "write outputs: [\"result_{month}.csv\"] and have the program write to {output}";
        found.push(at(loaded.line_of("workload"), what.to_owned(), cure.to_owned()));
    }
    found
}

/// What is doubtful about a program and its arguments, with what to do.
fn doubts(loaded: &Loaded, command: &Command, arguments: &[String]) -> Vec<(String, String)> {
    let Some(chain) = loaded.spec.chains().into_iter().next() else { return Vec::new() };
    let filled = |text: &String| command.before_it_runs(&loaded.spec, &chain, text).map(PathBuf::from);
    let of_its_own = command.before_it_runs(&loaded.spec, &chain, &command.directory).is_none();
    let folder = loaded.file.parent().unwrap_or(Path::new("/"));
    let mut found = Vec::new();
    let beside = |path: &Path| of_its_own && path.is_relative() && folder.join(path).is_file();
    let mut rest = arguments.iter();
    if let Some((written, program)) = rest.next().and_then(|text| Some((text, filled(text)?))) {
        let within = program.components().count() > 1;
        if beside(&program) && within {
            found.push(from_the_file(written));
        } else if !(is_found(&program, within) || within && program.is_relative()) {
            let shown = program.display();
            found.push(if within && program.is_dir() {
                (format!("{shown} is a folder, no program"), "name the program in it".to_owned())
            } else if within && program.is_file() {
                let cure = format!("make it one: chmod +x {}", word(program.as_os_str()));
                (format!("{shown} may not be executed"), cure)
            } else {
                let cure = "that is no fault if the nodes have it: `setup` may load it there";
                (format!("{shown} is not found on this machine"), cure.to_owned())
            });
        }
    }
    for (written, path) in rest.filter_map(|text| Some((text, filled(text)?))) {
        if beside(&path) {
            found.push(from_the_file(written));
        }
    }
    found
}

/// A path that leads somewhere from the campaign file, and nowhere from where the program runs.
fn from_the_file(written: &str) -> (String, String) {
    let plain = written.trim_start_matches("./");
    let what =
        format!("{written:?} lies beside the campaign file, and the program runs in a folder of its own");
    (what, format!("write \"{{folder}}/{plain}\""))
}

fn is_found(program: &Path, within: bool) -> bool {
    let runs = |path: &Path| path.is_file() && access(path, AccessFlags::X_OK).is_ok();
    if within {
        return runs(program);
    }
    host::in_path(program).any(|file| runs(&file))
}

/// What may be wrong with the processors that jobs ask for.
fn doubts_of_processors(loaded: &Loaded, command: &Command) -> Option<(String, String)> {
    let (spec, classes) = (&loaded.spec, loaded.spec.classes());
    command.is_dumped().then_some(())?;
    match command.processors {
        Processors::Native if classes.len() > 1 => {
            let names = classes.keys().map(ToString::to_string).collect::<Vec<_>>();
            let first = names.last().cloned().unwrap_or_default();
            Some((
                format!(
                    "`processors`: none is chosen of the site's classes ({}): the first job of a chain may come to any, and those after \
                     its first checkpoint go to that one",
                    names.join(", ")
                ),
                format!("write processors: Class(\"{first}\"), or processors: Avx2"),
            ))
        }
        Processors::Class(class) if spec.site.is_some() && !classes.contains_key(&class) => {
            if spec.own_site_lines().contains_key("properties") {
                return None;
            }
            Some((
                format!(
                    "`processors`: nothing says which nodes of the site are of the class {class}: jobs may come to others, which end"
                ),
                format!(
                    "write what these nodes have (see `{}`) in `site`: \"…; {class}=PROPERTIES\"",
                    clusters::usual().nodes_command
                ),
            ))
        }
        _ => None,
    }
}
