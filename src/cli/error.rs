//! Why a command failed: what a person reads, and the exit code that a script reads.

use std::fmt::Display;

use super::exit::{BATCH, DEFECT, DISK_FULL, FOREIGN, INPUT, MISSING, NOT_NOW, OUTPUT, USAGE};
use super::rights;
use crate::batch::BatchError;
use crate::campaign::chains::ChainError;
use crate::campaign::controller::{ControlError, DISK_FULL_HINT};
use crate::campaign::spec::SpecError;
use crate::checkpoint::ExitClass;
use crate::durable::DurableError;
use crate::engine::{EngineError, Problem};
use crate::job::copies::CopyError;
use crate::prepare::{Placed, PrepareError};
use crate::shell_words::word;

/// Why a command failed.
#[derive(Debug, Default)]
pub(super) struct CliError {
    code: u8,
    blocks: Vec<Block>,
}

/// One thing that is wrong: where, what, and what to do.
#[derive(Debug, Default)]
struct Block {
    place: String,
    what: String,
    cure: String,
}

impl CliError {
    /// A failure with one message and what to do about it.
    pub(super) fn new(code: u8, what: impl Display, cure: impl Display) -> Self {
        let block = Block { place: String::new(), what: what.to_string(), cure: cure.to_string() };
        Self { code, blocks: vec![block] }
    }

    /// An exit code; everything has been said already.
    pub(super) fn silent(code: u8) -> Self {
        Self { code, blocks: Vec::new() }
    }

    /// A file cannot be read or written.
    pub(super) fn output(what: impl Display) -> Self {
        Self::new(OUTPUT, what, "")
    }

    /// All of several failures, with the code of the first; fine where there is none.
    pub(super) fn all(failures: impl Iterator<Item = Self>) -> Result<(), Self> {
        let all = failures.reduce(|mut all, next| {
            all.blocks.extend(next.blocks);
            all
        });
        all.map_or(Ok(()), Err)
    }

    /// The same with another exit code.
    pub(super) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// The same with one more thing that can be done.
    pub(super) fn and_also(mut self, cure: impl Display) -> Self {
        if let Some(block) = self.blocks.last_mut() {
            let own = if block.cure.is_empty() { usual_cure(self.code) } else { &block.cure };
            block.cure = format!("{own}\n  → {cure}");
        }
        self
    }

    /// The same of this campaign.
    pub(super) fn about(mut self, campaign: impl Display) -> Self {
        for block in self.blocks.iter_mut().filter(|block| block.place.is_empty()) {
            block.place = campaign.to_string();
        }
        self
    }

    /// Something that cannot happen unless the program is wrong.
    pub(super) fn defect(what: impl Display) -> Self {
        Self::new(DEFECT, what, "this is a defect of alpsckpt: please report it with this message")
    }

    /// All that is wrong with a campaign file.
    pub(super) fn spec(code: u8, errors: Vec<SpecError>) -> Self {
        let block = |e: SpecError| Block {
            place: match e.line {
                Some(line) => format!("{}:{line}", e.file.display()),
                None => e.file.display().to_string(),
            },
            what: e.what,
            cure: e.cure,
        };
        Self { code, blocks: errors.into_iter().map(block).collect() }
    }

    /// The messages, each in lines, with what to do.
    pub(super) fn messages(&self) -> Vec<String> {
        let message = |Block { place, what, cure }: &Block| {
            let cure = if cure.is_empty() { usual_cure(self.code) } else { cure };
            block("error", place, what, &[cure])
        };
        self.blocks.iter().map(message).collect()
    }

    /// The exit code.
    pub(super) fn code(&self) -> u8 {
        self.code
    }

    /// All that is wrong with inputs.
    pub(super) fn inputs(problems: Vec<Placed>) -> Self {
        let block = |Placed { place, problem }| Block { place, what: problem.what, cure: problem.cure };
        Self { code: INPUT, blocks: problems.into_iter().map(block).collect() }
    }
}

/// What to do where the message does not know better: no error is told without.
fn usual_cure(code: u8) -> &'static str {
    match code {
        USAGE => "add --help to see how the command is called",
        INPUT => "put right what it names, then give the same command again: what is sealed is kept",
        MISSING => {
            "give the path of a campaign file or an output folder; `alpsckpt status` shows the campaign meant"
        }
        BATCH => "when the batch system answers again, give the same command again",
        DISK_FULL => DISK_FULL_HINT,
        OUTPUT => {
            "make sure that the folder is there, mounted and yours to read and write, then give the same command again"
        }
        NOT_NOW => "see `alpsckpt status`",
        FOREIGN => "put back what was changed, or write a new `output` in the campaign file",
        _ => "this is a defect of alpsckpt: please report it with this message",
    }
}

/// A thing that is wrong or may be, in lines: where, what, and what to do.
pub(super) fn block(word: &str, place: &str, what: &str, cures: &[&str]) -> String {
    // What a batch system said may have several lines.
    let what = what.trim().replace('\n', "\n  ");
    let begin =
        if place.is_empty() { format!("{word}: {what}\n") } else { format!("{word}: {place}\n  {what}\n") };
    cures.iter().filter(|cure| !cure.is_empty()).fold(begin, |said, cure| format!("{said}  → {cure}\n"))
}

impl Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&block("error", &self.place, &self.what, &[&self.cure]))
    }
}

impl From<DurableError> for CliError {
    fn from(e: DurableError) -> Self {
        match e {
            e if e.is_disk_full() => Self::new(DISK_FULL, &e, DISK_FULL_HINT),
            e if e.is_missing() && e.path().starts_with("/proc") => {
                let cure = "mount it (`mount -t proc proc /proc`, as root), or run it where it is";
                Self::new(OUTPUT, format!("{e}: /proc is not mounted here"), cure)
            }
            e if e.is_missing() && e.is_of_reading() => Self::new(MISSING, &e, ""),
            e if e.is_forbidden() => Self::new(OUTPUT, &e, rights::whose(e.path())),
            DurableError::UnknownForm { .. } => Self::new(FOREIGN, &e, ""),
            e => Self::output(&e),
        }
    }
}

impl From<BatchError> for CliError {
    fn from(e: BatchError) -> Self {
        Self::new(BATCH, &e, e.hint())
    }
}

impl From<ChainError> for CliError {
    fn from(e: ChainError) -> Self {
        ControlError::from(e).into()
    }
}

impl From<ControlError> for CliError {
    fn from(e: ControlError) -> Self {
        let code = match e {
            ControlError::File(e) => return e.into(),
            ControlError::Batch(_) | ControlError::Unasked { .. } => BATCH,
            ControlError::ReadOnly { .. } | ControlError::NotNow { .. } | ControlError::NotSure { .. } => {
                NOT_NOW
            }
            ControlError::NoCampaign(_) | ControlError::NoChain { .. } => MISSING,
            ControlError::Unsaved { .. } => USAGE,
            ControlError::Unreadable { .. } => OUTPUT,
            ControlError::Foreign { .. } => FOREIGN,
            ControlError::Open => INPUT,
        };
        Self::new(code, &e, e.hint())
    }
}

impl From<PrepareError> for CliError {
    fn from(e: PrepareError) -> Self {
        match e {
            PrepareError::Spec(error) => Self::spec(INPUT, vec![error]),
            // What can be read and is unfit comes first.
            PrepareError::Unfit { problems, of_output: false } => Self::inputs(problems),
            PrepareError::Unfit { problems, of_output: true } => Self::inputs(problems).with_code(OUTPUT),
            PrepareError::Changed { problem, .. } => Self::new(FOREIGN, problem, ""),
            PrepareError::File(e) => e.into(),
            PrepareError::Engine(e) => e.into(),
            PrepareError::NoBatch(e) | PrepareError::Control(e) => e.into(),
            PrepareError::BeyondTerrain { .. } => {
                Self::new(USAGE, e, "choose another --centre or a smaller --size")
            }
            PrepareError::NoThread(e) => Self::defect(e),
        }
    }
}

impl From<CopyError> for CliError {
    fn from(e: CopyError) -> Self {
        match e {
            CopyError::Map(problem) => problem.into(),
            CopyError::File(e) => e.into(),
            CopyError::Taken { ref file, .. } => {
                let cure = format!("name another folder, or remove it: rm {}", word(file.as_os_str()));
                Self::new(OUTPUT, &e, cure)
            }
            CopyError::Stopped => {
                Self::new(NOT_NOW, &e, "the same command goes on with the maps that have no copy yet")
            }
        }
    }
}

impl From<EngineError> for CliError {
    fn from(e: EngineError) -> Self {
        match e {
            EngineError::Input(problem) => problem.into(),
            EngineError::Changed(problem) => Self { code: FOREIGN, ..problem.into() },
            EngineError::Stopped => Self::silent(ExitClass::Checkpointed.code()),
        }
    }
}

impl From<Problem> for CliError {
    fn from(problem: Problem) -> Self {
        let place = problem.file.display().to_string();
        Self::inputs(vec![Placed { place, problem }])
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn without_proc_it_is_said_what_is_missing() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        let failure = CliError::from(DurableError::io(Path::new(crate::THIS_PROGRAM), "read", missing));
        let said = failure.blocks[0].to_string();
        assert!(said.contains("/proc is not mounted") && said.contains("mount -t proc"), "{said}");
        assert_eq!(failure.code, OUTPUT);
    }

    #[test]
    fn all_that_the_batch_system_said_is_told_line_by_line_with_what_to_do() {
        let text = "Bad resource request (ERROR:  column \"foo\" does not exist\nLINE 4: ... ((foo='bar')...\n   ^\n";
        let failure = CliError::from(BatchError::Refused(text.to_owned()));
        let said = failure.blocks[0].to_string();
        assert!(said.starts_with("error: refused by the batch system: Bad resource request"), "{said}");
        assert!(said.contains("\n  LINE 4: ... ((foo='bar')...\n     ^\n  → "), "{said}");
        assert!(said.contains("correct `properties`") && failure.code == BATCH, "{said}");
        let unasked = ControlError::Unasked {
            chain: "m01".to_owned(),
            error: BatchError::Down("no server".to_owned()),
        };
        assert_eq!(
            (unasked.hint(), CliError::from(unasked).code),
            (BatchError::Down(String::new()).hint(), BATCH)
        );
    }
}
