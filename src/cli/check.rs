//! `alpsckpt check`: everything that is wrong with a campaign file and its inputs, at once.

use std::path::PathBuf;

use super::{CliError, bars, commands, output, place};
use crate::engine::Examination;
use crate::prepare::{self, News};
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

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let loaded = place::load(&args.file)?;
    place::tell_edits(&loaded, &args.file);
    let bar = bars::alone();
    let tell = |news: &News<'_>| match news {
        News::Looked { cells, all } => {
            bar.set_prefix("looking at every cell");
            bar.set_length(*all);
            bar.set_position(*cells);
        }
        News::LookedThrough(_) => bar.finish_and_clear(),
        other => output::tell(other),
    };
    let verified = prepare::verify(&loaded, args.quick, &tell)?;
    let Some(tiling) = verified.tiling else {
        let command = loaded.spec.command().ok_or_else(|| CliError::defect("nothing computes"))?;
        return commands::say_good(&loaded, command, &args.file, verified.short.as_ref());
    };
    verified.short.iter().for_each(output::tell_short);
    output::say(format!(
        "{}: good. {} x {} cells, {}, {}.",
        args.file.display(),
        tiling.width,
        tiling.height,
        count(tiling.count(), "tile"),
        count(verified.maps as u64, "map")
    ))?;
    output::say(looked_at(&verified.examination))?;
    output::say(format!(
        "Next: alpsckpt preview {0} --month {1}, alpsckpt plan {0}",
        word(args.file.as_os_str()),
        loaded.spec.months.first().unwrap_or(&1)
    ))
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
