//! Sealing a generation, and letting go of those that are no longer needed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::fence::{self, Kind};
use super::generation::Generation;
use crate::durable::{DurableError, atomic, beneath, numbered, sealed};
use crate::layout::{ChainDir, GenerationNumber, LinkNumber};

/// Manifests that stay on disk at least.
pub const KEPT: usize = 3;

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The disk.
    #[error(transparent)]
    File(#[from] DurableError),
    /// A newer link began.
    #[error("link {0} of this chain began meanwhile")]
    Fenced(LinkNumber),
    /// A file of the link that is to seal is not there any more, or another one is in its place.
    #[error("{}: gone while the link runs", .0.display())]
    Gone(PathBuf),
}

/// Seals `draft` under the next free number above `above`; what it names must be durable already.
///
/// # Errors
/// When a newer link exists, before or right after the manifest appears, the link's own files are gone, or the disk
/// refuses.
pub fn seal(
    dir: &ChainDir,
    mut draft: Generation,
    above: Option<GenerationNumber>,
) -> Result<Generation, SealError> {
    ensure_unfenced(dir, draft.link)?;
    atomic::create_folder_within(&dir.generations())?;
    let mut floor = above.map_or(0, |g| g.0);
    loop {
        ensure_unfenced(dir, draft.link)?;
        let newest = fence::generations(dir)?.pop().map_or(0, |number| number.0);
        draft.number = GenerationNumber(newest.max(floor).saturating_add(1));
        if draft.number.0 > numbered::MOST {
            return Err(fence::used_up(&dir.generations()).into());
        }
        if sealed::create_exclusive(&dir.generation(draft.number), &draft)? {
            // What was sealed is true in any case, but a fenced link must not go on to tidy up.
            ensure_unfenced(dir, draft.link)?;
            return Ok(draft);
        }
        floor = draft.number.0;
    }
}

/// Looks for a newer link, and whether the folder is still there: without the record of its beginning a link is none.
///
/// # Errors
/// When there is a newer one, the link's own record is gone, or the folder of the links cannot be read.
pub fn ensure_unfenced(dir: &ChainDir, link: LinkNumber) -> Result<(), SealError> {
    if let Some(newer) = fence::newer(dir, link)? {
        return Err(SealError::Fenced(newer));
    }
    let own = dir.link_start(link);
    match beneath::facts(&own) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(SealError::Gone(own)),
        Err(e) => Err(DurableError::io(&own, "examine", e).into()),
        Ok(_) => Ok(()),
    }
}

/// Removes old manifests, and the parts of earlier links that no kept generation names.
///
/// The last [`KEPT`] manifests stay, and the newest two of `verified` wherever they stand.
///
/// # Errors
/// When the folder cannot be listed; a file that cannot be removed is left.
pub fn let_go(
    dir: &ChainDir,
    link: LinkNumber,
    verified: &BTreeSet<GenerationNumber>,
) -> Result<(), DurableError> {
    let all = fence::generations(dir)?;
    let mut kept: BTreeSet<GenerationNumber> = all.iter().rev().take(KEPT).copied().collect();
    kept.extend(verified.iter().rev().take(2));
    for number in all.into_iter().filter(|n| !kept.contains(n)) {
        let _ = beneath::remove(&dir.generation(number));
    }
    let mut needed = BTreeSet::from([link]);
    for number in &kept {
        match Generation::read(dir, *number) {
            Ok(generation) => needed.extend(generation.segments.iter().map(|s| s.link)),
            // It may need any part.
            Err(DurableError::UnknownForm { .. }) => return Ok(()),
            // One that cannot be read cannot be resumed either: nothing is kept for its sake.
            Err(_) => {}
        }
    }
    remove_temporaries(dir, link);
    remove_parts(dir, |of| of < link && !needed.contains(&of), true)
}

/// Removes what killed links left half-written, where only the newest link writes.
fn remove_temporaries(dir: &ChainDir, link: LinkNumber) {
    let of_this_link = format!(".{link}.");
    let folders = [dir.generations(), dir.status(link).with_file_name("")];
    for folder in folders {
        for name in beneath::names(&folder).unwrap_or_default() {
            let path = folder.join(&name);
            let name = name.to_string_lossy();
            if name.starts_with('.') && name.ends_with(".tmp") && !name.starts_with(&of_this_link) {
                let _ = beneath::remove(&path);
            }
        }
    }
}

/// Removes the blocks of a complete chain, those of newer links excepted; the indexes stay as its record.
///
/// # Errors
/// When the folder cannot be listed.
pub fn remove_blocks(dir: &ChainDir, link: LinkNumber) -> Result<(), DurableError> {
    remove_parts(dir, |of| of <= link, false)
}

fn remove_parts(
    dir: &ChainDir,
    chosen: impl Fn(LinkNumber) -> bool,
    indexes_too: bool,
) -> Result<(), DurableError> {
    let folder = dir.parts();
    for name in beneath::names_if_any(&folder)? {
        let path = folder.join(&name);
        let name = name.to_string_lossy();
        let of_chosen = Kind::Part.number_of(&name).is_some_and(|n| chosen(LinkNumber(n)));
        if of_chosen && (indexes_too || name.ends_with(".part")) {
            let _ = beneath::remove(&path);
        }
    }
    Ok(())
}
