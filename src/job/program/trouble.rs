//! Why a program was not saved.

use crate::durable::DurableError;
use crate::foreign::{Trouble, TroubleKind};
use crate::job::failure::LinkFailure;

/// Why a program was not saved; it runs on.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSaved {
    /// The dump failed.
    #[error(transparent)]
    Trouble(Trouble),
    /// A file could not be written or read.
    #[error(transparent)]
    File(DurableError),
    /// The link must end: it is not this chain's any more.
    #[error(transparent)]
    Failure(LinkFailure),
}

impl From<LinkFailure> for NotSaved {
    fn from(e: LinkFailure) -> Self {
        match e {
            LinkFailure::File(e) => e.into(),
            LinkFailure::Fenced(_) | LinkFailure::Gone(_) | LinkFailure::Superseded { .. } => {
                Self::Failure(e)
            }
            // Whatever it is, the program can do nothing about it.
            other => Self::Trouble(Trouble::new(TroubleKind::Other, other.to_string(), "")),
        }
    }
}

impl From<DurableError> for NotSaved {
    fn from(e: DurableError) -> Self {
        // A full disk may have room again before the walltime.
        if e.is_disk_full() {
            return Self::Trouble(Trouble::new(TroubleKind::DiskFull, e.to_string(), "make room there"));
        }
        Self::File(e)
    }
}
