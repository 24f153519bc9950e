//! What the journal records: everything decided, done and seen.

use serde::{Deserialize, Serialize};

use super::cause::Failure;
use super::notice::Notice;
use crate::batch::{Ending, JobId, JobKey, Token};
use crate::checkpoint::{ChainId, ExitClass, GenerationNumber, LinkNumber};
use crate::quantity::Unit;

/// One record of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since 1970 by the session's clock: for display only.
    pub at_ms: i64,
    /// When it happened by the clock of who did it (a link, the batch system), milliseconds since 1970, where that is known:
    /// it may be journalled hours later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened_ms: Option<i64>,
    /// What happened.
    pub event: Event,
}

/// How far a job is, as far as a decision depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStage {
    /// In the queue or held.
    Waiting,
    /// On a node, from launching to the epilogue.
    OnNode,
    /// No more will come of it.
    Over,
}

/// One thing that happened. Outside effects have two: an intent before, an outcome after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The campaign was made.
    Created {
        /// The frozen spec.
        spec: String,
        /// Which batch system, in words.
        cluster: String,
    },
    /// The campaign goes to another batch system; nothing was submitted before.
    ClusterChosen {
        /// Which, in words.
        cluster: String,
    },
    /// The campaign goes by another spec; no job was taken before.
    Corrected {
        /// The frozen spec.
        spec: String,
        /// Which fields are others, in words.
        fields: String,
    },
    /// The campaign goes by another spec from the next attempts on; the maps stay what they are.
    Edited {
        /// The frozen spec.
        spec: String,
        /// Each field with what it said and says, in words.
        changes: Vec<String>,
    },
    /// An attempt is about to be submitted.
    SubmitIntent {
        /// The chain.
        chain: ChainId,
        /// The attempt's number.
        attempt: u32,
        /// Its token.
        token: Token,
        /// Found on disk after the journal was damaged or the session died, not written before the submission.
        recovered: bool,
    },
    /// The node of the last link does not fit the program of the chain: this attempt is submitted by ourselves, without it.
    Elsewhere {
        /// The chain.
        chain: ChainId,
        /// The attempt's number.
        attempt: u32,
        /// The link.
        link: LinkNumber,
        /// All nodes that the attempt leaves out.
        without: Vec<String>,
    },
    /// The attempt is known to the batch system.
    Submitted {
        /// The chain.
        chain: ChainId,
        /// The attempt's number.
        attempt: u32,
        /// Its first job.
        job: JobId,
    },
    /// The batch system refused the attempt: there is no job.
    SubmitRefused {
        /// The chain.
        chain: ChainId,
        /// The attempt's number.
        attempt: u32,
        /// The batch system's words.
        text: String,
    },
    /// The batch system gave no answer: there may be a job.
    SubmitUnanswered {
        /// The chain.
        chain: ChainId,
        /// The attempt's number.
        attempt: u32,
        /// What was answered instead.
        text: String,
    },
    /// A certain lookup found no job of the attempt.
    SubmitLost {
        /// The chain.
        chain: ChainId,
        /// The attempt's number.
        attempt: u32,
    },
    /// A job of an attempt reached a stage.
    JobSeen {
        /// The chain.
        chain: ChainId,
        /// The attempt's number.
        attempt: u32,
        /// The job.
        job: JobKey,
        /// How far it is.
        stage: JobStage,
        /// Its node.
        node: Option<String>,
        /// The job it was resubmitted from by the batch system.
        resubmitted_from: Option<JobKey>,
        /// How it ended.
        ending: Option<Ending>,
    },
    /// A link began.
    LinkSeen {
        /// The chain.
        chain: ChainId,
        /// The link.
        link: LinkNumber,
        /// Its job, or `local`.
        job_id: String,
        /// Its node.
        node: String,
    },
    /// A link ended by itself.
    LinkEnded {
        /// The chain.
        chain: ChainId,
        /// The link.
        link: LinkNumber,
        /// How.
        class: ExitClass,
        /// In words.
        message: String,
        /// The work sealed over all links.
        tiles: u64,
        /// In what.
        #[serde(default, skip_serializing_if = "Unit::is_tiles")]
        unit: Unit,
    },
    /// A new checkpoint was sealed.
    GenerationSeen {
        /// The chain.
        chain: ChainId,
        /// Its number.
        generation: GenerationNumber,
        /// The work it holds.
        tiles: u64,
        /// In what.
        #[serde(default, skip_serializing_if = "Unit::is_tiles")]
        unit: Unit,
        /// Its bytes.
        bytes: u64,
    },
    /// The heartbeat of a running link has stood still for too long.
    Silent {
        /// The chain.
        chain: ChainId,
        /// The link.
        link: LinkNumber,
        /// Its node.
        node: String,
    },
    /// A silent link is heard of again.
    HeardAgain {
        /// The chain.
        chain: ChainId,
        /// The link.
        link: LinkNumber,
    },
    /// Maps of a complete chain, or the record of them, are gone.
    MapsLost {
        /// The chain.
        chain: ChainId,
        /// Which, and what to do.
        failure: Failure,
    },
    /// A person asked for a checkpoint now.
    CheckpointAsked {
        /// The chain.
        chain: ChainId,
        /// The job that gets the signal.
        job: JobId,
    },
    /// A person asked that the waiting job is not started.
    HoldAsked {
        /// The chain.
        chain: ChainId,
        /// The job.
        job: JobId,
    },
    /// A person asked that the held or suspended job goes on.
    ResumeAsked {
        /// The chain.
        chain: ChainId,
        /// The job.
        job: JobId,
    },
    /// The chain's jobs are to be deleted.
    StopIntent {
        /// The chain.
        chain: ChainId,
        /// Why, when the machine decided it; `None`: a person.
        why: Option<Failure>,
    },
    /// No job of the stopped chain is left.
    Stopped {
        /// The chain.
        chain: ChainId,
    },
    /// The chain ended without completing.
    Failed {
        /// The chain.
        chain: ChainId,
        /// Why.
        failure: Failure,
    },
    /// Every map of the chain is there and verified.
    Completed {
        /// The chain.
        chain: ChainId,
    },
    /// Something a person should know.
    Noticed {
        /// The chain.
        chain: Option<ChainId>,
        /// What.
        notice: Notice,
    },
    /// The same, in the words of a program that stored sentences.
    Warning {
        /// The chain.
        chain: Option<ChainId>,
        /// In words.
        text: String,
    },
}

impl Event {
    /// The chain it is about.
    #[must_use]
    pub fn chain(&self) -> Option<&ChainId> {
        match self {
            Self::Created { .. }
            | Self::ClusterChosen { .. }
            | Self::Corrected { .. }
            | Self::Edited { .. } => None,
            Self::Noticed { chain, .. } | Self::Warning { chain, .. } => chain.as_ref(),
            Self::SubmitIntent { chain, .. }
            | Self::Elsewhere { chain, .. }
            | Self::Submitted { chain, .. }
            | Self::SubmitRefused { chain, .. }
            | Self::SubmitUnanswered { chain, .. }
            | Self::SubmitLost { chain, .. }
            | Self::JobSeen { chain, .. }
            | Self::LinkSeen { chain, .. }
            | Self::LinkEnded { chain, .. }
            | Self::GenerationSeen { chain, .. }
            | Self::Silent { chain, .. }
            | Self::HeardAgain { chain, .. }
            | Self::MapsLost { chain, .. }
            | Self::CheckpointAsked { chain, .. }
            | Self::HoldAsked { chain, .. }
            | Self::ResumeAsked { chain, .. }
            | Self::StopIntent { chain, .. }
            | Self::Stopped { chain }
            | Self::Failed { chain, .. }
            | Self::Completed { chain } => Some(chain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_older_programs_journalled_is_read() {
        let old = [
            r#"{"at_ms":1,"event":{"CheckpointAsked":{"chain":"m01","job":7}}}"#,
            r#"{"at_ms":1,"event":{"SubmitRefused":{"chain":"m01","attempt":1,"text":"no"}}}"#,
            r#"{"at_ms":1,"event":{"JobSeen":{"chain":"m01","attempt":1,"job":7,"stage":"Over","node":null,
                "resubmitted_from":null,"ending":{"Code":99}}}}"#,
        ];
        let words = old.map(|line| serde_json::from_str::<Entry>(line).unwrap().event.words());
        assert_eq!(
            words,
            ["checkpoint asked of job 7", "attempt 1 refused: no", "job 7 ended with exit code 99"]
        );
    }
}
