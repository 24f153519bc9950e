//! The region of a request in cells of the terrain.

use super::super::Problem;
use super::super::crs::Crs;
use super::super::grid::Placement;
use super::super::rectangles::Span;
use super::super::request::{MapRequest, RegionBox};

/// The latitude of a region's middle, degrees.
pub(super) fn latitude_of(dem: &Placement, span: Span) -> Option<f64> {
    let middle = |first: isize, size: usize| first as f64 + size as f64 / 2.0;
    let (x, y) = dem.centre(middle(span.column, span.width), middle(span.row, span.height));
    dem.crs.to_lonlat(x, y).map(|(_, latitude)| latitude)
}

/// Where the first cell of `other` lies in the DEM when both share their cells.
pub(super) fn shared_cells(dem: &Placement, other: &Placement) -> Option<(isize, isize)> {
    let same = |a: f64, b: f64| (a - b).abs() <= a.abs() * 1e-9;
    if dem.crs != other.crs || !same(dem.cell_x, other.cell_x) || !same(dem.cell_y, other.cell_y) {
        return None;
    }
    let (column, row) = ((other.west - dem.west) / dem.cell_x, (dem.north - other.north) / dem.cell_y);
    let whole = |v: f64| (v - v.round()).abs() < 1e-6;
    (whole(column) && whole(row)).then(|| (column.round() as isize, row.round() as isize))
}

/// Where a part of a raster lies.
pub(super) fn part_of(whole: &Placement, span: Span) -> Placement {
    Placement {
        west: whole.west + span.column as f64 * whole.cell_x,
        north: whole.north - span.row as f64 * whole.cell_y,
        width: span.width,
        height: span.height,
        ..whole.clone()
    }
}

/// The region in cells of the DEM.
pub(super) fn region(request: &MapRequest, dem: &Placement) -> Result<Span, Problem> {
    let Some(region) = request.region else {
        return Ok(Span::whole(dem));
    };
    let problem = |what: String, cure: &str| Problem::new(&request.dem, what, cure);
    if region.xmin >= region.xmax || region.ymin >= region.ymax {
        return Err(problem(
            format!(
                "the region is empty: x {} to {}, y {} to {}",
                region.xmin, region.xmax, region.ymin, region.ymax
            ),
            "give xmin < xmax and ymin < ymax",
        ));
    }
    let Some((low, high)) = bounds(region, dem.crs) else {
        return Err(problem(
            format!(
                "the region in EPSG:{} cannot be brought to the DEM's EPSG:{}",
                region.epsg,
                dem.crs.epsg()
            ),
            &format!("use {}, and coordinates inside its domain", Crs::KNOWN),
        ));
    };
    let (west, north) = dem.cell_of(low.0, high.1);
    let (east, south) = dem.cell_of(high.0, low.1);
    // Counted from cell centres; edges lie half a cell before.
    let edge = |v: f64| (v + 0.5).round();
    let (west, north, east, south) = (edge(west), edge(north), edge(east), edge(south));
    let (columns, rows) = (dem.width as f64, dem.height as f64);
    if east <= 0.0 || south <= 0.0 || west >= columns || north >= rows {
        return Err(problem(
            "the region does not overlap the DEM".into(),
            "check the region's coordinates and its coordinate system",
        ));
    }
    let beyond = [("west", -west), ("north", -north), ("east", east - columns), ("south", south - rows)];
    if let Some((side, cells)) =
        beyond.iter().filter(|(_, cells)| *cells > 0.0).max_by(|a, b| a.1.total_cmp(&b.1))
    {
        return Err(problem(
            format!("the region reaches {:.0} m beyond the DEM in the {side}", cells * dem.cell_x),
            "make the region smaller or give a larger DEM",
        ));
    }
    let (width, height) = ((east - west) as usize, (south - north) as usize);
    if width == 0 || height == 0 {
        return Err(problem("the region is smaller than a cell".into(), "make the region larger"));
    }
    Ok(Span { column: west as isize, row: north as isize, width, height })
}

/// Least and greatest coordinates of a box in another system, along its outline.
fn bounds(region: RegionBox, crs: Crs) -> Option<((f64, f64), (f64, f64))> {
    let from = Crs::of_epsg(region.epsg)?;
    if from == crs {
        return Some(((region.xmin, region.ymin), (region.xmax, region.ymax)));
    }
    let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    for i in 0..=32 {
        let part = f64::from(i) / 32.0;
        let x = region.xmin + part * (region.xmax - region.xmin);
        let y = region.ymin + part * (region.ymax - region.ymin);
        for (x, y) in [(x, region.ymin), (x, region.ymax), (region.xmin, y), (region.xmax, y)] {
            let (lon, lat) = if from.is_geographic() { (x, y) } else { from.to_lonlat(x, y)? };
            let (x, y) = crs.from_lonlat(lon, lat)?;
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
    }
    Some((low, high))
}
