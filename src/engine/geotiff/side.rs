//! What GDAL and others keep beside a GeoTIFF: the file `.aux.xml` ("persistent auxiliary metadata"), and a mask.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use roxmltree::{Document, Error, Node, ParsingOptions};

use super::file::{self, Opener, TiffFile};
use crate::engine::beside::{beside, side_file};
use crate::engine::grid::Placement;
use crate::engine::{Problem, cure};

/// A side file beyond this size holds tables that have nothing to do with values.
const MOST_BYTES: u64 = 1 << 26;
/// As are those of more parts, which would take much memory.
const MOST_NODES: u32 = 1 << 22;
/// What a side file says of the meaning of a band's numbers, besides nodata.
const OF_BAND: [&str; 3] = ["Scale", "Offset", "UnitType"];
/// What it says of the place.
const OF_PLACE: [&str; 3] = ["GeoTransform", "SRS", "GCPList"];

/// What the file `.aux.xml` beside a raster says of its first band and its place; empty without one.
#[derive(Debug, Default)]
pub(super) struct SideFile {
    path: PathBuf,
    nodata: Option<String>,
    /// Texts of [`OF_BAND`].
    band: [Option<String>; 3],
    /// Texts of the first two of [`OF_PLACE`].
    transform: Option<String>,
    system: Option<String>,
    /// All of [`OF_PLACE`], as they stand in the file.
    place: [Option<String>; 3],
}

/// What a side file says of a raster's place and of the meaning of its numbers, as bytes; none where it says nothing of
/// these, as one with statistics.
///
/// # Errors
/// When it cannot be read.
pub fn said_beside(path: &Path) -> Result<Vec<u8>, Problem> {
    let side = SideFile::of(path, file::as_named)?;
    let (nodata, band, place) = (side.nodata(), &side.band, &side.place);
    let silent = nodata.is_none() && band.iter().chain(place).all(Option::is_none);
    Ok(if silent { Vec::new() } else { format!("{nodata:?} {band:?} {place:?}").into_bytes() })
}

impl SideFile {
    /// Reads that of a raster, as GDAL 3.6 does: a file that is cut does not count, and none that begins otherwise than with the
    /// element `PAMDataset`, be it with `<?xml …?>`.
    pub(super) fn of(raster: &Path, reach: Opener) -> Result<Self, Problem> {
        let path = side_file(raster);
        let mut bytes = Vec::new();
        let read = reach(&path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
        match read {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => {
                let what = format!("cannot be read: {e}; it may tell what the cells of the raster mean");
                return Err(Problem::new(&path, what, "make it readable (chmod, setfacl), or move it away"));
            }
            Ok(_) => {}
        }
        if bytes.len() as u64 > MOST_BYTES {
            let what =
                "has more than 64 MiB, which is not read; it may tell what the cells of the raster mean";
            return Err(Problem::new(
                &path,
                what,
                cure::anew(raster, "let GDAL put it into the file", "", "whole"),
            ));
        }
        Self::told(&path, &String::from_utf8_lossy(&bytes)).map_err(|error| {
            let what = format!(
                "is not well-formed XML ({error}), but GDAL may read it; it may tell what the cells of the raster mean"
            );
            let cure = cure::anew(raster, "let GDAL put what it reads into the file", "", "whole");
            Problem::new(&path, what, format!("{cure}, or move {} away", cure::quoted(&path)))
        })
    }

    /// What a text says. Errors are those that GDAL overlooks.
    fn told(path: &Path, text: &str) -> Result<Self, Error> {
        let mut side = Self { path: path.to_owned(), ..Self::default() };
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let open = "<PAMDataset";
        if !text.get(..open.len()).is_some_and(|start| start.eq_ignore_ascii_case(open)) {
            return Ok(side);
        }
        let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        let document = match Document::parse_with_options(text, options) {
            Ok(document) => document,
            Err(error) if gdal_stops_at(&error) => return Ok(side),
            Err(error) => return Err(error),
        };
        let root = document.root_element();
        if !is(root, "PAMDataset") {
            return Ok(side);
        }
        // GDAL reads band after band into the same place: all but nodata is set anew by each that has the number.
        for band in root.children().filter(|node| is(*node, "PAMRasterBand")) {
            if value(band, "band").is_some_and(|number| leading_number(number) == Some(1)) {
                side.band = OF_BAND.map(|name| said(band, name));
                side.nodata = nodata_of(band).or(side.nodata);
            }
        }
        side.transform = said(root, "GeoTransform");
        side.system = said(root, "SRS");
        side.place = OF_PLACE.map(|name| {
            let node = child(root, name)?;
            let inside = node.first_child()?.range().start..node.last_child()?.range().end;
            text.get(inside).map(str::to_owned)
        });
        Ok(side)
    }

    /// The number that is no value.
    pub(super) fn nodata(&self) -> Option<String> {
        self.nodata.clone()
    }

    /// The band's `Scale`, `Offset` or `UnitType`.
    pub(super) fn of_band(&self, name: &str) -> Option<&str> {
        OF_BAND.iter().position(|known| *known == name).and_then(|at| self.band[at].as_deref())
    }

    /// The `GeoTransform` and the `SRS`.
    pub(super) fn of_place(&self) -> [Option<&str>; 2] {
        [self.transform.as_deref(), self.system.as_deref()]
    }

    /// GDAL believes the side file where it and the GeoTIFF place the raster differently; we ask.
    pub(super) fn verify(&self, source: &TiffFile, placement: &Placement) -> Result<(), Problem> {
        let problem = |what: String| {
            let cure = source.anew("write the place into it that GDAL believes", "", "placed");
            let cure = format!("{cure}, or move {} away", cure::quoted(&self.path));
            Err(source.problem(what, cure))
        };
        let name = self.path.file_name().unwrap_or_default().display();
        if let Some(text) = &self.transform {
            let numbers: Option<Vec<f64>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
            let Placement { west, north, cell_x, cell_y, .. } = *placement;
            let (width, height) = (placement.width as f64, placement.height as f64);
            // No cell may move by more than a thousandth of a cell.
            let same = numbers.is_some_and(|n| match n.as_slice() {
                &[x, a, b, y, d, e] => {
                    let east = (x - west).abs() + (a - cell_x).abs() * width + b.abs() * height;
                    let south = (y - north).abs() + d.abs() * width + (e + cell_y).abs() * height;
                    east < 1e-3 * cell_x && south < 1e-3 * cell_y
                }
                _ => false,
            });
            if !same {
                return problem(format!("lies elsewhere by {name} beside it (GeoTransform {text})"));
            }
        }
        if let Some(srs) = &self.system
            && !names(srs, placement.crs.epsg())
        {
            let start: String = srs.chars().take(60).collect();
            return problem(format!(
                "is in EPSG:{}, but {name} beside it names another system, or one without a code ({start}…)",
                placement.crs.epsg()
            ));
        }
        let [.., control_points] = &self.place;
        if control_points.is_some() {
            return problem(format!("is placed by control points by {name} beside it"));
        }
        Ok(())
    }
}

/// Refuses a mask that lies beside the raster: cells that it hides would be taken for values.
pub(super) fn refuse_mask(source: &TiffFile) -> Result<(), Problem> {
    let masks = [".msk", ".MSK"].map(|addition| beside(&source.path, addition));
    match masks.iter().find(|mask| mask.exists()) {
        Some(mask) => {
            let name = mask.file_name().unwrap_or_default().display();
            Err(source.problem(
                format!("has a mask beside it ({name}) instead of a nodata value"),
                source.unmasked(),
            ))
        }
        None => Ok(()),
    }
}

/// Whether the last code of a system in WKT, which is that of the whole, is this one of EPSG.
fn names(wkt: &str, epsg: u32) -> bool {
    let wkt = wkt.to_ascii_uppercase();
    // ID["EPSG",3035] in WKT 2, AUTHORITY["EPSG","3035"] in WKT 1; vertical parts come after the horizontal one.
    let horizontal = wkt.split("VERT").next().unwrap_or_default();
    let codes = horizontal.split("\"EPSG\",").skip(1);
    let code = |rest: &str| {
        let digits = rest.trim_start().trim_start_matches('"');
        digits.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse::<u32>().ok())
    };
    codes.last().and_then(code) == Some(epsg) || wkt.trim() == format!("EPSG:{epsg}")
}

/// Whether GDAL's own parser stops there too, and passes over the file. It overlooks much else: a lone `&`, an attribute
/// without quotes, `<a></A>`, an element behind the last.
fn gdal_stops_at(error: &Error) -> bool {
    match error {
        Error::UnclosedRootNode | Error::UnexpectedEndOfStream | Error::NoRootNode => true,
        Error::UnexpectedCloseTag(expected, actual, _) => !expected.eq_ignore_ascii_case(actual),
        _ => false,
    }
}

/// Whether it is an element with this name; in any case, as GDAL takes names.
fn is(node: Node, name: &str) -> bool {
    node.is_element() && node.tag_name().name().eq_ignore_ascii_case(name)
}

/// The first element with this name right inside another.
fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| is(*child, name))
}

/// The text of an attribute or, as GDAL takes them for the same, of an element right inside, which has nothing but text.
fn value<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let attribute = node.attributes().find(|attribute| attribute.name().eq_ignore_ascii_case(name));
    let text = || child(node, name).filter(|child| child.children().count() == 1)?.text();
    attribute.map(|attribute| attribute.value()).or_else(text)
}

/// As [`value`], without spaces around; `None` when nothing is left.
fn said(node: Node, name: &str) -> Option<String> {
    value(node, name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn nodata_of(band: Node) -> Option<String> {
    let text = said(band, "NoDataValue")?;
    // The exact bits, little-endian, where the digits are too few.
    let exact = child(band, "NoDataValue").and_then(|node| value(node, "le_hex_equiv"));
    let bits = exact.and_then(|hex| u64::from_str_radix(hex, 16).ok());
    Some(bits.map_or(text, |bits| f64::from_bits(bits.swap_bytes()).to_string()))
}

/// The whole number that a text begins with, as C reads it.
fn leading_number(text: &str) -> Option<u32> {
    let text = text.trim_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok())
}

#[cfg(test)]
mod tests;
