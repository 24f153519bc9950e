//! `alpsckpt maps`: the finished maps, pictures of them, and copies for other programs.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::{CliError, bars, exit, output, place, results};
use crate::checkpoint::CampaignDir;
use crate::job::copies::{self, Copied, CopyError};
use crate::job::{pictures, signals};

/// Lists the finished maps; with `--png` draws each anew and lists the pictures; with `--float32` copies them.
///
/// Of a campaign of commands it lists the results: each with its size, and whether it is there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt maps
  alpsckpt maps my.ron --png            pictures in <output>/pictures
  alpsckpt maps my.ron --float32 for-r  for programs that know no scale

Maps are integers with a scale (`storage: Integer`), which many programs ignore. A copy has the same values as float32, \
NaN as nodata, overviews, and takes about twice the room. What is there already is compared with its map and kept; \
a file that is no copy of it is never replaced.

Exit codes: 0 listed or written, 2 the copies would lie among maps, 65 a map is not what was computed, 66 no such \
campaign, 73 the disk is full, 74 a file cannot be written or its name is taken, 75 stopped by a signal.")]
pub(super) struct Args {
    /// A campaign file or output folder; without it the current folder's campaign, else the one opened last.
    campaign: Option<PathBuf>,
    /// Draws a PNG of each map to `<output>/pictures`, as the jobs do when they finish a map.
    #[arg(long, conflicts_with = "float32")]
    png: bool,
    /// Writes a float32 copy of each map of the complete chains into a folder of its own.
    #[arg(long, value_name = "DIR")]
    float32: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let output = place::output_of(args.campaign.as_deref())?;
    // What cannot be read of a campaign keeps nobody from its maps.
    if let Ok(spec) = place::spec_of(&output)
        && let Some(command) = spec.command()
    {
        return results::list(&output, &spec, command, args.png || args.float32.is_some());
    }
    if let Some(folder) = &args.float32 {
        return copy(&output, folder);
    }
    let files = if args.png { pictures(&output)? } else { finished(&output)? };
    if files.is_empty() {
        output::note(NONE);
    }
    files.iter().try_for_each(|file| output::say_path(file))
}

const NONE: &str = "no map is finished yet: see `alpsckpt status`";

/// Copies the maps of the complete chains, and lists the copies. A map that cannot be copied keeps no other from it.
fn copy(output: &Path, folder: &Path) -> Result<(), CliError> {
    let folder = place::absolute(folder)?;
    refuse_among_maps(&folder)?;
    let stop = signals::stop_flag();
    let finished = copies::finished(&CampaignDir::new(output), &place::spec_of(output)?)?;
    if finished.is_empty() {
        output::note(NONE);
    }
    let mut failures = Vec::new();
    for map in &finished {
        let bar = bars::alone();
        bar.set_prefix(map.file().to_owned());
        let watch = |done: usize, all: usize| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
            stop.load(Ordering::Relaxed)
        };
        let copied = map.copy_into(&folder, &watch);
        bar.finish_and_clear();
        let copy = folder.join(map.file());
        match copied {
            Ok(Copied::Written) => output::say_path(&copy)?,
            Ok(Copied::There) => {
                output::note(format_args!("{} is there already, with the map's values", copy.display()));
                output::say_path(&copy)?;
            }
            Err(error) if matches!(error, CopyError::Taken { .. } | CopyError::Map(_)) => {
                failures.push(error);
            }
            Err(error) => return Err(CliError::from(error)),
        }
    }
    CliError::all(failures.into_iter().map(CliError::from))
}

/// Copies have the names of maps: among maps they would stand in their place.
fn refuse_among_maps(folder: &Path) -> Result<(), CliError> {
    // What does not exist yet is judged by the part that does.
    let real = folder.ancestors().find_map(|part| {
        let rest = folder.strip_prefix(part).ok()?;
        Some(part.canonicalize().ok()?.join(rest))
    });
    let real = real.unwrap_or_else(|| folder.to_path_buf());
    let taken = real.ancestors().any(|part| {
        let parent = part.parent().unwrap_or(part);
        let own = [CampaignDir::new(parent).maps(), CampaignDir::new(parent).state()];
        own.iter().any(|own| own == part) && CampaignDir::new(parent).state().is_dir()
    });
    if taken || CampaignDir::new(&real).state().is_dir() {
        let what = format!("{}: is a campaign's own folder", folder.display());
        return Err(CliError::new(exit::USAGE, what, "name another folder: alpsckpt maps --float32 copies"));
    }
    Ok(())
}

/// The finished maps, by name.
pub(super) fn finished(output: &Path) -> Result<Vec<PathBuf>, CliError> {
    let folder = CampaignDir::new(output).maps();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(CliError::output(format!("{}: {e}", folder.display()))),
    };
    let maps = entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "tif"));
    let mut maps: Vec<PathBuf> = maps.collect();
    maps.sort();
    Ok(maps)
}

/// The pictures that the jobs drew of the finished maps.
pub(super) fn drawn(output: &Path) -> Result<Vec<PathBuf>, CliError> {
    let campaign = CampaignDir::new(output);
    let files = finished(output)?.into_iter().map(|map| pictures::file(&campaign, &map));
    Ok(files.filter(|picture| picture.is_file()).collect())
}

/// Writes a picture of each finished map; their files.
fn pictures(output: &Path) -> Result<Vec<PathBuf>, CliError> {
    let campaign = CampaignDir::new(output);
    let note = place::spec_of(output)?.terrain_note;
    let draw = |map: PathBuf| {
        pictures::write(&campaign, &map, note.as_deref()).map_err(|e| CliError::output(e.to_string()))
    };
    finished(output)?.into_iter().map(draw).collect()
}
