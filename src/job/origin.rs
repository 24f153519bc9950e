//! Where a link comes from: which campaign, and which submission of its chain. A job that is not the chain's present one
//! does not begin, and so fences nobody; one that is counts its links, whoever looks on.

use crate::campaign::identity::{AttemptFile, Identity};
use crate::checkpoint::form;
use crate::checkpoint::{
    CampaignDir, ChainDir, ExitClass, Generation, GenerationNumber, LinkEnd, LinkNumber, LinkStart, fence,
};
use crate::durable::sealed;
use crate::quantity::Unit;

use super::failure::LinkFailure;

/// What a job knows of its own submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The campaign's own name when it was submitted; `None`: unknown.
    pub campaign: Option<String>,
    /// The job's name: the token of its attempt; empty: it has none.
    pub job_name: String,
    /// The number that the batch system gives a job and all that are resubmitted from it; empty outside of one.
    pub array: String,
}

impl Origin {
    /// The submission that a link of this origin belongs to: see [`LinkStart::submission`].
    ///
    /// # Errors
    /// When the folder belongs to another campaign, or the chain was submitted again after this job; what cannot be read
    /// stands in nobody's way.
    pub(super) fn admit(&self, campaign: &CampaignDir, dir: &ChainDir) -> Result<String, LinkFailure> {
        self.of_this_campaign(campaign)?;
        let numbers = AttemptFile::numbers(dir).unwrap_or_default();
        let token_of = |number: &u32| AttemptFile::read(dir, *number).ok().map(|file| file.token.0);
        let own = numbers.iter().rev().find(|number| token_of(number).as_ref() == Some(&self.job_name));
        match (own, numbers.last()) {
            (Some(own), Some(last)) if own < last => Err(LinkFailure::Superseded { own: *own, last: *last }),
            (Some(_), _) => Ok(self.job_name.clone()),
            // Submitted by hand.
            _ if self.array.is_empty() => Ok(String::new()),
            _ => Ok(format!("array {}", self.array)),
        }
    }

    fn of_this_campaign(&self, campaign: &CampaignDir) -> Result<(), LinkFailure> {
        let Some(own) = &self.campaign else { return Ok(()) };
        // A later program may have changed the form of the folder meanwhile: its jobs go on all the same.
        match Identity::read(campaign) {
            Ok(found) if found.id != *own => Err(LinkFailure::Foreign(format!(
                "{}: the campaign here is another one by now ({}, this job is of {own}): nothing was written (delete this job; \
                 the campaign has jobs of its own)",
                campaign.identity().display(),
                found.id,
            ))),
            _ => Ok(()),
        }
    }
}

/// Why a chain must not be resubmitted, although it was sealed in good order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Limit {
    /// Its submission had so many links.
    TooManyLinks(u64),
    /// Two links in a row sealed nothing beyond so many tiles.
    NoProgress(u64),
}

impl Limit {
    pub(super) fn class(&self) -> ExitClass {
        match self {
            Self::TooManyLinks(_) => ExitClass::TooManyLinks,
            Self::NoProgress(_) => ExitClass::NoProgress,
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooManyLinks(links) => {
                write!(f, "{links} links did not complete the chain: the limit is max_links")
            }
            Self::NoProgress(tiles) => {
                write!(f, "two links in a row sealed no tile: {tiles} before and after")
            }
        }
    }
}

/// The limit that a link is beyond from its beginning, as when the one before it was resubmitted for another reason than a
/// checkpoint.
pub(super) fn exceeded(dir: &ChainDir, own: &LinkStart, max_links: u32) -> Option<Limit> {
    let before = if own.submission.is_empty() { 0 } else { of_the_same_submission(dir, own).len() as u64 };
    (before >= u64::from(max_links)).then_some(Limit::TooManyLinks(before))
}

/// The limit that a link reaches by leaving for a resubmission with this sealed; a link outside of the batch system reaches
/// none.
pub(super) fn reached(
    dir: &ChainDir,
    own: &LinkStart,
    sealed: (Option<GenerationNumber>, u64),
    unit: Unit,
    max_links: u32,
) -> Option<Limit> {
    if own.submission.is_empty() {
        return None;
    }
    let before = of_the_same_submission(dir, own);
    let links = before.len() as u64 + 1;
    if links >= u64::from(max_links) {
        return Some(Limit::TooManyLinks(links));
    }
    let maps = |generation: Option<_>| {
        let read = generation.and_then(|g| Generation::read(dir, g).ok());
        read.map(|generation| generation.maps.len())
    };
    // A program whose own count stands still has got on all the same: each image is of a later moment.
    let held = |tiles: u64, generation: Option<GenerationNumber>, unit: Unit| {
        (tiles, maps(generation), generation.filter(|_| !unit.is_tiles()))
    };
    let sealed_by = |link: &LinkNumber| {
        let end: LinkEnd = sealed::read(&dir.link_end(*link)).ok()?;
        (end.class == ExitClass::Checkpointed).then(|| held(end.tiles, end.sealed, end.unit))
    };
    let now = Some(held(sealed.1, sealed.0, unit));
    match before.as_slice() {
        [one, two, ..] if sealed_by(one) == now && sealed_by(two) == now => Some(Limit::NoProgress(sealed.1)),
        _ => None,
    }
}

/// The links before this one that the same submission made, the last first.
fn of_the_same_submission(dir: &ChainDir, own: &LinkStart) -> Vec<LinkNumber> {
    let all = fence::all(dir).unwrap_or_default();
    let before = all.into_iter().rev().filter(|link| *link < own.link);
    let same = |link: &LinkNumber| {
        form::read::<LinkStart>(&dir.link_start(*link))
            .map_or(true, |start| start.submission == own.submission)
    };
    before.take_while(same).collect()
}
