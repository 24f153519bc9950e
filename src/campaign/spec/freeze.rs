//! The frozen spec: what the jobs of a campaign go by, whatever becomes of its file.

use std::path::PathBuf;

use serde::Serialize;
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

/// Hashes of earlier frozen specs whose tiles count as those of the present one: the same work in another place.
///
/// # Errors
/// When the record is there and cannot be read.
pub fn lineage(campaign: &CampaignDir) -> Result<Vec<String>, DurableError> {
    match sealed::read(&campaign.lineage()) {
        Err(e) if e.is_missing() => Ok(Vec::new()),
        other => other,
    }
}

/// Has the tiles of a frozen spec count as those of the present one from now on.
///
/// # Errors
/// When the record cannot be read or written.
pub fn extend_lineage(campaign: &CampaignDir, hash: &str) -> Result<(), DurableError> {
    let mut lineage = lineage(campaign)?;
    if lineage.iter().any(|known| known == hash) {
        return Ok(());
    }
    lineage.push(hash.to_owned());
    sealed::replace(&campaign.lineage(), &lineage)
}

/// What the change of a field means for what is computed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Where files lie: nothing, as long as they are the same files.
    Place,
    /// What is computed: it belongs to another campaign.
    Science,
}

/// The fields in which two specs differ, in the order of the file, with what that means; `accept`, which changes no
/// campaign, is none of them.
#[must_use]
pub fn changes(one: &Spec, other: &Spec) -> Vec<(&'static str, Change)> {
    let beyond_places = changed_fields(&without_places(one), &without_places(other));
    let change = |name| if beyond_places.contains(&name) { Change::Science } else { Change::Place };
    changed_fields(one, other).into_iter().map(|name| (name, change(name))).collect()
}

/// The spec with all its paths left out.
fn without_places(spec: &Spec) -> Spec {
    let mut spec = spec.clone();
    spec.output = PathBuf::new();
    spec.inputs_mut().into_iter().for_each(|path| *path = PathBuf::new());
    spec
}

/// The fields in which two specs differ, in the order of the file; `accept`, which changes no campaign, is none of them.
fn changed_fields(one: &Spec, other: &Spec) -> Vec<&'static str> {
    /// Names and the RON of each field, so that no field can be forgotten here.
    macro_rules! fields {
        ($($name:ident),* $(,)?) => {{
            // Fails to compile when a field is missing from the list.
            let Spec { accept: _, $($name: _),* } = one;
            vec![$((stringify!($name), same(&one.$name, &other.$name))),*]
        }};
    }
    fn same<T: Serialize>(a: &T, b: &T) -> bool {
        ron::to_string(a).ok() == ron::to_string(b).ok()
    }
    let fields = fields!(
        version,
        name,
        output,
        dem,
        terrain_note,
        region,
        months,
        year,
        months_per_chain,
        temperature,
        reference_height,
        lapse,
        cloud,
        mode,
        products,
        walltime,
        margin,
        checkpoint_every,
        threads,
        pace,
        workload,
        site,
        setup,
        max_links,
        tile,
        storage,
        compression,
        step_minutes,
        solar_constant,
        transmittance,
        atmosphere,
        diffuse,
        albedo,
        azimuths,
        steps,
        c,
        lai,
        lai_max,
    );
    fields.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}
