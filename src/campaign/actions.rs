//! What can be done with a chain now, and why not: the one source for the keys, the menus and the command line.

use super::controller::ActionKind;
use super::snapshot::{Access, ChainState, ChainView, JobState};
use crate::checkpoint;

impl ActionKind {
    /// All actions, in the order they are offered.
    pub const ALL: [Self; 6] =
        [Self::Submit, Self::Resubmit, Self::Checkpoint, Self::Hold, Self::Resume, Self::Stop];
}

/// Why a chain is not checkpointed of whose program nothing is kept.
pub const UNSAVED: &str = "nothing of its program is kept (`checkpoint: None`): the signal would be its end";

/// Every action, with the reason in words where it is not possible now.
#[must_use]
pub fn actions(chain: &ChainView, access: &Access) -> Vec<(ActionKind, Result<(), String>)> {
    ActionKind::ALL.into_iter().map(|kind| (kind, possible(kind, chain, access))).collect()
}

/// Whether one action is possible now.
///
/// # Errors
/// Why it is not, in words.
pub fn possible(kind: ActionKind, chain: &ChainView, access: &Access) -> Result<(), String> {
    if let Access::ReadOnly { why } = access {
        return Err(format!("read-only: {why}"));
    }
    let foreground = chain.job.is_none()
        && chain.links.last().is_some_and(|l| l.job_id == checkpoint::LOCAL && l.end.is_none());
    match kind {
        ActionKind::Checkpoint if chain.unsaved && checkpoint(chain).is_ok() => no(UNSAVED),
        ActionKind::Submit => submit(chain.state),
        ActionKind::Resubmit => resubmit(chain.state),
        ActionKind::Checkpoint | ActionKind::Stop if foreground => match chain.state {
            ChainState::Running | ChainState::Silent => {
                Err("it runs in the foreground: Ctrl-C there checkpoints and stops it".to_owned())
            }
            state => stop(state),
        },
        ActionKind::Hold | ActionKind::Resume if foreground => {
            no("it runs in the foreground: no batch system has a job of it")
        }
        ActionKind::Checkpoint => checkpoint(chain),
        ActionKind::Hold => hold(chain),
        ActionKind::Resume => resume(chain),
        ActionKind::Stop => stop(chain.state),
    }
}

fn no(why: &str) -> Result<(), String> {
    Err(why.to_owned())
}

fn submit(state: ChainState) -> Result<(), String> {
    match state {
        ChainState::Planned => Ok(()),
        ChainState::Failed | ChainState::Stopped => no("it was submitted before: resubmit it"),
        other => busy(other),
    }
}

fn resubmit(state: ChainState) -> Result<(), String> {
    match state {
        ChainState::Failed | ChainState::Stopped => Ok(()),
        ChainState::Planned => no("it was never submitted: submit it"),
        other => busy(other),
    }
}

fn busy(state: ChainState) -> Result<(), String> {
    match state {
        ChainState::Complete => no("it is complete"),
        ChainState::SubmissionUnknown => no("its last submission is still being looked up"),
        ChainState::Silent => no("its job has not ended: wait for the batch system, or stop it first"),
        _ => no("it has a job already"),
    }
}

fn checkpoint(chain: &ChainView) -> Result<(), String> {
    match chain.state {
        ChainState::Running if chain.job_state() == Some(&JobState::Suspended) => {
            no("its job is suspended: resume it first")
        }
        ChainState::Running => Ok(()),
        ChainState::Silent => no("its node does not answer"),
        _ => no("no link of it runs"),
    }
}

fn hold(chain: &ChainView) -> Result<(), String> {
    match (chain.state, chain.job_state()) {
        (ChainState::Waiting, Some(JobState::Waiting)) => Ok(()),
        (_, Some(JobState::Hold)) => no("it is held already: resume it"),
        (_, Some(JobState::Suspended)) => no("it is suspended already: resume it"),
        (ChainState::Waiting, Some(_)) => no("its job is just starting"),
        (ChainState::Waiting, None) => no("the batch system has not shown its job yet"),
        (ChainState::Running | ChainState::Silent, _) => {
            no("its job runs: checkpoint it now and hold the next job, or stop it")
        }
        (ChainState::Between, _) => no("it is between two jobs: hold the next one when it waits"),
        (state, _) => stop(state),
    }
}

fn resume(chain: &ChainView) -> Result<(), String> {
    match (chain.state, chain.job_state()) {
        (_, Some(JobState::Hold | JobState::Suspended)) => Ok(()),
        (ChainState::Failed | ChainState::Stopped, _) => no("it has no job: resubmit it"),
        (ChainState::Waiting, _) => no("its job waits and is not held"),
        (ChainState::Running | ChainState::Silent | ChainState::Between, _) => {
            no("its job is neither held nor suspended")
        }
        (state, _) => stop(state),
    }
}

fn stop(state: ChainState) -> Result<(), String> {
    match state {
        ChainState::Waiting | ChainState::Running | ChainState::Between | ChainState::Silent => Ok(()),
        ChainState::SubmissionUnknown => no("its submission is still being looked up"),
        ChainState::Complete => no("it is complete"),
        ChainState::Planned | ChainState::Failed | ChainState::Stopped => no("it has no job"),
    }
}
