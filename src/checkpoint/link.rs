//! Links: the executions of a chain that started.

use serde::{Deserialize, Serialize};

use super::form::{self, FORM, Formed};
use crate::batch::GO_ON;
use crate::durable::sealed;
use crate::layout::{ChainDir, GenerationNumber, LinkNumber};
use crate::quantity::Unit;

/// A link began. The exclusive creation of this file is what makes its number its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkStart {
    /// The form that it writes.
    #[serde(default = "form::first")]
    pub form: u32,
    /// Its number.
    pub link: LinkNumber,
    /// The batch system's job, or `local` for a run in the foreground.
    pub job_id: String,
    /// The node it runs on, as the batch system names it.
    pub node: String,
    /// Its process on that node.
    pub pid: u32,
    /// Milliseconds since 1970 by the node's clock: for display only.
    pub started_ms: i64,
    /// The frozen spec's hash.
    pub spec: String,
    /// The version of the program.
    pub program: String,
    /// The number of its engine: see [`crate::checkpoint::Generation::numerics`].
    #[serde(default = "form::first_numerics")]
    pub numerics: u32,
    /// Threads it computes with.
    pub threads: u32,
    /// What it belongs to of all that was submitted: the token of its attempt, or the batch system's own number for it and
    /// those that were resubmitted from it; empty where there is none.
    #[serde(default)]
    pub submission: String,
}

/// In the place of a job's number: the link runs in the foreground, outside of any batch system.
pub const LOCAL: &str = "local";

impl LinkStart {
    /// It runs in the foreground, outside of any batch system.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.job_id == LOCAL
    }

    /// Stands for a link whose record cannot be read: its number still counts.
    #[must_use]
    pub fn unreadable(link: LinkNumber) -> Self {
        Self {
            form: FORM,
            link,
            job_id: String::new(),
            node: "(its record is unreadable)".to_owned(),
            pid: 0,
            started_ms: 0,
            spec: String::new(),
            program: String::new(),
            numerics: 0,
            threads: 0,
            submission: String::new(),
        }
    }

    /// Whether the record is where this link put it. Where it is not, the folder was taken away, or is another campaign's.
    #[must_use]
    pub fn is_on_disk(&self, dir: &ChainDir) -> bool {
        sealed::read::<Self>(&dir.link_start(self.link)).is_ok_and(|found| found == *self)
    }

    /// Whether the record of another link stands in its place: the folder was made anew.
    #[must_use]
    pub fn is_of_another(&self, dir: &ChainDir) -> bool {
        sealed::read::<Self>(&dir.link_start(self.link)).is_ok_and(|found| found != *self)
    }
}

impl Formed for LinkStart {
    fn form(&self) -> u32 {
        self.form
    }

    fn written_by(&self) -> &str {
        &self.program
    }
}

/// What a link found to go on from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkResume {
    /// The newest generation that counts; `None`: from the beginning.
    pub from: Option<GenerationNumber>,
    /// Newer ones that do not count, and why.
    pub rejected: Vec<Rejected>,
    /// Files that were missing or damaged when it began or later, and the tiles that are computed again for it.
    #[serde(default)]
    pub lost: Vec<Lost>,
    /// Tiles it need not compute again.
    pub tiles: u64,
    /// What its work is counted in; said only where it is not tiles.
    #[serde(default, skip_serializing_if = "Unit::is_tiles")]
    pub unit: Unit,
    /// Twelve hexadecimal digits that stand for the inputs that it computes from; empty where they are unknown.
    #[serde(default)]
    pub inputs: String,
}

/// A file of parts that does not hold what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// The file and what is wrong with it, in words.
    pub why: String,
    /// Tiles that lost something by it.
    pub tiles: u64,
}

/// A generation that does not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// Which.
    pub generation: GenerationNumber,
    /// The file and what is wrong with it, in words.
    pub why: String,
}

/// A link ended, by itself (a killed link leaves none).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkEnd {
    /// How.
    pub class: ExitClass,
    /// In words: the error with its file and cure, or what was done.
    pub message: String,
    /// The last generation it sealed.
    pub sealed: Option<GenerationNumber>,
    /// Tiles sealed over all links.
    pub tiles: u64,
    /// What its work is counted in; said only where it is not tiles.
    #[serde(default, skip_serializing_if = "Unit::is_tiles")]
    pub unit: Unit,
    /// Milliseconds since 1970 by the node's clock: for display only.
    pub ended_ms: i64,
    /// Its node did not fit the program of the chain, and another may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfit: Option<UnfitNode>,
}

/// What of a node does not fit the program of a chain, so that a link goes on from another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnfitNode {
    /// Its processor: that does not change.
    Processor,
    /// Something else, which may: the CRIU, the groups of the user, the memory.
    Other,
}

/// How a link ended; each has its own exit code, listed in `docs/exit-codes.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitClass {
    /// The chain is complete and its maps are verified (0).
    Complete,
    /// Checkpointed before the walltime or on a signal: to go on in a next link ([`GO_ON`]).
    Checkpointed,
    /// An input is missing or unfit (65).
    Input,
    /// A newer link of the chain exists: this one stopped without publishing (75).
    Fenced,
    /// The disk or the quota is full (73).
    DiskFull,
    /// The output folder cannot be written or read (74).
    Output,
    /// The checkpoint belongs to another spec or format (76).
    Foreign,
    /// A defect of the program (70).
    Internal,
    /// A line of the job's setup failed: nothing was computed (78).
    Setup,
    /// Sealed, and not to be resubmitted: two links before it sealed nothing more either (97).
    NoProgress,
    /// Sealed, and not to be resubmitted: as many links as the campaign allows did not complete the chain (98).
    TooManyLinks,
    /// The program that the chain runs could not be dumped, or not be restored on this node (69).
    Unable,
    /// The program that the chain runs ended by itself, and not well. The job ends with this code: the program's own, or 128 and
    /// the number of the signal that ended it.
    Program(u8),
}

impl ExitClass {
    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Checkpointed => GO_ON,
            Self::Input => 65,
            Self::Internal => 70,
            Self::DiskFull => 73,
            Self::Output => 74,
            Self::Fenced => 75,
            Self::Foreign => 76,
            Self::Setup => 78,
            Self::NoProgress => 97,
            Self::TooManyLinks => 98,
            Self::Unable => 69,
            Self::Program(code) => code,
        }
    }

    /// The class of an exit code, if it is one of ours.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        use ExitClass::{
            Checkpointed, Complete, DiskFull, Fenced, Foreign, Input, Internal, NoProgress, Output, Setup,
            TooManyLinks, Unable,
        };
        let sysexits = [Complete, Input, Unable, Internal, DiskFull, Output, Fenced, Foreign, Setup];
        let sealed = [NoProgress, TooManyLinks, Checkpointed];
        sysexits.into_iter().chain(sealed).find(|c| c.code() == code)
    }
}
