//! What `check` has seen of inputs, kept so that what has not changed is not looked at again.
//!
//! It lies with the campaign, or in the person's state folder until there is one. What is lost or cannot be read is looked at
//! again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::campaign::identity::Identity;
use crate::campaign::registry;
use crate::checkpoint::CampaignDir;
use crate::durable::{DurableError, atomic, sealed};
use crate::engine::FileSurvey;

/// The most that is kept: a file for each month of some campaigns.
const MOST: usize = 64;

/// The file's content, the newest first.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Checked {
    seen: Vec<FileSurvey>,
}

/// What was seen of the inputs of a campaign with this output folder.
pub(super) fn of(output: &Path) -> Vec<FileSurvey> {
    std::iter::once(in_campaign(output)).chain(in_state()).flat_map(|place| read(&place)).collect()
}

/// Keeps what was seen now before what is kept already.
pub(super) fn keep(output: &Path, seen: &[FileSurvey]) -> Result<(), DurableError> {
    // A campaign that cannot be read, as one of a later form, is left as it is.
    let begun = Identity::read(&CampaignDir::new(output)).is_ok();
    let Some(place) = (if begun { Some(in_campaign(output)) } else { in_state() }) else { return Ok(()) };
    let kept = read(&place);
    let mut all = seen.to_vec();
    all.extend(kept.iter().filter(|old| !seen.contains(old)).cloned());
    all.truncate(MOST);
    if all == kept {
        return Ok(());
    }
    atomic::create_folder(place.parent().unwrap_or(Path::new("/")))?;
    sealed::replace(&place, &Checked { seen: all })
}

fn read(place: &Path) -> Vec<FileSurvey> {
    sealed::read::<Checked>(place).unwrap_or_default().seen
}

fn in_campaign(output: &Path) -> PathBuf {
    CampaignDir::new(output).state().join("checked.ron")
}

fn in_state() -> Option<PathBuf> {
    Some(registry::state_folder()?.join("checked.ron"))
}
