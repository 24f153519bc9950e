//! How the cells of a map are stored: their type, their steps and their compression.

use crate::engine::{Compression, Layer, Steps, Storage};

/// How the cells of a map are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coding {
    pub(super) cells: Cells,
    pub(super) compression: Compression,
}

/// What a cell is in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cells {
    /// The value itself; NaN = no data.
    Float32,
    /// The whole number of steps.
    Whole {
        steps: Steps,
        /// The number of steps is kept between these two: what the type holds of the layer's range.
        limits: (f32, f32),
    },
}

impl Coding {
    /// Of the map of a layer.
    #[must_use]
    pub fn of(layer: &Layer, storage: Storage, compression: Compression) -> Self {
        let cells = match (storage, layer.steps) {
            (Storage::Integer, Some(steps)) => Cells::Whole { steps, limits: limits(steps, layer.range) },
            (Storage::Float32, _) | (_, None) => Cells::Float32,
        };
        Self { cells, compression }
    }

    /// Bytes of a cell before compression.
    pub(super) fn cell_bytes(self) -> u64 {
        match self.cells {
            Cells::Float32 => 4,
            Cells::Whole { .. } => 2,
        }
    }

    /// The type's number in TIFF.
    pub(super) fn sample_format(self) -> u16 {
        match self.cells {
            Cells::Float32 => 3,
            Cells::Whole { steps, .. } => 1 + u16::from(steps.signed),
        }
    }

    /// The number that means no data, as GDAL writes it.
    pub(super) fn nodata(self) -> String {
        match self.cells {
            Cells::Float32 => "nan".to_owned(),
            Cells::Whole { steps, .. } => steps.nodata().to_string(),
        }
    }

    /// One step of the integers, in the layer's unit.
    pub(super) fn step(self) -> Option<f64> {
        match self.cells {
            Cells::Float32 => None,
            Cells::Whole { steps, .. } => Some(1.0 / f64::from(steps.per_unit)),
        }
    }

    /// The predictor's number in TIFF.
    pub(super) fn predictor(self) -> u16 {
        match (self.compression, self.cells) {
            (Compression::None, _) => 1,
            (_, Cells::Whole { .. }) => 2,
            (_, Cells::Float32) => 3,
        }
    }
}

/// A value at the edge of the range must not be rounded to one beyond it, which nobody would believe.
fn limits(steps: Steps, range: (f32, f32)) -> (f32, f32) {
    let (least, most) = steps.reach();
    let of = |value: f32| f64::from(value) * f64::from(steps.per_unit);
    (of(range.0).ceil().max(f64::from(least)) as f32, of(range.1).floor().min(f64::from(most)) as f32)
}
