//! Doubts from one frontend to the next.
//!
//! A script that asks `alpsckpt status` now and then is a new process each time: what it is not yet sure of goes on in
//! a file. The times in it are of the monotonic clock of one boot of one machine and mean nothing elsewhere.

use serde::{Deserialize, Serialize};

use crate::campaign::lease;
use crate::campaign::machine::Doubts;
use crate::checkpoint::CampaignDir;
use crate::durable::{DurableError, sealed};

#[derive(Serialize, Deserialize)]
struct Kept {
    /// The kernel's random name of the boot whose clock the times are of.
    boot: String,
    doubts: Doubts,
}

/// What an earlier frontend of this boot was waiting for; nothing when that cannot be known: then the wait begins anew.
pub(super) fn kept(campaign: &CampaignDir) -> Doubts {
    match sealed::read::<Kept>(&campaign.doubts()) {
        Ok(kept) if !kept.boot.is_empty() && kept.boot == lease::boot() => kept.doubts,
        _ => Doubts::default(),
    }
}

/// Writes them down. Not synced: lost ones only wait anew.
pub(super) fn keep(campaign: &CampaignDir, doubts: &Doubts) -> Result<(), DurableError> {
    let kept = Kept { boot: lease::boot(), doubts: doubts.clone() };
    sealed::replace_unsynced(&campaign.doubts(), &kept)
}
