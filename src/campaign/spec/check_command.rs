//! Are the values of a command possible?

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::command::{Checkpoint, Command, ProgressOf, Run};
use super::command_kinds::Semaphores;
use super::faults::Check;
use super::placeholders::{self, Name, OF_INPUTS, OF_OUTPUTS, OF_PROGRESS, OF_RUN};
use super::{MonthsPerChain, Spec};
use crate::checkpoint::ChainId;

/// What stands for a value where a shell reads it as it is.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "_-./+,:@%=".contains(c))
}

/// Bytes of a file's name at most.
const LONGEST_NAME: usize = 255;

impl Check<'_> {
    pub(super) fn command(&mut self, command: &Command) {
        self.one_month_a_chain();
        self.run(command);
        self.texts(command);
        self.environment(command);
        self.shell(command);
        self.semaphores(command);
        self.outputs(command);
        self.progress(command);
    }

    fn one_month_a_chain(&mut self) {
        if self.spec.months_per_chain != MonthsPerChain::Count(1) {
            let cure = "leave it out: a program runs for one month; it can be told the month by {month}";
            self.fault("months_per_chain", "`months_per_chain`: a chain of a command has one month", cure);
        }
    }

    fn run(&mut self, command: &Command) {
        let run = command.run.arguments();
        let programs = [("workload.run", Some(&run)), ("workload.checkpoint.resume", command.resume())];
        for (field, arguments) in programs.into_iter().filter_map(|(field, all)| Some((field, all?))) {
            let name = field.rsplit('.').next().unwrap_or(field);
            let blank =
                matches!((&command.run, field), (Run::Shell(text), "workload.run") if text.trim().is_empty());
            if blank || arguments.first().is_none_or(|program| program.trim().is_empty()) {
                let cure = "write a program and its arguments, each a text: [\"Rscript\", \"script.R\"]";
                self.fault(field, format!("`{name}` names no program"), cure);
            }
        }
    }

    /// Every text with placeholders, by the field it stands in.
    fn texts(&mut self, command: &Command) {
        let mut texts: Vec<(String, &str, &[Name])> = Vec::new();
        match &command.run {
            Run::Program(arguments) => {
                texts.extend(arguments.iter().map(|text| ("workload.run".to_owned(), text.as_str(), OF_RUN)));
            }
            Run::Shell(text) => texts.push(("workload.run".to_owned(), text, OF_RUN)),
        }
        let resume = command.resume().into_iter().flatten();
        texts.extend(resume.map(|text| ("workload.checkpoint.resume".to_owned(), text.as_str(), OF_RUN)));
        let variables = command.environment.iter();
        texts.extend(
            variables.map(|(name, text)| (format!("workload.environment.{name}"), text.as_str(), OF_RUN)),
        );
        texts.push(("workload.directory".to_owned(), &command.directory, OF_RUN));
        let inputs = command.inputs.iter().filter_map(|path| path.to_str());
        texts.extend(inputs.map(|text| ("workload.inputs".to_owned(), text, OF_INPUTS)));
        texts.extend(
            command.outputs.iter().map(|text| ("workload.outputs".to_owned(), text.as_str(), OF_OUTPUTS)),
        );
        texts.extend(command.progress.file().map(|text| ("workload.progress".to_owned(), text, OF_PROGRESS)));
        let mut year = None;
        for (field, text, allowed) in texts {
            let name = field.strip_prefix("workload.").unwrap_or(&field);
            if text.contains('\0') {
                let what = format!("`{name}`: {text:?} has a zero byte, which no program can be given");
                self.fault(&field, what, "leave it out");
            } else if let Err(fault) = placeholders::parts(text, allowed) {
                self.fault(&field, format!("`{name}`: {}", fault.what), fault.cure);
            } else if placeholders::has(text, &[Name::Year]) {
                year.get_or_insert(field);
            }
        }
        if let Some(field) = year.filter(|_| self.spec.year == 0 && !self.is_bad("year")) {
            self.fault(
                &field,
                "`{year}` stands for `year`, which the file does not say",
                "add `year: 2018,`",
            );
        }
    }

    fn environment(&mut self, command: &Command) {
        for name in command.environment.keys() {
            if name.is_empty() || name.contains(['=', '\0']) {
                let what = format!("`environment`: {name:?} is no name of a variable");
                self.fault("workload.environment", what, "write {\"OMP_NUM_THREADS\": \"{threads}\"}");
            }
        }
    }

    /// A shell takes apart what is filled in: only plain words are, others by way of the environment.
    fn shell(&mut self, command: &Command) {
        let Run::Shell(text) = &command.run else { return };
        let file = std::path::absolute(self.places.file).unwrap_or_default();
        let from = file.parent().unwrap_or(Path::new("/"));
        let folder =
            from.join(command.folder.as_deref().unwrap_or(Path::new(""))).to_string_lossy().into_owned();
        let output = from.join(&self.spec.output).to_string_lossy().into_owned();
        for (names, written, value) in [
            (&[Name::Output, Name::Work][..], "{output}", output.as_str()),
            (&[Name::Campaign], "{name}", self.spec.name.as_str()),
            (&[Name::Folder], "{folder}", &folder),
        ] {
            if placeholders::has(text, names) && !is_plain(value) {
                let what = format!("`run`: a shell would take {written} apart: {value:?} is no plain word");
                let cure = "write `environment: {\"PLACE\": \"…\"}` with it in the place of …, and \"$PLACE\", in quotes, in `run`";
                self.fault("workload.run", what, cure);
                return;
            }
        }
    }

    /// The loader of programs takes lists of libraries with blanks and colons between them.
    fn semaphores(&mut self, command: &Command) {
        let from = std::path::absolute(self.places.file).unwrap_or_default();
        let output = from.parent().unwrap_or(Path::new("/")).join(&self.spec.output);
        let unusable = |c: char| c.is_ascii_whitespace() || ":$".contains(c);
        if command.semaphores == Semaphores::Files && output.to_string_lossy().contains(unusable) {
            let what = format!(
                "`semaphores`: cannot be files in {}: the path has a blank, a colon or a dollar",
                output.display()
            );
            self.fault(
                "workload.semaphores",
                what,
                "write an `output` without them, or leave `semaphores` out",
            );
        }
    }

    fn outputs(&mut self, command: &Command) {
        if self.places.bad.iter().any(|bad| bad == "months") {
            return;
        }
        let allowed = |text: &String| placeholders::parts(text, OF_OUTPUTS).is_ok();
        if !command.outputs.iter().all(allowed) {
            return;
        }
        let mut seen: BTreeMap<std::path::PathBuf, (ChainId, String)> = BTreeMap::new();
        let spec: &Spec = self.spec;
        for month in spec.sorted_months() {
            let of_month = spec.chain_of(&[month]);
            let chain = &of_month.id;
            for (name, written) in command.output_names(spec, &of_month).into_iter().zip(&command.outputs) {
                if let Some(why) = unfit(&name) {
                    let what = format!("`outputs`: {written:?} {why}");
                    let cure = "write a path below {output} as it is named there: \"svf_{month}.sdat\"";
                    self.fault("workload.outputs", what, cure);
                    return;
                }
                if let Some((other, text)) = seen.get(&name) {
                    let (what, cure) = if other == chain {
                        (
                            format!("`outputs`: {written:?} stands there twice (as {text:?})"),
                            "leave one of them out",
                        )
                    } else {
                        (
                            format!("`outputs`: {written:?} is {} of {other} and of {chain}", name.display()),
                            "write {month} where the names differ",
                        )
                    };
                    self.fault("workload.outputs", what, cure);
                    return;
                }
                seen.insert(name, (chain.clone(), written.clone()));
            }
        }
        // In the order of paths a folder stands before what is in it.
        let names: Vec<_> = seen.into_iter().collect();
        for pair in names.windows(2) {
            if let [(folder, (_, text)), (within, (_, written))] = pair
                && within.starts_with(folder)
            {
                let what = format!("`outputs`: {text:?} is a file and the folder of {written:?}");
                self.fault("workload.outputs", what, "give one of them another name");
                return;
            }
        }
    }

    fn progress(&mut self, command: &Command) {
        let fault = match &command.progress {
            ProgressOf::Lines(file, _) | ProgressOf::Pattern(file, _) if file.trim().is_empty() => Some((
                "the file has no name".to_owned(),
                "write {stdout} for what the program prints".to_owned(),
            )),
            ProgressOf::Lines(_, 0) => Some((
                "0 lines in all".to_owned(),
                "write how many there will be: Lines(\"{stdout}\", 365)".to_owned(),
            )),
            ProgressOf::None | ProgressOf::Lines(..) => None,
            ProgressOf::Pattern(_, pattern) => crate::foreign::progress::pattern(pattern)
                .err()
                .map(|why| (why, "write Pattern(\"{stdout}\", r\"([0-9]+)%\")".to_owned())),
        };
        if let Some((what, cure)) = fault {
            self.fault("workload.progress", format!("`progress`: {what}"), cure);
        }
    }
}

impl Command {
    fn resume(&self) -> Option<&Vec<String>> {
        if let Checkpoint::Own { resume, .. } = &self.checkpoint { Some(resume) } else { None }
    }
}

/// Why a path cannot be that of an output.
fn unfit(name: &Path) -> Option<&'static str> {
    let text = name.to_string_lossy();
    if name.is_absolute() {
        return Some("is absolute");
    }
    if text.chars().any(char::is_control) {
        return Some("has a line break or another character that cannot be shown");
    }
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
    if text.is_empty() || text.ends_with('/') || text.contains("//") {
        return Some("names no file");
    }
    if !name.components().all(|part| plain(&part)) || text.split('/').any(|part| part == ".") {
        return Some("has a part that leads elsewhere (`.` or `..`)");
    }
    let too_long = name.iter().any(|part| part.len() > LONGEST_NAME);
    too_long.then_some("has a part of more than 255 bytes")
}
