//! Commands in cures: they name the file at hand and can be pasted into a shell as they are printed.
//!
//! A cure holds at most one command, between backticks. Its result lies beside the file, under a name of its own.

use std::path::Path;

use crate::shell_words::word;

/// A path as one word of a shell's command line; bare where the shell takes it as it is.
pub(super) fn quoted(path: &Path) -> String {
    word(path.as_os_str())
}

/// The name of a command's result, as one word of a shell's command line: that of the file with `addition`, as a GeoTIFF;
/// with a number where there is such a file.
pub(super) fn result(file: &Path, addition: &str) -> String {
    let stem = file.file_stem().map_or_else(|| "out".into(), |stem| stem.to_string_lossy());
    let named = |number: &str| file.with_file_name(format!("{stem}_{addition}{number}.tif"));
    let numbered = (2..100).map(|number| named(&format!("_{number}")));
    let free = std::iter::once(named("")).chain(numbered).find(|path| !path.exists());
    quoted(&free.unwrap_or_else(|| named("_new")))
}

/// A cure that ends in a command: writes the file anew, as another file beside it.
pub(super) fn anew(file: &Path, aim: &str, options: &str, addition: &str) -> String {
    let space = if options.is_empty() { "" } else { " " };
    format!("{aim}: `gdal_translate {options}{space}{} {}`", quoted(file), result(file, addition))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_one_word_of_a_shell() {
        for (path, word) in [
            ("/data/dem.tif", "/data/dem.tif"),
            ("Écrins/dem 25.tif", "'Écrins/dem 25.tif'"),
            ("it's.tif", r"'it'\''s.tif'"),
            ("a$b.tif", "'a$b.tif'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }

    #[test]
    fn results_lie_beside_the_file() {
        assert_eq!(result(Path::new("/data/dem.tif"), "utm32"), "/data/dem_utm32.tif");
        assert_eq!(result(Path::new("my tiles/n45.hgt"), "upright"), "'my tiles/n45_upright.tif'");
        assert_eq!(result(Path::new("dem"), "25m"), "dem_25m.tif");
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("dem_25m.tif"), "somebody's").unwrap();
        assert_eq!(result(&path("dem.tif"), "25m"), quoted(&path("dem_25m_2.tif")));
    }
}
