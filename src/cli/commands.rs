//! Campaigns of commands: what can be known of a program before it runs.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use serde::Serialize;

use super::{Failure, inputs, output};
use crate::campaign::snapshot::{MarginView, saving_of};
use crate::campaign::spec::{Checkpoint, Command, Loaded, Processors, Run, Spec, SpecError};
use crate::checkpoint::{CampaignDir, Chain, ChainId, Generation, Saving, fence};
use crate::engine::Problem;
use crate::foreign::kit;
use crate::host;
use crate::quantity::count;
use crate::shell_words::word;
use crate::words;

/// Images of a chain at a time: the older one stays until the newer is verified.
const IMAGES: u64 = 2;

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

/// Tells what may be wrong with the program: nodes may have what this machine has not.
pub(super) fn tell_doubts(loaded: &Loaded, command: &Command) {
    for SpecError { line, what, cure, .. } in loaded.idle() {
        warn(loaded, line, &what, &cure);
    }
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
            let line = loaded.line_of(&format!("workload.{field}"));
            let name = field.rsplit('.').next().unwrap_or(field);
            warn(loaded, line, &format!("`{name}`: {what}"), &cure);
        }
    }
    if matches!(command.checkpoint, Checkpoint::Auto | Checkpoint::Criu)
        && let Err(trouble) = kit::find(command.kit.as_deref())
    {
        let line = loaded.line_of("workload.checkpoint").or_else(|| loaded.line_of("workload"));
        let what = format!("`checkpoint`: {} (that is no fault if the nodes have one)", trouble.what);
        warn(loaded, line, &what, &trouble.cure);
    }
    if let Some((what, cure)) = doubts_of_processors(loaded, command) {
        let line = loaded.line_of("workload.processors").or_else(|| loaded.line_of("workload"));
        warn(loaded, line, &what, &cure);
    }
    if command.outputs.is_empty() {
        let what = "`outputs` names no file: what the program makes stays in its own folder";
        warn(
            loaded,
            loaded.line_of("workload"),
            what,
            "write outputs: [\"result_{month}.csv\"] and have the program write to {output}",
        );
    }
}

fn warn(loaded: &Loaded, line: Option<usize>, what: &str, cure: &str) {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    output::warning(format!("{}{line}\n  {what}\n  → {cure}", loaded.file.display()));
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

/// What is said of a campaign file that is good.
pub(super) fn say_good(loaded: &Loaded, command: &Command, file: &Path) -> Result<(), Failure> {
    let spec = &loaded.spec;
    let inputs: BTreeSet<PathBuf> =
        spec.chains().iter().flat_map(|chain| command.inputs_of(spec, chain)).collect();
    output::say(format!(
        "{}: good. {} of {}, {} each, {} in all.",
        file.display(),
        count(spec.chains().len() as u64, "chain"),
        program(command),
        count(command.outputs.len() as u64, "output"),
        count(inputs.len() as u64, "input"),
    ))?;
    output::say(saved(spec, command))?;
    if let Some(warning) = low_disk(spec) {
        output::note(warning);
    }
    output::say(format!("Next: alpsckpt plan {0}, alpsckpt submit {0}", word(file.as_os_str())))
}

/// The program in a word.
fn program(command: &Command) -> String {
    match &command.run {
        Run::Program(arguments) => arguments.first().cloned().unwrap_or_default(),
        Run::Shell(_) => "a text for bash".to_owned(),
    }
}

/// How the program is saved, in a sentence.
fn saved(spec: &Spec, command: &Command) -> String {
    let how = match &command.checkpoint {
        Checkpoint::None => {
            return format!(
                "It is not saved: it must come to its end within {}, else it fails.",
                spec.walltime
            );
        }
        Checkpoint::Own { signal, .. } => {
            return format!(
                "It saves itself at SIG{signal}, {} before the walltime.",
                words::duration(spec.margin.seconds())
            );
        }
        Checkpoint::Auto => "by CRIU, or else by DMTCP",
        Checkpoint::Criu => "by CRIU",
        Checkpoint::Dmtcp => "by DMTCP",
    };
    let trial = if command.trial { ", and for a trial after its first minute" } else { "" };
    let margin = words::duration(spec.margin.seconds());
    let now_and_then = match spec.checkpoint_every.seconds() {
        0 => String::new(),
        every => format!(", every {}", words::duration(every)),
    };
    format!("It is saved {how}, {margin} before the walltime or earlier{now_and_then}{trial}.")
}

/// What a campaign of commands will take, as far as it can be known.
#[derive(Debug, Serialize)]
struct Plan {
    months: Vec<u8>,
    chains: Vec<ChainPlan>,
    /// Seconds of one job before it is saved, at most.
    usable_seconds: u64,
    threads: Option<u32>,
    /// Files of all chains.
    outputs: u64,
    /// Images of a chain at a time.
    images_per_chain: u64,
    /// The largest image so far; nothing before the first one.
    image_bytes: Option<u64>,
    /// Most bytes of images at a time, as far as can be told by that one.
    checkpoint_bytes: Option<u64>,
    /// How long before the walltime a program is saved; nothing where it is not dumped.
    margin: Option<MarginView>,
    /// What jobs ask for of a node (SQL), beside what the site asks for: the class of its processor.
    processors: Option<String>,
}

/// One chain.
#[derive(Debug, Serialize)]
struct ChainPlan {
    id: ChainId,
    months: Vec<u8>,
    outputs: Vec<PathBuf>,
}

fn plan(spec: &Spec, command: &Command) -> Plan {
    let chains: Vec<ChainPlan> = spec
        .chains()
        .into_iter()
        .map(|chain| {
            let outputs = command.outputs_of(spec, &chain, Path::new(""));
            let outputs = outputs.into_iter().map(|(_, to)| to).collect();
            ChainPlan { outputs, id: chain.id, months: chain.months }
        })
        .collect();
    let largest = largest_image(spec);
    let image_bytes = largest.as_ref().map(|generation| generation.bytes);
    let saving = slowest(spec);
    let margin = if spec.is_unsaved() { 0 } else { spec.margin.seconds() };
    Plan {
        margin: command.is_dumped().then(|| MarginView::of(spec, saving, 1.0)),
        processors: spec.class_of_jobs(None).and_then(|class| spec.classes().remove(&class)),
        months: spec.sorted_months(),
        usable_seconds: spec.walltime.seconds().saturating_sub(margin),
        threads: spec.threads,
        outputs: chains.iter().map(|chain| chain.outputs.len() as u64).sum(),
        images_per_chain: IMAGES,
        image_bytes,
        checkpoint_bytes: image_bytes.map(|bytes| bytes.saturating_mul(IMAGES * chains.len() as u64)),
        chains,
    }
}

/// The newest generation of each chain.
fn newest(spec: &Spec) -> impl Iterator<Item = Generation> {
    let campaign = CampaignDir::new(&spec.output);
    spec.chains().into_iter().filter_map(move |chain| {
        let dir = campaign.chain(&chain.id);
        let newest = fence::generations(&dir).ok()?.into_iter().max()?;
        Generation::read(&dir, newest).ok()
    })
}

/// The largest image of the campaign so far.
fn largest_image(spec: &Spec) -> Option<Generation> {
    newest(spec).max_by_key(|generation| generation.bytes)
}

/// What saving took of the chain for which it takes longest.
fn slowest(spec: &Spec) -> Option<Saving> {
    let seconds = |saving: &Saving| saving.bytes as f64 / saving.bytes_per_second.max(1.0);
    newest(spec).filter_map(|g| saving_of(&g)).max_by(|one, other| seconds(one).total_cmp(&seconds(other)))
}

/// Says what a campaign will take.
pub(super) fn say_plan(spec: &Spec, command: &Command, json: bool) -> Result<(), Failure> {
    let plan = plan(spec, command);
    if json {
        return output::say_json(&plan);
    }
    output::say(format!(
        "{} of {}, {}; jobs of each as long as it takes, {} at most",
        count(plan.chains.len() as u64, "chain"),
        program(command),
        count(plan.outputs, "output"),
        spec.max_links
    ))?;
    output::say(match &plan.margin {
        Some(margin) => {
            let most = spec.walltime.seconds().saturating_sub(margin.seconds);
            format!("a job runs for {} at most and is saved {}", words::duration(most), words::margin(margin))
        }
        None if spec.is_unsaved() => {
            format!(
                "a job runs for {} at most, and nothing of it is kept",
                words::duration(plan.usable_seconds)
            )
        }
        None => format!(
            "a job runs for {} at most and has then {} to end",
            words::duration(plan.usable_seconds),
            words::duration(spec.margin.seconds())
        ),
    })?;
    output::say(nodes(spec, command))?;
    output::say(images(&plan))?;
    output::say("")?;
    let row = |chain: &ChainPlan| {
        let months = chain.months.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
        let outputs: Vec<String> = chain.outputs.iter().map(|path| path.display().to_string()).collect();
        vec![chain.id.to_string(), months, outputs.join(" ")]
    };
    let rows: Vec<Vec<String>> = plan.chains.iter().map(row).collect();
    output::table(&["chain", "month", "outputs"], &rows, &[]).into_iter().try_for_each(output::say)
}

/// Which nodes jobs ask for, by their processors, in a sentence.
fn nodes(spec: &Spec, command: &Command) -> String {
    if !command.is_dumped() {
        return "jobs may run on any processor: nothing of one is kept".to_owned();
    }
    match (command.processors, spec.class_of_jobs(None).map(|class| (class, spec.classes().remove(&class)))) {
        (Processors::Avx2, _) => {
            "jobs may hop among all nodes with AVX2: AVX-512 is kept from the program".to_owned()
        }
        (_, Some((class, Some(properties)))) => {
            format!("jobs ask for nodes of the class {class}: {properties}")
        }
        (_, Some((class, None))) => {
            format!(
                "jobs run on nodes of the class {class} alone; those that come to others end, and an open screen submits the chain again without them"
            )
        }
        (_, None) if spec.classes().is_empty() => {
            "jobs ask for no class of processors: one that comes to a node whose processor lacks \
             what the program uses ends, and an open screen submits the chain again without it"
                .to_owned()
        }
        (_, None) => {
            "jobs ask for the class of processors of the first checkpoint, once it is there".to_owned()
        }
    }
}

/// Tells what may be wrong with the processors that jobs ask for.
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
                format!("write what these nodes have (see `oarnodes`) in `site`: \"…; {class}=PROPERTIES\""),
            ))
        }
        _ => None,
    }
}

/// The room that images take, in words.
fn images(plan: &Plan) -> String {
    let chains = count(plan.chains.len() as u64, "chain");
    match (plan.image_bytes, plan.checkpoint_bytes) {
        (Some(image), Some(all)) => format!(
            "up to {} of checkpoints: images of {} x {IMAGES} generations x {chains}, by the largest image so far",
            words::bytes(all),
            words::bytes(image)
        ),
        _ => format!(
            "checkpoints: images x {IMAGES} generations x {chains}; how large an image is, the program's memory, is known \
             after the first one"
        ),
    }
}

/// A warning when the disk has less room than the images take, by the largest so far.
fn low_disk(spec: &Spec) -> Option<String> {
    let chains = spec.chains().len() as u64;
    let needed = largest_image(spec)?.bytes.saturating_mul(IMAGES * chains);
    inputs::short_of(&spec.output, needed)
}
