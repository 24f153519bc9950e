//! Campaigns of commands: what can be known of a program before it runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Failure, output};
use crate::campaign::spec::{Checkpoint, Command, Loaded, Processors, Run, Spec};
use crate::prepare::Short;
use crate::prepare::program::{self, IMAGES, ProgramChain, ProgramPlan};
use crate::quantity::count;
use crate::shell_words::word;
use crate::ui::words;

/// What is said of a campaign file that is good.
pub(super) fn say_good(
    loaded: &Loaded,
    command: &Command,
    file: &Path,
    short: Option<&Short>,
) -> Result<(), Failure> {
    let spec = &loaded.spec;
    let inputs: BTreeSet<PathBuf> =
        spec.chains().iter().flat_map(|(chain, _)| command.inputs_of(spec, chain)).collect();
    output::say(format!(
        "{}: good. {} of {}, {} each, {} in all.",
        file.display(),
        count(spec.chains().len() as u64, "chain"),
        called(command),
        count(command.outputs.len() as u64, "output"),
        count(inputs.len() as u64, "input"),
    ))?;
    output::say(saved(spec, command))?;
    short.into_iter().for_each(output::tell_short);
    output::say(format!("Next: alpsckpt plan {0}, alpsckpt submit {0}", word(file.as_os_str())))
}

/// The program in a word.
fn called(command: &Command) -> String {
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

/// Says what a campaign will take.
pub(super) fn say_plan(spec: &Spec, command: &Command, json: bool) -> Result<(), Failure> {
    let plan = program::plan(spec, command);
    if json {
        return output::say_json(&plan);
    }
    output::say(format!(
        "{} of {}, {}; jobs of each as long as it takes, {} at most",
        count(plan.chains.len() as u64, "chain"),
        called(command),
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
    let row = |chain: &ProgramChain| {
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

/// The room that images take, in words.
fn images(plan: &ProgramPlan) -> String {
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
