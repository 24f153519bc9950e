//! What the server tells of jobs and nodes, in the form that servers and clients of all versions know, and what a client makes
//! of it.

use serde::{Deserialize, Serialize};

use super::manner::UNCOUNTED;
use crate::batch::{By, End, Ending, GO_ON, How, Job, JobId, JobState, Next, Node, NodeState};

/// A job, as told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ToldJob {
    pub(super) id: JobId,
    /// The number of the first job of the attempt.
    pub(super) array_id: JobId,
    pub(super) name: String,
    pub(super) state: JobState,
    pub(super) node: Option<String>,
    /// How its command ended; `None` while it runs, and when it was killed.
    pub(super) ended: Option<Ending>,
    pub(super) resubmitted_from: Option<JobId>,
    pub(super) submitted: i64,
    pub(super) started: i64,
    pub(super) stopped: i64,
    pub(super) expected_start: Option<i64>,
    pub(super) message: String,
    /// The types of its events, in order, with their texts.
    pub(super) events: Vec<(String, String)>,
    /// The next job will be made of it; older servers do not say.
    #[serde(default)]
    pub(super) owes_successor: bool,
}

/// A node, as told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ToldNode {
    pub(super) name: String,
    pub(super) state: String,
    pub(super) jobs: Vec<JobId>,
}

/// The server's word for a node that takes jobs.
pub(super) const ALIVE: &str = "Alive";
/// … and for one that is not believed any more.
pub(super) const SUSPECTED: &str = "Suspected";

/// The types of events that tell of a job's end.
pub(super) const RESUBMITTED: &str = "RESUBMIT_JOB_AUTOMATICALLY";
pub(super) const EXTERMINATED: &str = "EXTERMINATE_JOB";
pub(super) const DELETED: &str = "FRAG_JOB_REQUEST";
pub(super) const OVER_WALLTIME: &str = "WALLTIME";
pub(super) const NO_FOLDER: &str = "WORKING_DIRECTORY";
pub(super) const NO_OUTPUT: &str = "OUTPUT_FILES";

impl ToldJob {
    /// For who asked.
    pub(super) fn job(self) -> Job {
        let end = self.end();
        Job {
            id: self.id,
            restart: 0,
            array_id: self.array_id,
            name: self.name,
            state: self.state,
            node: self.node,
            end,
            resubmitted_from: self.resubmitted_from.map(Into::into),
            submitted: self.submitted,
            started: self.started,
            stopped: self.stopped,
            expected_start: self.expected_start,
            message: self.message,
        }
    }

    fn end(&self) -> Option<End> {
        End::by_state(&self.state, self.ended, || self.killed(), |ending| self.next(ending))
    }

    fn next(&self, ending: Ending) -> Next {
        if ending != Ending::Code(GO_ON) {
            return Next::Nothing;
        }
        if self.owes_successor || self.events.iter().any(|(kind, _)| kind == RESUBMITTED) {
            return Next::Successor;
        }
        Next::of_run(self.started, self.stopped, UNCOUNTED)
    }

    fn killed(&self) -> End {
        let event = |kind: &str| self.events.iter().find(|(k, _)| k == kind).map(|(_, text)| text.clone());
        let not_started = || {
            let (kind, text) =
                self.events.iter().find(|(kind, _)| [NO_FOLDER, NO_OUTPUT].contains(&kind.as_str()))?;
            Some(format!("{text} ({kind})"))
        };
        if event(EXTERMINATED).is_some() {
            End::killed(How::NodeDied, By::Site)
        } else if event(OVER_WALLTIME).is_some() {
            End::killed(How::Walltime, By::Site)
        } else if let Some(text) = event(DELETED) {
            End::killed(How::Deleted(text), By::User)
        } else if let Some(words) = not_started() {
            End::killed(How::NotStarted(words), By::Site)
        } else {
            let last = self.events.last().map_or("", |(_, text)| text.as_str());
            let words = Some(self.message.as_str()).filter(|words| !words.is_empty()).unwrap_or(last);
            End::killed(How::Other(words.to_owned()), By::Site)
        }
    }
}

impl ToldNode {
    /// For who asked.
    pub(super) fn node(self) -> Node {
        let state = match self.state.as_str() {
            ALIVE => NodeState::Up,
            SUSPECTED => NodeState::Lost(self.state),
            _ => NodeState::Other(self.state),
        };
        Node { name: self.name, state, jobs: self.jobs }
    }
}
