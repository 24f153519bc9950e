//! Which campaign a command is about: a campaign file, an output folder, the one of the current folder, or the one opened
//! last.
//!
//! What only looks takes the one opened last where nothing nearer is meant. What acts never does so unasked: somebody else's
//! command may have opened another one since.

use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

use super::{Failure, failure, output};
use crate::campaign::controller::{self, ControlError, Controller};
use crate::campaign::identity::Identity;
use crate::campaign::registry;
use crate::campaign::spec::{self, Loaded, Spec};
use crate::checkpoint::{CampaignDir, ChainId};
use crate::shell_words::word;
use crate::{prepare, quantity};

/// Reads a campaign file.
pub(super) fn load(file: &Path) -> Result<Loaded, Failure> {
    spec::load(file).map_err(|errors| {
        let missing = std::fs::metadata(file).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
        Failure::spec(if missing { failure::MISSING } else { failure::INPUT }, errors)
    })
}

/// No more output folders are named in one message.
const FEW: usize = 3;

/// Reads a campaign file to find the campaign that was begun with it: without the file its output folder does as well.
fn load_to_find(file: &Path) -> Result<Loaded, Failure> {
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
pub(super) fn output_of(campaign: Option<&Path>) -> Result<PathBuf, Failure> {
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
pub(super) fn acted_on(campaign: Option<&Path>, command: &str) -> Result<PathBuf, Failure> {
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

fn unnamed(what: &str, command: &str, outputs: &[PathBuf]) -> Failure {
    let one = |output: &PathBuf| format!("alpsckpt {command} --campaign {}", word(output.as_os_str()));
    let cures: Vec<String> = outputs.iter().map(one).collect();
    Failure::new(failure::USAGE, what, format!("name the campaign: {}", cures.join("\n  → or: ")))
}

/// A campaign's name and folder, for messages.
pub(super) fn name_of(output: &Path) -> String {
    match Identity::read(&CampaignDir::new(output)) {
        Ok(identity) => format!("\"{}\" in {}", quantity::one_line(&identity.name), output.display()),
        Err(_) => output.display().to_string(),
    }
}

/// Says which campaign was acted on.
pub(super) fn say_where(controller: &Controller) -> Result<(), Failure> {
    output::say(format!(
        "Campaign \"{}\" in {}",
        quantity::one_line(&controller.spec().name),
        controller.campaign().output().display()
    ))
}

/// Puts a campaign at the head of the person's list. That is a convenience: the campaign is whole without it.
pub(super) fn remember(output: &Path, name: &str) {
    if let Err(e) = registry::remember(output, name) {
        output::warning(format!(
            "{e}\n  → the campaign is not remembered as the one opened last: name it, as in `alpsckpt status {}`",
            word(output.as_os_str())
        ));
    }
}

/// The output folder of a campaign named by its file or its folder.
fn named_output(named: &Path) -> Result<PathBuf, Failure> {
    let output = if named.is_dir() {
        absolute(named)?
    } else {
        let loaded = load_to_find(named)?;
        tell_edits(&loaded, named);
        loaded.spec.output
    };
    begun(output)
}

/// This output folder, if there is a campaign in it.
pub(super) fn begun(output: PathBuf) -> Result<PathBuf, Failure> {
    let state = CampaignDir::new(&output).state();
    match std::fs::metadata(&state) {
        Ok(facts) if facts.is_dir() => Ok(output),
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
            let what = format!("{}: you may not read what is here: {e}", state.display());
            Err(Failure::new(failure::OUTPUT, what, whose(&state)))
        }
        _ => Err(gone(&output).unwrap_or_else(|| ControlError::NoCampaign(output).into())),
    }
}

/// There is no campaign in this output folder, and this person's list knows one: it is out of reach, and its jobs may run.
fn gone(output: &Path) -> Option<Failure> {
    let known = registry::known(output)?;
    let what = format!(
        "{}: the campaign \"{}\" was here when it was last opened, on {}, and is out of reach now",
        output.display(),
        known.name,
        quantity::moment(known.opened_ms)
    );
    let cure = "mount its disk or move the folder back: jobs that were submitted may still write there. Only if it is gone for good, \
                `alpsckpt run FILE` or `alpsckpt submit FILE` begins another in its place";
    Some(Failure::new(failure::MISSING, what, cure))
}

/// Says so where a campaign is about to be begun in the place of one that is out of reach.
pub(super) fn warn_of_gone(output: &Path) {
    if begun(output.to_path_buf()).is_err()
        && let Some(known) = registry::known(output)
    {
        output::warning(format!(
            "{}: the campaign \"{}\" was here on {}, and is not any more: another one is begun in its place; if its disk is only not \
             mounted, stop this one and mount it",
            output.display(),
            known.name,
            quantity::moment(known.opened_ms)
        ));
    }
}

/// An edited file is never passed over in silence.
pub(super) fn tell_edits(loaded: &Loaded, file: &Path) {
    // What is wrong with the campaign is said by whoever opens it.
    let edits = controller::edits(loaded).unwrap_or_default();
    if edits.is_empty() {
        return;
    }
    output::warning(format!("{} was edited, and the campaign goes by what it said before:", file.display()));
    for edit in &edits {
        output::note(format!("  {edit}"));
    }
    // Told by who would take it: a command that is printed is not refused.
    let refused = Controller::open(&loaded.spec.output).and_then(|mut controller| controller.refusal(loaded));
    output::note(match refused {
        Ok(None) => {
            format!("  → `alpsckpt submit {}` takes it, for the next attempts", word(file.as_os_str()))
        }
        Ok(Some(e)) => {
            format!("  it cannot be taken so: {e}\n  → {}", with_campaign(&e.hint(), &loaded.spec.output))
        }
        Err(e) => format!(
            "  whether it can be taken is not known: {e}\n  → {}",
            with_campaign(&e.hint(), &loaded.spec.output)
        ),
    });
}

/// Tells what a campaign's file changed for its next attempts.
pub(super) fn tell_taken(taken: &[spec::Changed]) {
    if !taken.is_empty() {
        output::note(
            "The campaign's file was edited; the next attempts go by it, jobs that were submitted do not:",
        );
        for field in taken {
            output::note(format!("  {field}"));
        }
    }
}

/// The campaigns that the current folder stands for.
enum Here {
    None,
    One(PathBuf),
    Several(Vec<PathBuf>),
}

/// A hint whose commands name the campaign, where they would not mean it as they stand.
pub(super) fn with_campaign(hint: &str, output: &Path) -> String {
    if matches!(here(), Here::One(of_folder) if of_folder == output) {
        return hint.to_owned();
    }
    let named = |(i, part): (usize, &str)| {
        let mut words = part.split(' ');
        let acts =
            words.next() == Some("alpsckpt") && words.nth(1).is_some_and(|w| ChainId::parse(w).is_some());
        // Every other part stands between backticks.
        if i % 2 == 1 && acts && !part.contains("--campaign") {
            format!("{part} --campaign {}", word(output.as_os_str()))
        } else {
            part.to_owned()
        }
    };
    hint.split('`').enumerate().map(named).collect::<Vec<_>>().join("`")
}

/// Longer lists of files are no folder of campaigns.
const MOST_FILES: usize = 200;

/// The campaign in whose output folder we are, or those of the campaign files that lie here.
fn here() -> Here {
    let Ok(folder) = std::env::current_dir() else { return Here::None };
    let begun = |output: &Path| CampaignDir::new(output).identity().is_file();
    if let Some(output) = folder.ancestors().find(|folder| begun(folder)) {
        return Here::One(output.to_path_buf());
    }
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "ron"));
    let outputs = files.take(MOST_FILES).filter_map(|file| Some(spec::load(&file).ok()?.spec.output));
    let mut outputs: Vec<PathBuf> = outputs.filter(|output| begun(output)).collect();
    outputs.sort();
    outputs.dedup();
    match outputs.as_slice() {
        [] => Here::None,
        [one] => Here::One(one.clone()),
        _ => Here::Several(outputs),
    }
}

/// The frozen spec of the campaign in an output folder.
pub(super) fn spec_of(output: &Path) -> Result<Spec, Failure> {
    Ok(prepare::spec_of(output)?)
}

/// The campaign to look at that a person named: by its file as it is now; else by its frozen spec.
pub(super) fn loaded(campaign: Option<&Path>) -> Result<Loaded, Failure> {
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
pub(super) fn cluster_of(named: Option<&Path>) -> Result<PathBuf, Failure> {
    match named {
        Some(folder) => absolute(folder),
        None => registry::default_cluster().ok_or_else(|| {
            let cure = "name a folder for it in the environment variable ALPSCKPT_STATE";
            Failure::new(failure::OUTPUT, "there is no home folder for the embedded cluster", cure)
        }),
    }
}

/// What helps who may not open a file: whose it is, or whose the folder is that cannot be entered, and the command for its
/// owner or root.
pub(super) fn whose(path: &Path) -> String {
    let Some((path, facts)) = path.ancestors().find_map(|at| Some((at, std::fs::metadata(at).ok()?))) else {
        return String::new();
    };
    let name =
        |user: Uid| User::from_uid(user).ok().flatten().map_or_else(|| user.to_string(), |user| user.name);
    let (owner, me) = (Uid::from_raw(facts.uid()), Uid::effective());
    // A campaign belongs to one person: all of it, not the one file that was met first.
    let campaign =
        path.ancestors().find(|at| at.file_name().is_some_and(|n| n == ".alpsckpt")).unwrap_or(path);
    let quoted = word(campaign.as_os_str());
    let mode = facts.mode() & 0o777;
    if owner == me {
        return format!("it is yours, with mode {mode:03o}: chmod -R u+rwX {quoted}");
    }
    format!(
        "it belongs to {}, with mode {mode:03o}; to make it yours, as root: chown -R {} {quoted}",
        name(owner),
        name(me)
    )
}

/// A path that does not depend on the current folder.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|e| Failure::output(format!("{}: {e}", path.display())))
}

fn no_campaign() -> Failure {
    Failure::new(
        failure::MISSING,
        "no campaign was opened yet",
        "name one, begin one with `alpsckpt new my.ron`, or see one at work with `alpsckpt demo`",
    )
}
