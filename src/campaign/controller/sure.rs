//! Submits what was not, beside others who do: who was killed meanwhile, or was faster.

use std::time::Duration;

use super::act::not_now;
use super::{ActionKind, ControlError, Controller};
use crate::campaign::snapshot::{ChainState, ChainView};
use crate::checkpoint::ChainId;

/// How often it is looked at.
const ASK: Duration = Duration::from_millis(500);
/// Answers of the batch system come late by this, milliseconds, over what a doubt lasts.
const LATE_MS: u64 = 60_000;

/// What became of a chain that was to be submitted.
#[derive(Debug, Clone, PartialEq)]
pub enum Submission {
    /// It was submitted; what was done, in words.
    Done(String),
    /// It has a job, or had one: it is left as it is now.
    Left(Box<ChainView>),
}

impl Controller {
    /// Submits a chain that never had a job, as it was seen in `view`. One that had, or that somebody else submitted since, is
    /// left as it is.
    ///
    /// # Errors
    /// As [`Controller::act`] and [`Controller::sure_of`].
    pub fn submit_if_new(&mut self, view: &ChainView) -> Result<Submission, ControlError> {
        let action = match view.state {
            ChainState::Planned => ActionKind::Submit.on(view.id.clone()),
            // The batch system never had a job of it: to submit it again is what is asked for.
            ChainState::Failed if view.never_taken() => ActionKind::Resubmit.on(view.id.clone()),
            _ => return Ok(Submission::Left(Box::new(view.clone()))),
        };
        match self.act(&action) {
            Ok(done) => Ok(Submission::Done(done)),
            Err(e @ (ControlError::NotNow { .. } | ControlError::NotSure { .. })) => {
                let now = self.sure_of(&view.id)?;
                if now.state == view.state { Err(e) } else { Ok(Submission::Left(Box::new(now))) }
            }
            Err(e) => Err(e),
        }
    }

    /// The chain, once it is known whether its last submission has a job: a client that was killed between its intent and
    /// the answer leaves that open, and the batch system's answers must lack the job for a while before it surely has
    /// none. Says by [`super::Reach::tell`] that it waits. A chain without such a doubt is answered at once.
    ///
    /// # Errors
    /// When the batch system does not answer, or its answers come too seldom: then the same command is to be given again.
    pub fn sure_of(&mut self, chain: &ChainId) -> Result<ChainView, ControlError> {
        let began_ms = (self.reach.now_ms)();
        let mut told = false;
        loop {
            let view = self.refresh()?.chains.into_iter().find(|c| c.id == *chain);
            let view = view.ok_or_else(|| not_now(chain, "no such chain".to_owned()))?;
            if view.state != ChainState::SubmissionUnknown {
                return Ok(view);
            }
            if let Some(error) = &self.batch.error {
                return Err(ControlError::Unasked { chain: chain.to_string(), error: error.clone() });
            }
            let settle_ms = self.limits().settle_ms;
            let waited_ms = (self.reach.now_ms)().saturating_sub(began_ms);
            if waited_ms > 2 * settle_ms + LATE_MS {
                return Err(ControlError::NotSure { chain: chain.to_string() });
            }
            if !told {
                let seconds = settle_ms.div_ceil(1_000);
                (self.reach.tell)(&format!(
                    "{chain}: whether its last submission reached the batch system is being looked up: waiting up to {seconds} s …"
                ));
                told = true;
            }
            std::thread::sleep(ASK);
        }
    }
}
