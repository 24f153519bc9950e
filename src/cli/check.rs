//! `alpsckpt check`: everything that is wrong with a campaign file and its inputs, at once.

use std::path::PathBuf;

use super::{Failure, inputs, output, place, probe};
use crate::engine::Engine;
use crate::job::request;

/// Verifies a campaign file and every input it names: all problems at once, each with its line and cure.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  alpsckpt check my.ron\n\nExit codes: 0 all is well, 65 something is wrong."
)]
pub(super) struct Args {
    /// The campaign file.
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let loaded = place::load(&args.file)?;
    inputs::check(&loaded, &loaded.spec.months)?;
    probe::check_memory(&loaded)?;
    let engine = Engine::open(request::request(&loaded.spec, &loaded.spec.months))?;
    if let Some(warning) = inputs::low_disk(&loaded.spec, &engine) {
        output::note(warning);
    }
    let (tiling, maps) = (engine.tiling(), engine.layers().len());
    output::say(format!(
        "{}: good. {} x {} cells, {} tiles, {maps} maps.",
        args.file.display(),
        tiling.width,
        tiling.height,
        tiling.count()
    ))?;
    output::say(format!(
        "Next: alpsckpt preview {0} --month {1}, alpsckpt plan {0}",
        args.file.display(),
        loaded.spec.months.first().unwrap_or(&1)
    ))
}
