//! What the numbers in a file mean: which is no data, and the scale and offset that make a value of the others.

use super::ifd::Directory;
use super::tags;
use crate::engine::Problem;

/// What the numbers in a file mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Meaning {
    /// The number that is no value.
    pub(super) nodata: Option<f64>,
    /// The value of a number is `number * scale + offset`.
    pub(super) scale: f64,
    /// See `scale`.
    pub(super) offset: f64,
}

impl Meaning {
    /// As GDAL finds it: nodata in a tag of its own, scale and offset among the items of its metadata.
    pub(super) fn of(directory: &Directory) -> Result<Self, Problem> {
        let metadata = directory.text(tags::GDAL_METADATA)?.unwrap_or_default();
        let number = |role: &str| match item(&metadata, role).map(|text| (text, text.parse::<f64>())) {
            None => Ok(None),
            Some((_, Ok(number))) if number.is_finite() => Ok(Some(number)),
            Some((text, _)) => Err(directory.source.problem(
                format!("has the {role} {text:?} in its metadata, expected a number"),
                "correct it: gdal_edit.py -scale 1 -offset 0 FILE, with the file's own scale and offset",
            )),
        };
        let scale = number("scale")?.unwrap_or(1.0);
        if scale == 0.0 {
            return Err(directory.source.problem(
                "has the scale 0 in its metadata, which makes all values one",
                "correct it: gdal_edit.py -scale 1 FILE, with the file's own scale",
            ));
        }
        Ok(Self { nodata: nodata(directory)?, scale, offset: number("offset")?.unwrap_or(0.0) })
    }

    /// The cells are the numbers.
    #[expect(clippy::float_cmp, reason = "only these very numbers change nothing")]
    pub(super) fn is_plain(self) -> bool {
        self.scale == 1.0 && self.offset == 0.0
    }
}

fn nodata(directory: &Directory) -> Result<Option<f64>, Problem> {
    let Some(text) = directory.text(tags::GDAL_NODATA)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(value) => Ok(Some(value)),
        Err(_) if text.to_ascii_lowercase().contains("nan") => Ok(Some(f64::NAN)),
        Err(_) => Err(directory.source.problem(
            format!("has the nodata value {text:?}, expected a number"),
            "correct it: gdal_edit.py -a_nodata -9999 FILE, with the file's own value",
        )),
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
}
