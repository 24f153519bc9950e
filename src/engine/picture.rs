//! Pictures of grids: colour scales, hill shading, PNG.

use std::path::Path;

use super::grid::Grid;

/// A colour scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// Dark to bright yellow: radiation (perceptually uniform).
    Inferno,
    /// Blue to red: temperature.
    Thermal,
    /// Green lowland to white summits: height.
    Terrain,
    /// Black to white.
    Grey,
}

impl Palette {
    /// The palette for a layer's name: `lst_…` thermal, `svf` grey, else radiation.
    #[must_use]
    pub fn for_layer(_name: &str) -> Self {
        unimplemented!()
    }

    /// Red, green, blue of a value between `low` and `high`; `None` for NaN.
    #[must_use]
    pub fn colour(self, _value: f32, _low: f32, _high: f32) -> Option<[u8; 3]> {
        unimplemented!()
    }
}

/// The range that leaves out the lowest and highest `clip` (0..0.5) of the valid values; `None` without any.
#[must_use]
pub fn stretch(_values: &[f32], _clip: f64) -> Option<(f32, f32)> {
    unimplemented!()
}

/// Writes a grid as a PNG with a scale bar; nodata transparent.
///
/// # Errors
/// When the file cannot be written.
pub fn write_png(_path: &Path, _grid: &Grid, _palette: Palette, _unit: &str) -> std::io::Result<()> {
    unimplemented!()
}
