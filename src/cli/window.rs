//! A small square of a campaign's region, computed at once: for previews and for measuring what a campaign costs.

use std::sync::atomic::AtomicBool;

use super::Failure;
use crate::campaign::spec::{Region, Spec};
use crate::engine::geotiff::Raster;
use crate::engine::grid::{Grid, Placement};
use crate::engine::{Engine, MapRequest, RegionBox};
use crate::job::request;

/// A square of whole cells of the terrain.
pub(super) struct Window {
    /// Its centre, in the terrain's coordinates.
    pub(super) centre: (f64, f64),
    region: RegionBox,
    size: u32,
}

impl Window {
    /// `size` cells across and down around `centre`; `None` when it reaches beyond the terrain.
    pub(super) fn around(terrain: &Placement, centre: (f64, f64), size: u32) -> Option<Self> {
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
        inside.then_some(Self { centre, region, size })
    }

    /// The work of these months in this window, as one tile: nothing is gained by cutting so little.
    pub(super) fn request(&self, spec: &Spec, months: &[u8]) -> MapRequest {
        let block = self.size.next_multiple_of(16);
        MapRequest { region: Some(self.region), tile: block, block, ..request::request(spec, months) }
    }
}

/// The centre of a campaign's region in the terrain's coordinates.
pub(super) fn centre_of(spec: &Spec, terrain: &Raster) -> Result<(f64, f64), Failure> {
    let middle = |p: &Placement| p.centre(p.width as f64 / 2.0 - 0.5, p.height as f64 / 2.0 - 0.5);
    match spec.region {
        Region::All => Ok(middle(terrain.placement())),
        Region::Box { .. } => Ok(middle(Engine::open(request::request(spec, &spec.months))?.placement())),
    }
}

/// All layers of the whole region of an engine.
pub(super) fn compute(engine: &Engine) -> Result<Vec<Grid>, Failure> {
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
