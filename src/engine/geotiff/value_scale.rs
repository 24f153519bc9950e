//! What the numbers in a file mean: which is no data, the scale and offset that make a value of the others, its unit.

use super::file::TiffFile;
use super::ifd::Directory;
use super::sample::SampleType;
use super::side::SideFile;
use super::tags;
use crate::engine::grid::Placement;
use crate::engine::{Problem, cure};

/// What the numbers in a file mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ValueScale {
    /// The number that is no value.
    pub(super) nodata: Option<f64>,
    /// The value of a number is `number * scale + offset`.
    pub(super) scale: f64,
    /// See `scale`.
    pub(super) offset: f64,
}

impl ValueScale {
    /// All that decides about values and places, wherever it was found, as bytes that stay the same from version to version.
    pub(super) fn told(&self, place: &Placement, unit: Option<&str>) -> Vec<u8> {
        let numbers = [place.west, place.north, place.cell_x, place.cell_y, self.scale, self.offset];
        let sizes = [u64::from(place.crs.epsg()), place.width as u64, place.height as u64];
        let nodata = self.nodata.map(f64::to_bits);
        let words = numbers.map(f64::to_bits).into_iter().chain(sizes).chain(nodata);
        words.flat_map(u64::to_le_bytes).chain(unit.unwrap_or_default().bytes()).collect()
    }

    /// As GDAL finds it: nodata in a tag of its own, but rather beside the file; scale and offset among the items of its
    /// metadata, or else beside the file.
    pub(super) fn of(directory: &Directory, side: &SideFile, sample: SampleType) -> Result<Self, Problem> {
        let source = directory.source;
        let metadata = directory.text(tags::GDAL_METADATA)?.unwrap_or_default();
        let inside = ["scale", "offset"].map(|role| item(&metadata, role));
        let beside = ["Scale", "Offset"].map(|name| side.of_band(name));
        let [scale, offset] = if inside.iter().any(Option::is_some) { inside } else { beside };
        let finite = |role: &str, text: Option<&str>, default: f64| match text
            .map(|text| (text, number(text)))
        {
            None => Ok(default),
            Some((_, Some(number))) if number.is_finite() => Ok(number),
            Some((text, _)) => Err(source.problem(
                format!("has the {role} {text:?} in its metadata, expected a number"),
                source.anew("correct it, here to no scale and no offset", "-a_scale 1 -a_offset 0", "scaled"),
            )),
        };
        let scale = finite("scale", scale, 1.0)?;
        let offset = finite("offset", offset, 0.0)?;
        if scale == 0.0 {
            return Err(source.problem(
                "has the scale 0 in its metadata, which makes all values one",
                source.anew(
                    "correct it, here to no scale",
                    &format!("-a_scale 1 -a_offset {offset}"),
                    "scaled",
                ),
            ));
        }
        let nodata = nodata(directory, side)?.map(|nodata| as_stored(nodata, sample));
        Ok(Self { nodata, scale, offset })
    }

    /// The cells are the numbers.
    #[expect(clippy::float_cmp, reason = "only these very numbers change nothing")]
    pub(super) fn is_plain(self) -> bool {
        self.scale == 1.0 && self.offset == 0.0
    }

    /// The same cells in a unit of which the present one has so many.
    pub(super) fn times(self, factor: f64) -> Self {
        Self { scale: self.scale * factor, offset: self.offset * factor, ..self }
    }
}

/// The unit of the band as its file names it; `None` where it names none.
pub(super) fn unit(directory: &Directory, side: &SideFile) -> Result<Option<String>, Problem> {
    let metadata = directory.text(tags::GDAL_METADATA)?.unwrap_or_default();
    let unit =
        item(&metadata, "unittype").filter(|unit| !unit.is_empty()).or_else(|| side.of_band("UnitType"));
    Ok(unit.map(str::to_owned))
}

/// A cure that ends in a command: corrects what the file says of itself, in its place.
pub(super) fn edit(source: &TiffFile, aim: &str, options: &str) -> String {
    format!("{aim}: `gdal_edit.py {options} {}`", cure::quoted(&source.path))
}

fn nodata(directory: &Directory, side: &SideFile) -> Result<Option<f64>, Problem> {
    let inside = directory.text(tags::GDAL_NODATA)?.filter(|text| !text.is_empty());
    let Some(text) = side.nodata().or(inside) else { return Ok(None) };
    number(&text).map(Some).ok_or_else(|| {
        directory.source.problem(
            format!("has the nodata value {text:?}, expected a number"),
            edit(directory.source, "correct it, here to none", "-unsetnodata"),
        )
    })
}

/// The cell that a nodata value stands for: in whole numbers the one without its fraction, as in the masks of GDAL. One
/// outside of what GDAL compares cells of the type as stands for none.
fn as_stored(nodata: f64, sample: SampleType) -> f64 {
    let compared = match sample {
        SampleType::U8 => 0.0..=f64::from(u8::MAX),
        SampleType::I8 => f64::from(i8::MIN)..=f64::from(i8::MAX),
        SampleType::U16 | SampleType::U32 => 0.0..=f64::from(u32::MAX),
        SampleType::I16 | SampleType::I32 => f64::from(i32::MIN)..=f64::from(i32::MAX),
        SampleType::U64 => 0.0..=u64::MAX as f64,
        SampleType::I64 => i64::MIN as f64..=i64::MAX as f64,
        SampleType::F16 | SampleType::F32 | SampleType::F64 => return nodata,
    };
    // Zero has one sign.
    if compared.contains(&nodata) { nodata.trunc() + 0.0 } else { nodata }
}

/// A number in the notations of programs that write nodata values; what follows a space is none of it.
fn number(text: &str) -> Option<f64> {
    let word = text.split_whitespace().next()?.to_ascii_lowercase();
    let (sign, size) = match word.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, word.as_str()),
    };
    match size {
        // As Microsoft's C library wrote them.
        "1.#inf" => Some(sign * f64::INFINITY),
        "1.#qnan" | "1.#snan" | "1.#ind" => Some(f64::NAN),
        _ if size.starts_with("nan") => Some(f64::NAN),
        _ => word.parse().ok(),
    }
}

/// The text of the band's item with this role in GDAL's metadata, `<Item … sample="0" role="scale">0.1</Item>`.
fn item<'m>(metadata: &'m str, role: &str) -> Option<&'m str> {
    let role = format!("role=\"{role}\"");
    metadata.split("<Item ").skip(1).find_map(|item| {
        let (attributes, rest) = item.split_once('>')?;
        let attributes = attributes.to_ascii_lowercase().replace('\'', "\"");
        let of_band = attributes.contains("sample=\"0\"") && attributes.contains(&role);
        of_band.then(|| rest.split('<').next().unwrap_or_default().trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_of_the_band_are_found_among_others() {
        let metadata = "<GDALMetadata>\n  <Item name=\"scale\">7</Item>\n  \
            <Item name=\"OFFSET\" sample=\"0\" role=\"offset\">-273.15</Item>\n  \
            <Item name='SCALE' sample='0' role='scale'> 1e-1 </Item>\n  \
            <Item name=\"SCALE\" sample=\"1\" role=\"scale\">3</Item>\n</GDALMetadata>\n";
        assert_eq!(item(metadata, "scale"), Some("1e-1"));
        assert_eq!(item(metadata, "offset"), Some("-273.15"));
        assert_eq!(item(metadata, "unittype"), None);
        assert_eq!(item("<Item sample=\"0\" role=\"scale\"", "scale"), None);
    }

    #[test]
    fn numbers_are_known_in_the_notations_of_other_programs() {
        for (text, value) in [
            ("-9999", -9999.0),
            (" -9999.0 ", -9999.0),
            ("-9999 m", -9999.0),
            ("-32768.", -32768.0),
            ("1e4", 1e4),
            ("-3.40282346638529e+38", -3.402_823_466_385_29e38),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("-1.#INF", f64::NEG_INFINITY),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["nan", "-nan", "NaN", "nan(ind)", "1.#QNAN", "-1.#IND", "1.#SNAN"] {
            assert!(number(text).is_some_and(f64::is_nan), "{text}");
        }
        for text in ["", "none", "NULL", "- 9999", "-9999,5", "0x10", "9999m"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
