//! What GDAL and others keep beside a GeoTIFF: the file `.aux.xml` ("persistent auxiliary metadata"), and a mask.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::ifd::Source;
use crate::engine::grid::Placement;
use crate::engine::{Problem, cure};

/// A side file beyond this size holds tables that have nothing to do with values.
const MOST_BYTES: u64 = 1 << 26;

/// What the file `.aux.xml` beside a raster says of its first band and its place; empty without one.
#[derive(Debug, Default)]
pub(super) struct Side {
    path: PathBuf,
    /// All but comments.
    whole: String,
    /// The part of the first band.
    band: String,
}

/// The file beside another whose name has `addition` at its end.
fn beside(path: &Path, addition: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(addition);
    name.into()
}

/// Where a side file of a raster lies, if it has one.
#[must_use]
pub fn side_file(path: &Path) -> PathBuf {
    beside(path, ".aux.xml")
}

/// What a side file says of a raster's place and of the meaning of its numbers, as bytes; none where it says nothing of
/// these, as one with statistics.
///
/// # Errors
/// When it, or the raster, cannot be read.
pub fn said_beside(path: &Path) -> Result<Vec<u8>, Problem> {
    let side = Side::of(&Source::open(path)?)?;
    let band = ["Scale", "Offset", "UnitType"].map(|name| side.of_band(name));
    let place = ["GeoTransform", "SRS", "GCPList"].map(|name| element(&side.whole, name, |_| true));
    let nodata = side.nodata();
    let silent = nodata.is_none() && band.iter().chain(&place).all(Option::is_none);
    Ok(if silent { Vec::new() } else { format!("{nodata:?} {band:?} {place:?}").into_bytes() })
}

impl Side {
    /// Reads it, as GDAL would. A file that is not whole XML does not count, there as here.
    pub(super) fn of(source: &Source) -> Result<Self, Problem> {
        let path = side_file(&source.path);
        let mut bytes = Vec::new();
        let read =
            std::fs::File::open(&path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
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
            return Err(Problem::new(&path, what, source.anew("let GDAL put it into the file", "", "whole")));
        }
        let text = without_comments(&String::from_utf8_lossy(&bytes));
        let whole = element(&text, "PAMDataset", |_| true).unwrap_or_default().to_owned();
        let first = |attributes: &str| attribute(attributes, "band").is_some_and(|band| band == "1");
        let band = element(&whole, "PAMRasterBand", first).unwrap_or_default().to_owned();
        Ok(Self { path, whole, band })
    }

    /// The number that is no value.
    pub(super) fn nodata(&self) -> Option<String> {
        let (attributes, text) = parts(&self.band, "NoDataValue", |_| true)?;
        // The exact bits, little-endian, where the digits are too few.
        let exact = attribute(attributes, "le_hex_equiv").and_then(|hex| u64::from_str_radix(hex, 16).ok());
        Some(
            exact
                .map_or_else(|| text.trim().to_owned(), |bits| f64::from_bits(bits.swap_bytes()).to_string()),
        )
    }

    /// The band's `Scale`, `Offset` or `UnitType`.
    pub(super) fn of_band(&self, name: &str) -> Option<&str> {
        element(&self.band, name, |_| true).map(str::trim).filter(|text| !text.is_empty())
    }

    /// GDAL believes the side file where it and the GeoTIFF place the raster differently; we ask.
    pub(super) fn verify(&self, source: &Source, placement: &Placement) -> Result<(), Problem> {
        let problem = |what: String| {
            let cure = source.anew("write the place into it that GDAL believes", "", "placed");
            let cure = format!("{cure}, or move {} away", cure::quoted(&self.path));
            Err(source.problem(what, cure))
        };
        let name = self.path.file_name().unwrap_or_default().display();
        if let Some(text) = element(&self.whole, "GeoTransform", |_| true) {
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
                return problem(format!("lies elsewhere by {name} beside it (GeoTransform {})", text.trim()));
            }
        }
        if let Some(srs) = element(&self.whole, "SRS", |_| true)
            && !names(srs, placement.crs.epsg())
        {
            let srs = srs.trim();
            let start: String = srs.chars().take(60).collect();
            return problem(format!(
                "is in EPSG:{}, but {name} beside it names another system, or one without a code ({start}…)",
                placement.crs.epsg()
            ));
        }
        if element(&self.whole, "GCPList", |_| true).is_some() {
            return problem(format!("is placed by control points by {name} beside it"));
        }
        Ok(())
    }
}

/// Refuses a mask that lies beside the raster: cells that it hides would be taken for values.
pub(super) fn refuse_mask(source: &Source) -> Result<(), Problem> {
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
    let wkt = wkt.replace("&quot;", "\"").to_ascii_uppercase();
    // ID["EPSG",3035] in WKT 2, AUTHORITY["EPSG","3035"] in WKT 1; vertical parts come after the horizontal one.
    let horizontal = wkt.split("VERT").next().unwrap_or_default();
    let codes = horizontal.split("\"EPSG\",").skip(1);
    let code = |rest: &str| {
        let digits = rest.trim_start().trim_start_matches('"');
        digits.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse::<u32>().ok())
    };
    codes.last().and_then(code) == Some(epsg) || wkt.trim() == format!("EPSG:{epsg}")
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("<!--");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(part.split_once("-->").map_or("", |(_, after)| after));
    }
    kept
}

/// The inside of the first element with this name and attributes that suit; names in any case, as GDAL takes them.
fn element<'t>(text: &'t str, name: &str, suits: impl Fn(&str) -> bool) -> Option<&'t str> {
    parts(text, name, suits).map(|(_, inside)| inside)
}

/// Attributes and inside of that element.
fn parts<'t>(text: &'t str, name: &str, suits: impl Fn(&str) -> bool) -> Option<(&'t str, &'t str)> {
    // Letters of ASCII keep their places.
    let lower = text.to_ascii_lowercase();
    let (open, close) =
        (format!("<{}", name.to_ascii_lowercase()), format!("</{}>", name.to_ascii_lowercase()));
    let mut from = 0;
    while let Some(at) = lower.get(from..).and_then(|rest| rest.find(&open)) {
        let start = from + at + open.len();
        from = start;
        let length = lower.get(start..)?.find('>')?;
        let attributes = text.get(start..start + length)?;
        let whole_name = attributes.is_empty() || attributes.starts_with(char::is_whitespace);
        if !whole_name || attributes.ends_with('/') || !suits(attributes) {
            continue;
        }
        let inside = start + length + 1;
        let end = inside + lower.get(inside..)?.find(&close)?;
        return Some((attributes, text.get(inside..end)?));
    }
    None
}

/// The value of an attribute.
fn attribute<'t>(attributes: &'t str, name: &str) -> Option<&'t str> {
    let lower = attributes.to_ascii_lowercase();
    let at = lower.find(&format!("{name}="))? + name.len() + 1;
    let rest = attributes.get(at..)?;
    let quote = rest.chars().next()?;
    rest.get(1..)?.split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_band_is_found_in_any_spelling() {
        let text = "<PAMDataset><!-- <NoDataValue>1</NoDataValue> --><PAMRasterBand band='2'><NoDataValue>2</NoDataValue>\
            </PAMRasterBand><pamrasterband Band=\"1\"><NoDataValue le_hex_equiv=\"000000000000F03F\">7</NoDataValue>\
            <Scale> 0.5 </Scale><Offset/></pamrasterband></PAMDataset>";
        let text = without_comments(text);
        let band = element(&text, "PAMRasterBand", |a| attribute(a, "band") == Some("1")).unwrap().to_owned();
        let side = Side { path: PathBuf::new(), whole: text, band };
        assert_eq!(side.nodata().unwrap(), "1");
        assert_eq!(side.of_band("Scale"), Some("0.5"));
        assert_eq!(side.of_band("Offset"), None);
        assert_eq!(element("<PAMDataset><A>", "PAMDataset", |_| true), None, "cut");
    }

    #[test]
    fn the_code_of_the_whole_system_is_the_last_of_its_horizontal_part() {
        let wkt = r#"COMPD_CS["a",PROJCS["b",GEOGCS["c",AUTHORITY["EPSG","4258"]],AUTHORITY["EPSG","3035"]],VERT_CS["d",AUTHORITY["EPSG","5730"]]]"#;
        assert!(names(wkt, 3035) && !names(wkt, 4258) && !names(wkt, 5730));
        assert!(names(r#"PROJCRS["b",BASEGEOGCRS["c",ID["EPSG",4258]],ID["EPSG",3035]]"#, 3035));
        assert!(names("EPSG:3035", 3035) && !names(r#"PROJCS["a"]"#, 3035));
    }
}
