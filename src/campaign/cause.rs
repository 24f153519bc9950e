//! Why a chain failed, as data: journalled so, decided by, and told in sentences by [`crate::words`] alone.

use serde::{Deserialize, Serialize};

use crate::batch::{By, JobKey};
use crate::checkpoint::{ExitClass, GenerationNumber};
use crate::quantity::Unit;

/// Why a chain failed, and from where it can go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Failure {
    /// In the words of a program that stored sentences.
    Told {
        /// One or two words.
        class: String,
        /// What happened, where.
        cause: String,
        /// What to do.
        hint: String,
    },
    /// What happened, with all that is to be told of it.
    Known {
        /// What happened.
        cause: Cause,
        /// The newest good generation at that time: from there it goes on when it is submitted again.
        goes_on: Option<Sealed>,
    },
}

/// A good generation, as a cause tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Its number.
    pub generation: GenerationNumber,
    /// The work it holds.
    pub amount: u64,
    /// In what.
    pub unit: Unit,
}

/// Where something ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RanAt {
    /// In a job of the batch system.
    Job {
        /// The run.
        job: JobKey,
        /// Its node, where that is known.
        node: Option<String>,
    },
    /// In the foreground of a terminal.
    Foreground,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The batch system refused the attempt: there is no job.
    Refused {
        /// In its words.
        text: String,
    },
    /// The attempt never reached the batch system.
    SubmissionLost {
        /// Its number.
        attempt: u32,
    },
    /// The batch system no longer knows any job of the chain.
    Vanished,
    /// The job is over, and the batch system does not say how it ended.
    UnknownEnd {
        /// The job.
        job: JobKey,
    },
    /// The job's node died.
    NodeDied {
        /// The job.
        job: JobKey,
        /// The node.
        node: Option<String>,
    },
    /// The job was killed at its walltime.
    Walltime {
        /// The job.
        job: JobKey,
        /// Its node.
        node: Option<String>,
        /// Nothing of its program is kept before it ends.
        unsaved: bool,
    },
    /// Somebody had the job deleted.
    Deleted {
        /// The job.
        job: JobKey,
        /// Who.
        by: By,
        /// In the batch system's words.
        text: String,
    },
    /// The job could not start on its node.
    NotStarted {
        /// The job.
        job: JobKey,
        /// In the batch system's words.
        text: String,
    },
    /// The batch system ended the job for another reason.
    EndedBySite {
        /// The job.
        job: JobKey,
        /// In its words, empty where it has none.
        text: String,
    },
    /// The job checkpointed, and the batch system made no next one.
    NotResubmitted {
        /// The job.
        job: JobKey,
        /// It ran shorter than it must to be made again: for so long, and up to where a run does not count, s.
        too_short: Option<(u64, u64)>,
    },
    /// The job's script could not start its program.
    NoProgram {
        /// The job.
        job: JobKey,
        /// Its node.
        node: Option<String>,
        /// The shell's exit code.
        code: u8,
    },
    /// The job ended with an exit code that says nothing to us.
    ExitCode {
        /// The job.
        job: JobKey,
        /// Its node.
        node: Option<String>,
        /// The code.
        code: u8,
    },
    /// A signal ended the job's command.
    Signal {
        /// The job.
        job: JobKey,
        /// Its node.
        node: Option<String>,
        /// The signal's number.
        signal: u8,
        /// It is the checkpoint signal, and came before the script could keep it.
        too_early: bool,
    },
    /// The link's process is gone without a word of its own.
    Killed {
        /// The process.
        process: u32,
        /// No room was left to write how it ended.
        full: bool,
    },
    /// A link said itself how it ended.
    Link {
        /// How.
        class: ExitClass,
        /// The error with its file and cure, in the words of the link's program; empty where only its exit code is known.
        message: String,
        /// Where it ran.
        place: RanAt,
    },
    /// A link said that all is done, but the maps are not there.
    NotComplete {
        /// Where it ran.
        place: RanAt,
        /// What is missing, in words; `None`: the record of what was made.
        lost: Option<String>,
    },
    /// Maps of a complete chain, or the record of them, are gone.
    MapsLost {
        /// Which, in words.
        what: String,
    },
    /// The node does not fit the program of the chain, and another may.
    UnfitNode {
        /// The link.
        job_id: String,
        /// The node.
        node: String,
        /// What does not fit, in the words of the link's program.
        message: String,
        /// A screen submits it again without that node by itself.
        again: bool,
    },
    /// Two links in a row got no further.
    NoProgress {
        /// What was there before and after.
        amount: u64,
        /// In what.
        unit: Unit,
    },
    /// As many links as the campaign allows did not complete the chain.
    TooManyLinks {
        /// So many.
        links: u64,
    },
}

impl Failure {
    /// Of this cause, with nothing to go on from.
    #[must_use]
    pub fn of(cause: Cause) -> Self {
        Self::Known { cause, goes_on: None }
    }

    /// What happened, where that is known as data.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Known { cause, .. } => Some(cause),
            Self::Told { .. } => None,
        }
    }

    /// The attempt surely has no job: the batch system refused it, or it never got there.
    #[must_use]
    pub fn is_without_job(&self) -> bool {
        match self {
            Self::Known { cause, .. } => {
                matches!(cause, Cause::Refused { .. } | Cause::SubmissionLost { .. })
            }
            Self::Told { class, .. } => ["refused", "submission lost"].contains(&class.as_str()),
        }
    }

    /// The node does not fit the program of the chain, and another may.
    #[must_use]
    pub fn is_unfit_node(&self) -> bool {
        match self {
            Self::Known { cause, .. } => matches!(cause, Cause::UnfitNode { .. }),
            Self::Told { class, .. } => class == "unfit node",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::JobId;

    #[test]
    fn what_older_programs_stored_as_sentences_and_what_is_stored_as_data_are_both_read() {
        let old = r#"{"class":"node died","cause":"node dahu-2 died","hint":"resubmit it"}"#;
        let told: Failure = serde_json::from_str(old).unwrap();
        assert!(matches!(&told, Failure::Told { class, .. } if class == "node died"));
        assert_eq!(serde_json::to_string(&told).unwrap(), old);
        let sealed = Sealed { generation: GenerationNumber(3), amount: 12, unit: Unit::Tiles };
        for known in [
            Failure::of(Cause::Vanished),
            Failure::Known {
                cause: Cause::NodeDied { job: JobId(7).into(), node: Some("dahu-2".to_owned()) },
                goes_on: Some(sealed),
            },
        ] {
            let text = serde_json::to_string(&known).unwrap();
            assert_eq!(serde_json::from_str::<Failure>(&text).unwrap(), known, "{text}");
        }
        let refused: Failure = serde_json::from_str(r#"{"class":"refused","cause":"","hint":""}"#).unwrap();
        assert!(refused.is_without_job() && !refused.is_unfit_node());
    }
}
