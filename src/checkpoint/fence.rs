//! Numbers of links: taken exclusively, and looked at before every publish.

use std::io;
use std::path::Path;

use super::form;
use super::generation::{Complete, Generation};
use super::link::LinkStart;
use crate::durable::{DurableError, atomic, numbered, sealed};
use crate::layout::{ChainDir, GenerationNumber, LinkNumber};

/// Begins a link: takes the next free number and records it, exclusively. From then on all earlier links are fenced.
///
/// `start` makes the record for a number; it is asked again when another process took the number first.
///
/// # Errors
/// When the folder of the links cannot be read or written, or the numbers are used up.
pub fn begin(dir: &ChainDir, start: impl Fn(LinkNumber) -> LinkStart) -> Result<LinkStart, DurableError> {
    atomic::create_folder(&dir.links())?;
    // The records of former links may be lost, their parts not: no link is given their names.
    let of_parts = numbers(&dir.parts(), Kind::Part)?.pop();
    let first = newest(dir)?.map(|link| link.0).max(of_parts).map_or(1, |number| number + 1);
    for number in first..=numbered::MOST {
        let record = start(LinkNumber(number));
        if sealed::create_exclusive(&dir.link_start(record.link), &record)? {
            return Ok(record);
        }
    }
    Err(used_up(&dir.links()))
}

/// Refuses a chain of which a later program wrote a link, a generation or the end, before anything is written beside it.
///
/// # Errors
/// [`DurableError::UnknownForm`] only: what is damaged or cannot be read is told by who needs it.
pub fn ensure_known(dir: &ChainDir) -> Result<(), DurableError> {
    let links = all(dir).unwrap_or_default().into_iter();
    let links = links.map(|link| form::read::<LinkStart>(&dir.link_start(link)).map(drop));
    let generations = generations(dir).unwrap_or_default().into_iter();
    let generations = generations.map(|number| form::read::<Generation>(&dir.generation(number)).map(drop));
    let end = std::iter::once_with(|| form::read::<Complete>(&dir.complete()).map(drop));
    let mut errors = links.chain(generations).chain(end).filter_map(Result::err);
    errors.find(|e| matches!(e, DurableError::UnknownForm { .. })).map_or(Ok(()), Err)
}

/// The highest link that began, by the names of the files alone: a damaged record fences as well as a good one.
///
/// # Errors
/// When the folder exists and cannot be read.
pub fn newest(dir: &ChainDir) -> Result<Option<LinkNumber>, DurableError> {
    Ok(numbers(&dir.links(), Kind::Link)?.into_iter().max().map(LinkNumber))
}

/// The numbers of all links that began, in order.
///
/// # Errors
/// When the folder exists and cannot be read.
pub fn all(dir: &ChainDir) -> Result<Vec<LinkNumber>, DurableError> {
    Ok(numbers(&dir.links(), Kind::Link)?.into_iter().map(LinkNumber).collect())
}

/// The numbers of all generations on disk, in order.
///
/// # Errors
/// When the folder exists and cannot be read.
pub fn generations(dir: &ChainDir) -> Result<Vec<GenerationNumber>, DurableError> {
    Ok(numbers(&dir.generations(), Kind::Generation)?.into_iter().map(GenerationNumber).collect())
}

/// The newer link that fences `link`, if there is one.
///
/// # Errors
/// When the folder of the links cannot be read.
pub fn newer(dir: &ChainDir, link: LinkNumber) -> Result<Option<LinkNumber>, DurableError> {
    Ok(newest(dir)?.filter(|n| *n > link))
}

/// No number is left for a new file: none but a stranger's can be as high.
pub(super) fn used_up(folder: &Path) -> DurableError {
    let what = format!(
        "the numbers end at {}, and a file there has the last one: no campaign comes so far (look there for a file that is \
         none of the campaign's, and remove it)",
        numbered::MOST
    );
    DurableError::io(folder, "number a new file", io::Error::other(what))
}

/// What the names of a kind of numbered files are like after their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `links/NNNN.ron` and what else a link leaves there.
    Link,
    /// `generations/NNNNNN.ron`.
    Generation,
    /// `parts/NNNN.<layer>.part` and the indexes beside them.
    Part,
}

impl Kind {
    /// The number of a file of this kind, by its name; `None` for any other name, as of a copy that an editor left.
    pub(super) fn number_of(self, name: &str) -> Option<u32> {
        let width = if self == Self::Generation { 6 } else { 4 };
        let (number, rest) = numbered::split(name, width)?;
        let of_layer = |ending: &str| rest.strip_suffix(ending).is_some_and(is_layer);
        let fits = match self {
            Self::Link => {
                matches!(rest, "ron" | "resume.ron" | "inputs.ron" | "end.ron") || of_layer(".map.ron")
            }
            Self::Generation => rest == "ron",
            Self::Part => matches!(rest, "index" | "inputs") || of_layer(".part"),
        };
        fits.then_some(number)
    }
}

fn is_layer(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// The numbers of the files of a kind in a folder, in order.
fn numbers(folder: &Path, kind: Kind) -> Result<Vec<u32>, DurableError> {
    numbered::list(folder, |name| kind.number_of(name))
}
