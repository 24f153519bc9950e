//! A small square of a campaign's terrain, computed at once.

use std::sync::atomic::AtomicBool;

use super::check::examine;
use super::{PrepareError, Tell, seen};
use crate::campaign::spec::{Loaded, Spec};
use crate::engine::grid::{Grid, Placement};
use crate::engine::{CheckDepth, Engine, EngineError, Layer, MapRequest, RegionBox};
use crate::job::request;

/// Cells across and down where none is asked for.
const USUAL: u32 = 96;

/// All maps of a small window in one month.
#[derive(Debug)]
pub struct Preview {
    /// The maps.
    pub layers: Vec<Layer>,
    /// Their cells, row by row; NaN = no data.
    pub grids: Vec<Grid>,
    /// The edge of a cell, m.
    pub cell: f64,
    /// The middle of the window, in the terrain's coordinates.
    pub centre: (f64, f64),
}

/// The maps that a preview of one month has, in order.
#[must_use]
pub fn layers(spec: &Spec, month: u8) -> Vec<Layer> {
    crate::engine::layers_of(&all(request::request(spec, &[month]), spec))
}

/// Computes a window of `size` cells around `centre`, in the terrain's coordinates; the usual one in the middle of the region
/// without. The numbers are those of the finished maps.
///
/// # Errors
/// What is wrong with the inputs of this month, and a window that reaches beyond the terrain.
pub fn preview(
    loaded: &Loaded,
    month: u8,
    centre: Option<(f64, f64)>,
    size: Option<u32>,
    tell: Tell<'_>,
) -> Result<Preview, PrepareError> {
    let spec = &loaded.spec;
    let look = CheckDepth::Remembered(&seen::of(&spec.output));
    let examined = examine(loaded, &[month], look, tell)?;
    // A campaign of commands has no map.
    let Some(whole) = examined.engine else {
        return Ok(Preview { layers: Vec::new(), grids: Vec::new(), cell: 0.0, centre: (0.0, 0.0) });
    };
    let terrain = whole.terrain();
    let centre = centre.unwrap_or_else(|| middle(whole.placement()));
    let size = size.unwrap_or_else(|| (terrain.width.min(terrain.height) as u32).clamp(1, USUAL));
    let window = Window::around(terrain, centre, size).ok_or(PrepareError::BeyondTerrain { centre, size })?;
    // The window may lie anywhere on the terrain, beside the region too.
    let engine = Engine::open(all(window.request(spec, &[month]), spec))?;
    let grids = compute(&engine)?;
    Ok(Preview { layers: engine.layers().to_vec(), grids, cell: terrain.cell_x, centre })
}

/// All of a campaign's products: among the jobs only one computes the sky view.
fn all(request: MapRequest, spec: &Spec) -> MapRequest {
    MapRequest { products: spec.products.clone(), ..request }
}

fn middle(p: &Placement) -> (f64, f64) {
    p.centre(p.width as f64 / 2.0 - 0.5, p.height as f64 / 2.0 - 0.5)
}

/// A square of whole cells of the terrain.
struct Window {
    region: RegionBox,
    size: u32,
}

impl Window {
    /// `size` cells across and down around `centre`; `None` when it reaches beyond the terrain.
    fn around(terrain: &Placement, centre: (f64, f64), size: u32) -> Option<Self> {
        let half = f64::from(size) / 2.0;
        // On whole cells, so that the window's cells are those of the maps.
        let (column, row) = terrain.cell_of(centre.0, centre.1);
        let (left, top) = ((column + 0.5 - half).round(), (row + 0.5 - half).round());
        let (right, bottom) = (left + f64::from(size), top + f64::from(size));
        let inside =
            left >= 0.0 && top >= 0.0 && right <= terrain.width as f64 && bottom <= terrain.height as f64;
        let region = RegionBox {
            epsg: terrain.crs.epsg(),
            xmin: terrain.west + left * terrain.cell_x,
            xmax: terrain.west + right * terrain.cell_x,
            ymax: terrain.north - top * terrain.cell_y,
            ymin: terrain.north - bottom * terrain.cell_y,
        };
        inside.then_some(Self { region, size })
    }

    /// The work of these months in this window, as one tile: nothing is gained by cutting so little.
    fn request(&self, spec: &Spec, months: &[u8]) -> MapRequest {
        let block = self.size.next_multiple_of(16);
        MapRequest { region: Some(self.region), tile: block, block, ..request::request(spec, months) }
    }
}

/// All layers of the whole region of an engine.
fn compute(engine: &Engine) -> Result<Vec<Grid>, EngineError> {
    let tiling = engine.tiling();
    let (width, height) = (tiling.width as usize, tiling.height as usize);
    let empty = Grid { width, height, values: vec![f32::NAN; width * height] };
    let mut grids = vec![empty; engine.layers().len()];
    let never = AtomicBool::new(false);
    for tile in (0..tiling.count()).filter_map(|n| tiling.tile(n)) {
        let computed = engine.compute(tile, &never)?;
        for (grid, cells) in grids.iter_mut().zip(&computed.layers) {
            for (row, cells) in cells.chunks(tile.width as usize).enumerate() {
                let start = (tile.y as usize + row) * width + tile.x as usize;
                if let Some(target) = grid.values.get_mut(start..start + cells.len()) {
                    target.copy_from_slice(cells);
                }
            }
        }
    }
    Ok(grids)
}
