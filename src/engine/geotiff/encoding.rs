//! How the cells of a map are stored: their type, their steps and their compression.

use super::sample::Predictor;
use crate::engine::{Compression, FixedSteps, Layer, Storage};

/// How the cells of a map are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encoding {
    pub(super) cells: CellType,
    pub(super) compression: Compression,
}

/// What a cell is in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum CellType {
    /// The value itself; NaN = no data.
    Float32,
    /// The value, rounded to a multiple of a power of two; NaN = no data.
    Rounded {
        /// Multiples of one unit: a power of two, so that the last bits of a cell are zero.
        per_unit: f32,
        /// The least and the largest multiple within the layer's range.
        limits: (f32, f32),
    },
    /// The whole number of steps.
    Whole {
        steps: FixedSteps,
        /// The number of steps is kept between these two: what the type holds of the layer's range.
        limits: (f32, f32),
    },
}

impl Encoding {
    /// Of the map of a layer.
    #[must_use]
    pub fn of(layer: &Layer, storage: Storage, compression: Compression) -> Self {
        let cells = match (storage, layer.steps) {
            (Storage::Integer, Some(steps)) => {
                let (least, most) = multiples(layer.range, f64::from(steps.per_unit));
                let (first, last) = steps.reach();
                let limits = (least.max(f64::from(first)) as f32, most.min(f64::from(last)) as f32);
                CellType::Whole { steps, limits }
            }
            (Storage::Rounded, Some(steps)) => {
                let per_unit = f64::from(steps.finer());
                let (least, most) = multiples(layer.range, per_unit);
                let limits = ((least / per_unit) as f32, (most / per_unit) as f32);
                CellType::Rounded { per_unit: per_unit as f32, limits }
            }
            (Storage::Float32, _) | (_, None) => CellType::Float32,
        };
        Self { cells, compression }
    }

    /// Bytes of a cell before compression.
    pub(super) fn cell_bytes(self) -> u64 {
        match self.cells {
            CellType::Float32 | CellType::Rounded { .. } => 4,
            CellType::Whole { .. } => 2,
        }
    }

    /// The type's number in TIFF.
    pub(super) fn sample_format(self) -> u16 {
        match self.cells {
            CellType::Float32 | CellType::Rounded { .. } => 3,
            CellType::Whole { steps, .. } => 1 + u16::from(steps.signed),
        }
    }

    /// The number that means no data, as GDAL writes it.
    pub(super) fn nodata(self) -> String {
        match self.cells {
            CellType::Float32 | CellType::Rounded { .. } => "nan".to_owned(),
            CellType::Whole { steps, .. } => steps.nodata().to_string(),
        }
    }

    /// One step of the integers, in the layer's unit.
    pub(super) fn step(self) -> Option<f64> {
        match self.cells {
            CellType::Float32 | CellType::Rounded { .. } => None,
            CellType::Whole { steps, .. } => Some(1.0 / f64::from(steps.per_unit)),
        }
    }

    /// What is done to the cells before compression.
    pub(super) fn predictor(self) -> Predictor {
        match (self.compression, self.cells) {
            (Compression::None, _) => Predictor::None,
            (_, CellType::Whole { .. }) => Predictor::Horizontal,
            (_, CellType::Float32 | CellType::Rounded { .. }) => Predictor::FloatingPoint,
        }
    }
}

/// The least and the largest multiple of a step within a range: a value at its edge must not be rounded to one beyond it,
/// which nobody would believe.
fn multiples(range: (f32, f32), per_unit: f64) -> (f64, f64) {
    ((f64::from(range.0) * per_unit).ceil(), (f64::from(range.1) * per_unit).floor())
}
