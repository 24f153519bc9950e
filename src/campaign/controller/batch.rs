//! Asks the batch system.

use std::collections::HashSet;
use std::sync::Arc;

use tracing::debug_span;

use super::{ControlError, Controller};
use crate::batch::{BatchError, BatchSystem, ClusterInfo, Job, JobId, JobKey, Manner, Node, Token};
use crate::campaign::event::JobStage;
use crate::campaign::machine::BatchView;

/// The batch system as last seen.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) client: Option<Box<dyn BatchSystem>>,
    pub(super) info: Option<ClusterInfo>,
    pub(super) view: Option<Arc<BatchView>>,
    pub(super) asked_ms: Option<u64>,
    pub(super) answered_ms: Option<u64>,
    /// When the nodes were last asked for.
    nodes_ms: Option<u64>,
    pub(super) error: Option<BatchError>,
}

impl Controller {
    /// Asks the batch system when it is due; whether there is a new answer. A failure keeps the last one.
    pub(super) fn poll(&mut self, now_ms: u64, forced: bool) -> bool {
        let tokens = self.tokens();
        if tokens.is_empty() {
            return false;
        }
        let due = self
            .batch
            .asked_ms
            .is_none_or(|asked| now_ms.saturating_sub(asked) >= self.manner().ask_every.as_millis() as u64);
        if !due && !forced {
            return false;
        }
        self.batch.asked_ms = Some(now_ms);
        match self.ask(&tokens, now_ms) {
            Ok(view) => {
                self.batch.view = Some(Arc::new(view));
                self.batch.answered_ms = Some(now_ms);
                self.batch.error = None;
                true
            }
            Err(e) => {
                self.batch.error = Some(match e {
                    ControlError::Batch(e) => e,
                    other => BatchError::Down(other.to_string()),
                });
                false
            }
        }
    }

    fn ask(&mut self, tokens: &[Token], now_ms: u64) -> Result<BatchView, ControlError> {
        let _step = debug_span!("ask_batch_system", attempts = tokens.len()).entered();
        self.ensure_reached()?;
        let known = self.known_jobs();
        let client = self.client()?;
        client.expect(&known);
        let jobs = client.find(tokens)?;
        let nodes = if let Some(young) = self.young_nodes(&jobs, now_ms) {
            young
        } else {
            let nodes = self.client()?.nodes()?;
            self.batch.nodes_ms = Some(now_ms);
            nodes
        };
        Ok(BatchView::new(jobs, nodes))
    }

    /// The nodes as last seen, while they are young and no job of ours has come, moved or ended since: the state of its
    /// node tells why a job ended, and must be as new as the end.
    fn young_nodes(&self, jobs: &[Job], now_ms: u64) -> Option<Vec<Node>> {
        let every_ms = self.manner().nodes_every.as_millis() as u64;
        let young = self.batch.nodes_ms.is_some_and(|asked| now_ms.saturating_sub(asked) < every_ms);
        let place = |job: &Job| (job.key(), job.node.clone(), job.state.is_over());
        let known = self.batch.view.as_ref().filter(|_| young)?;
        let same = known.jobs.iter().map(place).eq(jobs.iter().map(place));
        same.then(|| known.nodes.clone())
    }

    /// How its batch system behaves.
    pub(super) fn manner(&self) -> &'static Manner {
        match &self.batch.client {
            Some(client) => client.manner(),
            None => self.identity.cluster.manner(),
        }
    }

    /// Whether the last answer tells the end of a job that was not known to be over.
    pub(super) fn ended_meanwhile(&self) -> bool {
        let seen = self.state.chains.values().flat_map(|chain| &chain.jobs);
        let over = seen.filter(|(_, job)| job.stage == JobStage::Over).map(|(run, _)| *run);
        let known: HashSet<JobKey> = over.collect();
        let mut jobs = self.batch.view.iter().flat_map(|view| &view.jobs);
        jobs.any(|job| job.state.is_over() && !known.contains(&job.key()))
    }

    /// Makes sure, once, that there is a batch system that answers.
    pub(super) fn ensure_reached(&mut self) -> Result<(), ControlError> {
        if self.batch.info.is_none() {
            self.batch.info = Some(self.client()?.info()?);
        }
        Ok(())
    }

    /// The client of the batch system, made when first needed.
    pub(super) fn client(&mut self) -> Result<&mut Box<dyn BatchSystem>, ControlError> {
        if self.batch.client.is_none() {
            self.batch.client = Some((self.reach.connect)(&self.identity.cluster)?);
        }
        self.batch
            .client
            .as_mut()
            .ok_or_else(|| ControlError::Batch(BatchError::Down("no client".to_owned())))
    }

    /// The jobs that the journal knows, with their attempts, the newest last.
    fn known_jobs(&self) -> Vec<(Token, JobId)> {
        let attempts = self.state.chains.values().flat_map(|chain| chain.attempts.values());
        let mut known: Vec<_> = attempts.filter_map(|a| Some((a.token.clone(), a.job?))).collect();
        known.sort_by_key(|(_, job)| *job);
        known
    }
}
