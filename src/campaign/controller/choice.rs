//! Which batch system a campaign goes to.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ControlError, log};
use crate::batch::embedded::Embedded;
use crate::batch::{BatchError, BatchSystem};
use crate::campaign::registry;
use crate::host;
use crate::oar_client::Oar;

/// Which batch system a campaign was submitted to; recorded, so that any session finds it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClusterChoice {
    /// The embedded cluster whose state lies in this folder.
    Embedded {
        /// Its state directory.
        directory: PathBuf,
    },
    /// OAR, by its commands in PATH.
    Oar,
}

impl ClusterChoice {
    /// A client of it.
    ///
    /// # Errors
    /// None today: a client connects at its first call. The form leaves room for systems that must be found first.
    pub fn connect(&self) -> Result<Box<dyn BatchSystem>, ControlError> {
        match self {
            Self::Embedded { directory } => Ok(Box::new(Embedded::new(directory))),
            Self::Oar => {
                let mut oar = Oar::new();
                if let Some(folder) = registry::state_folder() {
                    oar.on_command(move |logged| log::write(&folder, logged));
                }
                Ok(Box::new(oar))
            }
        }
    }

    /// Makes sure that it is there: that its commands are found and answer, or that its server runs.
    ///
    /// # Errors
    /// Why it cannot be submitted to from here.
    pub fn find(&self) -> Result<(), ControlError> {
        self.connect()?.info()?;
        let found = |program: &str| host::in_path(Path::new(program)).next().is_some();
        match self {
            Self::Oar if !found("oarsub") => Err(BatchError::NoCommand("oarsub".to_owned()).into()),
            _ => Ok(()),
        }
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Embedded { directory } => format!("the embedded cluster in {}", directory.display()),
            Self::Oar => "OAR".to_owned(),
        }
    }

    /// How often it may be asked, milliseconds: a call to OAR costs its front end half a second of computing.
    pub(super) fn poll_every_ms(&self) -> u64 {
        match self {
            Self::Embedded { .. } => 0,
            Self::Oar => 10_000,
        }
    }

    /// How old its nodes may be while no job of the campaign comes, moves or ends, milliseconds.
    pub(super) fn nodes_every_ms(&self) -> u64 {
        match self {
            Self::Embedded { .. } => 0,
            Self::Oar => 60_000,
        }
    }

    /// The embedded cluster in a state directory.
    #[must_use]
    pub fn embedded(directory: &Path) -> Self {
        Self::Embedded { directory: directory.to_path_buf() }
    }
}
