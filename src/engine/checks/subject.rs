//! What a message is about: a file, or a number of the campaign file; and the commands that cure a file.

use std::path::Path;

use super::super::geotiff::{Placement, Raster};
use super::super::{Problem, cure};
use super::voids::Cell;

/// A file with its numbers as they are stored, or a number of the campaign file.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Subject<'a> {
    path: &'a Path,
    file: Option<&'a Raster>,
}

/// Stands for no data in what a command makes: no height, no temperature and no share has it.
const NODATA: i32 = -9999;

/// Whole numbers beyond this are not told apart as float32.
const EXACT: f32 = 16_777_216.0;

impl<'a> Subject<'a> {
    /// A file.
    pub(in super::super) fn file(raster: &'a Raster) -> Self {
        Self { path: raster.path(), file: Some(raster) }
    }

    /// A field of the campaign file with a number in it.
    pub(in super::super) fn setting(name: &'a str) -> Self {
        Self { path: Path::new(name), file: None }
    }

    /// Where the file lies.
    pub(in super::super) fn placement(&self) -> Option<&'a Placement> {
        self.file.map(Raster::placement)
    }

    pub(in super::super) fn problem(&self, what: impl Into<String>, cure: impl Into<String>) -> Problem {
        Problem::new(self.path, what, cure)
    }

    /// A cell in words: where it is in the file, and on the map.
    pub(in super::super) fn place(&self, (column, row): Cell) -> String {
        let Some(placement) = self.placement() else { return format!("column {column}, row {row}") };
        let (x, y) = placement.centre(column as f64, row as f64);
        let digits = if placement.crs.is_geographic() { 4 } else { 1 };
        format!("column {column}, row {row} (x {x:.digits$}, y {y:.digits$})")
    }

    /// The cell's value as the file stores it, for a command; `None` where float32 cannot tell.
    fn stored(&self, value: f32) -> Option<String> {
        let Some((scale, offset)) = self.file?.scaling() else {
            return match value.abs() {
                n if n >= 1e10 || n > 0.0 && n < 1e-4 => Some(format!("{value:e}")),
                n if n >= EXACT => None,
                _ => Some(value.to_string()),
            };
        };
        let number = (f64::from(value) - offset) / scale;
        let whole = number.round();
        ((number - whole).abs() < 1e-3 && whole.abs() < f64::from(EXACT)).then(|| whole.to_string())
    }

    /// The command that declares a value as no data.
    pub(in super::super) fn declare(&self, value: f32) -> Option<String> {
        let file = self.file?;
        // What is declared already would become values.
        let stored = self.stored(value).filter(|_| file.nodata().is_none_or(f64::is_nan))?;
        let (from, to) = (cure::quoted(self.path), cure::result(self.path, "nodata"));
        Some(format!("`gdal_translate -q -a_nodata {stored} {from} {to}`"))
    }

    /// The command that makes all values outside a range no data.
    pub(in super::super) fn keep(&self, low: f32, high: f32) -> Option<String> {
        let value = self.value()?;
        let formula = format!("where(({value}>={low})&({value}<={high}),{value},{NODATA})");
        Some(self.calculate(&formula, "nodata"))
    }

    /// The command that makes one value no data, whatever is declared already.
    pub(in super::super) fn drop_value(&self, one: f32) -> Option<String> {
        let value = self.value()?;
        let formula = format!("where(abs({value}-{one})<0.001,{NODATA},{value})");
        Some(self.declare(one).unwrap_or_else(|| self.calculate(&formula, "nodata")))
    }

    /// The command that takes the values times a factor, as a GeoTIFF with `addition` in its name.
    pub(in super::super) fn times(&self, factor: &str, addition: &str) -> Option<String> {
        let value = self.value()?;
        Some(self.calculate(&format!("{value}*{factor}"), addition))
    }

    /// The command that makes what is beyond a range no data: by the one value that is, else by the range.
    pub(in super::super) fn without(&self, one: Option<f32>, low: f32, high: f32) -> Option<String> {
        one.and_then(|value| self.declare(value)).or_else(|| self.keep(low, high))
    }

    /// The values in `gdal_calc.py`, which knows nothing of scale and offset.
    fn value(&self) -> Option<String> {
        let scaling = self.file?.scaling();
        Some(scaling.map_or_else(|| "A".to_owned(), |(scale, offset)| format!("(A*{scale}+{offset})")))
    }

    fn calculate(&self, formula: &str, addition: &str) -> String {
        let (from, to) = (cure::quoted(self.path), cure::result(self.path, addition));
        format!(
            "`gdal_calc.py --quiet -A {from} --calc=\"{formula}\" --type=Float32 --NoDataValue={NODATA} --outfile={to}`"
        )
    }

    /// The command that fills holes from their rims.
    pub(in super::super) fn fill(&self) -> Option<String> {
        self.file?;
        let (from, to) = (cure::quoted(self.path), cure::result(self.path, "filled"));
        Some(format!("`gdal_fillnodata.py -q -of GTiff {from} {to}`"))
    }
}
