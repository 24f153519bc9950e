//! What a person can ask for, and why it could not be done.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::batch::BatchError;
use crate::campaign::actions::UNSAVED;
use crate::campaign::chains::ChainError;
use crate::campaign::inputs::CheckError;
use crate::checkpoint::ChainId;
use crate::durable::DurableError;

/// What a person can ask for; the same in the UI and on the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Submit a planned chain.
    Submit(ChainId),
    /// Submit a failed or stopped chain again, from its last good generation.
    Resubmit(ChainId),
    /// Checkpoint now: the link seals and ends, the batch system starts the next.
    Checkpoint(ChainId),
    /// Hold a chain's waiting job: it is not started until it is resumed.
    Hold(ChainId),
    /// Let a chain's held or suspended job go on.
    Resume(ChainId),
    /// Stop a chain: its job is deleted, what is sealed stays.
    Stop(ChainId),
}

impl Action {
    /// The action of this kind on a chain.
    #[must_use]
    pub fn new(kind: ActionKind, chain: ChainId) -> Self {
        match kind {
            ActionKind::Submit => Self::Submit(chain),
            ActionKind::Resubmit => Self::Resubmit(chain),
            ActionKind::Checkpoint => Self::Checkpoint(chain),
            ActionKind::Hold => Self::Hold(chain),
            ActionKind::Resume => Self::Resume(chain),
            ActionKind::Stop => Self::Stop(chain),
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::Submit(_) => ActionKind::Submit,
            Self::Resubmit(_) => ActionKind::Resubmit,
            Self::Checkpoint(_) => ActionKind::Checkpoint,
            Self::Hold(_) => ActionKind::Hold,
            Self::Resume(_) => ActionKind::Resume,
            Self::Stop(_) => ActionKind::Stop,
        }
    }

    /// The chain it is about.
    #[must_use]
    pub fn chain(&self) -> &ChainId {
        match self {
            Self::Submit(chain)
            | Self::Resubmit(chain)
            | Self::Checkpoint(chain)
            | Self::Hold(chain)
            | Self::Resume(chain)
            | Self::Stop(chain) => chain,
        }
    }
}

/// The kind of an [`Action`], for keys, menus and the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ActionKind {
    /// [`Action::Submit`].
    Submit,
    /// [`Action::Resubmit`].
    Resubmit,
    /// [`Action::Checkpoint`].
    Checkpoint,
    /// [`Action::Hold`].
    Hold,
    /// [`Action::Resume`].
    Resume,
    /// [`Action::Stop`].
    Stop,
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// A file of the campaign.
    #[error(transparent)]
    File(#[from] DurableError),
    /// The batch system.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The batch system does not say how the chain stands now.
    #[error("{chain}: nothing was done: the batch system must be asked first, and it fails: {error}")]
    Unasked {
        /// The chain.
        chain: String,
        /// How it fails.
        error: BatchError,
    },
    /// This session does not hold the lease.
    #[error("nothing was done: {why}")]
    ReadOnly {
        /// Who does, or why it cannot, in words.
        why: String,
        /// What to do, in words; empty where the words say it.
        cure: String,
    },
    /// The action does not fit the chain's state.
    #[error("{chain}: {why}")]
    NotNow {
        /// The chain.
        chain: String,
        /// Why not, in words.
        why: String,
    },
    /// It is not known yet whether the chain's last submission has a job.
    #[error(
        "{chain}: nothing was done: whether its last submission reached the batch system is still being looked up"
    )]
    NotSure {
        /// The chain.
        chain: String,
    },
    /// A checkpoint is asked for of a program of which nothing is kept.
    #[error("{chain}: nothing was done: {UNSAVED}")]
    Unsaved {
        /// The chain.
        chain: String,
    },
    /// What is computed already belongs to another campaign file or to other inputs.
    #[error("{what}")]
    Foreign {
        /// What, and why.
        what: String,
        /// What to do.
        cure: String,
    },
    /// A file that tells what the campaign is cannot be read as what it was written.
    #[error("{what}")]
    Unreadable {
        /// Which, and why not.
        what: String,
        /// What to do.
        cure: String,
    },
    /// The campaign has no such chain.
    #[error("{chain}: no such chain; there are {there}")]
    NoChain {
        /// The chain.
        chain: String,
        /// Those that there are.
        there: String,
    },
    /// A campaign is to be made whose file leaves something to the planner, which was not asked.
    #[error("nothing was made: `months_per_chain` or `tile` is not settled")]
    Open,
    /// There is no campaign in this output folder.
    #[error("{}: no campaign here yet", .0.display())]
    NoCampaign(PathBuf),
}

impl From<ChainError> for ControlError {
    fn from(e: ChainError) -> Self {
        match e {
            ChainError::File(e) => Self::File(e),
            ChainError::Damaged { what, cure } => Self::Unreadable { what, cure },
            ChainError::Foreign { what, cure } => Self::Foreign { what, cure },
        }
    }
}

impl ControlError {
    /// What a person can do about it; empty where the message says all.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::File(e) if e.is_disk_full() => DISK_FULL_HINT.to_owned(),
            Self::File(_) => String::new(),
            Self::NoCampaign(_) => "begin it with `alpsckpt run FILE` or `alpsckpt submit FILE`".to_owned(),
            Self::Foreign { cure, .. } | Self::Unreadable { cure, .. } | Self::ReadOnly { cure, .. } => {
                cure.clone()
            }
            Self::Batch(error) | Self::Unasked { error, .. } => error.hint(),
            Self::NotSure { .. } => {
                "give the same command again in a minute: what never got there is submitted again, and nothing runs twice".to_owned()
            }
            Self::Unsaved { chain } => format!(
                "let it come to its end, or end it: `alpsckpt stop {chain}`; another `checkpoint` in the campaign file counts for its next job"
            ),
            Self::Open => "write both in the campaign file".to_owned(),
            Self::NoChain { .. } => "name one of these".to_owned(),
            Self::NotNow { .. } => "see `alpsckpt status`".to_owned(),
        }
    }
}

impl From<CheckError> for ControlError {
    fn from(e: CheckError) -> Self {
        match e {
            CheckError::File(e) => Self::File(e),
            CheckError::Changed(problem) => Self::Foreign {
                what: format!("{}: {}", problem.file.display(), problem.what),
                cure: problem.cure,
            },
        }
    }
}

/// What to do about another session that acts.
pub(super) const ANOTHER_ACTS: &str = "run the same command again in a moment; a process that was ended counts no more, and one of another host not after \
                                       30 s without a sign of it";

/// What to do about a full disk.
pub const DISK_FULL_HINT: &str = "free space or raise the quota, then run the same command again";
