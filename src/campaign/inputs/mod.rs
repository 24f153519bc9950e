//! What the inputs of a chain were, and whether they still are: `inputs.ron`, `links/NNNN.inputs.ron`.
//!
//! Recorded when the campaign is made and by each link; compared by the next. A file that has the stamp that it had is
//! taken to be what it was; else its quick identity is compared, and where that leaves a doubt the blocks that the sealed
//! tiles came from are read again and decide.

mod check;
mod held;
mod way_on;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::spec::{Spec, short_hash};
use crate::checkpoint::{Chain, ChainDir, InputBlock, fence};
use crate::durable::{DurableError, sealed};
use crate::engine::geotiff::ReadBlock;
use crate::engine::identity::{self, FileIdentity};

pub use check::{CheckError, Checked, Depth, check};
pub(in crate::campaign) use held::holds_work;
pub use held::{is_complete, left_behind};
pub use way_on::{months_of, way_on};

/// The inputs of a chain at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inputs {
    /// The chain was begun anew after this link: what it and earlier ones left does not count. 0: never.
    pub after: u32,
    /// The files.
    pub files: Vec<InputFile>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// What it is to the chain: see [`Spec::inputs_of`].
    pub role: String,
    /// Where it lay.
    pub path: PathBuf,
    /// What it was.
    pub identity: FileIdentity,
    /// The link that recorded it first; 0: it was recorded when the campaign was made or the chain begun anew.
    pub since_link: u32,
    /// When, milliseconds since 1970.
    pub since_ms: i64,
}

impl Inputs {
    /// Looks at the files of a chain. One that cannot be read is left out: whoever needs it says what is wrong with it.
    #[must_use]
    pub fn take(spec: &Spec, chain: &Chain, known: &mut BTreeMap<PathBuf, FileIdentity>) -> Self {
        let mut files = Vec::new();
        for (role, path) in spec.inputs_of(chain) {
            let identity = known.get(&path).cloned().or_else(|| identity::quick(&path).ok());
            let Some(identity) = identity else { continue };
            known.insert(path.clone(), identity.clone());
            files.push(InputFile { role, path, identity, since_link: 0, since_ms: now_ms() });
        }
        Self { after: 0, files }
    }

    /// Twelve hexadecimal digits that stand for all of them; empty where there are none.
    #[must_use]
    pub fn short(&self) -> String {
        let line = |file: &InputFile| format!("{} {}\n", file.role, file.identity.short());
        let lines: String = self.files.iter().map(line).collect();
        if lines.is_empty() { lines } else { short_hash(lines.as_bytes()) }
    }

    /// What was recorded when the campaign was made or the chain begun anew; nothing for a campaign older than such
    /// records.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn first(chain: &ChainDir) -> Result<Self, DurableError> {
        match sealed::read(&chain.inputs()) {
            Err(e) if e.is_missing() => Ok(Self::default()),
            other => other,
        }
    }

    /// What the newest link that counts recorded, else the chain's first record.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn newest(chain: &ChainDir) -> Result<Self, DurableError> {
        let first = Self::first(chain)?;
        for number in fence::all(chain)?.into_iter().rev().filter(|n| n.0 > first.after) {
            match sealed::read::<Self>(&chain.link_inputs(number)) {
                Ok(inputs) => return Ok(Self { after: first.after, ..inputs }),
                Err(e) if e.is_missing() => {}
                Err(e) => return Err(e),
            }
        }
        Ok(first)
    }
}

/// A block of a table as the engine knows it.
#[must_use]
pub fn read_block(block: InputBlock) -> ReadBlock {
    ReadBlock { offset: block.offset, bytes: block.bytes, crc: block.crc }
}

/// A block that the engine read, for a table.
#[must_use]
pub fn input_block(block: ReadBlock) -> InputBlock {
    InputBlock { offset: block.offset, bytes: block.bytes, crc: block.crc }
}

fn now_ms() -> i64 {
    super::clock::wall_ms()
}
