//! The inputs of a campaign: everything that is wrong with them, each with the line of the campaign file that names it.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use super::failure::{self, Failure, warn};
use super::{commands, output, seen};
use crate::THIS_PROGRAM;
use crate::campaign::inputs::{self as recorded, CheckError};
use crate::campaign::plan;
use crate::campaign::spec::{self, Loaded, Profile, Spec, of_month};
use crate::checkpoint::{CampaignDir, Chain, fence};
use crate::engine::{CheckDepth, Engine, Examination, InputFinding, Problem, Severity};
use crate::job::request;
use crate::job::tiles::outputs;
use crate::ui::words;

/// Refuses chains of these months that a later program wrote to: nothing else is a cure, least of all to begin anew.
pub(super) fn known(loaded: &Loaded, months: &[u8]) -> Result<(), Failure> {
    let campaign = CampaignDir::new(&loaded.spec.output);
    for chain in loaded.spec.chains() {
        if chain.months.iter().any(|month| months.contains(month)) {
            fence::ensure_known(&campaign.chain(&chain.id))?;
        }
    }
    Ok(())
}

/// Refuses inputs that are not what the sealed tiles of these months' chains were computed from.
/// `cure` says what more can be done about it.
pub(super) fn unchanged(
    loaded: &Loaded,
    months: &[u8],
    cure: impl Fn(&Chain) -> String,
) -> Result<(), Failure> {
    let campaign = CampaignDir::new(&loaded.spec.output);
    if !campaign.state().is_dir() {
        // There is none yet; what is wrong with the place itself is told when it is looked at.
        return Ok(());
    }
    for chain in loaded.spec.chains() {
        let asked = chain.months.iter().any(|month| months.contains(month));
        let dir = campaign.chain(&chain.id);
        if asked && !recorded::is_complete(&dir, recorded::Inputs::first(&dir)?.after) {
            let depth = recorded::Depth::Look;
            let checked = recorded::check(&campaign, &chain, &loaded.spec, depth);
            checked.map_err(|e| match e {
                CheckError::File(e) => e.into(),
                CheckError::Changed(problem) => Failure::new(failure::FOREIGN, problem, cure(&chain)),
            })?;
        }
    }
    Ok(())
}

/// Verifies every input of these months and the output folder: what `check` has seen of files that are still the same holds,
/// of others samples are looked at.
pub(super) fn check(loaded: &Loaded, months: &[u8]) -> Result<Examination, Failure> {
    examine(loaded, months, CheckDepth::Remembered(&seen::of(&loaded.spec.output)))
}

/// As [`check`], and tells what is doubtful.
pub(super) fn check_and_warn(loaded: &Loaded, months: &[u8]) -> Result<(), Failure> {
    tell_doubts(loaded, &check(loaded, months)?);
    Ok(())
}

/// Verifies every input of these months, as closely as `look` says, and the output folder. What refuses the inputs is the
/// failure; with it the doubts have been told.
pub(super) fn examine(loaded: &Loaded, months: &[u8], look: CheckDepth<'_>) -> Result<Examination, Failure> {
    examine_then(loaded, months, look, |_| ())
}

/// As [`examine`]; `then` gets what was found, good or bad, before anything is told.
pub(super) fn examine_then(
    loaded: &Loaded,
    months: &[u8],
    look: CheckDepth<'_>,
    then: impl FnOnce(&Examination),
) -> Result<Examination, Failure> {
    let mut examination = match loaded.spec.command() {
        Some(_) => Examination::default(),
        None => Engine::examine(&request::request(&loaded.spec, months), look),
    };
    then(&examination);
    let others = match loaded.spec.command() {
        Some(command) => commands::problems(&loaded.spec, command, months),
        None => outputs::in_the_way(&CampaignDir::new(&loaded.spec.output), &loaded.spec, months),
    };
    examination.findings.extend(others.into_iter().map(InputFinding::from));
    let mut problems = by_pattern(loaded, examination.problems());
    let of_inputs = !problems.is_empty();
    problems.extend(output_problem(&loaded.spec));
    if problems.is_empty() {
        return Ok(examination);
    }
    tell_doubts(loaded, &examination);
    let failure = Failure::inputs(problems, |file| place(loaded, file));
    // What can be read and is unfit comes first.
    Err(if of_inputs { failure } else { failure.with_code(failure::OUTPUT) })
}

/// Tells what may be wrong, but for what the campaign file accepts.
pub(super) fn tell_doubts(loaded: &Loaded, examination: &Examination) {
    for label in loaded.spec.site_labels() {
        let known = Profile::all().iter().map(|site| site.name.as_str()).collect::<Vec<_>>().join(", ");
        let what = format!("`site`: nothing is known of \"{label}\": it changes nothing");
        let cure = format!("leave it out; known sites are {known}; a project is `site: \"project={label}\"`");
        let site = |line: &str| line.trim_start().starts_with("site:");
        let line =
            loaded.text.lines().position(site).map(|at| format!("{}:{}", loaded.file.display(), at + 1));
        output::warning(format!(
            "{}\n  {what}\n  → {cure}",
            line.unwrap_or_else(|| loaded.file.display().to_string())
        ));
    }
    if let Some(command) = loaded.spec.command() {
        commands::tell_doubts(loaded, command);
    }
    for finding in &examination.findings {
        let Severity::Doubtful(doubt) = finding.severity else { continue };
        if !loaded.spec.accept.contains(&doubt) {
            let silence = format!("if it is right, write in the campaign file: accept: [{doubt:?}]");
            warn(&finding.problem, place(loaded, &finding.problem.file), &silence);
        }
    }
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
fn by_pattern(loaded: &Loaded, problems: Vec<Problem>) -> Vec<Problem> {
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

/// Why the output folder cannot be made or written, if it cannot.
fn output_problem(spec: &Spec) -> Option<Problem> {
    let existing = nearest_existing(&spec.output)?;
    if !existing.is_dir() {
        let cure = "name a folder in `output`, or move this file away";
        return Some(Problem::new(&existing, "this is a file; maps go to a folder", cure));
    }
    let writable = nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK;
    let error = nix::unistd::access(&existing, writable).err()?;
    let what = format!("the output folder cannot be written: {}", error.desc());
    Some(Problem::new(&spec.output, what, "choose another `output`, or have its permissions changed"))
}

/// A warning when the disk of the output folder has less room than the maps take, with the parts they are made from.
pub(super) fn low_disk(spec: &Spec, engine: &Engine) -> Option<String> {
    let tiling = engine.tiling();
    let cells = u64::from(tiling.width) * u64::from(tiling.height);
    // Uncompressed at worst; parts and finished maps stand side by side for a moment.
    // The program is copied beside them, so that a rebuilt one never changes a running chain.
    let program = std::fs::metadata(THIS_PROGRAM).map_or(0, |m| m.len());
    let maps = engine.layers().len() as f64 * cells as f64 * plan::most_bytes_per_cell(spec);
    short_of(&spec.output, 2 * maps as u64 + program)
}

/// A warning when the disk of an output folder has less room than is needed, bytes.
pub(super) fn short_of(output: &Path, needed: u64) -> Option<String> {
    let status = statvfs(&nearest_existing(output)?).ok()?;
    let free = status.blocks_available() * status.fragment_size();
    (free < needed).then(|| {
        let (free, needed) = (words::bytes(free), words::bytes(needed));
        format!("warning: {}: {free} free, up to {needed} needed", output.display())
    })
}

/// The path itself or the nearest of its folders that exists.
fn nearest_existing(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|p| p.exists()).map(Path::to_path_buf)
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
