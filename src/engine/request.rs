//! What to compute, everything resolved.

use std::path::PathBuf;

use super::model::Physics;

/// The work of one set of months over one region.
#[derive(Debug, Clone, PartialEq)]
pub struct MapRequest {
    /// The terrain model: heights in metres, projected, square cells, north up.
    pub dem: PathBuf,
    /// The part of the DEM to map; `None`: all of it. Terrain outside still casts shadows.
    pub region: Option<RegionBox>,
    /// The height that the coarse temperatures stand for, m; needed for temperatures.
    pub reference_height: Option<PathBuf>,
    /// The months with their coarse grids.
    pub months: Vec<MonthInputs>,
    /// The calendar year of the sun's positions.
    pub year: i32,
    /// What tells these maps from those of the same months of another request, such as `2031-rcp85`: a part of their names.
    /// Empty where months say all.
    pub tag: String,
    /// The physics.
    pub model: Physics,
    /// The maps to write.
    pub products: Vec<Product>,
    /// Edge of a work tile, cells; a multiple of `block`.
    pub tile: u32,
    /// Edge of a block (a tile of the GeoTIFF), cells; a multiple of 16.
    pub block: u32,
    /// What cells are stored as.
    pub storage: Storage,
    /// How blocks are compressed.
    pub compression: Compression,
}

/// A box in a coordinate system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionBox {
    /// Its coordinate system; corners are brought to the DEM's.
    pub epsg: u32,
    /// West.
    pub xmin: f64,
    /// South.
    pub ymin: f64,
    /// East.
    pub xmax: f64,
    /// North.
    pub ymax: f64,
}

/// The coarse inputs of one month.
#[derive(Debug, Clone, PartialEq)]
pub struct MonthInputs {
    /// 1 to 12.
    pub month: u8,
    /// Lapse rate, K/m, positive = colder upwards.
    pub lapse: CoarseField,
    /// Cloud cover, 0..10000 (0.01 %).
    pub cloud: Option<PathBuf>,
    /// Temperatures.
    pub temperatures: Vec<TemperatureInput>,
    /// Linke's turbidity for an air mass of 2, 1..10; needed for [`AtmosphereModel::Esra`](super::AtmosphereModel::Esra), else left
    /// alone.
    pub linke: Option<CoarseField>,
}

/// A constant or a grid.
#[derive(Debug, Clone, PartialEq)]
pub enum CoarseField {
    /// The same everywhere.
    Constant(f64),
    /// A coarse grid, interpolated by B-spline.
    Grid(PathBuf),
}

/// One coarse temperature grid; degC = `value` * `scale` + `offset`.
#[derive(Debug, Clone, PartialEq)]
pub struct TemperatureInput {
    /// Its name in the maps' names: `mean`, `min`, `max`, …
    pub name: String,
    /// File of the coarse grid.
    pub path: PathBuf,
    /// degC per unit.
    pub scale: f64,
    /// degC at zero.
    pub offset: f64,
}

/// A kind of map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Product {
    /// Sky view factor on the slope, 0..1: `svf.tif`.
    SkyView,
    /// Direct radiation of the month, kWh/m2: `direct_m01.tif`.
    Direct,
    /// Diffuse radiation, kWh/m2: `diffuse_m01.tif`.
    Diffuse,
    /// Direct + diffuse, kWh/m2: `total_m01.tif`.
    Total,
    /// Total after the cloud correction, kWh/m2: `solar_m01.tif`.
    Solar,
    /// Direct radiation of the flat twin, kWh/m2: `direct_m01_flat.tif`.
    DirectFlat,
    /// Diffuse radiation of the flat twin: `diffuse_m01_flat.tif`.
    DiffuseFlat,
    /// Total of the flat twin: `total_m01_flat.tif`.
    TotalFlat,
    /// Total of the flat twin after the cloud correction: `solar_m01_flat.tif`.
    SolarFlat,
    /// Solar / solar of the flat twin: `quotient_m01.tif`.
    Quotient,
    /// Land-surface temperature, degC, a map for each temperature of the month: `lst_mean_m01.tif`.
    Temperature,
}

/// What the cells of a map are stored as.
///
/// The default is that of frozen specs of the first form; that of new campaigns stands in `src/campaign/spec/forms.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Storage {
    /// Integers of 16 bits that count the layer's fixed steps, with a scale that many programs ignore.
    #[default]
    Integer,
    /// Float32 rounded to the power of two next finer than the layer's step: values for every program, in a tenth more room
    /// than integers.
    Rounded,
    /// What was computed, bit by bit.
    Float32,
}

impl Storage {
    /// Bytes of a cell in an encoded block at most.
    #[must_use]
    pub fn most_bytes(self, compression: Compression) -> u64 {
        match (self, compression) {
            (Self::Integer, _) => 2,
            // The last byte of a rounded cell is zero, but of a quotient beyond 32: nothing is left of it.
            (Self::Rounded, Compression::Deflate | Compression::Zstd) => 3,
            (Self::Rounded, Compression::None) | (Self::Float32, _) => 4,
        }
    }
}

/// How the blocks of a map are compressed, each after the predictor of its cells' type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum Compression {
    /// As they are.
    None,
    /// Deflate (zlib): read by every program.
    Deflate,
    /// Zstandard: several times faster; read by GDAL 2.3 and later.
    #[default]
    Zstd,
}
