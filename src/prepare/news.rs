//! What is worth telling while a campaign is prepared.

use crate::durable::DurableError;
use crate::engine::Examination;

/// Something suspicious but possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// Where: the line of the campaign file, or the file.
    pub place: String,
    /// What is doubtful.
    pub what: String,
    /// What to do if it is wrong.
    pub cure: String,
    /// How to hear no more of it if it is right; empty where nothing silences it.
    pub silence: String,
}

/// What is worth telling.
#[derive(Debug)]
pub enum News<'a> {
    /// Something may be wrong.
    Doubtful(&'a Doubtful),
    /// So many cells of so many have been looked at.
    Looked {
        /// Cells looked at.
        cells: u64,
        /// Cells to be looked at in all.
        all: u64,
    },
    /// All has been looked at, with what was found.
    LookedThrough(&'a Examination),
    /// What was seen cannot be kept: it is looked at again next time.
    NotKept(&'a DurableError),
}

/// Takes the news: a bar, a line on the error stream, a screen.
pub type Tell<'t> = &'t dyn Fn(&News<'_>);
