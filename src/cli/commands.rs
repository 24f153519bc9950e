//! Campaigns of commands: what can be known of a program before it runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::output::Document;
use super::{CliError, output};
use crate::campaign::spec::{Checkpoint, Command, Loaded, Processors, Run, Spec};
use crate::prepare::Short;
use crate::prepare::program::{self, IMAGES, ProgramChain, ProgramPlan};
use crate::quantity::count;
use crate::shell_words::word;
use crate::words;

/// What is said of a campaign file that is good.
pub(super) fn say_good(
    loaded: &Loaded,
    command: &Command,
    file: &Path,
    short: Option<&Short>,
) -> Result<(), CliError> {
    let spec = &loaded.spec;
    let inputs: BTreeSet<PathBuf> =
        spec.chains().iter().flat_map(|chain| command.inputs_of(spec, chain)).collect();
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

/// What a campaign of commands will take.
pub(super) struct PlanOfCommand<'s> {
    spec: &'s Spec,
    command: &'s Command,
    plan: ProgramPlan,
}

impl<'s> PlanOfCommand<'s> {
    pub(super) fn new(spec: &'s Spec, command: &'s Command) -> Self {
        Self { spec, command, plan: program::plan(spec, command) }
    }

    /// How long a job runs, and how it is saved, in a sentence.
    fn saving(&self) -> String {
        let Self { spec, plan, .. } = self;
        match &plan.margin {
            Some(margin) => {
                let most = spec.walltime.seconds().saturating_sub(margin.seconds);
                format!(
                    "a job runs for {} at most and is saved {}",
                    words::duration(most),
                    words::margin(margin)
                )
            }
            None if spec.is_unsaved() => format!(
                "a job runs for {} at most, and nothing of it is kept",
                words::duration(plan.usable_seconds)
            ),
            None => format!(
                "a job runs for {} at most and has then {} to end",
                words::duration(plan.usable_seconds),
                words::duration(spec.margin.seconds())
            ),
        }
    }
}

impl Document for PlanOfCommand<'_> {
    fn lines(&self) -> Vec<String> {
        let Self { spec, command, plan } = self;
        let mut lines = vec![
            format!(
                "{} of {}, {}; jobs of each as long as it takes, {} at most",
                count(plan.chains.len() as u64, "chain"),
                called(command),
                count(plan.outputs, "output"),
                spec.max_links
            ),
            self.saving(),
            nodes(spec, command),
            images(plan),
            String::new(),
        ];
        let row = |chain: &ProgramChain| {
            let months = chain.months.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
            let outputs: Vec<String> = chain.outputs.iter().map(|path| path.display().to_string()).collect();
            vec![chain.id.to_string(), months, outputs.join(" ")]
        };
        let rows: Vec<Vec<String>> = plan.chains.iter().map(row).collect();
        lines.extend(output::table(&["chain", "month", "outputs"], &rows, &[]));
        lines
    }

    fn json(&self) -> Result<String, CliError> {
        output::object(&self.plan)
    }
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

/// A document with every field, for the page on them.
#[cfg(test)]
pub(super) fn sample() -> serde_json::Value {
    let text = crate::campaign::spec::template_of_command();
    let spec = crate::campaign::spec::parse(std::path::Path::new("/my.ron"), text).unwrap().spec;
    let mut document = PlanOfCommand::new(&spec, spec.command().unwrap());
    document.plan.image_bytes = Some(1 << 30);
    document.plan.checkpoint_bytes = Some(2 << 30);
    document.plan.threads = Some(4);
    document.plan.processors = Some("cputype = 'x'".to_owned());
    document.plan.margin = Some(crate::campaign::snapshot::MarginView::of(&spec, None, 1.0));
    serde_json::from_str(&document.json().unwrap()).unwrap()
}
