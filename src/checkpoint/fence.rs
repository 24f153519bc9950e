//! Numbers of links: taken exclusively, and looked at before every publish.

use std::fs;
use std::path::Path;

use super::form;
use super::generation::{Complete, Generation, GenerationNumber};
use super::layout::ChainDir;
use super::link::{LinkNumber, LinkStart};
use crate::durable::{DurableError, atomic, sealed};

/// Begins a link: takes the next free number and records it, exclusively. From then on all earlier links are fenced.
///
/// `start` makes the record for a number; it is asked again when another process took the number first.
///
/// # Errors
/// When the folder of the links cannot be read or written.
pub fn begin(dir: &ChainDir, start: impl Fn(LinkNumber) -> LinkStart) -> Result<LinkStart, DurableError> {
    atomic::create_folder(&dir.links())?;
    let mut number = newest(dir)?.map_or(1, |l| l.0.saturating_add(1));
    loop {
        let record = start(LinkNumber(number));
        if sealed::create_exclusive(&dir.link_start(record.link), &record)? {
            return Ok(record);
        }
        number = number.saturating_add(1);
    }
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
    Ok(numbers(&dir.links())?.into_iter().max().map(LinkNumber))
}

/// The numbers of all links that began, in order.
///
/// # Errors
/// When the folder exists and cannot be read.
pub fn all(dir: &ChainDir) -> Result<Vec<LinkNumber>, DurableError> {
    Ok(numbers(&dir.links())?.into_iter().map(LinkNumber).collect())
}

/// The numbers of all generations on disk, in order.
///
/// # Errors
/// When the folder exists and cannot be read.
pub fn generations(dir: &ChainDir) -> Result<Vec<GenerationNumber>, DurableError> {
    Ok(numbers(&dir.generations())?.into_iter().map(GenerationNumber).collect())
}

/// The newer link that fences `link`, if there is one.
///
/// # Errors
/// When the folder of the links cannot be read.
pub fn newer(dir: &ChainDir, link: LinkNumber) -> Result<Option<LinkNumber>, DurableError> {
    Ok(newest(dir)?.filter(|n| *n > link))
}

/// The numbers that the names in a folder begin with (`0007.ron`, `0007.total_m01.part`), each once, in order.
///
/// # Errors
/// When the folder exists and cannot be read.
pub(super) fn numbers(folder: &Path) -> Result<Vec<u32>, DurableError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(DurableError::io(folder, "list", e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| DurableError::io(folder, "list", e))?;
        found.extend(number_of(&entry.file_name().to_string_lossy()));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The number that a file's name begins with; `None` for any other name.
pub(super) fn number_of(name: &str) -> Option<u32> {
    let (digits, _) = name.split_once('.')?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}
