//! The chains of a campaign as it goes by them: what its frozen spec says, held against the record of each (`chain.ron`).
//!
//! The records are written by who holds the lease, before anything of a chain is submitted. A campaign older than such records
//! has none: its chains are what its frozen spec says, and whoever only looks, as a job does, takes that. A record of a
//! chain that was not begun follows the campaign's file.

use super::spec::Spec;
use crate::checkpoint::{CampaignDir, Chain, ChainDir, ChainId, fence};
use crate::durable::DurableError;
use crate::shell_words::word;

/// Why the chains of a campaign are not known.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A record cannot be read.
    #[error(transparent)]
    File(#[from] DurableError),
    /// A record is not what was written, or another chain's.
    #[error("{what}")]
    Damaged {
        /// Which, and why.
        what: String,
        /// What to do.
        cure: String,
    },
    /// What was begun is not what the frozen spec says, or that has no such chain.
    #[error("{what}")]
    Foreign {
        /// What does not fit.
        what: String,
        /// What to do.
        cure: String,
    },
}

impl ChainError {
    /// With what to do about it, in one sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::File(e) => e.to_string(),
            Self::Damaged { what, cure } | Self::Foreign { what, cure } => format!("{what} ({cure})"),
        }
    }
}

/// The chains of a campaign, in the order of its spec.
///
/// # Errors
/// When a record is there and cannot be trusted, or does not fit the spec although its chain was begun.
pub fn of(campaign: &CampaignDir, spec: &Spec) -> Result<Vec<Chain>, ChainError> {
    spec.chains().into_iter().map(|chain| held_to(campaign, chain)).collect()
}

/// The chain that a job is of.
///
/// # Errors
/// As [`of`]; also when the spec has no such chain.
pub fn one(campaign: &CampaignDir, spec: &Spec, id: &ChainId) -> Result<Chain, ChainError> {
    let chain = spec.chains().into_iter().find(|chain| chain.id == *id);
    let chain = chain.ok_or_else(|| {
        let there = spec.chains().iter().map(|chain| chain.id.to_string()).collect::<Vec<_>>().join(", ");
        ChainError::Foreign {
            what: format!("the campaign file of this job has no chain {id}: it has {there}"),
            cure: format!("see `alpsckpt status {}`", word(campaign.output().as_os_str())),
        }
    })?;
    held_to(campaign, chain)
}

/// Writes the records that are missing, and anew those of chains that are another since and were not begun. Only who makes the
/// campaign or holds its lease does this.
///
/// # Errors
/// As [`of`]; also when a record cannot be written.
pub fn record(campaign: &CampaignDir, spec: &Spec) -> Result<Vec<Chain>, ChainError> {
    let chains = of(campaign, spec)?;
    for chain in &chains {
        let dir = campaign.chain(&chain.id);
        if Chain::read(&dir, &chain.id).ok().as_ref() != Some(chain) {
            chain.write(&dir)?;
        }
    }
    Ok(chains)
}

/// A chain of the spec, unless its record says that another was begun.
fn held_to(campaign: &CampaignDir, chain: Chain) -> Result<Chain, ChainError> {
    let dir = campaign.chain(&chain.id);
    match Chain::read(&dir, &chain.id) {
        Ok(recorded) if recorded == chain => Ok(chain),
        Ok(recorded) if is_begun(&dir) => Err(ChainError::Foreign {
            what: format!(
                "{}: {} was begun as {}, and the campaign file makes it {}",
                dir.record().display(),
                chain.id,
                words(&recorded),
                words(&chain)
            ),
            cure: "set the campaign file back to what it was, or write a new `output` in it".to_owned(),
        }),
        Ok(_) => Ok(chain),
        Err(e) if e.is_missing() => Ok(chain),
        Err(e @ DurableError::Damaged { .. }) => Err(ChainError::Damaged {
            what: e.to_string(),
            cure: format!(
                "remove this file: what {} is stands in the campaign's frozen file as well, and is written here anew with the next \
                 submission",
                chain.id
            ),
        }),
        Err(e) => Err(e.into()),
    }
}

/// A link began. Until then the campaign's file may make another of it, also after a submission that was refused.
fn is_begun(dir: &ChainDir) -> bool {
    !matches!(fence::newest(dir), Ok(None))
}

/// What a chain is, in words.
fn words(chain: &Chain) -> String {
    let made = if chain.products.is_empty() { "a program".to_owned() } else { chain.products.join(", ") };
    format!("{} of {made}", chain.label())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::campaign::spec;
    use crate::durable::atomic;

    fn spec() -> Spec {
        spec::parse(Path::new("/x/a.ron"), spec::template()).unwrap().spec
    }

    fn january() -> ChainId {
        ChainId::of_months(&[1])
    }

    #[test]
    fn records_are_written_once_and_say_what_the_spec_says() {
        let folder = tempfile::tempdir().unwrap();
        let (campaign, spec) = (CampaignDir::new(folder.path()), spec());
        // Who looks writes nothing.
        assert_eq!(of(&campaign, &spec).unwrap(), spec.chains());
        assert_eq!(one(&campaign, &spec, &january()).unwrap(), spec.chains()[0]);
        assert!(!campaign.chains().exists());
        assert_eq!(record(&campaign, &spec).unwrap(), spec.chains());
        for chain in spec.chains() {
            assert_eq!(Chain::read(&campaign.chain(&chain.id), &chain.id).unwrap(), chain);
        }
        let stranger = one(&campaign, &spec, &ChainId::parse("m13").unwrap()).unwrap_err();
        assert!(
            matches!(&stranger, ChainError::Foreign { what, .. } if what.contains("no chain m13")),
            "{stranger}"
        );
    }

    #[test]
    fn a_record_follows_the_file_until_its_chain_is_begun() {
        let folder = tempfile::tempdir().unwrap();
        let (campaign, spec) = (CampaignDir::new(folder.path()), spec());
        record(&campaign, &spec).unwrap();
        let dir = campaign.chain(&january());
        let mut fewer = spec.clone();
        fewer.products.truncate(1);
        record(&campaign, &fewer).unwrap();
        assert_eq!(Chain::read(&dir, &january()).unwrap(), fewer.chains()[0]);
        assert_ne!(fewer.chains()[0], spec.chains()[0]);
        // A link is enough, be its record readable or not.
        atomic::create_folder(&dir.links()).unwrap();
        std::fs::write(dir.links().join("0001.ron"), "").unwrap();
        for refused in [
            of(&campaign, &spec),
            record(&campaign, &spec),
            one(&campaign, &spec, &january()).map(|c| vec![c]),
        ] {
            let refused = refused.unwrap_err();
            let words = refused.words();
            assert!(matches!(refused, ChainError::Foreign { .. }), "{words}");
            assert!(words.contains("m01 was begun as m01 of") && words.contains("chain.ron"), "{words}");
            assert!(words.contains("set the campaign file back"), "{words}");
        }
        assert_eq!(Chain::read(&dir, &january()).unwrap(), fewer.chains()[0], "nothing was written");
        // What it was is taken again.
        assert_eq!(of(&campaign, &fewer).unwrap(), fewer.chains());
    }

    #[test]
    fn a_damaged_record_is_told_and_its_cure_works() {
        let folder = tempfile::tempdir().unwrap();
        let (campaign, spec) = (CampaignDir::new(folder.path()), spec());
        record(&campaign, &spec).unwrap();
        let file = campaign.chain(&january()).record();
        let good = std::fs::read_to_string(&file).unwrap();
        let other = std::fs::read(campaign.chain(&ChainId::of_months(&[2])).record()).unwrap();
        let flipped = good.replacen("Total", "Solar", 1).into_bytes();
        for bad in [flipped, good.as_bytes()[..40].to_vec(), Vec::new(), other] {
            std::fs::write(&file, bad).unwrap();
            let told = of(&campaign, &spec).unwrap_err();
            let words = told.words();
            assert!(matches!(told, ChainError::Damaged { .. }), "{words}");
            assert!(
                words.contains("m01/chain.ron: damaged: ") && words.contains("(remove this file: "),
                "{words}"
            );
            std::fs::remove_file(&file).unwrap();
            assert_eq!(of(&campaign, &spec).unwrap(), spec.chains());
            record(&campaign, &spec).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), good);
        }
    }
}
