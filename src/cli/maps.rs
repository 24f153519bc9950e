//! `alpsckpt maps`: the finished maps, and pictures of them.

use std::path::{Path, PathBuf};

use super::{Failure, output, place};
use crate::checkpoint::CampaignDir;
use crate::durable::atomic;
use crate::engine::geotiff::Raster;
use crate::engine::grid::Grid;
use crate::engine::picture::{self, Palette};

/// Lists the finished maps; with `--png` writes a picture of each.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt maps
  alpsckpt maps my.ron --png        pictures in <output>/pictures

Exit codes: 0 listed or written, 66 no such campaign.")]
pub(super) struct Args {
    /// A campaign file or output folder; the campaign opened last without it.
    campaign: Option<PathBuf>,
    /// Writes a PNG of each map to `<output>/pictures`.
    #[arg(long)]
    png: bool,
}

/// The longest edge of a picture, pixels; larger maps are averaged down.
const LONGEST: usize = 2048;

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

/// Writes a picture of each finished map; their files.
pub(super) fn pictures(output: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = output.join("pictures");
    atomic::create_folder(&folder)?;
    let mut written = Vec::new();
    for map in finished(output)? {
        let name = map.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let picture = folder.join(format!("{name}.png"));
        let grid = reduced(&Raster::open(&map)?)?;
        picture::write_png(&picture, &grid, Palette::for_layer(&name), unit(&name))
            .map_err(|e| Failure::output(format!("{}: {e}", picture.display())))?;
        written.push(picture);
    }
    Ok(written)
}

/// The unit of a layer by its name.
pub(super) fn unit(layer: &str) -> &'static str {
    match layer {
        "svf" => "",
        l if l.starts_with("lst_") => "degC",
        l if l.starts_with("quotient_") => "",
        _ => "kWh/m2",
    }
}

/// A map no longer than [`LONGEST`], each of its cells the mean of the valid ones that it covers.
fn reduced(raster: &Raster) -> Result<Grid, Failure> {
    let (width, height) = (raster.placement().width, raster.placement().height);
    let step = width.max(height).div_ceil(LONGEST).max(1);
    let mut values = Vec::new();
    for top in (0..height).step_by(step) {
        let rows = step.min(height - top);
        let strip = raster.window(0, top as isize, width, rows)?;
        values.extend((0..width).step_by(step).map(|left| mean(&strip, left, step)));
    }
    Ok(Grid { width: width.div_ceil(step), height: height.div_ceil(step), values })
}

fn mean(strip: &Grid, left: usize, step: usize) -> f32 {
    let cells = (0..strip.height).flat_map(|y| (left..left + step).map(move |x| (x as isize, y as isize)));
    let valid = cells.map(|(x, y)| strip.at(x, y)).filter(|v| !v.is_nan());
    let (sum, count) = valid.fold((0.0_f64, 0_u32), |(s, n), v| (s + f64::from(v), n + 1));
    if count == 0 { f32::NAN } else { (sum / f64::from(count)) as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_leaves_out_what_is_not_valid_or_outside() {
        let strip = Grid { width: 3, height: 2, values: vec![1.0, 2.0, 5.0, f32::NAN, 3.0, f32::NAN] };
        assert!((mean(&strip, 0, 2) - 2.0).abs() < 1e-6);
        assert!((mean(&strip, 2, 2) - 5.0).abs() < 1e-6);
        let empty = Grid { width: 1, height: 1, values: vec![f32::NAN] };
        assert!(mean(&empty, 0, 1).is_nan());
    }
}
