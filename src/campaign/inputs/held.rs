//! What chains hold that was made from their inputs.

use std::collections::BTreeMap;
use std::path::Path;

use super::Inputs;
use crate::checkpoint::{CampaignDir, ChainDir, ChainId, Complete, Generation, LinkNumber, fence, form};
use crate::durable::{DurableError, beneath};

/// What is to be said when a chain begins anew from these inputs: other chains hold work that was made from other files.
///
/// # Errors
/// When the campaign's folder cannot be read.
pub fn left_behind(
    campaign: &CampaignDir,
    chain: &ChainId,
    inputs: &Inputs,
) -> Result<Vec<String>, DurableError> {
    let mut by_file: BTreeMap<&Path, Vec<String>> = BTreeMap::new();
    for other in chains(campaign)?.into_iter().filter(|other| other != chain) {
        let dir = campaign.chain(&other);
        let theirs = Inputs::newest(&dir).unwrap_or_default();
        if !holds_work(&dir, theirs.after).unwrap_or(false) {
            continue;
        }
        for file in &inputs.files {
            let before = theirs.files.iter().find(|before| before.role == file.role);
            if before.is_some_and(|before| before.identity.difference(&file.identity).is_some()) {
                by_file.entry(&file.path).or_default().push(other.to_string());
            }
        }
    }
    let said = |(file, mut chains): (&Path, Vec<String>)| {
        chains.sort();
        chains.dedup();
        let (file, chains) = (file.display(), chains.join(", "));
        format!(
            "{chains}: computed from {file} as it was before; beside the new maps theirs are of the former file"
        )
    };
    Ok(by_file.into_iter().map(said).collect())
}

/// The chain has tiles or maps that count.
pub(in crate::campaign) fn holds_work(dir: &ChainDir, after: u32) -> Result<bool, DurableError> {
    Ok(is_complete(dir, after) || newest_sealed(dir, LinkNumber(after))?.is_some())
}

/// Whether the chain was completed after it was begun anew, if it was.
#[must_use]
pub fn is_complete(dir: &ChainDir, after: u32) -> bool {
    form::read::<Complete>(&dir.complete()).is_ok_and(|complete| complete.link.0 > after)
}

/// The newest manifest that can be read and counts, if it holds tiles.
pub(super) fn newest_sealed(dir: &ChainDir, after: LinkNumber) -> Result<Option<Generation>, DurableError> {
    let numbers = fence::generations(dir)?;
    for number in numbers.into_iter().rev() {
        match Generation::read(dir, number) {
            Ok(generation) if generation.link > after => {
                return Ok(Some(generation).filter(Generation::holds_work));
            }
            Ok(_) | Err(DurableError::Damaged { .. }) => {}
            Err(e) if e.is_missing() => {}
            // A disk that is out of reach, or a newer form, says nothing about what is sealed.
            Err(e) => return Err(e),
        }
    }
    Ok(None)
}

pub(super) fn chains(campaign: &CampaignDir) -> Result<Vec<ChainId>, DurableError> {
    let names = beneath::names_if_any(&campaign.chains())?;
    Ok(names.iter().filter_map(|name| ChainId::parse(&name.to_string_lossy())).collect())
}
