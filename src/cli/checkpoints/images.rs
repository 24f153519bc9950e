//! `alpsckpt checkpoints verify`, `compact`, `prune`: the images of programs.

use super::{Which, chains, generations, is_complete, records};
use crate::checkpoint::{ChainDir, ChainId, Dumper, Generation, fence, image};
use crate::cli::{CliError, exit, output};
use crate::durable::beneath;
use crate::job::let_images_go;
use crate::quantity::{self, bytes, count};

/// Files of an image that are smaller are not worth packing, bytes.
const LEAST_PACKED: u64 = 1 << 20;

/// Packs the images of programs (zstd); they are unpacked before they are restored.
///
/// Memory of programs takes 1.5 to 8 times less room so. A chain whose link may be running is left alone: never does a job wait for
/// this before its walltime.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt checkpoints compact
  alpsckpt checkpoints compact m07 --level 9

Exit codes: 0 packed, 66 no such campaign or chain, 73 the disk is full, 74 a file cannot be written.")]
pub(in crate::cli) struct Compact {
    #[command(flatten)]
    which: Which,
    /// How hard to try: 1 quickly, 19 small.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=19))]
    level: i32,
}

/// Removes the images of older generations; the newest that is good stays.
///
/// Jobs keep the last two by themselves: the older one is what remains if the newer turns out to be damaged.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt checkpoints prune --dry-run
  alpsckpt checkpoints prune m07

Exit codes: 0 done, 65 a chain has no good image: nothing of it is removed, 66 no such campaign or chain.")]
pub(in crate::cli) struct Prune {
    #[command(flatten)]
    which: Which,
    /// Only says what would be removed.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn verify(which: &Which) -> Result<(), CliError> {
    let mut bad = 0;
    for (chain, dir) in chains(which)? {
        if left_alone(&chain, &dir, false)? {
            continue;
        }
        for (number, record) in records(&dir)? {
            let generation = match record {
                Ok(generation) => generation,
                Err(e) => {
                    bad += 1;
                    output::say(format!("{chain}, generation {}: {e}", number.0))?;
                    continue;
                }
            };
            let Some(image) = generation.image.as_ref().filter(|image| image.by != Dumper::Program) else {
                continue;
            };
            let name = format!("{chain}, generation {}", generation.number.0);
            match image::damage(&dir, image, &|| false).ok().flatten() {
                None => output::say(format!("{name}: good, {}", bytes(generation.bytes)))?,
                Some(why) => {
                    bad += 1;
                    output::say(format!("{name}: {why}"))?;
                }
            }
        }
    }
    match bad {
        0 => Ok(()),
        n => Err(CliError::new(
            exit::INPUT,
            format!(
                "{} {} not what was written",
                count(n, "generation"),
                quantity::by_number(n, "is", "are")
            ),
            "nothing is to be done: the next link passes it over for the one before",
        )),
    }
}

/// Whether a link of the chain may be at work at this moment.
fn may_run(dir: &ChainDir) -> Result<bool, CliError> {
    Ok(fence::newest(dir)?.is_some_and(|link| !beneath::exists(&dir.link_end(link))))
}

/// Whether nothing is to be done with a chain's images, which is told: it is complete, or a link may need them at this moment.
fn left_alone(chain: &ChainId, dir: &ChainDir, acts: bool) -> Result<bool, CliError> {
    let why = if is_complete(dir) {
        "it is complete, and needs no images"
    } else if acts && may_run(dir)? {
        "a link of it may be running"
    } else {
        return Ok(false);
    };
    output::note(format!("{chain}: left alone, {why}."));
    Ok(true)
}

pub(super) fn compact(args: &Compact) -> Result<(), CliError> {
    for (chain, dir) in chains(&args.which)? {
        if left_alone(&chain, &dir, true)? {
            continue;
        }
        for generation in generations(&dir)? {
            let Some(image) = generation.image.as_ref().filter(|image| image.by != Dumper::Program) else {
                continue;
            };
            let (before, after) = image::compact(&dir, image, args.level, LEAST_PACKED)?;
            output::say(format!(
                "{chain}, generation {}: {} instead of {}",
                generation.number.0,
                bytes(after),
                bytes(before)
            ))?;
        }
    }
    Ok(())
}

pub(super) fn prune(args: &Prune) -> Result<(), CliError> {
    for (chain, dir) in chains(&args.which)? {
        let all: Vec<Generation> = generations(&dir)?.into_iter().filter(|g| g.image.is_some()).collect();
        if all.is_empty() {
            continue;
        }
        if left_alone(&chain, &dir, true)? {
            continue;
        }
        let good = |generation: &&Generation| {
            generation.image.as_ref().is_some_and(|image| {
                image.by == Dumper::Program || matches!(image::damage(&dir, image, &|| false), Ok(None))
            })
        };
        let Some(kept) = all.iter().rev().find(good) else {
            let what = format!("{chain}: none of its images is good: nothing is removed");
            return Err(CliError::new(exit::INPUT, what, "see `alpsckpt checkpoints verify`"));
        };
        for old in all.iter().filter(|old| old.number < kept.number) {
            let room = old.image.as_ref().map_or(0, |image| image::on_disk(&dir, image));
            let said = if args.dry_run { "would be removed" } else { "removed" };
            if !args.dry_run {
                let path = dir.generation(old.number);
                beneath::remove(&path).map_err(|e| CliError::output(format!("{}: {e}", path.display())))?;
            }
            output::say(format!("{chain}, generation {}: {said}, {}", old.number.0, bytes(room)))?;
        }
        if !args.dry_run {
            let_images_go(&dir, &image::named(&dir)?)?;
        }
        output::note(format!("{chain}: generation {} stays.", kept.number.0));
    }
    Ok(())
}
