//! Where the campaign file names a file.

use std::path::{Path, PathBuf};

use crate::campaign::spec::{self, Loaded, of_month};
use crate::engine::Problem;

/// A file, and the line of the campaign file that names it, in words.
pub(super) fn at(loaded: &Loaded, file: &Path) -> String {
    place(loaded, file)
        .map_or_else(|| file.display().to_string(), |line| format!("{line}: {}", file.display()))
}

/// A line of the campaign file, or the file where there is none.
pub(super) fn line_at(loaded: &Loaded, line: Option<usize>) -> String {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line}", loaded.file.display())
}

/// Where the campaign file names a file, or has the field whose value is at fault.
fn place(loaded: &Loaded, file: &Path) -> Option<String> {
    let name = file.to_str().unwrap_or_default();
    if !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
        let line = spec::line_of_field(&loaded.text, name).map(|line| format!(":{line}"));
        return Some(format!("{}{}", loaded.file.display(), line.unwrap_or_default()));
    }
    let (line, _) = written(&loaded.text, loaded.file.parent()?, file)?;
    Some(format!("{}:{line}", loaded.file.display()))
}

/// The line of the campaign file, from 1, in which `file` stands, as it is or by its `{month}`, and the absolute path as it
/// is written there.
fn written(text: &str, folder: &Path, file: &Path) -> Option<(usize, PathBuf)> {
    let names = |written: &str| {
        let written = std::path::absolute(folder.join(written)).unwrap_or_default();
        let fits = written == file || (1..=12).any(|month| of_month(&written, month) == file);
        fits.then_some(written)
    };
    let quoted = |line: &str| line.split('"').skip(1).step_by(2).find_map(names);
    text.lines()
        .enumerate()
        .find_map(|(i, line)| Some((i + 1, quoted(line.split("//").next().unwrap_or(line))?)))
}

/// The same problem of several months' files becomes one, of the pattern that names them.
pub(super) fn by_pattern(loaded: &Loaded, problems: Vec<Problem>) -> Vec<Problem> {
    let folder = loaded.file.parent().unwrap_or(Path::new("/"));
    let mut told: Vec<(Problem, Option<PathBuf>, Vec<u8>)> = Vec::new();
    for problem in problems {
        let pattern = written(&loaded.text, folder, &problem.file).map(|(_, pattern)| pattern);
        let pattern = pattern.filter(|pattern| *pattern != problem.file);
        let of = |pattern: &PathBuf| (1..=12).find(|month| of_month(pattern, *month) == problem.file);
        let month = pattern.as_ref().and_then(of);
        // A command is of one file.
        let same = told.iter_mut().find(|(other, of, _)| {
            pattern.is_some() && *of == pattern && other.what == problem.what && other.cure == problem.cure
        });
        match same {
            Some((_, _, months)) => months.extend(month),
            None => told.push((problem, pattern, month.into_iter().collect())),
        }
    }
    let one = |(problem, pattern, months): (Problem, Option<PathBuf>, Vec<u8>)| match pattern {
        Some(pattern) if months.len() > 1 => {
            Problem { file: pattern, what: format!("{} ({})", problem.what, of_months(&months)), ..problem }
        }
        _ => problem,
    };
    told.into_iter().map(one).collect()
}

/// Months in words.
fn of_months(months: &[u8]) -> String {
    let mut months = months.to_vec();
    months.sort_unstable();
    months.dedup();
    if let [first, _, .., last] = months[..]
        && usize::from(last - first) + 1 == months.len()
    {
        return format!("months {first:02} to {last:02}");
    }
    let names = months.iter().map(|month| format!("{month:02}")).collect::<Vec<_>>();
    format!("months {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_an_input_is_found_by_its_month_pattern() {
        let text = "(\n  // \"t_06.tif\" is not it\n  dem: \"dem.tif\",\n  file: \"t_{month}.tif\",\n)";
        let line = |file: &str| {
            let folder = Path::new("/somewhere");
            written(text, folder, &folder.join(file))
        };
        assert_eq!(line("dem.tif"), Some((3, "/somewhere/dem.tif".into())));
        assert_eq!(line("t_06.tif"), Some((4, "/somewhere/t_{month}.tif".into())));
        assert_eq!(line("other.tif"), None);
    }
}
