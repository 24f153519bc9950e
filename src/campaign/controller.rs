//! Reads links, generations and the scheduler, feeds the state machine, does its effects.
//!
//! One controller serves both faces: the terminal UI calls it from a thread of its own, the commands directly.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::snapshot::Snapshot;
use super::spec::Loaded;
use crate::checkpoint::ChainId;
use crate::oar_client::BatchSystem;

/// What a person can ask for; the same in the UI and on the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Submit a planned chain.
    Submit(ChainId),
    /// Submit a failed or stopped chain again, from its last good generation.
    Resubmit(ChainId),
    /// Checkpoint now: the link seals and ends, the batch system starts the next.
    Checkpoint(ChainId),
    /// Stop a chain: its job is deleted, what is sealed stays.
    Stop(ChainId),
}

/// Which batch system a campaign was submitted to; journalled, so that any frontend finds it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClusterChoice {
    /// The embedded cluster whose state lies in this folder.
    Embedded {
        /// Its state directory.
        directory: std::path::PathBuf,
    },
    /// OAR, by its commands in PATH.
    Oar,
}

impl ClusterChoice {
    /// A client of it.
    ///
    /// # Errors
    /// When the embedded cluster cannot be started.
    pub fn connect(&self) -> Result<Box<dyn BatchSystem>, ControlError> {
        unimplemented!()
    }
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// A file of the campaign.
    #[error(transparent)]
    File(#[from] crate::durable::DurableError),
    /// The batch system.
    #[error(transparent)]
    Batch(#[from] crate::oar_client::BatchError),
    /// Another frontend holds the lease.
    #[error("read-only: {holder} holds this campaign")]
    ReadOnly {
        /// Who, in words.
        holder: String,
    },
    /// The action does not fit the chain's state.
    #[error("{chain}: {why}")]
    NotNow {
        /// The chain.
        chain: String,
        /// Why not, in words.
        why: String,
    },
    /// The campaign is not what was asked for.
    #[error("{0}")]
    Campaign(String),
}

/// A campaign opened by this process.
pub struct Controller {
    _private: (),
}

impl Controller {
    /// Makes the campaign's folder from its file: frozen spec, program, journal. Opens it if it exists and is the same.
    ///
    /// # Errors
    /// When the output folder belongs to another spec, or cannot be written.
    pub fn create(_loaded: &Loaded, _cluster: &ClusterChoice) -> Result<Self, ControlError> {
        unimplemented!()
    }

    /// Opens an existing campaign by its output folder. Takes the lease when it is free.
    ///
    /// # Errors
    /// When there is no campaign or its journal cannot be read.
    pub fn open(_output: &Path) -> Result<Self, ControlError> {
        unimplemented!()
    }

    /// Reads everything anew, journals what is new, does what the machine decides. Never waits for a job.
    ///
    /// # Errors
    /// When the campaign's own files fail; a silent batch system is no error but part of the snapshot.
    pub fn refresh(&mut self) -> Result<Snapshot, ControlError> {
        unimplemented!()
    }

    /// Does one action; the answer says in words what was done.
    ///
    /// # Errors
    /// When it does not fit the chain's state, or fails.
    pub fn act(&mut self, _action: &Action) -> Result<String, ControlError> {
        unimplemented!()
    }
}
