//! Files that are no TIFF: what they are, by their first bytes, and how they become one.

use super::file::{COPY_AGAIN, TiffFile};
use crate::engine::{Problem, cure};

/// The first bytes of formats that land where a GeoTIFF is expected, and their names.
const FORMATS: [(&[u8], &str); 16] = [
    (b"GRIB", "a GRIB file"),
    (b"CDF\x01", "a NetCDF file"),
    (b"CDF\x02", "a NetCDF file"),
    (b"CDF\x05", "a NetCDF file"),
    (b"\x89HDF\r\n\x1a\n", "a NetCDF-4 or HDF5 file"),
    (b"\x0e\x03\x13\x01", "an HDF4 file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 file"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 file"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"EHFA_HEADER_TAG", "an Erdas Imagine file"),
    (b"<VRTDataset", "a virtual raster of GDAL"),
    (b"UHL1", "a DTED file"),
    (b"ncols", "an ASCII grid of ESRI"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
];

/// Refuses a file that is no TIFF.
pub(super) fn problem(source: &TiffFile) -> Problem {
    if source.length < 8 {
        let what = format!("is not a TIFF file: it has only {} bytes", source.length);
        return source.problem(what, COPY_AGAIN);
    }
    let head = source.read(0, source.length.min(512)).unwrap_or_default();
    let lower = head.to_ascii_lowercase();
    let named = FORMATS.iter().find(|(bytes, _)| head.starts_with(bytes) || lower.starts_with(bytes));
    let Some((first, name)) = named else {
        let what = if matches!(head.get(..2), Some(b"II" | b"MM")) {
            "is not a TIFF file: its header has neither the number of TIFF (42) nor of BigTIFF (43)"
        } else {
            "is not a TIFF file: it does not begin with II or MM"
        };
        return source.problem(what, source.anew("if GDAL knows its format, convert it", "", "geotiff"));
    };
    let file = cure::quoted(&source.path);
    let cure = match *first {
        b"PK\x03\x04" => format!("unpack it and give the raster inside: `unzip {file}`"),
        b"\x1f\x8b" => format!("unpack it and give the raster inside: `gzip -dk {file}`"),
        b"GRIB" => {
            source.anew("convert one of its fields (gdalinfo lists them), here the first", "-b 1", "field1")
        }
        [b'C', b'D', b'F', _] | b"\x89HDF\r\n\x1a\n" => format!(
            "{}; where it has several variables, gdalinfo lists them, and NETCDF:{file}:NAME names one of them",
            source.anew("convert one of its fields, here the first", "-b 1", "field1")
        ),
        _ => source.anew("convert it", "", "geotiff"),
    };
    source.problem(format!("is {name}, not a GeoTIFF"), cure)
}
