//! The frozen spec: what the jobs of a campaign go by, whatever becomes of its file.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Spec, Workload};
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

/// What the change of a field means for what is computed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Where files lie: nothing, as long as they are the same files.
    Place,
    /// How jobs run, which of them there are, or what is shown: no bit of a map. It counts for the next attempt of each
    /// chain; jobs that were submitted go on with what they have.
    Job,
    /// What is computed: it belongs to another campaign.
    Science,
}

/// A field that says something else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The field.
    pub field: &'static str,
    /// What that means.
    pub change: Change,
    /// What it said, in RON.
    pub from: String,
    /// What it says now, in RON.
    pub to: String,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {} → {}", self.field, self.from, self.to)
    }
}

/// The fields in which two specs differ, in the order of the file, with what that means; `accept`, which changes no
/// campaign, is none of them.
#[must_use]
pub fn changes(one: &Spec, other: &Spec) -> Vec<Changed> {
    let beyond_places = changed_fields(&without_places(one), &without_places(other));
    let mut changed = changed_fields(one, other);
    for field in &mut changed {
        if !beyond_places.iter().any(|other| other.field == field.field) {
            field.change = Change::Place;
        }
    }
    changed
}

/// The spec with all its paths left out.
fn without_places(spec: &Spec) -> Spec {
    let mut spec = spec.clone();
    spec.output = PathBuf::new();
    spec.inputs_mut().into_iter().for_each(|path| *path = PathBuf::new());
    spec
}

/// The fields in which two specs differ, in the order of the file, each with what a change of more than places means.
fn changed_fields(one: &Spec, other: &Spec) -> Vec<Changed> {
    /// Names, meanings and the RON of each field, so that no field can be forgotten here.
    macro_rules! fields {
        ($($name:ident: $change:ident),* $(,)?) => {{
            // Fails to compile when a field is missing from the list.
            let Spec { accept: _, $($name: _),* } = one;
            vec![$(differ(stringify!($name), Change::$change, &one.$name, &other.$name)),*]
        }};
    }
    let fields: Vec<Option<Changed>> = fields!(
        version: Science,
        name: Job,
        output: Science,
        dem: Science,
        terrain_note: Job,
        region: Science,
        months: Job,
        year: Science,
        months_per_chain: Job,
        temperature: Science,
        reference_height: Science,
        lapse: Science,
        cloud: Science,
        mode: Science,
        products: Science,
        walltime: Job,
        margin: Job,
        checkpoint_every: Job,
        threads: Job,
        pace: Job,
        workload: Science,
        site: Job,
        setup: Job,
        max_links: Job,
        tile: Science,
        sky_view_month: Job,
        storage: Science,
        compression: Science,
        step_minutes: Science,
        solar_constant: Science,
        transmittance: Science,
        atmosphere: Science,
        diffuse: Science,
        albedo: Science,
        azimuths: Science,
        steps: Science,
        c: Science,
        lai: Science,
        lai_max: Science,
    );
    let mut changed: Vec<Changed> = fields.into_iter().flatten().collect();
    if let (Workload::Command(one), Workload::Command(other)) = (&one.workload, &other.workload)
        && let Some(at) = changed.iter().position(|changed| changed.field == "workload")
    {
        changed.splice(at..=at, one.changes(other));
    }
    changed
}

/// A field, if its values differ.
pub(super) fn differ<T: Serialize>(
    field: &'static str,
    change: Change,
    one: &T,
    other: &T,
) -> Option<Changed> {
    // What no RON can say is a path that is no text: it cannot be frozen, and is refused there.
    let ron = |value: &T| ron::to_string(value).unwrap_or_default();
    let (from, to) = (ron(one), ron(other));
    (from != to).then_some(Changed { field, change, from, to })
}
