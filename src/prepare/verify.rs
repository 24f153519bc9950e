//! All that is wrong with a campaign file and its inputs, at once: what `check` says.

use super::check::{Examined, examine};
use super::doubts::tell_doubts;
use super::{News, PrepareError, Short, Tell, disk, probe, seen};
use crate::campaign::spec::Loaded;
use crate::engine::{CheckDepth, Examination, Tiling};

/// A campaign file that is good.
#[derive(Debug)]
pub struct Verified {
    /// What was found of its inputs.
    pub examination: Examination,
    /// How its region is cut; `None` where a command computes.
    pub tiling: Option<Tiling>,
    /// Its maps.
    pub maps: usize,
    /// The disk of the output folder has less room than is needed.
    pub short: Option<Short>,
}

/// Looks at every cell that the maps depend on, or at `samples` only, and keeps what was seen.
///
/// # Errors
/// All that is wrong.
pub fn verify(loaded: &Loaded, samples: bool, tell: Tell<'_>) -> Result<Verified, PrepareError> {
    let spec = &loaded.spec;
    let examined =
        if samples { examine(loaded, &spec.months, CheckDepth::Samples, tell) } else { whole(loaded, tell) };
    let Examined { examination, engine } = examined?;
    tell_doubts(loaded, &examination.findings, tell);
    let Some(engine) = engine else {
        return Ok(Verified { examination, tiling: None, maps: 0, short: disk::short_of_images(spec) });
    };
    probe::ensure_room(loaded, &engine)?;
    let short = disk::short_of_maps(spec, &engine);
    Ok(Verified { examination, tiling: Some(engine.tiling()), maps: engine.layers().len(), short })
}

/// Looks at every cell.
fn whole(loaded: &Loaded, tell: Tell<'_>) -> Result<Examined, PrepareError> {
    let output = &loaded.spec.output;
    let known = seen::of(output);
    let show = |cells: u64, all: u64| tell(&News::Looked { cells, all });
    let keep = |news: &News<'_>| {
        tell(news);
        if let News::LookedThrough(found) = news
            && let Err(error) = seen::keep(output, &found.seen)
        {
            tell(&News::NotKept(&error));
        }
    };
    examine(loaded, &loaded.spec.months, CheckDepth::Whole(&known, &show), &keep)
}
