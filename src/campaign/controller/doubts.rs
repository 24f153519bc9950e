//! Doubts and heartbeats from one session to the next.
//!
//! A script that asks `alpsckpt status` now and then is a new process each time: what it is not yet sure of goes on in
//! a file. The times in it are of the monotonic clock of one boot of one machine and mean nothing elsewhere. It is the one
//! file that looking writes; without it, or after a race for it, a wait begins anew.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::disk::Beat;
use super::{ControlError, Controller};
use crate::campaign::machine::{Doubts, Stage};
use crate::checkpoint::ChainId;
use crate::durable::sealed;
use crate::host::Host;

/// A heartbeat that goes on is written down once in so many milliseconds: it tells later that it stopped.
const BEAT_EVERY_MS: u64 = 60_000;

/// `doubts.ron`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The kernel's random name of the boot whose clock the times are of.
    boot: String,
    doubts: Doubts,
    /// The heartbeats of links that run.
    #[serde(default)]
    pub(super) beats: BTreeMap<ChainId, Beat>,
}

impl Controller {
    /// Goes on with what an earlier session of this boot was waiting for; where that cannot be known the wait begins anew.
    pub(super) fn remember_doubts(&mut self) {
        if let Ok(kept) = sealed::read::<Kept>(&self.campaign.doubts())
            && !kept.boot.is_empty()
            && kept.boot == Host::this().boot
        {
            self.doubts = kept.doubts.clone();
            self.kept = kept;
        }
    }

    /// Writes them down when they changed. Not synced: lost ones only wait anew.
    pub(super) fn keep_doubts(&mut self) -> Result<(), ControlError> {
        let mut beats = self.kept.beats.clone();
        for (chain, files) in &self.files {
            // Only of a job that may still live.
            let lives = matches!(
                self.state.chain(chain).stage,
                Stage::Unknown | Stage::Live | Stage::Stopping { .. }
            );
            let Some(beat) = files.heartbeat().filter(|_| lives) else { continue };
            let young = |kept: &Beat| beat.since_ms.saturating_sub(kept.since_ms) < BEAT_EVERY_MS;
            let stands = beats.get(chain).is_some_and(|kept| {
                let same = kept.counter == beat.counter && kept.since_ms == beat.since_ms;
                kept.link == beat.link && (same || young(kept))
            });
            if !stands {
                beats.insert(chain.clone(), beat);
            }
        }
        if !self.writable
            || self.newer.is_some()
            || (self.doubts == self.kept.doubts && beats == self.kept.beats)
        {
            return Ok(());
        }
        let kept = Kept { boot: Host::this().boot, doubts: self.doubts.clone(), beats };
        let written = sealed::replace_unsynced(&self.campaign.doubts(), &kept);
        if self.journal.is_some() {
            written?;
        }
        self.kept = kept;
        Ok(())
    }
}
