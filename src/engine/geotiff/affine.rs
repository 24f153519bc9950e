//! Where the cells of a file lie in its system: its scale and tie points, or its matrix.

use super::file::COPY_AGAIN;
use super::ifd::Directory;
use super::tags;
use crate::engine::Problem;

/// A turn or a shear that moves no cell by more than this part of a cell over the raster is a rounding.
const NO_TURN: f64 = 1e-3;

/// From columns and rows, counted from the outer corner of the first cell, to coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    /// x and y of the origin.
    pub(super) origin: (f64, f64),
    /// The way of one column.
    pub(super) column: (f64, f64),
    /// The way of one row.
    pub(super) row: (f64, f64),
}

/// How a raster lies that is not upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slant {
    Turned,
    SouthUp,
    Mirrored,
}

impl Slant {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Turned => "is rotated: its rows do not run from west to east",
            Self::SouthUp => "is south up: its first row is the southernmost",
            Self::Mirrored => "is mirrored: its first column is the easternmost",
        }
    }
}

/// What a file says about its place.
pub(super) enum Georeference {
    Affine(Affine),
    /// Control points alone: about where its middle lies, and about how large its cells are; not finite where they do not
    /// tell.
    Control {
        middle: (f64, f64),
        cell: f64,
    },
}

impl Georeference {
    /// `None` where a file says nothing.
    pub(super) fn of(directory: &Directory) -> Result<Option<Self>, Problem> {
        let scale = directory.doubles(tags::MODEL_PIXEL_SCALE)?;
        let tie = directory.doubles(tags::MODEL_TIEPOINT)?;
        let matrix = directory.doubles(tags::MODEL_TRANSFORMATION)?;
        let affine = match (scale.as_slice(), tie.as_slice(), matrix.as_slice()) {
            (&[sx, sy, ..], &[i, j, _, x, y, _, ..], _) if sx != 0.0 && sy != 0.0 => {
                Affine { origin: (x - i * sx, y + j * sy), column: (sx, 0.0), row: (0.0, -sy) }
            }
            (_, _, &[a, b, _, x, d, e, _, y, ..]) => Affine { origin: (x, y), column: (a, d), row: (b, e) },
            (_, [_, ..], _) => return Ok(Some(Self::control(&tie))),
            _ => return Ok(None),
        };
        let Affine { origin, column, row } = affine;
        let numbers = [origin.0, origin.1, column.0, column.1, row.0, row.1];
        let flat = column.0 * row.1 - column.1 * row.0 == 0.0;
        if flat || numbers.iter().any(|number| !number.is_finite()) {
            let what = "is damaged: its georeference is not made of finite numbers";
            return Err(directory.source.problem(what, COPY_AGAIN));
        }
        Ok(Some(Self::Affine(affine)))
    }

    /// From the first and the last of the points.
    fn control(tie: &[f64]) -> Self {
        let (points, _) = tie.as_chunks::<6>();
        let count = points.len() as f64;
        let mean = |axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / count;
        let span = |axis: usize| {
            let of =
                |fold: fn(f64, f64) -> f64, start| points.iter().map(|point| point[axis]).fold(start, fold);
            of(f64::max, f64::MIN) - of(f64::min, f64::MAX)
        };
        let cell = span(3).hypot(span(4)) / span(0).hypot(span(1));
        Self::Control { middle: (mean(3), mean(4)), cell }
    }
}

impl Affine {
    /// As it is where the numbers lead to the centres of the cells, brought to their corners.
    pub(super) fn of_points(self) -> Self {
        let Self { origin: (x, y), column, row } = self;
        let origin = (x - 0.5 * column.0 - 0.5 * row.0, y - 0.5 * column.1 - 0.5 * row.1);
        Self { origin, ..self }
    }

    /// The coordinates of the middle of a raster of this size.
    pub(super) fn middle(&self, width: usize, height: usize) -> (f64, f64) {
        let (columns, rows) = (width as f64 / 2.0, height as f64 / 2.0);
        let Self { origin: (x, y), column, row } = self;
        (x + columns * column.0 + rows * row.0, y + columns * column.1 + rows * row.1)
    }

    /// The length of a column's way.
    pub(super) fn cell(&self) -> f64 {
        self.column.0.hypot(self.column.1)
    }

    /// How a raster of this size lies; `None` when it is upright.
    pub(super) fn slant(&self, width: usize, height: usize) -> Option<Slant> {
        let moved = |by: f64, count: usize, cell: f64| by.abs() * count as f64 > NO_TURN * cell.abs();
        if moved(self.row.0, height, self.column.0) || moved(self.column.1, width, self.row.1) {
            return Some(Slant::Turned);
        }
        match (self.column.0 > 0.0, self.row.1 < 0.0) {
            (true, true) => None,
            (false, _) => Some(Slant::Mirrored),
            (true, false) => Some(Slant::SouthUp),
        }
    }
}
