//! The frozen spec: what the jobs of a campaign go by, whatever becomes of its file.

use sha2::{Digest, Sha256};

use super::Spec;
use crate::checkpoint::CampaignDir;
use crate::durable::{DurableError, sealed};

/// A spec in the form that never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The first 12 hexadecimal digits of the SHA-256 of `text`.
    pub hash: String,
    /// The spec in RON on one line, each field in its place.
    pub text: String,
}

/// The canonical form of a spec and its hash.
///
/// # Errors
/// When a path of the spec is not text in UTF-8.
pub fn freeze(spec: &Spec) -> Result<Frozen, ron::Error> {
    let text = ron::to_string(spec)?;
    Ok(Frozen { hash: short_hash(text.as_bytes()), text })
}

/// The first 12 hexadecimal digits of the SHA-256 of `bytes`.
#[must_use]
pub(crate) fn short_hash(bytes: &[u8]) -> String {
    let number = Sha256::digest(bytes).iter().take(6).fold(0u64, |n, b| (n << 8) | u64::from(*b));
    format!("{number:012x}")
}

/// The frozen spec of a campaign, verified against its hash.
///
/// # Errors
/// When it is missing, damaged, or another one.
pub fn frozen(campaign: &CampaignDir, hash: &str) -> Result<Spec, DurableError> {
    let path = campaign.spec(hash);
    let spec: Spec = sealed::read(&path)?;
    match freeze(&spec) {
        Ok(again) if again.hash == hash => Ok(spec),
        _ => Err(DurableError::damaged(&path, "its content does not have the hash that its name says")),
    }
}

/// Hashes of frozen specs whose tiles count as those of the present one: the same work in another place, or by other jobs.
///
/// # Errors
/// When the record is there and cannot be read.
pub fn lineage(campaign: &CampaignDir) -> Result<Vec<String>, DurableError> {
    match sealed::read(&campaign.lineage()) {
        Err(e) if e.is_missing() => Ok(Vec::new()),
        other => other,
    }
}

/// Has the tiles of these frozen specs count as those of each other from now on.
///
/// # Errors
/// When the record cannot be read or written.
pub fn extend_lineage(campaign: &CampaignDir, hashes: [&str; 2]) -> Result<(), DurableError> {
    let known = lineage(campaign)?;
    let mut all = known.clone();
    for hash in hashes {
        if !all.iter().any(|known| known == hash) {
            all.push(hash.to_owned());
        }
    }
    if all == known { Ok(()) } else { sealed::replace(&campaign.lineage(), &all) }
}
