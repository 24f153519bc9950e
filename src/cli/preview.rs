//! `alpsckpt preview`: a small window, computed at once and drawn in the terminal.

use std::path::PathBuf;

use super::window::{self, Window};
use super::{Failure, Steps, canvas, failure, inputs, output, place, submit};
use crate::engine::geotiff::Raster;
use crate::engine::grid::{Grid, Placement};
use crate::engine::picture::{self, Palette};
use crate::engine::{Engine, Layer};

/// Cells across and down without --size.
const USUAL: u32 = 96;

/// Computes a small window of one month at once and draws it in the terminal.
///
/// The numbers are those of the finished maps: the same engine, the same terrain around, only a smaller region.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt preview my.ron --month 1
  alpsckpt preview my.ron --month 7 --centre 4024000,2425000 --size 128 --layer lst_mean_m07
  alpsckpt preview my.ron --month 7 --layer total_m07 --png july.png
  alpsckpt preview my.ron --month 1 --steps exact

Exit codes: 0 drawn, 2 no such month or layer, 65 bad campaign file or input.")]
pub(super) struct Args {
    /// The campaign file.
    file: PathBuf,
    /// The month, one of the campaign's [default: its first].
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u8).range(1..=12))]
    month: Option<u8>,
    /// The centre of the window in the terrain's coordinates [default: the region's].
    #[arg(long, value_name = "X,Y", value_parser = point, allow_hyphen_values = true)]
    centre: Option<(f64, f64)>,
    /// Cells across and down [default: 96].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(16..=1024))]
    size: Option<u32>,
    /// The map, such as `lst_mean_m01` [default: the last one of the campaign's products].
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// How the steps of the month are summed [default: the campaign's].
    #[arg(long, value_enum)]
    steps: Option<Steps>,
    /// Writes a picture too.
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
}

fn point(text: &str) -> Result<(f64, f64), String> {
    let parsed =
        text.split_once(',').and_then(|(x, y)| Some((x.trim().parse().ok()?, y.trim().parse().ok()?)));
    parsed.filter(|(x, y): &(f64, f64)| x.is_finite() && y.is_finite()).ok_or_else(|| "write X,Y".to_owned())
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut loaded = place::load(&args.file)?;
    if let Some(steps) = args.steps {
        loaded.spec.steps = steps.into();
    }
    let spec = &loaded.spec;
    let month = match args.month {
        Some(month) => submit::months(&spec.months, &[month])?.first().copied().unwrap_or(month),
        None => spec.months.first().copied().unwrap_or(1),
    };
    inputs::check(&loaded, &[month])?;
    let terrain = Raster::open(&spec.dem)?;
    let centre = args.centre.map_or_else(|| window::centre_of(spec, &terrain), Ok)?;
    let size = args.size.unwrap_or_else(|| fitting(terrain.placement()));
    let window = Window::around(terrain.placement(), centre, size).ok_or_else(|| beyond(centre, size))?;
    let engine = Engine::open(window.request(spec, &[month]))?;
    let (index, layer) = choose(engine.layers(), args.layer.as_deref())?;
    let grids = window::compute(&engine)?;
    let grid = grids.get(index).ok_or_else(|| Failure::defect("the engine computed no such layer"))?;
    draw(grid, layer)?;
    let (x, y) = window.centre;
    output::say(format!("{size} x {size} cells around {x:.0},{y:.0}. {}", layer.description))?;
    if let Some(note) = &spec.terrain_note {
        output::say(note)?;
    }
    let Some(png) = &args.png else { return Ok(()) };
    picture::write_png(png, grid, Palette::for_layer(&layer.name), layer.unit)
        .map_err(|e| Failure::output(format!("{}: {e}", png.display())))?;
    output::say(format!("{} written.", png.display()))
}

/// The usual window, or as much as there is of a small terrain.
fn fitting(terrain: &Placement) -> u32 {
    (terrain.width.min(terrain.height) as u32).clamp(1, USUAL)
}

fn beyond((x, y): (f64, f64), size: u32) -> Failure {
    let what = format!("a window of {size} cells around {x:.0},{y:.0} reaches beyond the terrain");
    Failure::new(failure::USAGE, what, "choose another --centre or a smaller --size")
}

fn draw(grid: &Grid, layer: &Layer) -> Result<(), Failure> {
    let Some(range) = picture::stretch(&grid.values, 0.02) else {
        let cure = "choose another --centre";
        return Err(Failure::new(failure::INPUT, "the terrain has no data in this window", cure));
    };
    let (columns, _) = output::terminal_size();
    let palette = Palette::for_layer(&layer.name);
    for line in canvas::draw(grid, palette, range, usize::from(columns), output::colours()) {
        output::say_drawn(line)?;
    }
    output::say(format!("{}: {:.2} … {:.2} {}", layer.name, range.0, range.1, layer.unit).trim_end())
}

fn choose<'l>(layers: &'l [Layer], name: Option<&str>) -> Result<(usize, &'l Layer), Failure> {
    let Some(name) = name else {
        return layers.iter().enumerate().next_back().ok_or_else(|| Failure::defect("no layer"));
    };
    layers.iter().enumerate().find(|(_, l)| l.name == name).ok_or_else(|| {
        let known = layers.iter().map(|l| l.name.as_str()).collect::<Vec<_>>().join(", ");
        Failure::new(
            failure::USAGE,
            format!("there is no map {name:?} in this month"),
            format!("known: {known}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::point;

    #[test]
    fn a_centre_is_two_numbers() {
        assert_eq!(point("4024000, -12.5"), Ok((4_024_000.0, -12.5)));
        assert!(point("4024000").is_err() && point("nan,1").is_err());
    }
}
