//! `alpsckpt maps`: the finished maps, and pictures of them.

use std::path::{Path, PathBuf};

use super::{Failure, output, place};
use crate::checkpoint::CampaignDir;
use crate::job::pictures;

/// Lists the finished maps; with `--png` draws each anew and lists the pictures.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt maps
  alpsckpt maps my.ron --png        pictures in <output>/pictures

Exit codes: 0 listed or written, 66 no such campaign.")]
pub(super) struct Args {
    /// A campaign file or output folder; the campaign opened last without it.
    campaign: Option<PathBuf>,
    /// Draws a PNG of each map to `<output>/pictures`, as the jobs do when they finish a map.
    #[arg(long)]
    png: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = place::output_of(args.campaign.as_deref())?;
    let files = if args.png { pictures(&output)? } else { finished(&output)? };
    if files.is_empty() {
        output::note("no map is finished yet: see `alpsckpt status`");
    }
    files.iter().try_for_each(|file| output::say(file.display()))
}

/// The finished maps, by name.
pub(super) fn finished(output: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = CampaignDir::new(output).maps();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Failure::output(format!("{}: {e}", folder.display()))),
    };
    let maps = entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "tif"));
    let mut maps: Vec<PathBuf> = maps.collect();
    maps.sort();
    Ok(maps)
}

/// The pictures that the jobs drew of the finished maps.
pub(super) fn drawn(output: &Path) -> Result<Vec<PathBuf>, Failure> {
    let campaign = CampaignDir::new(output);
    let files = finished(output)?.into_iter().map(|map| pictures::file(&campaign, &map));
    Ok(files.filter(|picture| picture.is_file()).collect())
}

/// Writes a picture of each finished map; their files.
fn pictures(output: &Path) -> Result<Vec<PathBuf>, Failure> {
    let campaign = CampaignDir::new(output);
    let draw = |map: PathBuf| pictures::write(&campaign, &map).map_err(|e| Failure::output(e.to_string()));
    finished(output)?.into_iter().map(draw).collect()
}
