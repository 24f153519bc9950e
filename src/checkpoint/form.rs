//! The form of a campaign's folder: one number for all its files, raised when an older program could go wrong on them.
//!
//! `campaign.ron` says the form of the folder and is read before everything else; records of links, generations and
//! finished maps say the form of the program that wrote them, for a job goes by no `campaign.ron`. A form that is too new is
//! refused and nothing is touched; every older one is read. Each form is kept as a folder in `tests/data/forms`.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::durable::{DurableError, beneath, sealed};
use crate::layout::CampaignDir;

/// The form that this program writes.
///
/// 1: all builds of version 0.1.0. 2: `campaign.ron` is a `Campaign(…)`, records of a chain say their form.
/// 3: version 0.3.0.
pub const FORM: u32 = 3;

/// The form of a record that says none.
#[must_use]
pub fn first() -> u32 {
    1
}

/// The engine's number before there was one.
pub(super) fn first_numerics() -> u32 {
    1
}

/// The version that wrote form 1.
const FIRST_VERSION: &str = "0.1.0";

/// Refuses what a program of a later form wrote.
///
/// # Errors
/// [`DurableError::UnknownForm`] when `form` is higher than [`FORM`]; it names the version to use.
pub fn known(path: &Path, form: u32, written_by: &str) -> Result<(), DurableError> {
    if form <= FORM {
        return Ok(());
    }
    let own = env!("CARGO_PKG_VERSION");
    let (by, cure) = match written_by {
        "" => ("a newer alpsckpt".to_owned(), "use that one".to_owned()),
        version => (format!("alpsckpt {version}"), format!("use alpsckpt {version} or newer")),
    };
    let what = format!(
        "form {form}, written by {by}; this is alpsckpt {own}, which knows forms up to {FORM}: {cure}. Nothing was changed here"
    );
    Err(DurableError::unknown_form(path, what))
}

/// A record that says by which form it was written.
pub trait Formed {
    /// The form.
    fn form(&self) -> u32;
    /// The version of the program that wrote it.
    fn written_by(&self) -> &str;
}

/// Reads a record of a chain.
///
/// # Errors
/// When it is missing, damaged, or of a form that this program does not know.
pub fn read<T: DeserializeOwned + Formed>(path: &Path) -> Result<T, DurableError> {
    let record: T = sealed::read(path)?;
    known(path, record.form(), record.written_by())?;
    Ok(record)
}

/// What any `campaign.ron` says of its form, later ones too: its other fields may be any.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename = "Campaign")]
pub struct Head {
    /// The form of the folder.
    pub form: u32,
    /// The version of the program that brought the folder to this form.
    pub written_by: String,
    /// The form in which the campaign was made.
    pub made: u32,
}

/// The same of form 1.
#[derive(Deserialize)]
#[serde(rename = "Identity")]
struct FirstHead {
    version: u32,
}

impl Head {
    /// Of the bytes of a `campaign.ron`.
    ///
    /// # Errors
    /// When they are damaged, or of a form that this program does not know.
    pub fn decode(path: &Path, bytes: &[u8]) -> Result<Self, DurableError> {
        let head = sealed::decode::<Self>(path, bytes).or_else(|e| {
            let first: FirstHead = sealed::decode(path, bytes).map_err(|_| e)?;
            let written_by = if first.version == 1 { FIRST_VERSION } else { "" };
            Ok(Self { form: first.version, written_by: written_by.to_owned(), made: 1 })
        })?;
        known(path, head.form, &head.written_by)?;
        Ok(head)
    }
}

/// The form in which the campaign in this folder was made; [`FORM`] where there is none yet, or none that can be read.
#[must_use]
pub fn made(campaign: &CampaignDir) -> u32 {
    let path = campaign.identity();
    let head = beneath::read(&path).ok().and_then(|bytes| Head::decode(&path, &bytes).ok());
    head.map_or(FORM, |head| head.made)
}
