//! What a person should know, as data: its sentences are made by [`crate::words`].

use serde::{Deserialize, Serialize};

use crate::batch::JobId;
use crate::checkpoint::LinkNumber;
use crate::quantity::Unit;

/// Something a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// An attempt that was believed lost has a job after all.
    LateJob {
        /// The attempt.
        attempt: u32,
        /// Its job.
        job: JobId,
        /// The attempt that has the work now, where the job has ended; `None`: the job is deleted.
        ended: Option<u32>,
    },
    /// A chain begins anew, as a person asked.
    BegunAnew {
        /// Twelve hexadecimal digits that stand for its inputs.
        inputs: String,
        /// The link until which nothing counts any more.
        after: u32,
        /// What was sealed until then.
        amount: u64,
        /// In what.
        unit: Unit,
    },
    /// A map whose bytes are not what was computed was put aside.
    PutAside {
        /// The map.
        map: String,
        /// Where it is now.
        aside: String,
    },
    /// The chain is not submitted again without the node of its last link.
    NotElsewhere {
        /// The link.
        link: LinkNumber,
        /// Why not, in words.
        why: String,
    },
    /// The end of the journal was damaged.
    JournalDamaged {
        /// How, in words.
        damage: String,
        /// Where it was put aside.
        aside: String,
    },
    /// Files of a former campaign are left behind, or of older forms were brought to the present one: in words, with the files.
    Files {
        /// In words.
        text: String,
    },
}
