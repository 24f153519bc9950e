//! Deterministic synthetic terrain through real control points, for demos and tests.
//!
//! The massif des Écrins: real summits, passes, valley floors and rivers ([`control_points`]), between them relief as
//! erosion shapes it, grown once per process on a fixed domain, so that every extent is cut from the same mountains.
//! The same bits on every machine: only sums, products, quotients and square roots of IEEE 754, integer noise, and
//! a fixed order.

mod climate;
mod domain;
mod noise;
mod points;
pub mod ranges;
mod relief;
mod rivers;
mod steepness;
mod surface;

use std::path::Path;
use std::sync::OnceLock;

use super::crs::Crs;
use super::grid::{Grid, Placement};
use super::{Layer, Problem, RegionBox};
use surface::{CELL, Surface};

pub use climate::LAPSE;
pub use points::{ControlPoint, PointKind, control_points};

/// The label of such terrain wherever it is shown.
pub const LABEL: &str = "synthetic terrain through real summits";

/// The coordinate system: ETRS89 / LAEA Europe.
pub const EPSG: u32 = 3035;

/// The longest edge of a terrain with its halo, cells: the domain.
pub const LONGEST: u32 = (domain::SIDE / CELL) as u32;

/// What [`ecrins`] makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SceneExtent {
    /// Cells across and down, of 25 m.
    pub size: u32,
    /// Beyond the mapped region, terrain that only casts shadows, cells.
    pub halo: u32,
}

impl SceneExtent {
    /// The mapped region: the extent without its halo, in EPSG:3035.
    #[must_use]
    pub fn region(self) -> RegionBox {
        let (west, north) = self.corner(self.size);
        let side = f64::from(self.size) * CELL;
        RegionBox { epsg: EPSG, xmin: west, ymin: north - side, xmax: west + side, ymax: north }
    }

    /// Cells of an edge, halo included.
    fn edge(self) -> u32 {
        self.size.saturating_add(self.halo.saturating_mul(2))
    }

    /// The north-west corner of a square of so many cells around the middle of the domain.
    fn corner(self, cells: u32) -> (f64, f64) {
        // Whole cells on both sides also where the size is odd.
        let west = f64::from((LONGEST - self.size % 2 - (cells - self.size % 2)) / 2);
        (domain::WEST + west * CELL, domain::NORTH - west * CELL)
    }
}

/// The terrain of an extent: heights in m on 25 m cells in EPSG:3035.
///
/// # Errors
/// When the extent is empty or larger than the mountains that are known ([`LONGEST`]).
pub fn terrain(extent: SceneExtent) -> Result<(Grid, Placement), Problem> {
    let edge = extent.edge();
    if extent.size == 0 || edge > LONGEST {
        let what = format!("a synthetic terrain of {edge} x {edge} cells was asked for");
        let cure = format!(
            "size + 2 * halo may be 1 to {LONGEST} cells; for larger regions give a real terrain model"
        );
        return Err(Problem::new(Path::new("dem.tif"), what, cure));
    }
    let (surface, crs) = massif();
    let (west, north) = extent.corner(edge);
    let edge = edge as usize;
    let values = surface.window(west, north, edge, edge);
    let placement =
        Placement { crs: *crs, west, north, cell_x: CELL, cell_y: CELL, width: edge, height: edge };
    Ok((Grid { width: edge, height: edge, values }, placement))
}

/// Makes the campaign inputs of the Parc des Écrins and hands them over, each with the name of its file: `dem.tif` (25 m, EPSG:3035, through the control
/// points of `assets/ecrins/`) and coarse, smooth climate grids on 1 km cells (`t_mean_{month}.tif` in degC,
/// `cloud_{month}.tif` in 0.01 %, `zref.tif` in m).
///
/// # Errors
/// When the extent is empty or too large, and those of `write`.
pub fn ecrins(
    extent: SceneExtent,
    write: impl Fn(&str, &Grid, &Placement, Layer) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let (dem, placement) = terrain(extent)?;
    write("dem.tif", &dem, &placement, layer("dem", None, "m", "height", (0.0, 5000.0)))?;
    let coarse = climate::placement(&placement);
    let reference = climate::reference_height(&massif().0, &coarse);
    write("zref.tif", &reference, &coarse, layer("zref", None, "m", "reference height", (0.0, 5000.0)))?;
    for month in 0..12 {
        let number = month as u8 + 1;
        let temperature = climate::temperature(month, &reference, &coarse);
        let about = layer("t_mean", Some(number), "degC", "mean temperature", (-60.0, 60.0));
        write(&format!("t_mean_{number:02}.tif"), &temperature, &coarse, about)?;
        let about = layer("cloud", Some(number), "0.01 %", "cloud cover", (0.0, 10_000.0));
        write(&format!("cloud_{number:02}.tif"), &climate::cloud(month, &coarse), &coarse, about)?;
    }
    Ok(())
}

fn layer(name: &str, month: Option<u8>, unit: &'static str, what: &str, range: (f32, f32)) -> Layer {
    let name = month.map_or_else(|| name.to_owned(), |month| format!("{name}_{month:02}"));
    Layer { name, month, unit, description: format!("{what} ({LABEL})"), range, steps: None }
}

/// The mountains, grown once.
fn massif() -> &'static (Surface, Crs) {
    static MASSIF: OnceLock<(Surface, Crs)> = OnceLock::new();
    MASSIF.get_or_init(|| {
        #[expect(clippy::expect_used, reason = "the engine always knows EPSG:3035")]
        let crs = Crs::of_epsg(EPSG).expect("EPSG:3035");
        let places = domain::places(crs);
        let courses = rivers::courses(|longitude, latitude| {
            domain::project(crs, longitude, latitude).unwrap_or((f64::NAN, f64::NAN))
        });
        let relief = relief::grow(&domain::bent(&places), &rivers::bent(courses));
        (Surface::new(relief, &places), crs)
    })
}

#[cfg(test)]
mod tests;
