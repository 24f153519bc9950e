//! What makes a campaign folder this campaign: `campaign.ron`, and the attempts' own files.
//!
//! Both are written before anything outside happens and hold what must survive the loss of the journal: with them no
//! chain can be submitted twice.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::clock;
use crate::batch::Token;
use crate::checkpoint::form::{self, FORM, Head};
use crate::checkpoint::{CampaignDir, ChainDir, ChainId};
use crate::clusters::ClusterChoice;
use crate::durable::{DurableError, atomic, beneath, numbered, sealed};

/// `campaign.ron`: the last file written when a campaign is made, the first one read.
///
/// Its first three fields are those of [`form::Head`], which every later form keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Campaign")]
pub struct Identity {
    /// The form of the folder as it was last written.
    pub form: u32,
    /// The version of the program that brought it to this form.
    pub written_by: String,
    /// The form in which the campaign was made: a field left out of its file means what it meant then.
    pub made: u32,
    /// A random name, the beginning of all tokens: no other campaign has it.
    pub id: String,
    /// The campaign's name.
    pub name: String,
    /// The hash of its frozen spec.
    pub spec: String,
    /// The batch system it is or will be submitted to.
    pub cluster: ClusterChoice,
    /// Milliseconds since 1970: for display only.
    pub created_ms: i64,
}

impl Identity {
    /// A new campaign's.
    #[must_use]
    pub fn new(name: &str, spec: &str, cluster: &ClusterChoice) -> Self {
        Self {
            form: FORM,
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            made: FORM,
            id: clock::random_name(8),
            name: name.to_owned(),
            spec: spec.to_owned(),
            cluster: cluster.clone(),
            created_ms: clock::wall_ms(),
        }
    }

    /// Reads it, in any form up to this program's.
    ///
    /// # Errors
    /// When it is missing, damaged, or of a form that this program does not know.
    pub fn read(campaign: &CampaignDir) -> Result<Self, DurableError> {
        let path = campaign.identity();
        let bytes = beneath::read(&path).map_err(|e| DurableError::io(&path, "read", e))?;
        match Head::decode(&path, &bytes)? {
            head if head.form == form::first() => {
                sealed::decode::<First>(&path, &bytes).map(|first| first.with(head))
            }
            _ => sealed::decode(&path, &bytes),
        }
    }

    /// Writes it, in this program's form. From then on an older program refuses the campaign, so nothing that it does
    /// not know may be written before. Only the lease's holder does this.
    ///
    /// # Errors
    /// When it cannot be written; the former one then still stands.
    pub fn write(&mut self, campaign: &CampaignDir) -> Result<(), DurableError> {
        if self.form < FORM {
            self.form = FORM;
            env!("CARGO_PKG_VERSION").clone_into(&mut self.written_by);
        }
        sealed::replace(&campaign.identity(), self)
    }

    /// A token for an attempt: lower-case letters, digits, dots and dashes, as a job's name may be.
    #[must_use]
    pub fn token(&self, chain: &ChainId, attempt: u32) -> Token {
        Token(format!("{}.{chain}.{attempt}.{}", self.id, clock::random_name(6)))
    }
}

/// `campaign.ron` in form 1.
#[derive(Deserialize)]
#[serde(rename = "Identity")]
struct First {
    id: String,
    name: String,
    spec: String,
    cluster: ClusterChoice,
    created_ms: i64,
}

impl First {
    fn with(self, head: Head) -> Identity {
        let Self { id, name, spec, cluster, created_ms } = self;
        let Head { form, written_by, made } = head;
        Identity { form, written_by, made, id, name, spec, cluster, created_ms }
    }
}

/// `chains/<id>/attempts/NNNN.ron`: created exclusively before the attempt is journalled and submitted. Of two
/// sessions only one can make an attempt's number its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFile {
    /// Its number, from 1.
    pub attempt: u32,
    /// Its token.
    pub token: Token,
    /// The program its jobs run: `bin/alpsckpt-<hash>`.
    pub program: String,
    /// Milliseconds since 1970: for display only.
    pub at_ms: i64,
    /// The nodes that it leaves out: the chain's program does not go on there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not_on: BTreeSet<String>,
}

/// Digits of an attempt's number in the name of its file, at least.
const WIDTH: usize = 4;

impl AttemptFile {
    fn path(chain: &ChainDir, attempt: u32) -> PathBuf {
        chain.attempts().join(format!("{attempt:0WIDTH$}.ron"))
    }

    /// Makes the attempt's number its own; `Ok(false)` when another session has it already.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(&self, chain: &ChainDir) -> Result<bool, DurableError> {
        atomic::create_folder(&chain.attempts())?;
        sealed::create_exclusive(&Self::path(chain, self.attempt), self)
    }

    /// Reads one attempt's file.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn read(chain: &ChainDir, attempt: u32) -> Result<Self, DurableError> {
        sealed::read(&Self::path(chain, attempt))
    }

    /// The numbers of all attempts on disk, in order.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn numbers(chain: &ChainDir) -> Result<Vec<u32>, DurableError> {
        numbered::of_kind(&chain.attempts(), WIDTH, "ron")
    }
}
