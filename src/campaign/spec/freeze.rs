//! The frozen spec: what the jobs of a campaign go by, whatever becomes of its file.

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

/// The fields in which two specs differ, in the order of the file; `accept`, which changes no campaign, is none of them.
#[must_use]
pub fn changed_fields(one: &Spec, other: &Spec) -> Vec<&'static str> {
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
