//! Why what a person asked for could not be done.

use std::path::PathBuf;

use crate::batch::BatchError;
use crate::campaign::actions::WhyNot;
use crate::campaign::chains::ChainError;
use crate::campaign::inputs::CheckError;
use crate::durable::DurableError;

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
    #[error("{chain}: nothing was done: {}", WhyNot::Unsaved)]
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
