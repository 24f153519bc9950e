//! What was decided and done, folded from the journal.

use std::collections::{BTreeMap, BTreeSet};

use crate::batch::{Ending, JobId, JobKey, Token};
use crate::campaign::cause::{Cause, Failure};
use crate::campaign::event::{Event, JobStage};
use crate::checkpoint::{ChainId, GenerationNumber, LinkNumber};

/// A campaign's chains as the journal knows them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Chain by chain.
    pub chains: BTreeMap<ChainId, ChainRecord>,
}

/// One chain.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChainRecord {
    /// Where it stands.
    pub stage: Stage,
    /// Its attempts by number; only the last one can be alive.
    pub attempts: BTreeMap<u32, Attempt>,
    /// The runs of its jobs over all attempts.
    pub jobs: BTreeMap<JobKey, SeenJob>,
    /// Links seen, and whether they ended.
    pub links: BTreeMap<LinkNumber, bool>,
    /// The newest link when the chain last failed or was stopped.
    pub link_at_end: Option<LinkNumber>,
    /// The newest generation seen.
    pub generation: Option<GenerationNumber>,
    /// The link that was last told to be silent, while it is.
    pub silent: Option<LinkNumber>,
    /// Attempts that we submitted by ourselves.
    pub elsewhere: BTreeSet<u32>,
}

/// Where a chain stands, as far as it was submitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stage {
    /// Never submitted.
    #[default]
    Planned,
    /// An intent without an outcome: not retried before a certain lookup.
    Unknown,
    /// Submitted; its last attempt has, or will have, exactly one job.
    Live,
    /// Its jobs are being deleted.
    Stopping {
        /// Why, when the machine decided it.
        why: Option<Failure>,
    },
    /// Ended without completing.
    Failed(Failure),
    /// Deleted by a person.
    Stopped,
    /// Every map is there.
    Complete,
}

/// One submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its token.
    pub token: Token,
    /// Its first job, once known.
    pub job: Option<JobId>,
    /// Refused: surely without a job. A lost one is looked up for ever after, lest its job appear late.
    pub refused: bool,
}

/// One job as journalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenJob {
    /// Its attempt.
    pub attempt: u32,
    /// How far it was.
    pub stage: JobStage,
    /// The job it was resubmitted from.
    pub resubmitted_from: Option<JobKey>,
    /// Its node.
    pub node: Option<String>,
    /// How it ended.
    pub ending: Option<Ending>,
}

impl State {
    /// The chain's record; a chain never heard of is planned.
    #[must_use]
    pub fn chain(&self, id: &ChainId) -> &ChainRecord {
        static PLANNED: ChainRecord = ChainRecord {
            stage: Stage::Planned,
            attempts: BTreeMap::new(),
            jobs: BTreeMap::new(),
            links: BTreeMap::new(),
            link_at_end: None,
            generation: None,
            silent: None,
            elsewhere: BTreeSet::new(),
        };
        self.chains.get(id).unwrap_or(&PLANNED)
    }

    /// All tokens whose jobs may be known to the batch system.
    #[must_use]
    pub fn tokens(&self) -> Vec<Token> {
        self.chains.values().flat_map(ChainRecord::tokens).collect()
    }

    /// Takes in one event.
    pub fn apply(&mut self, event: &Event) {
        if let Some(chain) = event.chain() {
            self.chains.entry(chain.clone()).or_default().apply(event);
        } else if matches!(event, Event::Corrected { .. }) {
            // What was refused is asked for anew.
            self.chains.values_mut().for_each(|chain| chain.stage = Stage::Planned);
        }
    }
}

impl ChainRecord {
    /// The number of the last attempt; 0 when there is none.
    #[must_use]
    pub fn last_attempt(&self) -> u32 {
        self.attempts.last_key_value().map_or(0, |(number, _)| *number)
    }

    /// The tokens of its attempts that may have jobs.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        self.attempts.values().filter(|a| !a.refused).map(|a| a.token.clone())
    }

    /// How many of the last attempts we submitted by ourselves, one after the other.
    #[must_use]
    pub fn by_ourselves(&self) -> usize {
        self.attempts.keys().rev().take_while(|attempt| self.elsewhere.contains(attempt)).count()
    }

    /// Resubmissions by the batch system: jobs that came from another, and restarts under one number, those that no session saw
    /// too.
    #[must_use]
    pub fn resubmissions(&self) -> u32 {
        let from_another =
            |(run, job): &(&JobKey, &SeenJob)| job.resubmitted_from.is_some_and(|from| from.id != run.id);
        let others: BTreeSet<JobId> = self.jobs.iter().filter(from_another).map(|(run, _)| run.id).collect();
        // In the order of runs: the last of a job has its number of restarts.
        let restarts: BTreeMap<JobId, u32> = self.jobs.keys().map(|run| (run.id, run.restart)).collect();
        others.len() as u32 + restarts.values().sum::<u32>()
    }

    /// Takes in one event of this chain.
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::SubmitIntent { attempt, token, .. } => {
                let newest = *attempt > self.last_attempt();
                let new = Attempt { token: token.clone(), job: None, refused: false };
                self.attempts.entry(*attempt).or_insert(new);
                if newest {
                    self.enter(Stage::Unknown);
                }
            }
            Event::Elsewhere { attempt, .. } => {
                self.elsewhere.insert(*attempt);
            }
            Event::Submitted { attempt, job, .. } => {
                if let Some(known) = self.attempts.get_mut(attempt) {
                    known.job = Some(*job);
                    known.refused = false;
                    self.revive(*attempt);
                }
            }
            Event::SubmitRefused { attempt, text, .. } => {
                if let Some(known) = self.attempts.get_mut(attempt).filter(|a| a.job.is_none()) {
                    known.refused = true;
                    self.without_job(*attempt, Failure::of(Cause::Refused { text: text.clone() }));
                }
            }
            Event::SubmitLost { attempt, .. } => {
                let failure = Failure::of(Cause::SubmissionLost { attempt: *attempt });
                if self.attempts.get(attempt).is_some_and(|a| a.job.is_none()) {
                    self.without_job(*attempt, failure);
                }
            }
            Event::JobSeen { attempt, job, stage, node, resubmitted_from, ending, .. } => {
                let seen = SeenJob {
                    attempt: *attempt,
                    stage: *stage,
                    resubmitted_from: *resubmitted_from,
                    node: node.clone(),
                    ending: *ending,
                };
                self.jobs.insert(*job, seen);
                // A job that runs again under its number ran out before, whether that was seen or not.
                let before = JobKey::from(job.id)..*job;
                self.jobs.range_mut(before).for_each(|(_, run)| run.stage = JobStage::Over);
                if let Some(known) = self.attempts.get_mut(attempt) {
                    known.refused = false;
                }
                if *stage != JobStage::Over {
                    self.revive(*attempt);
                }
            }
            Event::LinkSeen { link, .. } => {
                self.links.entry(*link).or_insert(false);
            }
            Event::LinkEnded { link, .. } => {
                self.links.insert(*link, true);
            }
            Event::GenerationSeen { generation, .. } => {
                self.generation = self.generation.max(Some(*generation));
            }
            Event::Silent { link, .. } => self.silent = Some(*link),
            Event::HeardAgain { .. } => self.silent = None,
            Event::MapsLost { failure, .. } => {
                // The one way out of completion.
                self.stage = Stage::Live;
                self.enter(Stage::Failed(failure.clone()));
            }
            Event::StopIntent { why, .. } => self.enter(Stage::Stopping { why: why.clone() }),
            Event::Stopped { .. } => self.enter(Stage::Stopped),
            Event::Failed { failure, .. } => self.enter(Stage::Failed(failure.clone())),
            Event::Completed { .. } => self.enter(Stage::Complete),
            Event::SubmitUnanswered { .. }
            | Event::CheckpointAsked { .. }
            | Event::HoldAsked { .. }
            | Event::ResumeAsked { .. }
            | Event::Created { .. }
            | Event::ClusterChosen { .. }
            | Event::Corrected { .. }
            | Event::Edited { .. }
            | Event::Noticed { .. }
            | Event::Warning { .. } => {}
        }
    }

    /// The last attempt has a job that lives: an unknown submission is known now, a chain given up too early goes on.
    /// A chain that a person stopped stays stopped: [`super::decide()`] deletes what appears late.
    fn revive(&mut self, attempt: u32) {
        if attempt == self.last_attempt()
            && matches!(self.stage, Stage::Planned | Stage::Unknown | Stage::Failed(_))
        {
            self.stage = Stage::Live;
        }
    }

    fn without_job(&mut self, attempt: u32, failure: Failure) {
        if attempt == self.last_attempt() {
            self.enter(Stage::Failed(failure));
        }
    }

    /// A complete chain stays complete.
    fn enter(&mut self, stage: Stage) {
        if self.stage != Stage::Complete {
            if matches!(stage, Stage::Failed(_) | Stage::Stopped) {
                self.link_at_end = self.links.last_key_value().map(|(link, _)| *link);
            }
            self.stage = stage;
        }
    }
}

/// The state after these events.
pub fn fold<'e>(events: impl IntoIterator<Item = &'e Event>) -> State {
    let mut state = State::default();
    events.into_iter().for_each(|event| state.apply(event));
    state
}
