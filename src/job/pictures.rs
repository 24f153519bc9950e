//! A picture of each finished map, for people: `<output>/pictures/<layer>.png`.

use std::path::{Path, PathBuf};

use super::maps;
use crate::checkpoint::CampaignDir;
use crate::durable::{DurableError, atomic};
use crate::engine::geotiff::Raster;
use crate::engine::grid::Grid;
use crate::engine::picture::{self, Legend, Palette};
use crate::engine::{Problem, layer_named};

/// The longest edge of a picture, pixels; larger maps are averaged down.
const LONGEST: usize = 2048;

/// Why a map has no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The map cannot be read.
    #[error(transparent)]
    Map(#[from] Problem),
    /// The picture cannot be written.
    #[error(transparent)]
    File(#[from] DurableError),
}

/// The file of the picture of a map.
#[must_use]
pub fn file(campaign: &CampaignDir, map: &Path) -> PathBuf {
    campaign.pictures().join(map.with_extension("png").file_name().unwrap_or_default())
}

/// Writes the picture of one finished map; its file. `note` says what makes it other than a plain map.
///
/// # Errors
/// When the map cannot be read or the picture not be written; a former picture then still stands.
pub fn write(campaign: &CampaignDir, map: &Path, note: Option<&str>) -> Result<PathBuf, PictureError> {
    let folder = campaign.pictures();
    atomic::create_folder_within(&folder)?;
    let layer = map.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let file = file(campaign, map);
    let (grid, cell) = reduced(&maps::open(map)?)?;
    let known = layer_named(&layer);
    let (title, unit) = known.as_ref().map_or((&*layer, ""), |known| (&*known.description, known.unit));
    let legend = Legend { title, unit, cell, note };
    let mut png = Vec::new();
    picture::encode_png(&mut png, &grid, Palette::for_layer(&layer), &legend)
        .map_err(|e| DurableError::io(&file, "write", e))?;
    atomic::replace(&file, &png)?;
    Ok(file)
}

/// A map no longer than [`LONGEST`], each of its cells the mean of the valid ones that it covers; and their edge, m.
fn reduced(raster: &Raster) -> Result<(Grid, f64), Problem> {
    let (width, height) = (raster.placement().width, raster.placement().height);
    let step = width.max(height).div_ceil(LONGEST).max(1);
    let mut values = Vec::new();
    for top in (0..height).step_by(step) {
        let rows = step.min(height - top);
        let strip = raster.window(0, top as isize, width, rows)?;
        values.extend((0..width).step_by(step).map(|left| mean(&strip, left, step)));
    }
    let grid = Grid { width: width.div_ceil(step), height: height.div_ceil(step), values };
    Ok((grid, raster.placement().cell_x * step as f64))
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
