//! `alpsckpt preview`: a small window, computed at once and drawn in the terminal.

use std::path::PathBuf;

use super::canvas::{self, Brush, Scale};
use super::{CliError, Steps, exit, output, place, submit};
use crate::campaign::spec::Spec;
use crate::engine::grid::Grid;
use crate::engine::picture::{self, Legend, Palette};
use crate::engine::{Layer, layer_named};
use crate::prepare::window;
use crate::quantity;
use crate::ui::text;

/// Computes a small window of one month at once and draws it in the terminal.
///
/// The numbers are those of the finished maps: the same engine, the same terrain around, only a smaller region.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt preview my.ron --month 1
  alpsckpt preview --month 7 --layer svf
  alpsckpt preview my.ron --month 7 --centre 4024000,2425000 --size 128
  alpsckpt preview my.ron --month 7 --layer total --png july.png
  alpsckpt preview my.ron --month 1 --steps exact

Exit codes: 0 drawn, 2 no such month or map, 65 bad campaign file or input, 66 no such campaign.")]
pub(super) struct Args {
    /// A campaign file or output folder; without it the current folder's campaign, else the one opened last.
    campaign: Option<PathBuf>,
    /// The month, one of the campaign's [default: that of --layer, else its first].
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u8).range(1..=12))]
    month: Option<u8>,
    /// The centre of the window in the terrain's coordinates [default: the region's].
    #[arg(long, value_name = "X,Y", value_parser = point, allow_hyphen_values = true)]
    centre: Option<(f64, f64)>,
    /// Cells across and down [default: 96].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(16..=1024))]
    size: Option<u32>,
    /// The map, such as `lst_mean_m01`, or `lst_mean` of the month [default: the last of the campaign's products].
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

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let mut loaded = place::loaded(args.campaign.as_deref())?;
    if let Some(steps) = args.steps {
        loaded.spec.steps = steps.into();
    }
    let spec = &loaded.spec;
    if spec.command().is_some() {
        let what = format!("\"{}\" is a campaign of commands: there is no map to look at", spec.name);
        return Err(CliError::new(exit::USAGE, what, "see `alpsckpt check` for what can be told of it"));
    }
    let name = args.layer.as_deref();
    let month = month(spec, args.month, name)?;
    // Before anything is read: a name is wrong at once.
    let (index, _) = choose(&window::layers(spec, month), name)?;
    let preview = window::preview(&loaded, month, args.centre, args.size, &output::tell)?;
    let lacking = || CliError::defect("the engine computed no such layer");
    let grid = preview.grids.get(index).ok_or_else(lacking)?;
    let layer = preview.layers.get(index).ok_or_else(lacking)?;
    let cell = preview.cell;
    let shown = Shown { grid, layer, cell, centre: preview.centre, note: spec.terrain_note.as_deref() };
    let brush = Brush::new(output::depth(), output::glyphs());
    let lines = shown.lines(brush, output::room(), output::glyphs().unicode).ok_or_else(|| {
        CliError::new(exit::INPUT, "the terrain has no data in this window", "choose another --centre")
    })?;
    lines.into_iter().try_for_each(output::say_drawn)?;
    if layer.month.is_none() && args.month.is_some() {
        output::note(format!("{} is the same in all months.", layer.name));
    }
    let Some(png) = &args.png else { return Ok(()) };
    let legend = Legend { title: &layer.description, unit: layer.unit, cell, note: shown.note };
    picture::write_png(png, grid, Palette::for_layer(&layer.name), &legend)
        .map_err(|e| CliError::output(format!("{}: {e}", png.display())))?;
    output::say(format!("{} written.", png.display()))
}

/// The month that is meant, one of the campaign's.
fn month(spec: &Spec, asked: Option<u8>, layer: Option<&str>) -> Result<u8, CliError> {
    let named = layer.and_then(layer_named).and_then(|layer| layer.month);
    if let (Some(asked), Some(named)) = (asked, named)
        && asked != named
    {
        let what = format!("--layer {} is a map of month {named}, --month says {asked}", layer.unwrap_or(""));
        return Err(CliError::new(exit::USAGE, what, "leave one of the two out"));
    }
    match asked.or(named) {
        Some(month) => Ok(submit::months(&spec.months, &[month])?.first().copied().unwrap_or(month)),
        None => Ok(spec.months.first().copied().unwrap_or(1)),
    }
}

/// What is drawn.
struct Shown<'s> {
    grid: &'s Grid,
    layer: &'s Layer,
    /// The edge of a cell, m.
    cell: f64,
    /// In the terrain's coordinates.
    centre: (f64, f64),
    note: Option<&'s str>,
}

/// Columns of the words beside a picture, where they stand there.
const BESIDE: usize = 34;

impl Shown<'_> {
    /// The picture with its legend below or beside it, whichever leaves it larger, in so many columns and rows; all rows
    /// of a picture as wide as the columns without `room.1`. `None` where there is nothing to draw.
    fn lines(
        &self,
        brush: Brush,
        (columns, rows): (usize, Option<usize>),
        unicode: bool,
    ) -> Option<Vec<String>> {
        let (low, high) = picture::stretch(&self.grid.values, picture::CLIP)?;
        let scale = Scale { palette: Palette::for_layer(&self.layer.name), low, high };
        let height = |words: usize| rows.map_or(usize::MAX / 4, |rows| rows.saturating_sub(words).max(1));
        let narrow = columns.saturating_sub(BESIDE + 2);
        // The legend's scale is as wide as the picture, whose height its lines take from: their number is what counts.
        let under = self.legend(brush, scale, (columns, columns), unicode).len();
        let below = canvas::size_in(self.grid, (columns, height(under)));
        let beside = canvas::size_in(self.grid, (narrow.max(1), height(0)));
        let words = self.legend(brush, scale, (beside.0, BESIDE), unicode);
        if rows.is_none() || beside.0 <= below.0 || words.len() > beside.1.div_ceil(2) {
            let mut lines = brush.draw(self.grid, scale, below);
            lines.extend(self.legend(brush, scale, (below.0, columns), unicode));
            return Some(lines);
        }
        let picture = brush.draw(self.grid, scale, beside);
        let words = words.into_iter().map(Some).chain(std::iter::repeat(None));
        let line = |(picture, words): (String, Option<String>)| match words {
            Some(words) => format!("{picture}  {words}"),
            None => picture,
        };
        Some(picture.into_iter().zip(words).map(line).collect())
    }

    /// What the picture shows, in lines of at most so many columns beside or below a picture so many columns wide.
    fn legend(
        &self,
        brush: Brush,
        scale: Scale,
        (picture, columns): (usize, usize),
        unicode: bool,
    ) -> Vec<String> {
        let Scale { low, high, .. } = scale;
        let (unit, digits) = (quantity::unit(self.layer.unit), picture::decimals(high - low));
        let (x, y) = self.centre;
        let Grid { width, height, .. } = self.grid;
        let mut lines = text::wrap(&format!("{}: {}", self.layer.name, self.layer.description), columns);
        lines.push(brush.bar(scale, columns.min(30)));
        lines.extend(text::wrap(&format!("{low:.digits$} … {high:.digits$} {unit}"), columns));
        lines.extend(text::wrap(picture::CLIPPED, columns));
        lines.push(self.ruler(picture, columns, unicode));
        let place = format!("{width} x {height} cells of {} m around {x:.0},{y:.0}", self.cell);
        lines.extend(text::wrap(&place, columns));
        lines.extend(self.note.iter().flat_map(|note| text::wrap(&output::told(note), columns)));
        lines
    }

    /// A round length on the ground, as long as in a picture so many columns wide.
    fn ruler(&self, picture: usize, columns: usize, unicode: bool) -> String {
        let metres = self.cell * self.grid.width as f64 / picture.max(1) as f64;
        let most = (picture as f64 / 2.0).min(columns.saturating_sub(8) as f64).max(1.0);
        let length = picture::round_length(metres * most);
        let long = ((length / metres).round() as usize).max(1);
        let [end, line, other] = if unicode { ["├", "─", "┤"] } else { ["|", "-", "|"] };
        let bar = match long {
            1 => other.to_owned(),
            long => format!("{end}{}{other}", line.repeat(long - 2)),
        };
        format!("{bar} {}", picture::length_told(length))
    }
}

fn choose<'l>(layers: &'l [Layer], name: Option<&str>) -> Result<(usize, &'l Layer), CliError> {
    let Some(name) = name else {
        return layers.iter().enumerate().next_back().ok_or_else(|| CliError::defect("no layer"));
    };
    let is_meant = |layer: &Layer| {
        let month = layer.month.map_or(String::new(), |month| format!("_m{month:02}"));
        layer.name == name || layer.name.replacen(&month, "", 1) == name
    };
    layers.iter().enumerate().find(|(_, layer)| is_meant(layer)).ok_or_else(|| {
        let known = layers.iter().map(|l| l.name.as_str()).collect::<Vec<_>>().join(", ");
        CliError::new(
            exit::USAGE,
            format!("there is no map {name:?} among the campaign's of this month"),
            format!("name one of {known}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyphs::UNICODE;
    use crate::ui::theme::Depth;

    #[test]
    fn a_centre_is_two_numbers() {
        assert_eq!(point("4024000, -12.5"), Ok((4_024_000.0, -12.5)));
        assert!(point("4024000").is_err() && point("nan,1").is_err());
    }

    /// The lines of a preview of 96 x 96 cells in a terminal.
    fn shown(room: (usize, Option<usize>)) -> Vec<String> {
        let values = (0..96 * 96).map(|i| i as f32).collect();
        let grid = Grid { width: 96, height: 96, values };
        let layer = &layer_named("lst_mean_m07").unwrap();
        let note = Some("synthetic terrain through real summits");
        let shown = Shown { grid: &grid, layer, cell: 25.0, centre: (4_024_000.0, 2_425_000.0), note };
        shown.lines(Brush::new(Depth::Mono, &UNICODE), room, true).unwrap()
    }

    #[test]
    fn a_preview_never_scrolls_its_own_top_away_and_uses_the_room_there_is() {
        for (columns, rows) in [(160, 44), (120, 29), (80, 23), (60, 17), (40, 60), (40, 11)] {
            let lines = shown((columns, Some(rows)));
            assert!(lines.len() <= rows, "{} lines in {columns} x {rows}: {lines:#?}", lines.len());
            let widest = lines.iter().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= columns, "{widest} in {columns} x {rows}: {lines:#?}");
            let all = lines.join(" ");
            for word in ["lst_mean_m07", "°C", "2nd to", "┤ ", "4024000,2425000", "synthetic"] {
                assert!(all.contains(word), "{word} in {columns} x {rows}: {lines:#?}");
            }
        }
        // 44 rows of two pixels each, and the words beside.
        assert_eq!(shown((160, Some(44))).len(), 44);
        assert_eq!(shown((80, None)).iter().position(|line| line.contains("lst_mean")), Some(40));
    }

    #[test]
    fn a_map_is_named_with_or_without_its_month_and_sky_view_has_none() {
        let layers: Vec<Layer> = ["svf", "total_m07", "total_m07_flat", "lst_mean_m07"]
            .iter()
            .filter_map(|n| layer_named(n))
            .collect();
        let found = |name: &str| choose(&layers, Some(name)).map(|(index, _)| index).ok();
        assert_eq!(
            ["svf", "total", "total_flat", "total_m07_flat", "lst_mean", "total_m06"].map(found),
            [Some(0), Some(1), Some(2), Some(2), Some(3), None]
        );
        assert_eq!(choose(&layers, None).unwrap().0, 3);
        let spec =
            crate::campaign::spec::parse(std::path::Path::new("/my.ron"), crate::campaign::spec::template());
        let spec = spec.unwrap().spec;
        assert_eq!(month(&spec, None, Some("lst_mean_m07")).unwrap(), 7);
        assert_eq!(month(&spec, Some(7), Some("svf")).unwrap(), 7);
        assert!(month(&spec, Some(1), Some("lst_mean_m07")).is_err());
    }
}
