//! What a controller reaches the world by.

use std::path::PathBuf;
use std::time::Duration;

use super::ControlError;
use crate::batch::BatchSystem;
use crate::campaign::{clock, registry};
use crate::clusters::ClusterChoice;

/// Makes a client of a batch system.
pub type Connect = Box<dyn Fn(&ClusterChoice) -> Result<Box<dyn BatchSystem>, ControlError> + Send>;

/// What a controller reaches the world by; tests put their own in.
pub struct Reach {
    /// Makes the client of the batch system, when it is first needed.
    pub connect: Connect,
    /// The monotonic clock, milliseconds.
    pub now_ms: Box<dyn Fn() -> u64 + Send>,
    /// The program that jobs run; `None`: this one, or `$ALPSCKPT_PROGRAM`.
    pub program: Option<PathBuf>,
    /// How long an action waits for another session.
    pub patience: Patience,
    /// Says what a person should hear while it waits.
    pub tell: Box<dyn Fn(&str) + Send>,
    /// It stays, as a screen does: what is due (a job to be deleted after all) it does by itself.
    pub resident: bool,
}

/// How long an action waits for another session that holds the campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For one that lives: it acts, and that is soon over.
    pub living: Duration,
    /// In all for one of another host, which counts as gone when it gives no sign.
    pub silent: Duration,
}

impl Default for Reach {
    /// A command's.
    fn default() -> Self {
        Self {
            connect: Box::new(|cluster| Ok(cluster.connect(registry::state_folder().as_deref()))),
            now_ms: Box::new(clock::monotonic_ms),
            program: None,
            patience: Patience { living: Duration::from_secs(10), silent: Duration::from_secs(40) },
            tell: Box::new(|words| tell!("{words}")),
            resident: false,
        }
    }
}

impl Reach {
    /// A screen's: it stays, it says what it waits for itself, and nobody waits long at it.
    #[must_use]
    pub fn screen() -> Self {
        Self {
            patience: Patience { living: Duration::from_secs(3), silent: Duration::from_secs(3) },
            tell: Box::new(|_| ()),
            resident: true,
            ..Self::default()
        }
    }
}
