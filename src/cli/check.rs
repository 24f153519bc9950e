//! `alpsckpt check`: everything that is wrong with a campaign file and its inputs, at once.

use std::path::PathBuf;

use super::{Failure, bars, commands, inputs, output, place, probe, seen};
use crate::campaign::spec::Loaded;
use crate::engine::{CheckDepth, Engine, Examination};
use crate::job::request;
use crate::quantity::{by_number, count};
use crate::shell_words::word;

/// Verifies a campaign file and every input it names: all problems at once, each with its line and cure.
///
/// Every cell that the maps depend on is looked at, once: as long as the files stay the same, what was found holds. What is
/// suspicious but possible is a warning, which `accept` in the campaign file silences.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt check my.ron
  alpsckpt check my.ron --quick

Exit codes: 0 all is well, perhaps with warnings; 65 something is wrong.")]
pub(super) struct Args {
    /// The campaign file.
    file: PathBuf,
    /// Look at samples of large files only.
    #[arg(long)]
    quick: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let loaded = place::load(&args.file)?;
    place::tell_edits(&loaded, &args.file);
    if let Some(command) = loaded.spec.command() {
        inputs::check_and_warn(&loaded, &loaded.spec.months)?;
        return commands::say_good(&loaded, command, &args.file);
    }
    let examination = if args.quick {
        inputs::examine(&loaded, &loaded.spec.months, CheckDepth::Samples)?
    } else {
        whole(&loaded)?
    };
    inputs::tell_doubts(&loaded, &examination);
    probe::check_memory(&loaded)?;
    let engine = Engine::open_examined(request::request(&loaded.spec, &loaded.spec.months))?;
    if let Some(warning) = inputs::low_disk(&loaded.spec, &engine) {
        output::note(warning);
    }
    let (tiling, maps) = (engine.tiling(), engine.layers().len());
    output::say(format!(
        "{}: good. {} x {} cells, {}, {}.",
        args.file.display(),
        tiling.width,
        tiling.height,
        count(tiling.count(), "tile"),
        count(maps as u64, "map")
    ))?;
    output::say(looked_at(&examination))?;
    output::say(format!(
        "Next: alpsckpt preview {0} --month {1}, alpsckpt plan {0}",
        word(args.file.as_os_str()),
        loaded.spec.months.first().unwrap_or(&1)
    ))
}

/// Looks at every cell, and keeps what was seen.
fn whole(loaded: &Loaded) -> Result<Examination, Failure> {
    let bar = bars::alone();
    let show = |cells: u64, all: u64| {
        bar.set_prefix("looking at every cell");
        bar.set_length(all);
        bar.set_position(cells);
    };
    let known = seen::of(&loaded.spec.output);
    let keep = |found: &Examination| {
        bar.finish_and_clear();
        if let Err(error) = seen::keep(&loaded.spec.output, &found.seen) {
            output::note(format!(
                "warning: what was seen is not kept, and looked at again next time: {error}"
            ));
        }
    };
    inputs::examine_then(loaded, &loaded.spec.months, CheckDepth::Whole(&known, &show), keep)
}

/// How closely the inputs were looked at, in words.
fn looked_at(found: &Examination) -> String {
    if found.sampled.is_empty() {
        let missing = match found.missing {
            0 => String::new(),
            cells => format!(
                "; {} of the region {} no height and will have no value",
                count(cells, "cell"),
                by_number(cells, "has", "have")
            ),
        };
        return format!("Every cell was looked at, {} of them{missing}.", found.cells);
    }
    let files = found.sampled.iter().map(|file| file.display().to_string()).collect::<Vec<_>>();
    format!("Only samples were looked at of {}; without --quick every cell is.", files.join(", "))
}
