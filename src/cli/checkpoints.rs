//! `alpsckpt checkpoints`: the generations of a campaign's chains: listed, verified, packed, let go.

use std::path::PathBuf;

use serde::Serialize;

use super::{Failure, failure, output, place};
use crate::campaign::chains;
use crate::campaign::inputs::{self, Inputs};
use crate::checkpoint::{
    CampaignDir, Chain, ChainDir, ChainId, Dumper, Generation, GenerationNumber, fence, image,
};
use crate::durable::{DurableError, beneath};
use crate::job::let_images_go;
use crate::quantity::{self, bytes, count};

/// Files of an image that are smaller are not worth packing, bytes.
const LEAST_PACKED: u64 = 1 << 20;

/// Lists, verifies, packs and removes what chains have sealed.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  alpsckpt checkpoints ls
  alpsckpt checkpoints verify m07
  alpsckpt checkpoints compact
  alpsckpt checkpoints prune m07 --dry-run

Exit codes: those of its commands; 2 wrong usage.")]
pub(super) enum Command {
    Ls(Ls),
    Verify(Which),
    Compact(Compact),
    Prune(Prune),
}

/// Lists the generations: who sealed them and when, what they hold, how large they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt checkpoints ls
  alpsckpt checkpoints ls m07 --json

Exit codes: 0 listed, 66 no such campaign or chain.")]
pub(super) struct Ls {
    #[command(flatten)]
    which: Which,
    /// As JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Reads the images of programs as a job would before it restores one: every byte, and who may have written it.
///
/// Tiles are verified by each link that resumes them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt checkpoints verify
  alpsckpt checkpoints verify m07 --campaign my.ron

Exit codes: 0 all are good, 65 one is damaged, 66 no such campaign or chain.")]
pub(super) struct Which {
    /// Only this chain, such as m07.
    #[arg(value_parser = super::job::chain)]
    chain: Option<ChainId>,
    /// A campaign file or output folder; without it the current folder's campaign, else the one opened last.
    #[arg(long, short, value_name = "CAMPAIGN")]
    campaign: Option<PathBuf>,
}

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
pub(super) struct Compact {
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
pub(super) struct Prune {
    #[command(flatten)]
    which: Which,
    /// Only says what would be removed.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Ls(args) => list(args),
        Command::Verify(which) => verify(which),
        Command::Compact(args) => compact(args),
        Command::Prune(args) => prune(args),
    }
}

/// A generation, as it is listed.
#[derive(Debug, Serialize)]
struct Row {
    chain: ChainId,
    generation: u32,
    link: u32,
    sealed: String,
    holds: &'static str,
    done: String,
    bytes: u64,
    on_disk: u64,
    /// The chain is complete, and needs it no more.
    let_go: bool,
}

/// The chains that are meant.
fn chains(which: &Which) -> Result<Vec<(ChainId, ChainDir)>, Failure> {
    let output = place::output_of(which.campaign.as_deref())?;
    let spec = place::spec_of(&output)?;
    let campaign = CampaignDir::new(&output);
    let all = chains::of(&campaign, &spec)?.into_iter();
    let meant = |chain: &Chain| which.chain.as_ref().is_none_or(|asked| chain.is_called(asked.as_str()));
    let meant: Vec<ChainId> = all.filter(meant).map(|chain| chain.id).collect();
    if let (Some(chain), true) = (&which.chain, meant.is_empty()) {
        let what = format!("{chain}: the campaign has no such chain");
        return Err(Failure::new(failure::MISSING, what, "see `alpsckpt status` for its chains"));
    }
    Ok(meant.into_iter().map(|id| (id.clone(), campaign.chain(&id))).collect())
}

/// The generations of a chain, oldest first, as far as their records can be read.
fn generations(dir: &ChainDir) -> Result<Vec<Generation>, Failure> {
    Ok(records(dir)?.into_iter().filter_map(|(_, record)| record.ok()).collect())
}

/// A generation's number by its file, and its record.
type Record = (GenerationNumber, Result<Generation, DurableError>);

/// The records of all generations of a chain, oldest first.
fn records(dir: &ChainDir) -> Result<Vec<Record>, Failure> {
    let numbers = fence::generations(dir)?;
    Ok(numbers.into_iter().map(|number| (number, Generation::read(dir, number))).collect())
}

/// The chain is complete: what its generations held of a program was let go.
fn is_complete(dir: &ChainDir) -> bool {
    Inputs::first(dir).is_ok_and(|first| inputs::is_complete(dir, first.after))
}

fn list(args: &Ls) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (chain, dir) in chains(&args.which)? {
        let complete = is_complete(&dir);
        for (number, record) in records(&dir)? {
            let generation = match record {
                Ok(generation) => generation,
                Err(e) => {
                    output::warning(format!("{chain}, generation {}: {e}", number.0));
                    continue;
                }
            };
            let held = generation.image.as_ref();
            rows.push(Row {
                chain: chain.clone(),
                generation: generation.number.0,
                link: generation.link.0,
                sealed: quantity::moment(generation.sealed_ms),
                holds: held.map_or("tiles", |image| by(image.by)),
                done: generation.unit.part(generation.tiles, generation.total),
                bytes: generation.bytes,
                let_go: complete && held.is_some(),
                on_disk: held.map_or(generation.bytes, |image| image::on_disk(&dir, image)),
            });
        }
    }
    if args.json {
        return output::say_json(&rows);
    }
    if rows.is_empty() {
        output::note("Nothing is sealed yet.");
        return Ok(());
    }
    let cells = |row: &Row| {
        let packed = if row.let_go {
            "let go: the chain is complete".to_owned()
        } else if row.on_disk < row.bytes {
            format!("packed to {}", bytes(row.on_disk))
        } else {
            String::new()
        };
        vec![
            row.chain.to_string(),
            row.generation.to_string(),
            row.link.to_string(),
            row.sealed.clone(),
            row.holds.to_owned(),
            row.done.clone(),
            bytes(row.bytes),
            packed,
        ]
    };
    let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let head = ["chain", "generation", "link", "sealed", "holds", "done", "size", ""];
    output::table(&head, &cells, &[1, 2, 6]).into_iter().try_for_each(output::say)
}

fn by(dumper: Dumper) -> &'static str {
    match dumper {
        Dumper::Criu => "image by CRIU",
        Dumper::Dmtcp => "image by DMTCP",
        Dumper::Program => "the program's own",
    }
}

fn verify(which: &Which) -> Result<(), Failure> {
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
        n => Err(Failure::new(
            failure::INPUT,
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
fn may_run(dir: &ChainDir) -> Result<bool, Failure> {
    Ok(fence::newest(dir)?.is_some_and(|link| !beneath::exists(&dir.link_end(link))))
}

/// Whether nothing is to be done with a chain's images, which is told: it is complete, or a link may need them at this moment.
fn left_alone(chain: &ChainId, dir: &ChainDir, acts: bool) -> Result<bool, Failure> {
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

fn compact(args: &Compact) -> Result<(), Failure> {
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

fn prune(args: &Prune) -> Result<(), Failure> {
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
            return Err(Failure::new(failure::INPUT, what, "see `alpsckpt checkpoints verify`"));
        };
        for old in all.iter().filter(|old| old.number < kept.number) {
            let room = old.image.as_ref().map_or(0, |image| image::on_disk(&dir, image));
            let said = if args.dry_run { "would be removed" } else { "removed" };
            if !args.dry_run {
                let path = dir.generation(old.number);
                beneath::remove(&path).map_err(|e| Failure::output(format!("{}: {e}", path.display())))?;
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
