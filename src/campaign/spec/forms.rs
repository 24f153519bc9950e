//! What a field left out of a campaign file means, by the form in which its campaign was made.
//!
//! The defaults of [`Spec`]'s fields are those of form 1, for ever: frozen specs rely on them. A younger default is set
//! here, for campaigns made in its form or later, and so never changes one that was begun.

use super::Spec;
use super::fields::FieldAt;
use crate::checkpoint::{CampaignDir, form};
use crate::engine::Storage;

/// The newest version of the campaign file that is known.
pub(super) const VERSION: u32 = 1;

/// Gives the fields left out of the file what they mean in the campaign that lies at `output`; where there is none yet,
/// what they mean in a new one.
pub(super) fn fill(spec: &mut Spec, given: &[FieldAt]) {
    let made = form::made(&CampaignDir::new(&spec.output));
    fill_as_of(made, DEFAULTS, spec, given);
}

/// As [`fill`], for a campaign made in form `made`.
fn fill_as_of(made: u32, defaults: &[Default], spec: &mut Spec, given: &[FieldAt]) {
    for default in defaults {
        if made >= default.since && !given.iter().any(|field| field.path == default.field) {
            (default.set)(spec);
        }
    }
}

/// A default that is not form 1's.
struct Default {
    /// The form from which on it counts.
    since: u32,
    /// The field.
    field: &'static str,
    set: fn(&mut Spec),
}

/// In the order of the forms.
const DEFAULTS: &[Default] =
    &[Default { since: 2, field: "storage", set: |spec| spec.storage = Storage::Rounded }];

/// The version that a campaign file says, found without reading the rest of it, which a later version may change.
pub(super) fn version(text: &str, index: &[FieldAt]) -> Option<u32> {
    let field = index.iter().find(|field| field.path == "version")?;
    let (_, value) = text.get(field.start..field.end)?.split_once(':')?;
    value.trim().trim_end_matches(',').trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::{fields, load};
    use super::*;
    use crate::campaign::identity::Identity;
    use crate::clusters::ClusterChoice;
    use crate::durable::{atomic, sealed};

    const SHORT: &str = r#"(version: 1, name: "a", output: "out", dem: "dem.tif", months: [1], year: 2018,
        walltime: "01:00:00", margin: "00:10:00")"#;

    #[test]
    fn a_younger_default_counts_from_its_form_on_and_only_for_fields_left_out() {
        let younger = [Default { since: 2, field: "max_links", set: |spec| spec.max_links = 9 }];
        let links = |made: u32, text: &str| {
            let mut spec = load::parse(std::path::Path::new("my.ron"), text).unwrap().spec;
            fill_as_of(made, &younger, &mut spec, &fields::index(text).0);
            spec.max_links
        };
        let given = SHORT.replace("year", "max_links: 30, year");
        assert_eq!((links(1, SHORT), links(2, SHORT), links(3, SHORT)), (50, 9, 9));
        assert_eq!((links(1, &given), links(2, &given)), (30, 30));
    }

    #[test]
    fn maps_are_rounded_floats_in_new_campaigns_and_integers_in_those_of_the_first_form() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("my.ron");
        let storage = |text: &str| load::parse(&file, text).unwrap().spec.storage;
        let asked = SHORT.replace("year", "storage: Float32, year");
        assert_eq!((storage(SHORT), storage(&asked)), (Storage::Rounded, Storage::Float32));
        let campaign = CampaignDir::new(&folder.path().join("out"));
        atomic::create_folder(&campaign.state()).unwrap();
        let mut identity = Identity::new("a", "0123456789ab", &ClusterChoice::Oar);
        for (made, expected) in [(1, Storage::Integer), (2, Storage::Rounded)] {
            identity.made = made;
            identity.write(&campaign).unwrap();
            assert_eq!(
                (storage(SHORT), storage(&asked)),
                (expected, Storage::Float32),
                "made in form {made}"
            );
        }
    }

    #[test]
    fn the_form_in_which_a_campaign_was_made_is_that_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let campaign = CampaignDir::new(folder.path());
        assert_eq!(form::made(&campaign), form::FORM, "a new one");
        atomic::create_folder(&campaign.state()).unwrap();
        let mut identity = Identity::new("a", "0123456789ab", &ClusterChoice::Oar);
        identity.made = 1;
        identity.write(&campaign).unwrap();
        assert_eq!((form::made(&campaign), Identity::read(&campaign).unwrap()), (1, identity));
        std::fs::write(campaign.identity(), "damaged").unwrap();
        assert_eq!(form::made(&campaign), form::FORM);
        sealed::replace(&campaign.identity(), &(1, 2)).unwrap();
        assert!(Identity::read(&campaign).is_err());
    }
}
