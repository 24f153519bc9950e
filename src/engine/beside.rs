//! Names of files that stand beside a raster.

use std::path::{Path, PathBuf};

/// The file beside another whose name has `addition` at its end.
pub(super) fn beside(path: &Path, addition: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(addition);
    name.into()
}

/// Where a side file of a raster lies, if it has one.
#[must_use]
pub fn side_file(path: &Path) -> PathBuf {
    beside(path, ".aux.xml")
}
