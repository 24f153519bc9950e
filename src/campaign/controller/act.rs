//! Does what a person asks for.

use super::install::Runs;
use super::install::{self, Nodes};
use super::{Action, ControlError, Controller};
use crate::batch::{BatchError, BatchSystem, JobId, Token};
use crate::campaign::actions::{Deed, Ordered, WhyNot, possible};
use crate::campaign::event::Event;
use crate::campaign::identity::AttemptFile;
use crate::campaign::inputs::{self, Depth};
use crate::campaign::notice::Notice;
use crate::campaign::snapshot::{Access, ChainState, ChainView};
use crate::campaign::{clock, machine};
use crate::checkpoint::{Chain, ChainId, LinkNumber, fence};
use crate::quantity::listed;

impl Controller {
    /// Does one action; the answer says in words what was done. The lease is taken for that and given back.
    ///
    /// # Errors
    /// When it does not fit the chain's state, or fails.
    pub fn act(&mut self, action: &Action) -> Result<String, ControlError> {
        let chain = &action.chain;
        // What was never submitted needs no answer of the batch system; everything else is judged by a fresh one.
        let fresh = !self.state.chain(chain).attempts.is_empty();
        // A slow disk and a slow batch system are looked at before the lease is taken.
        self.look_freshly(chain, fresh)?;
        let known = self.recorded;
        // What cannot be needs no lease to be refused.
        self.possible_now(action)?;
        // Nothing is done by ourselves meanwhile that a person is just asking for.
        self.asked = true;
        let done = self.holding(|controller| {
            let fresh = fresh || !controller.state.chain(chain).attempts.is_empty();
            if controller.recorded == known {
                // Nobody acted in between: what was just seen is journalled.
                controller.decide(fresh)?;
            } else {
                controller.look_freshly(chain, fresh)?;
            }
            controller.act_now(action)
        });
        self.asked = false;
        done
    }

    /// Looks, with a new answer of the batch system where one is needed.
    pub(super) fn look_freshly(&mut self, chain: &ChainId, fresh: bool) -> Result<(), ControlError> {
        self.look(fresh)?;
        match &self.batch.error {
            Some(error) if fresh => {
                Err(ControlError::Unasked { chain: chain.to_string(), error: error.clone() })
            }
            _ => Ok(()),
        }
    }

    fn act_now(&mut self, action: &Action) -> Result<String, ControlError> {
        let chain = &action.chain;
        let view = &self.possible_now(action)?;
        match action.kind.row().deed {
            Deed::Submit => self.submit(chain, view, None),
            Deed::Order { intent, ask } => self.order(action, view, intent, ask),
            Deed::Delete => self.stop(chain),
        }
    }

    /// The chain, if it is in a state for this action.
    fn possible_now(&self, action: &Action) -> Result<ChainView, ControlError> {
        let chain = &action.chain;
        let Some(view) = self.chain_now(chain) else {
            return Err(self.no_chain(chain));
        };
        possible(action.kind, &view, &Access::Writer).map_err(|why| match view.state {
            // It ends by itself: there is more to be done than to look.
            _ if why == WhyNot::Unsaved => ControlError::Unsaved { chain: chain.to_string() },
            ChainState::SubmissionUnknown => ControlError::NotSure { chain: chain.to_string() },
            _ => not_now(chain, why.to_string()),
        })?;
        Ok(view)
    }

    /// A chain of the campaign.
    pub(super) fn chain_of(&self, chain: &ChainId) -> Result<&Chain, ControlError> {
        self.chains.iter().find(|known| known.id == *chain).ok_or_else(|| self.no_chain(chain))
    }

    /// The campaign has no such chain.
    pub(super) fn no_chain(&self, chain: &ChainId) -> ControlError {
        let names: Vec<&str> = self.chains.iter().map(|chain| chain.id.as_str()).collect();
        ControlError::NoChain { chain: chain.to_string(), there: names.join(", ") }
    }

    /// Refuses a chain of which an attempt's file cannot be read and the journal knows nothing: a job of it may live.
    ///
    /// # Errors
    /// When there is such a file; it says which, and what to do.
    pub fn ensure_known_attempts(&self, chain: &ChainId) -> Result<(), ControlError> {
        let record = self.state.chain(chain);
        let bad = self.files.get(chain).and_then(|files| {
            files.bad_attempts.iter().find(|(number, _)| !record.attempts.contains_key(number))
        });
        let Some((_, why)) = bad else { return Ok(()) };
        let why = format!(
            "{why}: without it nobody knows whether a job of it lives; if none does, remove the file"
        );
        Err(not_now(chain, why))
    }

    /// Submits a chain again by ourselves, whose last link found that its node does not fit its program. Where that cannot be, it
    /// is told once, and the chain waits for a person.
    pub(super) fn go_elsewhere(&mut self, chain: &ChainId, link: LinkNumber) -> Result<(), ControlError> {
        if !self.reach.resident || self.asked || !self.tried.insert((chain.clone(), link)) {
            return Ok(());
        }
        let Some(view) = self.chain_now(chain) else { return Ok(()) };
        match self.submit(chain, &view, Some(link)) {
            Ok(_) => Ok(()),
            // What became of an attempt is journalled; where there is none, the batch system may answer the next time.
            Err(ControlError::Batch(_)) => {
                self.tried.remove(&(chain.clone(), link));
                Ok(())
            }
            Err(e) => {
                let notice = Notice::NotElsewhere { link, why: e.to_string() };
                self.record(vec![Event::Noticed { chain: Some(chain.clone()), notice }])
            }
        }
    }

    /// `after`: the link whose node does not fit, where nobody asked for it.
    fn submit(
        &mut self,
        chain: &ChainId,
        view: &ChainView,
        after: Option<LinkNumber>,
    ) -> Result<String, ControlError> {
        self.refuse_moved(chain)?;
        fence::ensure_known(&self.campaign.chain(chain))?;
        inputs::check(&self.campaign, self.chain_of(chain)?, &self.spec, Depth::Look)?;
        // Before anything is written: where there is no batch system there is no attempt.
        self.ensure_reached()?;
        self.ensure_known_attempts(chain)?;
        let record = self.state.chain(chain);
        let on_disk = AttemptFile::numbers(&self.campaign.chain(chain))?.last().copied().unwrap_or(0);
        let attempt = record.last_attempt().max(on_disk) + 1;
        let token = self.identity.token(chain, attempt);
        let Runs { program, spec: hash, said } = self.program_for(chain)?;
        let id = self.identity.id.clone();
        let files = self.files.get(chain);
        // A person may have mended what can be.
        let not_on = files.map(|files| files.unfit_nodes(after.is_none())).unwrap_or_default();
        let nodes = Nodes { class: files.and_then(|files| files.class()).map(str::to_owned), not_on };
        let not_on = nodes.not_on.clone();
        let jobs = install::Jobs {
            chain,
            spec: &self.spec,
            spec_hash: &hash,
            program: &program,
            id: &id,
            nodes: &nodes,
            manner: self.manner(),
        };
        install::job_script(&self.campaign, jobs)?;
        let file = AttemptFile {
            attempt,
            token: token.clone(),
            program,
            at_ms: clock::wall_ms(),
            not_on: not_on.clone(),
        };
        if !file.create(&self.campaign.chain(chain))? {
            return Err(not_now(chain, "another session is submitting it at this moment".to_owned()));
        }
        let without: Vec<String> = not_on.into_iter().collect();
        let elsewhere = after.map(|link| Event::Elsewhere {
            chain: chain.clone(),
            attempt,
            link,
            without: without.clone(),
        });
        let intent =
            Event::SubmitIntent { chain: chain.clone(), attempt, token: token.clone(), recovered: false };
        self.record(elsewhere.into_iter().chain([intent]).collect())?;
        if self.journal.is_none() {
            // The lease was lost just now: the holder finds the attempt's file and looks it up.
            return Err(self.read_only());
        }
        let job = self.submit_attempt(chain, attempt, token, &nodes)?;
        let from = view.generations.iter().rfind(|g| g.damage.is_none());
        let from = from.map_or_else(String::new, |g| {
            format!("; it goes on from generation {} with {}", g.number, g.unit.amount(g.tiles))
        });
        let said = said.map_or_else(String::new, |said| format!("; {said}"));
        let left_out = match without.as_slice() {
            [] => String::new(),
            nodes => format!("; not on {}, where its program does not fit", listed(nodes)),
        };
        Ok(format!("{chain}: submitted as job {job}{from}{left_out}{said}"))
    }

    /// The frozen paths lead to where the campaign was made.
    fn refuse_moved(&self, chain: &ChainId) -> Result<(), ControlError> {
        let (made, here) = (&self.spec.output, self.campaign.output());
        let same = made == here
            || std::fs::canonicalize(made)
                .is_ok_and(|made| std::fs::canonicalize(here).is_ok_and(|here| made == here));
        if same {
            return Ok(());
        }
        let why = format!(
            "this folder was moved here from {}: name the campaign's file, which tells where the inputs are now: \
             `alpsckpt resubmit {chain} --campaign FILE`",
            made.display()
        );
        Err(not_now(chain, why))
    }

    /// The outside effect, its intent being durable, and its outcome.
    fn submit_attempt(
        &mut self,
        chain: &ChainId,
        attempt: u32,
        token: Token,
        nodes: &Nodes,
    ) -> Result<JobId, ControlError> {
        let submission = install::submission(&self.campaign, chain, &self.spec, token, nodes);
        let chain = chain.clone();
        match self.client()?.submit(&submission) {
            Ok(job) => {
                self.record(vec![Event::Submitted { chain, attempt, job }])?;
                Ok(job)
            }
            Err(e) => {
                let text = match &e {
                    BatchError::Refused(text) => text.clone(),
                    e => e.to_string(),
                };
                self.record(vec![if e.surely_not_submitted() {
                    Event::SubmitRefused { chain, attempt, text }
                } else {
                    Event::SubmitUnanswered { chain, attempt, text }
                }])?;
                Err(e.into())
            }
        }
    }

    /// Asks something of the chain's job.
    fn order(
        &mut self,
        action: &Action,
        view: &ChainView,
        intent: fn(ChainId, JobId) -> Event,
        ask: fn(&mut dyn BatchSystem, JobId) -> Result<(), BatchError>,
    ) -> Result<String, ControlError> {
        let chain = &action.chain;
        let Some(job) = view.job.as_ref().map(|j| JobId(j.id)) else {
            return Err(not_now(chain, WhyNot::NoJob.to_string()));
        };
        self.record(vec![intent(chain.clone(), job)])?;
        ask(self.client()?.as_mut(), job)?;
        Ok(format!("{chain}: {}", Ordered { kind: action.kind, job }))
    }

    fn stop(&mut self, chain: &ChainId) -> Result<String, ControlError> {
        self.record(vec![Event::StopIntent { chain: chain.clone(), why: None }])?;
        let record = self.state.chain(chain);
        let jobs: Vec<JobId> = self
            .batch
            .view
            .iter()
            .flat_map(|view| {
                machine::live_jobs(record, view).into_iter().map(|job| job.id).collect::<Vec<_>>()
            })
            .collect();
        for job in &jobs {
            self.client()?.delete(*job)?;
        }
        Ok(match jobs.as_slice() {
            [] => format!(
                "{chain}: it is between two jobs: the next one is deleted when it shows, by an open screen or by \
                 `alpsckpt stop {chain}` once more"
            ),
            [job, ..] => format!("{chain}: job {job} is being deleted; what is sealed stays"),
        })
    }

    /// The hash of this program, copied beside the campaign.
    pub(super) fn program(&mut self) -> Result<String, ControlError> {
        if let Some(hash) = &self.program {
            return Ok(hash.clone());
        }
        let source = self.reach.program.clone().unwrap_or_else(install::this_program);
        let hash = install::program(&self.campaign, &source)?;
        self.program = Some(hash.clone());
        Ok(hash)
    }
}

pub(super) fn not_now(chain: &ChainId, why: String) -> ControlError {
    ControlError::NotNow { chain: chain.to_string(), why }
}
